//! May this request be made? An evaluator of IAM policies that fails closed.
//!
//! Explicit denials win over allowances, a boundary limits what the policies allow, and nothing is allowed that no
//! statement allows. What cannot be decided is [`Decision::Unproven`].
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

mod arn;
pub mod cases;
mod condition;
mod context;
mod pattern;
mod rule;
mod statement;
mod truth;
mod value;

use std::fmt;

pub use condition::is_operator;
pub use context::{Context, Others};
use rule::Rule;
pub use statement::{applies, names_action, names_resource};
pub use truth::Truth;

use super::document::{Document, Effect, Principal};
use super::json::Json;
use super::parse::{Kind, Malformed};

/// A policy by the name that people know it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub name: String,
    pub document: Result<Document, Malformed>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who asks, where policies of resources say who may.
    pub principal: Option<Principal>,
    pub action: String,
    pub resource: String,
    pub context: Context,
}

/// In the words of `SimulatePrincipalPolicy`, and one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    Allowed,
    ImplicitDeny,
    ExplicitDeny,
    /// Something in the policies or the request is unknown, and it matters.
    Unproven,
}

/// A decision, the statement that made it and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub decision: Decision,
    pub statement: Option<StatementName>,
    pub why: String,
}

/// Where a statement stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct StatementName {
    pub policy: String,
    /// From zero.
    pub index: usize,
    pub sid: Option<String>,
}

/// The longest resource that a simulation accepts.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>
const LONGEST_RESOURCE: usize = 2_048;

/// Policies that are attached to one principal together; a boundary is a second set, empty if there is none.
pub fn evaluate(policies: &[Policy], boundary: &[Policy], request: &Request) -> Answer {
    if let Some(problem) = request.problem() {
        return Answer { decision: Decision::Unproven, statement: None, why: problem };
    }
    let identity = Layer::of(policies, request);
    if boundary.is_empty() {
        return decide(&[identity]);
    }
    let boundary = Layer::of(boundary, request);
    if !Rule::BoundaryLimits.holds() {
        return decide(&[identity]);
    }
    if !Rule::BoundaryGrantsNothing.holds() {
        return decide(&[boundary]);
    }
    decide(&[identity, boundary])
}

impl Policy {
    pub fn read(name: impl Into<String>, kind: Kind, document: &Json) -> Policy {
        Policy { name: name.into(), document: Document::read(kind, document) }
    }
}

impl Request {
    fn problem(&self) -> Option<String> {
        let named = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|character| character.is_ascii_alphanumeric() || character == '-')
        };
        if !self.action.split_once(':').is_some_and(|(service, name)| named(service) && named(name))
        {
            return Some(format!("`{}` is not one action", self.action));
        }
        if self.resource.is_empty() || self.resource.len() > LONGEST_RESOURCE {
            return Some(format!("the resource is not 1 to {LONGEST_RESOURCE} characters long"));
        }
        // `*` is what calls have that name no resource.
        if self.resource != "*" && !arn::is_arn(&self.resource) {
            return Some(format!("the resource `{}` is not an ARN", self.resource));
        }
        None
    }
}

/// What one set of policies says of a request: the strongest denial and the strongest allowance.
struct Layer {
    deny: Match,
    allow: Match,
    malformed: Option<String>,
}

struct Match {
    truth: Truth,
    statement: Option<StatementName>,
}

impl Layer {
    fn of(policies: &[Policy], request: &Request) -> Layer {
        let none = || Match { truth: Truth::No, statement: None };
        let mut layer = Layer { deny: none(), allow: none(), malformed: None };
        for policy in policies {
            match &policy.document {
                Ok(document) => layer.read(&policy.name, document, request),
                Err(error) if Rule::MalformedIsUnproven.holds() => {
                    layer.malformed.get_or_insert_with(|| format!("{}: {error}", policy.name));
                }
                Err(_) => {}
            }
        }
        layer
    }

    fn read(&mut self, policy: &str, document: &Document, request: &Request) {
        for (index, statement) in document.statements.iter().enumerate() {
            let truth = applies(statement, document.version, request);
            let strongest = match statement.effect {
                Effect::Allow => &mut self.allow,
                Effect::Deny => &mut self.deny,
            };
            if truth > strongest.truth {
                let sid = statement.sid.clone();
                *strongest = Match {
                    truth,
                    statement: Some(StatementName { policy: policy.to_owned(), index, sid }),
                };
            }
        }
    }
}

fn decide(layers: &[Layer]) -> Answer {
    let denied = layers.iter().find(|layer| layer.deny.truth == Truth::Yes);
    let allowed = layers.iter().all(|layer| layer.allow.truth == Truth::Yes);
    if let Some(layer) = denied.filter(|_| Rule::ExplicitDenyWins.holds() || !allowed) {
        return answer(Decision::ExplicitDeny, &layer.deny, "a statement denies it");
    }
    if let Some(problem) = layers.iter().find_map(|layer| layer.malformed.clone()) {
        return Answer { decision: Decision::Unproven, statement: None, why: problem };
    }
    let missing = layers.iter().position(|layer| layer.allow.truth == Truth::No);
    if let Some(missing) = missing.filter(|_| Rule::DenyByDefault.holds()) {
        let why =
            if missing == 0 { "no statement allows it" } else { "the boundary does not allow it" };
        return answer(Decision::ImplicitDeny, &layers[0].allow, why);
    }
    if let Some(layer) = layers.iter().find(|layer| layer.deny.truth == Truth::Unknown) {
        return answer(
            Decision::Unproven,
            &layer.deny,
            "whether this statement denies it cannot be decided",
        );
    }
    if let Some(layer) = layers.iter().find(|layer| layer.allow.truth == Truth::Unknown) {
        return answer(
            Decision::Unproven,
            &layer.allow,
            "whether this statement allows it cannot be decided",
        );
    }
    answer(Decision::Allowed, &layers[0].allow, "a statement allows it")
}

fn answer(decision: Decision, deciding: &Match, why: &str) -> Answer {
    Answer { decision, statement: deciding.statement.clone(), why: why.to_owned() }
}

impl Decision {
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Allowed => "allowed",
            Decision::ImplicitDeny => "implicitDeny",
            Decision::ExplicitDeny => "explicitDeny",
            Decision::Unproven => "unproven",
        }
    }
}

impl fmt::Display for StatementName {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match &self.sid {
            Some(sid) => write!(formatter, "{} / {sid}", self.policy),
            None => write!(formatter, "{} / statement {}", self.policy, self.index + 1),
        }
    }
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
