//! What others change by hand is seen, named, and put right.

use serde_json::{Value, json};

use crate::support::{Stack, only};

#[test]
fn drift_is_named_by_status_planned_by_plan_and_repaired_by_up() {
    let stack = Stack::new("drift");
    let up = stack.up();
    assert_eq!(states(&stack.run(&["status", "--exit-code"]).succeeded().json()), ["ok"; 11]);
    stack.ship(&["plan", "--exit-code"]).succeeded();

    meddle(&stack, &up);
    let status = stack.run(&["status", "--exit-code"]).failed(3);
    let told = drift(&status.json());
    for (resource, property) in [
        ("table", "point_in_time_recovery"),
        ("log group", "retention"),
        ("role", "trust"),
        ("policy", "document"),
        ("permissions", "ReadOnlyAccess"),
        ("permissions", "inline policy more"),
        ("function", "memory"),
        ("function", "environment TABLE_NAME"),
        ("api", "cors allow_origins"),
        ("routes", "route DELETE /"),
        ("permission", "absent"),
    ] {
        let named =
            |line: &String| line.starts_with(&format!("{resource}: ")) && line.contains(property);
        assert!(told.iter().any(named), "{resource} {property} is not in {told:#?}");
    }

    assert!(told.iter().all(|line| !line.contains('\n')), "{told:#?}");
    let rights = "policy: document: loses dynamodb:* on *";
    assert!(told.iter().any(|line| line == rights), "{told:#?}");
    assert!(
        !told.iter().any(|line| line.starts_with("alias: ")),
        "said of the function: {told:#?}"
    );

    let plan = stack.ship(&["plan", "--exit-code"]).failed(3);
    let planned = only(&plan.json());
    assert!(planned.contains(&"table update".to_owned()), "{planned:?}");
    assert!(planned.contains(&"permission create".to_owned()), "{planned:?}");
    assert_eq!(drift(&stack.status()), told, "a plan changes nothing");

    let unasked = stack.ship(&["up"]).failed(2).error();
    assert!(unasked["cause"].as_str().is_some_and(|cause| cause.contains("this removes")));
    stack.ship(&["up", "--yes"]).succeeded();
    stack.ship(&["plan", "--exit-code"]).succeeded();
    assert_eq!(states(&stack.run(&["status", "--exit-code"]).succeeded().json()), ["ok"; 11]);
    let answer = Stack::ask(&up, "POST", "userId=u1", r#"{"title":"after the repair"}"#);
    assert_eq!(answer.status, 201, "{answer:?}");
    stack.teardown();
}

#[test]
fn a_resource_that_was_deleted_by_hand_is_made_again() {
    let stack = Stack::new("drift-gone");
    let up = stack.up();
    stack.aws.rest("lambda", "DELETE", "/2015-03-31/functions/drift-gone-api", &Value::Null);
    stack.aws.json("Logs_20140328.DeleteLogGroup", &json!({"logGroupName": up["log_group"]}));
    assert_eq!(absent(&stack.status()), ["log group", "function", "alias", "permission"]);
    let again = stack.up();
    let made = only(&again);
    for action in ["log group create", "function create", "alias create", "permission create"] {
        assert!(made.contains(&action.to_owned()), "{made:?}");
    }
    assert_eq!(again["api_url"], up["api_url"]);
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200);
    stack.teardown();
}

/// What a colleague with the console could do.
fn meddle(stack: &Stack, up: &Value) {
    let aws = &stack.aws;
    aws.json(
        "DynamoDB_20120810.UpdateContinuousBackups",
        &json!({"TableName": up["table_name"], "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": false}}),
    );
    let group = json!({"logGroupName": up["log_group"], "retentionInDays": 3});
    aws.json("Logs_20140328.PutRetentionPolicy", &group);
    let role = up["role_name"].as_str().expect("a name");
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    aws.iam("UpdateAssumeRolePolicy", &[("RoleName", role), ("PolicyDocument", trust)]);
    let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}]}"#;
    let policy = up["policy_arn"].as_str().expect("an ARN");
    aws.iam(
        "CreatePolicyVersion",
        &[("PolicyArn", policy), ("PolicyDocument", everything), ("SetAsDefault", "true")],
    );
    let read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    aws.iam("AttachRolePolicy", &[("RoleName", role), ("PolicyArn", read_only)]);
    let more = [("RoleName", role), ("PolicyName", "more"), ("PolicyDocument", everything)];
    aws.iam("PutRolePolicy", &more);

    let function = format!("/2015-03-31/functions/{}", up["function_name"].as_str().unwrap_or(""));
    let settings =
        json!({"MemorySize": 512, "Environment": {"Variables": {"TABLE_NAME": "another"}}});
    aws.rest("lambda", "PUT", &format!("{function}/configuration"), &settings);
    let permission =
        aws.rest("lambda", "GET", &format!("{function}/policy?Qualifier=live"), &Value::Null);
    let permission: Value = serde_json::from_str(permission["Policy"].as_str().unwrap_or(""))
        .expect("a policy is JSON");
    let statement = permission["Statement"][0]["Sid"].as_str().expect("a statement");
    aws.rest(
        "lambda",
        "DELETE",
        &format!("{function}/policy/{statement}?Qualifier=live"),
        &Value::Null,
    );

    let api = format!("/v2/apis/{}", up["api_id"].as_str().unwrap_or_default());
    let cors = json!({"corsConfiguration": {"allowOrigins": ["https://elsewhere.example"]}});
    aws.rest("apigateway", "PATCH", &api, &cors);
    let routes = aws.rest("apigateway", "GET", &format!("{api}/routes"), &Value::Null);
    let items = routes["items"].as_array().expect("the routes");
    let deleted = items.iter().find(|route| route["routeKey"] == "DELETE /").expect("its route");
    let route = deleted["routeId"].as_str().expect("an id");
    aws.rest("apigateway", "DELETE", &format!("{api}/routes/{route}"), &Value::Null);
}

fn resources(status: &Value) -> &Vec<Value> {
    status["resources"].as_array().expect("the resources")
}

fn states(status: &Value) -> Vec<&str> {
    resources(status).iter().filter_map(|resource| resource["state"].as_str()).collect()
}

fn absent(status: &Value) -> Vec<&str> {
    let absent = resources(status).iter().filter(|resource| resource["state"] == "absent");
    absent.filter_map(|resource| resource["resource"].as_str()).collect()
}

/// `resource: difference`, one a line.
fn drift(status: &Value) -> Vec<String> {
    let mut told = Vec::new();
    for resource in resources(status) {
        let kind = resource["resource"].as_str().unwrap_or_default();
        if resource["state"] == "absent" {
            told.push(format!("{kind}: absent"));
        }
        let lines = resource["drift"].as_array().into_iter().flatten();
        told.extend(lines.filter_map(Value::as_str).map(|line| format!("{kind}: {line}")));
    }
    told
}
