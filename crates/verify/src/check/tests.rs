//! Snapshots of stacks, each with what must be found in it.

use super::*;
use iam::json::Json;

const SNAPSHOTS: [&str; 4] = [
    include_str!("../snapshots/01-clean-seed.json"),
    include_str!("../snapshots/02-unused-update.json"),
    include_str!("../snapshots/19-nondefault-version.json"),
    include_str!("../snapshots/37-source-macro.json"),
];

fn judge(text: &str) -> Verdict {
    check(&Snapshot::from_json(text).expect("the snapshot is complete"), &Evidence::default())
}

#[test]
fn every_snapshot_has_its_expected_findings_and_exit_code() {
    for text in SNAPSHOTS {
        let json = Json::parse(text).expect("it is JSON");
        let name = json.get("name").and_then(Json::as_str).expect("it has a name");
        let expected = json.get("expected").expect("it has expectations");
        let verdict = judge(text);
        let found = serde_json::to_value(&verdict.findings).expect("findings can be written");
        let found = found.as_array().expect("findings are a list");
        let Some(Json::Array(wanted)) = expected.get("findings") else {
            panic!("{name} has a list of findings")
        };
        for wanted in wanted {
            let Json::Object(members) = wanted else { panic!("an expected finding is an object") };
            let fits = |finding: &serde_json::Value| {
                members.iter().all(|(member, value)| {
                    finding.get(member).and_then(|text| text.as_str()) == value.as_str()
                })
            };
            assert!(found.iter().any(fits), "{name}: {wanted} is not among {found:#?}");
        }
        let codes = expected.get("exit_any_of").and_then(Json::scalars).expect("it has exit codes");
        assert!(
            codes.contains(&verdict.exit_code(false).to_string()),
            "{name}: {:?} {:#?}",
            verdict.outcome,
            verdict.findings
        );
        if wanted.is_empty() {
            assert_eq!(verdict.findings, [], "{name}");
            assert_eq!(verdict.outcome, Outcome::Proven);
        }
    }
}

#[test]
fn a_denial_on_an_incomplete_arn_is_found() {
    for short in ["arn:aws:dynamodb", "arn:aws:dynamodb:*", "arn:aws:dynamodb:us-east-1"] {
        let denial = format!(
            r#"{{"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "{short}"}}, {{
        "Sid": "AllowDynamoDBAccess""#
        );
        let text = SNAPSHOTS[0].replacen("{\n        \"Sid\": \"AllowDynamoDBAccess\"", &denial, 1);
        assert_ne!(text, SNAPSHOTS[0], "the denial is in it");
        let verdict = judge(&text);
        let missing = |finding: &Finding| {
            finding.kind.name() == "missing"
                && finding.action.as_deref() == Some("dynamodb:PutItem")
        };
        assert!(verdict.findings.iter().any(missing), "{short}: {:#?}", verdict.findings);
    }
}
