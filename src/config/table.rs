//! `[table]` and `[tables.NAME]`: what a table is called, its keys, its indexes, its time to live.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use engine::error::{Error, Result};

/// The table of `[table]`, which is short for `[tables.data]`.
pub const DATA: &str = "data";

/// `[table]` as it is written. An empty text says what an absent one says.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct TableKeys {
    pub partition_key: String,
    pub sort_key: Option<String>,
    pub ttl: String,
    pub name: String,
    pub env: String,
    pub point_in_time_recovery: bool,
    pub deletion_protection: bool,
    pub indexes: BTreeMap<String, IndexKeys>,
}

impl Default for TableKeys {
    fn default() -> Self {
        Self {
            partition_key: String::new(),
            sort_key: None,
            ttl: String::new(),
            name: String::new(),
            env: String::new(),
            point_in_time_recovery: true,
            deletion_protection: false,
            indexes: BTreeMap::new(),
        }
    }
}

/// `[table.indexes.NAME]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexKeys {
    pub partition_key: String,
    #[serde(default)]
    pub sort_key: String,
    #[serde(default)]
    pub projection: Projection,
}

/// Which attributes of an item an index has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "`projection` is \"all\", \"keys\" or a list of attributes")]
pub enum Projection {
    /// All of them.
    #[default]
    #[serde(skip)]
    All,
    /// `"all"` or `"keys"`, as they are written.
    Word(Word),
    /// The keys and these.
    Attributes(Vec<String>),
}

/// A projection without a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    All,
    Keys,
}

/// One table of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What `stack.toml` calls it: `data` for `[table]`.
    pub key: String,
    /// What DynamoDB calls it.
    pub name: String,
    /// The variable that tells functions its name.
    pub env: String,
    pub partition: Attribute,
    pub sort: Option<Attribute>,
    /// The attribute with the second since 1970 at which an item expires.
    pub ttl: Option<String>,
    pub indexes: BTreeMap<String, Index>,
    pub recovery: bool,
    pub protection: bool,
}

/// One global secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    pub partition: Attribute,
    pub sort: Option<Attribute>,
    pub projection: Projection,
}

/// One attribute of a key: `userId`, `userId:N` for a number, `userId:B` for binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub kind: AttributeKind,
}

/// What a key attribute may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeKind {
    String,
    Number,
    Binary,
}

impl Table {
    /// The table `key` of a stack, whose tables are called `derived` unless the file names them.
    pub fn of(key: &str, derived: String, keys: TableKeys) -> Result<Self> {
        let place = if key == DATA { "table".to_owned() } else { format!("tables.{key}") };
        let (partition, sort) = match key {
            DATA => ("userId", Some("itemId")),
            _ => ("", None),
        };
        let partition = or(&keys.partition_key, partition);
        if partition.is_empty() {
            return Err(Error::usage(format!("`{place}` has no `partition_key`"))
                .hint("every table has one: `partition_key = \"id\"`"));
        }
        let sort = keys.sort_key.as_deref().or(sort).unwrap_or_default();
        let variable = if key == DATA { "TABLE_NAME".to_owned() } else { variable(key) };
        let index = |(name, index): (String, IndexKeys)| {
            let place = format!("{place}.indexes.{name}");
            Ok((name, Index::of(&place, index)?))
        };
        Ok(Self {
            name: if keys.name.is_empty() { derived } else { keys.name },
            env: or(&keys.env, &variable).to_owned(),
            partition: Attribute::read(&format!("{place}.partition_key"), partition)?,
            sort: optional(&format!("{place}.sort_key"), sort)?,
            ttl: Some(keys.ttl).filter(|attribute| !attribute.is_empty()),
            indexes: keys.indexes.into_iter().map(index).collect::<Result<_>>()?,
            recovery: keys.point_in_time_recovery,
            protection: keys.deletion_protection,
            key: key.to_owned(),
        })
    }

    /// One of which nothing but its name is known: enough to read, to export and to delete it.
    pub fn named(name: &str) -> Self {
        Self {
            key: name.to_owned(),
            name: name.to_owned(),
            env: String::new(),
            partition: Attribute { name: String::new(), kind: AttributeKind::String },
            sort: None,
            ttl: None,
            indexes: BTreeMap::new(),
            recovery: false,
            protection: false,
        }
    }

    /// Its own keys.
    pub fn keys(&self) -> impl Iterator<Item = &Attribute> {
        [Some(&self.partition), self.sort.as_ref()].into_iter().flatten()
    }

    /// Its keys and those of its indexes; one may be part of several.
    pub fn key_attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.keys().chain(self.indexes.values().flat_map(Index::keys))
    }

    /// Where its keys are in the file.
    pub fn place(&self) -> String {
        if self.key == DATA { "table".to_owned() } else { format!("tables.{}", self.key) }
    }
}

