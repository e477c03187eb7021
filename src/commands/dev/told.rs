//! What is told of a save, on one line each.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::attempt::Done;
use crate::ui::seconds;
use engine::Phases;

/// `version 7, 1.84 s after saving handler/src/routes.rs; changed: policy ShopLambdaDynamoDB`.
pub fn live(done: &Done, saved: &str, took: Duration) -> String {
    let (version, took) = (&done.version, seconds(took));
    let changed = done.changed.join(", ");
    match (done.is_new, changed.is_empty()) {
        (true, true) => format!("version {version}, {took} after saving {saved}"),
        (true, false) => {
            format!("version {version}, {took} after saving {saved}; changed: {changed}")
        }
        (false, true) => {
            format!("no change: the build is identical, version {version} stays live ({took})")
        }
        (false, false) => {
            format!(
                "the build is identical, version {version} stays live ({took}); changed: {changed}"
            )
        }
    }
}

/// `build 1.52 s, upload 0.11 s, switch 0.05 s, proof 0.04 s`: the phases as whoever waits thinks of them.
pub fn parts(phases: &Phases) -> String {
    let names = [
        ("build", ["build", "pack"].as_slice()),
        ("upload", &["upload", "settle"]),
        ("switch", &["trial", "switch"]),
        ("proof", &["proof"]),
    ];
    let sum = |parts: &[&str]| -> Duration {
        phases.iter().filter(|(name, _)| parts.contains(name)).map(|(_, took)| took).sum()
    };
    let sums = names.into_iter().map(|(name, parts)| (name, sum(parts)));
    let told = sums.filter(|(_, took)| !took.is_zero());
    told.map(|(name, took)| format!("{name} {}", seconds(took))).collect::<Vec<_>>().join(", ")
}

/// `handler/src/routes.rs and 2 others`, from the project's folder.
pub fn names(files: &[PathBuf], root: &Path) -> String {
    let name = |path: &PathBuf| path.strip_prefix(root).unwrap_or(path).display().to_string();
    match files {
        [] => "the project".to_owned(),
        [one] => name(one),
        [one, other] => format!("{} and {}", name(one), name(other)),
        [one, rest @ ..] => format!("{} and {} others", name(one), rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::resources::LiveApi;

    fn done(is_new: bool, changed: &[&str]) -> Done {
        let mut phases = Phases::default();
        for (name, millis) in
            [("build", 1500), ("pack", 20), ("upload", 100), ("settle", 10), ("proof", 40)]
        {
            phases.add(name, Duration::from_millis(millis));
        }
        Done {
            api: Some(LiveApi::default()),
            sign_in: None,
            version: "7".into(),
            is_new,
            form: crate::blueprint::Form::default(),
            changed: changed.iter().map(|&label| label.to_owned()).collect(),
            gained: Vec::new(),
            phases,
            document: Value::Null,
            artifacts: Vec::new(),
        }
    }

    #[test]
    fn a_save_is_told_with_where_its_time_went() {
        let took = Duration::from_millis(1840);
        let told = |done: &Done| live(done, "stack.toml", took);
        assert_eq!(told(&done(true, &[])), "version 7, 1.84 s after saving stack.toml");
        assert_eq!(
            told(&done(false, &[])),
            "no change: the build is identical, version 7 stays live (1.84 s)"
        );
        assert_eq!(
            told(&done(true, &["api shop", "table shop-data"])),
            "version 7, 1.84 s after saving stack.toml; changed: api shop, table shop-data"
        );
        let told = parts(&done(true, &[]).phases);
        assert_eq!(told, "build 1.52 s, upload 0.11 s, proof 0.04 s");
    }

    #[test]
    fn files_are_named_from_the_project() {
        let paths = ["./handler/src/a.rs", "./handler/src/b.rs", "./stack.toml"].map(PathBuf::from);
        let told = |count: usize| names(&paths[..count], Path::new("."));
        assert_eq!(told(1), "handler/src/a.rs");
        assert_eq!(told(2), "handler/src/a.rs and handler/src/b.rs");
        assert_eq!(told(3), "handler/src/a.rs and 2 others");
    }
}
