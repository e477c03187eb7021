//! Who may invoke the function: the stack's own API, and nobody else.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>

use super::needs::unproven;
use super::probes::is_wild;
use super::trust::principal_name;
use crate::findings::{Finding, Kind, Severity};
use crate::snapshot::Stack;
use iam::document::{Condition, Document, Effect, Principal, Scope, Statement, Version};
use iam::eval::{Context, Others, Request, StatementName, Truth, applies};
use iam::json::Json;
use iam::parse;

const INVOKE: &str = "lambda:InvokeFunction";
const POLICY: &str = "function policy";
const SOURCE_ARN: &str = "aws:SourceArn";

pub fn findings(json: &Json, stack: &Stack) -> Vec<Finding> {
    let document = match json {
        Json::Null => return vec![uninvokable(stack)],
        json => Document::read(parse::Kind::Resource, json),
    };
    let document = match document {
        Ok(document) => document,
        Err(error) => {
            return vec![
                unproven(error.reason, format!("{POLICY}: {error}")).detail("policy", POLICY),
            ];
        }
    };
    let mut findings = vec![];
    let mut gateway = false;
    for (index, statement) in document.statements.iter().enumerate() {
        let name = StatementName { policy: POLICY.to_owned(), index, sid: statement.sid.clone() };
        if statement.effect == Effect::Allow {
            if principals(statement).contains(&api_gateway()) {
                gateway = true;
                findings.extend(
                    other_conditions(statement, document.version, stack)
                        .map(|finding| finding.statement(Some(name.clone()))),
                );
            }
            findings.extend(statement_findings(statement, stack).into_iter().map(|finding| {
                finding.resource(&stack.function_arn).statement(Some(name.clone()))
            }));
        } else {
            let message =
                "a statement of the function's policy denies something, which is not modelled";
            findings.push(unproven("deny", message).statement(Some(name)));
        }
    }
    if !gateway && findings.is_empty() {
        findings.push(uninvokable(stack));
    }
    findings
}

fn statement_findings(statement: &Statement, stack: &Stack) -> Vec<Finding> {
    let mut findings = vec![];
    for principal in principals(statement) {
        let name = principal_name(&principal);
        let found = match &principal {
            Principal::Anyone => vec![public(statement)],
            service if *service == api_gateway() => source_findings(statement, stack),
            _ => vec![
                Finding::error(
                    Kind::InvokeSourceTooWide,
                    format!("{name} may invoke the function, too"),
                )
                .hint("remove the statement: requests come through the API alone"),
            ],
        };
        findings.extend(
            found.into_iter().map(|finding| finding.action(INVOKE).detail("principal", name)),
        );
    }
    if matches!(statement.principals, Some(Scope::AllBut(_))) {
        findings.push(public(statement).action(INVOKE).detail("principal", "NotPrincipal"));
    }
    let other = |action: &&String| !action.eq_ignore_ascii_case(INVOKE);
    for action in statement.actions.items().iter().filter(other) {
        let message =
            format!("the function's policy allows {action}, and the API needs {INVOKE} only");
        findings.push(
            Finding::error(Kind::OverGrant, message).action(action).hint("remove the action"),
        );
    }
    findings
}

/// Whether all but the source of a request lets it in: Lambda's own conditions are on the source alone.
fn other_conditions(statement: &Statement, version: Version, stack: &Stack) -> Option<Finding> {
    let mut others = statement.clone();
    others.resources = None;
    others.conditions.retain(|condition| !condition.key.eq_ignore_ascii_case(SOURCE_ARN));
    let request = Request {
        principal: Some(api_gateway()),
        action: INVOKE.to_owned(),
        resource: stack.function_arn.clone(),
        context: Context::new(Others::Unknown)
            .with("aws:SourceAccount", &stack.account)
            .with("aws:SecureTransport", "true"),
    };
    let finding = match applies(&others, version, &request) {
        Truth::Yes => return None,
        Truth::Unknown => {
            unproven("condition", "whether the API may invoke the function depends on a condition")
        }
        Truth::No => {
            let message = "the API may not invoke the function: the statement is about other calls";
            Finding::error(Kind::Missing, message).detail("cause", "condition")
        }
    };
    Some(
        finding
            .action(INVOKE)
            .hint("bind the statement to the ARN of the API, and to nothing else"),
    )
}

