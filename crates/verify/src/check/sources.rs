//! Four sources say which operations the handler calls; where they disagree, one of them is wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::needs::unproven;
use crate::audit::Audit;
use crate::findings::{Finding, Kind, Severity};
use crate::linked::Program;
use crate::manifest::{Manifest, Site};
use crate::rights::{Origin, Rights};

/// What is known of the handler besides the snapshot. Everything that is absent is simply not compared.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The lines that declare the operations.
    pub declared: BTreeMap<&'static str, Site>,
    /// The calls in the source.
    pub source: Option<Audit>,
    /// The operations in the linked binary.
    pub linked: Option<BTreeSet<&'static str>>,
    /// The operations of all services in the linked binary; `linked` alone is of every SDK, and of `DynamoDB` alone.
    pub program: Option<Program>,
    /// The operations that the contract tests made.
    pub recorded: Option<BTreeSet<String>>,
}

/// The operations by where they were found, to be shown side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sets {
    pub declared: Option<BTreeSet<String>>,
    pub source: Option<BTreeSet<String>>,
    pub linked: Option<BTreeSet<String>>,
    pub recorded: Option<BTreeSet<String>>,
}

impl Evidence {
    pub fn declared_by(manifest: &Manifest) -> Self {
        let lines = manifest
            .operations
            .iter()
            .map(|declaration| (declaration.operation, declaration.site.clone()));
        Evidence { declared: lines.collect(), ..Evidence::default() }
    }

    pub fn site(&self, operation: &str) -> Option<Site> {
        let called = self
            .source
            .iter()
            .flat_map(|audit| &audit.calls)
            .find(|found| found.call.operation == operation);
        called.map(|found| found.site.clone()).or_else(|| self.declared.get(operation).cloned())
    }
}

impl Sets {
    /// Of a handler that declares nothing, the source and the linked program are known by the actions that they need:
    /// those of `DynamoDB` by their names, others with their service.
    pub fn new(
        declared: Option<BTreeSet<String>>,
        evidence: &Evidence,
        rights: Option<&Rights>,
    ) -> Self {
        let rights = rights.filter(|_| declared.is_none());
        let audited = rights.map(by_audit);
        let program = evidence.program.as_ref().filter(|program| !program.held.is_empty());
        let held = program.map(|program| held(program, audited.as_ref()));
        let owned =
            |names: &BTreeSet<&'static str>| names.iter().map(|name| (*name).to_owned()).collect();
        Sets {
            declared,
            source: evidence.source.as_ref().map(Audit::operations).or(audited),
            linked: evidence.linked.as_ref().map(owned).or(held),
            recorded: evidence.recorded.clone(),
        }
    }
}

fn by_audit(rights: &Rights) -> BTreeSet<String> {
    let grants = rights.grants.iter().filter(|grant| grant.from == Origin::Audit);
    grants.flat_map(|grant| &grant.actions).map(|action| short(action)).collect()
}

fn held(program: &Program, audited: Option<&BTreeSet<String>>) -> BTreeSet<String> {
    let mut held = BTreeSet::new();
    for one in program.of_the_handler() {
        let actions = one.actions().into_iter().map(|action| short(&action));
        // Of an operation that several services have, those that the source shows are meant.
        let is_certain = one.services.len() == 1;
        held.extend(
            actions
                .filter(|action| is_certain || audited.is_some_and(|shown| shown.contains(action))),
        );
    }
    held
}

fn short(action: &str) -> String {
    action.strip_prefix("dynamodb:").unwrap_or(action).to_owned()
}

/// What the source hides, and what the four sets disagree about.
pub fn findings(sets: &Sets, evidence: &Evidence, rights: Option<&Rights>) -> Vec<Finding> {
    let mut findings = doubts(evidence, rights);
    if let Some(declared) = &sets.declared {
        findings.extend(undeclared(declared, sets, evidence));
        findings.extend(dead(declared, sets, evidence));
    }
    findings
}

