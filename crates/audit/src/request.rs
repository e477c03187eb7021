//! Requests to AWS, as a program builds them up.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::keys::Said;
use crate::strings::Texts;

/// A request to AWS under construction, or a part of one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Request {
    pub service: Rc<str>,
    /// What is requested; for a part, the name of its type, such as `KeysAndAttributes`.
    pub kind: Kind,
    pub site: (usize, usize),
    pub table: Option<Rc<Texts>>,
    pub index: Option<Rc<Texts>>,
    pub resource: Option<Rc<Texts>>,
    /// What it says of keys.
    pub said: Said,
    /// Actions of a transaction's members, with their tables.
    pub members: BTreeSet<(String, Option<Rc<Texts>>)>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Kind {
    /// Made by a method of a client: it is a call.
    Operation(Rc<str>),
    /// `PutItemInput::builder()`: a call once it is given to a client.
    Input(Rc<str>),
    /// A waiter polls this operation.
    Part(Rc<str>),
}

impl Request {
    /// One of which nothing is said yet.
    pub fn new(service: Rc<str>, kind: Kind, site: (usize, usize)) -> Self {
        Self {
            service,
            kind,
            site,
            table: None,
            index: None,
            resource: None,
            said: Said::default(),
            members: BTreeSet::new(),
        }
    }

    /// A request that was built up in one branch or the other.
    pub fn or(&self, other: &Self) -> Self {
        let text = |one: &Option<Rc<Texts>>, other: &Option<Rc<Texts>>| match (one, other) {
            (Some(one), Some(other)) => Some(Rc::new(one.or(other))),
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        let mut said = self.said.clone();
        said.join(&other.said);
        Self {
            said,
            table: text(&self.table, &other.table),
            index: text(&self.index, &other.index),
            resource: text(&self.resource, &other.resource),
            members: self.members.union(&other.members).cloned().collect(),
            ..self.clone()
        }
    }
}
