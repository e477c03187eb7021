//! The result, in the form of `audit --output json`.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use crate::strings::{Piece, Text};

/// What every Lambda function of a project calls.
#[derive(Debug, Serialize)]
pub struct Report {
    pub functions: Vec<Audited>,
    /// What was not readable.
    #[serde(skip)]
    pub notes: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Audited {
    pub package: String,
    pub binary: String,
    pub main: String,
    pub framework: &'static str,
    pub trigger: &'static str,
    pub calls: Vec<Call>,
    pub unresolved: Vec<Unresolved>,
    pub env: BTreeSet<String>,
    pub routes: Option<Vec<String>>,
    pub verdict: Verdict,
}

/// One operation on one resource at one place.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    pub service: String,
    pub operation: String,
    pub actions: Vec<String>,
    pub table: Option<Place>,
    pub index: Option<Place>,
    pub resource: Option<Place>,
    pub site: String,
}

/// How the code comes by the name of a resource.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    Env(String),
    Literal(String),
    Unknown(String),
}

impl Place {
    /// The place that a text names.
    pub fn of(text: &Text) -> Self {
        match text.as_slice() {
            [] => Self::Literal(String::new()),
            [Piece::Literal(literal)] => Self::Literal(literal.clone()),
            [Piece::Variable(name)] => Self::Env(name.clone()),
            pieces => Self::Unknown(
                pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Literal(literal) => literal.clone(),
                        Piece::Variable(name) => format!("${{{name}}}"),
                        Piece::Unknown => "*".to_owned(),
                    })
                    .collect(),
            ),
        }
    }
}

#[derive(Debug, Clone, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unresolved {
    pub reason: String,
    pub candidates: Candidates,
    pub site: String,
}

/// What may be called at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Candidates {
    Any,
    These(BTreeSet<String>),
}

impl Serialize for Candidates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_str("any"),
            Self::These(names) => names.serialize(serializer),
        }
    }
}

#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every call and its resource are known.
    Resolved,
    Partly,
    /// Nothing is known for certain.
    None,
}
