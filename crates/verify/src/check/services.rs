//! What the role may do besides `DynamoDB`: its logs, ways to more rights, and services that the handler never calls.

use std::collections::BTreeSet;

use super::needs::Needs;
use super::probes::{MOST, instance, is_wild, service};
use super::role::{Placed, Role};
use crate::catalogue::{ESCALATIONS, NEEDED_FOR_LOGS, OTHER_LOG_ACTIONS, Risk};
use crate::findings::{Finding, Kind, Severity};
use crate::snapshot::LogPolicy;
use iam::document::Scope;
use iam::eval::{Answer, names_action};

/// The policy that AWS offers for the logs of functions.
///
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html>
pub const BASIC_EXECUTION: &str = "AWSLambdaBasicExecutionRole";

pub fn findings(role: &Role, needs: &Needs) -> Vec<Finding> {
    let mut findings = log_findings(role, needs);
    for placed in role.allows() {
        findings.extend(foreign_grants(role, &placed));
        findings.extend(escalations(role, &placed));
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

/// The actions that are needed come first, so that a wide grant is reported for one of them.
fn log_actions(role: &Role) -> Vec<String> {
    let known = NEEDED_FOR_LOGS.into_iter().chain(OTHER_LOG_ACTIONS);
    let written = role.allows().flat_map(|placed| placed.actions().collect::<Vec<_>>());
    let mut actions: Vec<String> = vec![];
    for action in
        known.chain(written.filter(|action| service(action) == "logs" && !is_wild(action)))
    {
        if !actions.iter().any(|known| known.eq_ignore_ascii_case(action)) {
            actions.push(action.to_owned());
        }
    }
    actions
}

fn log_resources(role: &Role) -> Vec<String> {
    let stack = role.stack;
    let group = stack.log_group();
    let elsewhere = if stack.region == "eu-west-1" { "us-east-1" } else { "eu-west-1" };
    let stranger = if stack.account == "210987654321" { "123456789012" } else { "210987654321" };
    let others = [
        format!(
            "arn:{}:logs:{}:{}:log-group:/aws/lambda/zz-another",
            stack.partition, stack.region, stack.account
        ),
        format!("{group}zz"),
        group.replace(&format!(":{}:", stack.region), &format!(":{elsewhere}:")),
        group.replace(&format!(":{}:", stack.account), &format!(":{stranger}:")),
    ];
    let mut resources = vec![group.to_owned(), format!("{group}:log-stream:zz"), "*".to_owned()];
    resources
        .extend(others.iter().flat_map(|other| [other.clone(), format!("{other}:log-stream:zz")]));
    let named = role.allows().flat_map(|placed| placed.resources().collect::<Vec<_>>());
    let named: BTreeSet<_> =
        named.filter(|resource| resource.contains(":logs:")).map(instance).collect();
    resources.extend(named.into_iter().take(MOST));
    resources
}

fn is_own_group(role: &Role, resource: &str) -> bool {
    let rest = resource.strip_prefix(role.stack.log_group());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// Writing to the own group under a name that is no stream reaches nothing, and `*` is not a group.
fn is_inert(role: &Role, action: &str, resource: &str) -> bool {
    let needed = NEEDED_FOR_LOGS.iter().any(|known| known.eq_ignore_ascii_case(action));
    (needed && is_own_group(role, resource))
        || (resource == "*" && action != "logs:DescribeLogGroups")
}

/// Grants of services that the handler never calls.
fn foreign_grants(role: &Role, placed: &Placed) -> Vec<Finding> {
    let Scope::Only(actions) = &placed.statement.actions else { return vec![] };
    let foreign = actions
        .iter()
        .filter(|action| !["dynamodb", "logs", "*"].contains(&service(action).as_str()));
    let grant = |pattern: &String| {
        let action = instance(pattern);
        let resources: Vec<&str> = if placed.resources().next().is_some() {
            placed.resources().collect()
        } else {
            vec!["*"]
        };
        let resource = resources
            .into_iter()
            .find(|resource| role.cannot_exclude(&action, &instance(resource)))?;
        let message =
            format!("{pattern} is granted on {resource}, and the handler never calls that service");
        Some(
            Finding::error(Kind::OverGrant, message)
                .action(pattern)
                .resource(resource)
                .statement(Some(placed.name()))
                .request(action, instance(resource))
                .hint("remove the action from the policy")
                .detail("risk", Risk::of(pattern).as_str()),
        )
    };
    foreign.filter_map(grant).collect()
}

/// Ways to rights that the role was not given: one finding for each action that is written, one for each wildcard.
fn escalations(role: &Role, placed: &Placed) -> Vec<Finding> {
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
        let finding = Finding::error(Kind::PrivilegeEscalation, message)
            .action(action)
            .resource(resource)
            .statement(Some(placed.name()))
            .request(action, instance(resource))
            .hint("a handler never needs it: remove it");
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
