//! What happens to a resource, told to whoever watches.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::{Action, Id};
use crate::error::{Error, Result};

/// One thing that happened to one resource.
#[derive(Debug, Clone)]
pub struct Event {
    pub id: Id,
    pub happening: Happening,
}

#[derive(Debug, Clone)]
pub enum Happening {
    /// The resource is being looked up.
    Reading,
    /// It was looked up; `true` when it is there.
    Read(bool),
    /// The step has begun.
    Started(Action),
    /// What it is waiting for, or doing, right now.
    Note(String),
    /// A line of somebody else's output, such as the compiler's, to be shown as it is.
    Output(String),
    /// The step has ended well.
    Done { action: Action, took: Duration },
    /// Nothing had to be done.
    Unchanged,
    /// The step has failed.
    Failed(Error),
    /// Something this needs has failed, so it was not begun.
    Skipped,
    /// The user stopped the run before this began.
    Cancelled,
}

/// The way for one resource to tell what it is doing. Cheap to clone; nobody listening is fine.
#[derive(Debug, Clone)]
pub struct Progress {
    id: Id,
    events: Option<UnboundedSender<Event>>,
    since: Instant,
}

impl Progress {
    pub fn new(id: Id, events: &UnboundedSender<Event>) -> Self {
        Self { id, events: Some(events.clone()), since: Instant::now() }
    }

    /// Nobody watches.
    #[cfg(test)]
    pub fn silent() -> Self {
        Self { id: Id::default(), events: None, since: Instant::now() }
    }

    /// Says what is being done or waited for: "waiting until the table is active".
    pub fn note(&self, text: impl Into<String>) {
        self.tell(Happening::Note(text.into()));
    }

    /// Passes on a line of somebody else's output.
    pub fn output(&self, line: impl Into<String>) {
        self.tell(Happening::Output(line.into()));
    }

    pub(super) fn tell(&self, happening: Happening) {
        if let Some(events) = &self.events {
            // A view that has gone away must not stop the work.
            let _ = events.send(Event { id: self.id, happening });
        }
    }

    pub(super) fn took(&self) -> Duration {
        self.since.elapsed()
    }
}

/// Shows work that is no step of a plan, such as starting the local cloud, on a line of its own.
pub async fn alone<T>(progress: &Progress, work: impl Future<Output = Result<T>>) -> Result<T> {
    progress.tell(Happening::Started(Action::Recheck));
    let ended = work.await;
    progress.tell(match &ended {
        Ok(_) => Happening::Done { action: Action::Recheck, took: progress.took() },
        Err(error) => Happening::Failed(error.clone()),
    });
    ended
}
