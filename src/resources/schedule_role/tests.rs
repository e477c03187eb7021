use serde_json::json;

use super::*;
use crate::cloud::replay::Replay;
use crate::config::Trigger;
use crate::resources::fixture::with;

fn role(replay: &Replay) -> ScheduleRole {
    let config = with("[functions.nightly]\nbin = \"nightly\"\nschedule = \"rate(1 day)\"");
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
