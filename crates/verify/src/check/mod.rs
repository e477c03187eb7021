//! The decision: what the role may do against what the handler does.
//!
//! Where every grant is literal, the allowed requests are finite and equality with the needed ones is exact. Elsewhere the
//! grants are tried with every action of the catalogue on neighbouring resources, and the result is called sampled.

mod attachments;
mod excess;
mod family;
mod invoke;
mod missing;
mod needs;
mod probes;
mod rights;
mod role;
mod services;
mod sources;
mod statements;
mod trust;

use std::collections::BTreeSet;

use serde::Serialize;

use excess::Excess;
pub use needs::{Need, Needs};
use probes::{is_wild, service};
use role::Role;
pub use sources::{Evidence, Sets};

use super::audit::Audit;
use super::catalogue::Catalogue;
use super::findings::{Finding, Severity};
use super::rights::Origin;
use super::snapshot::{Handler, Snapshot};
use iam::document::Scope;
use iam::eval::{Answer, Decision};

/// The result of a check.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    #[serde(rename = "verdict")]
    pub outcome: Outcome,
    pub findings: Vec<Finding>,
    /// Pairs of action and resource that were decided.
    pub probed: usize,
    /// Those of them that are allowed and not needed.
    pub excess: usize,
    /// The actions that are needed, and those that are granted on what needs them.
    pub needed: BTreeSet<String>,
    pub granted: BTreeSet<String>,
    /// The rights that `access` in the file names alone: no source verifies them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub access: BTreeSet<String>,
    pub operations: Sets,
    pub catalogue: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All that is needed and nothing else: the grants are finite, and equality was decided.
    Proven,
    /// No excess was found, and the grants have wildcards or conditions.
    Sampled,
    Findings,
    /// Nothing is known to be wrong, and something is not known.
    Unproven,
}

/// Judges a snapshot, with whatever else is known of the handler.
pub fn check(snapshot: &Snapshot, evidence: &Evidence) -> Verdict {
    let mut evidence = evidence.clone();
    if let (Some(source), None) = (&snapshot.handler.source, &evidence.source) {
        evidence.source = Some(Audit::of_snippet(&source.language, &source.text));
    }
    let role = Role::new(&snapshot.stack, &snapshot.documents);
    let declared = declared(&snapshot.handler);
    let sets = Sets::new(declared, &evidence, snapshot.handler.rights.as_ref());
    let mut needs = needed(snapshot, &evidence);
    needs.add_logs(&snapshot.stack);
    let open = rights::open(snapshot.handler.rights.as_ref(), &evidence);
    for line in open.iter().filter(|line| !line.decided) {
        needs.allow_for(&line.candidates);
    }
    let excess = Excess::of(&role, &needs);

    let mut findings = std::mem::take(&mut needs.findings);
    findings.extend(sources::findings(&sets, &evidence, snapshot.handler.rights.as_ref()));
    findings.extend(rights::findings(&snapshot.handler, &open, &evidence));
    findings.extend(missing::unreadable(&role));
    findings.extend(missing::findings(&role, &needs));
    findings.extend(excess.findings(&role, &needs));
    findings.extend(services::findings(&role, &needs));
    findings.extend(statements::findings(&role, &needs, &excess));
    findings.extend(attachments::findings(&role, &needs, snapshot));
    findings.extend(trust::findings(&snapshot.documents.trust_policy, &snapshot.stack));
    findings
        .extend(invoke::findings(&snapshot.documents.function_resource_policy, &snapshot.stack));
    let findings = in_order(findings);
    Verdict {
        outcome: outcome(&findings, is_finite(&role, &needs)),
        probed: excess.probed,
        excess: excess.proven().filter(|extra| !needs.possible.includes(extra.name())).count(),
        needed: actions(&needs, |_| true),
        granted: actions(&needs, |need| role.may_all(need).decision == Decision::Allowed),
        access: rights_by_access(&needs),
        findings,
        operations: sets,
        catalogue: &Catalogue::dynamodb().date,
    }
}

/// `sqs:SendMessage on arn:…`
fn rights_by_access(needs: &Needs) -> BTreeSet<String> {
    let by_access = needs.required.iter().filter(|need| need.from == Origin::Access);
    by_access.map(|need| format!("{} on {}", need.action, need.resource)).collect()
}

