//! Runs the programs that fetch and install, says what they are at, and puts their failures into words.

use std::fs::File;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use engine::Progress;
use engine::error::{DISK_FULL, Doing, Error, Result, tells_of_a_full_disk};

/// What all pinned packages weigh.
pub const SIZE_MB: u32 = 25;

const DOING: &str = "install the local cloud";

/// What the installers write when the network does not answer: pip's words, then uv's.
const NO_NETWORK: [&str; 9] = [
    "NewConnectionError",
    "Failed to establish a new connection",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "error sending request",
    "Could not connect",
    "dns error",
    "Request failed after",
];

const UNTRUSTED: [&str; 3] = ["CERTIFICATE_VERIFY_FAILED", "invalid peer certificate", "SSLError"];

const OTHER_CONTENT: [&str; 3] = ["DO NOT MATCH THE HASHES", "Hash mismatch", "HashMismatch"];

/// Runs one installer to its end.
///
/// It reads the lock as its empty input, and so holds it for as long as it lives: when we are killed and it is not,
/// nobody else installs into the same folder.
pub async fn run(command: &mut Command, lock: &File, progress: &Progress) -> Result<()> {
    command
        .stdin(lock.try_clone().doing(DOING)?)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().doing(DOING)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = stdout.zip(stderr).ok_or_else(|| Error::failed(DOING))?;
    let (mut stdout, mut stderr) =
        (BufReader::new(stdout).split(b'\n'), BufReader::new(stderr).split(b'\n'));
    let mut said = Vec::new();
    let mut fetched = Fetched::default();
    let (mut out_open, mut err_open) = (true, true);
    while out_open || err_open {
        let (line, open) = tokio::select! {
            line = stdout.next_segment(), if out_open => (line, &mut out_open),
            line = stderr.next_segment(), if err_open => (line, &mut err_open),
        };
        let Some(line) = line.doing(DOING)? else {
            *open = false;
            continue;
        };
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if let Some(note) = fetched.note(&line).or_else(|| note_of(&line)) {
            progress.note(note);
        }
        said.push(line);
    }
    let status = child.wait().await.doing(DOING)?;
    if status.success() { Ok(()) } else { Err(explain(&said)) }
}

/// How many bytes of the packages have arrived, by the sizes that pip prints.
#[derive(Default)]
struct Fetched {
    /// Without the one that is on its way.
    done: u64,
    current: u64,
}

impl Fetched {
    /// `Downloading botocore-1.43.106-py3-none-any.whl (16.0 MB)`: those before it are there now.
    fn note(&mut self, line: &str) -> Option<String> {
        let line = line.trim_start();
        let rest = line.strip_prefix("Downloading ").or(line.strip_prefix("Using cached "))?;
        let (file, size) = rest.split_once(" (")?;
        let size = bytes(size.strip_suffix(')')?)?;
        self.done += std::mem::replace(&mut self.current, size);
        let name = file.split('-').next()?;
        let (done, size) = (megabytes(self.done), megabytes(size));
        Some(format!("fetched {done} of {SIZE_MB} MB, now {name} ({size} MB)"))
    }
}

/// `16.0 MB` or `512 kB`, as pip rounds it.
fn bytes(size: &str) -> Option<u64> {
    let (number, unit) = size.split_once(' ')?;
    let factor = match unit {
        "bytes" => 10,
        "kB" => 10_000,
        "MB" => 10_000_000,
        _ => return None,
    };
    // In tenths.
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    Some((whole.parse::<u64>().ok()? * 10 + tenth.parse::<u64>().ok()?) * factor / 100)
}

