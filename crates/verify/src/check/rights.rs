//! Rights of an audited handler: lines that leave something open, what `access` decides of it, and what `access` names for
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::needs::unproven;
use super::probes::service;
use super::sources::Evidence;
use crate::audit::Candidates;
use crate::findings::{Finding, Kind, Severity};
use crate::rights::{Origin, Rights, Undecided};
use crate::services::actions_of;
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
    let binary = Binary::of(evidence);
    let by_access = granted(rights, |from| from == Origin::Access);
    let lines = rights.undecided.iter();
    lines
        .map(|line| {
            let candidates = match &binary {
                Some(binary) => binary.left(&line.candidates),
                None => line.candidates.clone(),
            };
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
    if let (None, Some(binary)) = (&handler.operations, Binary::of(evidence)) {
        findings.extend(against_the_binary(rights, open, &binary));
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

/// Services that something beside the program calls with its role, such as the daemon that sends traces.
const BESIDE_THE_PROGRAM: [&str; 1] = ["xray"];

/// What `access` names and no line may need.
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
            let severity = if BESIDE_THE_PROGRAM.contains(&service(action).as_str()) {
                Severity::Warning
            } else {
                Severity::Error
            };
            findings.push(
                Finding::new(Kind::DeadDeclaration, severity, message)
                    .action(action)
                    .hint("remove it from `access`, or the right stays granted for nothing")
                    .detail("reason", "access"),
            );
        }
    }
    findings
}

/// Operations that the program holds and no line shows, and rights that it refutes.
fn against_the_binary(rights: &Rights, open: &[Open], binary: &Binary) -> Vec<Finding> {
    let known = granted(rights, |_| true);
    let shown = |action: &String| {
        known.contains(action.as_str()) || open.iter().any(|open| open.candidates.includes(action))
    };
    // An operation that needs no right, `sts:GetCallerIdentity` say, is of no concern.
    let unseen = binary
        .operations
        .iter()
        .filter(|(_, actions)| !actions.is_empty() && !actions.iter().any(shown));
    let unseen = unseen.map(|(name, actions)| {
        let message = format!("the linked binary names {name}, which no line of the source calls");
        let services: BTreeSet<String> = actions.iter().map(|action| service(action)).collect();
        let finding = unproven("linked", message).detail("operation", name);
        match services.iter().collect::<Vec<_>>()[..] {
            [service] if service != "dynamodb" => finding.detail("service", service),
            _ => finding,
        }
    });
    let refuted = granted(rights, |from| from == Origin::Audit)
        .into_iter()
        .filter(|action| !binary.may_hold(action));
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

/// What the linked program can call.
struct Binary {
    /// Each operation of the handler's own, with the actions that it may need.
    operations: BTreeMap<String, BTreeSet<String>>,
    /// Those of all operations, also of what the credential chain brings along.
    actions: BTreeSet<String>,
    /// Whether other services than `DynamoDB` are known.
    all_services: bool,
}

impl Binary {
    fn of(evidence: &Evidence) -> Option<Self> {
        let linked = evidence.linked.as_ref();
        let marks = evidence.program.as_ref().filter(|program| !program.held.is_empty());
        if linked.is_none() && marks.is_none() {
            return None;
        }
        let mut operations = BTreeMap::<String, BTreeSet<String>>::new();
        for name in linked.into_iter().flatten() {
            let actions = actions_of("dynamodb", name);
            operations.entry((*name).to_owned()).or_default().extend(actions);
        }
        for held in marks.iter().flat_map(|program| program.of_the_handler()) {
            operations.entry(held.operation.clone()).or_default().extend(held.actions());
        }
        let mut actions: BTreeSet<String> = operations.values().flatten().cloned().collect();
        actions.extend(marks.iter().flat_map(|program| program.actions()));
        Some(Binary { operations, actions, all_services: marks.is_some() })
    }

    /// Whether some operation in the program may need the action; what cannot be told may.
    fn may_hold(&self, action: &str) -> bool {
        self.actions.contains(action) || !(self.all_services || service(action) == "dynamodb")
    }

    /// What it leaves of the actions that a line may need.
    fn left(&self, candidates: &Candidates) -> Candidates {
        match candidates {
            Candidates::These(names) => {
                Candidates::of(names.iter().filter(|name| self.may_hold(name)).cloned())
            }
            Candidates::Any if self.all_services => Candidates::of(self.actions.iter().cloned()),
            Candidates::Any => Candidates::Any,
        }
    }
}

fn granted(rights: &Rights, from: impl Fn(Origin) -> bool) -> BTreeSet<&str> {
    let grants = rights.grants.iter().filter(|grant| from(grant.from));
    grants.flat_map(|grant| &grant.actions).map(String::as_str).collect()
}

/// The services whose SDK crates the source of a handler of our own form names.
fn named_services(evidence: &Evidence) -> BTreeSet<String> {
    let crates = evidence.source.iter().flat_map(|audit| &audit.services);
    crates.filter_map(|(name, _)| audit::prefix_of(name)).collect()
}
