mod indexes;
mod time_to_live;

use std::time::SystemTime;

use serde_json::{Value, json};

use super::*;
use crate::cloud::replay::{Exchange, Replay, lost, ok, refused, together};
use crate::resources::fixture::{config, drift, is_absent, tag_list, there};
use engine::error::Kind;

const ARN: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/app-data";

fn table(replay: &Replay) -> Table {
    let config = config();
    Table::new(&replay.cloud(), &config, &config.tables["data"])
}

/// The table as AWS describes it, with some members replaced.
fn description(changes: &Value) -> Value {
    let mut description = json!({
        "TableName": "app-data",
        "TableArn": ARN,
        "TableStatus": "ACTIVE",
        "CreationDateTime": 1_700_000_000.0,
        "KeySchema": [
            {"AttributeName": "userId", "KeyType": "HASH"},
            {"AttributeName": "itemId", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "itemId", "AttributeType": "S"},
            {"AttributeName": "userId", "AttributeType": "S"},
        ],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "DeletionProtectionEnabled": false,
        "WarmThroughput": {"ReadUnitsPerSecond": 12000},
        "ItemCount": 7,
    });
    let members = description.as_object_mut().expect("an object");
    members.extend(changes.as_object().expect("an object").clone());
    description
}

fn describe(changes: &Value) -> Exchange {
    ok("DescribeTable", json!({"Table": description(changes)}))
}

fn status(status: &str) -> Exchange {
    describe(&json!({"TableStatus": status}))
}

fn backups(operation: &str, status: &str) -> Exchange {
    ok(
        operation,
        json!({"ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status, "RecoveryPeriodInDays": 35},
        }}),
    )
}

fn recovery(status: &str) -> Exchange {
    backups("DescribeContinuousBackups", status)
}

