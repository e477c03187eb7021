//! How much work the compiler puts in: all it can for what is shipped, as little as it can for whoever saves and waits.

/// What a program is built for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// The smallest program and the quickest start.
    #[default]
    Lambda,
    /// The quickest link: for the local cloud alone.
    Watch,
}

/// Unwinding, so that a panic costs only its own request.
const LAMBDA: [&str; 6] = [
    "inherits='release'",
    "opt-level='z'",
    "lto='fat'",
    "codegen-units=1",
    "panic='unwind'",
    "strip=true",
];

/// What behaves like a release and is linked like a test.
const WATCH: [&str; 7] = [
    "inherits='release'",
    "opt-level=1",
    "lto='off'",
    "codegen-units=256",
    "incremental=true",
    "panic='unwind'",
    "strip=true",
];

impl Profile {
    /// The name under `[profile]` in Cargo.toml.
    pub(super) fn name(self) -> &'static str {
        match self {
            Profile::Lambda => "lambda",
            Profile::Watch => "watch",
        }
    }

    /// The folder of its zips below `target/stackctl`: neither kind is ever taken for the other.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Profile::Lambda => "",
            Profile::Watch => "watch",
        }
    }

    /// How hard a zip is pressed, of 9.
    pub(super) fn compression(self) -> i64 {
        match self {
            Profile::Lambda => 9,
            Profile::Watch => 1,
        }
    }

    /// The whole profile, as cargo's `--config` takes it; none when the workspace has its own.
    pub(super) fn settings(self, workspace_manifest: &str) -> Vec<String> {
        let manifest = workspace_manifest.parse::<toml::Table>().unwrap_or_default();
        let name = self.name();
        if manifest.get("profile").is_some_and(|profiles| profiles.get(name).is_some()) {
            return Vec::new();
        }
        let ours = match self {
            Profile::Lambda => LAMBDA.as_slice(),
            Profile::Watch => &WATCH,
        };
        ours.iter().map(|setting| format!("profile.{name}.{setting}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_of_the_workspace_is_left_alone() {
        let manifest = "[profile.lambda]\ninherits = 'release'\nopt-level = 3";
        assert_eq!(Profile::Lambda.settings(manifest), Vec::<String>::new());
        assert_eq!(Profile::Watch.settings(manifest).len(), WATCH.len());
    }

    #[test]
    fn a_workspace_without_one_gets_ours() {
        assert_eq!(
            Profile::Lambda.settings("[profile.release]\nopt-level = 3").join(" "),
            "profile.lambda.inherits='release' profile.lambda.opt-level='z' profile.lambda.lto='fat' \
             profile.lambda.codegen-units=1 profile.lambda.panic='unwind' profile.lambda.strip=true"
        );
    }

    #[test]
    fn whoever_saves_waits_for_no_optimiser() {
        let settings = Profile::Watch.settings("").join(" ");
        assert!(settings.contains("profile.watch.lto='off'"), "{settings}");
        assert!(settings.contains("profile.watch.incremental=true"), "{settings}");
        assert_ne!(Profile::Watch.folder(), Profile::Lambda.folder());
    }
}
