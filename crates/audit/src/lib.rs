//! What a Cargo project calls on AWS, read from its source: no build, no cloud, no file but the project's own.
//!
//! The pipeline, each stage data for the next:
//!
//! ```text
//! Cargo.toml ──> Project ──> Index ──> Findings ──> Report
//!  package.rs     modules.rs   items.rs    interp/     assemble.rs
//! ```
//!
//! - **`package`** finds the packages of a folder, their binaries, and what they depend on by path; `lock` reads from
//!   `Cargo.lock` which other crates have the SDK behind them.
//! - **`modules`** reads the files that `mod` reaches, without what `cfg` leaves out of a Lambda function (`conditions`),
//!   into the tables of **`items`**; `macros` expands the project's own `macro_rules!` and parses the arguments of others.
//! - **`imports`** follows the imports of all modules at once; **`names`** and **`types`** resolve paths and types. Wrappers such as `Arc<T>`, `Option<T>` or `State<T>` are their `T`.
//! - **`interp`** follows each binary from its `main` with abstract **values**: texts (`strings`), clients, requests,
//!   records, closures. A function is evaluated once for each different set of arguments, so that a helper knows for each
//!   caller which table it is given. All branches are taken. Where a value says nothing, its declared type does.
//!   Values share their parts, and each part keeps its hash, so that no walk of them repeats; what is nested too deeply is
//!   kept side by side.
//! - **`assemble`** makes the report: operations, IAM actions (`catalogue`), tables, indexes, routes, triggers.
//!
//! **Never silent.** A call is listed, or an unresolved place says what may be called there: where the type of a receiver
//! is not known, where a macro or file cannot be read, where a crate that is not read has the SDK behind it.

mod assemble;
mod catalogue;
mod conditions;
mod declarations;
mod imports;
mod interp;
mod items;
mod keys;
mod lock;
mod macros;
mod modules;
mod names;
mod package;
mod policy;
mod reach;
mod report;
mod request;
mod serialized;
mod source;
mod strings;
#[cfg(all(test, feature = "sweep"))]
mod sweep;
mod types;
mod value;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::Path;

pub use catalogue::{actions_named, actions_of, actions_under, operations, prefix_of, service_of};
pub use keys::{Evidence, Expiry, FoundIndex, FoundKey, FoundTable, KeyUse, Kind, tables};
pub use policy::policy;
pub use report::{Audited, Call, Candidates, Place, Report, Unresolved, Verdict};
pub use source::lexable;
pub use strings::partiql;

/// Why a project cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(String);

impl Refused {
    fn new(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// Room for expressions as deep as they are followed.
const STACK: usize = 512 << 20;

/// Audits the Cargo package or workspace of a folder.
///
/// # Errors
/// When there is no readable `Cargo.toml`.
pub fn audit(folder: &Path) -> Result<Report, Refused> {
    let folder = folder.to_owned();
    let worker = std::thread::Builder::new()
        .name("audit".to_owned())
        .stack_size(STACK)
        .spawn(move || audit_here(&folder))
        .map_err(|error| Refused::new(format!("no thread could be started: {error}")))?;
    worker
        .join()
        .map_err(|_| Refused::new("the audit failed: this is a fault of stackctl".to_owned()))?
}

fn audit_here(folder: &Path) -> Result<Report, Refused> {
    let project = package::find(folder)?;
    let index = audited_index(&project);
    let report = assemble::report(&project, &index);
    // Trees as deep as a hostile file makes them are not worth walking once more.
    std::mem::forget(index);
    Ok(report)
}

/// Reads all crates of a project.
fn audited_index(project: &package::Project) -> items::Index {
    let mut index = items::Index::default();
    let mut rules = macros::rules::Book::default();
    read_libraries(project, &mut index, &mut rules);
    for package in &project.audited {
        for (at, binary) in project.packages[*package].binaries.iter().enumerate() {
            let krate =
                modules::read_crate(&mut index, &mut rules, project, *package, &binary.path);
            index.binaries.insert((*package, at), krate);
        }
    }
    index.link();
    macros::read_all(&mut index, &rules);
    if rules.is_spent() {
        index.doubt_all("the macros of the project make more than is read here: 1,000,000 tokens");
    }
    index
}

/// Reads the libraries that the binaries can reach.
fn read_libraries(
    project: &package::Project,
    index: &mut items::Index,
    rules: &mut macros::rules::Book,
) {
    let mut reached = BTreeSet::new();
    let mut waiting = project.audited.clone();
    while let Some(package) = waiting.pop() {
        if reached.insert(package) {
            waiting.extend(project.packages[package].dependencies.values().filter_map(|one| {
                match one {
                    package::Dependency::Member(id) => Some(*id),
                    package::Dependency::Foreign(_) => None,
                }
            }));
        }
    }
    // What others depend on first, so that its macros are known to them.
    for package in reached.iter().rev() {
        if let Some(library) = &project.packages[*package].library {
            let krate = modules::read_crate(index, rules, project, *package, &library.path);
            index.libraries.insert(*package, krate);
        }
    }
    index.dependencies = project
        .packages
        .iter()
        .enumerate()
        .map(|(at, package)| {
            let mut names: HashMap<String, items::Reached> = package
                .dependencies
                .iter()
                .filter_map(|(name, dependency)| {
                    let reached = match dependency {
                        package::Dependency::Member(id) => {
                            items::Reached::Library(*index.libraries.get(id)?)
                        }
                        package::Dependency::Foreign(real) => items::Reached::Foreign(real.clone()),
                    };
                    Some((name.clone(), reached))
                })
                .collect();
            if let (Some(library), Some(krate)) = (&package.library, index.libraries.get(&at)) {
                names.insert(library.name.clone(), items::Reached::Library(*krate));
            }
            names
        })
        .collect();
}
