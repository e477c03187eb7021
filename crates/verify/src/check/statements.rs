//! What is wrong with a statement as it is written: wildcards, exceptions, names that do not exist.

use super::excess::Excess;
use super::needs::{Needs, unproven};
use super::probes::{self, instance, is_wild, service};
use super::role::{Placed, Role};
use crate::catalogue::{Catalogue, ResourceType};
use crate::findings::{Finding, Kind, Severity};
use iam::document::{Effect, Scope, Version};
use iam::eval::{is_operator, names_action, names_resource};

pub fn findings(role: &Role, needs: &Needs, excess: &Excess) -> Vec<Finding> {
    let mut findings = vec![];
    for placed in role.statements() {
        findings.extend(unknown_actions(&placed));
        findings.extend(unknown_operators(&placed));
        if placed.statement.effect == Effect::Allow {
            findings.extend(wild_actions(role, needs, excess, &placed));
            findings.extend(wild_resources(role, needs, excess, &placed));
            findings.extend(exceptions(role, excess, &placed));
            findings.extend(mismatches(&placed));
            findings.extend(redundant(role, &placed));
        }
    }
    findings.extend(old_versions(role));
    findings
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege>
fn wild_actions(role: &Role, needs: &Needs, excess: &Excess, placed: &Placed) -> Vec<Finding> {
    let Scope::Only(actions) = &placed.statement.actions else { return vec![] };
    let wild = actions.iter().filter(|action| is_wild(action));
    wild.map(|pattern| {
        let reaches = excess.requests.iter().any(|extra| {
            matches_action(pattern, &extra.action)
                && role.covers(placed, &extra.action, &extra.resource)
        });
        let effective = reaches || reaches_elsewhere(role, needs, placed, pattern);
        let message = format!("{} grants the wildcard {pattern}", placed.name());
        graded(Kind::WildcardAction, effective, message, placed)
            .action(pattern)
            .hint("list the actions that the handler calls")
    })
    .collect()
}

fn wild_resources(role: &Role, needs: &Needs, excess: &Excess, placed: &Placed) -> Vec<Finding> {
    let Some(Scope::Only(resources)) = &placed.statement.resources else { return vec![] };
    let wild = resources
        .iter()
        .filter(|pattern| is_wild(pattern) && !may_be_wild(role, needs, placed, pattern));
    wild.map(|pattern| {
        let reaches = excess.requests.iter().any(|extra| {
            names_resource(pattern, &extra.resource)
                && role.covers(placed, &extra.action, &extra.resource)
        });
        let real = instance(pattern);
        let others = placed.actions().filter(|action| service(action) != "dynamodb");
        let effective = reaches
            || others.map(instance_of_action).any(|action| {
                role.covers(placed, &action, &real)
                    && role.cannot_exclude(&action, &real)
                    && !needs.cover(&action, &real)
            });
        let message = format!("{} grants on the wildcard {pattern}", placed.name());
        graded(Kind::WildcardResource, effective, message, placed)
            .resource(pattern)
            .hint("name the exact ARNs")
    })
    .collect()
}

/// Wildcards that cannot be avoided: log streams have names that nobody knows, some actions take no ARN at all.
fn may_be_wild(role: &Role, needs: &Needs, placed: &Placed, pattern: &str) -> bool {
    let group = role.stack.log_group();
    let logs_only = placed.actions().all(|action| service(action) == "logs");
    let own_streams = pattern
        .strip_prefix(group)
        .is_some_and(|rest| rest == ":*" || rest.starts_with(":log-stream:"));
    // The scope of logs has a finding of its own.
    if logs_only || own_streams {
        return true;
    }
    let without_arn =
        pattern == "*" && placed.actions().all(|action| takes_no_arn(action) || is_tracing(action));
    without_arn || needs.required.iter().any(|need| need.resource == pattern)
}

/// Such an action can be granted on `*` alone.
pub fn takes_no_arn(action: &str) -> bool {
    Catalogue::dynamodb().find(action).is_some_and(|(_, types)| types.is_empty())
}

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html>
fn is_tracing(action: &str) -> bool {
    ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(action))
}

