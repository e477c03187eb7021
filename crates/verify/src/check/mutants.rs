//! The clean snapshot, broken in one way at a time: each must be found, and what is harmless must not be.

use serde_json::{Value, json};

use super::*;

const SEED: &str = include_str!("../snapshots/01-clean-seed.json");
const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/my-frontend-app-data";
const STATEMENT: &str = "/documents/managed_policies/0/Versions/v1/Statement/0";
const LOGS: &str = "/documents/inline_policies/0/Document/Statement/0/Resource";
const TRUST: &str = "/documents/trust_policy/Statement/0";
const INVOKE: &str = "/documents/function_resource_policy/Statement/0";

/// The seed with some of its members replaced; a member that is not there is added.
fn mutant(changes: &[(&str, Value)]) -> Verdict {
    let mut seed: Value = serde_json::from_str(SEED).expect("the seed is JSON");
    for (path, value) in changes {
        let (parent, name) = path.rsplit_once('/').expect("it is a pointer");
        match seed.pointer_mut(parent).expect("the parent is there") {
            Value::Object(members) if value.is_null() && name != "permissions_boundary" => {
                drop(members.remove(name));
            }
            Value::Object(members) => drop(members.insert(name.to_owned(), value.clone())),
            Value::Array(items) if name == "-" => items.push(value.clone()),
            other => panic!("{other} has no {name}"),
        }
    }
    let snapshot = Snapshot::from_json(&seed.to_string()).expect("the mutant is complete");
    check(&snapshot, &Evidence::default())
}

/// `kind action-or-detail`, for all findings that are no notes.
fn told(verdict: &Verdict) -> Vec<String> {
    let findings = verdict.findings.iter().filter(|finding| finding.severity != Severity::Note);
    let detail = |finding: &Finding| {
        let known = ["cause", "reason", "policy", "principal"]
            .iter()
            .find_map(|name| finding.details.get(name));
        known.or(finding.action.as_ref()).or(finding.resource.as_ref()).cloned().unwrap_or_default()
    };
    let mut told: Vec<String> =
        findings.map(|finding| format!("{} {}", finding.kind.name(), detail(finding))).collect();
    told.dedup();
    told
}

fn inline(name: &str, statement: &Value) -> (&'static str, Value) {
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    ("/documents/inline_policies/-", json!({ "PolicyName": name, "Document": document }))
}

fn member(parent: &'static str, name: &str) -> &'static str {
    format!("{parent}/{name}").leak()
}

/// The mutant has a finding that begins so.
#[track_caller]
fn finds(changes: &[(&str, Value)], wanted: &str, exit: u8) {
    let verdict = mutant(changes);
    let told = told(&verdict);
    assert!(told.iter().any(|text| text.starts_with(wanted)), "{wanted} is not in {told:#?}");
    assert_eq!(verdict.exit_code(false), exit, "{told:#?}");
}

#[track_caller]
fn is_clean(changes: &[(&str, Value)]) {
    let verdict = mutant(changes);
    assert_eq!(told(&verdict), Vec::<String>::new());
    assert_eq!(verdict.exit_code(false), 0);
}

#[test]
fn wide_grants_are_found() {
    let (action, resource) = (member(STATEMENT, "Action"), member(STATEMENT, "Resource"));
    finds(&[(action, json!("dynamodb:*"))], "wildcard-action dynamodb:*", 3);
    finds(&[(action, json!("dynamodb:*"))], "over-grant dynamodb:DeleteTable", 3);
    finds(
        &[(action, json!(["dynamodb:*Item", "dynamodb:Query"]))],
        "over-grant dynamodb:BatchGetItem",
        3,
    );
    finds(&[(action, json!("*")), (resource, json!("*"))], "privilege-escalation iam:PassRole", 3);
    for wide in ["*", "T*", "region"] {
        let arn = match wide {
            "*" => "*".to_owned(),
            "T*" => format!("{TABLE}*"),
            _ => TABLE.replace("us-east-1", "*"),
        };
        finds(&[(resource, json!(arn))], &format!("wildcard-resource {arn}"), 3);
        finds(&[(resource, json!(arn))], "over-grant-resource dynamodb:GetItem", 3);
    }
    finds(
        &[(resource, json!([TABLE, format!("{TABLE}/index/*")]))],
        "over-grant-resource dynamodb:Query",
        3,
    );
    finds(
        &[(resource, json!([TABLE, TABLE.replace("data", "other")]))],
        "over-grant-resource dynamodb:PutItem",
        3,
    );
    finds(
        &[(action, json!(null)), (member(STATEMENT, "NotAction"), json!("dynamodb:DeleteTable"))],
        "not-action",
        3,
    );
    finds(
        &[(resource, json!(null)), (member(STATEMENT, "NotResource"), json!(format!("{TABLE}2")))],
        "not-resource",
        3,
    );
}

#[test]
fn a_wildcard_that_is_clipped_is_a_warning() {
    let action = member(STATEMENT, "Action");
    let five = json!([
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:Query"
    ]);
    let boundary = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": five, "Resource": "*" },
        { "Effect": "Allow", "Action": "logs:*", "Resource": "*" }] });
    let changes = [(action, json!("dynamodb:*")), ("/documents/permissions_boundary", boundary)];
    finds(&changes, "wildcard-action dynamodb:*", 0);
    assert_eq!(mutant(&changes).outcome, Outcome::Sampled);
    assert_eq!(mutant(&changes).excess, 0);
}

