//! The stack as its file describes it, as the documents that `up` would write: what is judged without a network.

use std::collections::BTreeMap;

use crate::blueprint::{Blueprint, Form};
use crate::cloud::{Identity, partition};
use crate::config::{ALIAS, Config, DATA, LogPolicy, Table};
use crate::evidence::Handler;
use crate::stack;
use iam::document::{Document, Statement};
use iam::json::Json;
use verify::snapshot::{self, Documents, ManagedPolicy, Snapshot};

/// Stand for what only AWS knows, and change no decision.
const UNKNOWN_ACCOUNT: &str = "000000000000";
const UNKNOWN_REGION: &str = "us-east-1";
const UNKNOWN_API: &str = "0000000000";

/// The statement of the function's policy, as Lambda writes it.
const INVOKE: &str = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "stackctl-api", "Effect": "Allow",
    "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "lambda:InvokeFunction", "Resource": "FUNCTION",
    "Condition": {"ArnLike": {"AWS:SourceArn": "SOURCE"}}}]}"#;

/// The snapshot of a stack that was never looked at.
pub fn snapshot(config: &Config, handler: &Handler, region: Option<&str>) -> Snapshot {
    let region = region.or(config.region.as_deref()).unwrap_or(UNKNOWN_REGION);
    let identity = Identity {
        account: config.account.clone().unwrap_or_else(|| UNKNOWN_ACCOUNT.to_owned()),
        partition: partition(region).to_owned(),
        region: region.to_owned(),
    };
    let names = names(config, &identity, Some(UNKNOWN_API.to_owned()));
    let documents = documents(config, &handler.blueprint, &identity, &names);
    Snapshot { stack: names, handler: calls(handler), documents }
}

/// The names of a stack in an account.
pub fn names(config: &Config, identity: &Identity, api: Option<String>) -> snapshot::Stack {
    let function = config.function();
    snapshot::Stack {
        account: identity.account.clone(),
        region: identity.region.clone(),
        partition: identity.partition.clone(),
        table_arn: identity.arn("dynamodb", &format!("table/{}", config.main_table())),
        table_name: config.main_table(),
        tables: tables(config, identity),
        function_name: function.name.clone(),
        function_arn: identity.arn("lambda", &format!("function:{}", function.name)),
        log_group_arn: identity.arn("logs", &format!("log-group:{}", function.log_group)),
        http_api_id: api,
        role_name: function.role.clone(),
        own_policies: vec![function.data_policy.clone(), function.logs_policy.clone()],
        require_boundary: false,
        log_policy: Some(match config.function().settings.log_policy {
            LogPolicy::Scoped => snapshot::LogPolicy::Scoped,
            LogPolicy::AwsManaged => snapshot::LogPolicy::AwsManaged,
        }),
    }
}

/// A snapshot lists the tables of a stack that has others than `data`.
fn tables(config: &Config, identity: &Identity) -> BTreeMap<String, snapshot::Table> {
    if config.tables.keys().all(|key| key == DATA) {
        return BTreeMap::new();
    }
    let named = |table: &Table| snapshot::Table {
        name: table.name.clone(),
        arn: identity.arn("dynamodb", &format!("table/{}", table.name)),
    };
    config.tables.iter().map(|(key, table)| (key.clone(), named(table))).collect()
}

/// What the handler calls, as a snapshot says it.
pub fn calls(handler: &Handler) -> snapshot::Handler {
    let is_declared = handler.blueprint.form == Form::Declared;
    let rights = handler.blueprint.beyond_the_declaration();
    snapshot::Handler {
        operations: is_declared.then(|| handler.calls()),
        rights: (!is_declared || !rights.grants.is_empty()).then_some(rights),
        ..snapshot::Handler::default()
    }
}

fn documents(
    config: &Config,
    blueprint: &Blueprint,
    identity: &Identity,
    names: &snapshot::Stack,
) -> Documents {
    let own = |name: &str, document: &Document| {
        managed(name, identity.iam(&format!("policy/{name}")), document)
    };
    let data =
        blueprint.policy(config).map(|data| own(&config.function().data_policy, &data(identity)));
    let logs = match config.function().settings.log_policy {
        LogPolicy::Scoped => {
            own(&config.function().logs_policy, &stack::logs_policy(config)(identity))
        }
        LogPolicy::AwsManaged => managed_logs(identity),
    };
    let source = identity
        .arn("execute-api", &format!("{}/*/*", names.http_api_id.as_deref().unwrap_or_default()));
    let function = format!("{}:{ALIAS}", names.function_arn);
    let invoke = INVOKE.replace("FUNCTION", &function).replace("SOURCE", &source);
    Documents {
        managed_policies: data.into_iter().chain([logs]).collect(),
        inline_policies: Vec::new(),
        trust_policy: json(&Document::trust("lambda.amazonaws.com").to_json()),
        permissions_boundary: Json::Null,
        function_resource_policy: json(&invoke),
    }
}

/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html>
fn managed_logs(identity: &Identity) -> ManagedPolicy {
    let actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
    let document = Document::new(vec![Statement::allow("Logs", actions, ["*"])]);
    let (name, partition) = ("AWSLambdaBasicExecutionRole", &identity.partition);
    managed(name, format!("arn:{partition}:iam::aws:policy/{}", stack::MANAGED_LOGS), &document)
}

fn managed(name: &str, arn: String, document: &Document) -> ManagedPolicy {
    ManagedPolicy {
        policy_name: name.to_owned(),
        policy_arn: arn,
        default_version_id: "v1".to_owned(),
        versions: Json::Object(vec![("v1".to_owned(), json(&document.to_json()))]),
    }
}

/// A text that is no JSON stays a text, which no reader takes for a policy.
pub fn json(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|_| Json::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DEFAULT_STAGE;

    #[test]
    fn the_policies_of_a_stage_are_known_as_the_stacks_own() {
        let identity =
            Identity { account: "1".into(), partition: "aws".into(), region: "us-east-1".into() };
        for stage in [DEFAULT_STAGE, "dev", "blue-2", "api2", "x-api-2", "api"] {
            let config = crate::config::tests::of_stage("name = \"my-app\"", stage);
            let config = config.expect("valid");
            let mut stack = names(&config, &identity, None);
            let ours =
                [config.function().data_policy.clone(), config.function().logs_policy.clone()];
            assert_eq!(*stack.own_policies(), ours);
            stack.own_policies.clear();
            let derived = stack.own_policies();
            assert!(ours.iter().all(|name| derived.contains(name)), "{stage}: {derived:?}");
        }
    }

    #[test]
    fn a_table_of_another_key_is_listed_with_it() {
        let identity =
            Identity { account: "1".into(), partition: "aws".into(), region: "us-east-1".into() };
        let of = |keys: &str| {
            let config = crate::config::tests::config(&format!("name = \"app\"\n{keys}"));
            names(&config.expect("valid"), &identity, None).tables
        };
        let links = of("[tables.links]\npartition_key = \"id\"");
        assert_eq!(links["links"].arn, "arn:aws:dynamodb:us-east-1:1:table/app-links");
        assert!(of("").is_empty(), "older snapshots have the main table alone");
    }
}
