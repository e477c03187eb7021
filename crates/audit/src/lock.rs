//! Which crates depend on which, from `Cargo.lock`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::{Table, Value};

use crate::catalogue::service_of;

/// The graph of `Cargo.lock`; empty when there is none.
#[derive(Default)]
pub struct Lock {
    edges: BTreeMap<String, BTreeSet<String>>,
}

/// What the chain of credentials calls itself; it needs no right of the function.
const OF_THE_CREDENTIALS: [&str; 4] = ["sso", "ssooidc", "sts", "signin"];

impl Lock {
    /// Reads `Cargo.lock` of a folder, or of one above it.
    pub fn near(folder: &Path) -> Self {
        folder
            .ancestors()
            .take(4)
            .map(|folder| folder.join("Cargo.lock"))
            .find(|path| path.is_file())
            .and_then(|path| crate::source::text(&path).ok())
            .and_then(|text| text.parse::<Table>().ok())
            .map(|table| Self::of(&table))
            .unwrap_or_default()
    }

    fn of(table: &Table) -> Self {
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let packages = table.get("package").and_then(Value::as_array);
        for package in packages.into_iter().flatten() {
            let Some(name) = package.get("name").and_then(Value::as_str) else {
                continue;
            };
            let needs = package.get("dependencies").and_then(Value::as_array);
            edges.entry(name.replace('-', "_")).or_default().extend(
                needs
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .filter_map(|text| text.split(' ').next())
                    .map(|name| name.replace('-', "_")),
            );
        }
        Self { edges }
    }

    /// Services of the SDK among what a crate depends on; `None` when nothing is known of the crate.
    pub fn services_behind(&self, name: &str) -> Option<BTreeSet<String>> {
        let mut services: BTreeSet<String> =
            self.behind(name)?.iter().filter_map(|krate| service_of(krate)).collect();
        services.retain(|service| !OF_THE_CREDENTIALS.contains(&service.as_str()));
        Some(services)
    }

    /// Whether a crate depends on another, directly or through others.
    pub fn reaches(&self, name: &str, other: &str) -> bool {
        self.behind(name).is_some_and(|behind| behind.contains(other))
    }

    fn behind(&self, name: &str) -> Option<BTreeSet<String>> {
        self.edges.get(name)?;
        let mut seen = BTreeSet::new();
        let mut waiting = vec![name.to_owned()];
        while let Some(next) = waiting.pop() {
            if !seen.contains(&next) {
                waiting.extend(self.edges.get(&next).into_iter().flatten().cloned());
                seen.insert(next);
            }
        }
        Some(seen)
    }
}
