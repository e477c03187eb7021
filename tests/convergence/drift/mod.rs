//! Whatever somebody changes by hand is shown by `plan` and repaired by `up`; what is not wrong is left alone.

pub mod hand;
pub mod site;

use std::env;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::artifact;
use crate::lane::{Lane, SITE, Verb};
use crate::run::Run;
use crate::snapshot;
use crate::strict::Rules;
use hand::{Change, DRIFTS, HARMLESS, MARKS, forget, label};

/// A lane with the stack up, and how that looks.
fn up() -> (Lane, Value) {
    up_with("")
}

fn up_with(config: &str) -> (Lane, Value) {
    let lane = Lane::take();
    lane.configure(config);
    lane.set_layer(Rules::timeless());
    lane.run(Verb::Up).0.succeeded();
    let wanted = settled(&lane);
    (lane, wanted)
}

/// The account without what a repair leaves behind: the numbers of versions, and tags that are not ours.
fn settled(lane: &Lane) -> Value {
    let mut snapshot = lane.snapshot();
    let function = &mut snapshot["functions"]["my-app-api"];
    let live = function["aliases"]["live"]["version"].as_str().unwrap_or_default().to_owned();
    function["live"] = function["versions"][live].take();
    function["versions"] = Value::Null;
    function["aliases"]["live"]["version"] = Value::Null;
    function["tags"].as_object_mut().map(|tags| tags.remove("cost-centre"));
    for role in snapshot["roles"].as_object_mut().into_iter().flatten() {
        if let Some(tags) = role.1["tags"].as_array_mut() {
            tags.retain(|tag| tag["Key"] != "stackctl:asked");
        }
    }
    for policy in snapshot["policies"].as_object_mut().into_iter().flatten() {
        policy.1["versions"] = Value::Null;
        if let Some(actions) = policy.1["document"]["Statement"][0]["Action"].as_array_mut() {
            actions.sort_by_key(Value::to_string);
        }
    }
    snapshot
}

/// The steps of `plan` that are not `keep`.
fn planned(lane: &Lane) -> Vec<Value> {
    lane.proxy().reset([]);
    let arguments = ["plan", "--output", "json", "--artifact", artifact::first()];
    let ended = Run::start(lane.command(&arguments)).wait().succeeded();
    assert_eq!(lane.proxy().ledger().writes(), 0, "a plan writes nothing");
    let steps = ended.json()["changes"].as_array().cloned().unwrap_or_default();
    steps.into_iter().filter(|step| step["action"] != "keep").collect()
}

/// Makes the changes, and fails unless `plan` and `up` agree and everything is as it was.
fn check(lane: &Lane, wanted: &Value, changes: &[Change]) -> Result<(), String> {
    if !changes.is_empty() {
        forget(lane.aws());
    }
    for (_, change) in changes {
        change(lane.aws());
    }
    let names: Vec<&str> = changes.iter().map(|(name, _)| *name).collect();
    let plan = planned(lane);
    let (ended, ledger) = lane.run(Verb::Up);
    if ended.code != Some(0) {
        return Err(format!("{names:?}: up said {}", ended.stderr));
    }
    if plan.is_empty() != (ledger.writes() == 0) {
        let writes = ledger.calls().iter().filter(|call| call.is_write());
        let writes: Vec<String> = writes.map(|call| call.operation.to_string()).collect();
        return Err(format!("{names:?}: planned {plan:?} and wrote {writes:?}"));
    }
    let differences = snapshot::differences(&settled(lane), wanted);
    if !differences.is_empty() {
        return Err(format!("{names:?} is left after {plan:?}: {differences:#?}"));
    }
    Ok(())
}

#[test]
fn every_property_that_we_set_is_told_by_plan_and_repaired_by_up() {
    each_is_told_and_repaired("", &DRIFTS);
}

#[test]
fn every_property_of_a_site_is_told_by_plan_and_repaired_by_up() {
    each_is_told_and_repaired(SITE, &site::DRIFTS);
}