#[test]
fn what_is_missing_is_found_with_its_cause() {
    let deny = json!({ "Effect": "Deny", "Action": "dynamodb:DeleteItem", "Resource": "*" });
    finds(&[(member(STATEMENT, "Action"), json!("dynamodb:GetItem"))], "missing absent", 3);
    finds(&[inline("guard", &deny)], "missing explicit-deny", 3);
    finds(
        &[(member(STATEMENT, "Resource"), json!(TABLE.replace("us-east-1", "eu-west-1")))],
        "missing wrong-arn",
        3,
    );
    finds(
        &[(member(STATEMENT, "Resource"), json!(TABLE.replace("my-f", "My-F")))],
        "missing wrong-arn",
        3,
    );
    let boundary = json!({ "Statement": { "Effect": "Allow", "Action": ["logs:*", "dynamodb:Get*"], "Resource": "*" } });
    finds(&[("/documents/permissions_boundary", boundary)], "missing boundary", 3);
    finds(&[("/documents/inline_policies", json!([]))], "missing absent", 3);
    finds(
        &[(
            LOGS,
            json!("arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/my-frontend-app-api"),
        )],
        "missing wrong-arn",
        3,
    );
}

#[test]
fn what_is_needed_of_a_family_is_needed_of_every_member() {
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/my-frontend-app-api";
    let streams = |pattern: &str| json!(format!("{group}:log-stream:{pattern}"));
    is_clean(&[(LOGS, streams("*"))]);
    // The plain name that stands for a stream begins with a zero, and no stream of Lambda does.
    for narrow in ["0*", "0", "?", "2026/*"] {
        finds(&[(LOGS, streams(narrow))], "missing wrong-arn", 3);
    }
    let deny = |resource: Value| {
        [inline("guard", &json!({ "Effect": "Deny", "Action": "logs:*", "Resource": resource }))]
    };
    finds(&deny(streams("2026/*")), "conditional-grant logs:CreateLogStream", 4);
    finds(&deny(streams("*[$LATEST]*")), "conditional-grant logs:CreateLogStream", 4);
    finds(&deny(streams("*")), "missing explicit-deny", 3);
    is_clean(&deny(json!("arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/other:*")));
    let boundary = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "logs:PutLogEvents", "Resource": streams("2026/12/*") }] });
    finds(
        &[("/documents/permissions_boundary", boundary)],
        "conditional-grant logs:PutLogEvents",
        4,
    );
}

#[test]
fn many_log_groups_hide_none() {
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/my-frontend-app-api";
    let mut resources: Vec<String> =
        (0..80).map(|stream| format!("{group}:log-stream:{stream}*")).collect();
    resources.push(format!("{group}:*"));
    resources.push(group.replace("my-frontend-app-api", "zz-payroll:*"));
    finds(&[(LOGS, json!(resources))], "log-scope logs:CreateLogStream", 3);
}

