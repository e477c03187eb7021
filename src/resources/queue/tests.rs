use serde_json::json;

use super::*;
use crate::cloud::replay::{Exchange, Replay, ok, refused, together};
use crate::config::Trigger;
use crate::resources::fixture::{config, drift, is_absent, there, with};
use engine::Graph;

const URL: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/app-worker";

fn queue(replay: &Replay) -> Queue {
    let config = with("[functions.worker]\nbin = \"worker\"\ntimeout = 20\nqueue = {}");
    let Some(Trigger::Queue(queue)) = &config.function().trigger else { panic!("a queue") };
    let (cloud, mut graph) = (replay.cloud(), Graph::default());
    let dead = graph.add(Queue::dead_letters(&cloud, &config, queue));
    Queue::source(&cloud, &config, queue, dead.id)
}

/// The address, the attributes and the tags; `policy` is the redrive policy as SQS writes it.
fn found(policy: &str) -> [Exchange; 2] {
    let attributes = json!({
        "QueueArn": "arn:aws:sqs:us-east-1:123456789012:app-worker",
        "ApproximateNumberOfMessages": "3",
        "VisibilityTimeout": "120",
        "RedrivePolicy": policy,
        "SqsManagedSseEnabled": "true",
    });
    let tags = json!({"stackctl:stack": "app", "stackctl:stage": "default"});
    [
        ok("GetQueueUrl", json!({"QueueUrl": URL})),
        together([
            ok("GetQueueAttributes", json!({"Attributes": attributes})),
            ok("ListQueueTags", json!({"Tags": tags})),
        ]),
    ]
}

fn missing() -> Exchange {
    let message = "The specified queue does not exist.";
    refused("GetQueueUrl", 400, "com.amazonaws.sqs#QueueDoesNotExist", message)
}

const POLICY: &str = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:app-worker-dlq","maxReceiveCount":5}"#;

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_not_there_reads_as_none() {
    let replay = Replay::new([missing()]);
    is_absent(&queue(&replay)).await;
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_name_that_was_given_up_a_moment_ago_is_waited_for_and_then_nothing_differs() {
    let message = "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
    let recently =
        refused("CreateQueue", 400, "AWS.SimpleQueueService.QueueDeletedRecently", message);
    let [address, rest] = found(POLICY);
    let script = [
        recently.clone(),
        recently,
        ok("CreateQueue", json!({"QueueUrl": URL})),
        missing(),
        address,
        rest,
    ];
    let replay = Replay::new(script);
    let queue = queue(&replay);
    queue.cloud.identity().await.expect("known");
    let live = queue.create(&Inputs::default(), &Progress::silent()).await.expect("made");
    assert!(queue.is_ours(&live) && drift(&queue, &Inputs::default(), &live).is_empty());
    assert_eq!((live.url.as_str(), live.messages), (URL, 3));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_policy_with_a_count_as_text_and_other_spaces_is_the_same() {
    let written = POLICY.replace(":5}", ": \"5\"}");
    let replay = Replay::new(found(&written));
    let queue = queue(&replay);
    queue.cloud.identity().await.expect("known");
    let live = there(&queue).await;
    assert_eq!(drift(&queue, &Inputs::default(), &live), [] as [&str; 0]);
    let other = Replay::new(found(&POLICY.replace(":5}", ":9}")));
    let queue = self::queue(&other);
    queue.cloud.identity().await.expect("known");
    let live = there(&queue).await;
    let differences = drift(&queue, &Inputs::default(), &live);
    assert!(differences[0].starts_with("RedrivePolicy: "), "{differences:?}");
}

#[test]
fn a_stack_without_a_queue_has_none() {
    assert_eq!(config().queues().count(), 0);
}
