//! What stands under our names without our tags.

use serde_json::{Value, json};

use crate::support::{Stack, only};

#[test]
fn a_foreign_table_stops_up_before_anything_is_written_and_adopt_takes_it() {
    let stack = Stack::new("foreign-table");
    stack.aws.json(
        "DynamoDB_20120810.CreateTable",
        &json!({
            "TableName": "foreign-table-data",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "userId", "AttributeType": "S"},
                {"AttributeName": "itemId", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "userId", "KeyType": "HASH"},
                {"AttributeName": "itemId", "KeyType": "RANGE"},
            ],
        }),
    );
    let item = json!({"TableName": "foreign-table-data", "Item": {
        "userId": {"S": "u1"}, "itemId": {"S": "item-1"}, "title": {"S": "from before"},
        "status": {"S": "pending"}, "createdAt": {"S": "2024-01-01T00:00:00.000Z"},
    }});
    stack.aws.json("DynamoDB_20120810.PutItem", &item);

    let error = stack.ship(&["up"]).failed(2).error();
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.contains("table `foreign-table-data`"), "{error:#}");
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("--adopt")), "{error:#}");
    let status = stack.status();
    let there: Vec<_> = states(&status).into_iter().filter(|state| *state != "absent").collect();
    assert_eq!(there, ["foreign"], "{status:#}");

    stack.run(&["teardown", "--yes"]).succeeded();
    let up = stack.ship(&["up", "--adopt"]).succeeded().json();
    assert!(only(&up).contains(&"table update".to_owned()), "{up:#}");
    let items = Stack::ask(&up, "GET", "userId=u1", "").json();
    assert_eq!(items["items"][0]["title"], "from before", "{items}");
    stack.ship(&["plan", "--exit-code"]).succeeded();
    stack.teardown();
}

#[test]
fn a_stack_of_another_region_keeps_its_role_and_its_policies() {
    let stack = Stack::new("regions");
    let up = stack.up();
    let elsewhere = ["--region", "eu-west-1"];
    let error = stack.ship(&[&["up"][..], &elsewhere].concat()).failed(2).error();
    assert!(error["message"].as_str().is_some_and(|told| told.contains("role")), "{error:#}");
    assert!(
        error["message"].as_str().is_some_and(|told| told.contains("in us-east-1")),
        "{error:#}"
    );
    let adopting = [&["up", "--adopt"][..], &elsewhere].concat();
    let error = stack.ship(&adopting).failed(2).error();
    assert!(
        error["message"].as_str().is_some_and(|told| told.contains("in us-east-1")),
        "{error:#}"
    );
    let torn = stack.run(&[&["teardown", "--yes"][..], &elsewhere].concat()).succeeded().json();
    assert_eq!(torn["changes"], json!([]), "{torn:#}");
    stack.ship(&["plan", "--exit-code"]).succeeded();
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200);
    stack.teardown();
}

#[test]
fn a_foreign_role_keeps_its_rights_when_everything_of_ours_goes() {
    let stack = Stack::new("foreign-role");
    let role = ("RoleName", "foreign-role-lambda-role");
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    stack.aws.iam("CreateRole", &[role, ("AssumeRolePolicyDocument", trust)]);
    let read_only = ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess");
    stack.aws.iam("AttachRolePolicy", &[role, read_only]);

    let error = stack.ship(&["up"]).failed(2).error();
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("--adopt")), "{error:#}");
    stack.run(&["teardown", "--yes"]).succeeded();
    let attached = stack.aws.iam("ListAttachedRolePolicies", &[role]);
    assert!(attached.contains("ReadOnlyAccess"), "{attached}");
    stack.aws.iam("DetachRolePolicy", &[role, read_only]);
    stack.aws.iam("DeleteRole", &[role]);
}

fn states(status: &Value) -> Vec<&str> {
    let resources = status["resources"].as_array().into_iter().flatten();
    resources.filter_map(|resource| resource["state"].as_str()).collect()
}
