//! A plan that was saved is carried out as it was looked at, or not at all.

use serde_json::{Value, json};

use crate::artifact;
use crate::aws::Aws;
use crate::lane::{Lane, Verb};
use crate::proxy::Ledger;
use crate::run::{Ended, Run};
use crate::strict::Rules;

fn run(lane: &Lane, arguments: &[&str]) -> (Ended, Ledger) {
    lane.proxy().reset([]);
    let ended = Run::start(lane.command(arguments)).wait();
    (ended, lane.proxy().ledger())
}

/// Plans to ship the first zip, and saves that.
fn save(lane: &Lane) -> Value {
    let arguments = ["plan", "--artifact", artifact::first(), "--out", "plan.json"];
    let (ended, ledger) = run(lane, &[&arguments[..], &["--output", "json"]].concat());
    assert_eq!(ledger.writes(), 0, "a plan writes nothing");
    ended.succeeded().json()
}

/// Carries the saved plan out with a zip; nobody is there to answer a question.
fn carry_out(lane: &Lane, zip: &str) -> (Ended, Ledger) {
    run(lane, &["up", "--plan", "plan.json", "--artifact", zip, "--output", "json"])
}

#[track_caller]
fn is_refused(lane: &Lane, zip: &str, told: &str) {
    let (ended, ledger) = carry_out(lane, zip);
    assert_eq!((ended.code, ledger.writes()), (Some(3), 0), "{ended:#?}");
    assert!(ended.stderr.contains("is out of date: nothing was changed"), "{ended:#?}");
    assert!(ended.stderr.contains(told), "{told}: {ended:#?}");
}

fn settings(aws: Aws, input: &Value) {
    aws.rest("lambda", "PUT", "/2015-03-31/functions/my-app-api/configuration", input);
}

/// The role may do less than the handler needs: giving it back is asked about.
fn narrow(aws: Aws) {
    let arn = "arn:aws:iam::123456789012:policy/MyAppLambdaDynamoDB";
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"*"}]}"#;
    let fields = [("PolicyArn", arn), ("PolicyDocument", text), ("SetAsDefault", "true")];
    aws.iam("CreatePolicyVersion", &fields);
}

#[test]
fn a_saved_plan_is_carried_out_without_a_question_while_it_is_the_plan() {
    let lane = Lane::take();
    lane.set_layer(Rules::timeless());
    save(&lane);
    let up = carry_out(&lane, artifact::first()).0.succeeded().json();
    let made = up["changes"].as_array().into_iter().flatten();
    assert!(made.clone().all(|change| change["action"] == "create"), "{up:#}");

    narrow(lane.aws());
    let (asked, ledger) = run(&lane, &["up", "--artifact", artifact::first()]);
    assert_eq!((asked.code, ledger.writes()), (Some(2), 0), "{asked:#?}");
    let planned = save(&lane);
    assert_ne!(planned["widens"], json!([]), "{planned:#}");
    carry_out(&lane, artifact::first()).0.succeeded();
    let (again, ledger) = lane.run(Verb::Up);
    again.succeeded();
    assert_eq!(ledger.writes(), 0);
}

#[test]
fn a_plan_that_is_no_longer_the_plan_is_refused_with_the_difference_and_nothing_is_written() {
    let lane = Lane::take();
    lane.set_layer(Rules::timeless());
    save(&lane);
    // Before there is a function, too, the code is a part of the plan.
    is_refused(&lane, artifact::second(), "code: planned ");
    lane.configure("function.memory = 512\n");
    is_refused(&lane, artifact::first(), "`stack.toml` or the handler has changed");
    lane.configure("");
    lane.aws().json("logs", "CreateLogGroup", &json!({"logGroupName": "/aws/lambda/my-app-api"}));
    let (foreign, ledger) = carry_out(&lane, artifact::first());
    assert_eq!((foreign.code, ledger.writes()), (Some(2), 0), "{foreign:#?}");
    lane.fresh();

    lane.set_layer(Rules::timeless());
    lane.run(Verb::Up).0.succeeded();
    settings(lane.aws(), &json!({"Timeout": 20}));
    save(&lane);
    settings(lane.aws(), &json!({"Timeout": 20, "MemorySize": 512}));
    is_refused(&lane, artifact::first(), "memory: 512 → 256");
    is_refused(&lane, artifact::second(), "code: planned ");
    save(&lane);
    lane.run(Verb::Up).0.succeeded();
    // Even what has been done already is not what was planned.
    is_refused(&lane, artifact::first(), "now keep");
}

#[test]
fn a_plan_is_not_saved_over_anything_else_and_nothing_else_is_taken_for_a_plan() {
    let lane = Lane::take();
    let arguments = ["plan", "--artifact", artifact::first(), "--out", "stack.toml"];
    let (ended, ledger) = run(&lane, &arguments);
    assert_eq!((ended.code, ledger.calls().len()), (Some(2), 0), "{ended:#?}");
    let (ended, ledger) = run(&lane, &["up", "--plan", "stack.toml"]);
    assert_eq!((ended.code, ledger.calls().len()), (Some(2), 0), "{ended:#?}");
    save(&lane);
    save(&lane);
}
