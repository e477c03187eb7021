//! Which attributes the code takes for the keys of its tables and indexes.
//!
//! Nothing in a program declares the keys of a table, so this is evidence: a whole key that a call names, the condition of
//! a query, what must not exist before a write, the attributes of an item. [`tables`] weighs it.

mod condition;
mod gathered;
mod weighed;

use serde::Serialize;

use crate::report::Place;

pub use condition::{exists, key_condition};
pub use gathered::Gathered;
pub use weighed::{FoundIndex, FoundKey, FoundTable, tables};

/// What a request says of the attributes of its table or index.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Said {
    /// The names in a whole key: `.key("id", …)`, `.set_key(…)`.
    pub key: Vec<String>,
    /// The attributes of an item that is written.
    pub item: Vec<String>,
    /// `.key_condition_expression(…)`
    pub conditions: Vec<String>,
    /// `.condition_expression(…)`
    pub checks: Vec<String>,
    /// The keys of a table that the program makes: the partition key first.
    pub schema: Vec<String>,
    /// The attribute of `UpdateTimeToLive`.
    pub expiry: Option<String>,
}

impl Said {
    pub fn join(&mut self, other: &Self) {
        extend(&mut self.key, &other.key);
        extend(&mut self.item, &other.item);
        extend(&mut self.conditions, &other.conditions);
        extend(&mut self.checks, &other.checks);
        extend(&mut self.schema, &other.schema);
        if self.expiry.is_none() {
            self.expiry.clone_from(&other.expiry);
        }
    }
}

/// Adds what is new, in its order.
pub fn extend(known: &mut Vec<String>, more: &[String]) {
    for one in more {
        if !known.contains(one) {
            known.push(one.clone());
        }
    }
}

/// How much a line tells of the keys; the first is worth most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// The program makes the table.
    Schema,
    /// The condition of a query.
    Condition,
    /// A whole key.
    Key,
    /// A write that expects an attribute to be there, or not to be.
    Check,
    /// An item that is written: any of its attributes may be the key.
    Item,
}

/// The type of a key's attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Kind {
    S,
    N,
    B,
}

/// One line that says something of keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyUse {
    pub table: Place,
    pub index: Option<Place>,
    pub evidence: Evidence,
    /// The partition key first, as far as their order tells; `None` where the type is not seen.
    pub attributes: Vec<(String, Option<Kind>)>,
    pub site: String,
}

/// The attribute at which the items of a table expire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry {
    pub table: Place,
    pub attribute: String,
    /// Whether the program sets it for the table; else it is called like one.
    pub is_set: bool,
    pub site: String,
}
