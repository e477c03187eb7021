//! What a role may do is judged offline, live, by breaking it, and before anything is widened.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Artifact, Cloud, Stack};

const OPERATIONS: [&str; 5] = ["DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"];
const WIDE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}]}"#;

fn verify(stack: &Stack, arguments: &[&str]) -> crate::support::Outcome {
    let zip = ["verify-policy", "--binary", Artifact::handler().path()];
    stack.run(&[&zip, arguments].concat())
}

fn findings(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().expect("the findings").iter();
    findings
        .map(|one| {
            let told = |member: &str| one[member].as_str().unwrap_or_default();
            format!("{} {}", told("kind"), told("action")).trim().to_owned()
        })
        .collect()
}

#[test]
fn offline_four_sources_agree_and_nothing_is_granted_too_much() {
    let stack = Stack::new("verify-offline");
    fs::create_dir_all(stack.project.folder().join("target/stackctl")).expect("a folder");
    stack
        .project
        .write("target/stackctl/operations.json", &json!({"operations": OPERATIONS}).to_string());
    let verdict = verify(&stack, &["--sarif", "findings.sarif"]).succeeded().json();
    assert_eq!(verdict["verdict"], "proven", "{verdict:#}");
    assert_eq!(verdict["excess"], 0);
    for source in ["declared", "source", "linked", "recorded"] {
        assert_eq!(verdict["operations"][source], json!(OPERATIONS), "{source}");
    }
    assert_eq!(
        verdict["reach"],
        json!({"own_table": 5, "own_index": 0, "another_table": 0, "any_resource": 0})
    );
    let sarif: Value = serde_json::from_str(&stack.project.read("findings.sarif")).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"], json!([]));
}

#[test]
fn an_undeclared_call_in_the_source_is_named_with_its_line() {
    let stack = Stack::new("verify-undeclared");
    let handler = stack.project.folder().join("handler");
    let real = handler.canonicalize().expect("the handler");
    fs::remove_file(&handler).expect("it is a link");
    copy(&real.join("src"), &handler.join("src"));
    fs::copy(real.join("Cargo.toml"), handler.join("Cargo.toml")).expect("a copy");
    let extra =
        "pub async fn spy(c: &aws_sdk_dynamodb::Client) { let _ = c.scan().send().await; }\n";
    fs::write(handler.join("src/spy.rs"), extra).expect("a file");
    let library = handler.join("src/lib.rs");
    let text = fs::read_to_string(&library).expect("the library");
    fs::write(library, format!("{text}\nmod spy;\n")).expect("a file");
    let outcome = stack.run(&["verify-policy"]).failed(3);
    let verdict = outcome.json();
    let found = verdict["findings"].as_array().expect("the findings");
    let spy = found.iter().find(|one| one["kind"] == "undeclared-operation").expect("it is found");
    assert_eq!(spy["source"], json!({"file": "handler/src/spy.rs", "line": 1}), "{spy:#}");
}

#[test]
fn a_snapshot_is_judged_without_a_project_and_names_what_is_too_much() {
    let folder = std::env::temp_dir();
    let judge = |name: &str| {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/verify/src/snapshots").join(name);
        let file = file.to_str().expect("a path").to_owned();
        Cloud::offline(&folder, &["verify-policy", "--output", "json", "--snapshot", &file])
    };
    assert_eq!(judge("01-clean-seed.json").succeeded().json()["verdict"], "proven");
    let tutorial = judge("02-unused-update.json").failed(3).json();
    assert_eq!(findings(&tutorial), ["over-grant dynamodb:UpdateItem"]);
    let drifted = judge("19-nondefault-version.json").failed(3).json();
    assert_eq!(findings(&drifted), ["over-grant dynamodb:Scan", "version-drift"]);
    let hidden = judge("37-source-macro.json").failed(4).json();
    assert_eq!(findings(&hidden), ["unproven"]);
}

