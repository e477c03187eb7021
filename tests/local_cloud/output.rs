//! What scripts see: one document on stdout, one failure on stderr, exit codes, pipes that close, colour.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Artifact, Cloud, Outcome, Stack, assert_golden, on_a_terminal};

#[test]
fn every_verb_prints_one_document_of_the_agreed_shape() {
    let stack = Stack::new("shapes");
    let zip = Artifact::handler().path();
    let mut shapes = BTreeMap::new();
    let mut note = |name: &str, arguments: &[&str]| {
        let outcome = stack.run(arguments).succeeded();
        assert_eq!(outcome.stderr, "", "{name}: the story is not for programs");
        shapes.insert(name.to_owned(), shape(&outcome.json()));
    };
    note("plan", &["plan", "--artifact", zip]);
    note("up", &["up", "--artifact", zip]);
    note("status", &["status"]);
    note("deploy", &["deploy", "--artifact", zip]);
    stack.configure("function.memory = 512\n");
    note("status, with drift", &["status"]);
    note("plan, with changes", &["plan", "--artifact", zip]);
    note("teardown --keep-data", &["teardown", "--yes", "--keep-data"]);
    note("teardown", &["teardown", "--yes"]);
    note("build", &["build"]);
    note("local start", &["local", "start"]);
    note("local status", &["local", "status"]);
    let failure = stack.ship(&["deploy"]).failed(1);
    assert_eq!(failure.stdout, "");
    let document: Value = serde_json::from_str(&failure.stderr).expect("one document");
    shapes.insert("a failure".to_owned(), shape(&document));
    assert_golden("output.json", &format!("{:#}\n", json!(shapes)));
}

#[test]
fn the_exit_codes_never_change() {
    let stack = Stack::new("codes");
    let local = stack.cloud;
    stack.run(&["status"]).succeeded();
    stack.ship(&["deploy"]).failed(1);
    stack.run(&["status", "--stage", "Not A Stage"]).failed(2);
    stack.run(&["status", "--exit-code"]).failed(3);
    stack.ship(&["plan", "--exit-code"]).failed(3);

    // A machine without Python cannot run the local cloud.
    let mut command = local.prepared(stack.project.folder());
    let nowhere = stack.project.folder().join("nowhere");
    command.env("PATH", "/nonexistent").env("STACKCTL_CACHE_DIR", &nowhere);
    command.env("STACKCTL_LOCAL_DIR", &nowhere).args(["local", "start", "--output", "json"]);
    let outcome = Outcome::from(command.output().expect("the binary was built")).failed(4);
    assert!(outcome.stderr.contains("Python"), "{outcome:#?}");
}

#[test]
fn ctrl_c_before_anything_was_changed_is_130() {
    let stack = Stack::new("interrupted");
    // Somebody who listens and never answers.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let address = silent.local_addr().expect("it is bound");
    let mut command = stack.cloud.prepared(stack.project.folder());
    command.env("AWS_ENDPOINT_URL", format!("http://{address}"));
    command.args(["status", "--output", "json"]);
    let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let running = running.expect("the binary was built");
    // Once it has called it is at work, and listens for Ctrl-C.
    let _connection = silent.accept().expect("it calls");
    let pid = running.id();
    let killed = Command::new("/bin/sh").args(["-c", &format!("kill -INT {pid}")]).status();
    assert!(killed.expect("there is a shell").success());
    let outcome = Outcome::from(running.wait_with_output().expect("it ends")).failed(130);
    assert_eq!(outcome.error()["message"], "stopped: nothing was changed", "{outcome:#?}");
}

