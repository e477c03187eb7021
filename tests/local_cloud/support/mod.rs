//! What the tests stand on: a local cloud of their own, a project, a stack, and clients of the tests' own.

mod artifact;
mod aws;
mod cloud;
mod deadline;
mod http;
mod outcome;
mod project;
mod stack;

pub use artifact::Artifact;
pub use aws::Aws;
pub use cloud::Cloud;
pub use deadline::eventually;
pub use http::{Response, request};
pub use outcome::Outcome;
pub use project::Project;
pub use stack::{Stack, actions, only};
