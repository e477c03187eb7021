//! One line an event, for pipes and CI.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::words::{doing, done, seconds, unchanged};
use super::{View, on_one_line, to_stderr};
use engine::{Event, Happening, Id, Label};

/// Between two notes of one resource.
const NOTES_APART: Duration = Duration::from_secs(5);

pub struct Plain {
    labels: Vec<Label>,
    verbose: bool,
    /// When something was last noted of each: a compiler notes more than anybody reads.
    noted: HashMap<Id, Instant>,
}

impl Plain {
    pub fn new(labels: Vec<Label>, verbose: bool) -> Self {
        Self { labels, verbose, noted: HashMap::new() }
    }

    fn line(&mut self, event: &Event) -> Option<String> {
        let kind = &self.labels[event.id.index()].kind;
        Some(match &event.happening {
            Happening::Reading | Happening::Read(_) => return None,
            Happening::Unchanged if !self.verbose => return None,
            Happening::Unchanged => unchanged(kind).to_owned(),
            Happening::Started(action) => doing(kind, action).to_owned(),
            Happening::Note(note) => {
                if self.noted.get(&event.id).is_some_and(|last| last.elapsed() < NOTES_APART) {
                    return None;
                }
                self.noted.insert(event.id, Instant::now());
                on_one_line(note).into_owned()
            }
            Happening::Output(line) => return Some(line.clone()),
            Happening::Done { action, took } => {
                format!("{} in {}", done(kind, action), seconds(*took))
            }
            Happening::Failed(error) => format!("failed: {}", on_one_line(&error.to_string())),
            Happening::Skipped => "skipped: something it needs has failed".to_owned(),
            Happening::Cancelled => "not begun".to_owned(),
        })
    }
}

impl View for Plain {
    fn show(&mut self, event: Event) {
        let Some(line) = self.line(&event) else {
            return;
        };
        match &event.happening {
            Happening::Output(_) => to_stderr(&line),
            _ => to_stderr(&format!("{}: {line}", self.labels[event.id.index()])),
        }
    }
}
