//! Everything goes, and nothing by accident.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::support::{Stack, actions};

#[test]
fn every_item_is_exported_before_the_table_goes() {
    let stack = Stack::new("teardown-export");
    let up = stack.up();
    let titles: BTreeSet<String> = (0..12).map(|number| format!("number {number} – é")).collect();
    for title in &titles {
        let item = json!({"title": title}).to_string();
        assert_eq!(Stack::ask(&up, "POST", "userId=u1", &item).status, 201);
    }
    stack.run(&["teardown", "--yes", "--export", "items.jsonl"]).succeeded();
    let export = stack.project.read("items.jsonl");
    let items: Vec<Value> =
        export.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert_eq!(items.len(), titles.len());
    let exported = items.iter().filter_map(|item| item["title"].as_str().map(str::to_owned));
    assert_eq!(exported.collect::<BTreeSet<_>>(), titles);
    assert!(items.iter().all(|item| item["userId"] == "u1" && item["itemId"].is_string()));
}

#[test]
fn an_export_never_overwrites_a_file_and_nothing_is_deleted_then() {
    let stack = Stack::new("teardown-twice");
    let up = stack.up();
    stack.project.write("items.jsonl", "precious");
    let error = stack.run(&["teardown", "--yes", "--export", "items.jsonl"]).failed(1).error();
    assert_eq!(error["hint"], "name a file that does not exist yet", "{error:#}");
    assert_eq!(stack.project.read("items.jsonl"), "precious");
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200);
    stack.teardown();
}

#[test]
fn a_kept_table_is_found_again_with_its_items() {
    let stack = Stack::new("teardown-keep");
    let up = stack.up();
    assert_eq!(Stack::ask(&up, "POST", "userId=u1", r#"{"title":"kept"}"#).status, 201);
    let receipt = stack.run(&["teardown", "--yes", "--keep-data"]).succeeded().json();
    assert_eq!(receipt["kept"][0]["name"], "teardown-keep-data", "{receipt:#}");
    assert!(!actions(&receipt).contains(&"table delete".to_owned()), "{receipt:#}");

    let again = stack.up();
    assert!(actions(&again).contains(&"table keep".to_owned()), "{again:#}");
    let items = Stack::ask(&again, "GET", "userId=u1", "").json();
    assert_eq!(items["items"][0]["title"], "kept", "{items}");
    stack.teardown();
}

#[test]
fn a_stack_whose_file_is_gone_is_deleted_by_its_name() {
    let stack = Stack::new("teardown-nameless");
    stack.configure("table.deletion_protection = true\n");
    let up = stack.ship(&["up", "--stage", "dev", "--yes"]).succeeded().json();
    let other = stack.up();
    fs::remove_file(stack.project.folder().join("stack.toml")).expect("it was there");

    let error = stack.run(&["teardown", "--yes"]).failed(2).error();
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("--name")), "{error:#}");
    let named = ["teardown", "--name", "teardown-nameless", "--stage", "dev"];
    let error = stack.run(&named).failed(2).error();
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("--force")), "{error:#}");
    let error = stack.run(&[&named[..], &["--force"]].concat()).failed(2).error();
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("--yes")), "{error:#}");
    let elsewhere = [&named[..], &["--force", "--yes", "--region", "eu-west-1"]].concat();
    assert_eq!(stack.run(&elsewhere).succeeded().json()["changes"], json!([]));
    let unknown = ["teardown", "--name", "teardown-unknown", "--yes"];
    assert_eq!(stack.run(&unknown).succeeded().json()["changes"], json!([]));
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200, "nothing was deleted");

    let gone = stack.run(&[&named[..], &["--force", "--yes"]].concat()).succeeded().json();
    assert!(actions(&gone).contains(&"table delete".to_owned()), "{gone:#}");
    let again = stack.run(&[&named[..], &["--yes"]].concat()).succeeded().json();
    assert_eq!(again["changes"], json!([]), "nothing is left");
    assert_eq!(Stack::ask(&other, "GET", "userId=u1", "").status, 200, "the other stage stays");
    stack.run(&["teardown", "--name", "teardown-nameless", "--force", "--yes"]).succeeded();
}

#[test]
fn a_protected_table_is_deleted_by_force_alone() {
    let stack = Stack::new("teardown-protected");
    stack.configure("table.deletion_protection = true\n");
    let up = stack.up();
    let error = stack.run(&["teardown", "--yes"]).failed(2).error();
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("--force")), "{error:#}");
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200, "nothing was deleted");

    stack.run(&["teardown", "--yes", "--force"]).succeeded();
    let table = json!({"TableName": up["table_name"]});
    assert_eq!(stack.aws.try_json("DynamoDB_20120810.DescribeTable", &table).status, 400);
}

#[test]
fn without_a_terminal_a_teardown_needs_yes() {
    let stack = Stack::new("teardown-yes");
    let up = stack.up();
    let error = stack.run(&["teardown"]).failed(2).error();
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("--yes")), "{error:#}");
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200, "nothing was deleted");
    stack.teardown();
}

#[test]
fn versions_and_policies_that_piled_up_go_too() {
    let stack = Stack::new("teardown-pile");
    let up = stack.up();
    let arn = up["policy_arn"].as_str().expect("an ARN");
    for action in ["Scan", "Query", "GetItem"] {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"dynamodb:{action}","Resource":"*"}}]}}"#
        );
        stack.aws.iam(
            "CreatePolicyVersion",
            &[("PolicyArn", arn), ("PolicyDocument", &document), ("SetAsDefault", "true")],
        );
    }
    stack.teardown();
    assert_eq!(stack.aws.try_iam("GetPolicy", &[("PolicyArn", arn)]).status, 404);
    let versions = stack.aws.try_iam("ListPolicyVersions", &[("PolicyArn", arn)]);
    assert_eq!(versions.status, 404, "{versions:?}");
}