fn no_ttl() -> Exchange {
    ok("DescribeTimeToLive", json!({"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}))
}

fn tags() -> Exchange {
    ok("ListTagsOfResource", json!({"Tags": tag_list()}))
}

fn gone() -> Exchange {
    refused(
        "DescribeTable",
        400,
        "ResourceNotFoundException",
        "Requested resource not found: Table: app-data not found",
    )
}

fn created() -> Exchange {
    let description = description(&json!({"TableStatus": "CREATING"}));
    ok("CreateTable", json!({"TableDescription": description}))
}

fn as_wanted() -> Exchange {
    together([describe(&json!({})), recovery("ENABLED"), no_ttl(), tags()])
}

/// A table that a change is made to.
async fn found(table: &Table) -> LiveTable {
    there(table).await
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none_though_its_tags_are_denied() {
    let replay = Replay::new([together([
        gone(),
        refused("DescribeContinuousBackups", 400, "TableNotFoundException", "Table not found"),
        no_ttl(),
        refused("ListTagsOfResource", 400, "AccessDeniedException", "not authorized"),
    ])]);
    is_absent(&table(&replay)).await;
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_deleted_between_two_looks_is_absent_and_not_somebody_elses() {
    let absent =
        |call| refused(call, 400, "ResourceNotFoundException", "Requested resource not found");
    let replay = Replay::new([
        together([
            describe(&json!({})),
            refused("DescribeContinuousBackups", 400, "TableNotFoundException", "Table not found"),
            no_ttl(),
            absent("ListTagsOfResource"),
        ]),
        gone(),
    ]);
    is_absent(&table(&replay)).await;
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn it_is_made_once_it_is_active_and_takes_backups_and_then_nothing_differs() {
    let busy = || {
        refused(
            "UpdateContinuousBackups",
            400,
            "ContinuousBackupsUnavailableException",
            "Backups are being enabled for the table: app-data. Please retry later",
        )
    };
    let replay = Replay::new([
        created(),
        gone(),
        status("CREATING"),
        status("ACTIVE"),
        busy(),
        busy(),
        backups("UpdateContinuousBackups", "DISABLED"),
        recovery("DISABLED"),
        recovery("ENABLED"),
        as_wanted(),
    ]);
    let table = table(&replay);
    let made = table.create(&Inputs::default(), &Progress::silent()).await.expect("it is made");
    assert_eq!(made.arn, ARN);
    assert!(table.is_ours(&made) && drift(&table, &Inputs::default(), &made).is_empty());
    let live = there(&table).await;
    assert_eq!(live.items, 7);
    assert!(table.is_ours(&live) && drift(&table, &Inputs::default(), &live).is_empty());
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn what_was_made_by_a_lost_call_exists_already() {
    let replay = Replay::new([
        lost("CreateTable"),
        refused("CreateTable", 400, "ResourceInUseException", "Table already exists: app-data"),
    ]);
    let error = table(&replay).create(&Inputs::default(), &Progress::silent()).await;
    assert_eq!(error.expect_err("it exists").kind, Kind::Exists);
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn one_table_too_many_at_once_passes_and_the_quota_does_not() {
    let limit = |message| refused("CreateTable", 400, "LimitExceededException", message);
    let simultaneous = || {
        limit(
            "Subscriber limit exceeded: Only 500 tables can be created, updated, or deleted simultaneously",
        )
    };
    let mut script = vec![simultaneous(); 9];
    script.extend(vec![limit("Subscriber limit exceeded: There is a limit of 2500 tables"); 8]);
    let replay = Replay::new(script);
    let error = table(&replay).create(&Inputs::default(), &Progress::silent()).await;
    let error = error.expect_err("the quota");
    assert!(error.hint.expect("a hint").contains("quota"));
}

#[tokio::test(start_paused = true)]
async fn throttling_passes() {
    let throttled = refused("DescribeTable", 400, "ThrottlingException", "Rate exceeded");
    let replay = Replay::new([together([
        throttled.clone(),
        throttled,
        describe(&json!({})),
        recovery("ENABLED"),
        no_ttl(),
        tags(),
    ])]);
    there(&table(&replay)).await;
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn tags_come_in_pages() {
    let tag = |key, value| json!([{"Key": key, "Value": value}]);
    let replay = Replay::new([together([
        describe(&json!({})),
        recovery("ENABLED"),
        no_ttl(),
        ok(
            "ListTagsOfResource",
            json!({"Tags": tag("stackctl:stack", "app"), "NextToken": "more"}),
        ),
        ok("\"NextToken\":\"more\"", json!({"Tags": tag("stackctl:stage", "default")})),
    ])]);
    let table = table(&replay);
    assert!(table.is_ours(&there(&table).await));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn the_tags_of_a_young_table_are_looked_at_again() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let untagged = || ok("ListTagsOfResource", json!({"Tags": []}));
    let young = json!({"CreationDateTime": now.as_secs_f64() - 1.0, "TableStatus": "CREATING"});
    let replay = Replay::new([
        together([describe(&young), recovery("DISABLED"), no_ttl(), untagged()]),
        untagged(),
        tags(),
    ]);
    let table = table(&replay);
    assert!(table.is_ours(&there(&table).await));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_table_without_our_tags_is_not_ours() {
    let replay = Replay::new([together([
        describe(&json!({})),
        recovery("ENABLED"),
        no_ttl(),
        ok("ListTagsOfResource", json!({"Tags": [{"Key": "stackctl:stack", "Value": "other"}]})),
    ])]);
    let table = table(&replay);
    let live = there(&table).await;
    assert!(!table.is_ours(&live));
    assert_eq!(
        drift(&table, &Inputs::default(), &live),
        ["tag stackctl:stack: other → app", "tag stackctl:stage: none → default"]
    );
}

#[tokio::test(start_paused = true)]
async fn every_property_is_compared_and_repaired_one_change_at_a_time() {
    let busy = refused("UpdateTable", 400, "ResourceInUseException", "Table is being updated");
    let drifted = json!({"BillingModeSummary": null, "DeletionProtectionEnabled": true});
    let replay = Replay::new([
        together([
            describe(&drifted),
            recovery("DISABLED"),
            no_ttl(),
            ok("ListTagsOfResource", json!({"Tags": []})),
        ]),
        status("ACTIVE"),
        busy,
        ok("\"BillingMode\":\"PAY_PER_REQUEST\"", json!({})),
        status("UPDATING"),
        status("ACTIVE"),
        ok("\"DeletionProtectionEnabled\":false", json!({})),
        status("ACTIVE"),
        backups("UpdateContinuousBackups", "ENABLED"),
        refused("TagResource", 400, "ResourceInUseException", "Table is being updated"),
        ok("TagResource", json!({})),
        tags(),
    ]);
    let table = table(&replay);
    let live = found(&table).await;
    assert_eq!(
        drift(&table, &Inputs::default(), &live),
        [
            "tag stackctl:stack: none → app",
            "tag stackctl:stage: none → default",
            "billing: provisioned → on-demand",
            "point_in_time_recovery: false → true",
            "deletion_protection: true → false",
        ]
    );
    table.update(&Inputs::default(), &live, &Progress::silent()).await.expect("repaired");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn only_what_differs_is_written() {
    let replay = Replay::new([
        together([describe(&json!({})), recovery("DISABLED"), no_ttl(), tags()]),
        status("ACTIVE"),
        backups("UpdateContinuousBackups", "ENABLED"),
    ]);
    let table = table(&replay);
    let live = found(&table).await;
    table.update(&Inputs::default(), &live, &Progress::silent()).await.expect("repaired");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn other_keys_are_refused_and_told_with_their_types() {
    let keys = json!({
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
    });
    let replay = Replay::new([together([describe(&keys), recovery("ENABLED"), no_ttl(), tags()])]);
    let table = table(&replay);
    let differences = table.diff(&Inputs::default(), &there(&table).await);
    assert_eq!(differences[0].to_string(), "keys: id:N → userId + itemId");
    assert!(differences[0].refusal.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_being_deleted_is_made_again_when_it_is_gone() {
    let replay = Replay::new([
        together([status("DELETING"), recovery("ENABLED"), no_ttl(), tags()]),
        status("DELETING"),
        gone(),
        created(),
        status("ACTIVE"),
        backups("UpdateContinuousBackups", "ENABLED"),
    ]);
    let table = table(&replay);
    let live = found(&table).await;
    assert_eq!(drift(&table, &Inputs::default(), &live), ["status: DELETING → ACTIVE"]);
    table.update(&Inputs::default(), &live, &Progress::silent()).await.expect("made again");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_table_that_never_becomes_active_is_told_with_its_status() {
    let mut script = vec![created()];
    script.extend(vec![status("CREATING"); 400]);
    let error = table(&Replay::new(script)).create(&Inputs::default(), &Progress::silent()).await;
    assert_eq!(error.expect_err("never").cause.as_deref(), Some("after 600 s: CREATING"));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_out_of_reach_is_told_at_once() {
    let replay = Replay::new([created(), status("INACCESSIBLE_ENCRYPTION_CREDENTIALS")]);
    let error = table(&replay).create(&Inputs::default(), &Progress::silent()).await;
    assert!(error.expect_err("out of reach").hint.expect("a hint").contains("KMS"));
}

#[tokio::test(start_paused = true)]
async fn deleting_lifts_the_protection_and_waits_until_the_table_is_gone() {
    let live = LiveTable { protection: true, ..LiveTable::of(&empty(), true, Tags::new()) };
    let replay = Replay::new([
        ok("UpdateTable", json!({})),
        refused("DeleteTable", 400, "ResourceInUseException", "Table is being updated"),
        ok("DeleteTable", json!({})),
        status("DELETING"),
        gone(),
    ]);
    let table = table(&replay);
    table.delete(&live, &Progress::silent()).await.expect("deleted");
    table.settle(None, &Progress::silent()).await.expect("gone");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn deleting_the_deleted_is_fine() {
    let replay = Replay::new([
        refused("UpdateTable", 400, "ResourceNotFoundException", "not found"),
        refused("DeleteTable", 400, "ResourceNotFoundException", "not found"),
    ]);
    let table = table(&replay);
    let live = LiveTable { protection: true, ..LiveTable::of(&empty(), true, Tags::new()) };
    table.delete(&live, &Progress::silent()).await.expect("gone already");
    replay.is_over();
}