fn megabytes(bytes: u64) -> String {
    let tenths = (bytes + 50_000) / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// What an installer's line means to its user.
fn note_of(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(packages) = line.strip_prefix("Installing collected packages: ") {
        return Some(format!("installing {} packages", packages.split(", ").count()));
    }
    if let Some(prepared) = line.strip_prefix("Prepared ") {
        return Some(format!("installing {}", prepared.split(" in ").next()?));
    }
    if let Some(package) = line.strip_prefix("Collecting ") {
        return Some(format!("fetching {}", package.split([' ', ';']).next()?.replace("==", " ")));
    }
    None
}

fn explain(said: &[String]) -> Error {
    let says =
        |words: &[&str]| said.iter().any(|line| words.iter().any(|word| line.contains(word)));
    let (message, hint) = if says(&OTHER_CONTENT) {
        (
            "refused to install the local cloud: what was fetched is not what is pinned",
            "a package mirror or a proxy changes the files; use another one",
        )
    } else if says(&UNTRUSTED) {
        (
            "failed to fetch the local cloud: the server's certificate is not trusted",
            "behind a company's proxy, `SSL_CERT_FILE` (uv) or `PIP_CERT` (pip) names its certificates",
        )
    } else if says(&NO_NETWORK) {
        (
            "failed to fetch the local cloud: no network",
            "the first start needs the internet, for 25 MB; later ones need none",
        )
    } else if said.iter().any(|line| tells_of_a_full_disk(line)) {
        ("failed to install the local cloud: the disk is full", DISK_FULL)
    } else {
        ("failed to install the local cloud", "installing `uv` and trying again often helps")
    };
    Error::environment(message).cause(innermost(said)).hint(hint)
}

/// The line that says most: uv tells causes from the outside in, pip wraps its own into a warning.
fn innermost(said: &[String]) -> String {
    let of_uv = said.iter().rev().find_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("cause: ").or(line.strip_prefix("Caused by: "))
    });
    let of_pip = || {
        let (_, rest) =
            said.iter().find_map(|line| line.split_once("establish a new connection: "))?;
        rest.split('\'').next()
    };
    match of_uv.or_else(of_pip) {
        Some(cause) => cause.to_owned(),
        None => said[said.len().saturating_sub(5)..].join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(String::from).collect()
    }

    fn explained(text: &str) -> String {
        explain(&lines(text)).message
    }

    #[test]
    fn lines_of_pip_and_uv_become_notes() {
        let notes = [
            (
                "Collecting botocore==1.43.106 (from -r requirements.txt (line 3))",
                Some("fetching botocore 1.43.106"),
            ),
            ("  Downloading botocore-1.43.106-py3-none-any.whl (16.0 MB)", None),
            ("Installing collected packages: six, h11, ministack", Some("installing 3 packages")),
            ("Prepared 20 packages in 1.02s", Some("installing 20 packages")),
        ];
        for (line, note) in notes {
            assert_eq!(note_of(line).as_deref(), note, "{line}");
        }
    }

    #[test]
    fn what_arrived_is_counted_in_bytes() {
        let mut fetched = Fetched::default();
        let notes = [
            (
                "  Downloading botocore-1.43.106-py3-none-any.whl (16.0 MB)",
                Some("fetched 0.0 of 25 MB, now botocore (16.0 MB)"),
            ),
            (
                "Using cached pyyaml-6.0.3-cp313.whl (806 kB)",
                Some("fetched 16.0 of 25 MB, now pyyaml (0.8 MB)"),
            ),
            ("Downloading six-1.17.0.whl (11 kB)", Some("fetched 16.8 of 25 MB, now six (0.0 MB)")),
            ("Downloading six-1.17.0.whl", None),
            ("Collecting six", None),
        ];
        for (line, note) in notes {
            assert_eq!(fetched.note(line).as_deref(), note, "{line}");
        }
    }

    #[test]
    fn each_failure_has_its_own_words() {
        let no_network = "failed to fetch the local cloud: no network";
        assert_eq!(
            explained("WARNING: Retrying after connection broken by 'NewConnectionError(...)'"),
            no_network
        );
        assert_eq!(explained("  Caused by: error sending request for url (...)"), no_network);
        let changed = "refused to install the local cloud: what was fetched is not what is pinned";
        assert_eq!(
            explained("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."),
            changed
        );
        assert_eq!(explained("  x Hash mismatch for `six==1.17.0`"), changed);
        let untrusted = "failed to fetch the local cloud: the server's certificate is not trusted";
        assert_eq!(explained("invalid peer certificate: UnknownIssuer"), untrusted);
        assert_eq!(
            explained("ERROR: [Errno 28] No space left on device"),
            "failed to install the local cloud: the disk is full"
        );
        assert_eq!(explained("ERROR: no"), "failed to install the local cloud");
    }

    #[test]
    fn the_cause_is_the_innermost_one() {
        let uv = "error: Request failed after 3 retries in 6.1s\n  cause: Failed to fetch: ...\n  cause: dns error";
        assert_eq!(innermost(&lines(uv)), "dns error");
        assert_eq!(innermost(&lines("error: no\n  Caused by: dns error")), "dns error");
        let pip = "WARNING: Retrying ('<x>: Failed to establish a new connection: [Errno 111] Refused')': /a/\nERROR: no";
        assert_eq!(innermost(&lines(pip)), "[Errno 111] Refused");
        assert_eq!(innermost(&lines("1\n2\n3\n4\n5\n6")), "2\n3\n4\n5\n6");
        assert_eq!(innermost(&[]), "");
    }
}
