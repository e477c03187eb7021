//! The same requests to `iam-rs`, where that crate is right: literal and wild actions and resources, `Not…`, denials and
//! plain conditions on strings. Elsewhere it is known to be wrong: variables in the old language, `Arn…` operators,
//! documents without a version, requests for `*`.

use iam_rs::{
    Arn, Context as TheirContext, Decision as Theirs, IAMPolicy, IAMRequest, PolicyEvaluator,
    Principal, PrincipalId,
};
use proptest::prelude::*;

use crate::document::Document;
use crate::eval::{Context, Decision, Others, Policy, Request, evaluate};
use crate::parse::Kind;

const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/my-frontend-app-data";

fn any_action() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "dynamodb:GetItem",
        "dynamodb:Get*",
        "dynamodb:*Item",
        "dynamodb:?etItem",
        "dynamodb:*",
        "dynamodb:Query",
        "dynamodb:PutItem",
        "s3:GetObject",
        "*",
    ])
}

fn any_resource() -> impl Strategy<Value = String> {
    let endings = vec!["", "*", "/index/*", "/index/byStatus", "-x", "?", "/*"];
    prop_oneof![
        prop::sample::select(endings).prop_map(|ending| format!("{TABLE}{ending}")),
        Just("*".to_owned()),
        Just("arn:aws:dynamodb:*:123456789012:table/my-frontend-app-data".to_owned()),
        Just("arn:aws:s3:::bucket/*".to_owned()),
    ]
}

fn any_condition() -> impl Strategy<Value = String> {
    let operators = vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "StringEqualsIfExists",
    ];
    let values = vec!["web", "w*", "WEB", "ops"];
    prop_oneof![
        2 => Just(String::new()),
        1 => (prop::sample::select(operators), prop::sample::select(values)).prop_map(|(operator, value)| {
            format!(r#","Condition":{{"{operator}":{{"aws:PrincipalTag/team":"{value}"}}}}"#)
        }),
    ]
}

fn any_statement() -> impl Strategy<Value = String> {
    let effect = prop_oneof![3 => Just("Allow"), 1 => Just("Deny")];
    let (action, resource) = (
        prop_oneof![4 => Just("Action"), 1 => Just("NotAction")],
        prop_oneof![4 => Just("Resource"), 1 => Just("NotResource")],
    );
    (effect, action, any_action(), resource, any_resource(), any_condition()).prop_map(
        |(effect, action, name, resource, arn, condition)| {
            format!(
                r#"{{"Effect":"{effect}","{action}":"{name}","{resource}":"{arn}"{condition}}}"#
            )
        },
    )
}

fn ours(document: &str, action: &str, resource: &str, team: Option<&str>) -> Decision {
    let policies =
        [Policy { name: "p".to_owned(), document: Document::parse(Kind::Identity, document) }];
    let context = Context::new(Others::Absent);
    let context = team.map_or(context.clone(), |team| context.with("aws:PrincipalTag/team", team));
    let request = Request {
        principal: None,
        action: action.to_owned(),
        resource: resource.to_owned(),
        context,
    };
    evaluate(&policies, &[], &request).decision
}

fn theirs(document: &str, action: &str, resource: &str, team: Option<&str>) -> Decision {
    let policy: IAMPolicy = serde_json::from_str(document).expect("they read it");
    let role = PrincipalId::String("arn:aws:iam::123456789012:role/r".to_owned());
    let mut context = TheirContext::new();
    if let Some(team) = team {
        context = context.with_string("aws:PrincipalTag/team", team);
    }
    let resource = Arn::parse(resource).expect("it is an ARN");
    let request = IAMRequest::new_with_context(Principal::Aws(role), action, resource, context);
    match PolicyEvaluator::with_policies(vec![policy])
        .evaluate(&request)
        .expect("they decide it")
        .decision
    {
        Theirs::Allow => Decision::Allowed,
        Theirs::Deny => Decision::ExplicitDeny,
        Theirs::NotApplicable => Decision::ImplicitDeny,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn we_agree_with_iam_rs_where_it_is_right(
        statements in prop::collection::vec(any_statement(), 0..4),
        action in prop::sample::select(vec!["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "s3:GetObject"]),
        ending in prop::sample::select(vec!["", "-x", "/index/byStatus", "1"]),
        team in prop::option::of(prop::sample::select(vec!["web", "Web", "ops"])),
    ) {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        let resource = format!("{TABLE}{ending}");
        prop_assert_eq!(ours(&document, action, &resource, team), theirs(&document, action, &resource, team), "{}", document);
    }
}
