use serde_json::{Value, json};

use super::*;
use crate::cloud::replay::{Exchange, Replay, ok, refused};
use crate::config::Trigger;
use crate::resources::fixture::{release, there, with};
use engine::Graph;

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:app-worker";
const ALIAS_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:app-worker:live";
const LIST: &str = "GET /2015-03-31/event-source-mappings";
const CREATE: &str = "POST /2015-03-31/event-source-mappings";

fn mapping(uuid: &str, source: &str, state: &str) -> Value {
    json!({
        "UUID": uuid, "EventSourceArn": source, "FunctionArn": ALIAS_ARN, "State": state,
        "BatchSize": 10, "FunctionResponseTypes": ["ReportBatchItemFailures"],
    })
}

fn listed(mappings: &[Value]) -> Exchange {
    ok(LIST, json!({"EventSourceMappings": mappings}))
}

fn source(replay: &Replay) -> (EventSource, Inputs) {
    let config = with("[functions.worker]\nbin = \"worker\"\nqueue = {}");
    let Some(Trigger::Queue(queue)) = &config.function().trigger else { panic!("a queue") };
    let (cloud, mut graph) = (replay.cloud(), Graph::default());
    let dead = graph.add(Queue::dead_letters(&cloud, &config, queue));
    let handle = graph.add(Queue::source(&cloud, &config, queue, dead.id));
    let (release, rights) = release(&cloud, &config, &mut graph);
    let source = EventSource::of_queue(&cloud, &config, (queue, handle), release, &rights);
    (source, Inputs::default().with(handle, crate::resources::LiveQueue::at(QUEUE)))
}

#[tokio::test(start_paused = true)]
async fn a_role_whose_rights_have_not_spread_is_waited_for() {
    let message =
        "The provided execution role does not have permissions to call ReceiveMessage on SQS";
    let early = refused(CREATE, 400, "InvalidParameterValueException", message);
    let replay = Replay::new([
        early.clone(),
        early,
        ok(CREATE, mapping("u1", QUEUE, "Creating")),
        ok("GET /2015-03-31/event-source-mappings/u1", mapping("u1", QUEUE, "Enabling")),
        ok("GET /2015-03-31/event-source-mappings/u1", mapping("u1", QUEUE, "Enabled")),
        listed(&[mapping("u1", QUEUE, "Enabled")]),
    ]);
    let (source, inputs) = source(&replay);
    source.cloud.identity().await.expect("known");
    let live = source.create(&inputs, &Progress::silent()).await.expect("made");
    assert!(source.diff(&inputs, &live).is_empty());
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn another_mapping_of_the_alias_is_told_and_goes_only_at_the_end() {
    let other = "arn:aws:sqs:us-east-1:123456789012:old";
    let replay = Replay::new([
        listed(&[mapping("u1", QUEUE, "Enabled"), mapping("u0", other, "Enabled")]),
        ok("DELETE /2015-03-31/event-source-mappings/u0", mapping("u0", other, "Deleting")),
        ok("GET /2015-03-31/event-source-mappings/u0", mapping("u0", other, "Deleting")),
        refused(
            "GET /2015-03-31/event-source-mappings/u0",
            404,
            "ResourceNotFoundException",
            "gone",
        ),
    ]);
    let (source, inputs) = source(&replay);
    let live = there(&source).await;
    let differences = source.diff(&inputs, &live);
    assert_eq!((differences.len(), differences[0].now.as_str()), (1, other));
    source.finish(&inputs, &live, &Progress::silent()).await.expect("gone");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn one_that_was_switched_off_is_told() {
    let replay = Replay::new([listed(&[mapping("u1", QUEUE, "Disabled")])]);
    let (source, inputs) = source(&replay);
    let live = there(&source).await;
    let told: Vec<String> = source.diff(&inputs, &live).iter().map(ToString::to_string).collect();
    assert_eq!(told, ["state: Disabled → Enabled"]);
}
