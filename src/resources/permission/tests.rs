use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::cloud::replay::{Exchange, Replay, lost, ok, refused};
use crate::resources::fixture::{FUNCTION, config, drift, is_absent, there};
use crate::resources::{Attachments, Code, LiveRelease, LogGroup, Queues, Rights, Role, Source};
use engine::Graph;
use engine::error::Kind;
use package::Architecture;

const GET: &str = "GET /2015-03-31/functions/app-api/policy?Qualifier=live";
const ADD: &str = "POST /2015-03-31/functions/app-api/policy?Qualifier=live";
const REMOVE: &str = "DELETE /2015-03-31/functions/app-api/policy/stackctl-api?Qualifier=live";
const SOURCE: &str = "arn:aws:execute-api:us-east-1:123456789012:abc/*/*";

/// The permission with what it needs to know of the alias and the API.
fn permission(replay: &Replay) -> (Permission, Inputs) {
    let (cloud, config, mut graph) = (replay.cloud(), config(), Graph::default());
    let role = graph.add(Role::new(&cloud, &config));
    let log_group = graph.add(LogGroup::new(&cloud, &config));
    let code = graph.add(Code::new(&cloud, Source::File("zip".into(), Architecture::X86_64)));
    let function = graph.add(Function::new(&cloud, &config, role, code, Queues::default()));
    let attachments =
        graph.add(Attachments::new(&cloud, &config, role, Vec::new(), None, Arc::default()));
    let rights = Rights { policies: Vec::new(), attachments, keeps: Arc::default() };
    let release = graph.add(Release::new(&cloud, &config, function, log_group, code, rights));
    let api = graph.add(Api::new(&cloud, &config));
    let permission = Permission::new(&cloud, &config, function, release, api);
    (
        permission,
        Inputs::default().with(release, LiveRelease::default()).with(api, LiveApi::at("abc")),
    )
}

/// The policy as Lambda gives it back: a text, with the statement written in its own way.
fn policy(source: &str) -> Exchange {
    let statements = json!([
        {"Sid": "other", "Effect": "Allow", "Principal": "*", "Action": "lambda:*"},
        {
            "Sid": "stackctl-api",
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": format!("{FUNCTION}:live"),
            "Condition": {"ArnLike": {"AWS:SourceArn": source}},
        },
    ]);
    of(&statements)
}

fn of(statements: &Value) -> Exchange {
    let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": statements});
    ok(GET, json!({"Policy": policy.to_string(), "RevisionId": "r"}))
}

fn none(expects: &str) -> Exchange {
    refused(expects, 404, "ResourceNotFoundException", "The resource you requested does not exist.")
}

fn exists() -> Exchange {
    let message = "The statement id (stackctl-api) provided already exists. Please provide a new statement id, or remove the existing statement.";
    refused(ADD, 409, "ResourceConflictException", message)
}

#[tokio::test(start_paused = true)]
async fn no_policy_and_no_statement_of_ours_read_as_none() {
    let replay = Replay::new([none(GET), of(&json!([{"Sid": "other"}]))]);
    let (permission, _) = permission(&replay);
    is_absent(&permission).await;
    is_absent(&permission).await;
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_is_not_known_yet_is_waited_for_and_then_nothing_differs() {
    let message = "The statement could not be added due to a concurrent update operation";
    let replay = Replay::new([
        none(ADD),
        none(ADD),
        refused(ADD, 409, "ResourceConflictException", message),
        ok(ADD, json!({})),
        policy(SOURCE),
    ]);
    let (permission, inputs) = permission(&replay);
    permission.create(&inputs, &Progress::silent()).await.expect("made");
    assert!(replay.sent()[0].contains(&format!("\"SourceArn\":\"{SOURCE}\"")));
    let live = there(&permission).await;
    assert!(drift(&permission, &inputs, &live).is_empty());
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_statement_of_a_lost_call_exists_already_once_it_is_read() {
    let replay = Replay::new([lost(ADD), exists(), none(GET), policy(SOURCE)]);
    let (permission, inputs) = permission(&replay);
    let error = permission.create(&inputs, &Progress::silent()).await;
    assert_eq!(error.expect_err("it exists").kind, Kind::Exists);
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_statement_for_another_api_is_replaced() {
    let replay = Replay::new([
        policy("arn:aws:execute-api:us-east-1:123456789012:gone/*/*"),
        ok(REMOVE, ""),
        ok(ADD, json!({})),
    ]);
    let (permission, inputs) = permission(&replay);
    let live = there(&permission).await;
    assert_eq!(
        drift(&permission, &inputs, &live),
        [format!("source: arn:aws:execute-api:us-east-1:123456789012:gone/*/* → {SOURCE}")]
    );
    permission.update(&inputs, &live, &Progress::silent()).await.expect("replaced");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_statement_that_allows_too_much_is_replaced_and_may_be_gone_by_then() {
    let open = json!([{"Sid": "stackctl-api", "Principal": "*", "Action": "lambda:GetFunction"}]);
    let replay = Replay::new([of(&open), none(REMOVE), ok(ADD, json!({}))]);
    let (permission, inputs) = permission(&replay);
    let live = there(&permission).await;
    assert_eq!(
        drift(&permission, &inputs, &live),
        [
            "action: lambda:GetFunction → lambda:InvokeFunction".to_owned(),
            "principal: another → apigateway.amazonaws.com".to_owned(),
            format!("source: any → {SOURCE}"),
        ]
    );
    permission.update(&inputs, &live, &Progress::silent()).await.expect("replaced");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_statement_that_went_with_its_function_is_made_again() {
    let replay = Replay::new([policy(SOURCE), none(REMOVE), ok(ADD, json!({}))]);
    let (permission, inputs) = permission(&replay);
    let inputs = inputs.with(permission.release, LiveRelease::made_again());
    let live = there(&permission).await;
    assert_eq!(drift(&permission, &inputs, &live), ["statement: gone with its function → there"]);
    permission.update(&inputs, &live, &Progress::silent()).await.expect("made again");
    replay.is_over();
}
