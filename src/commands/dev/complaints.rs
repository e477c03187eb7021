//! What the compiler says, each of it once: whoever saves again with the same error has read it already.

use std::collections::BTreeSet;

/// The diagnostics of the build before.
#[derive(Debug, Default)]
pub struct Complaints(BTreeSet<String>);

impl Complaints {
    /// The diagnostics among these lines that the build before did not have.
    pub fn news(&mut self, lines: &[String]) -> Vec<String> {
        let text = lines.join("\n");
        let all = text.split("\n\n").map(|part| part.trim_matches('\n').to_owned());
        let all: Vec<String> = all.filter(|part| !part.is_empty()).collect();
        let news = all.iter().filter(|part| !self.0.contains(*part)).cloned().collect();
        self.0 = all.into_iter().collect();
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_diagnostic_is_told_once_until_it_was_gone() {
        let mut complaints = Complaints::default();
        let (one, two) = ("error[E0425]: cannot find `x`\n --> a.rs:1:1", "error: expected `;`");
        let both = lines(&format!("{one}\n\n{two}\n\n"));
        assert_eq!(complaints.news(&both), [one, two], "whole, each by itself");
        assert_eq!(complaints.news(&both), [""; 0]);
        assert_eq!(complaints.news(&lines(two)), [""; 0], "the other is mended");
        assert_eq!(complaints.news(&both), [one], "and broken again");
        assert_eq!(complaints.news(&[]), [""; 0]);
        assert_eq!(complaints.news(&lines(two)), [two]);
    }
}
