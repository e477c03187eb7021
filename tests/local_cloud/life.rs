//! The life of a local cloud: started, stopped, crashed, reset.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::thread;

use serde_json::{Value, json};

use crate::support::{Aws, CTRL_C, Cloud, Outcome, Stack, Terminal, eventually, on_a_terminal};

/// A call of the database, as the root of the local account.
fn dynamodb(cloud: &Cloud, operation: &str, input: &Value) -> Value {
    Aws::of(cloud).json(&format!("DynamoDB_20120810.{operation}"), input)
}

fn create_table(cloud: &Cloud, name: &str) {
    let input = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    });
    dynamodb(cloud, "CreateTable", &input);
}

fn tables(cloud: &Cloud) -> Value {
    dynamodb(cloud, "ListTables", &json!({}))["TableNames"].take()
}

/// Ends the server as a crash would, and waits until it is gone.
fn crash(cloud: &Cloud) {
    let pid = cloud.local("status").succeeded().json()["pid"].as_u64().expect("it runs");
    let status = Command::new("/bin/sh").args(["-c", &format!("kill -KILL {pid}")]).status();
    assert!(status.expect("there is a shell").success());
    while cloud.local("status").succeeded().json()["state"] == "running" {
        thread::yield_now();
    }
}

#[test]
fn what_was_made_outlives_a_clean_stop() {
    let cloud = Cloud::start();
    create_table(&cloud, "kept");
    cloud.local("stop").succeeded();
    assert_eq!(cloud.local("status").succeeded().json()["state"], "stopped");
    cloud.local("stop").succeeded();

    cloud.local("start").succeeded();
    let status = cloud.local("status").succeeded().json();
    assert_eq!(status["state"], "running");
    assert_eq!(status["endpoint"], cloud.endpoint());
    assert_eq!(status["port"], cloud.port);
    assert_eq!(tables(&cloud), json!(["kept"]));
}

#[test]
fn starts_at_the_same_time_end_with_one_server() {
    let cloud = Cloud::start();
    cloud.local("stop").succeeded();
    let pids: Vec<Value> = thread::scope(|scope| {
        let starts: Vec<_> =
            (0..3).map(|_| scope.spawn(|| cloud.local("start").succeeded().json())).collect();
        starts.into_iter().map(|start| start.join().expect("it started")["pid"].take()).collect()
    });
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
}

#[test]
fn a_crash_loses_no_more_than_seconds_and_is_said_before_the_next_start() {
    let cloud = Cloud::start();
    create_table(&cloud, "kept");
    eventually("the table is saved", || {
        let saved = fs::read_to_string(cloud.folder.join("state/dynamodb.json")).ok()?;
        saved.contains("\"kept\"").then_some(())
    });
    crash(&cloud);
    assert_eq!(cloud.local("status").succeeded().json()["state"], "crashed");

    let start = cloud.stackctl(&env::temp_dir(), &["local", "start"]).succeeded();
    assert!(start.stderr.contains("ended without saving"), "{start:#?}");
    assert!(start.stderr.contains("its last lines, in "), "{start:#?}");
    assert_eq!(tables(&cloud), json!(["kept"]));
    assert_eq!(cloud.local("status").succeeded().json()["state"], "running");

    crash(&cloud);
    let lost = cloud.local("start").succeeded().json()["lost"].take();
    assert!(lost.as_str().is_some_and(|lost| lost.ends_with("is lost")), "{lost}");
    assert_eq!(cloud.local("start").succeeded().json()["lost"], Value::Null);
    assert_eq!(tables(&cloud), json!(["kept"]));
}

#[test]
fn a_reset_empties_the_cloud_whether_it_runs_or_not() {
    let cloud = Cloud::start();
    create_table(&cloud, "one");
    cloud.stackctl(&env::temp_dir(), &["local", "reset", "--yes"]).succeeded();
    assert_eq!(tables(&cloud), json!([]));

    create_table(&cloud, "two");
    cloud.local("stop").succeeded();
    cloud.stackctl(&env::temp_dir(), &["local", "reset", "--yes"]).succeeded();
    cloud.local("start").succeeded();
    assert_eq!(tables(&cloud), json!([]));
}