#[test]
fn another_account_than_the_pinned_one_is_never_written_to() {
    let stack = Stack::new("pinned");
    stack.configure("account = \"999999999999\"\n");
    for verb in ["up", "deploy"] {
        let error = stack.ship(&[verb]).failed(2).error();
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.contains("123456789012") && message.contains("999999999999"), "{error:#}");
    }
    stack.run(&["teardown", "--yes"]).failed(2);
    stack.configure("account = \"123456789012\"\n");
    let status = stack.status();
    let resources = status["resources"].as_array().expect("the resources");
    assert!(resources.iter().all(|resource| resource["state"] == "absent"), "{status:#}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let stack = Stack::new("pipes");
    for arguments in [&["status"][..], &["plan", "--output", "json"], &["--help"]] {
        let mut command = stack.cloud.prepared(stack.project.folder());
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn().expect("the binary was built");
        drop(running.stdout.take());
        let outcome = Outcome::from(running.wait_with_output().expect("it ends")).succeeded();
        assert!(!outcome.stderr.contains("panicked"), "{arguments:?}: {outcome:#?}");
    }
    // The story may lose its reader too, and the work goes on.
    let mut command = stack.cloud.prepared(stack.project.folder());
    command.args(["up", "--artifact", Artifact::handler().path()]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("the binary was built");
    drop(running.stderr.take());
    Outcome::from(running.wait_with_output().expect("it ends")).succeeded();
    stack.teardown();
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let stack = Stack::new("colours");
    let plain = stack.say(&["plan"]).succeeded();
    assert!(!has_colour(&plain.stdout) && !has_colour(&plain.stderr), "{plain:#?}");
    let always = stack.say(&["plan", "--color", "always"]).succeeded();
    assert!(has_colour(&always.stdout), "{always:#?}");

    let seen = |name: &str, value: &str, arguments: &[&str]| {
        let mut command = stack.cloud.prepared(stack.project.folder());
        command.env(name, value).args(arguments);
        on_a_terminal(&command, "").succeeded().stdout
    };
    let shipped = ["plan", "--artifact", Artifact::handler().path()];
    assert!(has_colour(&seen("LANG", "C.UTF-8", &shipped)));
    assert!(!has_colour(&seen("NO_COLOR", "1", &shipped)));
    assert!(!has_colour(&seen("CI", "true", &[&shipped[..], &["--color", "never"]].concat())));
}

#[test]
fn on_a_terminal_a_teardown_wants_the_name_to_be_typed() {
    let stack = Stack::new("typed");
    let up = stack.up();
    let teardown = |typed: &str| {
        let mut command = stack.cloud.prepared(stack.project.folder());
        command.arg("teardown");
        on_a_terminal(&command, typed)
    };
    let refused = teardown("yes\n").failed(130);
    assert!(refused.stdout.contains("Type typed to confirm:"), "{refused:#?}");
    assert!(refused.stdout.contains("nothing was deleted"), "{refused:#?}");
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200);
    let gone = teardown("typed\n").succeeded();
    assert!(gone.stdout.contains("nothing is left"), "{gone:#?}");
}

#[test]
fn quiet_tells_the_result_alone() {
    let stack = Stack::new("quiet");
    let arguments = ["up", "--quiet", "--artifact", Artifact::handler().path()];
    let up = stack.say(&arguments).succeeded();
    assert_eq!(up.stderr, "");
    assert!(up.stdout.starts_with("quiet is up: "), "{up:#?}");
    assert!(up.stdout.contains("curl "), "{up:#?}");
    stack.teardown();
}

#[test]
fn a_local_cloud_that_is_not_there_is_started_by_the_verb_that_needs_it() {
    let cloud = Cloud::start();
    let flagged = Stack::on(&cloud, "started");
    let told = Stack::on(&cloud, "started-too").with("STACKCTL_LOCAL", "1");
    for (stack, flags) in [(&flagged, &["--local"][..]), (&told, &[])] {
        cloud.local("stop").succeeded();
        let plan = [&["plan", "--artifact", Artifact::handler().path()], flags].concat();
        assert!(stack.say(&plan).succeeded().stdout.ends_with("to create\n"));
        assert_eq!(cloud.local("status").succeeded().json()["state"], "running");
    }
}

/// Whether a sequence of the terminal ends in `m`; the others move the cursor.
fn has_colour(text: &str) -> bool {
    let sequences = text.split("\x1b[").skip(1);
    sequences.filter_map(|rest| rest.chars().find(char::is_ascii_alphabetic)).any(|end| end == 'm')
}

/// The same document with the names of types instead of values; of a list, the shape that all entries have.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("boolean"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(entries) => {
            let mut shapes: Vec<Value> = Vec::new();
            for entry in entries.iter().map(shape) {
                if !shapes.contains(&entry) {
                    shapes.push(entry);
                }
            }
            shapes.into()
        }
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), shape(value))).collect()
        }
    }
}
