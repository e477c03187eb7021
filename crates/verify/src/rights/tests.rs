//! Rights from each of the three sources, and the policy they make.

use super::*;
use audit::{Audited, Call, Unresolved, Verdict};

fn known() -> Known {
    let table = |key: &str, env: &str, indexes: &[&str]| Table {
        key: key.to_owned(),
        name: format!("app-{key}"),
        env: env.to_owned(),
        indexes: indexes.iter().map(|&name| name.to_owned()).collect(),
    };
    Known {
        tables: vec![
            table("data", "TABLE_NAME", &["byStatus"]),
            table("sessions", "SESSIONS", &[]),
        ],
        environment: BTreeMap::from([("INDEX".to_owned(), "byStatus".to_owned())]),
    }
}

fn call(operation: &str, table: audit::Place, index: Option<audit::Place>) -> Call {
    Call {
        service: "dynamodb".to_owned(),
        operation: operation.to_owned(),
        actions: vec![format!("dynamodb:{operation}")],
        table: Some(table),
        index,
        resource: None,
        site: "src/main.rs:7".to_owned(),
    }
}

fn audited(calls: Vec<Call>, unresolved: Vec<Unresolved>) -> Audited {
    Audited {
        package: "app".to_owned(),
        binary: "app".to_owned(),
        main: "src/main.rs".to_owned(),
        framework: "lambda_http",
        trigger: "http",
        calls,
        unresolved,
        verdict: Verdict::Resolved,
        ..Audited::default()
    }
}

fn env(name: &str) -> audit::Place {
    audit::Place::Env(name.to_owned())
}

fn literal(name: &str) -> audit::Place {
    audit::Place::Literal(name.to_owned())
}

/// `Sid: actions on resources`, one a statement.
fn policy(rights: &Rights) -> Vec<String> {
    let tables = known().tables.into_iter().map(|table| (table.key, table.name)).collect();
    let place = Place { partition: "aws", region: "r", account: "1", tables: &tables };
    let line = |one: &Statement| {
        let resources = one.resources.as_ref().map(|all| all.items().join(" ")).unwrap_or_default();
        let sid = one.sid.as_deref().unwrap_or_default();
        format!("{sid}: {} on {resources}", one.actions.items().join(" "))
            .replace("arn:aws:dynamodb:r:1:", "")
            .replace("dynamodb:", "")
    };
    rights.document(&place).statements.iter().map(line).collect()
}

fn reasons(rights: &Rights) -> Vec<&str> {
    rights.undecided.iter().map(|open| open.reason.as_str()).collect()
}

#[test]
fn the_policy_of_one_declared_table_is_one_statement() {
    let source =
        "operations! { get: GetItem, list: Query, put: PutItem,\n again: get_item => GetItem }";
    let manifest = Manifest::from_sources(&[("o.rs", source)]).expect("it is declared");
    let rights = Rights::of_manifest(&manifest, "data");
    let tables = BTreeMap::from([("data".to_owned(), "app-data".to_owned())]);
    let place = Place { partition: "aws", region: "r", account: "1", tables: &tables };
    let actions = manifest.actions();
    let same = Document::allow_table(
        actions.iter().map(String::as_str),
        ["arn:aws:dynamodb:r:1:table/app-data"],
    );
    assert_eq!(rights.document(&place).to_json(), same.to_json());
    assert_eq!(rights.grants[0].sites.len(), 2, "both lines need GetItem");
}

#[test]
fn an_action_without_an_arn_has_a_statement_of_its_own() {
    let source = "operations! { get: GetItem, tables: ListTables }";
    let manifest = Manifest::from_sources(&[("o.rs", source)]).expect("it is declared");
    assert_eq!(
        policy(&Rights::of_manifest(&manifest, "data")),
        [
            "AllowDynamoDBAccess: GetItem on table/app-data",
            "AllowDynamoDBAccessOther: ListTables on *"
        ]
    );
}

#[test]
fn tables_and_indexes_have_statements_of_their_own() {
    let calls = vec![
        call("GetItem", env("TABLE_NAME"), None),
        call("Query", literal("app-data"), Some(env("INDEX"))),
        call("PutItem", env("SESSIONS"), None),
        call("DeleteItem", env("SESSIONS"), None),
        call("ListTables", literal("x"), None),
    ];
    let rights = Rights::of_audit(&audited(calls, vec![]), &known());
    assert_eq!(
        policy(&rights),
        [
            "AllowDynamoDBAccessData: GetItem on table/app-data",
            "AllowDynamoDBAccessSessions: DeleteItem PutItem on table/app-sessions",
            "AllowDynamoDBAccessDataIndexByStatus: Query on table/app-data/index/byStatus",
            "AllowDynamoDBAccessOther: ListTables on *",
        ]
    );
    assert_eq!(rights.undecided, []);
    assert_eq!(rights.grants[0].sites[0].to_string(), "src/main.rs:7");
}

