//! What the tests stand on: a local cloud of their own, a project, a stack, and clients of the tests' own.

mod artifact;
mod aws;
mod cloud;
mod deadline;
pub mod deployer;
mod fixture;
mod golden;
mod http;
mod moto;
mod outcome;
pub mod project;
mod python;
mod recorder;
mod stack;
mod terminal;

pub use artifact::Artifact;
pub use aws::Aws;
pub use cloud::Cloud;
pub use deadline::eventually;
pub use deployer::{Deployer, actions as actions_of, as_the_emulator_asks};
pub use fixture::{Behaviour, small_crate};
pub use golden::assert_golden;
pub use http::{Response, request, try_request};
pub use moto::Moto;
pub use outcome::Outcome;
pub use project::Project;
pub use python::python_with;
pub use recorder::{Recorder, is_read};
pub use stack::{Stack, actions, only};
pub use terminal::{CTRL_C, Terminal, on_a_terminal};
