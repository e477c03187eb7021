//! What a resource is called where permissions are given, and under which condition it calls what could widen them. The
//! engine hands both on and understands neither.

use super::Graph;

/// One thing that permissions can be given on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arn {
    /// The cloud's own word for things of this type, with a dash for a space: `table`, `log-group`.
    pub kind: &'static str,
    /// Its whole name, where `*` is anything.
    pub name: String,
}

impl Arn {
    pub fn new(kind: &'static str, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

/// The condition under which a permission is enough for a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The permission: `iam:PassRole`.
    pub action: &'static str,
    /// How the key is compared with the values: `StringEquals`.
    pub operator: &'static str,
    pub key: &'static str,
    /// One of these; without any, the resource needs the permission without this condition.
    pub values: Vec<String>,
}

impl Graph {
    /// What permissions can be given on, of every resource.
    pub fn arns(&self) -> Vec<Arn> {
        self.ids().flat_map(|id| self.node(id).arns()).collect()
    }

    /// The conditions of every resource.
    pub fn limits(&self) -> Vec<Limit> {
        self.ids().flat_map(|id| self.node(id).limits()).collect()
    }
}