#[test]
fn a_taken_port_is_said_with_the_way_out() {
    let cloud = Cloud::start();
    cloud.local("stop").succeeded();
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, cloud.port)).expect("the port is free again");
    let start = cloud.local("start").failed(4);
    assert!(start.stderr.contains(&format!("port {} is already in use", cloud.port)), "{start:#?}");
    assert!(start.stderr.contains("--port"), "{start:#?}");
    assert_eq!(cloud.local("status").succeeded().json()["state"], "stopped");
    drop(listener);
    cloud.local("start").succeeded();
}

#[test]
fn a_reset_names_what_goes_and_wants_a_yes() {
    let cloud = Cloud::start();
    let refused = cloud.stackctl(&env::temp_dir(), &["local", "reset"]).failed(2);
    assert!(refused.stderr.contains("pass `--yes` to delete it"), "{refused:#?}");
    let (stack, other) = (Stack::on(&cloud, "listed"), Stack::on(&cloud, "listed-too"));
    stack.up();
    other.ship(&["up", "--stage", "dev", "--yes"]).succeeded();
    let list = cloud.stackctl(&env::temp_dir(), &["local", "list"]).succeeded();
    assert_eq!(list.stdout, "listed\nlisted-too (stage dev)\n");
    let listed = cloud.local("list").succeeded().json();
    assert_eq!(listed["stacks"][1], json!({"stack": "listed-too", "stage": "dev"}));

    let mut command = cloud.prepared(&env::temp_dir());
    command.args(["local", "reset"]);
    for (keys, code) in
        [(CTRL_C.to_owned(), 130), (format!("{CTRL_C}yes\n"), 130), ("no\n".into(), 130)]
    {
        let mut terminal = Terminal::of(&command);
        terminal.shows("listed, listed-too (stage dev).");
        terminal.shows("Delete it? (yes/no)");
        terminal.press(&keys);
        terminal.ended().failed(code);
        assert_eq!(cloud.local("list").succeeded().json(), listed, "{keys:?}");
    }
    on_a_terminal(&command, "yes\n").succeeded();
    assert_eq!(cloud.local("list").succeeded().json()["stacks"], json!([]));
}

#[test]
fn the_port_is_remembered() {
    let cloud = Cloud::start();
    cloud.local("stop").succeeded();
    let without = |arguments: &[&str]| {
        let mut command = cloud.prepared(&env::temp_dir());
        command.env_remove("STACKCTL_LOCAL_PORT").args(arguments).args(["--output", "json"]);
        Outcome::from(command.output().expect("the binary was built")).succeeded().json()
    };
    assert_eq!(without(&["local", "start"])["port"], cloud.port);
    crash(&cloud);
    assert_eq!(without(&["local", "start"])["port"], cloud.port);
}

#[test]
fn the_environment_fits_every_client_of_aws() {
    let cloud = Cloud::shared();
    let shell = "export AWS_SESSION_TOKEN=old; eval \"$(\"$0\" local env)\"
        echo \"$AWS_DEFAULT_REGION $AWS_REGION $AWS_ENDPOINT_URL ${AWS_SESSION_TOKEN-none}\"";
    let mut command = cloud.prepared(&env::temp_dir());
    let stackctl = command.get_program().to_owned();
    let mut command = {
        let mut shelled = Command::new("/bin/sh");
        shelled.args(["-c", shell]).arg(stackctl).env_clear();
        shelled.envs(
            command
                .env("PATH", "/usr/bin:/bin")
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        shelled
    };
    let outcome: Outcome = command.output().expect("there is a shell").into();
    let wanted = format!("us-east-1 us-east-1 {} none\n", cloud.endpoint());
    assert_eq!(outcome.stdout, wanted, "{outcome:#?}");
}
