//! The conformance table, whose oracle is the IAM User Guide, and what must hold of every input.

use proptest::prelude::*;

use super::cases::Case;
use super::rule::broken;
use super::*;

const GIVEN: &str = include_str!("cases.json");
const OURS: &str = include_str!("cases-ours.json");

/// The failures of a list, each with its label.
fn failures(text: &str) -> Vec<String> {
    let cases = Case::read_all(text).expect("the cases are a list");
    let Json::Array(expectations) = Json::parse(text).expect("the cases are JSON") else {
        panic!("a list")
    };
    let mut failures = vec![];
    for (case, expectation) in cases.iter().zip(&expectations) {
        let member = |name: &str| {
            expectation.get(name).and_then(Json::as_str).expect("the member is a text")
        };
        let decision = case.decide().decision;
        // In the robustness group, not knowing is as good as knowing.
        let excused = member("group") == "extra" && decision == Decision::Unproven;
        if decision.as_str() != member("expect") && !excused {
            failures.push(format!(
                "{}: {decision:?}, expected {}",
                member("name"),
                member("expect")
            ));
        }
    }
    failures
}

#[test]
fn every_given_case_is_decided_as_aws_documents_it() {
    assert_eq!(failures(GIVEN), Vec::<String>::new());
}

#[test]
fn every_case_of_ours_is_decided_as_aws_documents_it() {
    assert_eq!(failures(OURS), Vec::<String>::new());
}

#[test]
fn no_rule_can_break_without_a_case_that_notices() {
    let unnoticed: Vec<Rule> = Rule::ALL
        .into_iter()
        .filter(|rule| {
            broken::with(*rule, || failures(GIVEN).is_empty() && failures(OURS).is_empty())
        })
        .collect();
    assert_eq!(unnoticed, []);
}

#[test]
fn the_deciding_statement_is_named() {
    let document = Json::parse(
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"dynamodb:*","Resource":"*"},
            {"Sid":"NoScan","Effect":"Deny","Action":"dynamodb:Scan","Resource":"*"}]}"#,
    )
    .expect("it is JSON");
    let policies = [Policy::read("wide", Kind::Identity, &document)];
    let request = Request {
        principal: None,
        action: "dynamodb:Scan".to_owned(),
        resource: "arn:aws:dynamodb:us-east-1:123456789012:table/t".to_owned(),
        context: Context::new(Others::Unknown),
    };
    let statement = evaluate(&policies, &[], &request).statement.expect("a statement denied it");
    assert_eq!(statement.to_string(), "wide / NoScan");
    assert_eq!(statement.index, 1);
}

#[test]
fn a_huge_and_hostile_policy_is_decided_in_time() {
    let resource = format!("arn:aws:dynamodb:us-east-1:1:{}b", "*a".repeat(60_000));
    let document =
        format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"*","Resource":"{resource}"}}]}}"#);
    let policies =
        [Policy { name: "p".to_owned(), document: Document::parse(Kind::Identity, &document) }];
    let request = Request {
        principal: None,
        action: "dynamodb:Scan".to_owned(),
        resource: format!("arn:aws:dynamodb:us-east-1:1:{}", "a".repeat(2_000)),
        context: Context::new(Others::Absent),
    };
    assert_ne!(evaluate(&policies, &[], &request).decision, Decision::Allowed);
}

fn any_json() -> impl Strategy<Value = Json> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "Version",
            "Statement",
            "Effect",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
            "Principal",
            "Sid",
            "Allow",
            "Deny",
            "2012-10-17",
            "2008-10-17",
            "dynamodb:*",
            "dynamodb:GetItem",
            "*",
            "${aws:username}",
            "${",
            "${k, 'v'}",
            "StringLike",
            "ForAllValues:StringEqualsIfExists",
            "ArnLike",
            "DateLessThan",
            "IpAddress",
            "Null",
            "aws:SourceArn",
            "arn:aws:dynamodb:us-east-1:1:table/t",
            "arn:aws:*",
            "true",
            "1e9",
            "-0.5",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(|number| Json::Number(number.to_string())),
        word.clone().prop_map(Json::String),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::vec((word.clone(), inner), 0..5).prop_map(Json::Object),
        ]
    })
}

