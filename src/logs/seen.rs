//! Which lines were shown already: a search overlaps the one before it, and a live tail tells the same lines again.

use std::collections::HashMap;

use super::Entry;

/// How a line came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Search,
    Tail,
}

/// Remembers lines, so that none is shown twice and equal ones are all shown. Not by their ids: a live tail gives
/// none. A search tells every line of its span once, so equal lines are counted: those above the count are new.
#[derive(Debug, Default)]
pub struct Seen {
    lines: HashMap<(i64, String, String), Count>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    shown: u32,
    /// By the search that is going on.
    searched: u32,
    /// By the live tail, ever.
    told: u32,
}

impl Seen {
    /// Another search begins, and tells again what is in its span.
    pub fn begin_search(&mut self) {
        self.lines.values_mut().for_each(|count| count.searched = 0);
    }

    /// Whether `entry` was not shown yet; from now on it was.
    pub fn is_new(&mut self, source: Source, entry: &Entry) -> bool {
        let key = (entry.time, entry.stream.clone(), entry.message.clone());
        let count = self.lines.entry(key).or_default();
        let times = match source {
            Source::Search => &mut count.searched,
            Source::Tail => &mut count.told,
        };
        *times += 1;
        let new = *times > count.shown;
        count.shown += u32::from(new);
        new
    }

    /// Forgets what is so old that nobody tells it again.
    pub fn forget_before(&mut self, time: i64) {
        self.lines.retain(|(known, _, _), _| *known >= time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(time: i64, message: &str) -> Entry {
        Entry { time, stream: "one".into(), message: message.into() }
    }

    #[test]
    fn a_search_that_overlaps_shows_nothing_twice() {
        let mut seen = Seen::default();
        seen.begin_search();
        assert!(seen.is_new(Source::Search, &entry(1, "x")));
        seen.begin_search();
        assert!(!seen.is_new(Source::Search, &entry(1, "x")));
        assert!(seen.is_new(Source::Search, &entry(1, "y")));
    }

    #[test]
    fn equal_lines_of_one_millisecond_are_all_shown() {
        let mut seen = Seen::default();
        seen.begin_search();
        assert!(seen.is_new(Source::Search, &entry(1, "x")));
        assert!(seen.is_new(Source::Search, &entry(1, "x")));
        assert!(seen.is_new(Source::Tail, &entry(2, "y")));
        assert!(seen.is_new(Source::Tail, &entry(2, "y")));
        seen.begin_search();
        assert!(!seen.is_new(Source::Search, &entry(1, "x")));
        assert!(!seen.is_new(Source::Search, &entry(1, "x")));
        assert!(seen.is_new(Source::Search, &entry(1, "x")), "a third one came late");
    }

    #[test]
    fn what_one_source_told_the_other_does_not_repeat() {
        let mut seen = Seen::default();
        assert!(seen.is_new(Source::Tail, &entry(1, "x")));
        seen.begin_search();
        assert!(!seen.is_new(Source::Search, &entry(1, "x")));
        assert!(seen.is_new(Source::Search, &entry(1, "x")), "the tail lost this one");
        assert!(!seen.is_new(Source::Tail, &entry(1, "x")), "the tail tells it late");
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut seen = Seen::default();
        seen.is_new(Source::Search, &entry(1, "x"));
        seen.is_new(Source::Search, &entry(5, "x"));
        seen.forget_before(5);
        assert_eq!(seen.lines.len(), 1);
    }
}