#[test]
fn simulate_names_the_statement_and_decides_lists_of_cases() {
    let stack = Stack::new("verify-simulate");
    let may = stack.run(&["simulate", "GetItem"]).succeeded().json();
    assert_eq!(may["decision"], "allowed");
    assert_eq!(may["statement"]["sid"], "AllowDynamoDBAccess");
    let other = stack.run(&["simulate", "GetItem", "table/other", "--exit-code"]).failed(3).json();
    assert_eq!(other["decision"], "implicitDeny");
    stack.run(&["simulate", "dynamodb:GetItems"]).failed(2);

    let cases = include_str!("../../crates/iam/src/eval/cases.json");
    stack.project.write("cases.json", cases);
    let decided = stack.run(&["simulate", "--cases", "cases.json"]).succeeded().json();
    let expected: Value = serde_json::from_str(cases).expect("JSON");
    for (case, decided) in expected
        .as_array()
        .expect("a list")
        .iter()
        .zip(decided["decisions"].as_array().expect("a list"))
    {
        assert_eq!((&case["id"], &case["expect"]), (&decided["id"], &decided["decision"]));
    }
}

#[test]
fn what_is_deployed_is_proven_found_wrong_and_put_right() {
    let stack = Stack::new("verify-live");
    let up = stack.up();
    let verdict =
        verify(&stack, &["--live", "--save-snapshot", "snapshot.json"]).succeeded().json();
    assert_eq!(verdict["verdict"], "proven", "{verdict:#}");
    assert_eq!(findings(&verdict), Vec::<String>::new());
    let again = stack.run(&["verify-policy", "--snapshot", "snapshot.json"]).succeeded().json();
    assert_eq!(again["verdict"], "proven");

    let role = up["role_name"].as_str().expect("a name");
    let wide = [("RoleName", role), ("PolicyName", "wide"), ("PolicyDocument", WIDE)];
    stack.aws.iam("PutRolePolicy", &wide);
    let found = findings(&verify(&stack, &["--live"]).failed(3).json());
    for wanted in ["over-grant dynamodb:Scan", "wildcard-action dynamodb:*", "extra-inline-policy"]
    {
        assert!(found.iter().any(|one| one == wanted), "{wanted} is not in {found:#?}");
    }
    let fixed = verify(&stack, &["--live", "--fix", "--yes"]).succeeded().json();
    assert_eq!(fixed["verdict"], "proven", "{fixed:#}");

    let folder = stack.project.folder();
    let other = Artifact::changed(folder);
    let doubtful =
        stack.run(&["verify-policy", "--live", "--binary", other.path()]).failed(4).json();
    assert_eq!(findings(&doubtful), ["unproven"]);
    stack.teardown();
}

#[test]
fn nothing_is_widened_without_a_word_and_code_without_rights_is_not_uploaded() {
    let stack = Stack::new("verify-widen");
    let up = stack.up();
    let table = up["table_arn"].as_str().expect("an ARN");
    let narrow = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:Query","dynamodb:PutItem","dynamodb:DeleteItem"],"Resource":"{table}"}}]}}"#
    );
    let policy = up["policy_arn"].as_str().expect("an ARN");
    stack.aws.iam(
        "CreatePolicyVersion",
        &[("PolicyArn", policy), ("PolicyDocument", &narrow), ("SetAsDefault", "true")],
    );
    let folder = stack.project.folder().to_owned();
    let changed = Artifact::changed(&folder);
    let refused = stack.run(&["deploy", "--artifact", changed.path()]).failed(1);
    assert!(refused.stderr.contains("dynamodb:UpdateItem"), "{refused:#?}");

    let plan = stack.ship(&["plan"]).succeeded().json();
    assert_eq!(plan["widens"], json!([format!("dynamodb:UpdateItem on {table}")]));
    let asked = stack.ship(&["up"]).failed(2);
    assert!(asked.stderr.contains("--yes"), "{asked:#?}");
    stack.ship(&["up", "--yes"]).succeeded();
    stack.run(&["deploy", "--artifact", changed.path()]).succeeded();
    stack.teardown();
}

#[test]
fn the_witness_misses_each_right_and_leaves_nothing() {
    let stack = Stack::new("verify-witness");
    let verdict = verify(&stack, &["--witness"]).succeeded().json();
    let witness = &verdict["witness"];
    assert_eq!(witness["killed"], 7, "{witness:#}");
    assert_eq!(witness["mutants"].as_array().map(Vec::len), Some(7));
    let left = stack.aws.json("DynamoDB_20120810.ListTables", &json!({}));
    let left = left["TableNames"].to_string();
    assert!(!left.contains("witness-"), "{left}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}