fn exceptions(role: &Role, excess: &Excess, placed: &Placed) -> Vec<Finding> {
    let reaches =
        || excess.requests.iter().any(|extra| role.covers(placed, &extra.action, &extra.resource));
    let elsewhere = || {
        let resource = placed.resources().next().map_or("*".to_owned(), instance);
        ["iam:PassRole", "s3:GetObject"].iter().any(|action| {
            role.covers(placed, action, &resource) && role.cannot_exclude(action, &resource)
        })
    };
    let mut findings = vec![];
    if matches!(placed.statement.actions, Scope::AllBut(_)) {
        let message = format!("{} allows every action but those it lists", placed.name());
        let finding = graded(Kind::NotAction, reaches() || elsewhere(), message, placed);
        findings.push(finding.hint("list the actions that the handler calls with Action"));
    }
    if matches!(placed.statement.resources, Some(Scope::AllBut(_))) {
        let message = format!("{} allows every resource but those it lists", placed.name());
        let finding = graded(Kind::NotResource, reaches() || elsewhere(), message, placed);
        findings.push(finding.hint("name the exact ARNs with Resource"));
    }
    findings
}

fn unknown_actions(placed: &Placed) -> Vec<Finding> {
    let catalogue = Catalogue::dynamodb();
    let known = |action: &str| {
        let pattern_matches = |name: &str| matches_action(action, &format!("dynamodb:{name}"));
        catalogue.find(action).is_some()
            || (is_wild(action) && catalogue.actions().any(|(name, _)| pattern_matches(name)))
    };
    let unknown = placed.actions().filter(|action| service(action) == "dynamodb" && !known(action));
    unknown
        .map(|action| {
            let severity = if placed.statement.effect == Effect::Allow {
                Severity::Error
            } else {
                Severity::Warning
            };
            let message = format!("{}: there is no action {action}", placed.name());
            let finding = Finding::new(Kind::UnknownAction, severity, message)
                .action(action)
                .statement(Some(placed.name()));
            match catalogue.nearest(action) {
                Some(nearest) => {
                    finding.hint(format!("did you mean {nearest}?")).detail("nearest", nearest)
                }
                None => finding,
            }
        })
        .collect()
}

fn unknown_operators(placed: &Placed) -> Vec<Finding> {
    let unknown =
        placed.statement.conditions.iter().filter(|condition| !is_operator(&condition.operator));
    unknown
        .map(|condition| {
            let message =
                format!("{}: there is no condition operator {}", placed.name(), condition.operator);
            unproven("unknown-operator", message).statement(Some(placed.name()))
        })
        .collect()
}

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html#amazondynamodb-resources-for-iam-policies>
fn mismatches(placed: &Placed) -> Vec<Finding> {
    let Some(Scope::Only(resources)) = &placed.statement.resources else { return vec![] };
    let takes = |types: &[ResourceType], pattern: &str| match ResourceType::of(&instance(pattern)) {
        _ if pattern == "*" || pattern.contains("${") => true,
        // A wildcard may stand for a path that is longer than it looks.
        Some(_) if is_wild(pattern) => {
            types.iter().any(|kind| names_resource(pattern, &example(*kind, pattern)))
        }
        Some(kind) => types.contains(&kind),
        None => is_wild(pattern) && pattern.contains(":dynamodb:"),
    };
    let known =
        placed.actions().filter_map(|action| Some((action, Catalogue::dynamodb().find(action)?.1)));
    let idle = known.filter(|(_, types)| !resources.iter().any(|pattern| takes(types, pattern)));
    idle.map(|(action, types)| {
        let resource = resources.first().map_or("", String::as_str);
        let message = format!(
            "{} grants {action} on {resource}, a type of ARN that the action does not support",
            placed.name()
        );
        let hint = if types.is_empty() {
            "it can be granted on * only"
        } else {
            "name an ARN of the right type"
        };
        let finding =
            Finding::error(Kind::ResourceMismatch, message).action(action).resource(resource);
        finding.statement(Some(placed.name())).hint(hint)
    })
    .collect()
}

