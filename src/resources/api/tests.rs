use std::slice;

use serde_json::{Value, json};

use super::*;
use crate::cloud::replay::{Exchange, Replay, lost, ok, refused};
use crate::resources::fixture::{config, drift, is_absent, tags as our_tags, there, with};
use engine::error::Kind;

const LIST: &str = "GET /v2/apis";
const CREATE: &str = "POST /v2/apis";
const CHANGE: &str = "PATCH /v2/apis/abc";
const DELETE: &str = "DELETE /v2/apis/abc";

fn api(replay: &Replay) -> Api {
    Api::new(&replay.cloud(), &config())
}

/// An API with all that AWS fills in, with some members replaced.
fn described(id: &str, changes: &Value) -> Value {
    let mut api = json!({
        "apiId": id,
        "name": "app",
        "apiEndpoint": format!("https://{id}.execute-api.us-east-1.amazonaws.com"),
        "apiKeySelectionExpression": "$request.header.x-api-key",
        "createdDate": "2026-01-02T03:04:05Z",
        "disableExecuteApiEndpoint": false,
        "ipAddressType": "dualstack",
        "protocolType": "HTTP",
        "routeSelectionExpression": "$request.method $request.path",
        "corsConfiguration": cors(&json!({})),
        "tags": our_tags(),
    });
    let members = api.as_object_mut().expect("an object");
    members.extend(changes.as_object().expect("an object").clone());
    api
}

/// The rules of the file as AWS may give them back: in another order and case.
fn cors(changes: &Value) -> Value {
    let mut cors = json!({
        "allowOrigins": ["http://localhost:5173"],
        "allowMethods": ["DELETE", "PATCH", "POST", "GET"],
        "allowHeaders": ["Content-Type"],
        "allowCredentials": false,
        "maxAge": 300,
    });
    let members = cors.as_object_mut().expect("an object");
    members.extend(changes.as_object().expect("an object").clone());
    cors
}

fn list(apis: &[Value]) -> Exchange {
    ok(LIST, json!({"items": apis}))
}

fn tags_of(id: &str, tags: &Value) -> Exchange {
    ok(
        format!("GET /v2/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2F{id}"),
        json!({"tags": tags}),
    )
}

