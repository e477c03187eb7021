//! What cargo says while it works: where it is, as notes; what the compiler found, whole and once.

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

use engine::Progress;
use engine::error::{DISK_FULL, Error, tells_of_a_full_disk};

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
        let mut reader = BufReader::new(stderr);
        let mut done = None;
        while let Some(line) = next_line(&mut reader).await? {
            let line = String::from_utf8_lossy(&line);
            // What a terminal would be told before a line is drawn again.
            let line = line.trim_start_matches("\x1b[K").trim_end().to_owned();
            match step(&line) {
                Some((verb, rest)) => {
                    done = counted(verb, rest).or(done);
                    if let Some(note) = note(verb, rest, done) {
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
        let is_full = self.lines.iter().any(|line| tells_of_a_full_disk(line));
        let error = Error::failed("build the handler");
        let error = if is_full { error.hint(DISK_FULL) } else { error };
        let Some(last) = self.lines.iter().rposition(|line| line.starts_with("error: ")) else {
            return error.cause("cargo printed no reason");
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

/// Asks cargo for the line with which it shows on a terminal how far it is: the only place where it says how much there is
/// to do (<https://doc.rust-lang.org/cargo/reference/config.html#termprogresswhen>).
pub(super) fn ask_for_progress(command: &mut Command) {
    command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "100");
    command.env("CARGO_TERM_PROGRESS_TERM_INTEGRATION", "false");
}

/// The bytes up to the end of a line, or up to where a terminal would begin the same line again.
async fn next_line(reader: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    loop {
        let buffer = reader.fill_buf().await?;
        if buffer.is_empty() {
            return Ok((!line.is_empty()).then_some(line));
        }
        let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        line.extend(&buffer[..end.unwrap_or(buffer.len())]);
        let used = end.map_or(buffer.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}

/// How much is done of how much: `Building [====>      ] 37/160: ring, syn`.
fn counted(verb: &str, rest: &str) -> Option<(u32, u32)> {
    let (_, count) = rest.split_once("] ").filter(|_| verb == "Building")?;
    let (done, all) = count.split_once(':').map_or(count, |(count, _)| count).split_once('/')?;
    Some((done.parse().ok()?, all.parse().ok()?))
}

/// What of a step is worth showing.
fn note(verb: &str, rest: &str, done: Option<(u32, u32)>) -> Option<String> {
    let compiling = |name: &str| match done {
        Some((done, all)) => format!("{done} of {all}: {name}"),
        None => format!("compiling {name}"),
    };
    match verb {
        "Finished" | "Fresh" | "Dirty" | "Running" => None,
        "Blocking" => Some(rest.to_owned()),
        // The names at the end are of what is being compiled, the oldest first.
        "Building" => {
            let (_, names) = rest.rsplit_once(": ")?;
            Some(compiling(names.split(['(', ',', ' ']).next()?))
        }
        "Compiling" => Some(compiling(rest.split(' ').next()?)),
        "Downloaded" => Some(format!("downloaded {}", rest.split(' ').next()?)),
        _ => Some(format!("{} {rest}", verb.to_ascii_lowercase())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_become_notes() {
        let note = |line| step(line).map(|(verb, rest)| note(verb, rest, None)).expect("a step");
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

    #[tokio::test]
    async fn how_much_is_left_is_said_while_it_compiles() {
        let said = "    Building [======>      ] 37/160: ring(build.rs), syn...\r   Compiling serde v1.0.0\n    Building [] 160/160: handler(bin)";
        let mut done = None;
        let mut notes = Vec::new();
        let mut reader = BufReader::new(said.as_bytes());
        while let Some(line) = next_line(&mut reader).await.expect("read") {
            let line = String::from_utf8(line).expect("text");
            let (verb, rest) = step(&line).expect("a step");
            done = counted(verb, rest).or(done);
            notes.extend(note(verb, rest, done));
        }
        let expected = ["37 of 160: ring", "37 of 160: serde", "160 of 160: handler"];
        assert_eq!(notes, expected);
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

    #[test]
    fn a_full_disk_is_told_as_one() {
        let lines = [
            "error: failed to write /target/deps/libsyn.rmeta: No space left on device (os error 28)",
            "error: could not compile `syn` (lib) due to 1 previous error",
        ];
        let mut story = Story { lines: lines.map(str::to_owned).into() };
        assert_eq!(story.failure().hint.as_deref(), Some(DISK_FULL));
    }

    #[tokio::test]
    async fn bytes_that_are_not_text_are_kept_as_well_as_can_be() {
        let story =
            Story::listen(Some(&b"error: \xff\n   Compiling x v1\n"[..]), &Progress::silent())
                .await;
        assert_eq!(story.expect("read").lines, ["error: \u{fffd}"]);
    }
}