/// An ARN of that type which the pattern matches if it can match any.
fn example(kind: ResourceType, pattern: &str) -> String {
    let mut parts: Vec<String> = instance(pattern).splitn(6, ':').map(str::to_owned).collect();
    let table =
        parts.get(5).and_then(|resource| resource.split('/').nth(1)).unwrap_or("zz").to_owned();
    let last =
        pattern.rsplit('/').next().filter(|last| is_wild(last)).map_or("zz".to_owned(), instance);
    let resource = match kind {
        ResourceType::Table => format!("table/{table}"),
        ResourceType::Index => format!("table/{table}/index/{last}"),
        ResourceType::Stream => format!("table/{table}/stream/{last}"),
        ResourceType::Backup => format!("table/{table}/backup/{last}"),
        ResourceType::Export => format!("table/{table}/export/{last}"),
        ResourceType::Import => format!("table/{table}/import/{last}"),
        ResourceType::GlobalTable => format!("global-table/{table}"),
    };
    parts.truncate(5);
    parts.push(resource);
    parts.join(":")
}

/// A statement whose every grant another statement makes as well.
fn redundant(role: &Role, placed: &Placed) -> Option<Finding> {
    let literal = |placed: &Placed| {
        let scopes = (&placed.statement.actions, &placed.statement.resources);
        matches!(scopes, (Scope::Only(_), Some(Scope::Only(_))))
            && placed.statement.conditions.is_empty()
    };
    let within = |other: &Placed| {
        placed
            .actions()
            .all(|action| other.actions().any(|known| known.eq_ignore_ascii_case(action)))
            && placed.resources().all(|resource| other.resources().any(|known| known == resource))
    };
    let same = |other: &Placed| other.policy == placed.policy && other.index == placed.index;
    let other = role.allows().filter(|other| !same(other) && literal(other)).find(within)?;
    // Of two equal statements, the later one is the one too many.
    let later = (other.policy, other.index) < (placed.policy, placed.index);
    if !literal(placed) || (other.actions().count() == placed.actions().count() && !later) {
        return None;
    }
    let message = format!("{} grants nothing that {} does not grant", placed.name(), other.name());
    Some(
        Finding::new(Kind::RedundantStatement, Severity::Note, message)
            .statement(Some(placed.name())),
    )
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
fn old_versions(role: &Role) -> Vec<Finding> {
    let documents = role
        .policies
        .iter()
        .filter_map(|policy| Some((&policy.name, policy.document.as_ref().ok()?)));
    let old = documents.filter(|(_, document)| document.version != Version::V2012);
    old.map(|(name, _)| {
        let message = format!("{name} is not written in the version 2012-10-17 of the language");
        Finding::new(Kind::PolicyVersionOld, Severity::Warning, message)
            .hint("set \"Version\": \"2012-10-17\"; without it, policy variables are plain text")
            .detail("policy", name.as_str())
    })
    .collect()
}

fn graded(kind: Kind, effective: bool, message: String, placed: &Placed) -> Finding {
    let (severity, message) = if effective {
        (Severity::Error, message)
    } else {
        (Severity::Warning, format!("{message}, and a denial or the boundary clips it"))
    };
    Finding::new(kind, severity, message).statement(Some(placed.name()))
}

/// Whether a wildcard reaches something of another service, or of this one that is not yet there.
fn reaches_elsewhere(role: &Role, needs: &Needs, placed: &Placed, pattern: &str) -> bool {
    let action = if pattern == "*" || pattern == "*:*" {
        "s3:GetObject".to_owned()
    } else {
        instance_of_action(pattern)
    };
    placed.resources().map(instance).any(|resource| {
        role.covers(placed, &action, &resource)
            && role.cannot_exclude(&action, &resource)
            && !needs.cover(&action, &resource)
    })
}

fn instance_of_action(pattern: &str) -> String {
    if pattern == "*" { probes::FUTURE_ACTION.to_owned() } else { instance(pattern) }
}

fn matches_action(pattern: &str, action: &str) -> bool {
    let statement = iam::document::Statement::allow("", [pattern], ["*"]);
    names_action(&statement, action)
}
