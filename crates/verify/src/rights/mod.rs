//! What one function may do, on what, and how that is known: from a declaration, from the audit of its source, or from
//! `access` in `stack.toml`.

mod access;
mod audited;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::audit::Candidates;
use crate::manifest::{Manifest, Site};
use crate::operations::Operation;
use crate::services::{dynamodb, pascal};
use iam::document::{Document, Statement};

pub use access::AccessError;

/// Everything that a function needs, and the lines that leave it open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Rights {
    pub grants: Vec<Grant>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<Undecided>,
}

/// Actions on one resource, with the lines that call them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub struct Grant {
    pub on: On,
    /// With their service: `dynamodb:GetItem`.
    pub actions: Vec<String>,
    pub from: Origin,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<Site>,
}

/// What actions are granted on. Tables are named by their key in `stack.toml`, or by an ARN if they are not of the stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    Table(String),
    /// A table and the name of its index.
    Index(String, String),
    /// A table and what follows in an ARN below it: `backup/*`.
    Below(String, String),
    /// The global table of that table's name.
    GlobalTable(String),
    /// An ARN, in which `${partition}`, `${region}` and `${account}` are those of the stack; or `*`.
    Arn(String),
}

/// Who says that a right is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// `operations!`
    Declaration,
    /// The audit of the source.
    Audit,
    /// The stack itself: what AWS does with the role on behalf of the function, such as logs and triggers.
    Stack,
    /// `access` in `stack.toml`, which no source verifies.
    Access,
}

/// A line of which the audit cannot tell what it calls, or on what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub struct Undecided {
    /// One word: `call`, `table`, `index`, `resource`, `partiql`.
    pub reason: String,
    pub message: String,
    /// The actions that the line may need, with their service.
    pub candidates: Candidates,
    pub site: Site,
}

/// What the names in a function's source stand for.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub tables: Vec<Table>,
    /// The environment of the function, as the stack sets it.
    pub environment: BTreeMap<String, String>,
}

/// One table of the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What `stack.toml` calls it.
    pub key: String,
    /// What DynamoDB calls it.
    pub name: String,
    /// The environment variable that holds the name.
    pub env: String,
    pub indexes: BTreeSet<String>,
}

/// Where a stack is: what turns names into ARNs.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub partition: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    /// DynamoDB's names of the tables, by their keys.
    pub tables: &'a BTreeMap<String, String>,
}

impl Rights {
    /// What the operations that a handler declares need on its table.
    pub fn of_manifest(manifest: &Manifest, table: &str) -> Self {
        let mut rights = Rights::default();
        for declaration in &manifest.operations {
            let operation = Operation::named(declaration.operation);
            for action in operation.map(Operation::possible_actions).unwrap_or_default() {
                let on = dynamodb::on(action, table, None);
                let action = format!("dynamodb:{action}");
                rights.add(Origin::Declaration, on, vec![action], Some(&declaration.site));
            }
        }
        rights
    }

    /// Whether there is nothing to grant; IAM takes no document without statements.
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// The policy: a statement for each resource, and one for all that take the same actions outside of the stack.
    pub fn document(&self, place: &Place) -> Document {
        let mut granted: Vec<(&On, String, Vec<&str>)> = vec![];
        for grant in &self.grants {
            let arn = place.arn(&grant.on);
            let known = granted.iter().position(|(_, known, _)| *known == arn);
            let at = known.unwrap_or_else(|| {
                granted.push((&grant.on, arn, vec![]));
                granted.len() - 1
            });
            for action in &grant.actions {
                if !granted[at].2.contains(&action.as_str()) {
                    granted[at].2.push(action);
                }
            }
        }
        let one_table = self.grants.iter().filter_map(|grant| grant.on.table());
        let one_table = one_table.collect::<BTreeSet<_>>().len() < 2;
        let mut statements: Vec<(String, Vec<&str>, Vec<String>)> = vec![];
        for (on, arn, actions) in granted {
            let sid = on.sid(one_table, actions.first().copied().unwrap_or_default());
            let elsewhere = on.table().is_none();
            let same = statements
                .iter_mut()
                .find(|(known, same, _)| elsewhere && *known == sid && *same == actions);
            match same {
                Some((.., arns)) => arns.push(arn),
                None => statements.push((sid, actions, vec![arn])),
            }
        }
        let mut seen = BTreeMap::<String, usize>::new();
        let statements = statements.into_iter().map(|(sid, actions, arns)| {
            let count = seen.entry(sid.clone()).or_default();
            *count += 1;
            let sid = if *count == 1 { sid } else { format!("{sid}{count}") };
            Statement::allow(&sid, actions, arns.iter().map(String::as_str))
        });
        Document::new(statements.collect())
    }

