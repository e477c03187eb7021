use serde_json::json;

use super::*;
use crate::cloud::replay::{Replay, ok, refused};
use crate::config::Trigger;
use crate::resources::ScheduleGroup;
use crate::resources::fixture::{drift, release, there, with};
use engine::Graph;

const ALIAS_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:app-nightly:live";
const ROLE: &str = "arn:aws:iam::123456789012:role/app-nightly-schedule-role";
const PATH: &str = "GET /schedules/app-nightly";

fn schedule(replay: &Replay) -> Schedule {
    let config = with("[functions.nightly]\nbin = \"nightly\"\nschedule = \"rate(1 day)\"");
    let Some(Trigger::Schedule(wanted)) = &config.function().trigger else {
        panic!("a schedule");
    };
    let (cloud, mut graph) = (replay.cloud(), Graph::default());
    let group = graph.add(ScheduleGroup::new(&cloud, &config));
    let role = graph.add(ScheduleRole::new(&cloud, &config, wanted));
    let (release, _) = release(&cloud, &config, &mut graph);
    Schedule::new(&cloud, &config, wanted, Some(group.id)).after(role, release)
}

fn answer(state: &str, expression: &str) -> serde_json::Value {
    json!({
        "Name": "app-nightly",
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": "UTC",
        "State": state,
        "Target": {
            "Arn": ALIAS_ARN,
            "RoleArn": ROLE,
            "Input": input("app-nightly"),
            "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 2},
        },
        "FlexibleTimeWindow": {"Mode": "OFF"},
    })
}

#[tokio::test(start_paused = true)]
async fn a_role_that_cannot_be_assumed_yet_is_waited_for() {
    let message =
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.";
    let unknown = refused("POST /schedules/app-nightly", 400, "ValidationException", message);
    let made = ok("POST /schedules/app-nightly", json!({"ScheduleArn": "arn"}));
    let replay =
        Replay::new([unknown.clone(), unknown, made, ok(PATH, answer("ENABLED", "rate(1 day)"))]);
    let schedule = schedule(&replay);
    schedule.cloud.identity().await.expect("known");
    schedule.create(&Inputs::default(), &Progress::silent()).await.expect("made");
    let live = there(&schedule).await;
    assert_eq!(drift(&schedule, &Inputs::default(), &live), [] as [&str; 0]);
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn one_that_somebody_has_paused_stays_paused_when_it_is_changed() {
    let replay = Replay::new([
        ok(PATH, answer("DISABLED", "rate(2 days)")),
        ok("PUT /schedules/app-nightly", json!({"ScheduleArn": "arn"})),
    ]);
    let schedule = schedule(&replay);
    schedule.cloud.identity().await.expect("known");
    let live = there(&schedule).await;
    let differences = schedule.diff(&Inputs::default(), &live);
    assert_eq!(differences.len(), 2, "{differences:?}");
    assert!(differences[1].left.is_some(), "a pause is left: {differences:?}");
    schedule.update(&Inputs::default(), &live, &Progress::silent()).await.expect("changed");
    assert!(replay.sent().iter().any(|call| call.contains("\"State\":\"DISABLED\"")));
    replay.is_over();
}
