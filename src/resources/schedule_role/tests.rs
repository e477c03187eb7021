use serde_json::json;

use super::*;
use crate::cloud::replay::Replay;
use crate::config::Trigger;
use crate::resources::fixture::with;

fn role(replay: &Replay) -> ScheduleRole {
    bound(replay, "")
}

/// One whose function has further settings.
fn bound(replay: &Replay, settings: &str) -> ScheduleRole {
    let function = "[functions.nightly]\nbin = \"nightly\"\nschedule = \"rate(1 day)\"\n";
    let config = with(&format!("{function}{settings}"));
    let Some(Trigger::Schedule(schedule)) = &config.function().trigger else {
        panic!("a schedule");
    };
    ScheduleRole::new(&replay.cloud(), &config, schedule)
}

#[tokio::test(start_paused = true)]
async fn it_is_assumed_for_the_schedules_of_its_group_and_invokes_one_alias() {
    let replay = Replay::new([]);
    let role = role(&replay);
    role.cloud.identity().await.expect("known");
    let trust = role.trust().to_json();
    assert!(trust.contains("scheduler.amazonaws.com"), "{trust}");
    assert!(trust.contains("arn:aws:scheduler:us-east-1:123456789012:schedule-group/app"));
    let policy: serde_json::Value = serde_json::from_str(&role.policy().to_json()).expect("JSON");
    let alias = "arn:aws:lambda:us-east-1:123456789012:function:app-nightly:live";
    assert_eq!(policy["Statement"][0]["Resource"], json!(alias));
}

#[tokio::test(start_paused = true)]
async fn a_wider_policy_is_told() {
    let replay = Replay::new([]);
    let role = role(&replay);
    role.cloud.identity().await.expect("known");
    let made = role.made();
    assert!(role.diff(&Inputs::default(), &made).is_empty());
    let wider = LiveScheduleRole { policy: made.policy.replace(":live", ":*"), ..made };
    let differences = role.diff(&Inputs::default(), &wider);
    assert_eq!(differences[0].property, "policy");
}

#[tokio::test(start_paused = true)]
async fn it_has_the_boundary_of_its_function_and_keeps_one_of_others() {
    let arn = "arn:aws:iam::123456789012:policy/guard";
    let replay = Replay::new([]);
    let guarded = bound(&replay, &format!("boundary = \"{arn}\"\n"));
    guarded.cloud.identity().await.expect("known");
    assert_eq!(guarded.made().boundary.as_deref(), Some(arn));
    let unbound = LiveScheduleRole { boundary: None, ..guarded.made() };
    let differences = guarded.diff(&Inputs::default(), &unbound);
    assert_eq!(differences[0].property, "boundary");
    let calls = format!("{:?}", guarded.calls());
    assert!(calls.contains("iam:PutRolePermissionsBoundary"), "{calls}");

    let open = role(&replay);
    open.cloud.identity().await.expect("known");
    let theirs = LiveScheduleRole { boundary: Some(arn.to_owned()), ..open.made() };
    let differences = open.diff(&Inputs::default(), &theirs);
    assert_eq!(differences[0].property, "boundary", "it is shown, and no step takes it away");
    assert!(!format!("{:?}", open.calls()).contains("iam:PutRolePermissionsBoundary"));
}
