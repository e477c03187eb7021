//! What is known of a request besides its action and its resource: the condition keys.

use std::collections::BTreeMap;

use super::rule::Rule;
use crate::json::Json;

/// The keys of a request's context. Their names have no case.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    known: BTreeMap<String, Value>,
    others: Others,
}

/// What is so for the keys that the context does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// The context is complete: they are not in the request.
    Absent,
    /// Nobody knows: a real request may hold any value, or none.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Values(Vec<String>),
    /// Two spellings of one key disagree, or the value is not of a kind that a key can have.
    Unclear,
}

/// What a condition finds when it looks a key up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    Values(&'a [String]),
    Absent,
    Unknown,
}

impl Context {
    pub fn new(others: Others) -> Self {
        Context { known: BTreeMap::new(), others }
    }

    /// A complete context from a JSON object of scalars and lists.
    pub fn from_json(json: &Json) -> Option<Self> {
        let Json::Object(members) = json else {
            return None;
        };
        let mut context = Context::new(Others::Absent);
        for (key, value) in members {
            let value = match value {
                Json::Null => continue,
                other => other.scalars().map_or(Value::Unclear, Value::Values),
            };
            context.insert(key, value);
        }
        Some(context)
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.insert(key, Value::Values(vec![value.to_owned()]));
        self
    }

    /// A key with this value, whatever was known of it before.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.known.insert(normal(key), Value::Values(vec![value.to_owned()]));
        self
    }

    /// A key that no such request has.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.insert(key, Value::Values(vec![]));
        self
    }

    /// An empty list is a key without a value, which AWS treats as a key that is not there.
    pub fn get(&self, key: &str) -> Lookup<'_> {
        let found = self.known.get(&normal(key));
        match (found, self.others) {
            (Some(Value::Values(values)), _) if values.is_empty() => Lookup::Absent,
            (Some(Value::Values(values)), _) => Lookup::Values(values),
            (None, Others::Absent) => Lookup::Absent,
            (Some(Value::Unclear), _) | (None, Others::Unknown) => Lookup::Unknown,
        }
    }

    fn insert(&mut self, key: &str, value: Value) {
        let key = normal(key);
        let clash = self.known.get(&key).is_some_and(|other| *other != value);
        self.known.insert(key, if clash { Value::Unclear } else { value });
    }
}

fn normal(key: &str) -> String {
    if Rule::KeysIgnoreCase.holds() { key.to_lowercase() } else { key.to_owned() }
}
