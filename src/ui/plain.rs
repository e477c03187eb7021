//! One line an event, for pipes and CI.

use std::collections::HashMap;

use super::words::{doing, done, seconds};
use super::{View, to_stderr};
use crate::engine::{Event, Happening, Id, Label};

pub struct Plain {
    labels: Vec<Label>,
    verbose: bool,
    /// What was last noted of each, so that waiting is told once.
    noted: HashMap<Id, String>,
}

impl Plain {
    pub fn new(labels: Vec<Label>, verbose: bool) -> Self {
        Self { labels, verbose, noted: HashMap::new() }
    }

    fn line(&mut self, event: &Event) -> Option<String> {
        Some(match &event.happening {
            Happening::Reading | Happening::Read(_) => return None,
            Happening::Unchanged if !self.verbose => return None,
            Happening::Unchanged => "unchanged".to_owned(),
            Happening::Started(action) => doing(action).to_owned(),
            Happening::Note(note) => {
                if self.noted.insert(event.id, note.clone()).as_ref() == Some(note) {
                    return None;
                }
                note.clone()
            }
            Happening::Output(line) => return Some(line.clone()),
            Happening::Done { action, took } => format!("{} in {}", done(action), seconds(*took)),
            Happening::Failed(error) => format!("failed: {error}"),
            Happening::Skipped => "skipped: something it needs has failed".to_owned(),
            Happening::Cancelled => "not begun".to_owned(),
        })
    }
}

impl View for Plain {
    fn show(&mut self, event: Event) {
        let Some(line) = self.line(&event) else { return };
        match &event.happening {
            Happening::Output(_) => to_stderr(&line),
            _ => to_stderr(&format!("{}: {line}", self.labels[event.id.index()])),
        }
    }
}
