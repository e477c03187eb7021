//! The end of a plan: what was only kept for the version before goes, once the new one has proved itself.

use super::event::Happening;
use super::{Action, Events, Graph, Outcome, Progress};
use crate::error::Result;

/// Lets every resource that was updated take away what nothing needs any more.
pub async fn finish(graph: &Graph, outcome: &Outcome, events: &Events) -> Result<()> {
    for (id, action) in &outcome.changes {
        let (Action::Update(_), Some(live)) = (action, outcome.lives.any(*id)) else { continue };
        let progress = Progress::new(*id, events);
        if let Err(error) = graph.node(*id).finish(&outcome.lives, live, &progress).await {
            progress.tell(Happening::Failed(error.clone()));
            return Err(error);
        }
    }
    Ok(())
}
