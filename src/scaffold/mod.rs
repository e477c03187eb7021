//! A new project: the files that `stackctl init` writes, all of them from this repository.

mod manifest;

use crate::config::SCHEMA;

/// The sources and tests of our own handler, as `build.rs` found them.
const HANDLER: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/handler.rs"));

/// What the templates are called; a project puts its own name there.
const EXAMPLE: &str = "my-frontend-app";

/// Exactly what the handler needs, in the versions that are tested here.
const LOCK: &str = include_str!("../../templates/project/handler.lock");

/// What the API answers, below the handler's folder.
const CONTRACT: &str = "openapi.json";

/// One file of a new project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// From the project's folder.
    pub path: String,
    pub text: String,
    /// Whether the project is the same without it: where one is there already, that one stays.
    pub optional: bool,
}

/// All files of a project with this name.
pub fn files(name: &str) -> Vec<File> {
    let named = |text: &str| text.replace(EXAMPLE, name);
    let needed = |path: &str, text: String| File { path: path.to_owned(), text, optional: false };
    let optional = |path: &str, text: String| File { path: path.to_owned(), text, optional: true };
    let own_manifest = include_str!("../../handler/Cargo.toml");
    let own_manifest = manifest::standalone(own_manifest, include_str!("../../Cargo.toml"));
    let mut files = vec![
        needed("stack.toml", named(include_str!("../../templates/project/stack.toml"))),
        needed("stack.schema.json", SCHEMA.to_owned()),
        optional("README.md", named(include_str!("../../templates/project/README.md"))),
        optional(".gitignore", include_str!("../../templates/project/gitignore").to_owned()),
        optional(
            ".github/workflows/deploy.yml",
            include_str!("../../templates/project/deploy.yml").to_owned(),
        ),
        needed("handler/Cargo.toml", own_manifest),
        needed("handler/Cargo.lock", LOCK.to_owned()),
    ];
    let handler = HANDLER.iter();
    files.extend(handler.map(|(path, text)| needed(&format!("handler/{path}"), own(path, text))));
    files
}

/// A file of our handler as the project's own.
fn own(path: &str, text: &str) -> String {
    if path == CONTRACT { without_licence(text) } else { text.to_owned() }
}

/// The project's licence is not ours to choose. It is the last member of `info`, on a line of its own.
fn without_licence(document: &str) -> String {
    let parts = document.split_once(",\n    \"license\": ");
    let rest = parts.and_then(|(front, rest)| Some((front, rest.split_once('\n')?.1)));
    rest.map_or_else(|| document.to_owned(), |(front, rest)| format!("{front}\n{rest}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::tests::config;

    fn text<'a>(files: &'a [File], path: &str) -> &'a str {
        &files.iter().find(|file| file.path == path).expect("it is one of them").text
    }

    #[test]
    fn the_recipe_builds_without_credentials_and_takes_nothing_that_moves() {
        let files = files("shop");
        let recipe = text(&files, ".github/workflows/deploy.yml");
        let (build, deploy) = recipe.split_once("\n  deploy:\n").expect("two jobs");
        assert!(!build.contains("id-token: write") && !build.contains("aws-actions/"));
        assert!(build.contains("--rev \"$STACKCTL_COMMIT\"") && build.contains("stackctl build"));
        assert!(!deploy.contains("cargo") && deploy.contains("--artifact"));
        let uses: Vec<&str> = recipe.split("uses: ").skip(1).collect();
        assert!(uses.len() >= 5);
        for action in uses {
            let (_, version) = action.split_once('@').expect("a version");
            let commit = version.split_whitespace().next().unwrap_or_default();
            assert!(
                commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()),
                "{version}"
            );
        }
        let checkouts = recipe.matches("actions/checkout@").count();
        assert_eq!(recipe.matches("persist-credentials: false").count(), checkouts);
    }

    #[test]
    fn the_project_has_its_own_name_everywhere() {
        let files = files("shop");
        assert_eq!(config(text(&files, "stack.toml")).expect("valid").name, "shop");
        let foreign = files.iter().filter(|file| file.text.contains(EXAMPLE));
        assert_eq!(foreign.map(|file| &file.path).collect::<Vec<_>>(), Vec::<&String>::new());
    }

    #[test]
    fn the_handler_inherits_nothing() {
        let files = files("shop");
        let manifest: toml::Table = text(&files, "handler/Cargo.toml").parse().expect("TOML");
        assert!(!manifest.to_string().contains("workspace = true"), "{manifest}");
        assert_eq!(manifest["profile"]["lambda"]["lto"].as_str(), Some("fat"));
        assert!(manifest["workspace"].as_table().is_some_and(toml::Table::is_empty));
    }

    #[test]
    fn the_first_build_is_of_the_versions_that_are_tested_here() {
        let whole = include_str!("../../Cargo.lock");
        let checksums =
            |lock: &'static str| lock.lines().filter(|line| line.starts_with("checksum"));
        let ours: BTreeSet<_> = checksums(whole).collect();
        let others: Vec<_> = checksums(LOCK).filter(|checksum| !ours.contains(checksum)).collect();
        assert_eq!(others, Vec::<&str>::new(), "run `UPDATE_GOLDEN=1 cargo test --test init`");
        assert!(checksums(LOCK).count() > 100);
    }

    #[test]
    fn the_contract_is_ours_but_for_the_licence() {
        let ours = include_str!("../../handler/openapi.json");
        let mut ours: serde_json::Value = serde_json::from_str(ours).expect("JSON");
        let licence = ours["info"].as_object_mut().and_then(|info| info.remove("license"));
        assert!(licence.is_some());
        let written = files("shop");
        let written = serde_json::from_str(text(&written, "handler/openapi.json"));
        assert_eq!(written.ok(), Some(ours));
    }

    #[test]
    fn no_file_comes_twice() {
        let files = files("shop");
        let paths: BTreeSet<_> = files.iter().map(|file| &file.path).collect();
        assert_eq!(paths.len(), files.len());
        assert!(paths.contains(&"handler/src/main.rs".to_owned()));
    }
}
