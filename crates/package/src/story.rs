//! What cargo says while it works: where it is, as notes; what the compiler found, whole and once.

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use engine::Progress;
use engine::error::Error;

/// The lines of cargo's stderr that are not about where it is.
#[derive(Debug, Default)]
pub(super) struct Story {
    lines: Vec<String>,
}

impl Story {
    /// Reads to the end, and notes each step as it comes.
    pub(super) async fn listen(
        stderr: Option<impl AsyncRead + Unpin>,
        progress: &Progress,
    ) -> std::io::Result<Self> {
        let mut story = Self::default();
        let Some(stderr) = stderr else {
            return Ok(story);
        };
        let mut lines = BufReader::new(stderr).split(b'\n');
        while let Some(line) = lines.next_segment().await? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            match step(&line) {
                Some((verb, rest)) => {
                    if let Some(note) = note(verb, rest) {
                        progress.note(note);
                    }
                }
                None => story.lines.push(line),
            }
        }
        Ok(story)
    }

    /// Passes on what the compiler said: errors, and warnings of a build that went well.
    pub(super) fn tell(&self, progress: &Progress) {
        let end = self.lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        for line in self.lines[..end].iter().skip_while(|line| line.is_empty()) {
            progress.output(line);
        }
    }

    /// The failure that cargo sums up in its last words, which are then not told again.
    pub(super) fn failure(&mut self) -> Error {
        let error = Error::failed("build the handler");
        let Some(last) = self.lines.iter().rposition(|line| line.starts_with("error: ")) else {
            return error.cause("cargo does not say why");
        };
        let error = error.cause(&self.lines[last]["error: ".len()..]);
        if last + 1 == self.lines.len() {
            self.lines.truncate(last);
        }
        error
    }
}

/// The verb and the rest of a line that tells where cargo is: `   Compiling ring v0.17.14`.
///
/// Cargo ends the verb in the twelfth column; nothing that rustc prints has that shape.
fn step(line: &str) -> Option<(&str, &str)> {
    let (verb, rest) = line.split_at_checked(12)?;
    let verb = verb.trim_start();
    let is_verb = verb.starts_with(|first: char| first.is_ascii_uppercase())
        && verb.chars().all(|letter| letter.is_ascii_alphabetic());
    rest.strip_prefix(' ').filter(|_| is_verb).map(|rest| (verb, rest))
}

/// What of a step is worth showing.
fn note(verb: &str, rest: &str) -> Option<String> {
    match verb {
        "Finished" | "Fresh" | "Dirty" | "Running" => None,
        "Blocking" => Some(rest.to_owned()),
        "Compiling" | "Downloaded" => {
            let name = rest.split(' ').next().unwrap_or(rest);
            Some(format!("{} {name}", verb.to_ascii_lowercase()))
        }
        _ => Some(format!("{} {rest}", verb.to_ascii_lowercase())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_become_notes() {
        let note = |line| step(line).map(|(verb, rest)| note(verb, rest)).expect("a step");
        assert_eq!(note("   Compiling ring v0.17.14").as_deref(), Some("compiling ring"));
        assert_eq!(
            note("   Compiling handler v0.1.0 (/home/me/app/handler)").as_deref(),
            Some("compiling handler")
        );
        assert_eq!(
            note("    Blocking waiting for file lock on build directory").as_deref(),
            Some("waiting for file lock on build directory")
        );
        assert_eq!(note(" Downloading crates ...").as_deref(), Some("downloading crates ..."));
        assert_eq!(note("    Finished `lambda` profile [optimized] target(s) in 0.03s"), None);
    }

    #[test]
    fn what_the_compiler_says_is_no_step() {
        for line in [
            "",
            "error[E0425]: cannot find value `x` in this scope",
            "  --> handler/src/main.rs:3:5",
            "   |",
            "12 |     let Some(x) = y;",
            "   = note: expected",
            "            Expected more",
            "warning: unused variable",
            "größe größe größe",
        ] {
            assert_eq!(step(line), None, "{line}");
        }
    }

    #[test]
    fn the_failure_is_what_cargo_says_last() {
        let lines = [
            "error[E0425]: cannot find",
            "error: aborting",
            "",
            "error: could not compile `handler` (bin \"bootstrap\") due to 1 previous error",
        ];
        let mut story = Story { lines: lines.map(str::to_owned).into() };
        assert_eq!(
            story.failure().to_string(),
            "failed to build the handler: could not compile `handler` (bin \"bootstrap\") due to 1 previous error"
        );
    }

    #[tokio::test]
    async fn bytes_that_are_not_text_are_kept_as_well_as_can_be() {
        let story =
            Story::listen(Some(&b"error: \xff\n   Compiling x v1\n"[..]), &Progress::silent())
                .await;
        assert_eq!(story.expect("read").lines, ["error: \u{fffd}"]);
    }
}
