use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;
use crate::cloud::replay::{Exchange, Replay, lost, ok, refused};
use crate::resources::Source;
use crate::resources::fixture::{
    FUNCTION, ROLE, artifact, config, configuration, drift, is_absent, tags, there,
};
use crate::resources::role::LiveRole;
use engine::Graph;
use engine::error::Kind;

const GET: &str = "GET /2015-03-31/functions/app-api";
const CREATE: &str = "POST /2015-03-31/functions";
const CONFIGURE: &str = "PUT /2015-03-31/functions/app-api/configuration";
const DELETE: &str = "DELETE /2015-03-31/functions/app-api";
const TAG: &str =
    "POST /2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aapp-api";
/// The day before `LastModified` of the fixture.
const YESTERDAY: i64 = 1_767_236_645;

/// The function with what it needs to know of its role and its code.
fn function(replay: &Replay) -> (Function, Inputs) {
    function_of(replay, LiveRole::made(ROLE, YESTERDAY))
}

fn function_of(replay: &Replay, live: LiveRole) -> (Function, Inputs) {
    let (cloud, config, mut graph) = (replay.cloud(), config(), Graph::default());
    let role = graph.add(Role::new(&cloud, &config));
    let source = Source::File("bootstrap.zip".into(), artifact().architecture);
    let code = graph.add(Code::new(&cloud, source));
    let function = Function::new(&cloud, &config, role, code, Queues::default());
    (function, Inputs::default().with(role, live).with(code, artifact()))
}

fn get(changes: &Value) -> Exchange {
    ok(GET, json!({"Configuration": configuration(changes), "Tags": tags()}))
}

fn created() -> Exchange {
    let arn = format!("{FUNCTION}:1");
    let changes = json!({"FunctionArn": arn, "Version": "1", "State": "Pending", "StateReasonCode": "Creating"});
    ok(CREATE, configuration(&changes))
}

fn invalid(expects: &str, message: &str) -> Exchange {
    refused(expects, 400, "InvalidParameterValueException", message)
}

fn not_assumable(expects: &str) -> Exchange {
    invalid(expects, "The role defined for the function cannot be assumed by Lambda.")
}

fn busy(expects: &str) -> Exchange {
    let message =
        "The operation cannot be performed at this time. An update is in progress for resource";
    refused(expects, 409, "ResourceConflictException", message)
}

