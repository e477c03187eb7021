//! What the role may do besides `DynamoDB`: its logs, ways to more rights, and other services.

use std::collections::BTreeSet;

use super::needs::Needs;
use super::probes::{instance, is_wild, service};
use super::role::{Placed, Role};
use crate::catalogue::{ESCALATIONS, NEEDED_FOR_LOGS, Risk};
use crate::findings::{Finding, Kind, Severity};
use crate::services::logs::Logs;
use crate::services::{self, Service as _};
use crate::snapshot::LogPolicy;
use iam::document::Scope;
use iam::eval::{Answer, names_action, names_resource};

/// The policy that AWS offers for the logs of functions.
///
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html>
pub const BASIC_EXECUTION: &str = "AWSLambdaBasicExecutionRole";

pub fn findings(role: &Role, needs: &Needs) -> Vec<Finding> {
    let mut findings = log_findings(role, needs);
    for placed in role.allows() {
        findings.extend(foreign_grants(role, needs, &placed));
        findings.extend(escalations(role, needs, &placed));
    }
    findings
}

fn log_findings(role: &Role, needs: &Needs) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut findings = vec![];
    for action in log_actions(role) {
        for resource in log_resources(role) {
            let needed = needs.cover(&action, &resource) || is_inert(role, &action, &resource);
            if needed || !role.cannot_exclude(&action, &resource) {
                continue;
            }
            let finding = log_finding(role, &action, &resource, &role.may(&action, &resource));
            // One finding for each action too many, and one for each resource too many.
            let subject =
                if finding.kind == Kind::LogScope { &finding.resource } else { &finding.action };
            if seen.insert((finding.kind, subject.clone())) {
                findings.push(finding);
            }
        }
    }
    findings
}

fn log_finding(role: &Role, action: &str, resource: &str, answer: &Answer) -> Finding {
    let written = role.written(answer, resource).unwrap_or_else(|| resource.to_owned());
    let own = is_own_group(role, resource);
    let finding = if own {
        let message = format!(
            "{action} is granted, and a function needs no more than {}",
            NEEDED_FOR_LOGS.join(" and ")
        );
        Finding::error(Kind::OverGrant, message)
            .hint("remove the action: the stack makes the log group itself")
    } else {
        let message =
            format!("{action} is granted on {written}, beyond the function's own log group");
        Finding::error(Kind::LogScope, message)
            .hint(format!("grant it on {}:* only", role.stack.log_group()))
    };
    let mut finding = finding
        .action(action)
        .resource(if own { resource.to_owned() } else { written })
        .statement(answer.statement.clone())
        .request(action, resource)
        .detail("risk", Risk::of(action).as_str());
    if chosen_by_the_stack(role, answer) {
        finding.severity = Severity::Note;
        finding.hint = Some("set log_policy = \"scoped\" to narrow it".to_owned());
    }
    finding
}

fn chosen_by_the_stack(role: &Role, answer: &Answer) -> bool {
    let basic =
        answer.statement.as_ref().is_some_and(|statement| statement.policy == BASIC_EXECUTION);
    basic && role.stack.log_policy == Some(LogPolicy::AwsManaged)
}

/// The actions that are tried, and those that are written.
fn log_actions(role: &Role) -> Vec<String> {
    let written = role.allows().flat_map(|placed| placed.actions().collect::<Vec<_>>());
    let written = written.filter(|action| service(action) == "logs" && !is_wild(action));
    let mut actions: Vec<String> = vec![];
    for action in Logs.actions().into_iter().chain(written.map(str::to_owned)) {
        if !actions.iter().any(|known| known.eq_ignore_ascii_case(&action)) {
            actions.push(action);
        }
    }
    actions
}

fn log_resources(role: &Role) -> Vec<String> {
    let named = role.allows().flat_map(|placed| placed.resources().collect::<Vec<_>>());
    let named: BTreeSet<_> =
        named.filter(|resource| resource.contains(":logs:")).map(instance).collect();
    Logs.neighbours(role.stack, &[]).into_iter().chain(named).collect()
}