/// Lines that cannot be resolved are in doubt, unless the linked binary holds nothing that the rest does not show.
fn doubts(evidence: &Evidence, rights: Option<&Rights>) -> Vec<Finding> {
    let Some(source) = &evidence.source else { return vec![] };
    let severity = if evidence.linked.is_some() { Severity::Note } else { Severity::Error };
    let unresolved = source.unresolved.iter().map(|doubt| {
        let mut finding = unproven(doubt.reason, &doubt.message).source(Some(doubt.site.clone()));
        // What the calls ask for, and on what, the binary does not show.
        let shown =
            !["partiql", "transaction", "index", "syntax", "language"].contains(&doubt.reason);
        finding.severity = if shown { severity } else { Severity::Error };
        finding.hint("declare the call with operations!, or verify with the linked binary as well")
    });
    // Rights of a service that `access` names are compared with the role, and are shown as such.
    let by_access = |service: &str| {
        let prefix = audit::prefix_of(service).map(|prefix| format!("{prefix}:"));
        let grants = rights.iter().flat_map(|rights| &rights.grants);
        prefix.is_some_and(|prefix| {
            grants.flat_map(|grant| &grant.actions).any(|action| action.starts_with(&prefix))
        })
    };
    let foreign = source.services.iter().filter(|(service, _)| !by_access(service));
    let foreign = foreign.map(|(service, site)| {
        let message = format!("the handler names {service}, whose calls are not modelled");
        Finding::error(Kind::UnmodelledService, message)
            .source(Some(site.clone()))
            .detail("service", service)
    });
    unresolved.chain(foreign).collect()
}

fn undeclared(declared: &BTreeSet<String>, sets: &Sets, evidence: &Evidence) -> Vec<Finding> {
    let missing = |set: &Option<BTreeSet<String>>| -> Vec<String> {
        set.iter().flatten().filter(|operation| !declared.contains(*operation)).cloned().collect()
    };
    let called = missing(&sets.source).into_iter().map(|operation| {
        let message = format!("the source calls {operation}, which is not declared");
        let finding =
            Finding::error(Kind::UndeclaredOperation, message).source(evidence.site(&operation));
        finding.detail("operation", operation).detail("reason", "source")
    });
    let made = missing(&sets.recorded).into_iter().map(|operation| {
        let message = format!("the contract tests made {operation}, which is not declared");
        let finding = Finding::error(Kind::UndeclaredOperation, message);
        finding.detail("operation", operation).detail("reason", "recorded")
    });
    let linked = missing(&sets.linked).into_iter().map(|operation| {
        let message = format!(
            "the linked binary names {operation}, which is not declared: a branch that never runs?"
        );
        unproven("linked", message).detail("operation", operation)
    });
    called.chain(made).chain(linked).collect()
}

fn dead(declared: &BTreeSet<String>, sets: &Sets, evidence: &Evidence) -> Vec<Finding> {
    let mut findings = vec![];
    for operation in declared {
        let lacks = |set: &Option<BTreeSet<String>>| {
            set.as_ref().is_some_and(|set| !set.contains(operation))
        };
        let hidden = evidence
            .source
            .as_ref()
            .is_some_and(|audit| audit.possible_operations().includes(operation));
        let (severity, whence, reason) = if lacks(&sets.linked) {
            (Severity::Error, "the linked binary does not name it", "linked")
        } else if lacks(&sets.source) && !hidden {
            (Severity::Error, "no line of the source calls it", "source")
        } else if lacks(&sets.recorded) {
            (Severity::Warning, "no contract test makes it", "recorded")
        } else {
            continue;
        };
        let message = format!("{operation} is declared, and {whence}");
        findings.push(
            Finding::new(Kind::DeadDeclaration, severity, message)
                .source(evidence.declared.get(operation.as_str()).cloned())
                .hint("remove the declaration, or the right stays granted for nothing")
                .detail("operation", operation)
                .detail("reason", reason),
        );
    }
    findings
}
