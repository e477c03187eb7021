//! The function's log, as people read it. Pure: where the lines come from is the business of `resources`.

mod fold;
mod record;
mod seen;
mod since;
mod time;

#[cfg(test)]
pub use fold::ALARMS;
pub use fold::{Line, Reader, Weight};
pub use seen::{Seen, Source};
pub use since::since;
pub use time::{clock, day, rfc3339};

/// One line of the log as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Milliseconds after 1970.
    pub time: i64,
    /// One execution environment writes to one stream.
    pub stream: String,
    pub message: String,
}

/// The lines of a log tail that came as one text, such as the one of an invocation.
pub fn entries(tail: &str) -> Vec<Entry> {
    let lines = tail.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| Entry { message: line.to_owned(), ..Entry::default() }).collect()
}
