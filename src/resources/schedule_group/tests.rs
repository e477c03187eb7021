use serde_json::json;

use super::*;
use crate::cloud::replay::{Replay, ok, refused, together};
use crate::resources::fixture::{config, drift, is_absent, there};

const TAGS: &str =
    "GET /tags/arn%3Aaws%3Ascheduler%3Aus-east-1%3A123456789012%3Aschedule-group%2Fapp";
const MESSAGE: &str = "Schedule group app does not exist.";

fn group(replay: &Replay) -> ScheduleGroup {
    ScheduleGroup::new(&replay.cloud(), &config())
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none_though_its_tags_are_denied() {
    let denied = refused(TAGS, 403, "AccessDeniedException", "not authorized");
    let missing = refused("GET /schedule-groups/app", 404, "ResourceNotFoundException", MESSAGE);
    let replay = Replay::new([together([missing, denied])]);
    is_absent(&group(&replay)).await;
}

#[tokio::test(start_paused = true)]
async fn the_tags_of_a_group_say_whose_its_schedules_are() {
    let there_with = |stack: &str| {
        let tags = json!([
            {"Key": "stackctl:stack", "Value": stack},
            {"Key": "stackctl:stage", "Value": "default"},
        ]);
        Replay::new([together([
            ok("GET /schedule-groups/app", json!({"Name": "app", "State": "ACTIVE"})),
            ok(TAGS, json!({"Tags": tags})),
        ])])
    };
    let replay = there_with("app");
    let own = group(&replay);
    let live = there(&own).await;
    assert!(own.is_ours(&live) && drift(&own, &Inputs::default(), &live).is_empty());
    let replay = there_with("other");
    let foreign = group(&replay);
    assert!(!foreign.is_ours(&there(&foreign).await));
}

#[tokio::test(start_paused = true)]
async fn a_group_is_gone_when_it_is_no_longer_found() {
    let deleting = ok("GET /schedule-groups/app", json!({"Name": "app", "State": "DELETING"}));
    let replay = Replay::new([
        ok("DELETE /schedule-groups/app", json!({})),
        deleting.clone(),
        deleting,
        refused("GET /schedule-groups/app", 404, "ResourceNotFoundException", MESSAGE),
    ]);
    let live = LiveScheduleGroup { tags: Tags::new() };
    group(&replay).delete(&live, &Progress::silent()).await.expect("gone");
    replay.is_over();
}
