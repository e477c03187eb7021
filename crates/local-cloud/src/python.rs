//! Which program can make a virtual environment here: `uv`, or a Python that is new enough and whole.

use tokio::process::Command;

use engine::error::{Error, Result};

type Version = (u32, u32);

/// The oldest Python that the emulator supports.
const OLDEST: Version = (3, 10);

/// The newest Python that every pinned package has a ready-made file for.
const NEWEST: Version = (3, 14);

/// The plain name first: it is the one that its user chose.
const NAMES: [&str; 6] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];

/// Prints the version, and whether Debian's extra package for virtual environments is there.
const PROBE: &str =
    "import sys\nprint(*sys.version_info[:2])\nimport ensurepip, venv\nprint('whole')";

/// What makes the virtual environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Builder {
    /// Ten times as quick, and brings a Python when there is none.
    Uv,
    /// The Python of this name.
    Python(&'static str),
}

/// Finds the best program on the `PATH`.
pub async fn find() -> Result<Builder> {
    // It has to answer: a version manager's stand-in for a program that is not installed is on the `PATH` too.
    if answer_of("uv", &["--version"]).await.is_some_and(|answer| answer.starts_with("uv ")) {
        return Ok(Builder::Uv);
    }
    let mut candidates = Vec::new();
    for name in NAMES {
        if let Some(candidate) =
            answer_of(name, &["-I", "-c", PROBE]).await.and_then(|answer| read(name, &answer))
        {
            if candidate.is_fit() {
                return Ok(Builder::Python(name));
            }
            candidates.push(candidate);
        }
    }
    Err(unfit(&candidates))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Candidate {
    name: &'static str,
    version: Version,
    /// It can make virtual environments.
    whole: bool,
}

impl Candidate {
    fn is_fit(self) -> bool {
        self.whole && self.has_fit_version()
    }

    fn has_fit_version(self) -> bool {
        (OLDEST..=NEWEST).contains(&self.version)
    }
}

/// What a program prints, even when it fails afterwards; `None` when there is no such program.
async fn answer_of(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    machine::without_secrets(&mut command);
    let output = command.args(arguments).kill_on_drop(true).output().await.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn read(name: &'static str, answer: &str) -> Option<Candidate> {
    let mut lines = answer.lines();
    let (major, minor) = lines.next()?.split_once(' ')?;
    let version = (major.parse().ok()?, minor.parse().ok()?);
    Some(Candidate { name, version, whole: lines.next() == Some("whole") })
}

/// Which Pythons are fit, as `uv` wants it said.
pub fn fit_versions() -> String {
    format!(">={}.{},<{}.{}", OLDEST.0, OLDEST.1, NEWEST.0, NEWEST.1 + 1)
}

/// Says what is missing, from the candidate that misses least.
fn unfit(candidates: &[Candidate]) -> Error {
    let uv = "or install `uv`, which needs no Python";
    let describe = |candidate: &Candidate| {
        format!("`{}` is Python {}.{}", candidate.name, candidate.version.0, candidate.version.1)
    };
    if let Some(bare) = candidates.iter().find(|candidate| candidate.has_fit_version()) {
        return Error::environment("the local cloud needs Python's `venv` and `ensurepip`")
            .cause(format!("{} without them", describe(bare)))
            .hint(format!("on Debian and Ubuntu: `apt install python3-venv`; {uv}"));
    }
    let (oldest, newest) =
        (format!("{}.{}", OLDEST.0, OLDEST.1), format!("{}.{}", NEWEST.0, NEWEST.1));
    let error = Error::environment(format!("the local cloud needs Python {oldest} to {newest}"));
    match candidates.first() {
        Some(other) => {
            error.cause(describe(other)).hint(format!("install `python{newest}` beside it; {uv}"))
        }
        None => error.cause("there is no `python3` on the `PATH`").hint(format!(
            "`apt install python3 python3-venv`, or `brew install python@{newest}`; {uv}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(answer: &str) -> Candidate {
        read("python3", answer).expect("a Python's answer")
    }

    #[test]
    fn a_python_says_its_version_and_whether_it_is_whole() {
        assert!(candidate("3 10\nwhole\n").is_fit());
        assert!(candidate("3 14\nwhole\n").is_fit());
        assert!(!candidate("3 15\nwhole\n").is_fit());
        assert!(!candidate("3 9\nwhole\n").is_fit());
        assert!(!candidate("3 12\n").is_fit());
        assert_eq!(read("python3", ""), None);
        assert_eq!(read("python3", "pyenv: python3.12: command not found\n"), None);
    }

    #[test]
    fn uv_is_told_the_same_range() {
        assert_eq!(fit_versions(), ">=3.10,<3.15");
    }

    #[test]
    fn each_lack_has_its_own_words() {
        let none = unfit(&[]);
        assert_eq!(none.message, "the local cloud needs Python 3.10 to 3.14");
        assert_eq!(none.cause.as_deref(), Some("there is no `python3` on the `PATH`"));

        let old = unfit(&[candidate("3 9\nwhole\n")]);
        assert_eq!(old.cause.as_deref(), Some("`python3` is Python 3.9"));

        let new = unfit(&[candidate("3 15\nwhole\n")]);
        assert_eq!(new.cause.as_deref(), Some("`python3` is Python 3.15"));

        let bare = unfit(&[candidate("3 9\nwhole\n"), candidate("3 12\n")]);
        assert_eq!(bare.cause.as_deref(), Some("`python3` is Python 3.12 without them"));
        assert!(bare.hint.expect("there is a way out").contains("apt install python3-venv"));
    }
}