/// May the role make this request, and which statement decides?
pub fn explain(snapshot: &Snapshot, action: &str, resource: &str) -> Answer {
    Role::new(&snapshot.stack, &snapshot.documents).may(action, resource)
}

/// The same for a request of which these condition keys are known, too.
pub fn simulate(
    snapshot: &Snapshot,
    action: &str,
    resource: &str,
    known: &[(String, String)],
) -> Answer {
    Role::new(&snapshot.stack, &snapshot.documents).knowing(known).may(action, resource)
}

/// What the role must be able to do with the table; the log permissions are not among it.
pub fn needed(snapshot: &Snapshot, evidence: &Evidence) -> Needs {
    let Handler { operations, rights, .. } = &snapshot.handler;
    let mut needs = match (operations, &evidence.source) {
        (Some(calls), _) => {
            Needs::of_calls(calls, &snapshot.stack, |operation| evidence.site(operation))
        }
        (None, Some(audit)) if rights.is_none() => {
            Needs::of_source(audit, evidence.linked.as_ref(), &snapshot.stack)
        }
        (None, _) => Needs::default(),
    };
    if let Some(rights) = rights {
        needs.add_rights(rights, &snapshot.stack);
    }
    needs
}

impl Verdict {
    /// The same verdict, with findings from elsewhere.
    #[must_use]
    pub fn with(mut self, findings: Vec<Finding>) -> Self {
        let finite = self.outcome == Outcome::Proven;
        let sound = matches!(self.outcome, Outcome::Proven | Outcome::Sampled);
        self.findings.extend(findings);
        self.findings = in_order(self.findings);
        let outcome = outcome(&self.findings, finite);
        if !sound || !matches!(outcome, Outcome::Proven | Outcome::Sampled) {
            self.outcome = outcome;
        }
        self
    }

    /// 0, 3 or 4, as the verb exits; with `strict`, warnings and notes count as well.
    pub fn exit_code(&self, strict: bool) -> u8 {
        match self.outcome {
            Outcome::Proven | Outcome::Sampled if strict && !self.findings.is_empty() => 3,
            Outcome::Proven | Outcome::Sampled => 0,
            Outcome::Findings => 3,
            Outcome::Unproven => 4,
        }
    }
}

fn declared(handler: &Handler) -> Option<BTreeSet<String>> {
    let calls = handler.operations.as_ref()?;
    Some(calls.iter().map(|call| call.operation.clone()).collect())
}

fn actions(needs: &Needs, keep: impl Fn(&Need) -> bool) -> BTreeSet<String> {
    needs.required.iter().filter(|need| keep(need)).map(|need| need.action.clone()).collect()
}

fn outcome(findings: &[Finding], finite: bool) -> Outcome {
    let errors = || findings.iter().filter(|finding| finding.severity == Severity::Error);
    if errors().any(|finding| !finding.is_doubt()) {
        Outcome::Findings
    } else if errors().next().is_some() {
        Outcome::Unproven
    } else if finite {
        Outcome::Proven
    } else {
        Outcome::Sampled
    }
}

/// Whether all grants are literal, or are what is needed. Log streams are named by Lambda and some actions take no ARN, so their wildcards are
/// the exact claim.
fn is_finite(role: &Role, needs: &Needs) -> bool {
    role.allows().all(|placed| {
        let Scope::Only(actions) = &placed.statement.actions else { return false };
        let Some(Scope::Only(resources)) = &placed.statement.resources else { return false };
        let literal = |text: &String| !is_wild(text) && !text.contains("${");
        let logs = actions.iter().all(|action| service(action) == "logs");
        let no_arn = actions.iter().all(|action| statements::takes_no_arn(action));
        // What a bucket holds, and a secret whose name AWS completes, are needed with a wildcard.
        let needed = |resource: &String| {
            actions
                .iter()
                .all(|action| service(action) != "dynamodb" && needs.names(action, resource))
        };
        let exact = logs
            || no_arn
            || resources.iter().all(|resource| literal(resource) || needed(resource));
        exact && actions.iter().all(literal) && placed.statement.conditions.is_empty()
    })
}

/// The worst first, and each once.
fn in_order(findings: Vec<Finding>) -> Vec<Finding> {
    let mut unique: Vec<Finding> = vec![];
    for finding in findings {
        if !unique.contains(&finding) {
            unique.push(finding);
        }
    }
    unique.sort_by_key(|finding| finding.severity);
    unique
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod several;
#[cfg(test)]
mod tests;
