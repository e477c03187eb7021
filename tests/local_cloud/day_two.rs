//! What a developer needs once the stack stands: the way back, the log, one event, the whole loop.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use crate::support::{Artifact, Behaviour, Cloud, Outcome, Stack, eventually};

#[test]
fn a_rollback_goes_back_one_version_and_proves_it() {
    let stack = Stack::new("back");
    let up = stack.up();
    let changed = Artifact::changed(stack.project.folder());
    stack.run(&["deploy", "--artifact", changed.path()]).succeeded();
    assert_eq!(live_version(&up), "2");

    let list = stack.run(&["rollback", "--list"]).succeeded().json();
    assert_eq!(list["live"], "2");
    let versions: Vec<_> = list["versions"].as_array().expect("a list").iter().collect();
    let numbers: Vec<_> = versions.iter().map(|version| &version["version"]).collect();
    assert_eq!(numbers, ["2", "1"]);
    assert_ne!(versions[0]["sha256"], versions[1]["sha256"]);

    let back = stack.run(&["rollback"]).succeeded().json();
    assert_eq!((&back["function_version"], &back["before"]), (&json!("1"), &json!("2")));
    assert_eq!(live_version(&up), "1");
    let refused = stack.run(&["rollback"]).failed(2).error();
    assert_eq!(refused["message"], "there is no version before 1, which is live");
    let unknown = stack.run(&["rollback", "9"]).failed(2).error();
    assert_eq!(unknown["hint"], "there is: 2, 1");

    stack.run(&["rollback", "2"]).succeeded();
    assert_eq!(live_version(&up), "2");
    assert_eq!(stack.run(&["rollback", "2"]).succeeded().json()["changed"], false);
    stack.teardown();
}

#[test]
fn a_version_that_was_built_here_tells_its_commit() {
    let stack = Stack::new("commits");
    let built = stack.run(&["up"]).succeeded();
    assert_eq!(built.json()["function_version"], "1");
    let list = stack.run(&["rollback", "--list"]).succeeded().json();
    let git = Command::new("git").args(["rev-parse", "HEAD"]).output().expect("there is git");
    let head = String::from_utf8_lossy(&git.stdout).trim().to_owned();
    let told = list["versions"][0]["commit"].as_str().unwrap_or_default().trim_end_matches('+');
    assert!(head.is_empty() || (!told.is_empty() && head.starts_with(told)), "{list:#}");
    stack.teardown();
}

