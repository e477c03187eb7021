//! A stack that somebody made by hand, command after command, is taken over whole.

use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::strict::Rules;
use crate::support::{Stack, only};

const NAME: &str = "by-hand";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const RIGHTS: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"AllowDynamoDBAccess","Effect":"Allow",
    "Action":["dynamodb:GetItem","dynamodb:PutItem","dynamodb:UpdateItem","dynamodb:DeleteItem","dynamodb:Query"],
    "Resource":"arn:aws:dynamodb:us-east-1:123456789012:table/by-hand-data"}]}"#;
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:by-hand-api";

/// An empty zip: what was there before it is taken over never runs here.
const ZIP: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

/// What `aws` was told, in this order, without a tag anywhere; returns the id of the API.
fn make(stack: &Stack) -> String {
    let aws = &stack.aws;
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    let table = json!({
        "TableName": "by-hand-data", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [text("userId"), text("itemId")],
        "KeySchema": [key("userId", "HASH"), key("itemId", "RANGE")],
    });
    aws.json("DynamoDB_20120810.CreateTable", &table);
    let policy = [("PolicyName", "ByHandLambdaDynamoDB"), ("PolicyDocument", RIGHTS)];
    aws.iam("CreatePolicy", &policy);
    let role = ("RoleName", "by-hand-lambda-role");
    aws.iam("CreateRole", &[role, ("AssumeRolePolicyDocument", TRUST)]);
    for arn in [
        "arn:aws:iam::123456789012:policy/ByHandLambdaDynamoDB",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    ] {
        aws.iam("AttachRolePolicy", &[role, ("PolicyArn", arn)]);
    }
    let function = json!({
        "FunctionName": "by-hand-api", "Runtime": "nodejs20.x", "Handler": "index.handler",
        "Role": "arn:aws:iam::123456789012:role/by-hand-lambda-role", "Code": {"ZipFile": ZIP},
        "Environment": {"Variables": {"TABLE_NAME": "by-hand-data"}},
    });
    aws.rest("lambda", "POST", "/2015-03-31/functions", &function);
    // Lambda itself makes it, at the first request.
    aws.json("Logs_20140328.CreateLogGroup", &json!({"logGroupName": "/aws/lambda/by-hand-api"}));
    open(stack)
}

/// The API in front, which calls the function itself and no alias.
fn open(stack: &Stack) -> String {
    let post = |path: &str, input: &Value| stack.aws.rest("apigateway", "POST", path, input);
    let cors =
        json!({"AllowOrigins": ["*"], "AllowMethods": ["GET"], "AllowHeaders": ["content-type"]});
    let api = json!({"name": NAME, "protocolType": "HTTP", "corsConfiguration": cors});
    let api = post("/v2/apis", &api)["apiId"].as_str().expect("an id").to_owned();
    let integration = json!({
        "integrationType": "AWS_PROXY", "integrationUri": FUNCTION, "payloadFormatVersion": "2.0",
    });
    let integration = post(&format!("/v2/apis/{api}/integrations"), &integration);
    let target = format!("integrations/{}", integration["integrationId"].as_str().expect("an id"));
    for key in ["GET /", "POST /", "DELETE /"] {
        post(&format!("/v2/apis/{api}/routes"), &json!({"routeKey": key, "target": target}));
    }
    let stage = json!({"stageName": "$default", "autoDeploy": true});
    post(&format!("/v2/apis/{api}/stages"), &stage);
    let permission = json!({
        "StatementId": "apigateway-invoke", "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": format!("arn:aws:execute-api:us-east-1:123456789012:{api}/*/*"),
    });
    let path = "/2015-03-31/functions/by-hand-api/policy";
    stack.aws.rest("lambda", "POST", path, &permission);
    api
}

fn scan(stack: &Stack) -> Value {
    let mut found = stack.aws.json("DynamoDB_20120810.Scan", &json!({"TableName": "by-hand-data"}));
    if let Some(items) = found["Items"].as_array_mut() {
        items.sort_by_key(Value::to_string);
    }
    found["Items"].take()
}

#[test]
fn a_stack_made_by_hand_is_adopted_whole_and_no_item_is_lost() {
    let stack = Stack::new(NAME);
    // The emulator's lists never show what a stage was tagged with later.
    let proxy = Proxy::start(stack.cloud.port);
    proxy.set_layer(Some(Box::new(Rules::of_each_stack())));
    let stack = stack.with("AWS_ENDPOINT_URL", proxy.endpoint());
    let api = make(&stack);
    for number in 0..30 {
        let item = json!({"TableName": "by-hand-data", "Item": {
            "userId": {"S": format!("user-{}", number % 2)}, "itemId": {"S": format!("item-{number}")},
            "title": {"S": format!("number {number}")}, "status": {"S": "pending"},
            "createdAt": {"S": "2024-01-01T00:00:00.000Z"},
        }});
        stack.aws.json("DynamoDB_20120810.PutItem", &item);
    }
    let items = scan(&stack);
    assert_eq!(items.as_array().map(Vec::len), Some(30));

    let error = stack.ship(&["up", "--yes"]).failed(2).error();
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("--adopt")), "{error:#}");
    let planned = only(&stack.ship(&["plan", "--adopt"]).succeeded().json());
    for step in ["table update", "role update", "policy update", "function update", "api update"] {
        assert!(planned.contains(&step.to_owned()), "{planned:?}");
    }

    let up = stack.ship(&["up", "--adopt", "--yes"]).succeeded().json();
    assert_eq!(up["api_id"], api.as_str(), "its address stays");
    assert_eq!(scan(&stack), items);
    for user in ["user-0", "user-1"] {
        let listed = Stack::ask(&up, "GET", &format!("userId={user}"), "").json();
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(15), "{listed:#}");
    }
    assert_eq!(Stack::ask(&up, "POST", "userId=user-2", r#"{"title":"new"}"#).status, 201);
    stack.ship(&["plan", "--exit-code"]).succeeded();
    stack.run(&["verify-policy", "--live"]).succeeded();
    stack.teardown();
    assert_eq!(stack.teardown()["changes"], json!([]));
}
