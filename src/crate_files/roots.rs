//! Where the handler's program begins: the root files of its binary and its library, and the features that are on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use engine::error::{Error, Result};

use crate::files;

/// The binary that Lambda starts.
const BINARY: &str = "bootstrap";

/// What a `Cargo.toml` says of the handler's program.
pub struct Roots {
    pub files: Vec<PathBuf>,
    /// Those on by default, and those that the binary requires: `stackctl build` switches these on.
    pub features: BTreeSet<String>,
}

impl Roots {
    /// <https://doc.rust-lang.org/cargo/reference/cargo-targets.html>
    pub fn of(crate_directory: &Path) -> Result<Roots> {
        let path = crate_directory.join("Cargo.toml");
        let source = files::read_text(&path)?;
        let manifest = source.parse::<Table>().map_err(|error| {
            // Without the line itself: the file may be a link to another one.
            let error = error.message();
            Error::usage(format!("`{}` is not a manifest of cargo", path.display())).cause(error)
        })?;
        let binaries = binaries(&manifest);
        let binary = binaries.iter().find(|binary| text(binary, "name") == Some(BINARY));
        let mut files = match binary.and_then(|binary| text(binary, "path")) {
            Some(path) => vec![crate_directory.join(path)],
            None => found(crate_directory, &manifest),
        };
        files.extend(library(crate_directory, &manifest));
        Ok(Roots { files, features: features(&manifest, binary.copied()) })
    }
}

fn binaries(manifest: &Table) -> Vec<&Table> {
    let listed = manifest.get("bin").and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_table).collect()
}

fn text<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key)?.as_str()
}

/// The file that cargo finds for `bootstrap` by itself; for a crate that has none, those of all its binaries.
fn found(crate_directory: &Path, manifest: &Table) -> Vec<PathBuf> {
    let source = crate_directory.join("src");
    let package = manifest.get("package").and_then(Value::as_table);
    let main = source.join("main.rs");
    let named = [source.join("bin/bootstrap.rs"), source.join("bin/bootstrap/main.rs")];
    if let Some(named) = named.into_iter().find(|path| path.is_file()) {
        return vec![named];
    }
    if package.and_then(|package| text(package, "name")) == Some(BINARY) {
        return vec![main];
    }
    let others = binaries(manifest).into_iter().filter_map(|binary| text(binary, "path"));
    let others = others.map(|path| crate_directory.join(path));
    others.chain([main]).filter(|path| path.is_file()).collect()
}

fn library(crate_directory: &Path, manifest: &Table) -> Option<PathBuf> {
    let path =
        manifest.get("lib").and_then(Value::as_table).and_then(|library| text(library, "path"));
    let path = crate_directory.join(path.unwrap_or("src/lib.rs"));
    path.is_file().then_some(path)
}

/// <https://doc.rust-lang.org/cargo/reference/features.html>
fn features(manifest: &Table, binary: Option<&Table>) -> BTreeSet<String> {
    let table = manifest.get("features").and_then(Value::as_table);
    let list = |table: Option<&Table>, key: &str| -> Vec<String> {
        let values = table.and_then(|table| table.get(key)).and_then(Value::as_array);
        values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut wanted = list(table, "default");
    wanted.push("default".to_owned());
    wanted.extend(list(binary, "required-features"));
    let mut on = BTreeSet::new();
    while let Some(feature) = wanted.pop() {
        // `serde/derive` and `dep:serde` are features of others; `serde/derive` switches `serde` on, too.
        let own = feature.split_once('/').map_or(feature.as_str(), |(name, _)| name);
        if !feature.starts_with("dep:") && !own.ends_with('?') && on.insert(own.to_owned()) {
            wanted.extend(list(table, own));
        }
    }
    on
}
