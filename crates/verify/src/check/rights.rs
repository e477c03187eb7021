//! Rights of an audited handler: lines that leave something open, what `access` decides of it, and what `access` names for
//! nothing.

use std::collections::BTreeSet;

use super::needs::unproven;
use super::probes::service;
use super::sources::Evidence;
use crate::audit::Candidates;
use crate::findings::{Finding, Kind, Severity};
use crate::operations::Operation;
use crate::rights::{Origin, Rights, Undecided};
use crate::snapshot::Handler;

/// A line that the audit leaves open, with what the linked binary leaves of it.
pub struct Open<'a> {
    line: &'a Undecided,
    pub candidates: Candidates,
    /// By `access`, or because the binary holds none of what the line may call.
    pub decided: bool,
}

/// The lines of which the audit cannot tell what they need.
pub fn open<'a>(rights: Option<&'a Rights>, evidence: &Evidence) -> Vec<Open<'a>> {
    let Some(rights) = rights else { return vec![] };
    let linked = linked_actions(evidence);
    let by_access = granted(rights, |from| from == Origin::Access);
    let lines = rights.undecided.iter();
    lines
        .map(|line| {
            let candidates = left(&line.candidates, linked.as_ref());
            let decided = match &candidates {
                Candidates::These(names) => {
                    names.iter().all(|name| by_access.contains(name.as_str()))
                        && !(names.is_empty() && line.candidates == candidates)
                }
                Candidates::Any => false,
            };
            Open { line, candidates, decided }
        })
        .collect()
}

pub fn findings(handler: &Handler, open: &[Open], evidence: &Evidence) -> Vec<Finding> {
    let Some(rights) = &handler.rights else { return vec![] };
    let mut findings: Vec<Finding> = open.iter().map(undecided).collect();
    findings.extend(unused_access(rights, open, evidence));
    // Declared operations are compared with the binary by themselves.
    if handler.operations.is_none() {
        findings.extend(against_the_binary(rights, open, evidence));
    }
    findings
}

fn undecided(open: &Open) -> Finding {
    let Undecided { reason, message, site, .. } = open.line;
    let mut finding = unproven(reason, message).source(Some(site.clone()));
    if open.decided {
        finding.severity = Severity::Note;
        return finding.hint("decided by `access` or by the linked binary, not by the source");
    }
    let may = match &open.candidates {
        Candidates::Any => "any action".to_owned(),
        Candidates::These(names) => names.iter().cloned().collect::<Vec<_>>().join(", "),
    };
    finding.hint(format!("name what it needs in `access` of the function: it may need {may}"))
}

/// What `access` names and no line may need. Some calls no audit sees, those of a tracing daemon for one: a warning.
fn unused_access(rights: &Rights, open: &[Open], evidence: &Evidence) -> Vec<Finding> {
    let shown = granted(rights, |from| from != Origin::Access);
    let named = named_services(evidence);
    let mut findings = vec![];
    for grant in rights.grants.iter().filter(|grant| grant.from == Origin::Access) {
        for action in &grant.actions {
            let used = open.iter().any(|open| open.line.candidates.includes(action))
                || named.contains(&service(action));
            if used {
                continue;
            }
            let why = if shown.contains(action.as_str()) {
                "the source decides where it is needed"
            } else {
                "no line of the source may need it"
            };
            let message = format!("`access` names {action} on {}, and {why}", grant.on);
            findings.push(
                Finding::new(Kind::DeadDeclaration, Severity::Warning, message)
                    .action(action)
                    .hint("remove it from `access`, or the right stays granted for nothing")
                    .detail("reason", "access"),
            );
        }
    }
    findings
}

/// Operations that the program holds and no line shows, and rights that it refutes.
fn against_the_binary(rights: &Rights, open: &[Open], evidence: &Evidence) -> Vec<Finding> {
    let (Some(linked), Some(actions)) = (&evidence.linked, linked_actions(evidence)) else {
        return vec![];
    };
    let known = granted(rights, |_| true);
    let shown = |action: &str| {
        known.contains(action) || open.iter().any(|open| open.candidates.includes(action))
    };
    let unseen = linked.iter().filter(|name| !actions_of(name).iter().any(|action| shown(action)));
    let unseen = unseen.map(|name| {
        let message = format!("the linked binary names {name}, which no line of the source calls");
        unproven("linked", message).detail("operation", *name)
    });
    let audited = granted(rights, |from| from == Origin::Audit);
    let refuted = audited
        .into_iter()
        .filter(|action| service(action) == "dynamodb" && !actions.contains(*action));
    let refuted = refuted.map(|action| {
        let message = format!(
            "the source calls what needs {action}, and the linked binary holds no such call"
        );
        let line = rights.grants.iter().find(|grant| grant.actions.iter().any(|one| one == action));
        Finding::error(Kind::DeadDeclaration, message)
            .action(action)
            .source(line.and_then(|grant| grant.sites.first().cloned()))
            .detail("reason", "linked")
    });
    unseen.chain(refuted).collect()
}

fn granted(rights: &Rights, from: impl Fn(Origin) -> bool) -> BTreeSet<&str> {
    let grants = rights.grants.iter().filter(|grant| from(grant.from));
    grants.flat_map(|grant| &grant.actions).map(String::as_str).collect()
}

/// Without the actions of `DynamoDB` for which the program holds no operation.
fn left(candidates: &Candidates, linked: Option<&BTreeSet<String>>) -> Candidates {
    match (candidates, linked) {
        (Candidates::These(names), Some(linked)) => {
            let held = |name: &&String| service(name) != "dynamodb" || linked.contains(*name);
            Candidates::of(names.iter().filter(held).cloned())
        }
        (candidates, _) => candidates.clone(),
    }
}

fn linked_actions(evidence: &Evidence) -> Option<BTreeSet<String>> {
    let linked = evidence.linked.as_ref()?;
    Some(linked.iter().flat_map(|name| actions_of(name)).collect())
}

fn actions_of(operation: &str) -> Vec<String> {
    let actions = Operation::named(operation).map(Operation::possible_actions).unwrap_or_default();
    actions.into_iter().map(|action| format!("dynamodb:{action}")).collect()
}

/// The services whose SDK crates the source of a handler of our own form names.
fn named_services(evidence: &Evidence) -> BTreeSet<String> {
    let crates = evidence.source.iter().flat_map(|audit| &audit.services);
    crates.filter_map(|(name, _)| audit::prefix_of(name)).collect()
}
