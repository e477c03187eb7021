//! What the tests stand on: a local cloud of their own, a project, an HTTP client.

mod cloud;
mod http;
mod outcome;
mod project;

pub use cloud::Cloud;
pub use http::request;
use outcome::Outcome;
pub use project::Project;