#[test]
fn operations_are_judged_by_the_actions_that_they_need() {
    let call = |operation: &str| {
        ("/handler/operations/-", json!({ "operation": operation, "index": null }))
    };
    let index = ("/handler/operations/-", json!({ "operation": "Query", "index": "byStatus" }));
    finds(std::slice::from_ref(&index), "missing wrong-arn", 3);
    is_clean(&[
        index,
        (member(STATEMENT, "Resource"), json!([TABLE, format!("{TABLE}/index/byStatus")])),
    ]);
    is_clean(&[call("TransactGetItems")]);
    finds(&[call("BatchGetItem")], "missing absent", 3);
    finds(&[call("ExecuteStatement")], "unproven partiql", 4);
    let partiql = |text: &str| {
        let call = json!({ "operation": "ExecuteStatement", "index": null, "statement": text });
        let grant =
            json!({ "Effect": "Allow", "Action": "dynamodb:PartiQLSelect", "Resource": TABLE });
        [("/handler/operations/-", call), inline("partiql", &grant)]
    };
    is_clean(&partiql("SELECT * FROM \"my-frontend-app-data\" WHERE userId = ?"));
    let of_index = "SELECT * FROM \"my-frontend-app-data\".\"byStatus\"";
    finds(&partiql(of_index), "missing wrong-arn", 3);
    finds(&partiql("SELECT * FROM \"another-table\""), "missing wrong-arn", 3);
    finds(&partiql("SELECT * FROM "), "unproven partiql", 3);
    finds(&[call("Frobnicate")], "unproven unknown-operation", 4);
    let put =
        json!({ "operation": "TransactWriteItems", "index": null, "members": ["Put", "Delete"] });
    is_clean(&[("/handler/operations/-", put)]);
    finds(&[call("TransactWriteItems")], "missing absent", 3);
    let list = json!({ "Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": "*" });
    is_clean(&[call("ListTables"), inline("list", &list)]);
}

#[test]
fn names_that_do_not_exist_are_found() {
    let actions = |more: &str| {
        let five = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", more]
            .map(|name| format!("dynamodb:{name}"));
        [(member(STATEMENT, "Action"), json!(five))]
    };
    finds(&actions("GetItems"), "unknown-action dynamodb:GetItems", 3);
    finds(&actions("TransactWriteItems"), "unknown-action dynamodb:TransactWriteItems", 3);
    finds(&actions("ListTables"), "resource-mismatch dynamodb:ListTables", 3);
    is_clean(&[(
        member(STATEMENT, "Action"),
        json!([
            "dynamodb:getitem",
            "DynamoDB:PUTITEM",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:Query"
        ]),
    )]);
}

