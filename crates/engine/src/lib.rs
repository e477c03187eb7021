//! Reads what is there, plans what differs, carries the plan out. Knows nothing of AWS, of clap or of terminals.

mod calls;
pub mod error;
mod event;
mod execute;
mod finish;
mod graph;
mod phases;
mod plan;
mod resource;
mod rights;
pub mod span;
#[cfg(test)]
mod tests;

pub use calls::Calls;
pub use event::{Event, Events, Happening, Progress, alone, alone_as};
pub use execute::{Outcome, Stop, execute};
pub use finish::finish;
pub use graph::{Graph, Handle, Id, Inputs, Label};
pub use phases::Phases;
pub use plan::{Action, Ownership, Plan, Reading, Step, drift, plan_teardown, plan_up, read};
pub use resource::{Difference, Holding, Node, Resource};
pub use rights::{Arn, Limit};
