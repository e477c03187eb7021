//! Several tables, their indexes and their times to live, from `up` to `teardown`.

use serde_json::{Value, json};

use crate::support::{Stack, only};

const DATA: &str = "[table]\nttl = \"expiresAt\"\n";
const BY_TITLE: &str =
    "[table.indexes.byTitle]\npartition_key = \"userId\"\nsort_key = \"title\"\n";
const BY_RANK: &str =
    "[table.indexes.byRank]\npartition_key = \"rank:N\"\nprojection = [\"title\"]\n";
const COUNTERS: &str = "[tables.counters]\npartition_key = \"id:N\"\n";

fn ask(stack: &Stack, operation: &str, input: &Value) -> Value {
    stack.aws.json(&format!("DynamoDB_20120810.{operation}"), input)
}

fn described(stack: &Stack, table: &str) -> Value {
    ask(stack, "DescribeTable", &json!({"TableName": table}))["Table"].take()
}

fn indexes(stack: &Stack, table: &str) -> Vec<String> {
    let table = described(stack, table);
    let indexes = table["GlobalSecondaryIndexes"].as_array().cloned().unwrap_or_default();
    let mut names: Vec<String> =
        indexes.iter().filter_map(|index| index["IndexName"].as_str().map(str::to_owned)).collect();
    names.sort();
    names
}

fn tables(stack: &Stack, prefix: &str) -> Vec<String> {
    let names = ask(stack, "ListTables", &json!({}))["TableNames"].take();
    let names = names.as_array().cloned().unwrap_or_default();
    let names = names.iter().filter_map(Value::as_str).filter(|name| name.starts_with(prefix));
    names.map(str::to_owned).collect()
}

#[test]
fn tables_have_the_indexes_and_the_time_to_live_that_the_file_says() {
    let stack = Stack::new("tables-whole");
    let (data, counters) = ("tables-whole-data", "tables-whole-counters");
    stack.configure(&[DATA, BY_TITLE, COUNTERS].concat());
    let up = stack.up();
    assert_eq!(indexes(&stack, data), ["byTitle"]);
    assert_eq!(
        described(&stack, counters)["AttributeDefinitions"],
        json!([{"AttributeName": "id", "AttributeType": "N"}])
    );
    let expiry = ask(&stack, "DescribeTimeToLive", &json!({"TableName": data}));
    assert_eq!(expiry["TimeToLiveDescription"]["AttributeName"], "expiresAt", "{expiry:#}");
    assert_eq!(Stack::ask(&up, "POST", "userId=u1", r#"{"title":"Buy milk"}"#).status, 201);
    let query = json!({"TableName": data, "IndexName": "byTitle",
        "KeyConditionExpression": "userId = :u", "ExpressionAttributeValues": {":u": {"S": "u1"}}});
    assert_eq!(ask(&stack, "Query", &query)["Count"], 1);
    let item = json!({"TableName": counters, "Item": {"id": {"N": "7"}}});
    ask(&stack, "PutItem", &item);
    assert_eq!(only(&stack.up()), [] as [&str; 0], "everything is as the file says");

    // One more is made, and the one that is there stays.
    stack.configure(&[DATA, BY_TITLE, BY_RANK, COUNTERS].concat());
    assert!(only(&stack.up()).contains(&"table update".to_owned()));
    assert_eq!(indexes(&stack, data), ["byRank", "byTitle"]);
    assert_eq!(ask(&stack, "Query", &query)["Count"], 1);
    assert_eq!(only(&stack.up()), [] as [&str; 0]);

    // Another projection would take the index away while it is made again.
    stack.configure(
        &[DATA, BY_TITLE, &BY_RANK.replace("[\"title\"]", "\"keys\""), COUNTERS].concat(),
    );
    let error = stack.ship(&["plan"]).failed(2).error();
    assert!(
        error["hint"].as_str().is_some_and(|hint| hint.contains("--drop-indexes")),
        "{error:#}"
    );
    stack.configure(&[DATA, BY_TITLE, BY_RANK, COUNTERS].concat());

    stack.run(&["teardown", "--yes", "--export", "items.jsonl"]).succeeded();
    assert!(stack.project.read("items-data.jsonl").contains("Buy milk"));
    assert_eq!(stack.project.read("items-counters.jsonl").trim(), r#"{"id":7}"#);
    assert_eq!(tables(&stack, "tables-whole"), [] as [&str; 0]);
}

#[test]
fn an_index_that_the_file_says_no_longer_is_shown_and_deleted_on_demand_alone() {
    let stack = Stack::new("tables-drop");
    stack.configure(&[BY_TITLE, BY_RANK].concat());
    stack.up();
    stack.configure(BY_TITLE);
    assert_eq!(only(&stack.up()), [] as [&str; 0]);
    let plan = stack.say(&["plan", "--artifact", crate::support::Artifact::handler().path()]);
    assert!(plan.succeeded().stdout.contains("--drop-indexes"));
    let status = stack.status().to_string();
    assert!(status.contains("index byRank") && status.contains("--drop-indexes"), "{status}");
    assert_eq!(indexes(&stack, "tables-drop-data"), ["byRank", "byTitle"]);

    let error = stack.ship(&["up", "--drop-indexes"]).failed(2).error();
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("--yes")), "{error:#}");
    stack.ship(&["up", "--drop-indexes", "--yes"]).succeeded();
    assert_eq!(indexes(&stack, "tables-drop-data"), ["byTitle"]);
    stack.run(&["status", "--exit-code"]).succeeded();
    stack.teardown();
}

#[test]
fn no_table_of_the_stack_is_left_behind_though_no_file_names_it() {
    let stack = Stack::new("tables-left");
    let further = "[table]\n[tables.counters]\npartition_key = \"id\"\n[tables.links]\npartition_key = \"id\"\nname = \"links-of-tables-left\"\n";
    let of_another = json!({
        "TableName": "tables-left-behind", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    });
    ask(&stack, "CreateTable", &of_another);
    stack.configure(further);
    stack.up();
    stack.configure("");
    let gone = stack.teardown().to_string();
    assert!(gone.contains("tables-left-counters"), "{gone}");
    assert!(gone.contains("links-of-tables-left"), "{gone}");
    assert_eq!(tables(&stack, "tables-left"), ["tables-left-behind"], "it is somebody else's");

    stack.configure(further);
    stack.up();
    let gone = stack.run(&["teardown", "--name", "tables-left", "--yes"]).succeeded().json();
    assert!(gone.to_string().contains("links-of-tables-left"), "{gone}");
    assert_eq!(tables(&stack, "tables-left"), ["tables-left-behind"]);
    assert_eq!(tables(&stack, "links-of"), [] as [&str; 0]);
    ask(&stack, "DeleteTable", &json!({"TableName": "tables-left-behind"}));
}
