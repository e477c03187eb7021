use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::cloud::replay::{Exchange, Replay, lost, ok, refused, together};
use crate::resources::fixture::{
    ROLE, artifact, config, configuration, drift, is_absent, there, with,
};
use crate::resources::{Attachments, LiveFunction, LogGroup, Role, Source};
use engine::Graph;
use engine::error::Kind;

const ALIAS_PATH: &str = "/2015-03-31/functions/app-api/aliases/live";
const ALIASES: &str = "POST /2015-03-31/functions/app-api/aliases";
const PUBLISH: &str = "POST /2015-03-31/functions/app-api/versions";
const UPLOAD: &str = "PUT /2015-03-31/functions/app-api/code";
const INVOCATIONS: &str = "/2015-03-31/functions/app-api/invocations";
const LATEST: &str = "GET /2015-03-31/functions/app-api/configuration";

/// The function as it was read: it holds the code of `code`.
fn holding(code: &str) -> LiveFunction {
    LiveFunction {
        role: ROLE.into(),
        settings: Settings::wanted(&config()),
        code_sha256: code.to_owned(),
        architecture: "x86_64".into(),
        revision: Some("revision-1".into()),
        ..LiveFunction::default()
    }
}

/// The alias with what it needs to know of its function and the code.
fn release(replay: &Replay, function: LiveFunction) -> (Release, Inputs) {
    let (cloud, config, mut graph) = (replay.cloud(), config(), Graph::default());
    let role = graph.add(Role::new(&cloud, &config));
    let log_group = graph.add(LogGroup::new(&cloud, &config));
    let source = Source::File("bootstrap.zip".into(), artifact().architecture);
    let code = graph.add(Code::new(&cloud, source));
    let handle = graph.add(Function::new(&cloud, &config, role, code, Queues::default()));
    let attachments =
        graph.add(Attachments::new(&cloud, &config, role, Vec::new(), None, Arc::default()));
    let rights = Rights { policies: Vec::new(), attachments, keeps: Arc::default() };
    let release = Release::new(&cloud, &config, handle, log_group, code, rights);
    (release, Inputs::default().with(handle, function).with(code, artifact()))
}

fn ours() -> String {
    artifact().sha256.base64()
}

fn at(version: &str, changes: &Value) -> Exchange {
    together([points_at(version), live_version(version, changes)])
}

fn points_at(version: &str) -> Exchange {
    alias(&json!({"FunctionVersion": version, "RevisionId": "alias-1"}))
}

fn alias(alias: &Value) -> Exchange {
    ok(format!("GET {ALIAS_PATH}"), alias)
}

fn live_version(version: &str, changes: &Value) -> Exchange {
    let mut configuration = configuration(changes);
    configuration["Version"] = version.into();
    ok(format!("{LATEST}?Qualifier=live"), configuration)
}

fn is_active(version: &str) -> Exchange {
    ok(format!("{LATEST}?Qualifier={version}"), configuration(&json!({})))
}

/// The one invocation that no user makes.
fn is_tried(version: &str) -> Exchange {
    ok(format!("POST {INVOCATIONS}?Qualifier={version}"), json!({"statusCode": 400}))
}

fn is_pending(version: &str) -> Exchange {
    let changes = json!({"State": "Pending"});
    ok(format!("{LATEST}?Qualifier={version}"), configuration(&changes))
}

fn made(expects: &str, version: &str) -> Exchange {
    ok(expects, configuration(&json!({"Version": version, "State": "Pending"})))
}

fn switched(version: &str) -> Exchange {
    ok(format!("PUT {ALIAS_PATH}"), json!({"FunctionVersion": version, "RevisionId": "alias-2"}))
}

fn stale(expects: impl Into<String>) -> Exchange {
    refused(
        expects,
        412,
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id.",
    )
}

fn busy(expects: &str) -> Exchange {
    let message = "The operation cannot be performed at this time. The function is currently in the following state: Pending";
    refused(expects, 409, "ResourceConflictException", message)
}

