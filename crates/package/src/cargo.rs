//! Runs cargo and finds what it made.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

use super::story::{self, Story};
use engine::Progress;
use engine::error::{Doing as _, Error, Kind, Result};

/// Midnight of the first day that a zip can tell, in seconds since 1970.
const DATE: &str = "315532800";

/// What an outer `cargo run` leaves in the environment. Build scripts watch some of it, and would run again each time
/// we are started in the other way (<https://doc.rust-lang.org/cargo/reference/environment-variables.html>).
const OF_AN_OUTER_CARGO: [&str; 21] = [
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
    "CARGO_PRIMARY_PACKAGE",
    "OUT_DIR",
];

/// A cargo that works in a folder: its configuration and `rust-toolchain.toml` are found from there.
pub(super) fn command(directory: &Path) -> Command {
    let mut command = Command::new("cargo");
    // Build scripts of every dependency run below it.
    machine::without_secrets(&mut command);
    for name in OF_AN_OUTER_CARGO {
        command.env_remove(name);
    }
    command.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_QUIET", "false");
    command.current_dir(directory);
    command
}

/// Sets what build scripts and C compilers look at. The user's own date is kept.
pub(super) fn settle(command: &mut Command, has_date: bool) {
    // Without this, aws-lc (the AWS SDK's default for TLS) spends 60 ms and more of the first request on entropy:
    // https://github.com/awslabs/aws-lambda-rust-runtime/issues/1101
    command.env("AWS_LC_SYS_NO_JITTER_ENTROPY", "1");
    // Incremental code differs from build to build; the profile decides.
    command.env_remove("CARGO_INCREMENTAL");
    if !has_date {
        command.env("SOURCE_DATE_EPOCH", DATE);
    }
}

/// Runs a `cargo build` to its end and returns the program that came out.
pub(super) async fn build(
    mut command: Command,
    binary: &str,
    progress: &Progress,
) -> Result<PathBuf> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    story::ask_for_progress(&mut command);
    // Cargo writes into its target folder in such a way that it can be killed at any moment.
    let mut child =
        command.kill_on_drop(true).spawn().map_err(|error| not_started("cargo", &error))?;
    let (messages, story) = (child.stdout.take(), child.stderr.take());
    let (program, mut story, status) = tokio::try_join!(
        find_program(messages, binary),
        Story::listen(story, progress),
        child.wait()
    )
    .doing("follow cargo")?;
    if let Some(interruption) = stopped(status) {
        return Err(interruption);
    }
    let failure = (!status.success()).then(|| story.failure());
    story.tell(progress);
    match failure {
        Some(failure) => Err(failure),
        None => program.ok_or_else(|| Error::failed("find the program that cargo made")),
    }
}

/// Runs a program of the Rust toolchain for its answer on stdout.
pub(super) async fn ask(mut command: Command, doing: &str) -> Result<String> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).env("RUST_BACKTRACE", "0").kill_on_drop(true);
    let output = command.output().await.map_err(|error| not_started(&name, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let complaint = complaint.trim().trim_start_matches("error: ");
    Err(stopped(output.status).unwrap_or_else(|| Error::failed(doing).cause(complaint)))
}

fn not_started(name: &str, error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Error::environment(format!("`{name}` is not installed"))
            .hint("install Rust: https://rustup.rs");
    }
    Error::failed(format!("start {name}")).cause(error)
}

/// Ctrl-C on a terminal reaches cargo at the same moment as us.
fn stopped(status: ExitStatus) -> Option<Error> {
    const INTERRUPT: i32 = 2;
    const TERMINATE: i32 = 15;
    matches!(status.signal(), Some(INTERRUPT | TERMINATE))
        .then(|| Error::new(Kind::Interrupted, "the build was interrupted"))
}

/// One line of `--message-format=json` (<https://doc.rust-lang.org/cargo/reference/external-tools.html>).
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

async fn find_program(
    messages: Option<impl AsyncRead + Unpin>,
    binary: &str,
) -> std::io::Result<Option<PathBuf>> {
    let Some(messages) = messages else {
        return Ok(None);
    };
    let mut lines = BufReader::new(messages).lines();
    let mut program = None;
    while let Some(line) = lines.next_line().await? {
        program = executable(&line, binary).or(program);
    }
    Ok(program)
}

fn executable(line: &str, binary: &str) -> Option<PathBuf> {
    let message: Message = serde_json::from_str(line).ok()?;
    message.target.filter(|target| target.name == binary)?;
    message.executable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_taken_from_the_message_about_its_binary() {
        let line = r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"bootstrap"},"executable":"/x/bootstrap","fresh":true}"#;
        assert_eq!(executable(line, "bootstrap"), Some("/x/bootstrap".into()));
        assert_eq!(
            executable(&line.replace("\"bootstrap\"", "\"build-script-build\""), "bootstrap"),
            None
        );
        assert_eq!(executable(&line.replace("\"/x/bootstrap\"", "null"), "bootstrap"), None);
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#, "bootstrap"), None);
        assert_eq!(executable("warning: something else", "bootstrap"), None);
    }

    #[test]
    fn build_scripts_see_nothing_of_the_cargo_that_started_us() {
        let outer = ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"];
        let told = std::env::vars().map(|(name, _)| name);
        let told: Vec<String> =
            told.filter(|name| outer.iter().any(|outer| name.starts_with(outer))).collect();
        let known = "CARGO_PKG_NAME".to_owned();
        assert!(told.contains(&known), "cargo tells tests as much as programs");
        let command = command(Path::new("."));
        for name in told {
            let hidden = (name.as_ref(), None);
            assert!(command.as_std().get_envs().any(|variable| variable == hidden), "{name}");
        }
    }

    #[tokio::test]
    async fn a_tool_that_is_not_there_says_how_to_get_it() {
        let error = ask(Command::new("no-such-cargo"), "ask").await.expect_err("no");
        assert_eq!(
            error,
            Error::environment("`no-such-cargo` is not installed")
                .hint("install Rust: https://rustup.rs")
        );
    }
}
