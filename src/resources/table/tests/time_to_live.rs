//! Time to live: on, off, and what DynamoDB takes only an hour later.

use super::*;
use crate::resources::fixture::with;

fn expiring(replay: &Replay) -> Table {
    let config = with("[table]\nttl = \"expiresAt\"");
    Table::new(&replay.cloud(), &config, &config.tables["data"])
}

fn ttl(status: &str, attribute: &str) -> Exchange {
    let description = json!({"TimeToLiveStatus": status, "AttributeName": attribute});
    ok("DescribeTimeToLive", json!({"TimeToLiveDescription": description}))
}

fn looked_at(ttl: Exchange) -> Exchange {
    together([describe(&json!({})), recovery("ENABLED"), ttl, tags()])
}

fn taken() -> Exchange {
    ok("UpdateTimeToLive", json!({}))
}

#[tokio::test(start_paused = true)]
async fn it_is_set_before_recovery_and_enabling_counts_as_done() {
    let replay = Replay::new([
        created(),
        status("ACTIVE"),
        taken(),
        backups("UpdateContinuousBackups", "ENABLED"),
        looked_at(ttl("ENABLING", "expiresAt")),
    ]);
    let table = expiring(&replay);
    let live = table.create(&Inputs::default(), &Progress::silent()).await.expect("made");
    assert_eq!(drift(&table, &Inputs::default(), &live), [] as [String; 0]);
    assert_eq!(drift(&table, &Inputs::default(), &found(&table).await), [] as [String; 0]);
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn one_that_the_file_does_not_say_is_turned_off_with_its_own_attribute() {
    let replay = Replay::new([
        looked_at(ttl("ENABLED", "until")),
        status("ACTIVE"),
        ok("\"Enabled\":false,\"AttributeName\":\"until\"", json!({})),
    ]);
    let table = table(&replay);
    let live = found(&table).await;
    assert_eq!(drift(&table, &Inputs::default(), &live), ["time to live: until → none"]);
    table.update(&Inputs::default(), &live, &Progress::silent()).await.expect("turned off");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn another_attribute_is_refused_with_both_steps() {
    let replay = Replay::new([looked_at(ttl("ENABLED", "until"))]);
    let table = expiring(&replay);
    let differences = table.diff(&Inputs::default(), &there(&table).await);
    assert_eq!(differences[0].to_string(), "time to live: until → expiresAt");
    assert!(differences[0].refusal.as_ref().expect("refused").contains("an hour later"));
}

#[tokio::test(start_paused = true)]
async fn a_second_change_within_the_hour_fails_at_the_end_and_stops_nothing_else() {
    let message = "Time to live has been modified multiple times within a fixed interval";
    let replay = Replay::new([
        together([describe(&json!({})), recovery("DISABLED"), ttl("DISABLING", "until"), tags()]),
        status("ACTIVE"),
        refused("UpdateTimeToLive", 400, "ValidationException", message),
        backups("UpdateContinuousBackups", "ENABLED"),
    ]);
    let table = expiring(&replay);
    let live = found(&table).await;
    let live = table.update(&Inputs::default(), &live, &Progress::silent()).await;
    let live = live.expect("the rest is done");
    let error = table.settle(Some(&live), &Progress::silent()).await.expect_err("not yet");
    assert!(error.hint.expect("a hint").contains("in an hour"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn what_another_run_has_enabled_is_done() {
    let replay = Replay::new([
        looked_at(ttl("DISABLED", "")),
        status("ACTIVE"),
        refused("UpdateTimeToLive", 400, "ResourceInUseException", "Table is being updated"),
        refused("UpdateTimeToLive", 400, "ValidationException", "TimeToLive is already enabled"),
    ]);
    let table = expiring(&replay);
    let live = found(&table).await;
    table.update(&Inputs::default(), &live, &Progress::silent()).await.expect("done");
    replay.is_over();
}