fn is_own_group(role: &Role, resource: &str) -> bool {
    let rest = resource.strip_prefix(role.stack.log_group());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// Writing to the own group under a name that is no stream reaches nothing.
fn is_inert(role: &Role, action: &str, resource: &str) -> bool {
    let needed = NEEDED_FOR_LOGS.iter().any(|known| known.eq_ignore_ascii_case(action));
    (needed && is_own_group(role, resource)) || !Logs.takes(action, resource)
}

/// Grants of other services which are not exactly what is needed of them.
fn foreign_grants(role: &Role, needs: &Needs, placed: &Placed) -> Vec<Finding> {
    let Scope::Only(actions) = &placed.statement.actions else { return vec![] };
    let foreign = actions
        .iter()
        .filter(|action| !["dynamodb", "logs", "*"].contains(&service(action).as_str()));
    foreign.flat_map(|pattern| foreign_grant(role, needs, placed, pattern)).collect()
}

/// An action that nothing needs is one finding; one that is needed elsewhere is one for each resource too many.
fn foreign_grant(role: &Role, needs: &Needs, placed: &Placed, pattern: &str) -> Vec<Finding> {
    let action = instance(pattern);
    // What a line that cannot be resolved may call is in doubt, and no excess.
    if needs.possible.includes(pattern) && !is_wild(pattern) {
        return vec![];
    }
    let reached = |resource: &&str| role.cannot_exclude(&action, &instance(resource));
    let needed = needs.has_action(pattern);
    let mut findings: Vec<Finding> = written(placed)
        .into_iter()
        .filter(|resource| !(needed && needs.names(pattern, resource)))
        .filter(reached)
        .filter(|resource| !needs.cover(pattern, &instance(resource)))
        .map(|resource| foreign_finding(needs, placed, pattern, resource, &instance(resource)))
        .collect();
    if !needed {
        findings.truncate(1);
        return findings;
    }
    if findings.is_empty() {
        let wide = wider(role, needs, placed, pattern);
        findings.extend(wide.map(|(resource, reached)| {
            foreign_finding(needs, placed, pattern, resource, &reached)
        }));
    }
    findings
}

fn written<'a>(placed: &Placed<'a>) -> Vec<&'a str> {
    let written: Vec<&str> = placed.resources().collect();
    if written.is_empty() { vec!["*"] } else { written }
}

/// A resource as it is written, and one that it reaches beside what is needed.
fn wider<'a>(
    role: &Role,
    needs: &Needs,
    placed: &Placed<'a>,
    action: &str,
) -> Option<(&'a str, String)> {
    let needed = needs.required.iter().filter(|need| need.action.eq_ignore_ascii_case(action));
    let needed: Vec<&str> = needed.map(|need| need.resource.as_str()).collect();
    let tried = services::of(action).neighbours(role.stack, &needed);
    let too_many = |resource: &&String| {
        !needs.cover(action, resource)
            && !needed.iter().any(|pattern| names_resource(pattern, resource))
            && role.covers(placed, action, resource)
            && role.cannot_exclude(action, resource)
    };
    let reached = tried.iter().find(too_many)?;
    let resource = written(placed).into_iter().find(|one| names_resource(one, reached));
    Some((resource.unwrap_or("*"), reached.clone()))
}

fn foreign_finding(
    needs: &Needs,
    placed: &Placed,
    pattern: &str,
    resource: &str,
    reached: &str,
) -> Finding {
    let called = needs.required.iter().any(|need| service(&need.action) == service(pattern));
    let (kind, why, hint) = if needs.has_action(pattern) {
        (Kind::OverGrantResource, "which the handler never touches", "name the exact ARNs only")
    } else if called {
        (
            Kind::OverGrant,
            "and no call in the handler needs it",
            "remove the action from the policy",
        )
    } else {
        let why = "and the handler never calls that service";
        (Kind::OverGrant, why, "remove the action from the policy")
    };
    Finding::error(kind, format!("{pattern} is granted on {resource}, {why}"))
        .action(pattern)
        .resource(resource)
        .statement(Some(placed.name()))
        .request(instance(pattern), reached)
        .hint(hint)
        .detail("risk", Risk::of(pattern).as_str())
}

/// Ways to rights that the role was not given: one finding for each action that is written, one for each wildcard.
fn escalations(role: &Role, needs: &Needs, placed: &Placed) -> Vec<Finding> {
    let mut findings: Vec<Finding> = vec![];
    let exact =
        |action: &str| placed.actions().find(|written| written.eq_ignore_ascii_case(action));
    for action in ESCALATIONS.into_iter().filter(|action| names_action(placed.statement, action)) {
        let mut resources: Vec<&str> = placed.resources().collect();
        resources.retain(|resource| is_way_up(action, resource));
        let reached = resources.into_iter().find(|resource| {
            let real = instance(resource);
            role.covers(placed, action, &real) && role.cannot_exclude(action, &real)
        });
        let Some(resource) = reached else { continue };
        if exact(action).is_none()
            && findings.iter().any(|finding| finding.details.contains_key("through"))
        {
            continue;
        }
        let message = format!(
            "{} allows {action} on {resource}, with which the role can gain more rights",
            placed.name()
        );
        let mut finding = Finding::error(Kind::PrivilegeEscalation, message)
            .action(action)
            .resource(resource)
            .statement(Some(placed.name()))
            .request(action, instance(resource))
            .hint("a handler never needs it: remove it");
        if needs.names(action, resource) {
            finding.severity = Severity::Warning;
            finding.hint =
                Some("it is needed: make sure that it leads to no more rights".to_owned());
        }
        findings.push(if exact(action).is_some() {
            finding
        } else {
            finding.detail("through", "wildcard")
        });
    }
    findings
}

/// Whether an action on such a resource leads anywhere. A role that may assume one other role was told which; one that may
/// assume any was not.
fn is_way_up(action: &str, resource: &str) -> bool {
    let kind = if action.starts_with("lambda:") { ":lambda:" } else { ":iam:" };
    let reaches = resource == "*" || instance(resource).contains(kind);
    reaches && (action != "sts:AssumeRole" || is_wild(resource))
}
