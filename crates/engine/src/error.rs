//! What went wrong, why, and what to do next.

use std::fmt;
use std::io::ErrorKind;

pub type Result<T> = std::result::Result<T, Error>;

/// A failure as the user reads it: what was being done, what was answered, what to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub kind: Kind,
    /// The first line, a lower-case fragment: ``failed to create table `x` ``.
    pub message: String,
    /// Why, in the words of whoever refused: AWS, the compiler, the operating system.
    pub cause: Option<String>,
    /// The error code of the AWS service, such as `ResourceInUseException`.
    pub code: Option<String>,
    /// What AWS support asks for.
    pub request_id: Option<String>,
    /// What to type or change next.
    pub hint: Option<String>,
}

/// What a failure means to the caller: the engine reacts to some kinds, the shell to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It did not work.
    Failed,
    /// Something of this name is there already: look at it before giving up.
    Exists,
    /// No answer came, so it may or may not have been done: look before trying again.
    Unanswered,
    /// The command line or the configuration is wrong; nothing was sent.
    Usage,
    /// The check worked and found something.
    Findings,
    /// Not provable, or the environment lacks what the check needs.
    Environment,
    /// The user pressed Ctrl-C.
    Interrupted,
}

impl Kind {
    /// The exit codes of the README; `tests/cli.rs` freezes them.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failed | Kind::Exists | Kind::Unanswered => 1,
            Kind::Usage => 2,
            Kind::Findings => 3,
            Kind::Environment => 4,
            Kind::Interrupted => 130,
        }
    }
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            cause: None,
            code: None,
            request_id: None,
            hint: None,
        }
    }

    /// Something failed while `doing`: a fragment that fits "failed to …".
    pub fn failed(doing: impl fmt::Display) -> Self {
        Self::new(Kind::Failed, format!("failed to {doing}"))
    }

    /// The command line or the configuration is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The machine lacks something that this needs.
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Kind::Environment, message)
    }

    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Whether the service answered with one of `codes`.
    pub fn has_code(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    /// Whether the cause contains `fragment`, whatever the case.
    pub fn says(&self, fragment: &str) -> bool {
        self.cause.as_ref().is_some_and(|cause| cause.to_lowercase().contains(fragment))
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.message)?;
        if let Some(cause) = &self.cause {
            write!(out, ": {cause}")?;
        }
        if let Some(code) = &self.code {
            write!(out, " ({code})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Turns any other failure into ours: `fs::read(path).doing("read `stack.toml`")?`.
pub trait Doing<T> {
    fn doing(self, doing: impl fmt::Display) -> Result<T>;
}

impl<T> Doing<T> for std::io::Result<T> {
    fn doing(self, doing: impl fmt::Display) -> Result<T> {
        self.map_err(|error| {
            let is_full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
            let failed = Error::failed(doing).cause(error);
            if is_full { failed.hint(DISK_FULL) } else { failed }
        })
    }
}

/// What to do when nothing more can be written.
pub const DISK_FULL: &str = "the disk is full: free some space, and run the same command again";

/// Whether a program says that it can write no more.
pub fn tells_of_a_full_disk(line: &str) -> bool {
    ["No space left on device", "Disk quota exceeded"].iter().any(|words| line.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_has_its_own_hint() {
        let full: std::io::Result<()> = Err(std::io::Error::from_raw_os_error(28));
        let error = full.doing("write `x`").expect_err("it is full");
        assert_eq!(error.message, "failed to write `x`");
        assert_eq!(error.hint.as_deref(), Some(DISK_FULL));
        assert!(error.cause.is_some_and(|cause| tells_of_a_full_disk(&cause)));
        let other: std::io::Result<()> = Err(ErrorKind::NotFound.into());
        assert_eq!(other.doing("read `x`").expect_err("it is absent").hint, None);
    }
}
