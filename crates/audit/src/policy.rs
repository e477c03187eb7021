//! The IAM policy of a report.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::report::{Audited, Call, Place};

/// The policy that a function needs for the calls that are known.
pub fn policy(function: &Audited) -> Value {
    let mut by_resource: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for call in &function.calls {
        by_resource.entry(resource(call)).or_default().extend(call.actions.iter().cloned());
    }
    let statements: Vec<Value> = by_resource
        .into_iter()
        .map(|(resource, actions)| json!({"Effect": "Allow", "Action": actions, "Resource": resource}))
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn name(place: &Place) -> String {
    match place {
        Place::Env(name) => format!("${{{name}}}"),
        Place::Literal(name) => name.clone(),
        Place::Unknown(_) => "*".to_owned(),
    }
}

/// The ARN of what a call acts on, as far as the source names it.
fn resource(call: &Call) -> String {
    if let Some(table) = &call.table {
        let table = format!("arn:aws:dynamodb:*:*:table/{}", name(table));
        return match &call.index {
            Some(index) => format!("{table}/index/{}", name(index)),
            None => table,
        };
    }
    let Some(resource) = &call.resource else {
        return "*".to_owned();
    };
    let given = name(resource);
    if given.starts_with("arn:") || given == "*" {
        return given;
    }
    match call.service.as_str() {
        "s3" => {
            let of_bucket = call.actions.iter().all(|action| action.contains("Bucket"));
            let tail = if of_bucket { "" } else { "/*" };
            format!("arn:aws:s3:::{given}{tail}")
        }
        "secretsmanager" => format!("arn:aws:secretsmanager:*:*:secret:{given}-??????"),
        "ssm" => format!("arn:aws:ssm:*:*:parameter/{}", given.trim_start_matches('/')),
        "lambda" => format!("arn:aws:lambda:*:*:function:{given}"),
        "eventbridge" => format!("arn:aws:events:*:*:event-bus/{given}"),
        "kinesis" => format!("arn:aws:kinesis:*:*:stream/{given}"),
        "firehose" => format!("arn:aws:firehose:*:*:deliverystream/{given}"),
        "cognitoidentityprovider" => format!("arn:aws:cognito-idp:*:*:userpool/{given}"),
        "cloudwatchlogs" => format!("arn:aws:logs:*:*:log-group:{given}:*"),
        _ => "*".to_owned(),
    }
}
