//! Handlers with several tables, indexes and services: their own policy is exact, and each step away from it is found.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::audit::Candidates;
use crate::manifest::Site;
use crate::rights::{Grant, On, Rights, Undecided};

const SEED: &str = include_str!("../snapshots/01-clean-seed.json");
const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/";
const JOBS: &str = "arn:aws:sqs:us-east-1:123456789012:jobs";

/// The seed, with a second table, for a handler of these rights and a policy of these statements.
fn snapshot(handler: &Value, statements: &Value) -> Snapshot {
    let mut seed: Value = serde_json::from_str(SEED).expect("the seed is JSON");
    let table = |name: &str| json!({ "name": name, "arn": format!("{TABLE}{name}") });
    seed["context"]["tables"] =
        json!({ "data": table("my-frontend-app-data"), "sessions": table("sessions") });
    seed["handler"] = handler.clone();
    seed["documents"]["managed_policies"][0]["Versions"]["v1"]["Statement"] = statements.clone();
    Snapshot::from_json(&seed.to_string()).expect("the snapshot is complete")
}

fn of_rights(rights: &Rights, statements: &Value) -> Snapshot {
    let rights = serde_json::to_value(rights).expect("rights can be written");
    snapshot(&json!({ "rights": rights }), statements)
}

fn grant(from: Origin, on: On, actions: &[&str]) -> Grant {
    let site = Site { file: "src/main.rs".to_owned(), line: 7 };
    let sites = if from == Origin::Audit { vec![site] } else { vec![] };
    Grant { on, actions: actions.iter().map(|&action| action.to_owned()).collect(), from, sites }
}

fn rights() -> Rights {
    let table = |key: &str| On::Table(key.to_owned());
    let arn = |arn: &str| On::Arn(arn.to_owned());
    Rights {
        grants: vec![
            grant(Origin::Audit, table("data"), &["dynamodb:GetItem", "dynamodb:PutItem"]),
            grant(Origin::Audit, table("sessions"), &["dynamodb:GetItem", "dynamodb:DeleteItem"]),
            grant(
                Origin::Audit,
                On::Index("data".to_owned(), "byStatus".to_owned()),
                &["dynamodb:Query"],
            ),
            grant(Origin::Audit, arn("arn:${partition}:s3:::photos/*"), &["s3:GetObject"]),
            grant(
                Origin::Audit,
                arn("arn:aws:secretsmanager:r:1:secret:db-??????"),
                &["secretsmanager:GetSecretValue"],
            ),
            grant(Origin::Audit, arn(JOBS), &["sqs:SendMessage"]),
        ],
        undecided: vec![],
    }
}

/// The statements of the policy that the rights make.
fn policy(rights: &Rights) -> Vec<Value> {
    let tables = [("data", "my-frontend-app-data"), ("sessions", "sessions")];
    let tables = tables.map(|(key, name)| (key.to_owned(), name.to_owned()));
    let tables = BTreeMap::from(tables);
    let place = crate::rights::Place {
        partition: "aws",
        region: "us-east-1",
        account: "123456789012",
        tables: &tables,
    };
    let text = rights.document(&place).to_json();
    let document: Value = serde_json::from_str(&text).expect("it is JSON");
    document["Statement"].as_array().expect("there are several").clone()
}

fn judge(rights: &Rights, statements: &[Value]) -> Verdict {
    check(&of_rights(rights, &json!(statements)), &Evidence::default())
}