impl Index {
    pub fn keys(&self) -> impl Iterator<Item = &Attribute> {
        [Some(&self.partition), self.sort.as_ref()].into_iter().flatten()
    }

    fn of(place: &str, keys: IndexKeys) -> Result<Self> {
        Ok(Self {
            partition: Attribute::read(&format!("{place}.partition_key"), &keys.partition_key)?,
            sort: optional(&format!("{place}.sort_key"), &keys.sort_key)?,
            projection: match keys.projection {
                Projection::Word(Word::All) => Projection::All,
                other => other,
            },
        })
    }
}

impl Attribute {
    fn read(place: &str, text: &str) -> Result<Self> {
        let (name, kind) = match text.rsplit_once(':') {
            None => (text, AttributeKind::String),
            Some((name, "S")) => (name, AttributeKind::String),
            Some((name, "N")) => (name, AttributeKind::Number),
            Some((name, "B")) => (name, AttributeKind::Binary),
            Some((name, _)) => {
                return Err(Error::usage(format!(
                    "`{place} = \"{text}\"` has a type that no key has"
                ))
                .hint(format!(
                    "a key is a string (`{name}`), a number (`{name}:N`) or binary (`{name}:B`)"
                )));
            }
        };
        if name.is_empty() || name.len() > 255 {
            return Err(Error::usage(format!("`{place}` must have 1 to 255 characters")));
        }
        Ok(Self { name: name.to_owned(), kind })
    }
}

/// As plans and `stack.toml` write it.
impl fmt::Display for Attribute {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind } = self;
        match kind {
            AttributeKind::String => write!(out, "{name}"),
            AttributeKind::Number => write!(out, "{name}:N"),
            AttributeKind::Binary => write!(out, "{name}:B"),
        }
    }
}

fn optional(place: &str, text: &str) -> Result<Option<Attribute>> {
    if text.is_empty() { Ok(None) } else { Attribute::read(place, text).map(Some) }
}

fn or<'a>(written: &'a str, otherwise: &'a str) -> &'a str {
    if written.is_empty() { otherwise } else { written }
}

/// `order-items` → `ORDER_ITEMS_TABLE`
fn variable(key: &str) -> String {
    format!("{}_TABLE", key.to_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::config;
    use super::*;

    fn table(keys: &str) -> Table {
        let config = config(&format!("name = \"app\"\n{keys}")).expect("valid");
        config.tables.into_values().last().expect("a table")
    }

    #[test]
    fn a_file_with_a_name_alone_has_the_table_of_the_tutorial() {
        let table = table("");
        assert_eq!((table.name.as_str(), table.env.as_str()), ("app-data", "TABLE_NAME"));
        assert_eq!(table.partition.to_string(), "userId");
        assert_eq!(table.sort.map(|sort| sort.to_string()).as_deref(), Some("itemId"));
    }

    #[test]
    fn a_further_table_has_no_sort_key_unless_it_says_one() {
        let sessions = table("[tables.sessions]\npartition_key = \"id:N\"");
        assert_eq!(
            (sessions.name.as_str(), sessions.env.as_str()),
            ("app-sessions", "SESSIONS_TABLE")
        );
        assert_eq!((sessions.partition.kind, sessions.sort), (AttributeKind::Number, None));
        let error = config("name = \"app\"\n[tables.sessions]").expect_err("no key");
        assert_eq!(error.message, "`tables.sessions` has no `partition_key`");
    }

    #[test]
    fn tables_that_are_listed_are_all_there_are() {
        let config = config(
            "name = \"app\"\n[tables.links]\npartition_key = \"id\"\nname = \"links\"\nenv = \"LINKS\"",
        );
        let tables = config.expect("valid").tables;
        assert_eq!(tables.keys().collect::<Vec<_>>(), ["links"]);
        assert_eq!(
            (tables["links"].name.as_str(), tables["links"].env.as_str()),
            ("links", "LINKS")
        );
        assert!(
            super::super::tests::config("name = \"app\"\n[tables]")
                .expect("valid")
                .tables
                .is_empty()
        );
    }

    #[test]
    fn an_index_has_keys_and_a_projection() {
        let keys = "[table.indexes.byStatus]\npartition_key = \"userId\"\nsort_key = \"status\"\nprojection = [\"title\"]";
        let index = table(keys).indexes.remove("byStatus").expect("the index");
        assert_eq!(index.projection, Projection::Attributes(vec!["title".into()]));
        assert_eq!(index.sort.map(|sort| sort.name).as_deref(), Some("status"));
        let all = table("[table.indexes.byA]\npartition_key = \"a\"\nprojection = \"all\"");
        assert_eq!(all.indexes["byA"].projection, Projection::All);
    }

    #[test]
    fn a_type_that_no_key_has_is_refused() {
        let error =
            config("name = \"app\"\n[table]\npartition_key = \"id:SS\"").expect_err("a set");
        assert_eq!(error.message, "`table.partition_key = \"id:SS\"` has a type that no key has");
    }
}
