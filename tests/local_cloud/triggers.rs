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

    // The same events by hand.
    let invoke =
        |key: &str, words: &[&str]| stack.run(&[&["invoke", "--function", key], words].concat());
    let batch = invoke("worker", &["--message", "photo 8", "--message", "photo 9"]).succeeded();
    assert_eq!(batch.json()["batch"], json!({"size": 2, "failed": []}));
    assert!(batch.json()["log"].to_string().contains("photo 9"), "{}", batch.stdout);
    let many = invoke("worker", &["--message", "photo 8", "--times", "6"]).failed(2).stderr;
    assert!(many.contains("a batch of 6 messages"), "{many}");
    let item = r#"{"userId":"u1","itemId":"i1","n":1}"#;
    let change = invoke("changes", &["--old", item, "--item", item]).succeeded();
    assert!(change.json()["log"].to_string().contains("MODIFY"), "{}", change.stdout);
    let keyless = invoke("changes", &["--item", r#"{"userId":"u1"}"#]).failed(2).stderr;
    assert!(keyless.contains("itemId"), "{keyless}");
    let night = invoke("nightly", &[]).succeeded().json()["log"].to_string();
    assert!(night.contains("triggers-nightly") && !night.contains("<aws."), "{night}");

    // What was changed by hand is told and repaired.
    let faster = WORKERS.replace("batch = 5", "batch = 7, receives = 3").replace("0 3", "0 4");
    configure(&stack, "triggers", &faster);
    let changed = only(&ship(&stack, &telling, &["up"]).succeeded().json());
    assert_eq!(changed, ["queue update", "schedule update", "event source update"]);

    stack.run(&["teardown", "--yes"]).succeeded();
    assert_eq!(queues(&stack, "triggers-"), json!([]));
    assert_eq!(mappings(&stack, "triggers-"), [] as [Value; 0]);
    let groups = stack.aws.rest("scheduler", "GET", "/schedule-groups", &Value::Null);
    assert!(!groups.to_string().contains("\"triggers\""), "{groups:#}");
}

/// The same functions in a file that says what of them.
fn reship(stack: &Stack, telling: &Artifact, keys: &[&str], arguments: &[&str]) -> Outcome {
    let mut words: Vec<String> =
        vec!["--artifact".into(), format!("api={}", Artifact::handler().path())];
    for key in keys {
        words.extend(["--artifact".to_owned(), format!("{key}={}", telling.path())]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    stack.run(&[arguments, &words].concat())
}

#[test]
fn a_trigger_that_the_file_says_no_longer_goes_after_the_proof() {
    let stack = Stack::new("retired");
    let telling = stack.artifact(Behaviour::Telling);
    configure(&stack, "retired", WORKERS);
    ship(&stack, &telling, &["up"]).succeeded();

    // The worker has a schedule in the place of its queue, and two functions go from the file with what starts them.
    configure(&stack, "retired", "[functions.worker]\nschedule = \"rate(1 day)\"\n");
    let gone = [
        "event source retired-changes:live",
        "event source retired-worker:live",
        "queue retired-worker",
        "queue retired-worker-dlq",
        "schedule retired-nightly",
        "schedule role retired-nightly-schedule-role",
        "tag stackctl:trigger:queue of retired-worker",
        "tag stackctl:trigger:schedule of retired-nightly",
        "tag stackctl:trigger:stream of retired-changes",
    ];
    let plan = reship(&stack, &telling, &["worker"], &["plan"]).succeeded().json();
    assert_eq!(deleted(&plan), gone, "{plan:#}");
    let status = stack.run(&["status", "--exit-code"]).failed(3);
    assert!(status.stdout.contains("surplus"), "{}", status.stdout);
    // Messages that nothing would read any more are asked about.
    let queue =
        stack.aws.json("AmazonSQS.GetQueueUrl", &json!({"QueueName": "retired-worker-dlq"}));
    let message = json!({"QueueUrl": queue["QueueUrl"], "MessageBody": "nobody could resize it"});
    stack.aws.json("AmazonSQS.SendMessage", &message);
    let refused = reship(&stack, &telling, &["worker"], &["up"]).failed(2).stderr;
    assert!(refused.contains("queue retired-worker-dlq (about 1 message"), "{refused}");
    let up = reship(&stack, &telling, &["worker"], &["up", "--yes"]).succeeded().json();
    assert_eq!(deleted(&up), gone, "{up:#}");
    assert_eq!(queues(&stack, "retired-"), json!([]));
    assert_eq!(mappings(&stack, "retired-"), [] as [Value; 0]);
    let schedules = stack.aws.rest("scheduler", "GET", "/schedules", &Value::Null).to_string();
    assert!(schedules.contains("retired-worker"), "{schedules}");
    assert!(!schedules.contains("retired-nightly"), "{schedules}");
    let again = reship(&stack, &telling, &["worker"], &["up"]).succeeded().json();
    assert_eq!(only(&again), [] as [&str; 0]);
    stack.run(&["status", "--exit-code"]).succeeded();

    // With the last schedule its group goes, and what a function was is no reason to keep it.
    configure(&stack, "retired", "");
    let up = reship(&stack, &telling, &[], &["up"]).succeeded().json();
    let gone = [
        "schedule group retired",
        "schedule retired-worker",
        "schedule role retired-worker-schedule-role",
        "tag stackctl:trigger:schedule of retired-worker",
    ];
    assert_eq!(deleted(&up), gone, "{up:#}");
    let groups = stack.aws.rest("scheduler", "GET", "/schedule-groups", &Value::Null);
    assert!(!groups.to_string().contains("\"retired\""), "{groups:#}");
    stack.run(&["status", "--exit-code"]).succeeded();
    stack.run(&["teardown", "--yes"]).succeeded();
}

#[test]
fn a_teardown_without_the_file_takes_what_starts_functions_too() {
    let stack = Stack::new("fileless");
    let telling = stack.artifact(Behaviour::Telling);
    configure(&stack, "fileless", WORKERS);
    ship(&stack, &telling, &["up"]).succeeded();
    stack.run(&["teardown", "--name", "fileless", "--yes"]).succeeded();
    assert_eq!(queues(&stack, "fileless-"), json!([]));
    assert_eq!(mappings(&stack, "fileless-"), [] as [Value; 0]);
    let groups = stack.aws.rest("scheduler", "GET", "/schedule-groups", &Value::Null);
    assert!(!groups.to_string().contains("\"fileless\""), "{groups:#}");
}

/// What reads sources for functions that are called so.
fn mappings(stack: &Stack, prefix: &str) -> Vec<Value> {
    let found = stack.aws.rest("lambda", "GET", "/2015-03-31/event-source-mappings/", &Value::Null);
    let mut found = found["EventSourceMappings"].as_array().cloned().unwrap_or_default();
    found.retain(|one| one["FunctionArn"].to_string().contains(&format!(":{prefix}")));
    found
}

/// What goes, each as `resource name`, sorted.
fn deleted(document: &Value) -> Vec<String> {
    let changes = document["changes"].as_array().expect("changes");
    let deletions = changes.iter().filter(|one| one["action"] == "delete");
    let told = deletions.map(|one| {
        let word = |member: &str| one[member].as_str().unwrap_or_default().to_owned();
        format!("{} {}", word("resource"), word("name"))
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    told
}
