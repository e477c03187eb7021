//! How much work the compiler puts in: the smallest program and the quickest start.

/// The name under `[profile]` in Cargo.toml.
pub(super) const NAME: &str = "lambda";

/// Unwinding, so that a panic costs only its own request.
const OURS: [&str; 6] = [
    "inherits='release'",
    "opt-level='z'",
    "lto='fat'",
    "codegen-units=1",
    "panic='unwind'",
    "strip=true",
];

/// The whole profile, as cargo's `--config` takes it; none when the workspace has its own.
pub(super) fn settings(workspace_manifest: &str) -> Vec<String> {
    let manifest = workspace_manifest.parse::<toml::Table>().unwrap_or_default();
    if manifest.get("profile").is_some_and(|profiles| profiles.get(NAME).is_some()) {
        return Vec::new();
    }
    OURS.iter().map(|setting| format!("profile.{NAME}.{setting}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_of_the_workspace_is_left_alone() {
        let manifest = "[profile.lambda]\ninherits = 'release'\nopt-level = 3";
        assert_eq!(settings(manifest), Vec::<String>::new());
    }

    #[test]
    fn a_workspace_without_one_gets_ours() {
        assert_eq!(
            settings("[profile.release]\nopt-level = 3").join(" "),
            "profile.lambda.inherits='release' profile.lambda.opt-level='z' profile.lambda.lto='fat' \
             profile.lambda.codegen-units=1 profile.lambda.panic='unwind' profile.lambda.strip=true"
        );
    }
}
