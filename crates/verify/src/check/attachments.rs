//! Policies that should not be on the role, and versions that should not be in force.

use super::needs::{Need, Needs};
use super::probes::service;
use super::role::Role;
use crate::findings::{Finding, Kind, Severity};
use crate::snapshot::{Documents, LogPolicy, ManagedPolicy, Snapshot};
use iam::document::{Document, Effect, Scope};
use iam::eval::{Decision, Policy};

pub fn findings(role: &Role, needs: &Needs, snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = extra_policies(role, needs, &snapshot.documents);
    for policy in &snapshot.documents.managed_policies {
        findings.extend(version_findings(role, needs, policy));
    }
    if snapshot.stack.require_boundary && role.boundary.is_empty() {
        let message = "the role has no permissions boundary, and the account demands one";
        findings.push(Finding::error(Kind::BoundaryAbsent, message));
    }
    findings
}

/// A policy is one too many if the role could do all that is needed without it.
fn extra_policies(role: &Role, needs: &Needs, documents: &Documents) -> Vec<Finding> {
    let inline =
        |name: &str| documents.inline_policies.iter().any(|policy| policy.policy_name == name);
    let mut findings = vec![];
    for (place, policy) in role.policies.iter().enumerate() {
        let exact = policy
            .document
            .as_ref()
            .is_ok_and(|document| grants_only_needed(document, role, needs));
        if exact
            || is_own(role, policy)
            || !grants_anything(policy)
            || !is_spare(role, needs, place)
        {
            continue;
        }
        let (kind, how) = if inline(&policy.name) {
            (Kind::ExtraInlinePolicy, "delete it")
        } else {
            (Kind::ExtraAttachedPolicy, "detach it")
        };
        let message =
            format!("{} is on the role, and the handler needs nothing of it", policy.name);
        findings
            .push(Finding::error(kind, message).hint(how).detail("policy", policy.name.as_str()));
    }
    findings
}

fn grants_anything(policy: &Policy) -> bool {
    let statements =
        policy.document.as_ref().map(|document| document.statements.as_slice()).unwrap_or_default();
    statements.iter().any(|statement| statement.effect == Effect::Allow)
}

fn is_own(role: &Role, policy: &Policy) -> bool {
    let managed_logs = role.stack.log_policy == Some(LogPolicy::AwsManaged)
        && policy.name == super::services::BASIC_EXECUTION;
    managed_logs || role.stack.own_policies().contains(&policy.name)
}

/// A policy that was meant to grant what is missing is wrong, and not one too many.
fn is_spare(role: &Role, needs: &Needs, place: usize) -> bool {
    let without = role.without(place);
    needs.required.iter().all(|need| {
        let witness = need.witness();
        match role.may(&need.action, &witness).decision {
            Decision::Allowed => without.may(&need.action, &witness).decision == Decision::Allowed,
            _ => !role.names(&need.action) || without.names(&need.action),
        }
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html>
fn version_findings(role: &Role, needs: &Needs, policy: &ManagedPolicy) -> Vec<Finding> {
    let default = policy.default_version_id.as_str();
    let documents = policy.documents();
    let fits = |id: &str| documents.get(id).is_some_and(|document| fits(document, role, needs));
    let others = documents.keys().copied().filter(|id| *id != default);
    let mut findings = vec![];
    for id in others {
        if fits(id) && !fits(default) {
            let message = format!(
                "{default} of {} is in force, and {id} is the one that fits the handler",
                policy.policy_name
            );
            findings.push(
                Finding::error(Kind::VersionDrift, message)
                    .hint(format!("make {id} the default version"))
                    .detail("policy", policy.policy_name.as_str())
                    .detail("default", default)
                    .detail("wanted", id),
            );
        } else if fits(default)
            && documents.get(id).is_some_and(|document| grants_more(document, &documents[default]))
        {
            let message = format!(
                "{id} of {} grants more than the default version {default}",
                policy.policy_name
            );
            findings.push(
                Finding::new(Kind::StaleVersion, Severity::Note, message)
                    .hint("delete it: anyone who may set the default version could activate it")
                    .detail("policy", policy.policy_name.as_str())
                    .detail("version", id),
            );
        }
    }
    findings
}

/// Whether a document may grant what the other does not. `up` itself leaves versions that grant less.
fn grants_more(document: &Document, other: &Document) -> bool {
    match (pairs(document), pairs(other)) {
        (Some(own), Some(others)) => own.iter().any(|pair| !others.contains(pair)),
        _ => !document.same_meaning(other),
    }
}

/// Whether a document grants exactly what is needed of the services that it is about, written without wildcards.
fn fits(document: &Document, role: &Role, needs: &Needs) -> bool {
    let Some(pairs) = pairs(document) else { return false };
    let about = |wanted: &str| pairs.iter().any(|(action, _)| service(action) == wanted);
    let granted =
        |need: &Need| pairs.iter().any(|(action, _)| action.eq_ignore_ascii_case(&need.action));
    !pairs.is_empty()
        && grants_only_needed(document, role, needs)
        && needs.required.iter().filter(|need| about(&service(&need.action))).all(granted)
}

fn grants_only_needed(document: &Document, role: &Role, needs: &Needs) -> bool {
    let streams = format!("{}:*", role.stack.log_group());
    let is_needed = |action: &str, resource: &str| {
        needs.cover(action, resource) || (resource == streams && needs.has_action(action))
    };
    pairs(document).is_some_and(|pairs| {
        pairs.into_iter().all(|(action, resource)| is_needed(action, resource))
    })
}

/// What a document grants, if all that it says is plain grants.
fn pairs(document: &Document) -> Option<Vec<(&str, &str)>> {
    let mut pairs = vec![];
    for statement in &document.statements {
        let (Effect::Allow, Scope::Only(actions), Some(Scope::Only(resources)), []) = (
            statement.effect,
            &statement.actions,
            &statement.resources,
            statement.conditions.as_slice(),
        ) else {
            return None;
        };
        let resources = || resources.iter().map(String::as_str);
        pairs.extend(
            actions
                .iter()
                .flat_map(|action| resources().map(move |resource| (action.as_str(), resource))),
        );
    }
    Some(pairs)
}