/// A condition on where a request comes from makes "everyone" less than public, and no less sloppy.
fn public(statement: &Statement) -> Finding {
    let limits = [
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:principalorgid",
        "aws:sourcevpc",
        "aws:sourcevpce",
    ];
    let limited = statement.conditions.iter().any(|condition| {
        limits.contains(&condition.key.to_ascii_lowercase().as_str())
            && is_positive(&condition.operator)
            && !condition.values.iter().any(|value| is_wild(value))
    });
    let severity = if limited { Severity::Warning } else { Severity::Error };
    Finding::new(Kind::InvokePublic, severity, "anyone may invoke the function")
        .hint("name the service apigateway.amazonaws.com, with the ARN of the API as its source")
}

fn source_findings(statement: &Statement, stack: &Stack) -> Vec<Finding> {
    let sources: Vec<&Condition> = statement
        .conditions
        .iter()
        .filter(|condition| condition.key.eq_ignore_ascii_case(SOURCE_ARN))
        .collect();
    let hint = wanted_source(stack)
        .map_or("bind it to one API".to_owned(), |arn| format!("{SOURCE_ARN} should be {arn}"));
    let mut positive =
        sources.iter().filter(|condition| is_positive(&condition.operator)).peekable();
    if sources.is_empty() {
        let message = "every API of every account may invoke the function: no source is named";
        return vec![Finding::error(Kind::InvokeSourceMissing, message).hint(hint)];
    }
    if positive.peek().is_none() {
        let message = "the condition on the source lets in requests from anywhere else";
        return vec![Finding::error(Kind::InvokeSourceTooWide, message).hint(hint)];
    }
    let values = positive
        .flat_map(|condition| condition.values.iter().map(|value| (&condition.operator, value)));
    values
        .filter_map(|(operator, value)| source_finding(operator, value, stack))
        .map(|finding| finding.hint(&hint))
        .collect()
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html>
fn source_finding(operator: &str, value: &str, stack: &Stack) -> Option<Finding> {
    // Without `Like`, a wildcard in a string is a plain character, which no API's id has.
    let literal = operator == "StringEquals" || operator == "StringEqualsIgnoreCase";
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let api = parts.get(5).and_then(|resource| resource.split('/').next()).unwrap_or("*");
    let own = stack.http_api_id.as_deref();
    let expected = [
        ("arn", 0),
        (&stack.partition, 1),
        ("execute-api", 2),
        (&stack.region, 3),
        (&stack.account, 4),
    ];
    let matches = |(text, place): &(&str, usize)| parts.get(*place) == Some(text);
    let wild = parts.iter().take(5).any(|part| is_wild(part)) || is_wild(api);
    let detail = |finding: Finding| Some(finding.detail("source", value));
    if wild && !literal {
        return detail(Finding::error(
            Kind::InvokeSourceTooWide,
            format!("APIs other than the stack's match {value}"),
        ));
    }
    if !expected.iter().all(matches)
        || own.is_some_and(|own| own != api)
        || (literal && is_wild(value))
    {
        return detail(Finding::error(
            Kind::InvokeSourceStale,
            format!("{value} is not the stack's API"),
        ));
    }
    match own {
        Some(_) => None,
        None => {
            detail(unproven("no-api", format!("whether {value} is the stack's API is not known")))
        }
    }
}

fn uninvokable(stack: &Stack) -> Finding {
    Finding::new(
        Kind::Missing,
        Severity::Warning,
        "the API may not invoke the function: no statement allows it",
    )
    .action(INVOKE)
    .resource(&stack.function_arn)
    .hint("add a permission for apigateway.amazonaws.com with the API as its source")
    .detail("cause", "absent")
}

fn wanted_source(stack: &Stack) -> Option<String> {
    let Stack { partition, region, account, http_api_id, .. } = stack;
    Some(format!("arn:{partition}:execute-api:{region}:{account}:{}/*/*", http_api_id.as_ref()?))
}

fn principals(statement: &Statement) -> Vec<Principal> {
    match &statement.principals {
        Some(Scope::Only(principals)) => principals.clone(),
        _ => vec![],
    }
}

fn api_gateway() -> Principal {
    Principal::Service("apigateway.amazonaws.com".to_owned())
}

/// Operators that let nothing in but what they list.
fn is_positive(operator: &str) -> bool {
    matches!(
        operator,
        "ArnLike" | "ArnEquals" | "StringEquals" | "StringLike" | "StringEqualsIgnoreCase"
    )
}
