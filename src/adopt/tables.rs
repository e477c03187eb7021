//! The tables of a project as `stack.toml` names them.

use std::collections::BTreeSet;

use audit::{Audited, Evidence, Expiry, FoundIndex, FoundKey, FoundTable, Kind, Place};

use crate::config::{self, DATA};

/// One table of the file.
#[derive(Debug, Clone)]
pub struct TableDraft {
    /// What the file calls it.
    pub key: String,
    /// The name, where the code has it as a constant.
    pub name: Option<String>,
    /// The variable from which the code has the name.
    pub env: Option<String>,
    /// A line that uses it.
    pub site: String,
    pub keys: Keys,
    pub indexes: Vec<IndexDraft>,
    pub expiry: Option<Expiry>,
}

/// One index of a table.
#[derive(Debug, Clone)]
pub struct IndexDraft {
    pub name: String,
    /// The variable from which the code has the name.
    pub env: Option<String>,
    pub site: String,
    pub keys: Keys,
}

/// The keys of a table or of an index.
#[derive(Debug, Clone)]
pub struct Keys {
    pub partition: KeyDraft,
    pub sort: Option<KeyDraft>,
    /// Whether a line names the whole key.
    pub is_whole: bool,
}

/// The attribute of a key as the file writes it: `userId`, `createdAt:N`.
#[derive(Debug, Clone)]
pub struct KeyDraft {
    pub text: String,
    pub source: Source,
}

/// How a key is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A line shows it.
    Line(String),
    /// A line names it among others.
    Guess(String),
    Asked,
    Nothing,
}

/// A key that no line shows, and that a person may know.
pub struct Missing<'a> {
    /// Such as `table orders`.
    pub of: String,
    pub key: &'a mut KeyDraft,
}

/// What a key is called where nothing is known of it.
const USUAL: &str = "id";

/// The tables that functions call, and the names that are not known whole.
pub fn of(functions: &[&Audited]) -> (Vec<TableDraft>, BTreeSet<String>) {
    let found: Vec<FoundTable> = audit::tables(functions)
        .into_iter()
        .filter(|table| !matches!(&table.place, Place::Literal(name) if name.starts_with("arn:")))
        .collect();
    let is_only = found.len() == 1;
    let mut taken = BTreeSet::new();
    let drafts = found.into_iter().map(|table| {
        let key = if is_only { DATA.to_owned() } else { free(&key_of(&table.place), &mut taken) };
        draft(key, table)
    });
    let mut tables: Vec<TableDraft> = drafts.collect();
    tables.sort_by(|one, other| one.key.cmp(&other.key));
    let calls = functions.iter().flat_map(|function| &function.calls);
    let open = calls.filter_map(|call| match &call.table {
        Some(Place::Unknown(text)) => Some(format!("{}: {} of {text}", call.site, call.operation)),
        _ => None,
    });
    (tables, open.collect())
}

fn draft(key: String, table: FoundTable) -> TableDraft {
    let (name, env) = match table.place {
        Place::Literal(name) => (Some(name), None),
        Place::Env(variable) => (None, Some(variable)),
        Place::Unknown(_) => (None, None),
    };
    TableDraft {
        key,
        name,
        env,
        site: table.site,
        keys: keys(table.partition, table.sort),
        indexes: table.indexes.into_iter().map(index).collect(),
        expiry: table.expiry,
    }
}

fn index(index: FoundIndex) -> IndexDraft {
    let (name, env) = match index.place {
        Place::Env(variable) => (variable.to_lowercase().replace('_', "-"), Some(variable)),
        Place::Literal(name) | Place::Unknown(name) => (name, None),
    };
    IndexDraft { name, env, site: index.site, keys: keys(index.partition, index.sort) }
}

fn keys(partition: Option<FoundKey>, sort: Option<FoundKey>) -> Keys {
    let is_whole = partition
        .as_ref()
        .is_some_and(|key| matches!(key.evidence, Evidence::Schema | Evidence::Key));
    let nothing = || KeyDraft { text: USUAL.to_owned(), source: Source::Nothing };
    Keys { partition: partition.map_or_else(nothing, key), sort: sort.map(key), is_whole }
}

fn key(found: FoundKey) -> KeyDraft {
    let suffix = match found.kind {
        Some(Kind::N) => ":N",
        Some(Kind::B) => ":B",
        Some(Kind::S) | None => "",
    };
    let source = match found.evidence {
        Evidence::Item => Source::Guess(found.site),
        _ => Source::Line(found.site),
    };
    KeyDraft { text: format!("{}{suffix}", found.attribute), source }
}

/// `ORDERS_TABLE_NAME` and `orders` are `orders`.
fn key_of(place: &Place) -> String {
    const SAYS_NOTHING: [&str; 7] = ["table", "name", "dynamodb", "dynamo", "db", "ddb", "aws"];
    let (Place::Env(name) | Place::Literal(name) | Place::Unknown(name)) = place;
    let words: Vec<String> = name
        .split(['_', '-', '.'])
        .map(str::to_lowercase)
        .filter(|word| !word.is_empty() && !SAYS_NOTHING.contains(&word.as_str()))
        .collect();
    config::better_name(&words.join("-")).unwrap_or_else(|| DATA.to_owned())
}

/// A name like this that is not taken yet.
pub fn free(key: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{key}-{number}"));
    let mut names = std::iter::once(key.to_owned()).chain(numbered);
    names.find(|name| taken.insert(name.clone())).unwrap_or_default()
}

impl KeyDraft {
    /// What a person says.
    pub fn told(text: String) -> Self {
        Self { text, source: Source::Asked }
    }
}

impl TableDraft {
    /// Its section of the file.
    pub fn place(&self) -> String {
        if self.key == DATA { "table".to_owned() } else { format!("tables.{}", self.key) }
    }

    /// The partition keys that no line shows.
    pub fn missing(&mut self) -> impl Iterator<Item = Missing<'_>> {
        let table = self.name.as_ref().or(self.env.as_ref()).unwrap_or(&self.key).clone();
        let own = (format!("table {table}"), &mut self.keys.partition);
        let indexes = self.indexes.iter_mut();
        let indexes = indexes.map(move |index| {
            (format!("index {} of table {table}", index.name), &mut index.keys.partition)
        });
        let all = std::iter::once(own).chain(indexes);
        all.filter(|(_, key)| !matches!(key.source, Source::Line(_)))
            .map(|(of, key)| Missing { of, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_called_like_what_is_in_it() {
        let of = |place: Place| key_of(&place);
        assert_eq!(of(Place::Env("ORDERS_TABLE_NAME".to_owned())), "orders");
        assert_eq!(of(Place::Env("TABLE_NAME".to_owned())), "data");
        assert_eq!(of(Place::Literal("Shop.Sessions".to_owned())), "shop-sessions");
        let mut taken = BTreeSet::new();
        assert_eq!([free("a", &mut taken), free("a", &mut taken)], ["a", "a-2"]);
    }
}
