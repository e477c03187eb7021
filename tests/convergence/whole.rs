//! Every verb whole, through all the rules of AWS that the emulator lacks.

use std::time::Duration;

use serde_json::{Value, json};

use crate::lane::{Lane, Verb};
use crate::run::{Ended, Run};
use crate::strict::{Fading, Rules};

const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn every_verb_ends_well_where_aws_takes_its_time_and_refuses_what_it_refuses() {
    let lane = Lane::take();
    let before = lane.snapshot();
    lane.set_layer(Rules::all());
    let (up, ledger) = lane.run(Verb::Up);
    up.succeeded();
    let refused = ["UpdateContinuousBackups", "AttachRolePolicy", "CreateFunction"];
    for name in refused {
        let calls = ledger.calls().iter().filter(|call| call.operation.name == name);
        let statuses: Vec<Option<u16>> = calls.map(|call| call.status).collect();
        assert!(statuses.iter().any(|status| status.is_some_and(|status| status >= 400)), "{name}");
        assert!(statuses.iter().any(|status| status.is_some_and(|status| status < 300)), "{name}");
    }
    writes_nothing(&lane);
    let input = json!({"MemorySize": 512});
    lane.aws().rest("lambda", "PUT", "/2015-03-31/functions/my-app-api/configuration", &input);
    lane.run(Verb::Up).0.succeeded();
    writes_nothing(&lane);
    lane.run(Verb::Deploy).0.succeeded();
    lane.run(Verb::Rollback).0.succeeded();
    lane.run(Verb::Teardown).0.succeeded();
    assert_eq!(lane.snapshot(), before);
}

#[test]
fn a_teardown_waits_until_reads_no_longer_show_what_it_deleted() {
    let lane = Lane::take();
    let before = lane.snapshot();
    lane.set_layer(Rules::timeless().with(Fading::lasting(Duration::from_secs(6))));
    lane.run(Verb::Up).0.succeeded();
    let (gone, ledger) = lane.run(Verb::Teardown);
    gone.succeeded();
    let looks = ledger.calls().iter().filter(|call| call.operation.name == "GetRole").count();
    assert!(looks > 1, "it looked again: {looks}");
    assert_eq!(lane.snapshot(), before);
}

fn writes_nothing(lane: &Lane) {
    let (again, ledger) = lane.run(Verb::Up);
    again.succeeded();
    assert_eq!(ledger.writes(), 0, "{:#?}", ledger.calls());
}

/// A verb for another stage than the default one.
fn for_stage(lane: &Lane, verb: Verb) -> Ended {
    let mut arguments = verb.arguments();
    arguments.extend(["--stage", "dev"]);
    Run::start(lane.command(&arguments)).wait_at_most(PATIENCE).succeeded()
}

#[test]
fn a_second_stage_comes_and_goes_beside_the_first() {
    let lane = Lane::take();
    lane.set_layer(Rules::all());
    lane.run(Verb::Up).0.succeeded();
    let first = lane.snapshot();
    for_stage(&lane, Verb::Up);
    assert_ne!(lane.snapshot(), first);
    writes_nothing(&lane);
    for_stage(&lane, Verb::Teardown);
    assert_eq!(lane.snapshot(), first);
}

/// Lets the deployer do `actions`, and nothing else.
fn let_do(lane: &Lane, policy: &str, actions: &[&str]) {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let fields = [("UserName", "deployer"), ("PolicyName", policy), ("PolicyDocument", &text)];
    lane.aws().iam("PutUserPolicy", &fields);
}

#[test]
fn a_deployer_who_may_not_pass_the_role_is_told_so_and_goes_on_when_he_may() {
    let lane = Lane::take();
    lane.set_layer(Rules::timeless());
    lane.aws().iam("CreateUser", &[("UserName", "deployer")]);
    let made = lane.aws().iam("CreateAccessKey", &[("UserName", "deployer")])["AccessKey"].take();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (id, secret) = (text(&made["AccessKeyId"]), text(&made["SecretAccessKey"]));
    let actions = [
        "dynamodb:*",
        "logs:*",
        "lambda:*",
        "apigateway:*",
        "iam:Get*",
        "iam:List*",
        "iam:Create*",
        "iam:Attach*",
        "iam:Tag*",
    ];
    let_do(&lane, "everything-else", &actions);
    let up = || {
        let mut command = lane.command(&Verb::Up.arguments());
        command.env("AWS_ACCESS_KEY_ID", &id).env("AWS_SECRET_ACCESS_KEY", &secret);
        Run::start(command).wait_at_most(PATIENCE)
    };
    let denied = up();
    assert_eq!(denied.code, Some(1), "{denied:#?}");
    assert!(denied.stderr.contains("iam:PassRole"), "{denied:#?}");
    let_do(&lane, "pass", &["iam:PassRole"]);
    up().succeeded();
}
