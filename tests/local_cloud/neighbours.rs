//! What is not ours stays as it is, however much its name looks like ours.

use serde_json::{Value, json};

use crate::support::{Aws, Cloud, Stack};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const NOTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

#[test]
fn a_life_of_a_stack_leaves_the_account_as_it_was() {
    let stack = Stack::new("street");
    let aws = &stack.aws;
    table(aws, "street");
    table(aws, "street-data-more");
    table(aws, "my-street-data");
    aws.json(
        "Logs_20140328.CreateLogGroup",
        &json!({"logGroupName": "/aws/lambda/street-api-more"}),
    );
    aws.json("Logs_20140328.CreateLogGroup", &json!({"logGroupName": "/aws/lambda/street"}));
    aws.iam(
        "CreateRole",
        &[("RoleName", "street-lambda-role-more"), ("AssumeRolePolicyDocument", TRUST)],
    );
    let policy = [("PolicyName", "StreetLambdaDynamoDBMore"), ("PolicyDocument", NOTHING)];
    aws.iam("CreatePolicy", &policy);
    api(aws, "street-more");
    let mut before = everything(aws, "street");
    assert!(before.len() >= 8, "{before:#?}");

    let up = stack.up();
    // API Gateway lets anybody take the name that we have.
    let namesake = api(aws, "street");
    before.push(format!("api {namesake}"));
    before.sort();
    assert_eq!(stack.up()["api_id"], up["api_id"]);
    stack.teardown();
    assert_eq!(everything(aws, "street"), before);
}

#[test]
fn a_stack_whose_name_begins_like_another_is_another() {
    let (short, long) = (Stack::new("twin"), Stack::new("twin-data"));
    short.up();
    let up = long.up();
    assert_eq!(Stack::ask(&up, "POST", "userId=u1", r#"{"title":"here"}"#).status, 201);
    short.teardown();
    long.ship(&["plan", "--exit-code"]).succeeded();
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").json()["items"][0]["title"], "here");
    long.teardown();
}

fn api(aws: &Aws, name: &str) -> Value {
    aws.rest("apigateway", "POST", "/v2/apis", &json!({"name": name, "protocolType": "HTTP"}))
}

fn table(aws: &Aws, name: &str) {
    aws.json(
        "DynamoDB_20120810.CreateTable",
        &json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        }),
    );
}

/// Whatever has `word` in its name, and what it holds: other tests work in the same account.
fn everything(aws: &Aws, word: &str) -> Vec<String> {
    let tables = aws.json("DynamoDB_20120810.ListTables", &json!({}));
    let groups = aws.json("Logs_20140328.DescribeLogGroups", &json!({}));
    let functions = aws.rest("lambda", "GET", "/2015-03-31/functions/", &Value::Null);
    let apis = aws.rest("apigateway", "GET", "/v2/apis", &Value::Null);
    let lists = [
        ("table", &tables["TableNames"]),
        ("log group", &groups["logGroups"]),
        ("function", &functions["Functions"]),
        ("api", &apis["items"]),
    ];
    let mut found = Vec::new();
    for (kind, list) in lists {
        let entries = list.as_array().unwrap_or_else(|| panic!("no list of each {kind}"));
        found.extend(entries.iter().map(|entry| format!("{kind} {entry}")));
    }
    for (action, element) in [("ListRoles", "RoleName"), ("ListPolicies", "PolicyName")] {
        let listed = aws.iam(action, &[]);
        let opening = format!("<{element}>");
        let names = listed.split(&opening).skip(1);
        found
            .extend(names.filter_map(|rest| Some(format!("{action} {}", rest.split('<').next()?))));
    }
    found.retain(|entry| entry.to_lowercase().contains(word));
    found.sort();
    found
}

#[test]
fn the_account_of_a_new_cloud_is_empty_again_after_a_teardown() {
    let cloud = Cloud::start();
    let aws = Aws::of(&cloud);
    let before = everything(&aws, "");
    let stack = Stack::on(&cloud, "alone");
    stack.up();
    assert_ne!(everything(&aws, ""), before);
    stack.teardown();
    assert_eq!(everything(&aws, ""), before);
}
