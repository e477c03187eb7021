//! How much work the compiler puts in.

use std::path::{Path, PathBuf};

/// A trade of the program's size and speed against the time to build it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// The smallest and quickest start: what is shipped.
    #[default]
    Lambda,
    /// The quickest build, for a loop of edits on the local cloud. Never ship it.
    Watch,
}

impl Profile {
    /// The name under `[profile]` in Cargo.toml.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lambda => "lambda",
            Self::Watch => "lambda-watch",
        }
    }

    /// Where its zip is kept, below the folder of the architecture.
    pub(super) fn folder(self, architecture: &Path) -> PathBuf {
        match self {
            Self::Lambda => architecture.to_owned(),
            Self::Watch => architecture.join("watch"),
        }
    }

    /// The whole profile, as cargo's `--config` takes it; none when the workspace has its own.
    pub(super) fn settings(self, workspace_manifest: &str) -> Vec<String> {
        let manifest = workspace_manifest.parse::<toml::Table>().unwrap_or_default();
        if manifest.get("profile").is_some_and(|profiles| profiles.get(self.name()).is_some()) {
            return Vec::new();
        }
        self.ours().iter().map(|setting| format!("profile.{}.{setting}", self.name())).collect()
    }

    /// Unwinding, so that a panic costs only its own request.
    fn ours(self) -> &'static [&'static str] {
        match self {
            Self::Lambda => &[
                "inherits='release'",
                "opt-level='s'",
                "lto='fat'",
                "codegen-units=1",
                "panic='unwind'",
                "strip=true",
            ],
            Self::Watch => &[
                "inherits='release'",
                "opt-level=1",
                "lto='off'",
                "codegen-units=16",
                "incremental=true",
                "panic='unwind'",
                "strip=true",
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_of_the_workspace_is_left_alone() {
        assert_eq!(
            Profile::Lambda.settings("[profile.lambda]\ninherits = 'release'\nopt-level = 3"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_workspace_without_one_gets_ours() {
        let settings = Profile::Lambda.settings("[profile.release]\nopt-level = 3").join(" ");
        assert_eq!(
            settings,
            "profile.lambda.inherits='release' profile.lambda.opt-level='s' profile.lambda.lto='fat' \
             profile.lambda.codegen-units=1 profile.lambda.panic='unwind' profile.lambda.strip=true"
        );
    }
}