#[test]
fn what_names_leave_open_is_undecided_and_not_granted() {
    let calls = vec![
        call("GetItem", env("OTHER"), None),
        call("PutItem", literal("app-other"), None),
        call("Scan", audit::Place::Unknown("*".to_owned()), None),
        call("Query", env("TABLE_NAME"), Some(literal("byName"))),
    ];
    let unresolved = vec![Unresolved {
        reason: "a receiver of unknown type".to_owned(),
        candidates: audit::Candidates::These(BTreeSet::from(["TransactGetItems".to_owned()])),
        site: "src/a.rs:3".to_owned(),
    }];
    let rights = Rights::of_audit(&audited(calls, unresolved), &known());
    assert_eq!(rights.grants, []);
    assert_eq!(reasons(&rights), ["call", "index", "table", "table", "table"]);
    assert!(rights.undecided[0].candidates.includes("dynamodb:GetItem"));
}

#[test]
fn any_statement_of_partiql_is_undecided() {
    let mut any = call("ExecuteStatement", env("TABLE_NAME"), None);
    any.actions = PARTIQL.map(|verb| format!("dynamodb:PartiQL{verb}")).to_vec();
    let mut select = any.clone();
    select.actions.truncate(1);
    let rights = Rights::of_audit(&audited(vec![any, select], vec![]), &known());
    assert_eq!(reasons(&rights), ["partiql"]);
    assert_eq!(policy(&rights), ["AllowDynamoDBAccess: PartiQLSelect on table/app-data"]);
}

const PARTIQL: [&str; 4] = ["Select", "Insert", "Update", "Delete"];

#[test]
fn other_services_are_granted_where_the_name_says_the_arn() {
    let other = |service: &str, action: &str, resource: Option<audit::Place>| Call {
        service: service.to_owned(),
        operation: action.split(':').next_back().unwrap_or_default().to_owned(),
        actions: vec![action.to_owned()],
        table: None,
        index: None,
        resource,
        site: "src/main.rs:9".to_owned(),
    };
    let calls = vec![
        other("s3", "s3:GetObject", Some(literal("photos"))),
        other("s3", "s3:GetObject", Some(literal("thumbnails"))),
        other("sqs", "sqs:SendMessage", Some(env("QUEUE_URL"))),
        other("ses", "ses:SendEmail", None),
        other("sts", "sts:GetCallerIdentity", None),
    ];
    let rights = Rights::of_audit(&audited(calls, vec![]), &known());
    assert_eq!(
        policy(&rights),
        ["AllowS3Access: s3:GetObject on arn:aws:s3:::photos/* arn:aws:s3:::thumbnails/*"]
    );
    assert_eq!(reasons(&rights), ["resource", "resource"]);
}

#[test]
fn access_grants_what_the_file_names() {
    let jobs = "arn:aws:sqs:r:1:jobs";
    let access = BTreeMap::from([
        ("sqs:SendMessage".to_owned(), vec![jobs.to_owned()]),
        ("data".to_owned(), vec!["TransactGetItems".to_owned(), "Query:byStatus".to_owned()]),
    ]);
    let calls = vec![call("GetItem", env("TABLE_NAME"), None)];
    let rights = Rights::of_audit(&audited(calls, vec![]), &known());
    let rights = rights.with_access(&access, &known()).expect("all of it exists");
    assert_eq!(
        policy(&rights),
        [
            "AllowDynamoDBAccess: GetItem on table/app-data",
            "AllowDynamoDBAccessIndexByStatus: Query on table/app-data/index/byStatus",
            "AllowSqsAccess: sqs:SendMessage on arn:aws:sqs:r:1:jobs",
        ]
    );
    let from: Vec<_> = rights.grants.iter().map(|grant| grant.from).collect();
    assert_eq!(from, [Origin::Audit, Origin::Access, Origin::Access, Origin::Access]);
}

#[test]
fn a_line_of_access_that_names_nothing_is_an_error() {
    for (key, value, problem) in [
        ("other", "GetItem", "neither a table"),
        ("data", "GetItems", "no operation"),
        ("data", "Query:byName", "no index"),
        ("sqs:*", "arn:aws:sqs:r:1:jobs", "not one action"),
        ("sqs:SendMessage", "jobs", "no ARN"),
    ] {
        let access = BTreeMap::from([(key.to_owned(), vec![value.to_owned()])]);
        let error = Rights::default().with_access(&access, &known()).expect_err(problem);
        assert!(error.to_string().contains(problem), "{error}");
    }
}
