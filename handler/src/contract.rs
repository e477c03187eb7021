//! The contract: what is answered to what, as data, to be replayed against any store and over any transport.
//!
//! `contract.json` is a list of cases, each a list of steps that build on each other. A case uses user ids of its own,
//! so cases may run in any order and beside the data of others; `{run}` in them keeps two runs apart.
//!
//! | in a request | |
//! |---|---|
//! | `method`, `path`, `query` | as they are sent; the path is `/` unless given |
//! | `body` | a JSON document, sent as text |
//! | `raw` | the text of the body itself, JSON or not, as it stands |
//! | `base64` | the bytes of the body, as the gateway gives those that are not text |
//!
//! | in an expectation | |
//! |---|---|
//! | `status` | the status |
//! | `body` | the whole document: an object has these fields and no other |
//! | `headers` | headers that must be there besides the two that every answer has |
//! | `"*"` in a text | any characters; alone, any value |
//! | `"$name"` | any text but an empty one, called `name` from here on; the same text where the name is taken already |
//!
//! In `path`, in `query`, in every text of a `body` and in an expectation, `{name}` stands for what is called so, `{run}` among them,
//! and `{3000*x}` for 3000 times `x`.
//! A case with `"gateway": true` never reaches the handler through an API that has routes of its own.

mod replay;
mod template;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

pub use replay::{Failure, replay};

/// One promise, and the requests that show it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The promise, in words.
    pub name: String,
    /// Whether a gateway with routes of its own answers these requests by itself.
    #[serde(default)]
    pub gateway: bool,
    /// The requests, in their order.
    pub steps: Vec<Step>,
}

/// A request, and what must be answered to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is sent.
    pub request: StepRequest,
    /// What must come back.
    pub expect: Expectation,
}

/// A request, its placeholders not yet filled in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRequest {
    /// The HTTP method.
    pub method: String,
    /// The path.
    #[serde(default = "root")]
    pub path: String,
    /// The query string, escaped as it is sent.
    #[serde(default)]
    pub query: String,
    /// The body, as a JSON document.
    pub body: Option<Value>,
    /// The body, as text.
    pub raw: Option<String>,
    /// The body, as bytes in base64.
    pub base64: Option<String>,
}

/// What an answer must be, besides JSON with a version.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The status.
    pub status: u16,
    /// The whole document.
    pub body: Value,
    /// Headers that must be there too.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// All cases of `contract.json`.
///
/// # Panics
///
/// When the file, which is a part of this crate, does not have the form that is described here.
pub fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../contract.json"))
        .expect("contract.json is a list of cases")
}

fn root() -> String {
    "/".into()
}