fn gone(expects: &str) -> Exchange {
    refused(expects, 404, "ResourceNotFoundException", "Function not found")
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none() {
    let replay = Replay::new([gone(GET)]);
    is_absent(&function(&replay).0).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_create_nothing_differs_though_lambda_fills_much_in() {
    let replay = Replay::new([created(), get(&json!({}))]);
    let (function, inputs) = function(&replay);
    let made = function.create(&inputs, &Progress::silent()).await.expect("made");
    assert_eq!((made.arn.as_str(), made.published.as_deref()), (FUNCTION, Some("1")));
    let live = there(&function).await;
    assert!(function.is_ours(&live));
    assert!(drift(&function, &inputs, &live).is_empty());
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_role_that_lambda_cannot_assume_yet_is_waited_for() {
    let mut script = vec![not_assumable(CREATE); 12];
    script.push(invalid(CREATE, "Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant."));
    script.push(created());
    let replay = Replay::new(script);
    let (function, inputs) = function(&replay);
    let since = Instant::now();
    function.create(&inputs, &Progress::silent()).await.expect("made in the end");
    assert!(since.elapsed() > Duration::from_secs(10));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_never_assumable_is_told_in_the_words_of_aws() {
    let (function, inputs) = function(&Replay::new(vec![not_assumable(CREATE); 400]));
    let since = Instant::now();
    let error = function.create(&inputs, &Progress::silent()).await.expect_err("never");
    assert_eq!(error.message, "failed to create function `app-api`");
    assert!(error.cause.expect("AWS's own").contains("cannot be assumed by Lambda"));
    assert!(since.elapsed() < Duration::from_secs(370));
}

#[tokio::test(start_paused = true)]
async fn a_lack_of_room_is_waited_for_longer_than_a_role() {
    let (function, inputs) = function(&Replay::new(vec![
        invalid(
            CREATE,
            "Lambda was not able to set up this function: throttled by EC2"
        );
        400
    ]));
    let since = Instant::now();
    function.create(&inputs, &Progress::silent()).await.expect_err("never");
    assert!(since.elapsed() > Duration::from_secs(500));
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_for_good_is_told_at_once() {
    for message in [
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
        "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008",
    ] {
        let replay = Replay::new([invalid(CREATE, message)]);
        let (function, inputs) = function(&replay);
        let error = function.create(&inputs, &Progress::silent()).await.expect_err("refused");
        assert_eq!(error.cause.as_deref(), Some(message));
    }
    let message = "User: arn:aws:iam::1:user/d is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/r";
    let replay = Replay::new([refused(CREATE, 403, "AccessDeniedException", message)]);
    let (function, inputs) = function(&replay);
    let error = function.create(&inputs, &Progress::silent()).await.expect_err("denied");
    assert!(error.hint.expect("a hint").contains("\"iam:PassRole\""));
}

#[tokio::test(start_paused = true)]
async fn what_was_made_by_a_lost_call_exists_already() {
    let replay = Replay::new([
        lost(CREATE),
        refused(CREATE, 409, "ResourceConflictException", "Function already exist: app-api"),
    ]);
    let (function, inputs) = function(&replay);
    let error = function.create(&inputs, &Progress::silent()).await;
    assert_eq!(error.expect_err("it exists").kind, Kind::Exists);
}

#[tokio::test(start_paused = true)]
async fn every_setting_is_compared_and_values_of_variables_are_not_told() {
    let drifted = json!({
        "Runtime": "provided.al2",
        "Handler": "other",
        "MemorySize": 128,
        "Timeout": 3,
        "Role": "arn:aws:iam::123456789012:role/other",
        "Environment": {"Variables": {"TABLE_NAME": "secret", "MORE": "secret", "AUTH": "none"}},
    });
    let replay = Replay::new([
        get(&drifted),
        get(&json!({"MemorySize": 128, "LastUpdateStatus": "InProgress"})),
        get(&drifted),
        busy(CONFIGURE),
        get(&drifted),
        not_assumable(CONFIGURE),
        get(&drifted),
        ok(CONFIGURE, configuration(&json!({}))),
        get(&json!({"LastUpdateStatus": "InProgress", "LastUpdateStatusReasonCode": "Creating"})),
        get(&json!({})),
    ]);
    let (function, inputs) = function(&replay);
    let live = there(&function).await;
    assert_eq!(
        drift(&function, &inputs, &live),
        [
            "role: arn:aws:iam::123456789012:role/other → arn:aws:iam::123456789012:role/app-lambda-role",
            "runtime: provided.al2 → provided.al2023",
            "handler: other → bootstrap",
            "memory: 128 → 256",
            "timeout: 3 → 10",
            "environment TABLE_NAME: another value → set",
            "environment MORE: set → not set",
        ]
    );
    let settled = function.update(&inputs, &live, &Progress::silent()).await.expect("repaired");
    assert!(drift(&function, &inputs, &settled).is_empty());
    let sent = replay.sent();
    let sent = sent.iter().find(|call| call.contains("PUT")).expect("it was changed");
    assert!(sent.contains("\"RevisionId\":\"revision-1\""));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn an_environment_that_was_never_set_is_an_empty_one() {
    let replay = Replay::new([get(&json!({"Environment": null}))]);
    let (function, inputs) = function(&replay);
    let live = there(&function).await;
    let missing = ["environment AUTH: not set → set", "environment TABLE_NAME: not set → set"];
    assert_eq!(drift(&function, &inputs, &live), missing);
}

#[tokio::test(start_paused = true)]
async fn an_environment_that_cannot_be_read_is_no_drift_but_a_missing_right() {
    let error =
        json!({"Error": {"ErrorCode": "AccessDeniedException", "Message": "no kms:Decrypt"}});
    let replay = Replay::new([get(&json!({"Environment": error}))]);
    let (function, inputs) = function(&replay);
    let differences = function.diff(&inputs, &there(&function).await);
    assert_eq!(differences.len(), 1);
    assert!(differences[0].refusal.as_ref().expect("refused").contains("no kms:Decrypt"));
}

#[tokio::test(start_paused = true)]
async fn a_pending_function_is_changed_when_it_is_active() {
    let replay = Replay::new([
        get(&json!({"State": "Pending", "MemorySize": 128})),
        get(&json!({"State": "Pending", "MemorySize": 128})),
        get(&json!({"MemorySize": 128})),
        ok(CONFIGURE, configuration(&json!({}))),
        get(&json!({})),
    ]);
    let (function, inputs) = function(&replay);
    let live = there(&function).await;
    function.update(&inputs, &live, &Progress::silent()).await.expect("changed");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn an_update_that_failed_is_told_with_its_reason_and_tried_again_the_next_time() {
    let failed = json!({"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no subnet"});
    let replay = Replay::new([
        get(&failed),
        get(&failed),
        ok(CONFIGURE, configuration(&json!({}))),
        get(&failed),
    ]);
    let (function, inputs) = function(&replay);
    let live = there(&function).await;
    assert_eq!(drift(&function, &inputs, &live), ["last update: Failed, no subnet → Successful"]);
    let error = function.update(&inputs, &live, &Progress::silent()).await.expect_err("again");
    assert_eq!(error.cause.as_deref(), Some("no subnet"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_function_that_failed_to_be_made_is_told_with_its_reason_and_the_way_out() {
    let replay = Replay::new([get(&json!({"State": "Failed", "StateReason": "no room"}))]);
    let (function, inputs) = function(&replay);
    let differences = function.diff(&inputs, &there(&function).await);
    assert_eq!(differences[0].to_string(), "state: Failed, no room → Active");
    assert!(differences[0].refusal.as_ref().expect("refused").contains("teardown"));
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_change_at_the_same_moment_is_told() {
    let stale = refused(
        CONFIGURE,
        412,
        "PreconditionFailedException",
        "The Revision Id provided does not match",
    );
    let drifted = json!({"MemorySize": 128});
    let replay =
        Replay::new([get(&drifted), get(&drifted), stale, get(&json!({"MemorySize": 512}))]);
    let (function, inputs) = function(&replay);
    let live = there(&function).await;
    let error = function.update(&inputs, &live, &Progress::silent()).await.expect_err("stale");
    assert!(error.hint.expect("a hint").starts_with("another process changed it"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn our_own_change_is_not_taken_for_somebody_elses_when_its_answer_was_lost() {
    let stale = refused(
        CONFIGURE,
        412,
        "PreconditionFailedException",
        "The Revision Id provided does not match",
    );
    let drifted = json!({"MemorySize": 128});
    let replay =
        Replay::new([get(&drifted), get(&drifted), lost(CONFIGURE), stale, get(&json!({}))]);
    let (function, inputs) = function(&replay);
    let live = there(&function).await;
    function.update(&inputs, &live, &Progress::silent()).await.expect("changed");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn missing_tags_are_all_that_is_written_when_the_settings_are_right() {
    let replay = Replay::new([
        ok(GET, json!({"Configuration": configuration(&json!({}))})),
        ok(TAG, json!({})),
        get(&json!({})),
        get(&json!({})),
    ]);
    let (function, inputs) = function(&replay);
    let live = there(&function).await;
    assert!(!function.is_ours(&live));
    function.update(&inputs, &live, &Progress::silent()).await.expect("tagged");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn tags_that_may_not_be_read_are_not_taken_for_none() {
    let error = json!({"ErrorCode": "AccessDeniedException", "Message": "lambda:ListTags"});
    let replay = Replay::new([ok(
        GET,
        json!({"Configuration": configuration(&json!({})), "TagsError": error}),
    )]);
    let error = function(&replay).0.read(&Progress::silent()).await.expect_err("denied");
    assert!(error.hint.expect("a hint").contains("lambda:ListTags"));
}

#[tokio::test(start_paused = true)]
async fn a_function_whose_role_was_made_again_is_made_again_too() {
    let replay = Replay::new([
        get(&json!({})),
        busy(DELETE),
        ok(DELETE, ""),
        get(&json!({"State": "Deleting"})),
        gone(GET),
        created(),
    ]);
    let (function, inputs) = function_of(&replay, LiveRole::made(ROLE, YESTERDAY + 172_800));
    let live = there(&function).await;
    assert_eq!(drift(&function, &inputs, &live).len(), 1);
    let made = function.update(&inputs, &live, &Progress::silent()).await.expect("made again");
    assert_eq!(made.published.as_deref(), Some("1"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_being_deleted_is_made_again_when_it_is_gone() {
    let deleting = || get(&json!({"State": "Deleting"}));
    let replay = Replay::new([deleting(), deleting(), gone(GET), created()]);
    let (function, inputs) = function(&replay);
    let live = there(&function).await;
    assert_eq!(drift(&function, &inputs, &live), ["state: Deleting → Active"]);
    function.update(&inputs, &live, &Progress::silent()).await.expect("made again");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn deleting_the_deleted_is_fine() {
    let replay = Replay::new([get(&json!({})), gone(DELETE), gone(GET)]);
    let (function, _) = function(&replay);
    let live = there(&function).await;
    function.delete(&live, &Progress::silent()).await.expect("gone already");
}

#[tokio::test(start_paused = true)]
async fn throttling_passes() {
    let throttled = || refused(GET, 429, "TooManyRequestsException", "Rate exceeded");
    let replay = Replay::new([throttled(), throttled(), get(&json!({}))]);
    there(&function(&replay).0).await;
    replay.is_over();
}
