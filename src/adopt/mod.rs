//! `stack.toml` for a Cargo project that is there already, made from the audit of its source.

mod packages;
mod tables;
mod written;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::{self, API, LAMBDA};
use audit::Audited;
use engine::error::{Error, Result};

pub use tables::{KeyDraft, Missing, TableDraft};

/// A Cargo project with at least one Lambda function.
pub struct Project {
    folder: PathBuf,
    /// The one that the stack takes first.
    functions: Vec<Audited>,
    /// What could not be read.
    pub notes: Vec<String>,
}

/// The stack of a project, before it is written.
pub struct Draft {
    pub functions: Vec<FunctionDraft>,
    pub tables: Vec<TableDraft>,
    /// Calls on tables whose names no line shows whole: `${STAGE}-orders`.
    pub unnamed: BTreeSet<String>,
}

/// One function of the file.
pub struct FunctionDraft {
    /// What the file calls it.
    pub key: String,
    /// From the folder of `stack.toml`.
    pub crate_directory: String,
    pub found: Audited,
}

/// The project of a folder; `None` where there is none, and a new one can be made.
pub fn find(folder: &Path) -> Result<Option<Project>> {
    let packages = packages::below(folder);
    let is_here = packages.first().is_some_and(|package| package == folder);
    let (mut functions, mut notes) = (Vec::new(), Vec::new());
    for package in &packages {
        match audit::audit(package) {
            Ok(report) => {
                functions.extend(report.functions);
                notes.extend(report.notes);
            }
            Err(refused) if is_here => {
                return Err(
                    Error::usage(format!("`{}` cannot be read", folder.display())).cause(refused)
                );
            }
            Err(refused) => notes.push(refused.to_string()),
        }
    }
    if functions.is_empty() {
        return if is_here { Err(no_function(folder)) } else { Ok(None) };
    }
    // Those of the same kind stay in the order of their packages.
    functions.sort_by_key(|one| {
        (one.is_server, one.trigger != "http", one.routes.is_none(), one.calls.is_empty())
    });
    // As the audit names the folders of packages.
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    for function in &mut functions {
        let below = below(&folder, &function.root);
        if below != "." {
            function.name_files_from(&folder, &below);
        }
    }
    Ok(Some(Project { folder, functions, notes }))
}

fn no_function(folder: &Path) -> Error {
    Error::usage(format!("the Cargo project in `{}` has no Lambda function", folder.display()))
        .cause("no binary of it calls `lambda_runtime::run` or `lambda_http::run` from `main`")
        .hint("`stackctl init backend` makes a new function in a folder of its own")
}

impl Project {
    /// A stack with all its functions.
    pub fn draft(self) -> Draft {
        let all: Vec<&Audited> = self.functions.iter().collect();
        let (tables, unnamed) = tables::of(&all);
        let keys = keys_of(&all);
        let functions = self.functions.into_iter().zip(keys);
        let functions = functions.map(|(found, key)| FunctionDraft {
            key,
            crate_directory: below(&self.folder, &found.folder),
            found,
        });
        Draft { functions: functions.collect(), tables, unnamed }
    }
}

impl FunctionDraft {
    /// Its section of the file.
    pub fn place(&self) -> String {
        if self.key == API { "function".to_owned() } else { format!("functions.{}", self.key) }
    }
}

/// A function alone is that of `[function]`. Several are called like their binaries; where these are all `bootstrap`, like
/// their packages.
fn keys_of(functions: &[&Audited]) -> Vec<String> {
    if functions.len() == 1 {
        return vec![API.to_owned()];
    }
    let mut taken = BTreeSet::from([LAMBDA.to_owned()]);
    let key = |function: &&Audited| {
        let name = match function.binary.as_str() {
            "bootstrap" => &function.package,
            binary => binary,
        };
        let key = config::better_name(name).unwrap_or_else(|| "function".to_owned());
        tables::free(&key, &mut taken)
    };
    functions.iter().map(key).collect()
}

/// A path as `stack.toml` writes it.
fn below(folder: &Path, package: &Path) -> String {
    match package.strip_prefix(folder) {
        Ok(rest) if rest != Path::new("") => rest.display().to_string(),
        _ => ".".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_called_like_their_binaries_or_packages() {
        let function = |package: &str, binary: &str| Audited {
            package: package.to_owned(),
            binary: binary.to_owned(),
            ..Audited::default()
        };
        let all = [
            function("get_item", "bootstrap"),
            function("shop", "api"),
            function("shop", "Worker"),
            function("old", "worker"),
        ];
        let all: Vec<&Audited> = all.iter().collect();
        assert_eq!(keys_of(&all), ["get-item", "api", "worker", "worker-2"]);
        assert_eq!(keys_of(&all[..1]), ["api"]);
    }
}
