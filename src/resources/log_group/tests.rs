use serde_json::{Value, json};

use super::*;
use crate::cloud::replay::{Exchange, Replay, lost, ok, refused, together};
use crate::resources::fixture::{config, drift, is_absent, tags, there, with};
use engine::error::Kind;

const NAME: &str = "/aws/lambda/app-api";

fn group(replay: &Replay) -> LogGroup {
    LogGroup::new(&replay.cloud(), &config())
}

fn groups(groups: &Value) -> Exchange {
    ok("DescribeLogGroups", json!({"logGroups": groups}))
}

fn found() -> Exchange {
    groups(&json!([{"logGroupName": NAME, "retentionInDays": 14}]))
}

fn tagged() -> Exchange {
    ok("ListTagsForResource", json!({"tags": tags()}))
}

fn missing(operation: &str) -> Exchange {
    let message = "The specified log group does not exist.";
    refused(operation, 400, "ResourceNotFoundException", message)
}

fn busy(operation: &str) -> Exchange {
    let message = "A conflicting operation is currently in progress against this resource.";
    refused(operation, 400, "OperationAbortedException", message)
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none_though_neighbours_answer_and_its_tags_are_denied() {
    let neighbour = json!([{"logGroupName": "/aws/lambda/app-api-dev", "retentionInDays": 14}]);
    let replay = Replay::new([together([
        groups(&neighbour),
        refused("ListTagsForResource", 400, "AccessDeniedException", "not authorized"),
    ])]);
    is_absent(&group(&replay)).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_create_nothing_differs() {
    let neighbour = json!([{"logGroupName": "/aws/lambda/app-api-dev"}]);
    let replay = Replay::new([
        busy("CreateLogGroup"),
        ok("CreateLogGroup", json!({})),
        missing("PutRetentionPolicy"),
        busy("PutRetentionPolicy"),
        ok("PutRetentionPolicy", json!({})),
        together([
            ok("DescribeLogGroups", json!({"logGroups": neighbour, "nextToken": "more"})),
            found(),
            tagged(),
        ]),
    ]);
    let group = group(&replay);
    group.create(&Inputs::default(), &Progress::silent()).await.expect("made");
    let live = there(&group).await;
    assert!(group.is_ours(&live));
    assert!(drift(&group, &Inputs::default(), &live).is_empty());
    assert!(replay.sent().iter().any(|call| call.contains("\"nextToken\":\"more\"")));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn what_was_made_by_a_lost_call_exists_already() {
    let message = "The specified log group already exists";
    let replay = Replay::new([
        lost("CreateLogGroup"),
        refused("CreateLogGroup", 400, "ResourceAlreadyExistsException", message),
    ]);
    let error = group(&replay).create(&Inputs::default(), &Progress::silent()).await;
    assert_eq!(error.expect_err("it exists").kind, Kind::Exists);
}

#[tokio::test(start_paused = true)]
async fn the_right_to_tag_is_asked_for_by_name() {
    let message = "User with accountId: 1 is not authorized to perform: logs:TagResource on resource: arn:aws:logs:x";
    let replay = Replay::new([refused("CreateLogGroup", 400, "AccessDeniedException", message)]);
    let error = group(&replay).create(&Inputs::default(), &Progress::silent()).await;
    assert!(error.expect_err("denied").hint.expect("a hint").contains("logs:TagResource"));
}

#[tokio::test(start_paused = true)]
async fn retention_and_tags_are_compared_and_repaired() {
    let replay = Replay::new([
        together([
            groups(&json!([{"logGroupName": NAME}])),
            ok("ListTagsForResource", json!({"tags": {"stackctl:stack": "app"}})),
        ]),
        busy("TagResource"),
        ok("TagResource", json!({})),
        ok("PutRetentionPolicy", json!({})),
    ]);
    let group = group(&replay);
    let live = there(&group).await;
    assert_eq!(
        drift(&group, &Inputs::default(), &live),
        ["tag stackctl:stage: none → default", "retention: for ever → 14 days"]
    );
    group.update(&Inputs::default(), &live, &Progress::silent()).await.expect("repaired");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn deleting_outlasts_another_change() {
    let replay = Replay::new([
        together([found(), tagged()]),
        busy("DeleteLogGroup"),
        ok("DeleteLogGroup", json!({})),
    ]);
    let group = group(&replay);
    group.delete(&there(&group).await, &Progress::silent()).await.expect("deleted");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_group_that_comes_back_with_the_last_line_is_deleted_again() {
    let replay = Replay::new([
        together([found(), tagged()]),
        ok("DeleteLogGroup", json!({})),
        groups(&json!([{"logGroupName": NAME}])),
        ok("DeleteLogGroup", json!({})),
        groups(&json!([])),
    ]);
    let config = with("[function]\nlog_policy = \"aws-managed\"");
    let group = LogGroup::new(&replay.cloud(), &config);
    group.delete(&there(&group).await, &Progress::silent()).await.expect("deleted");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn deleting_the_deleted_is_fine() {
    let replay = Replay::new([together([found(), tagged()]), missing("DeleteLogGroup")]);
    let group = group(&replay);
    group.delete(&there(&group).await, &Progress::silent()).await.expect("gone already");
}