    /// Adds what AWS does with the role on behalf of the function.
    pub fn add_stack(&mut self, needed: &[(On, &[&str])]) {
        for (on, actions) in needed {
            let actions = actions.iter().map(|action| (*action).to_owned()).collect();
            self.add(Origin::Stack, on.clone(), actions, None);
        }
    }

    /// Adds one right; a line that needs the same as another one joins it.
    pub fn add(&mut self, from: Origin, on: On, actions: Vec<String>, site: Option<&Site>) {
        if actions.is_empty() {
            return;
        }
        let same =
            |known: &&mut Grant| known.on == on && known.from == from && known.actions == actions;
        if let Some(known) = self.grants.iter_mut().find(same) {
            known.sites.extend(site.filter(|site| !known.sites.contains(site)).cloned());
            return;
        }
        self.grants.push(Grant { on, actions, from, sites: site.cloned().into_iter().collect() });
    }
}

impl On {
    /// The table that this is, or is a part of.
    pub fn table(&self) -> Option<&str> {
        match self {
            On::Table(table)
            | On::GlobalTable(table)
            | On::Index(table, _)
            | On::Below(table, _) => Some(table),
            On::Arn(_) => None,
        }
    }

    fn sid(&self, one_table: bool, action: &str) -> String {
        let table = |key: &str| {
            let key = key.rsplit(['/', ':']).next().unwrap_or(key);
            let key = if one_table { String::new() } else { pascal(key) };
            format!("AllowDynamoDBAccess{key}")
        };
        match self {
            On::Table(key) => table(key),
            On::Index(key, index) => format!("{}Index{}", table(key), pascal(index)),
            On::Below(key, part) => format!("{}{}", table(key), pascal(part)),
            On::GlobalTable(key) => format!("{}Global", table(key)),
            On::Arn(arn) if arn.contains(":parameter/stackctl/") => "Secrets".to_owned(),
            On::Arn(_) => {
                let service = action.split(':').next().unwrap_or_default();
                let service = if service == "dynamodb" { "DynamoDB" } else { service };
                format!(
                    "Allow{}Access{}",
                    pascal(service),
                    if service == "DynamoDB" { "Other" } else { "" }
                )
            }
        }
    }
}

impl Place<'_> {
    pub fn arn(&self, on: &On) -> String {
        match on {
            On::Table(table) => self.table(table),
            On::Index(table, index) => format!("{}/index/{index}", self.table(table)),
            On::Below(table, part) => format!("{}/{part}", self.table(table)),
            On::GlobalTable(table) => {
                let table = self.table(table);
                let name = table.rsplit('/').next().unwrap_or_default();
                format!("arn:{}:dynamodb::{}:global-table/{name}", self.partition, self.account)
            }
            On::Arn(arn) => arn
                .replace("${partition}", self.partition)
                .replace("${region}", self.region)
                .replace("${account}", self.account),
        }
    }

    /// The ARN of a table, by its key; one that is named by its ARN has that ARN.
    fn table(&self, key: &str) -> String {
        if key.starts_with("arn:") {
            return key.to_owned();
        }
        let name = self.tables.get(key).map_or(key, String::as_str);
        let Place { partition, region, account, .. } = self;
        format!("arn:{partition}:dynamodb:{region}:{account}:table/{name}")
    }
}

impl fmt::Display for On {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            On::Table(table) => write!(formatter, "table {table}"),
            On::Index(table, index) => write!(formatter, "index {index} of table {table}"),
            On::Below(table, part) => write!(formatter, "{part} of table {table}"),
            On::GlobalTable(table) => write!(formatter, "global table {table}"),
            On::Arn(arn) => formatter.write_str(arn),
        }
    }
}

#[cfg(test)]
mod tests;
