//! Which lines were shown already: a search overlaps the one before it, and a live tail tells the same lines again.

use std::collections::HashMap;

use super::Entry;

/// How a line came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Search,
    Tail,
}

/// Remembers lines, so that none is shown twice and equal ones are all shown.
#[derive(Debug, Default)]
pub struct Seen {
    /// The ids of a search, with their times.
    ids: HashMap<String, i64>,
    lines: HashMap<(i64, String, String), Count>,
}

/// How often each source told a line: the one that told it more often is right.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    search: u32,
    tail: u32,
}

impl Seen {
    /// Whether `entry` was not shown yet; from now on it was.
    pub fn is_new(&mut self, source: Source, entry: &Entry) -> bool {
        if let Some(id) = &entry.id
            && self.ids.insert(id.clone(), entry.time).is_some()
        {
            return false;
        }
        let key = (entry.time, entry.stream.clone(), entry.message.clone());
        let count = self.lines.entry(key).or_default();
        let shown = count.search.max(count.tail);
        let told = match source {
            Source::Search => &mut count.search,
            Source::Tail => &mut count.tail,
        };
        *told += 1;
        *told > shown
    }

    /// Forgets what is so old that nobody tells it again.
    pub fn forget_before(&mut self, time: i64) {
        self.ids.retain(|_, known| *known >= time);
        self.lines.retain(|(known, _, _), _| *known >= time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: Option<&str>, time: i64, message: &str) -> Entry {
        Entry { id: id.map(str::to_owned), time, stream: "one".into(), message: message.into() }
    }

    #[test]
    fn a_search_that_overlaps_shows_nothing_twice() {
        let mut seen = Seen::default();
        assert!(seen.is_new(Source::Search, &entry(Some("a"), 1, "x")));
        assert!(!seen.is_new(Source::Search, &entry(Some("a"), 1, "x")));
    }

    #[test]
    fn equal_lines_of_one_millisecond_are_all_shown() {
        let mut seen = Seen::default();
        assert!(seen.is_new(Source::Search, &entry(Some("a"), 1, "x")));
        assert!(seen.is_new(Source::Search, &entry(Some("b"), 1, "x")));
        assert!(seen.is_new(Source::Tail, &entry(None, 2, "y")));
        assert!(seen.is_new(Source::Tail, &entry(None, 2, "y")));
    }

    #[test]
    fn what_one_source_told_the_other_does_not_repeat() {
        let mut seen = Seen::default();
        assert!(seen.is_new(Source::Tail, &entry(None, 1, "x")));
        assert!(!seen.is_new(Source::Search, &entry(Some("a"), 1, "x")));
        assert!(seen.is_new(Source::Search, &entry(Some("b"), 1, "x")), "the tail lost this one");
        assert!(!seen.is_new(Source::Tail, &entry(None, 1, "x")), "the tail tells it late");
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut seen = Seen::default();
        seen.is_new(Source::Search, &entry(Some("a"), 1, "x"));
        seen.is_new(Source::Search, &entry(Some("b"), 5, "x"));
        seen.forget_before(5);
        assert_eq!((seen.ids.len(), seen.lines.len()), (1, 1));
    }
}
