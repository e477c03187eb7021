//! One line of the doctor: what was looked at, what was found, what to do.

use engine::error::Error;

/// What a finding means for `up`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// It goes on, and may hurt later.
    Warning,
    /// `up` fails.
    Bad,
    /// Nobody could be asked.
    Unknown,
}

impl Verdict {
    /// The `verdict` of the JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Good => "good",
            Verdict::Warning => "warning",
            Verdict::Bad => "bad",
            Verdict::Unknown => "unknown",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    pub verdict: Verdict,
    pub finding: String,
    pub cure: Option<String>,
}

impl Check {
    fn new(name: &str, verdict: Verdict, finding: impl Into<String>) -> Self {
        Self { name: name.to_owned(), verdict, finding: finding.into(), cure: None }
    }

    pub fn good(name: &str, finding: impl Into<String>) -> Self {
        Self::new(name, Verdict::Good, finding)
    }

    pub fn warning(name: &str, finding: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { cure: Some(cure.into()), ..Self::new(name, Verdict::Warning, finding) }
    }

    pub fn bad(name: &str, finding: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { cure: Some(cure.into()), ..Self::new(name, Verdict::Bad, finding) }
    }

    pub fn unknown(name: &str, finding: impl Into<String>, cure: Option<String>) -> Self {
        Self { cure, ..Self::new(name, Verdict::Unknown, finding) }
    }

    /// What failed, with the way out that the failure names.
    pub fn of_error(name: &str, error: &Error) -> Self {
        let finding = one_line(error);
        Self { cure: error.hint.clone(), ..Self::new(name, Verdict::Bad, finding) }
    }

    /// What nobody could be asked, and why.
    pub fn unasked(name: &str, error: &Error) -> Self {
        Self::unknown(name, one_line(error), error.hint.clone())
    }
}

fn one_line(error: &Error) -> String {
    let cause = error.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
    let text = format!("{}{cause}", error.message);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
