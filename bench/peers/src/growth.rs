//! What grows with an account: calls and time of `up` and `status` beside other stacks, and lists of many items.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Result;
use crate::artifact::Artifact;
use crate::cloud::{Call, Cloud};
use crate::floor;
use crate::measure::{Cost, Surroundings, measured};
use crate::report::spread;
use crate::stack::Names;
use crate::statistics::{Rounds, percentile};
use crate::turn::Bench;

/// The most that `BatchWriteItem` takes
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>).
const BATCH: usize = 25;

/// The most that the handler gives at once.
const PAGE: usize = 1000;

const VERBS: [(&str, &[&str]); 3] = [
    ("up", &["stackctl", "up", "--artifact", "bootstrap.zip", "--yes"]),
    ("status", &["stackctl", "status"]),
    ("teardown", &["stackctl", "teardown", "--yes"]),
];

/// `up`, `status` and `teardown` with so many other stacks in the account.
pub fn stacks(
    bench: &Bench,
    surroundings: &Surroundings,
    counts: &[usize],
    rounds: usize,
    round_trip: Duration,
) -> Result<String> {
    let mut table = vec![
        "| other stacks | verb | calls | chain | s |".to_owned(),
        "|---:|---|---:|---:|---:|".to_owned(),
    ];
    bench.emulator.reset()?;
    let (idle, mut there) = (Artifact::idle()?, 0);
    for &count in counts {
        crate::tell(&format!("{count} other stacks"))?;
        while there < count {
            there += 1;
            floor::up(&bench.emulator.cloud, &Names::of(&format!("other-{there}")), &idle.zip)?;
        }
        let mut times: BTreeMap<&str, Rounds> = BTreeMap::new();
        let mut last: BTreeMap<&str, Cost> = BTreeMap::new();
        for _ in 0..rounds {
            for (verb, words) in VERBS {
                bench.proxy.begin(round_trip);
                let log = surroundings.folder.join(format!("growth-{verb}.log"));
                let cost = measured(surroundings.command(words)?, "", &log, &bench.proxy)?;
                times.entry(verb).or_default().add(cost.wall.as_secs_f64());
                last.insert(verb, cost);
            }
        }
        for (verb, _) in VERBS {
            let cost = &last[verb];
            let (calls, chain) = (cost.calls, cost.chain.len());
            table.push(format!(
                "| {count} | `{verb}` | {calls} | {chain} | {} |",
                spread(&times[verb])
            ));
        }
    }
    Ok(table.join("\n"))
}

/// Lists of one user's items through the API, a page after the other, and beside them what the emulator takes for the
/// first page alone; the stack is up.
pub fn lists(cloud: &Cloud, counts: &[usize]) -> Result<String> {
    let mut table = vec![
        "| items | pages | page p50, ms | page p99, ms | whole list, s | the emulator's `Query`, ms |".to_owned(),
        "|---:|---:|---:|---:|---:|---:|".to_owned(),
    ];
    let apis = cloud.look(&Call::get("apigateway", "/v2/apis"))?;
    let api = apis["items"][0]["apiId"].as_str().ok_or("there is no API")?.to_owned();
    for &count in counts {
        crate::tell(&format!("a list of {count} items"))?;
        let user = format!("user-{count}");
        fill(cloud, &user, count)?;
        let since = Instant::now();
        let listed = pages(cloud, &api, &user);
        let whole = since.elapsed().as_secs_f64();
        let query = query(cloud, &user)?.as_secs_f64() * 1e3;
        table.push(match listed {
            Ok(pages) => {
                let [p50, p99] = [0.5, 0.99].map(|share| percentile(&pages, share) * 1e3);
                let pages = pages.len();
                format!("| {count} | {pages} | {p50:.1} | {p99:.1} | {whole:.2} | {query:.1} |")
            }
            Err(error) => {
                format!("| {count} | FAILED after {whole:.1} s: {error} | | | | {query:.1} |")
            }
        });
    }
    Ok(table.join("\n"))
}

/// How long the emulator takes for a page without a function around it.
fn query(cloud: &Cloud, user: &str) -> Result<Duration> {
    let input = json!({
        "TableName": "bench-app-data", "Limit": PAGE, "KeyConditionExpression": "userId = :user",
        "ExpressionAttributeValues": {":user": {"S": user}},
    });
    let since = Instant::now();
    cloud.call(&Call::json("DynamoDB_20120810.Query", &input))?;
    Ok(since.elapsed())
}

fn fill(cloud: &Cloud, user: &str, count: usize) -> Result<()> {
    let numbers: Vec<usize> = (0..count).collect();
    for batch in numbers.chunks(BATCH) {
        let puts: Vec<Value> = batch.iter().map(|number| put(user, *number)).collect();
        let input = json!({"RequestItems": {"bench-app-data": puts}});
        cloud.call(&Call::json("DynamoDB_20120810.BatchWriteItem", &input))?;
    }
    Ok(())
}

fn put(user: &str, number: usize) -> Value {
    let text = |text: &str| json!({"S": text});
    let item = json!({
        "userId": text(user), "itemId": text(&format!("item-01920000-0000-7000-8000-{number:012}")),
        "title": text("Buy oat milk and bread"), "status": text("pending"),
        "createdAt": text("2026-08-30T12:00:00.000Z"),
    });
    json!({"PutRequest": {"Item": item}})
}

/// How long each page took.
fn pages(cloud: &Cloud, api: &str, user: &str) -> Result<Vec<Duration>> {
    let mut pages = Vec::new();
    let mut token = String::new();
    loop {
        let path = format!("/_aws/execute-api/{api}/$default/?userId={user}&limit={PAGE}{token}");
        let since = Instant::now();
        let page = cloud.call(&Call::plain("GET", &path))?.json();
        pages.push(since.elapsed());
        match page["nextToken"].as_str() {
            Some(next) => token = format!("&nextToken={next}"),
            None => return Ok(pages),
        }
    }
}