fn each_is_told_and_repaired(config: &str, drifts: &[Change]) {
    let (mut lane, mut wanted) = up_with(config);
    let mut failures = Vec::new();
    for drift in drifts {
        drift.1(lane.aws());
        let plan = planned(&lane);
        let told = plan.iter().any(|step| {
            step["action"] != "check" && step["differences"] != json!([])
                || step["action"] == "create"
        });
        let ended = check(&lane, &wanted, &[]);
        if !told || ended.is_err() {
            failures.push(format!("{}: {plan:?} {ended:?}", drift.0));
            drop(lane);
            (lane, wanted) = up_with(config);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_aws_or_others_add_is_no_drift() {
    let (lane, wanted) = up();
    for change in HARMLESS {
        change.1(lane.aws());
        assert_eq!(planned(&lane), [] as [Value; 0], "{}", change.0);
    }
    check(&lane, &wanted, &HARMLESS).expect("nothing to do");
}

#[test]
fn what_others_add_to_a_site_is_no_drift_and_stays() {
    let (lane, _) = up_with(SITE);
    for change in site::HARMLESS {
        change.1(lane.aws());
        assert_eq!(planned(&lane), [] as [Value; 0], "{}", change.0);
    }
    let wanted = settled(&lane);
    check(&lane, &wanted, &site::DRIFTS[12..13]).expect("the rest is as it was");
}

#[test]
fn a_site_of_another_stack_is_told_left_alone_and_one_of_nobody_is_taken_over_by_adopt() {
    let (lane, wanted) = up_with(SITE);
    let mut adopt = Verb::Up.arguments();
    adopt.push("--adopt");
    for stack in ["another", ""] {
        site::disown(lane.aws(), stack);
        let before = lane.snapshot();
        for verb in [Verb::Up, Verb::DeploySite] {
            let (refused, ledger) = lane.run(verb);
            assert!(refused.code.is_some_and(|code| code > 0), "{refused:#?}");
            assert_eq!(ledger.writes(), 0, "{refused:#?}");
        }
        assert!(lane.run(Verb::Up).0.stderr.contains("--adopt"));
        if !stack.is_empty() {
            let refused = Run::start(lane.command(&adopt)).wait();
            assert!(refused.stderr.contains("belongs to the stack `another`"), "{refused:#?}");
        }
        assert!(snapshot::differences(&lane.snapshot(), &before).is_empty());
    }
    Run::start(lane.command(&adopt)).wait().succeeded();
    let differences = snapshot::differences(&settled(&lane), &wanted);
    assert!(differences.is_empty(), "{differences:#?}");
    site::disown(lane.aws(), "another");
    let before = lane.snapshot();
    let torn = lane.run(Verb::Teardown).0.succeeded();
    let left: Vec<_> = torn.json()["left"].as_array().expect("a list").clone();
    let left: Vec<_> =
        left.iter().map(|one| one["resource"].as_str().unwrap_or_default()).collect();
    assert_eq!(left, ["bucket", "origin access", "edge function", "distribution"], "{torn:#?}");
    for part in ["/buckets", "/edge/controls", "/edge/functions"] {
        let [now, before] = [&lane.snapshot(), &before].map(|of| of.pointer(part).cloned());
        assert_eq!(now, before, "{part}: {torn:#?}");
    }
    site::distribution_id(lane.aws());
}

#[test]
fn a_tag_that_says_whose_it_is_is_told_and_given_back_by_adopt_and_other_tags_stay() {
    let (lane, _) = up();
    label(lane.aws(), ("cost-centre", "7"));
    assert_eq!(planned(&lane), [] as [Value; 0], "tags of others are no drift");
    let wanted = lane.snapshot();
    for (name, change) in MARKS {
        change(lane.aws());
        let status = Run::start(lane.command(&["status", "--output", "json"])).wait().succeeded();
        let status = status.json();
        let resources = status["resources"].as_array().cloned().unwrap_or_default();
        let told = resources.iter().filter(|resource| {
            let drift = resource["drift"].to_string();
            resource["state"] == "foreign" && drift.contains("tag stackctl:stack")
        });
        let told: Vec<_> = told.filter_map(|resource| resource["resource"].as_str()).collect();
        let marked = ["table", "log group", "role", "policy", "policy", "function", "api"];
        assert_eq!(told, marked, "{name}: {status:#}");
        let (refused, ledger) = lane.run(Verb::Up);
        assert_eq!((refused.code, ledger.writes()), (Some(2), 0), "{name}: {refused:#?}");
        assert!(refused.stderr.contains("--adopt"), "{name}: {refused:#?}");
        let mut adopt = Verb::Up.arguments();
        adopt.push("--adopt");
        Run::start(lane.command(&adopt)).wait().succeeded();
        let differences = snapshot::differences(&lane.snapshot(), &wanted);
        assert!(differences.is_empty(), "{name}: {differences:#?}");
    }
    assert_eq!(planned(&lane), [] as [Value; 0]);
}

#[test]
fn plan_says_no_changes_exactly_when_up_writes_nothing() {
    let cases = env::var("STACKCTL_TEST_DRIFTS").ok().and_then(|text| text.parse().ok());
    let config = Config {
        cases: cases.unwrap_or(6),
        failure_persistence: None,
        max_shrink_iters: 8,
        ..Config::default()
    };
    let (lane, wanted) = up();
    let some = (
        subsequence(DRIFTS.to_vec(), 0..4).prop_shuffle(),
        proptest::option::of(select(HARMLESS.to_vec())),
    );
    let ended = TestRunner::new(config).run(&some, |(mut changes, harmless)| {
        changes.extend(harmless);
        check(&lane, &wanted, &changes).map_err(|why| {
            lane.fresh();
            lane.set_layer(Rules::timeless());
            lane.run(Verb::Up).0.succeeded();
            TestCaseError::fail(why)
        })
    });
    if let Err(failure) = ended {
        panic!("{failure}");
    }
}