fn foreign(id: &str) -> Value {
    described(id, &json!({"tags": {}}))
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none_though_others_are_there() {
    let replay = Replay::new([list(&[described("abc", &json!({"name": "app-data"}))])]);
    is_absent(&api(&replay)).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_create_nothing_differs_though_it_is_on_another_page() {
    let ours = described("abc", &json!({}));
    let other = described("xyz", &json!({"name": "other"}));
    let replay = Replay::new([
        refused(CREATE, 429, "TooManyRequestsException", "Too Many Requests"),
        ok(CREATE, ours.clone()),
        list(&[]),
        ok(LIST, json!({"items": [other], "nextToken": "more"})),
        ok("GET /v2/apis?nextToken=more", json!({"items": [ours]})),
    ]);
    let api = api(&replay);
    let made = api.create(&Inputs::default(), &Progress::silent()).await.expect("made");
    assert_eq!(made.url, "https://abc.execute-api.us-east-1.amazonaws.com");
    let live = there(&api).await;
    assert_eq!((&live.id, &live.url), (&made.id, &made.url));
    assert!(drift(&api, &Inputs::default(), &live).is_empty());
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_create_is_sent_once_because_a_second_one_would_make_a_second_api() {
    for failure in [lost(CREATE), refused(CREATE, 503, "ServiceUnavailable", "try later")] {
        let replay = Replay::new([failure]);
        let error = api(&replay).create(&Inputs::default(), &Progress::silent()).await;
        assert_eq!(error.expect_err("not answered").kind, Kind::Unanswered);
        assert_eq!(replay.sent().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_that_were_made_at_the_same_moment_the_one_with_the_greater_id_goes() {
    let (ours, other) = (described("abc", &json!({})), described("aaa", &json!({})));
    let replay = Replay::new([ok(CREATE, &ours), list(&[ours, other]), ok(DELETE, "")]);
    let error = api(&replay).create(&Inputs::default(), &Progress::silent()).await;
    assert_eq!(error.expect_err("the other stays").kind, Kind::Exists);
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn of_two_that_were_made_at_the_same_moment_the_other_one_stays() {
    let (ours, other) = (described("abc", &json!({})), described("xyz", &json!({})));
    let both = || list(&[ours.clone(), other.clone()]);
    let replay = Replay::new([ok(CREATE, &ours), both(), both(), list(slice::from_ref(&ours))]);
    let made = api(&replay).create(&Inputs::default(), &Progress::silent()).await;
    assert_eq!(made.expect("made").id, "abc");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_look_outlasts_more_refusals_than_the_sdk_does() {
    let throttled = || refused(LIST, 429, "TooManyRequestsException", "Too Many Requests");
    let refusals = std::iter::repeat_with(throttled).take(10);
    let replay = Replay::new(refusals.chain([list(&[described("abc", &json!({}))])]));
    assert_eq!(there(&api(&replay)).await.id, "abc");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn two_of_ours_stop_everything_with_their_ids() {
    let replay = Replay::new([list(&[described("abc", &json!({})), described("xyz", &json!({}))])]);
    let error = api(&replay).read(&Progress::silent()).await.expect_err("two");
    assert_eq!(error.cause.as_deref(), Some("there are 2: abc, xyz"));
}

#[tokio::test(start_paused = true)]
async fn ours_is_found_among_others_of_its_name() {
    let replay = Replay::new([
        list(&[foreign("xyz"), described("abc", &json!({}))]),
        tags_of("xyz", &json!({})),
    ]);
    let api = api(&replay);
    let live = there(&api).await;
    assert!(api.is_ours(&live));
    assert_eq!(live.id, "abc");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn tags_that_the_list_does_not_show_yet_count() {
    let replay = Replay::new([list(&[foreign("abc")]), tags_of("abc", &our_tags())]);
    let api = api(&replay);
    assert!(api.is_ours(&there(&api).await));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn one_of_another_stack_that_gives_the_same_name_is_never_adopted() {
    let tags = json!({"stackctl:stack": "k", "stackctl:stage": "prod"});
    let other = described("abc", &json!({"name": "k-prod", "tags": tags}));
    let replay = Replay::new([list(&[other]), tags_of("abc", &tags)]);
    let config = crate::config::tests::config("name = \"k-prod\"").expect("it is a stack");
    let api = Api::new(&replay.cloud(), &config);
    let owner = api.owner(&there(&api).await);
    assert_eq!(owner.as_deref(), Some("`k` in stage `prod`"));
}

#[tokio::test(start_paused = true)]
async fn none_of_several_others_is_taken_over_by_chance() {
    let replay = Replay::new([
        list(&[foreign("abc"), foreign("xyz")]),
        tags_of("abc", &json!({})),
        tags_of("xyz", &json!({})),
    ]);
    let api = api(&replay);
    let live = there(&api).await;
    assert!(!api.is_ours(&live));
    let differences = api.diff(&Inputs::default(), &live);
    let refused = differences.iter().find(|difference| difference.refusal.is_some());
    assert_eq!(refused.expect("refused").to_string(), "name: of several APIs: abc, xyz → of one");
}

#[tokio::test(start_paused = true)]
async fn every_rule_is_compared_and_the_whole_block_is_sent() {
    let drifted = cors(&json!({
        "allowOrigins": ["https://a.example", "https://b.example"],
        "allowMethods": [],
        "exposeHeaders": ["x-more"],
        "maxAge": 0,
        "allowCredentials": true,
    }));
    let replay = Replay::new([
        list(&[described("abc", &json!({"corsConfiguration": drifted}))]),
        refused(
            CHANGE,
            409,
            "ConflictException",
            "Unable to complete operation due to concurrent modification. Please try again later.",
        ),
        ok(CHANGE, json!({})),
    ]);
    let api = api(&replay);
    let live = there(&api).await;
    assert_eq!(
        drift(&api, &Inputs::default(), &live),
        [
            "cors allow_origins: https://a.example, https://b.example → http://localhost:5173",
            "cors allow_methods: none → GET, POST, PATCH, DELETE",
            "cors expose_headers: x-more → none",
            "cors max_age: 0 → 300",
            "cors allow_credentials: true → false",
        ]
    );
    let now = api.update(&Inputs::default(), &live, &Progress::silent()).await.expect("changed");
    assert!(drift(&api, &Inputs::default(), &now).is_empty());
    let sent = replay.sent().pop().expect("it was changed");
    for member in ["allowOrigins", "allowMethods", "allowHeaders", "maxAge", "allowCredentials"] {
        assert!(sent.contains(member), "{member} is missing in {sent}");
    }
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn rules_that_are_gone_are_set_again() {
    let replay = Replay::new([
        list(&[described("abc", &json!({"corsConfiguration": null}))]),
        ok(CHANGE, json!({})),
    ]);
    let api = api(&replay);
    let live = there(&api).await;
    let drift = drift(&api, &Inputs::default(), &live);
    assert_eq!(drift[0], "cors allow_origins: none → http://localhost:5173");
    api.update(&Inputs::default(), &live, &Progress::silent()).await.expect("changed");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn rules_that_nobody_wants_are_deleted_because_an_empty_block_clears_nothing() {
    let replay =
        Replay::new([list(&[described("abc", &json!({}))]), ok("DELETE /v2/apis/abc/cors", "")]);
    let config = with("[api.cors]\nallow_origins = []\nallow_methods = []\nallow_headers = []");
    let api = Api::new(&replay.cloud(), &config);
    let live = there(&api).await;
    assert_eq!(
        drift(&api, &Inputs::default(), &live)[0],
        "cors allow_origins: http://localhost:5173 → none"
    );
    let now = api.update(&Inputs::default(), &live, &Progress::silent()).await.expect("deleted");
    assert!(drift(&api, &Inputs::default(), &now).is_empty());
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn missing_tags_are_all_that_is_written_when_the_rules_are_right() {
    let path = "POST /v2/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2Fabc";
    let replay =
        Replay::new([list(&[foreign("abc")]), tags_of("abc", &json!({})), ok(path, json!({}))]);
    let api = api(&replay);
    let live = there(&api).await;
    let now = api.update(&Inputs::default(), &live, &Progress::silent()).await.expect("tagged");
    assert!(api.is_ours(&now));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn deleting_outlasts_throttling_and_the_deleted_is_fine() {
    let throttled = || refused(DELETE, 429, "TooManyRequestsException", "Too Many Requests");
    let mut script = vec![list(&[described("abc", &json!({}))])];
    script.extend(vec![throttled(); 10]);
    script.push(ok(DELETE, ""));
    script.push(refused(DELETE, 404, "NotFoundException", "Invalid API identifier specified"));
    let replay = Replay::new(script);
    let api = api(&replay);
    let live = there(&api).await;
    api.delete(&live, &Progress::silent()).await.expect("deleted");
    api.delete(&live, &Progress::silent()).await.expect("gone already");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_custom_domain_in_the_way_is_told_in_the_words_of_aws() {
    let message = "Deleting API abc failed. Please remove all API mappings for the API from your custom domain names.";
    let replay = Replay::new([
        list(&[described("abc", &json!({}))]),
        refused(DELETE, 400, "BadRequestException", message),
    ]);
    let api = api(&replay);
    let live = there(&api).await;
    let error = api.delete(&live, &Progress::silent()).await.expect_err("in the way");
    assert_eq!(error.cause.as_deref(), Some(message));
}

#[tokio::test(start_paused = true)]
async fn on_a_local_cloud_the_api_is_a_path_of_it() {
    let replay = Replay::new([list(&[described("abc", &json!({}))])]);
    let api = Api::new(&replay.local_cloud(), &config());
    assert_eq!(there(&api).await.url, "http://127.0.0.1:4566/_aws/execute-api/abc/$default");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_was_switched_off_or_speaks_one_kind_of_addresses_is_put_right() {
    let changed = json!({"disableExecuteApiEndpoint": true, "ipAddressType": "ipv4"});
    let replay = Replay::new([list(&[described("abc", &changed)]), ok(CHANGE, "{}")]);
    let api = api(&replay);
    let live = there(&api).await;
    let told = drift(&api, &Inputs::default(), &live);
    assert_eq!(told, ["execute-api endpoint: disabled → enabled", "addresses: ipv4 → dualstack"]);
    api.update(&Inputs::default(), &live, &Progress::silent()).await.expect("repaired");
    let sent = replay.sent().pop().expect("a call");
    assert!(sent.contains("\"disableExecuteApiEndpoint\":false"), "{sent}");
    assert!(sent.contains("\"ipAddressType\":\"dualstack\""), "{sent}");
    replay.is_over();
}
