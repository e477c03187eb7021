//! One line an event, for pipes and CI.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::words::{doing, done, seconds, unchanged};
use super::{View, on_one_line, to_stderr};
use engine::{Event, Happening, Id, Label};

/// Between the first two notes of one resource; each pause after that is twice as long, so that the log of a long build
/// stays short.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

pub struct Plain {
    labels: Vec<Label>,
    verbose: bool,
    /// When each may note something again, and how long it then pauses: a compiler notes more than anybody reads.
    pauses: HashMap<Id, (Instant, Duration)>,
}

impl Plain {
    pub fn new(labels: Vec<Label>, verbose: bool) -> Self {
        Self { labels, verbose, pauses: HashMap::new() }
    }

    fn line(&mut self, event: &Event) -> Option<String> {
        let kind = &self.labels[event.id.index()].kind;
        Some(match &event.happening {
            Happening::Reading | Happening::Read(_) => return None,
            Happening::Unchanged if !self.verbose => return None,
            Happening::Unchanged => unchanged(kind).to_owned(),
            Happening::Started(action) => doing(kind, action).to_owned(),
            Happening::Note(note) => {
                let now = Instant::now();
                let (next, pause) =
                    self.pauses.get(&event.id).copied().unwrap_or((now, FIRST_PAUSE));
                if now < next {
                    return None;
                }
                self.pauses.insert(event.id, (now + pause, (pause * 2).min(LONGEST_PAUSE)));
                on_one_line(note).into_owned()
            }
            Happening::Output(line) => return Some(line.clone()),
            Happening::Done { action, took } => {
                format!("{} in {}", done(kind, action), seconds(*took))
            }
            Happening::Failed(error) => format!("failed: {}", on_one_line(&error.to_string())),
            Happening::Skipped => "skipped: something it needs has failed".to_owned(),
            Happening::Cancelled => "not started".to_owned(),
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
