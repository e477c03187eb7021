//! The handler's crate, as cargo sees it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::cargo;
use engine::error::{Doing as _, Error, Result};

/// What a crate's binary is called when it has several and says no more.
const BOOTSTRAP: &str = "bootstrap";

/// Where a crate belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Project {
    /// Cargo's unmistakable name of the package.
    pub(super) package: String,
    /// The binary that Lambda starts, which is `bootstrap` in the zip whatever it is called here.
    pub(super) binary: String,
    pub(super) directory: PathBuf,
    pub(super) workspace: PathBuf,
    pub(super) target_directory: PathBuf,
    /// Where build scripts write: the target folder, unless the user said otherwise.
    pub(super) build_directory: PathBuf,
    /// Those that the binary requires: cargo builds it with them only.
    pub(super) features: Vec<String>,
    /// Whether cargo, run at the workspace's root, builds this binary and no other of its name.
    pub(super) is_default: bool,
}

/// Asks cargo about the crate in a folder, and refuses what can never become a Lambda function.
/// `binary` is the one that the user named.
pub(super) async fn find(directory: &Path, binary: Option<&str>) -> Result<Project> {
    let manifest = directory.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(Error::usage(format!("`{}` is not a crate: it has no Cargo.toml", directory.display()))
            .hint("`crate` under [function] in stack.toml names the handler's folder; `stackctl init` makes one"));
    }
    let manifest = manifest.canonicalize().doing(format!("find `{}`", manifest.display()))?;
    let mut command = cargo::command(directory);
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let answer = cargo::ask(command, "read the handler's crate").await?;
    let metadata: Metadata = serde_json::from_str(&answer)
        .map_err(|error| Error::failed("parse the output of `cargo metadata`").cause(error))?;
    metadata.project(directory, &manifest, binary)
}

/// The part that matters of <https://doc.rust-lang.org/cargo/commands/cargo-metadata.html>.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
    /// Cargo tells it since 1.91.
    build_directory: Option<PathBuf>,
    /// The ids of the packages that cargo selects when no package is named.
    #[serde(default)]
    workspace_default_members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
    default_run: Option<String>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    #[serde(default, rename = "required-features")]
    required_features: Vec<String>,
}

impl Metadata {
    fn project(self, directory: &Path, manifest: &Path, named: Option<&str>) -> Result<Project> {
        let ours = |package: &&Package| {
            package.manifest_path.canonicalize().is_ok_and(|path| path == manifest)
        };
        let Some(package) = self.packages.iter().find(ours) else {
            return Err(Error::usage(format!(
                "`{}` is a workspace, not a crate",
                directory.display()
            ))
            .hint(
                "`crate` under [function] in stack.toml names the folder of one of its members",
            ));
        };
        let binary = package.binary(named)?;
        let is_default = |package: &&Package| self.workspace_default_members.contains(&package.id);
        let mut of_this_name = self.packages.iter().filter(is_default).flat_map(|package| {
            let binaries = package.binaries().filter(|other| other.name == binary.name);
            binaries.map(|_| &package.id)
        });
        let is_default = of_this_name.next() == Some(&package.id) && of_this_name.next().is_none();
        Ok(Project {
            is_default,
            package: package.id.clone(),
            binary: binary.name.clone(),
            features: binary.required_features.clone(),
            directory: directory.to_owned(),
            workspace: self.workspace_root,
            build_directory: self.build_directory.unwrap_or_else(|| self.target_directory.clone()),
            target_directory: self.target_directory,
        })
    }
}

