//! What happens to a resource, told to whoever watches.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
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

/// The way for a run to tell what happens, and how long it may wait meanwhile. Nobody listening is fine.
#[derive(Debug, Clone, Default)]
pub struct Events {
    sender: Option<UnboundedSender<Event>>,
    /// The most that any one thing is waited for.
    limit: Option<Duration>,
}

impl Events {
    /// The way, and its other end.
    pub fn new(limit: Option<Duration>) -> (Self, UnboundedReceiver<Event>) {
        let (sender, heard) = unbounded_channel();
        (Self { sender: Some(sender), limit }, heard)
    }

    /// The same run, heard by another.
    pub fn through_another(&self) -> (Self, UnboundedReceiver<Event>) {
        Self::new(self.limit)
    }

    /// The same run, where nobody listens.
    #[must_use]
    pub fn unheard(&self) -> Self {
        Self { sender: None, limit: self.limit }
    }

    /// Tells of it. A view that has gone away must not stop the work.
    pub fn pass(&self, event: Event) {
        if let Some(sender) = &self.sender {
            let _ = sender.send(event);
        }
    }
}

/// The way for one resource to tell what it is doing. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Progress {
    id: Id,
    events: Events,
    since: Instant,
}

impl Progress {
    pub fn new(id: Id, events: &Events) -> Self {
        Self { id, events: events.clone(), since: Instant::now() }
    }

    /// Nobody watches.
    pub fn silent() -> Self {
        Self::new(Id::default(), &Events::default())
    }

    /// How long to wait for something that has `budget`.
    pub fn patience(&self, budget: Duration) -> Duration {
        self.events.limit.map_or(budget, |limit| limit.min(budget))
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
        self.events.pass(Event { id: self.id, happening });
    }

    pub(super) fn took(&self) -> Duration {
        self.since.elapsed()
    }
}

/// Shows work that is no step of a plan, such as starting the local cloud, on a line of its own.
pub async fn alone<T>(progress: &Progress, work: impl Future<Output = Result<T>>) -> Result<T> {
    alone_as(Action::Recheck, progress, work).await
}

/// The same, of work that has a name.
pub async fn alone_as<T>(
    action: Action,
    progress: &Progress,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    progress.tell(Happening::Started(action.clone()));
    let ended = work.await;
    progress.tell(match &ended {
        Ok(_) => Happening::Done { action, took: progress.took() },
        Err(error) => Happening::Failed(error.clone()),
    });
    ended
}
