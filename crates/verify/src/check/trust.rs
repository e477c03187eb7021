//! Who may become the role: the Lambda service, and nobody else.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html>

use super::needs::unproven;
use crate::findings::{Finding, Kind, Severity};
use crate::snapshot::Stack;
use iam::document::{Document, Effect, Principal, Scope, Statement};
use iam::eval::{
    Context, Decision, Others, Policy, Request, StatementName, Truth, applies, evaluate,
};
use iam::json::Json;
use iam::parse;

const ASSUME: &str = "sts:AssumeRole";
const POLICY: &str = "trust policy";

pub fn findings(json: &Json, stack: &Stack) -> Vec<Finding> {
    if *json == Json::Null {
        return vec![Finding::error(Kind::TrustMissing, "the role has no trust policy")];
    }
    let document = match Document::read(parse::Kind::Trust, json) {
        Ok(document) => document,
        Err(error) => {
            return vec![
                unproven(error.reason, format!("{POLICY}: {error}")).detail("policy", POLICY),
            ];
        }
    };
    let request = request(stack);
    let mut findings = vec![];
    for (index, statement) in document.statements.iter().enumerate() {
        if statement.effect == Effect::Allow {
            let name =
                StatementName { policy: POLICY.to_owned(), index, sid: statement.sid.clone() };
            findings.extend(too_open(statement, &name));
            if applies(statement, document.version, &request) == Truth::Unknown
                && !statement.conditions.is_empty()
            {
                let message = "whether Lambda may assume the role depends on a condition";
                let hint = "remove it: Lambda's own test of the role may fail it";
                let finding =
                    Finding::new(Kind::ConditionalGrant, Severity::Warning, message).action(ASSUME);
                findings.push(finding.statement(Some(name)).hint(hint));
            }
        }
    }
    findings.extend(doubtful_denials(&document, &request));
    let policy = Policy { name: POLICY.to_owned(), document: Ok(document) };
    if matches!(
        evaluate(&[policy], &[], &request).decision,
        Decision::ImplicitDeny | Decision::ExplicitDeny
    ) {
        let message = "the trust policy does not let Lambda assume the role";
        let hint = "allow sts:AssumeRole to the service lambda.amazonaws.com";
        findings.push(Finding::error(Kind::TrustMissing, message).action(ASSUME).hint(hint));
    }
    findings
}

/// Denials of which nobody can say whether they keep Lambda out.
fn doubtful_denials(document: &Document, request: &Request) -> Vec<Finding> {
    let statements = document.statements.iter().enumerate();
    let doubtful = statements.filter(|(_, statement)| {
        statement.effect == Effect::Deny
            && applies(statement, document.version, request) == Truth::Unknown
    });
    doubtful
        .map(|(index, statement)| {
            let name =
                StatementName { policy: POLICY.to_owned(), index, sid: statement.sid.clone() };
            let message = "whether this statement keeps Lambda from assuming the role is not known";
            unproven("deny", message).action(ASSUME).statement(Some(name))
        })
        .collect()
}

fn too_open(statement: &Statement, name: &StatementName) -> Vec<Finding> {
    let finding = |message: String| {
        let hint = "trust lambda.amazonaws.com with sts:AssumeRole and nothing else";
        Finding::error(Kind::TrustTooOpen, message).statement(Some(name.clone())).hint(hint)
    };
    let mut findings = vec![];
    match &statement.principals {
        Some(Scope::Only(principals)) => {
            for principal in principals.iter().filter(|principal| **principal != lambda()) {
                let name = principal_name(principal);
                findings.push(
                    finding(format!("{name} may assume the role, too")).detail("principal", name),
                );
            }
        }
        _ => findings.push(
            finding("everyone but some may assume the role".to_owned())
                .detail("principal", "NotPrincipal"),
        ),
    }
    match &statement.actions {
        Scope::Only(actions) => {
            for action in actions.iter().filter(|action| !action.eq_ignore_ascii_case(ASSUME)) {
                findings.push(finding(format!("the trust policy allows {action}")).action(action));
            }
        }
        Scope::AllBut(_) => {
            findings.push(finding("the trust policy allows every action but some".to_owned()));
        }
    }
    findings
}

fn request(stack: &Stack) -> Request {
    Request {
        principal: Some(lambda()),
        action: ASSUME.to_owned(),
        resource: format!(
            "arn:{}:iam::{}:role/{}",
            stack.partition, stack.account, stack.role_name
        ),
        context: Context::new(Others::Unknown).with("aws:SourceAccount", &stack.account),
    }
}

fn lambda() -> Principal {
    Principal::Service("lambda.amazonaws.com".to_owned())
}

pub fn principal_name(principal: &Principal) -> &str {
    match principal {
        Principal::Anyone => "*",
        Principal::Aws(name)
        | Principal::Service(name)
        | Principal::Federated(name)
        | Principal::CanonicalUser(name) => name,
    }
}