#[test]
fn one_event_is_run_as_a_file_as_text_from_standard_input_or_made_of_a_request() {
    let stack = Stack::new("events");
    stack.up();
    let invoke = |arguments: &[&str]| {
        let outcome = stack.run(&[&["invoke"], arguments].concat()).succeeded().json();
        assert_eq!(
            (&outcome["failed"], &outcome["function_version"]),
            (&json!(false), &json!("1"))
        );
        outcome["payload"].clone()
    };
    let created = invoke(&["--query", "userId=u1", "--body", r#"{"title":"Milk"}"#]);
    assert_eq!(created["statusCode"], 201);
    let listed = invoke(&["--query", "userId=u1"]);
    assert!(listed["body"].as_str().is_some_and(|body| body.contains("Milk")), "{listed:#}");
    let event = r#"{"rawQueryString":"userId=u1","requestContext":{"http":{"method":"GET"}}}"#;
    stack.project.write("event.json", event);
    assert_eq!(invoke(&["event.json"]), listed);
    assert_eq!(invoke(&[event]), listed);
    let by_hand =
        r#"{"requestContext":{"http":{"method":"GET"}},"queryStringParameters":{"userId":"u1"}}"#;
    assert_eq!(invoke(&[by_hand]), listed);

    let mut command = stack.cloud.prepared(stack.project.folder());
    command.args(["invoke", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = command.stderr(Stdio::piped()).spawn().expect("the binary was built");
    let mut input = running.stdin.take().expect("it is piped");
    input.write_all(b"{}").expect("it is read");
    drop(input);
    let raw = Outcome::from(running.wait_with_output().expect("it ends")).succeeded();
    assert_eq!(raw.json()["statusCode"], 400);
    assert!(raw.stderr.contains("expected"), "{raw:#?}");

    stack.run(&["invoke", "{broken"]).failed(2);
    stack.run(&["invoke", "nowhere.json"]).failed(2);
    stack.run(&["invoke"]).failed(2);
    stack.teardown();
}

#[test]
fn a_function_that_fails_is_told_in_its_own_words() {
    let stack = Stack::new("failing");
    stack.up();
    // Without the name of its table it cannot start.
    let path = "/2015-03-31/functions/failing-api/configuration";
    stack.aws.rest("lambda", "PUT", path, &json!({"Environment": {"Variables": {"A1": "1"}}}));
    let failed = stack.run(&["invoke", "{}", "--qualifier", "$LATEST"]).failed(1);
    assert_eq!(failed.json()["failed"], true);
    assert_eq!(failed.error()["message"], "failed to run version $LATEST");
    stack.run(&["invoke", "{}"]).succeeded();
    stack.teardown();
}

#[test]
fn the_log_is_read_for_people_as_it_is_and_for_programs() {
    let stack = Stack::new("told");
    let up = stack.up();
    let undeclared = Stack::ask(&up, "PUT", "userId=u1", "");
    assert_eq!(undeclared.status, 404, "the gateway knows no such route: {undeclared:?}");
    assert_eq!(Stack::ask(&up, "GET", "userId=u1&itemId=none", "").status, 404);
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200);
    let told = stack.say(&["logs"]).succeeded().stdout;
    assert!(told.contains("GET / → 200 in ") && told.contains("GET / → 404 in "), "{told}");
    assert!(told.contains("done in ") && !told.contains("START"), "{told}");
    let raw = stack.say(&["logs", "--raw"]).succeeded().stdout;
    assert!(raw.contains("START RequestId: ") && raw.contains("\"status\":404"), "{raw}");
    assert_eq!(raw.lines().filter(|line| line.contains("\"status\":404")).count(), 1);
    let found = stack.run(&["logs", "--filter", "\"status\":404"]).succeeded().json();
    assert_eq!(found["lines"].as_array().map(Vec::len), Some(1), "{found:#}");
    assert_eq!(found["lines"][0]["message"]["status"], 404);
    let errors = stack.say(&["logs", "--errors"]).succeeded();
    assert_eq!(errors.stdout, "");
    assert!(errors.stderr.starts_with("nothing went wrong since "), "{errors:#?}");
    stack.run(&["logs", "--since", "yesterday"]).failed(2);
    stack.teardown();
    let none = stack.run(&["logs"]).failed(1).error();
    assert_eq!(none["hint"], "there is no log yet: run `stackctl up` first");
}

/// Requests before, during and after the start of following; each is told once.
#[test]
fn following_the_log_loses_no_line_and_tells_none_twice() {
    let stack = Stack::new("followed");
    let up = stack.up();
    let ask = |number: usize| Stack::ask(&up, "GET", &format!("userId=u{number}"), "").status;
    (0..5).for_each(|number| assert_eq!(ask(number), 200));
    let mut command = stack.cloud.prepared(stack.project.folder());
    command.args(["logs", "--follow", "--raw"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("the binary was built");
    let pid = running.id();
    let lines = BufReader::new(running.stdout.take().expect("it is piped")).lines();
    let reading = thread::spawn(move || {
        // The requests of the proof are answered with 400.
        let told = lines.map_while(Result::ok).filter(|line| line.contains("\"status\":200"));
        let line = |line: String| serde_json::from_str::<Value>(&line).expect("a document");
        let ids = told.map(|text| line(text)["requestId"].as_str().unwrap_or_default().to_owned());
        ids.take(25).collect::<Vec<_>>()
    });
    (5..25).for_each(|number| assert_eq!(ask(number), 200));
    let ids = reading.join().expect("all lines came");
    let different: BTreeSet<_> = ids.iter().collect();
    assert_eq!(different.len(), 25, "a line came twice: {ids:#?}");

    let interrupt = Command::new("/bin/sh").args(["-c", &format!("kill -INT {pid}")]).status();
    assert!(interrupt.expect("there is a shell").success());
    let outcome = Outcome::from(running.wait_with_output().expect("it ends")).succeeded();
    assert!(!outcome.stderr.contains("stopped"), "{outcome:#?}");
    stack.teardown();
}

#[test]
fn smoke_goes_through_the_whole_loop_and_leaves_nothing() {
    let stack = Stack::new("loop");
    let up = stack.up();
    let smoke = stack.run(&["smoke"]).succeeded().json();
    let steps: Vec<_> = members(&smoke["steps"], "step");
    assert_eq!(
        steps,
        ["first request", "preflight", "create", "list", "read", "update", "delete", "gone"]
    );
    assert_eq!(smoke["ok"], true);
    let table = up["table_name"].as_str().expect("a table");
    let items = stack.aws.json("DynamoDB_20120810.Scan", &json!({"TableName": table}));
    assert_eq!(items["Count"], 0);

    let foreign = stack.run(&["smoke", "--origin", "https://stranger.example"]).failed(3);
    assert_eq!(foreign.json()["layer"], "CORS");
    let member = |name: &str| up[name].as_str().expect(name);
    let parameters = [("RoleName", member("role_name")), ("PolicyArn", member("policy_arn"))];
    stack.aws.iam("DetachRolePolicy", &parameters);
    assert_eq!(stack.run(&["smoke"]).failed(3).json()["layer"], "permission");
    stack.up();
    stack.aws.json("DynamoDB_20120810.DeleteTable", &json!({"TableName": table}));
    let gone = stack.run(&["smoke"]).failed(3);
    assert_eq!(gone.json()["layer"], "table");
    assert_eq!(gone.error()["hint"], "the table is not there: run `stackctl up`");
    stack.teardown();
    stack.run(&["smoke"]).failed(1);
}

#[test]
fn the_cors_doctor_names_the_layer_the_header_and_the_cure() {
    let stack = Stack::new("doctor");
    stack.up();
    let good = stack.run(&["cors", "http://localhost:5173"]).succeeded().json();
    assert_eq!(good["allowed"], true);
    assert_eq!(members(&good["checks"], "method"), ["DELETE", "GET", "PATCH", "POST"]);

    let foreign = stack.run(&["cors", "http://127.0.0.1:5173/"]).failed(3);
    let found = foreign.json();
    assert_eq!(found["origin"], "http://127.0.0.1:5173");
    assert_eq!(found["checks"][0]["preflight"]["layer"], "gateway");
    assert_eq!(found["checks"][0]["preflight"]["header"], "access-control-allow-origin");
    let cure = "allow_origins = [\"http://localhost:5173\", \"http://127.0.0.1:5173\"]";
    assert_eq!(found["changes"], json!([cure]));
    let cause = foreign.error()["cause"].clone();
    assert_eq!(cause, "`http://localhost:5173` is allowed, which is another origin");

    stack.configure(&format!("api.cors.{cure}\n"));
    let waiting = stack.run(&["cors", "http://127.0.0.1:5173"]).failed(3).json();
    assert!(waiting["changes"][0].as_str().is_some_and(|change| change.contains("stackctl up")));
    stack.up();
    stack.run(&["cors", "http://127.0.0.1:5173"]).succeeded();
    stack.run(&["cors", "http://127.0.0.1:5173", "--header", "x-mine"]).failed(3);
    stack.run(&["cors", "not an origin"]).failed(2);
    stack.teardown();
}

#[test]
fn completions_and_the_manual_know_every_verb() {
    let folder = std::env::temp_dir().join(format!("stackctl-man-{}", std::process::id()));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Cloud::offline(&std::env::temp_dir(), &["completions", shell]).succeeded();
        assert!(script.stdout.contains("rollback"), "{shell}");
    }
    let text = folder.display().to_string();
    Cloud::offline(&std::env::temp_dir(), &["man", &text]).succeeded();
    let page = std::fs::read_to_string(folder.join("stackctl-rollback.1")).expect("a page");
    assert!(page.contains("stackctl rollback \\-\\-list"), "{page}");
    std::fs::remove_dir_all(folder).expect("it was made");
}

fn live_version(up: &Value) -> String {
    Stack::ask(up, "GET", "userId=u1", "").header("x-function-version").join(",")
}

/// One member of every entry of a list.
fn members<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let entries = list.as_array().map(Vec::as_slice).unwrap_or_default();
    entries.iter().filter_map(|entry| entry[name].as_str()).collect()
}

#[test]
fn a_time_out_is_in_the_log() {
    let stack = Stack::new("timed-out");
    stack.up();
    stack.configure("function.timeout = 1\n");
    // The version is tried before anybody meets it, and takes two seconds.
    let slow = stack.artifact(Behaviour::Slow);
    stack.run(&["up", "--artifact", slow.path()]).failed(1);
    eventually("the time-out is told", || {
        let told = stack.say(&["logs", "--errors"]).succeeded().stdout;
        told.contains("Task timed out after 1.00 seconds").then_some(())
    });
    stack.teardown();
}
