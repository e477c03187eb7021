//! How much work the compiler puts in: all it can for what is shipped, as little as it can for the local cloud.

/// What a program is built for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// The smallest program and the quickest start: what AWS gets.
    #[default]
    Optimized,
    /// What a plain `cargo build` makes, so that `up --local`, `dev`, `cargo build` and `cargo test` share one target
    /// folder. It never leaves this machine.
    Quick,
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

impl Profile {
    /// What people call it.
    pub fn word(self) -> &'static str {
        match self {
            Profile::Optimized => "optimized",
            Profile::Quick => "quick",
        }
    }

    /// The name under `[profile]` in Cargo.toml.
    pub(super) fn name(self) -> &'static str {
        match self {
            Profile::Optimized => "lambda",
            Profile::Quick => "dev",
        }
    }

    /// The folder of its zips below `target/stackctl`: neither kind is ever taken for the other.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Profile::Optimized => "",
            Profile::Quick => "quick",
        }
    }

    /// The compression level of the zip, of 9.
    pub(super) fn compression(self) -> i64 {
        match self {
            Profile::Optimized => 9,
            Profile::Quick => 1,
        }
    }

    /// The comment of the zip, which [`of`](Self::of) finds again.
    pub(super) fn comment(self) -> &'static str {
        match self {
            Profile::Optimized => "",
            Profile::Quick => "stackctl: quick build, for the local cloud alone",
        }
    }

    /// What a zip was made for, by its comment: those are the last bytes of the file.
    pub(super) fn of(zip: &[u8]) -> Self {
        let is_quick = zip.ends_with(Profile::Quick.comment().as_bytes());
        if is_quick { Profile::Quick } else { Profile::Optimized }
    }

    /// The whole profile, as cargo's `--config` takes it; none when the workspace has its own, or cargo does.
    pub(super) fn settings(self, workspace_manifest: &str) -> Vec<String> {
        let manifest = workspace_manifest.parse::<toml::Table>().unwrap_or_default();
        let name = self.name();
        let has_own = manifest.get("profile").is_some_and(|all| all.get(name).is_some());
        if self == Profile::Quick || has_own {
            return Vec::new();
        }
        LAMBDA.iter().map(|setting| format!("profile.{name}.{setting}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_of_the_workspace_is_left_alone() {
        let manifest = "[profile.lambda]\ninherits = 'release'\nopt-level = 3";
        assert_eq!(Profile::Optimized.settings(manifest), Vec::<String>::new());
    }

    #[test]
    fn a_workspace_without_one_gets_ours() {
        assert_eq!(
            Profile::Optimized.settings("[profile.release]\nopt-level = 3").join(" "),
            "profile.lambda.inherits='release' profile.lambda.opt-level='z' profile.lambda.lto='fat' \
             profile.lambda.codegen-units=1 profile.lambda.panic='unwind' profile.lambda.strip=true"
        );
    }

    /// Any setting of ours would give cargo another fingerprint than `cargo test` has.
    #[test]
    fn the_quick_build_is_what_cargo_build_makes() {
        assert_eq!(Profile::Quick.settings(""), Vec::<String>::new());
        assert_eq!(Profile::Quick.name(), "dev");
        assert_ne!(Profile::Quick.folder(), Profile::Optimized.folder());
    }
}