/// `kind action`, for all findings that are no notes.
fn told(verdict: &Verdict) -> Vec<String> {
    let findings = verdict.findings.iter().filter(|finding| finding.severity != Severity::Note);
    let action = |finding: &Finding| finding.action.clone().unwrap_or_default();
    findings.map(|finding| format!("{} {}", finding.kind.name(), action(finding))).collect()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

#[test]
fn the_policy_of_rights_is_exact() {
    let verdict = judge(&rights(), &policy(&rights()));
    assert_eq!(verdict.findings, []);
    assert_eq!((verdict.outcome, verdict.excess), (Outcome::Proven, 0));
}

#[test]
fn each_action_that_is_left_out_is_missing() {
    let statements = policy(&rights());
    for (place, statement) in statements.iter().enumerate() {
        let actions = list(&statement["Action"]);
        for left_out in &actions {
            let mut statements = statements.clone();
            let kept: Vec<&Value> = actions.iter().filter(|action| *action != left_out).collect();
            if kept.is_empty() {
                statements.remove(place);
            } else {
                statements[place]["Action"] = json!(kept);
            }
            let told = told(&judge(&rights(), &statements));
            let missing = format!("missing {}", left_out.as_str().unwrap_or_default());
            assert_eq!(told, [missing], "{statement}");
        }
    }
}

#[test]
fn each_resource_that_is_too_much_is_found() {
    let all = policy(&rights());
    let on = |sid: &str, resource: &str, wanted: &str| {
        let mut statements = all.clone();
        let statement = statements.iter_mut().find(|one| one["Sid"] == sid).expect(sid);
        let mut resources = list(&statement["Resource"]);
        resources.push(json!(resource));
        statement["Resource"] = json!(resources);
        let told = told(&judge(&rights(), &statements));
        assert!(told.iter().any(|text| text == wanted), "{sid} {resource}: {told:?}");
    };
    let data = format!("{TABLE}my-frontend-app-data");
    let index = "AllowDynamoDBAccessDataIndexByStatus";
    for wide in [&data, &format!("{data}/index/*"), &format!("{data}/index/byName")] {
        on(index, wide, "over-grant-resource dynamodb:Query");
    }
    on(
        "AllowDynamoDBAccessData",
        &format!("{TABLE}sessions"),
        "over-grant-resource dynamodb:PutItem",
    );
    on("AllowDynamoDBAccessSessions", &data, "over-grant-resource dynamodb:DeleteItem");
    on(
        "AllowDynamoDBAccessSessions",
        &format!("{TABLE}*"),
        "over-grant-resource dynamodb:DeleteItem",
    );
    for bucket in ["arn:aws:s3:::other/*", "arn:aws:s3:::photos*/*", "arn:aws:s3:::*"] {
        on("AllowS3Access", bucket, "over-grant-resource s3:GetObject");
    }
    on("AllowSqsAccess", &JOBS.replace("us-east-1", "*"), "over-grant-resource sqs:SendMessage");
    on("AllowSqsAccess", "*", "over-grant-resource sqs:SendMessage");
    let secrets = "arn:aws:secretsmanager:r:1:secret:db-*";
    on("AllowSecretsmanagerAccess", secrets, "over-grant-resource secretsmanager:GetSecretValue");
}

#[test]
fn another_action_of_a_service_that_is_used_is_found() {
    let mut statements = policy(&rights());
    statements.push(json!({ "Effect": "Allow", "Action": ["sqs:PurgeQueue", "dynamodb:Scan"], "Resource": [JOBS, format!("{TABLE}sessions")] }));
    let told = told(&judge(&rights(), &statements));
    assert_eq!(told, ["over-grant dynamodb:Scan", "over-grant sqs:PurgeQueue"]);
}

#[test]
fn declared_calls_name_their_table_and_index() {
    let calls = json!([
        { "operation": "GetItem" },
        { "operation": "Query", "table": "data", "index": "byStatus" },
        { "operation": "PutItem", "table": format!("{TABLE}sessions") },
    ]);
    let allow = |action: &str, resource: &str| json!({ "Effect": "Allow", "Action": action, "Resource": format!("{TABLE}{resource}") });
    let statements = json!([
        allow("dynamodb:GetItem", "my-frontend-app-data"),
        allow("dynamodb:Query", "my-frontend-app-data/index/byStatus"),
        allow("dynamodb:PutItem", "sessions"),
    ]);
    let verdict =
        check(&snapshot(&json!({ "operations": calls }), &statements), &Evidence::default());
    assert_eq!((verdict.findings, verdict.outcome), (vec![], Outcome::Proven));
    let unknown = json!({ "operations": [{ "operation": "GetItem", "table": "other" }] });
    let verdict = check(&snapshot(&unknown, &json!([])), &Evidence::default());
    assert!(told(&verdict).contains(&"unproven ".to_owned()), "{:?}", verdict.findings);
}

#[test]
fn a_stack_that_lists_no_tables_has_the_main_one() {
    let rights = Rights {
        grants: vec![grant(Origin::Audit, On::Table("data".to_owned()), &["dynamodb:GetItem"])],
        undecided: vec![],
    };
    let mut snapshot = of_rights(&rights, &json!([]));
    snapshot.stack.tables.clear();
    let needs = needed(&snapshot, &Evidence::default()).required;
    assert_eq!(needs[0].resource, snapshot.stack.table_arn);
}

fn open(reason: &str, candidates: Candidates) -> Undecided {
    let site = Site { file: "src/a.rs".to_owned(), line: 3 };
    Undecided { reason: reason.to_owned(), message: "a line".to_owned(), candidates, site }
}

#[test]
fn a_line_that_is_open_is_unproven_until_access_decides_it() {
    let mut rights = rights();
    rights.undecided.push(open("resource", Candidates::of(["sns:Publish"])));
    let verdict = judge(&rights, &policy(&rights));
    assert_eq!((verdict.outcome, verdict.exit_code(false)), (Outcome::Unproven, 4));
    assert_eq!(
        verdict.findings[0].source.as_ref().map(ToString::to_string).as_deref(),
        Some("src/a.rs:3")
    );
    let topic = On::Arn("arn:aws:sns:us-east-1:123456789012:news".to_owned());
    rights.grants.push(grant(Origin::Access, topic, &["sns:Publish"]));
    let verdict = judge(&rights, &policy(&rights));
    assert_eq!((told(&verdict), verdict.outcome), (vec![], Outcome::Proven));
    let access: Vec<_> = verdict.access.iter().map(String::as_str).collect();
    assert_eq!(access, ["sns:Publish on arn:aws:sns:us-east-1:123456789012:news"]);
    rights.undecided.push(open("call", Candidates::Any));
    assert_eq!(judge(&rights, &policy(&rights)).outcome, Outcome::Unproven);
}

#[test]
fn access_that_no_line_may_need_is_a_finding_and_a_role_without_it_lacks_it() {
    let mut rights = rights();
    let table = On::Table("sessions".to_owned());
    rights.grants.push(grant(Origin::Access, table, &["dynamodb:Scan"]));
    let verdict = judge(&rights, &policy(&rights));
    assert_eq!(told(&verdict), ["dead-declaration dynamodb:Scan"]);
    assert_eq!((verdict.outcome, verdict.exit_code(false)), (Outcome::Findings, 3));
    rights.undecided.push(open("table", Candidates::of(["dynamodb:Scan"])));
    assert_eq!(told(&judge(&rights, &policy(&rights))), Vec::<String>::new());
    let mut without = rights.clone();
    without.grants.pop();
    assert_eq!(told(&judge(&rights, &policy(&without))), ["missing dynamodb:Scan"]);
}

#[test]
fn the_linked_binary_decides_operations_and_refutes_rights() {
    let mut rights = rights();
    let scan_or_get = Candidates::of(["dynamodb:Scan", "dynamodb:UpdateItem"]);
    rights.undecided.push(open("call", scan_or_get));
    let with = |linked: &[&'static str]| {
        let snapshot = of_rights(&rights, &json!(policy(&rights)));
        let linked = Some(linked.iter().copied().collect());
        check(&snapshot, &Evidence { linked, ..Evidence::default() })
    };
    let all = ["GetItem", "PutItem", "DeleteItem", "Query"];
    assert_eq!(with(&all).outcome, Outcome::Proven, "{:?}", with(&all).findings);
    assert_eq!(with(&[&all[..], &["Scan"]].concat()).outcome, Outcome::Unproven);
    assert_eq!(told(&with(&[&all[..], &["CreateTable"]].concat())), ["unproven "]);
    assert_eq!(told(&with(&all[..3])), ["dead-declaration dynamodb:Query"]);
}

#[test]
fn a_program_without_symbols_decides_the_operations_of_every_service() {
    let mut rights = rights();
    rights.undecided.push(open("call", Candidates::of(["sns:Publish"])));
    let with = |names: &[&str]| {
        let marks = names.iter().map(|name| format!("{name}EndpointParamsInterceptor"));
        let program = Some(crate::linked::Program::read(marks.collect::<String>().as_bytes()));
        let snapshot = of_rights(&rights, &json!(policy(&rights)));
        check(&snapshot, &Evidence { program, ..Evidence::default() })
    };
    let all = [
        "GetItem",
        "PutItem",
        "DeleteItem",
        "Query",
        "HeadObject",
        "GetSecretValue",
        "SendMessage",
    ];
    assert_eq!(with(&all).outcome, Outcome::Proven, "{:?}", with(&all).findings);
    assert_eq!(
        with(&[&all[..], &["GetCallerIdentity", "AssumeRole"]].concat()).outcome,
        Outcome::Proven
    );
    assert_eq!(with(&[&all[..], &["Publish"]].concat()).outcome, Outcome::Unproven);
    assert_eq!(told(&with(&[&all[..], &["PurgeQueue"]].concat())), ["unproven "]);
    assert_eq!(told(&with(&all[..6])), ["dead-declaration sqs:SendMessage"]);
}

#[test]
fn access_speaks_for_a_service_that_a_declared_handler_names() {
    let rights = Rights {
        grants: vec![grant(Origin::Access, On::Arn(JOBS.to_owned()), &["sqs:SendMessage"])],
        undecided: vec![],
    };
    let handler = json!({ "operations": [{ "operation": "GetItem" }], "rights": rights });
    let statements = json!([
        { "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": format!("{TABLE}my-frontend-app-data") },
        { "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": JOBS },
    ]);
    let source = "use aws_sdk_dynamodb::Client; use aws_sdk_sqs::Client as Queue;
        pub fn f(c: &Client) { c.get_item().send() }";
    let evidence =
        Evidence { source: Some(Audit::of_sources(&[("h.rs", source)])), ..Evidence::default() };
    let verdict = check(&snapshot(&handler, &statements), &evidence);
    assert_eq!((told(&verdict), verdict.outcome), (vec![], Outcome::Proven));
    let verdict = check(&snapshot(&handler, &statements), &Evidence::default());
    assert_eq!(told(&verdict), ["dead-declaration sqs:SendMessage"]);
}

#[test]
fn own_policies_of_older_snapshots_are_derived_for_every_stage() {
    let mut stack = snapshot(&json!({ "operations": [] }), &json!([])).stack;
    for (function, wanted) in [
        ("my-app-api", "MyAppLambdaDynamoDB"),
        ("my-app-api-dev", "MyAppLambdaDynamoDB-dev"),
        ("my-app-api-api2", "MyAppLambdaDynamoDB-api2"),
        ("my-app-api-x-api-2", "MyAppLambdaDynamoDB-x-api-2"),
    ] {
        function.clone_into(&mut stack.function_name);
        assert!(stack.own_policies().contains(&wanted.to_owned()), "{function}");
    }
    stack.own_policies = vec!["Own".to_owned()];
    assert_eq!(*stack.own_policies(), ["Own".to_owned()]);
}
