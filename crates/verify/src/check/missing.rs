//! What the handler does and the role may not do.

use super::needs::{Need, Needs, unproven};
use super::role::Role;
use crate::findings::{Finding, Kind};
use iam::eval::{Answer, Decision};

pub fn findings(role: &Role, needs: &Needs) -> Vec<Finding> {
    needs.required.iter().filter_map(|need| finding(role, need)).collect()
}

fn finding(role: &Role, need: &Need) -> Option<Finding> {
    let witness = need.witness();
    let answer = role.may_all(need);
    let finding = match answer.decision {
        Decision::Allowed => return None,
        // A document that cannot be read is a finding of its own, and may be the one that grants it.
        Decision::Unproven if answer.statement.is_none() && is_unreadable(role) => return None,
        Decision::ImplicitDeny if !role.unreadable.is_empty() => return None,
        Decision::Unproven => conditional(&answer, &need.action, &witness),
        Decision::ImplicitDeny | Decision::ExplicitDeny => denied(role, need, &answer),
    };
    Some(finding.source(need.source.clone()))
}

fn denied(role: &Role, need: &Need, answer: &Answer) -> Finding {
    let Need { action, resource, .. } = need;
    let witness = need.witness();
    let (cause, why, hint) = if !role.boundary.is_empty() && role.might_without_boundary(need) {
        (
            "boundary",
            "the permissions boundary does not allow it",
            "ask the owner of the boundary to change it: no policy can widen it",
        )
    } else if answer.decision == Decision::ExplicitDeny {
        (
            "explicit-deny",
            "a statement denies it",
            "remove the denial or narrow it: no Allow can override it",
        )
    } else if role.names(action) {
        ("wrong-arn", "it is allowed on another resource only", "name this ARN in the statement")
    } else {
        ("absent", "no statement allows it", "add the action to the policy's statement")
    };
    Finding::error(Kind::Missing, format!("the handler needs {action} on {resource}, and {why}"))
        .action(action)
        .resource(resource)
        .statement(answer.statement.clone())
        .request(action, &witness)
        .hint(hint)
        .detail("cause", cause)
}

/// A grant or a denial that hangs on something that is not known.
pub fn conditional(answer: &Answer, action: &str, resource: &str) -> Finding {
    Finding::error(Kind::ConditionalGrant, format!("{action} on {resource}: {}", answer.why))
        .action(action)
        .resource(resource)
        .statement(answer.statement.clone())
        .request(action, resource)
        .hint("drop the condition, or write it with keys whose values are known here")
}

fn is_unreadable(role: &Role) -> bool {
    !role.unreadable.is_empty() || role.boundary.iter().any(|policy| policy.document.is_err())
}

/// Documents that are in force and cannot be read.
pub fn unreadable(role: &Role) -> Vec<Finding> {
    let policies = role.unreadable.iter().chain(&role.boundary);
    let broken =
        policies.filter_map(|policy| Some((&policy.name, policy.document.as_ref().err()?)));
    broken
        .map(|(name, error)| {
            unproven(error.reason, format!("{name}: {error}")).detail("policy", name.as_str())
        })
        .collect()
}
