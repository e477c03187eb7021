//! The packages of this machine that the handler is built from: its own, and those that it depends on by their path.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use engine::error::{Error, Result};
use serde::Deserialize;

use super::cargo;

/// The folders of the handler and of every package beside it that it is built from, as cargo resolves them.
pub async fn folders(crate_directory: &Path) -> Result<Vec<PathBuf>> {
    let mut command = cargo::command(crate_directory);
    command.args(["metadata", "--format-version", "1"]);
    let answer = cargo::ask(command, "read the dependencies of the handler").await?;
    let metadata: Metadata = serde_json::from_str(&answer)
        .map_err(|error| Error::failed("parse the output of `cargo metadata`").cause(error))?;
    Ok(metadata.folders())
}

/// <https://doc.rust-lang.org/cargo/commands/cargo-metadata.html>
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    /// None for a package on this machine.
    source: Option<String>,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    /// The package of the folder; none for a workspace without one.
    root: Option<String>,
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    kind: Option<String>,
}

impl Metadata {
    fn folders(self) -> Vec<PathBuf> {
        let local = self.packages.into_iter().filter(|package| package.source.is_none());
        let local: HashMap<String, PathBuf> =
            local.map(|package| (package.id, package.manifest_path)).collect();
        let needs: HashMap<&str, &[Dependency]> = self
            .resolve
            .nodes
            .iter()
            .map(|node| (node.id.as_str(), node.deps.as_slice()))
            .collect();
        let mut wanted: Vec<&str> = self.resolve.root.as_deref().into_iter().collect();
        let (mut seen, mut folders) = (BTreeSet::new(), Vec::new());
        while let Some(id) = wanted.pop() {
            let Some(manifest) = local.get(id).filter(|_| seen.insert(id)) else {
                continue;
            };
            folders.extend(manifest.parent().map(Path::to_owned));
            let needed = needs.get(id).copied().unwrap_or_default().iter();
            let needed = needed.filter(|one| one.dep_kinds.iter().any(DependencyKind::is_built));
            wanted.extend(needed.map(|one| one.pkg.as_str()));
        }
        folders
    }
}

impl DependencyKind {
    /// What only tests need is no part of the program.
    fn is_built(&self) -> bool {
        self.kind.as_deref() != Some("dev")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_by_path_are_followed_and_others_are_not() {
        let package = |id: &str, source: &str| {
            format!(
                r#"{{"id": "{id}", "source": {source}, "manifest_path": "/p/{id}/Cargo.toml"}}"#
            )
        };
        let needs = |id: &str, kind: &str| {
            format!(r#"{{"pkg": "{id}", "dep_kinds": [{{"kind": {kind}}}]}}"#)
        };
        let node = |id: &str, deps: &[String]| {
            format!(r#"{{"id": "{id}", "deps": [{}]}}"#, deps.join(","))
        };
        let packages = [
            package("h", "null"),
            package("shared", "null"),
            package("deep", "null"),
            package("builds", "null"),
            package("tests", "null"),
            package("serde", "\"registry+https://example.com\""),
            package("other-member", "null"),
        ];
        let nodes = [
            node(
                "h",
                &[
                    needs("shared", "null"),
                    needs("serde", "null"),
                    needs("builds", "\"build\""),
                    needs("tests", "\"dev\""),
                ],
            ),
            node("shared", &[needs("deep", "null"), needs("h", "\"dev\"")]),
            node("deep", &[]),
        ];
        let text = format!(
            r#"{{"packages": [{}], "resolve": {{"root": "h", "nodes": [{}]}}}}"#,
            packages.join(","),
            nodes.join(",")
        );
        let metadata: Metadata = serde_json::from_str(&text).expect("JSON");
        let mut folders = metadata.folders();
        folders.sort();
        assert_eq!(folders, ["/p/builds", "/p/deep", "/p/h", "/p/shared"].map(PathBuf::from));
    }
}