#[test]
fn conditions_that_cannot_be_decided_are_in_doubt() {
    let condition = |operator: &str, key: &str, value: &str| {
        [(member(STATEMENT, "Condition"), json!({ operator: { key: value } }))]
    };
    finds(&condition("StringEquals", "aws:PrincipalTag/team", "web"), "conditional-grant", 4);
    finds(
        &condition("ForAllValues:StringEquals", "dynamodb:LeadingKeys", "x"),
        "conditional-grant",
        4,
    );
    finds(&condition("Frobnicate", "a", "b"), "unproven unknown-operator", 4);
    is_clean(&condition("Bool", "aws:SecureTransport", "true"));
    is_clean(&condition("StringEquals", "aws:RequestedRegion", "us-east-1"));
    let deny = |operator: &str, key: &str, value: &str| {
        [inline(
            "guard",
            &json!({ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": { operator: { key: value } } }),
        )]
    };
    is_clean(&deny("Bool", "aws:SecureTransport", "false"));
    finds(&deny("StringNotEquals", "aws:SourceVpc", "vpc-1"), "conditional-grant", 4);
    let variable = TABLE.replace("my-frontend-app-data", "${aws:PrincipalTag/table}");
    finds(&[(member(STATEMENT, "Resource"), json!(variable))], "conditional-grant", 4);
}

#[test]
fn policies_that_should_not_be_there_are_found() {
    let allow = |action: &str, resource: &str| json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    finds(&[inline("debug", &allow("dynamodb:Scan", TABLE))], "extra-inline-policy debug", 3);
    finds(&[inline("debug", &allow("dynamodb:Scan", TABLE))], "over-grant dynamodb:Scan", 3);
    finds(&[inline("pass", &allow("iam:PassRole", "*"))], "privilege-escalation iam:PassRole", 3);
    finds(
        &[inline("code", &allow("lambda:UpdateFunctionCode", "*"))],
        "privilege-escalation lambda:UpdateFunctionCode",
        3,
    );
    finds(
        &[inline("any", &allow("sts:AssumeRole", "*"))],
        "privilege-escalation sts:AssumeRole",
        3,
    );
    finds(&[inline("iam", &allow("iam:*", "*"))], "privilege-escalation iam:PassRole", 3);
    finds(
        &[inline("s3", &allow("s3:GetObject", "arn:aws:s3:::b/*"))],
        "over-grant s3:GetObject",
        3,
    );
    let full = json!({ "PolicyName": "AmazonDynamoDBFullAccess", "PolicyArn": "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",
        "DefaultVersionId": "v1", "Versions": { "v1": { "Version": "2012-10-17", "Statement": [allow("dynamodb:*", "*")] } } });
    finds(
        &[("/documents/managed_policies/-", full)],
        "extra-attached-policy AmazonDynamoDBFullAccess",
        3,
    );
    is_clean(&[inline(
        "guard",
        &json!({ "Effect": "Deny", "Action": "dynamodb:DeleteTable", "Resource": "*" }),
    )]);
    is_clean(&[inline("again", &allow("dynamodb:GetItem", TABLE))]);
}

#[test]
fn versions_are_told_apart() {
    let versions = "/documents/managed_policies/0/Versions/v2";
    let wide = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "dynamodb:*", "Resource": "*" } });
    is_clean(&[(versions, wide.clone())]);
    assert_eq!(mutant(&[(versions, wide.clone())]).findings[0].kind.name(), "stale-version");
    // What `up` leaves when it adds a right.
    let narrow = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE } });
    assert!(mutant(&[(versions, narrow)]).findings.is_empty());
    let default = "/documents/managed_policies/0/DefaultVersionId";
    finds(
        &[(versions, wide), (default, json!("v2"))],
        "version-drift MyFrontendAppLambdaDynamoDB",
        3,
    );
    finds(&[(default, json!("v9"))], "unproven no-default-version", 3);
    let version = "/documents/managed_policies/0/Versions/v1/Version";
    finds(&[(version, json!("2008-10-17"))], "policy-version-old", 0);
    finds(&[(version, json!(null))], "policy-version-old", 0);
    finds(&[(version, json!("2020-01-01"))], "unproven policy-version", 4);
    finds(&[(member(STATEMENT, "Foo"), json!(1))], "unproven unknown-element", 4);
}

#[test]
fn trust_is_for_lambda_alone() {
    let (principal, action) = (member(TRUST, "Principal"), member(TRUST, "Action"));
    let root = "arn:aws:iam::123456789012:root";
    finds(
        &[(principal, json!({ "Service": "lambda.amazonaws.com", "AWS": root }))],
        &format!("trust-too-open {root}"),
        3,
    );
    finds(&[(principal, json!("*"))], "trust-too-open *", 3);
    finds(
        &[(principal, json!({ "Service": ["lambda.amazonaws.com", "events.amazonaws.com"] }))],
        "trust-too-open events",
        3,
    );
    finds(
        &[(action, json!(["sts:AssumeRole", "sts:TagSession"]))],
        "trust-too-open sts:TagSession",
        3,
    );
    finds(&[(action, json!("sts:*"))], "trust-too-open sts:*", 3);
    finds(&[(principal, json!({ "Service": "ec2.amazonaws.com" }))], "trust-missing", 3);
    is_clean(&[(
        member(TRUST, "Condition"),
        json!({ "StringEquals": { "aws:SourceAccount": "123456789012" } }),
    )]);
    finds(
        &[(
            member(TRUST, "Condition"),
            json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } }),
        )],
        "trust-missing",
        3,
    );
}

