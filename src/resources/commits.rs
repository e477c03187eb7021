//! Which commit each of the newest versions was built from, as a line of text in the alias's description.

use std::fmt;

/// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html>
const LONGEST: usize = 256;

/// Versions with their commits, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commits(Vec<(String, String)>);

impl Commits {
    /// Reads what `to_string` wrote; any other text says nothing.
    pub fn parse(text: &str) -> Self {
        let pairs = text.strip_prefix("commits ").unwrap_or_default().split(' ');
        let pairs = pairs.filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(version, commit)| (version.to_owned(), commit.to_owned())).collect())
    }

    /// The same with one more version; one whose commit is unknown is not in it.
    #[must_use]
    pub fn with(mut self, version: &str, commit: Option<&str>) -> Self {
        self.0.retain(|(known, _)| known != version);
        if let Some(commit) = commit {
            self.0.insert(0, (version.to_owned(), commit.to_owned()));
        }
        self
    }

    /// The commit of a version, with a `+` when it had changes on top.
    pub fn of(&self, version: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == version);
        found.map(|(_, commit)| commit.as_str())
    }
}

impl fmt::Display for Commits {
    /// As many as a description takes.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut text = "commits".to_owned();
        for (version, commit) in &self.0 {
            let pair = format!(" {version}={commit}");
            if text.len() + pair.len() > LONGEST {
                break;
            }
            text += &pair;
        }
        out.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let commits = Commits::default().with("1", Some("ab12cd3")).with("2", Some("ff00ff0+"));
        assert_eq!(commits.to_string(), "commits 2=ff00ff0+ 1=ab12cd3");
        assert_eq!(Commits::parse(&commits.to_string()), commits);
        assert_eq!((commits.of("1"), commits.of("3")), (Some("ab12cd3"), None));
    }

    #[test]
    fn a_version_whose_commit_is_unknown_is_left_out() {
        let commits = Commits::default().with("1", Some("ab12cd3")).with("1", None);
        assert_eq!(commits.to_string(), "");
    }

    #[test]
    fn the_text_of_somebody_else_says_nothing() {
        assert_eq!(Commits::parse("made by hand, x=y"), Commits::default());
    }

    #[test]
    fn the_oldest_are_forgotten_before_the_description_is_too_long() {
        let commits = (1..100).fold(Commits::default(), |commits, version| {
            commits.with(&version.to_string(), Some("ab12cd3+"))
        });
        let text = commits.to_string();
        assert!(text.len() <= LONGEST, "{text}");
        assert_eq!(Commits::parse(&text).of("99"), Some("ab12cd3+"));
        assert_eq!(Commits::parse(&text).of("1"), None);
    }
}