fn any_request() -> impl Strategy<Value = Request> {
    let action = prop_oneof![Just("dynamodb:GetItem".to_owned()), "\\PC{0,20}"];
    let resource =
        prop_oneof![Just("arn:aws:dynamodb:us-east-1:1:table/t".to_owned()), "\\PC{0,40}"];
    (action, resource, any_json()).prop_map(|(action, resource, context)| Request {
        principal: Some(Principal::Service("apigateway.amazonaws.com".to_owned())),
        action,
        resource,
        context: Context::from_json(&context).unwrap_or(Context::new(Others::Unknown)),
    })
}

/// Statements that mostly keep the grammar, so that the fuzz gets past the parser.
fn any_statement() -> impl Strategy<Value = Json> {
    let value = || any_json();
    let object = |members: Vec<(&str, Json)>| {
        Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    };
    let effect = prop::sample::select(vec!["Allow", "Deny"]);
    let operator = prop::sample::select(vec![
        "StringEquals",
        "StringNotLike",
        "NumericLessThan",
        "DateGreaterThanEquals",
        "Bool",
        "BinaryEquals",
        "NotIpAddress",
        "ArnLike",
        "Null",
        "ForAnyValue:ArnNotEquals",
        "ForAllValues:StringLikeIfExists",
    ]);
    let actions = prop::collection::vec("(\\*|[a-z?*]{1,9}:[A-Za-z*?]{1,9})", 0..4);
    let resources = prop::collection::vec(
        "(\\*|arn:aws:[a-z*]{1,9}:[a-z0-9*?-]{0,9}:[0-9*]{0,5}:\\PC{0,20})",
        0..4,
    );
    (effect, actions, resources, operator, "[a-zA-Z:/${}]{1,20}", value()).prop_map(
        move |(effect, actions, resources, operator, key, value)| {
            let list =
                |items: Vec<String>| Json::Array(items.into_iter().map(Json::String).collect());
            object(vec![
                ("Effect", Json::from(effect)),
                ("Action", list(actions)),
                ("Resource", list(resources)),
                ("Condition", object(vec![(operator, Json::Object(vec![(key, value)]))])),
            ])
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}", kind in prop::sample::select(vec![Kind::Identity, Kind::Trust])) {
        let _ = Document::parse(kind, &text);
    }

    #[test]
    fn no_json_makes_the_evaluator_panic(document in any_json(), request in any_request()) {
        let policies = [Policy::read("fuzz", Kind::Identity, &document)];
        evaluate(&policies, &policies, &request);
    }

    #[test]
    fn no_statement_makes_the_evaluator_panic(statements in prop::collection::vec(any_statement(), 0..4), request in any_request()) {
        let document = Json::Object(vec![
            ("Version".to_owned(), Json::from("2012-10-17")),
            ("Statement".to_owned(), Json::Array(statements)),
        ]);
        let policies = [Policy::read("fuzz", Kind::Identity, &document)];
        evaluate(&policies, &policies, &request);
    }

    #[test]
    fn a_document_survives_its_own_rendering(statements in prop::collection::vec(any_statement(), 0..4)) {
        let json = Json::Object(vec![("Statement".to_owned(), Json::Array(statements))]);
        if let Ok(document) = Document::read(Kind::Identity, &json) {
            let again = Document::parse(Kind::Identity, &document.to_json());
            prop_assert!(again.is_ok_and(|again| again.same_meaning(&document)));
        }
    }

    #[test]
    fn a_denial_is_never_lost_by_adding_a_policy(document in any_json(), statements in prop::collection::vec(any_statement(), 0..4), request in any_request()) {
        let deny = Json::parse(r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#).expect("it is JSON");
        let more = Json::Object(vec![("Statement".to_owned(), Json::Array(statements))]);
        let policies = [&document, &more, &deny].map(|json| Policy::read("fuzz", Kind::Identity, json));
        let decision = evaluate(&policies, &[], &request).decision;
        prop_assert!(matches!(decision, Decision::ExplicitDeny | Decision::Unproven));
    }
}