#[test]
fn a_denial_of_trust_that_cannot_be_decided_is_in_doubt() {
    let deny = |condition: Value| {
        [(
            "/documents/trust_policy/Statement/-",
            json!({ "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": condition }),
        )]
    };
    finds(&deny(json!({ "Bool": { "aws:MultiFactorAuthPresent": "false" } })), "unproven deny", 4);
    finds(&deny(json!({})), "trust-missing", 3);
    is_clean(&deny(json!({ "StringNotEquals": { "aws:SourceAccount": "123456789012" } })));
}

#[test]
fn an_invocation_that_a_further_condition_refuses_is_found() {
    let seed: Value = serde_json::from_str(SEED).expect("the seed is JSON");
    let known = seed.pointer(INVOKE).expect("it is there")["Condition"].clone();
    let with = |operator: &str, key: &str, value: &str| {
        let mut condition = known.clone();
        condition[operator][key] = json!(value);
        [(member(INVOKE, "Condition"), condition)]
    };
    is_clean(&with("StringEquals", "aws:SourceAccount", "123456789012"));
    finds(&with("StringEquals", "aws:SourceAccount", "999999999999"), "missing condition", 3);
    finds(&with("StringEquals", "aws:PrincipalOrgID", "o-1"), "unproven condition", 4);
}