fn unknown(expects: impl Into<String>) -> Exchange {
    refused(expects, 404, "ResourceNotFoundException", "Function not found")
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none() {
    let replay = Replay::new([together([
        unknown(format!("GET {ALIAS_PATH}")),
        unknown(format!("{LATEST}?Qualifier=live")),
    ])]);
    is_absent(&release(&replay, holding("old")).0).await;
}

#[tokio::test(start_paused = true)]
async fn the_version_that_came_with_the_function_goes_live_and_then_nothing_differs() {
    let replay = Replay::new([
        together([
            unknown(ALIASES),
            ok(ALIASES, json!({"FunctionVersion": "1", "RevisionId": "alias-1"})),
        ]),
        is_pending("1"),
        is_active("1"),
        at("1", &json!({})),
    ]);
    let function = LiveFunction { published: Some("1".into()), ..holding(&ours()) };
    let (release, inputs) = release(&replay, function);
    let made = release.create(&inputs, &Progress::silent()).await.expect("made");
    assert_eq!((made.version.as_str(), made.before.as_deref()), ("1", None));
    release.settle(Some(&made), &Progress::silent()).await.expect("active");
    let live = there(&release).await;
    let known = inputs.find(release.function).expect("given").clone();
    let inputs = inputs.with(release.function, LiveFunction { published: None, ..known });
    assert!(drift(&release, &inputs, &live).is_empty());
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn what_the_function_holds_already_is_published_without_an_upload() {
    let replay = Replay::new([
        busy(PUBLISH),
        made(PUBLISH, "1"),
        ok(ALIASES, json!({"FunctionVersion": "1"})),
    ]);
    let (release, inputs) = release(&replay, holding(&ours()));
    release.create(&inputs, &Progress::silent()).await.expect("made");
    assert!(replay.sent()[0].contains(&format!("\"CodeSha256\":\"{}\"", ours())));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn an_alias_of_a_lost_call_exists_already() {
    let replay = Replay::new([
        made(PUBLISH, "1"),
        together([
            lost(ALIASES),
            refused(ALIASES, 409, "ResourceConflictException", "Alias already exists: live"),
            is_active("1"),
        ]),
    ]);
    let (release, inputs) = release(&replay, holding(&ours()));
    let error = release.create(&inputs, &Progress::silent()).await;
    assert_eq!(error.expect_err("it exists").kind, Kind::Exists);
}

#[tokio::test(start_paused = true)]
async fn new_code_is_uploaded_published_tried_and_switched_to() {
    let replay = Replay::new([
        at("3", &json!({"CodeSha256": "old"})),
        made(UPLOAD, "4"),
        is_tried("4"),
        switched("4"),
    ]);
    let (release, inputs) = release(&replay, holding("old"));
    let live = there(&release).await;
    assert_eq!(drift(&release, &inputs, &live), [format!("code: old → {}", ours())]);
    let now = release.update(&inputs, &live, &Progress::silent()).await.expect("switched");
    assert_eq!((now.version.as_str(), now.before.as_deref()), ("4", Some("3")));
    let sent = replay.sent();
    assert!(sent[2].contains("\"RevisionId\":\"revision-1\""));
    let switch = &sent[4];
    assert!(switch.contains("\"RevisionId\":\"alias-1\""));
    assert!(switch.contains("\"RoutingConfig\":{\"AdditionalVersionWeights\":{}}"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn changed_settings_alone_are_published_from_what_the_function_holds() {
    let replay = Replay::new([
        at("3", &json!({"MemorySize": 128})),
        made(PUBLISH, "4"),
        is_tried("4"),
        switched("4"),
    ]);
    let (release, inputs) = release(&replay, holding(&ours()));
    let live = there(&release).await;
    assert_eq!(drift(&release, &inputs, &live), ["memory: 128 → 256"]);
    release.update(&inputs, &live, &Progress::silent()).await.expect("switched");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn what_was_changed_on_the_function_by_hand_is_not_what_the_live_version_lacks() {
    let more_memory = Settings::wanted(&with("function.memory = 512"));
    let by_hand = [
        LiveFunction { settings: more_memory, ..holding(&ours()) },
        LiveFunction { role: "arn:aws:iam::123456789012:role/other".into(), ..holding(&ours()) },
    ];
    for function in by_hand {
        let replay = Replay::new([at("3", &json!({}))]);
        let (release, inputs) = release(&replay, function);
        let live = there(&release).await;
        assert!(drift(&release, &inputs, &live).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn another_architecture_needs_an_upload_even_of_the_same_zip() {
    let replay = Replay::new([
        at("3", &json!({"Architectures": ["arm64"]})),
        made(UPLOAD, "4"),
        is_tried("4"),
        switched("4"),
    ]);
    let function = LiveFunction { architecture: "arm64".into(), ..holding(&ours()) };
    let (release, inputs) = release(&replay, function);
    let live = there(&release).await;
    assert_eq!(drift(&release, &inputs, &live), ["architecture: arm64 → x86_64"]);
    release.update(&inputs, &live, &Progress::silent()).await.expect("switched");
    assert!(replay.sent()[2].contains("\"Architectures\":[\"x86_64\"]"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_share_of_another_version_is_taken_away_without_a_new_version() {
    let weights = json!({"FunctionVersion": "3", "RevisionId": "alias-1",
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}});
    let replay =
        Replay::new([together([alias(&weights), live_version("3", &json!({}))]), switched("3")]);
    let (release, inputs) = release(&replay, holding(&ours()));
    let live = there(&release).await;
    assert_eq!(drift(&release, &inputs, &live), ["traffic: shared with version 2 → all"]);
    let now = release.update(&inputs, &live, &Progress::silent()).await.expect("switched");
    assert_eq!(now.before, None);
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn an_upload_waits_for_another_update_and_looks_when_that_has_changed_the_revision() {
    let in_progress = json!({"LastUpdateStatus": "InProgress", "CodeSha256": "old"});
    let settled = json!({"CodeSha256": "old", "RevisionId": "revision-2"});
    let replay = Replay::new([
        at("3", &json!({"CodeSha256": "old"})),
        busy(UPLOAD),
        stale(UPLOAD),
        ok(LATEST, configuration(&in_progress)),
        ok(LATEST, configuration(&settled)),
        made(UPLOAD, "4"),
        is_tried("4"),
        switched("4"),
    ]);
    let (release, inputs) = release(&replay, holding("old"));
    let live = there(&release).await;
    release.update(&inputs, &live, &Progress::silent()).await.expect("switched");
    assert!(replay.sent()[6].contains("\"RevisionId\":\"revision-2\""));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn an_upload_whose_answer_was_lost_is_not_repeated() {
    let replay = Replay::new([
        at("3", &json!({"CodeSha256": "old"})),
        lost(UPLOAD),
        stale(UPLOAD),
        ok(LATEST, configuration(&json!({"RevisionId": "revision-2"}))),
        made(PUBLISH, "4"),
        is_tried("4"),
        switched("4"),
    ]);
    let (release, inputs) = release(&replay, holding("old"));
    let live = there(&release).await;
    let now = release.update(&inputs, &live, &Progress::silent()).await.expect("switched");
    assert_eq!(now.version, "4");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn code_that_somebody_else_uploaded_meanwhile_is_not_overwritten() {
    let replay = Replay::new([
        at("3", &json!({"CodeSha256": "old"})),
        stale(UPLOAD),
        ok(LATEST, configuration(&json!({"CodeSha256": "theirs"}))),
    ]);
    let (release, inputs) = release(&replay, holding("old"));
    let live = there(&release).await;
    let error = release.update(&inputs, &live, &Progress::silent()).await.expect_err("theirs");
    assert!(error.hint.expect("a hint").contains("run the same command again"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn live_stays_where_somebody_else_has_put_it_meanwhile() {
    let replay = Replay::new([
        at("3", &json!({"CodeSha256": "old"})),
        made(UPLOAD, "5"),
        is_tried("5"),
        stale(format!("PUT {ALIAS_PATH}")),
        points_at("4"),
    ]);
    let (release, inputs) = release(&replay, holding("old"));
    let live = there(&release).await;
    let error = release.update(&inputs, &live, &Progress::silent()).await.expect_err("moved");
    assert!(error.hint.expect("a hint").starts_with("somebody else moved `live`"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_switch_whose_answer_was_lost_is_recognised() {
    let replay = Replay::new([
        at("3", &json!({"CodeSha256": "old"})),
        made(UPLOAD, "4"),
        is_tried("4"),
        lost(format!("PUT {ALIAS_PATH}")),
        stale(format!("PUT {ALIAS_PATH}")),
        points_at("4"),
    ]);
    let (release, inputs) = release(&replay, holding("old"));
    let live = there(&release).await;
    let now = release.update(&inputs, &live, &Progress::silent()).await.expect("switched");
    assert_eq!(now.version, "4");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_version_that_lambda_is_not_done_with_is_waited_for_and_tried_then() {
    let replay = Replay::new([
        at("3", &json!({"CodeSha256": "old"})),
        made(UPLOAD, "4"),
        busy(&format!("POST {INVOCATIONS}?Qualifier=4")),
        is_pending("4"),
        is_active("4"),
        is_tried("4"),
        switched("4"),
    ]);
    let (release, inputs) = release(&replay, holding("old"));
    let live = there(&release).await;
    let now = release.update(&inputs, &live, &Progress::silent()).await.expect("switched");
    assert!(now.trial.is_some());
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_version_that_cannot_start_never_goes_live() {
    let failed = json!({"State": "Failed", "StateReason": "no such layer"});
    let replay = Replay::new([
        at("3", &json!({"CodeSha256": "old"})),
        made(UPLOAD, "4"),
        busy(&format!("POST {INVOCATIONS}?Qualifier=4")),
        ok(format!("{LATEST}?Qualifier=4"), configuration(&failed)),
    ]);
    let (release, inputs) = release(&replay, holding("old"));
    let live = there(&release).await;
    let error = release.update(&inputs, &live, &Progress::silent()).await.expect_err("failed");
    assert_eq!(error.cause.as_deref(), Some("no such layer"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_version_that_answers_with_a_failure_never_goes_live() {
    let replay = Replay::new([
        at("3", &json!({"CodeSha256": "old"})),
        made(UPLOAD, "4"),
        ok(format!("POST {INVOCATIONS}?Qualifier=4"), json!({"statusCode": 502})),
    ]);
    let (release, inputs) = release(&replay, holding("old"));
    let live = there(&release).await;
    let error = release.update(&inputs, &live, &Progress::silent()).await.expect_err("failed");
    assert_eq!(error.cause.as_deref(), Some("it answers 502"));
    replay.is_over();
}

fn after_a_switch() -> LiveRelease {
    LiveRelease {
        version: "4".into(),
        before: Some("3".into()),
        revision: Some("alias-2".into()),
        ..LiveRelease::default()
    }
}

#[tokio::test(start_paused = true)]
async fn switching_back_outlasts_a_revision_that_the_permission_has_changed() {
    let replay = Replay::new([
        stale(format!("PUT {ALIAS_PATH}")),
        alias(&json!({"FunctionVersion": "4", "RevisionId": "alias-3"})),
        switched("3"),
    ]);
    let (release, _) = release(&replay, holding("old"));
    release.switch_back(&after_a_switch()).await.expect("switched back");
    assert!(replay.sent()[2].contains("\"RevisionId\":\"alias-3\""));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn switching_back_leaves_what_somebody_else_has_switched_to_since() {
    let replay = Replay::new([stale(format!("PUT {ALIAS_PATH}")), points_at("5")]);
    let (release, _) = release(&replay, holding("old"));
    release.switch_back(&after_a_switch()).await.expect_err("moved on");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_went_with_its_function_is_made_again() {
    let replay = Replay::new([at("3", &json!({})), ok(ALIASES, json!({"FunctionVersion": "1"}))]);
    let function = LiveFunction { published: Some("1".into()), ..holding(&ours()) };
    let (release, inputs) = release(&replay, function);
    let live = there(&release).await;
    assert_eq!(drift(&release, &inputs, &live), ["version: 3, gone with its function → 1"]);
    let now = release.update(&inputs, &live, &Progress::silent()).await.expect("made again");
    assert!(now.made_again && now.before.is_none());
    replay.is_over();
}

#[test]
fn the_environment_of_the_file_is_part_of_the_settings() {
    let settings = Settings::wanted(&with("[function.environment]\nMODE = \"secret\""));
    let differences = Settings::wanted(&config()).diff(&settings);
    assert_eq!(differences[0].to_string(), "environment MODE: not set → set");
}