impl Package {
    fn binaries(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "bin"))
    }

    /// The binary that was named, or the one that is meant: `bootstrap`, the package's default, the only one.
    fn binary(&self, named: Option<&str>) -> Result<&Target> {
        let all: Vec<&Target> = self.binaries().collect();
        let find = |name: &str| all.iter().find(|binary| binary.name == name).copied();
        if let Some(name) = named {
            let message = format!("crate `{}` has no binary named `{name}`", self.name);
            return find(name).ok_or_else(|| self.choice(message, "one of them"));
        }
        let only = || if let [one] = all[..] { Some(one) } else { None };
        let meant = find(BOOTSTRAP).or_else(|| find(self.default_run.as_deref()?)).or_else(only);
        meant.ok_or_else(|| match all.len() {
            0 => Error::usage(format!("crate `{}` has no binary", self.name))
                .hint("Lambda starts a program: add `src/main.rs`"),
            _ => self.choice(
                format!("crate `{}` has several binaries", self.name),
                "the one that Lambda starts",
            ),
        })
    }

    fn choice(&self, message: String, which: &str) -> Error {
        let names: Vec<&str> = self.binaries().map(|binary| binary.name.as_str()).collect();
        Error::usage(message)
            .cause(format!("its binaries are: {}", names.join(", ")))
            .hint(format!("set `bin` under [function] in stack.toml to {which}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(targets: &str) -> Metadata {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        serde_json::from_str(&format!(
            r#"{{"packages": [{{"id": "path+file:///x#handler@0.1.0", "name": "handler", "manifest_path": "{manifest}", "targets": {targets}}}],
                "workspace_root": "/x", "target_directory": "/x/target", "version": 1}}"#
        ))
        .expect("JSON")
    }

    fn named(targets: &str, named: Option<&str>) -> Result<Project> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("Cargo.toml")
            .canonicalize()
            .expect("our own manifest");
        metadata(targets).project(Path::new("handler"), &manifest, named)
    }

    fn project(targets: &str) -> Result<Project> {
        named(targets, None)
    }

    #[test]
    fn a_crate_with_bootstrap_is_taken() {
        let found = project(
            r#"[{"name": "handler", "kind": ["lib"]}, {"name": "bootstrap", "kind": ["bin"]}]"#,
        );
        assert_eq!(found.expect("a project").package, "path+file:///x#handler@0.1.0");
    }

    #[test]
    fn the_features_that_bootstrap_requires_are_switched_on() {
        let found = project(
            r#"[{"name": "bootstrap", "kind": ["bin"], "required-features": ["lambda", "x/y"]}]"#,
        );
        assert_eq!(found.expect("a project").features, ["lambda", "x/y"]);
    }

    const TWO: &str = r#"[{"name": "web", "kind": ["bin"]}, {"name": "nightly", "kind": ["bin"]}]"#;

    #[test]
    fn the_only_binary_is_taken_whatever_its_name() {
        let found = project(
            r#"[{"name": "api", "kind": ["bin"]}, {"name": "bootstrap", "kind": ["test"]}]"#,
        );
        assert_eq!(found.expect("a project").binary, "api");
    }

    #[test]
    fn of_several_binaries_one_has_to_be_named() {
        assert_eq!(named(TWO, Some("nightly")).expect("a project").binary, "nightly");
        let error = project(TWO).expect_err("two");
        assert_eq!(
            error.to_string(),
            "crate `handler` has several binaries: its binaries are: web, nightly"
        );
        assert_eq!(
            error.hint.as_deref(),
            Some("set `bin` under [function] in stack.toml to the one that Lambda starts")
        );
        let error = named(TWO, Some("wbe")).expect_err("neither");
        assert_eq!(error.message, "crate `handler` has no binary named `wbe`");
    }

    /// A workspace with a second package, which has these binaries.
    fn is_default(members: &str, others: &str) -> bool {
        let mut two = metadata(r#"[{"name": "bootstrap", "kind": ["bin"]}]"#);
        let other = format!(
            r#"{{"id": "other", "name": "other", "manifest_path": "/other/Cargo.toml", "targets": {others}}}"#
        );
        two.packages.push(serde_json::from_str(&other).expect("JSON"));
        two.workspace_default_members = members.split(' ').map(str::to_owned).collect();
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let manifest = manifest.canonicalize().expect("our own manifest");
        two.project(Path::new("handler"), &manifest, None).expect("a project").is_default
    }

    #[test]
    fn a_binary_is_the_default_when_cargo_builds_it_and_no_other_of_its_name() {
        let both = "path+file:///x#handler@0.1.0 other";
        let (same, another) = (
            r#"[{"name": "bootstrap", "kind": ["bin"]}]"#,
            r#"[{"name": "web", "kind": ["bin"]}, {"name": "bootstrap", "kind": ["lib"]}]"#,
        );
        assert!(is_default(both, another));
        assert!(!is_default(both, same));
        assert!(!is_default("other", another));
        assert!(is_default("path+file:///x#handler@0.1.0", same));
    }

    #[test]
    fn a_library_alone_is_no_function() {
        let error = project(r#"[{"name": "handler", "kind": ["lib"]}]"#).expect_err("no program");
        assert_eq!(error.message, "crate `handler` has no binary");
    }

    #[test]
    fn a_workspace_is_not_a_crate() {
        let error = metadata("[]")
            .project(Path::new("."), Path::new("/elsewhere/Cargo.toml"), None)
            .expect_err("no");
        assert_eq!(error.to_string(), "`.` is a workspace, not a crate");
    }

    #[tokio::test]
    async fn an_empty_folder_is_not_a_crate() {
        let error = find(Path::new("/nowhere"), None).await.expect_err("no");
        assert_eq!(error.kind, engine::error::Kind::Usage);
        assert_eq!(error.message, "`/nowhere` is not a crate: it has no Cargo.toml");
    }
}