#[test]
fn logs_are_for_the_own_group_alone() {
    finds(&[(LOGS, json!("*"))], "log-scope logs:CreateLogStream", 3);
    finds(
        &[(LOGS, json!("arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/*:*"))],
        "log-scope",
        3,
    );
    let action = "/documents/inline_policies/0/Document/Statement/0/Action";
    finds(
        &[(action, json!(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]))],
        "over-grant logs:CreateLogGroup",
        3,
    );
    let basic = json!([{ "PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        "DefaultVersionId": "v1", "Versions": { "v1": { "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*" }] } } }]);
    let changes = [
        ("/documents/inline_policies", json!([])),
        ("/documents/managed_policies/-", basic[0].clone()),
    ];
    finds(&changes, "log-scope logs:CreateLogStream", 3);
    let [logs, policy] = changes;
    is_clean(&[logs, policy, ("/context/log_policy", json!("aws-managed"))]);
}

#[test]
fn only_the_own_api_may_invoke() {
    let source =
        |arn: &str| [(member(INVOKE, "Condition"), json!({ "ArnLike": { "AWS:SourceArn": arn } }))];
    let api = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5";
    finds(&[(member(INVOKE, "Condition"), json!(null))], "invoke-source-missing", 3);
    finds(
        &[(
            member(INVOKE, "Condition"),
            json!({ "StringEquals": { "AWS:SourceAccount": "123456789012" } }),
        )],
        "invoke-source-missing",
        3,
    );
    finds(
        &[(
            member(INVOKE, "Condition"),
            json!({ "ArnLikeIfExists": { "AWS:SourceArn": format!("{api}/*") } }),
        )],
        "invoke-source-too-wide",
        3,
    );
    finds(&source("arn:aws:execute-api:us-east-1:123456789012:*"), "invoke-source-too-wide", 3);
    finds(
        &source("arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5*"),
        "invoke-source-too-wide",
        3,
    );
    finds(&source("arn:aws:execute-api:*:*:a1b2c3d4e5/*"), "invoke-source-too-wide", 3);
    finds(&source("*"), "invoke-source-too-wide", 3);
    finds(
        &source("arn:aws:execute-api:us-east-1:123456789012:zzzzzzzzzz/*/*"),
        "invoke-source-stale",
        3,
    );
    is_clean(&source(&format!("{api}/*/GET/")));
    finds(
        &[(member(INVOKE, "Principal"), json!("*")), (member(INVOKE, "Condition"), json!(null))],
        "invoke-public",
        3,
    );
    finds(
        &[(member(INVOKE, "Principal"), json!({ "Service": "events.amazonaws.com" }))],
        "invoke-source-too-wide events",
        3,
    );
    finds(&[(member(INVOKE, "Action"), json!("lambda:*"))], "over-grant", 3);
}

#[test]
fn a_source_is_audited() {
    let source = |text: &str| {
        [
            ("/handler/source", json!({ "lang": "rust", "text": text })),
            ("/handler/operations", json!(null)),
        ]
    };
    let five = "use aws_sdk_dynamodb::Client; pub fn f(c: &Client) { c.get_item(); c.put_item(); c.update_item(); c.delete_item(); c.query(); }";
    is_clean(&source(five));
    is_clean(&source(&format!(
        "{five} #[cfg(test)] mod tests {{ fn t(c: &super::Client) {{ c.scan() }} }}"
    )));
    finds(&source(&five.replace("c.update_item();", "")), "over-grant dynamodb:UpdateItem", 3);
    finds(&source(&format!("{five} pub fn g(c: &Client) {{ c.scan() }}")), "missing absent", 3);
    finds(
        &source(&format!("{five} pub fn g(c: &aws_sdk_s3::Client) {{ c.get_object() }}")),
        "unmodelled-service",
        3,
    );
    finds(
        &source(&format!("{five} pub fn g(c: &dyn other::Store) {{ c.put_item() }}")),
        "unproven dyn",
        4,
    );
    finds(&source("fn f( {"), "unproven syntax", 4);
    let typescript = [
        ("/handler/source", json!({ "lang": "typescript", "text": "x" })),
        ("/handler/operations", json!(null)),
    ];
    finds(&typescript, "unproven language", 4);
}

#[test]
fn a_snapshot_with_members_missing_is_an_error() {
    let seed: Value = serde_json::from_str(SEED).expect("the seed is JSON");
    for part in ["/context", "/documents"] {
        let names: Vec<String> = seed
            .pointer(part)
            .and_then(Value::as_object)
            .expect("it is an object")
            .keys()
            .cloned()
            .collect();
        for name in names {
            let mut broken = seed.clone();
            broken
                .pointer_mut(part)
                .and_then(Value::as_object_mut)
                .expect("it is an object")
                .remove(&name);
            let error = Snapshot::from_json(&broken.to_string()).expect_err("a member is missing");
            assert!(error.to_string().contains(&name), "{name}: {error}");
        }
    }
    for text in [
        "",
        "{}",
        "[]",
        "{\"context\": {}, \"context\": {}}",
        &SEED.replace("table/my", "table/other"),
    ] {
        assert!(Snapshot::from_json(text).is_err());
    }
}

#[test]
fn the_four_sources_must_agree() {
    let snapshot = Snapshot::from_json(SEED).expect("the seed is complete");
    let all = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"];
    let told_with = |evidence: &Evidence| told(&check(&snapshot, evidence));
    let linked = |names: &[&'static str]| Evidence {
        linked: Some(names.iter().copied().collect()),
        ..Evidence::default()
    };
    assert_eq!(told_with(&linked(&all)), Vec::<String>::new());
    assert_eq!(told_with(&linked(&all[1..])), ["dead-declaration linked"]);
    assert_eq!(told_with(&linked(&[&all[..], &["Scan"]].concat())), ["unproven linked"]);
    let recorded = |names: &[&str]| Evidence {
        recorded: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..Evidence::default()
    };
    assert_eq!(told_with(&recorded(&["Scan"]))[0], "undeclared-operation recorded");
    let source = Audit::of_snippet(
        "rust",
        "pub fn f(c: &aws_sdk_dynamodb::Client) { c.scan(); c.get_item(); c.put_item(); c.update_item(); c.delete_item(); c.query() }",
    );
    assert_eq!(
        told_with(&Evidence { source: Some(source), ..Evidence::default() }),
        ["undeclared-operation source"]
    );
}

#[test]
fn the_linked_binary_proves_what_a_macro_hides() {
    let snapshot = Snapshot::from_json(include_str!("../snapshots/37-source-macro.json"))
        .expect("it is complete");
    let linked = |names: &[&'static str]| Evidence {
        linked: Some(names.iter().copied().collect()),
        ..Evidence::default()
    };
    let proven = check(&snapshot, &linked(&["PutItem"]));
    assert_eq!(proven.outcome, Outcome::Proven, "{:#?}", proven.findings);
    assert_eq!(check(&snapshot, &linked(&["PutItem", "Scan"])).outcome, Outcome::Unproven);
}
