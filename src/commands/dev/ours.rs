//! The requests that a proof makes are no news: in the log they are told from those of others by when they were made.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::logs::{Line, Weight};

/// When we asked: from and to, in milliseconds after 1970; the last one may still be open.
#[derive(Debug, Default)]
pub struct Ours(RefCell<Vec<(i64, Option<i64>)>>);

/// We are asking, until this is dropped.
pub struct Asking<'a>(&'a Ours);

/// Lines come in within seconds, so older times need not be remembered.
const REMEMBERED: usize = 8;

impl Ours {
    pub fn begin(&self) -> Asking<'_> {
        let mut times = self.0.borrow_mut();
        let old = times.len().saturating_sub(REMEMBERED);
        times.drain(..old);
        times.push((now(), None));
        Asking(self)
    }

    /// Whether a line is about a request of ours. What went wrong is told whoever asked.
    pub fn has(&self, line: &Line) -> bool {
        let asked = |(from, to): &(i64, Option<i64>)| {
            *from <= line.time && to.is_none_or(|to| line.time <= to)
        };
        line.request.is_some() && line.weight != Weight::Error && self.0.borrow().iter().any(asked)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if let Some((_, to)) = self.0.0.borrow_mut().last_mut() {
            *to = Some(now());
        }
    }
}

/// Milliseconds after 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(time: i64, request: Option<&str>, weight: Weight) -> Line {
        Line { time, request: request.map(Into::into), weight, text: String::new() }
    }

    #[test]
    fn only_what_went_well_while_we_asked_is_ours() {
        let ours = Ours::default();
        assert!(!ours.has(&line(now(), Some("r"), Weight::Normal)));
        let asking = ours.begin();
        assert!(ours.has(&line(now(), Some("r"), Weight::Quiet)));
        assert!(!ours.has(&line(now(), Some("r"), Weight::Error)));
        assert!(!ours.has(&line(now(), None, Weight::Normal)), "said before any request");
        let later = now() + 60_000;
        assert!(ours.has(&line(later, Some("r"), Weight::Normal)), "we still ask");
        drop(asking);
        assert!(!ours.has(&line(later, Some("r"), Weight::Normal)));
    }
}
