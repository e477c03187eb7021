//! Several tables with indexes and a time to live, through the rules of AWS that the emulator lacks.

use serde_json::json;

use crate::lane::{Lane, Verb};
use crate::proxy::{Fault, Ledger, What, When};
use crate::strict::Rules;

const TTL: &str = "[table]\nttl = \"expiresAt\"\n";
const ONE: &str = "[table.indexes.byA]\npartition_key = \"a\"\n";
const MORE: &str = "[table.indexes.byB]\npartition_key = \"userId\"\nsort_key = \"b:N\"\nprojection = \"keys\"\n\
                    [table.indexes.byC]\npartition_key = \"c:B\"\nprojection = [\"d\"]\n";
const FURTHER: &str = "[tables.counters]\npartition_key = \"id:N\"\n\
                       [tables.links]\npartition_key = \"id\"\nname = \"links-of-my-app\"\n";

/// The places of the calls of an operation.
fn places(ledger: &Ledger, name: &str) -> Vec<usize> {
    let calls = ledger.calls().iter().enumerate();
    calls.filter(|(_, call)| call.operation.name == name).map(|(place, _)| place).collect()
}

fn again_writes_nothing(lane: &Lane) {
    let (again, ledger) = lane.run(Verb::Up);
    again.succeeded();
    assert_eq!(ledger.writes(), 0, "{:#?}", ledger.calls());
}

#[test]
fn indexes_are_made_one_at_a_time_and_before_live_moves() {
    let lane = Lane::take();
    let before = lane.snapshot();
    lane.set_layer(Rules::all());
    lane.configure(&[TTL, ONE, FURTHER].concat());
    lane.run(Verb::Up).0.succeeded();
    again_writes_nothing(&lane);

    lane.configure(&[TTL, ONE, MORE, FURTHER, "[function.environment]\nNEW = \"yes\"\n"].concat());
    let (up, ledger) = lane.run(Verb::Up);
    up.succeeded();
    let (made, moved) = (places(&ledger, "UpdateTable"), places(&ledger, "UpdateAlias"));
    assert_eq!((made.len(), moved.len()), (2, 1), "{:#?}", ledger.calls());
    assert!(made.iter().all(|place| place < &moved[0]), "{:#?}", ledger.calls());
    again_writes_nothing(&lane);

    // Somebody deletes one; the answer to the call that makes it again is lost.
    let gone = json!({"TableName": "my-app-data",
        "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "byB"}}]});
    lane.aws().json("dynamodb", "UpdateTable", &gone);
    let lost = Fault::once(When::Operation("dynamodb:UpdateTable".to_owned()), What::Lost);
    lane.run_with(Verb::Up, [lost]).0.succeeded();
    again_writes_nothing(&lane);
    lane.run(Verb::Teardown).0.succeeded();
    assert_eq!(lane.snapshot(), before);
}

#[test]
fn a_second_change_of_the_time_to_live_within_the_hour_ends_the_run_with_the_rest_done() {
    let lane = Lane::take();
    lane.set_layer(Rules::all());
    lane.configure(TTL);
    lane.run(Verb::Up).0.succeeded();
    lane.configure("[table]\nttl = \"until\"\n");
    let (refused, ledger) = lane.run(Verb::Up);
    assert_eq!((refused.code, ledger.writes()), (Some(2), 0), "{refused:#?}");
    assert!(refused.stderr.contains("an hour later"), "{refused:#?}");

    lane.configure("[function]\nmemory = 512\n");
    let (late, _) = lane.run(Verb::Up);
    assert_eq!(late.code, Some(1), "{late:#?}");
    assert!(late.stderr.contains("in an hour"), "{late:#?}");
    let function = lane.aws().get("lambda", "/2015-03-31/functions/my-app-api/configuration");
    assert_eq!(function["MemorySize"], 512, "everything else is done");
}
