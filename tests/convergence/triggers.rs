//! Queues, streams and schedules: how many calls they take, and that a run which is broken while they are made or retired
//! is made up for by the next one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::artifact;
use crate::aws::Aws;
use crate::figures;
use crate::lane::Lane;
use crate::proxy::{Fault, Ledger, What, When};
use crate::run::{Ended, Run};
use crate::snapshot;
use crate::strict::Rules;

/// Much longer than the emulator and a busy machine take, so that calls that need no other begin together.
const ROUND_TRIP: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_mins(5);

const ACCOUNT: &str = "account = \"123456789012\"\n";
const TABLES: &str =
    "[table]\n[tables.orders]\npartition_key = \"id\"\n[tables.links]\npartition_key = \"id\"\n";
const API: &str = "[function]\n";
const QUEUE: &str = "[functions.worker]\nqueue = {}\n";
const SCHEDULE: &str = "[functions.nightly]\nschedule = \"rate(1 day)\"\n";
const STREAM: &str = "[functions.changes]\nstream = \"data\"\n";

/// `up` with the same zip for these functions.
fn up(lane: &Lane, keys: &[&str]) -> Run {
    let zips = keys.iter().map(|key| format!("{key}={}", artifact::first()));
    let mut command = lane.command(&["up", "--yes", "--output", "json"]);
    for zip in zips {
        command.args(["--artifact", &zip]);
    }
    Run::start(command)
}

fn upped(lane: &Lane, keys: &[&str], faults: impl IntoIterator<Item = Fault>) -> (Ended, Ledger) {
    lane.proxy().reset(faults);
    let ended = up(lane, keys).wait_at_most(PATIENCE);
    let ledger = lane.proxy().ledger();
    lane.proxy().reset([]);
    (ended, ledger)
}

/// The writes, and the calls one after another.
fn counted(lane: &Lane, what: &str, keys: &[&str]) -> (usize, usize, String) {
    let slow = Fault::for_ever(When::From(1), What::Late(ROUND_TRIP));
    let (ended, ledger) = upped(lane, keys, [slow]);
    ended.succeeded();
    let chain: Vec<String> = ledger.longest_chain().iter().map(ToString::to_string).collect();
    let (writes, length) = (ledger.writes(), chain.len());
    let told = format!("{what}: {writes} writes, chain of {length}: {}", chain.join(" > "));
    figures::note("calls", &told);
    (writes, length, told)
}

#[test]
fn a_second_up_of_a_stack_with_triggers_writes_nothing_in_two_rounds_also_beside_200_others() {
    let lane = Lane::take();
    lane.configure(&[ACCOUNT, API, TABLES, QUEUE, SCHEDULE].concat());
    let keys = ["api", "worker", "nightly"];
    counted(&lane, "up, three tables and functions", &keys);
    let (writes, rounds, told) = counted(&lane, "the same again", &keys);
    assert!(writes == 0 && rounds <= 2, "{told}");
    for number in 0..200 {
        settle(lane.aws(), &format!("other-{number}"));
    }
    let (writes, rounds, told) = counted(&lane, "again, beside 200 others", &keys);
    assert!(writes == 0 && rounds <= 2, "{told}");
}

/// Another stack: a table, a queue and a group of schedules of it.
fn settle(aws: Aws, name: &str) {
    let tags = json!({"stackctl:stack": name, "stackctl:stage": "default"});
    let list = json!([{"Key": "stackctl:stack", "Value": name}]);
    let key = json!([{"AttributeName": "id", "AttributeType": "S"}]);
    let table = json!({
        "TableName": format!("{name}-data"), "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": key, "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "Tags": list,
    });
    aws.json("dynamodb", "CreateTable", &table);
    aws.json("sqs", "CreateQueue", &json!({"QueueName": format!("{name}-worker"), "tags": tags}));
    let group = json!({"Tags": list});
    aws.rest("scheduler", "POST", &format!("/schedule-groups/{name}"), &group);
    let api = json!({"name": name, "protocolType": "HTTP", "tags": tags});
    aws.rest("apigateway", "POST", "/v2/apis", &api);
}

/// All of it, then the file as it is afterwards: with a queue, a schedule and a stream, and without any.
struct Step {
    text: String,
    keys: &'static [&'static str],
}

fn steps() -> [Step; 2] {
    [
        Step {
            text: [ACCOUNT, API, QUEUE, SCHEDULE, STREAM].concat(),
            keys: &["api", "worker", "nightly", "changes"],
        },
        Step { text: ACCOUNT.to_owned(), keys: &["api"] },
    ]
}

/// Brings the lane to where step `number` begins.
fn prepare(lane: &Lane, number: usize) {
    lane.fresh();
    lane.set_layer(Rules::timeless());
    for step in &steps()[..number] {
        lane.configure(&step.text);
        upped(lane, step.keys, []).0.succeeded();
    }
    lane.configure(&steps()[number].text);
}

fn writes(ledger: &Ledger) -> Vec<String> {
    let services = ["sqs", "scheduler"];
    let writes = ledger.calls().iter().filter(|call| call.is_write());
    let told = writes.filter(|call| {
        let operation = &call.operation;
        services.contains(&operation.service.as_str())
            || operation.name.contains("EventSource")
            || operation.name.starts_with("Untag")
    });
    let mut told: Vec<String> = told.map(|call| call.operation.to_string()).collect();
    told.sort();
    told.dedup();
    told
}

#[test]
fn what_is_broken_while_triggers_are_made_or_retired_is_made_up_for() {
    let lane = Lane::take();
    let mut failures = Vec::new();
    for (number, step) in steps().iter().enumerate() {
        prepare(&lane, number);
        let (ended, ledger) = upped(&lane, step.keys, []);
        ended.succeeded();
        let end = lane.snapshot();
        for (index, write) in writes(&ledger).into_iter().enumerate() {
            let killed = index % 2 == 0;
            prepare(&lane, number);
            let at = When::Operation(write.clone());
            let what = if killed { What::HeldAfter } else { What::Lost };
            lane.proxy().reset([Fault::once(at, what)]);
            let mut run = up(&lane, step.keys);
            if killed {
                while !lane.proxy().has_struck(Duration::from_millis(20)) && !run.has_ended() {}
                run.kill();
            }
            let broken = run.wait_at_most(PATIENCE);
            let (again, _) = upped(&lane, step.keys, []);
            let mut differences = snapshot::differences(&lane.snapshot(), &end);
            if again.code != Some(0) {
                differences.push(format!("{} {}", broken.stderr, again.stderr));
            }
            let word = if differences.is_empty() { "converged" } else { "failed" };
            figures::note("cases", &format!("triggers {number} {write}: {word}"));
            if !differences.is_empty() {
                failures.push(format!("step {number}, {write}: {}", differences.join("\n")));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    let left: Value = lane.snapshot();
    for kind in ["queues", "event sources", "schedules"] {
        assert_eq!(left[kind], json!({}), "{kind}");
    }
}
