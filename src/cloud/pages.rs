//! A list that comes in pages: one that does not end, or goes round in a circle, is an error.

use std::collections::HashSet;

use engine::error::{Error, Result};

/// More than any list has that we read: an account has at most some thousands of anything.
const MOST: usize = 10_000;

/// Where a list has been read to.
#[derive(Debug, Default)]
pub struct Pages {
    token: Option<String>,
    seen: HashSet<String>,
}

impl Pages {
    /// What the next call is made with.
    pub fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Whether there is one more page, by the token that came with the last one.
    pub fn turn(&mut self, next: Option<String>) -> Result<bool> {
        let Some(next) = next.filter(|token| !token.is_empty()) else {
            return Ok(false);
        };
        if self.seen.len() >= MOST || !self.seen.insert(next.clone()) {
            return Err(endless(self.seen.len()));
        }
        self.token = Some(next);
        Ok(true)
    }

    /// The same for the lists of IAM, which say twice that there is more.
    pub fn turn_if(&mut self, is_truncated: bool, marker: Option<String>) -> Result<bool> {
        match (is_truncated, marker) {
            (false, _) => Ok(false),
            (true, Some(marker)) => self.turn(Some(marker)),
            (true, None) => Err(endless(self.seen.len())),
        }
    }
}

fn endless(pages: usize) -> Error {
    Error::failed("read a list of AWS")
        .cause(format!("after {pages} pages it comes to no end, or begins again"))
        .hint("check that the endpoint is AWS's, or the local cloud's")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_with_its_last_page() {
        let mut pages = Pages::default();
        assert_eq!(pages.token(), None);
        assert_eq!(pages.turn(Some("a".into())), Ok(true));
        assert_eq!(pages.token(), Some("a".into()));
        assert_eq!(pages.turn(Some("b".into())), Ok(true));
        assert_eq!(pages.turn(None), Ok(false));
        assert_eq!(Pages::default().turn(Some(String::new())), Ok(false));
        assert_eq!(Pages::default().turn_if(false, Some("a".into())), Ok(false));
    }

    #[test]
    fn a_list_that_repeats_a_page_is_an_error() {
        let mut pages = Pages::default();
        for token in ["a", "b"] {
            assert_eq!(pages.turn_if(true, Some(token.into())), Ok(true));
        }
        for token in ["a", "b"] {
            assert!(pages.turn(Some(token.into())).is_err());
        }
        assert!(Pages::default().turn_if(true, None).is_err());
    }

    #[test]
    fn a_list_that_does_not_end_is_an_error() {
        let mut pages = Pages::default();
        let ended = (0..=MOST).find_map(|page| pages.turn(Some(page.to_string())).err());
        assert_eq!(ended.map(|error| error.kind.exit_code()), Some(1));
    }
}
