//! Snapshots with anything anywhere: whatever they say, the check gives a verdict and never claims what it did not see.

use proptest::prelude::*;

use serde_json::Value;

use super::*;

const SEED: &str = include_str!("../snapshots/01-clean-seed.json");
const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/my-frontend-app-data";

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(vec![
            "*",
            "Allow",
            "Deny",
            "dynamodb:*",
            "dynamodb:Get*",
            "v1",
            TABLE,
            "arn:aws:logs:*",
            "${",
            "2012-10-17",
            "",
            "lambda.amazonaws.com",
            "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/*/*",
            "GetItem",
            "🦀",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let names = prop::sample::select(vec![
            "Statement",
            "Action",
            "AWS",
            "Service",
            "ArnLike",
            "aws:SourceArn",
            "v1",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(names.prop_map(str::to_owned), inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// All places of a value, as pointers.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, value)| places(value, &format!("{path}/{name}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(place, value)| places(value, &format!("{path}/{place}"), found));
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_snapshot_makes_the_check_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any_value()), 1..4)) {
        let mut seed: Value = serde_json::from_str(SEED).expect("the seed is JSON");
        for (place, value) in changes {
            let mut found = vec![];
            places(&seed, "", &mut found);
            if let Some(slot) = seed.pointer_mut(place.get(&found).as_str()) {
                *slot = value;
            }
        }
        if let Ok(snapshot) = Snapshot::from_json(&seed.to_string()) {
            let verdict = check(&snapshot, &Evidence::default());
            prop_assert!(verdict.outcome != Outcome::Proven || verdict.excess == 0);
        }
    }
}
