//! The result, in the form of `audit --output json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::keys::{Expiry, KeyUse};
use crate::strings::{Piece, Text};

/// What every Lambda function of a project calls.
#[derive(Debug, Serialize)]
pub struct Report {
    pub functions: Vec<Audited>,
    /// What was not readable.
    #[serde(skip)]
    pub notes: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
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
    /// Whether it is a web server that Lambda starts with an adapter's layer alone.
    #[serde(skip)]
    pub is_server: bool,
    /// The folder of the package.
    #[serde(skip)]
    pub folder: PathBuf,
    /// The folder from which files are named.
    #[serde(skip)]
    pub root: PathBuf,
    /// Where each variable of `env` is read first, as far as that is a line of the program.
    #[serde(skip)]
    pub env_sites: BTreeMap<String, String>,
    /// What the code says of the keys of tables.
    #[serde(skip)]
    pub keys: Vec<KeyUse>,
    #[serde(skip)]
    pub expiries: Vec<Expiry>,
}

impl Audited {
    /// Names all files from another folder, of which its own is a part: `below` leads there.
    pub fn name_files_from(&mut self, root: &Path, below: &str) {
        let named = |site: &mut String| *site = format!("{below}/{site}");
        named(&mut self.main);
        self.calls.iter_mut().for_each(|one| named(&mut one.site));
        self.unresolved.iter_mut().for_each(|one| named(&mut one.site));
        self.env_sites.values_mut().for_each(named);
        self.keys.iter_mut().for_each(|one| named(&mut one.site));
        self.expiries.iter_mut().for_each(|one| named(&mut one.site));
        root.clone_into(&mut self.root);
    }

    /// Whether everything is known, by its calls and by what is unresolved.
    pub fn judged(&self) -> Verdict {
        let is_open = |place: &Option<Place>| matches!(place, Some(Place::Unknown(_)));
        let partly = !self.unresolved.is_empty()
            || self.calls.iter().any(|call| is_open(&call.table) || is_open(&call.index));
        match (partly, self.calls.is_empty()) {
            (false, _) => Verdict::Resolved,
            (true, true) => Verdict::None,
            (true, false) => Verdict::Partly,
        }
    }
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

#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every call and its resource are known.
    Resolved,
    Partly,
    /// Nothing is known for certain.
    #[default]
    None,
}
