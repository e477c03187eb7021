//! What starts a function besides requests: the events that Lambda hands to it, and what its answer to a batch means.

mod answer;
mod event;
mod item;

pub use answer::Batch;
pub use event::{Change, Maker, schedule_input};
