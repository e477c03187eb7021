//! Functions that a queue, a stream and a schedule start, from `up` to `teardown`.

use serde_json::{Value, json};

use crate::support::{Artifact, Behaviour, Outcome, Stack, eventually, only};

const WORKERS: &str = "[functions.worker]\nqueue = { batch = 5 }\n[functions.changes]\nstream = \"data\"\n[functions.nightly]\nschedule = \"cron(0 3 * * ? *)\"\ntimezone = \"Europe/Berlin\"\n";

fn configure(stack: &Stack, name: &str, keys: &str) {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let text = format!("name = \"{name}\"\n[function]\narchitecture = \"{architecture}\"\n{keys}");
    stack.project.write("stack.toml", &text);
}

/// The handler takes requests, and the others write down what starts them.
fn ship(stack: &Stack, telling: &Artifact, arguments: &[&str]) -> Outcome {
    let mut words: Vec<String> =
        vec!["--artifact".into(), format!("api={}", Artifact::handler().path())];
    for key in ["worker", "changes", "nightly"] {
        words.extend(["--artifact".to_owned(), format!("{key}={}", telling.path())]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    stack.run(&[arguments, &words].concat())
}

fn logged(stack: &Stack, key: &str) -> String {
    stack.run(&["logs", "--function", key, "--raw"]).succeeded().json().to_string()
}

fn queues(stack: &Stack, prefix: &str) -> Value {
    let found = stack.aws.json("AmazonSQS.ListQueues", &json!({"QueueNamePrefix": prefix}));
    found["QueueUrls"].clone()
}

#[test]
fn what_starts_a_function_is_made_used_changed_and_deleted_with_it() {
    let stack = Stack::new("triggers");
    let telling = stack.artifact(Behaviour::Telling);
    configure(&stack, "triggers", WORKERS);
    let up = ship(&stack, &telling, &["up"]).succeeded().json();
    assert_eq!(only(&ship(&stack, &telling, &["up"]).succeeded().json()), [] as [&str; 0]);
    stack.run(&["status", "--exit-code"]).succeeded();

    // A message starts the worker.
    let queue = stack.aws.json("AmazonSQS.GetQueueUrl", &json!({"QueueName": "triggers-worker"}));
    let message = json!({"QueueUrl": queue["QueueUrl"], "MessageBody": "resize photo 7"});
    stack.aws.json("AmazonSQS.SendMessage", &message);
    eventually("the worker takes the message", || {
        logged(&stack, "worker").contains("resize photo 7").then_some(())
    });
    // A change of the table starts the function of its stream.
    assert_eq!(Stack::ask(&up, "POST", "userId=u1", r#"{"title":"Buy milk"}"#).status, 201);
    eventually("the change arrives", || {
        let log = logged(&stack, "changes");
        (log.contains("INSERT") && log.contains("Buy milk")).then_some(())
    });
    // The schedule waits for the night.
    let schedule = stack.aws.rest(
        "scheduler",
        "GET",
        "/schedules/triggers-nightly?groupName=triggers",
        &Value::Null,
    );
    assert_eq!(schedule["ScheduleExpression"], "cron(0 3 * * ? *)");
    assert_eq!(schedule["ScheduleExpressionTimezone"], "Europe/Berlin");
    let proof = stack.run(&["verify-policy"]).succeeded().json();
    for key in ["api", "worker", "nightly"] {
        assert_eq!(proof["functions"][key]["verdict"], "proven", "{key}: {proof:#}");
    }
    // Nobody knows the label of a stream beforehand: its ARN has a wildcard, which is tried with examples.
    assert_eq!(proof["functions"]["changes"]["verdict"], "sampled", "{proof:#}");

    // What was changed by hand is told and repaired.
    let faster = WORKERS.replace("batch = 5", "batch = 7, receives = 3").replace("0 3", "0 4");
    configure(&stack, "triggers", &faster);
    let changed = only(&ship(&stack, &telling, &["up"]).succeeded().json());
    assert_eq!(changed, ["queue update", "schedule update", "event source update"]);

    stack.run(&["teardown", "--yes"]).succeeded();
    assert_eq!(queues(&stack, "triggers-"), json!([]));
    let mappings =
        stack.aws.rest("lambda", "GET", "/2015-03-31/event-source-mappings/", &Value::Null);
    assert!(!mappings.to_string().contains("triggers-"), "{mappings:#}");
    let groups = stack.aws.rest("scheduler", "GET", "/schedule-groups", &Value::Null);
    assert!(!groups.to_string().contains("\"triggers\""), "{groups:#}");
}
