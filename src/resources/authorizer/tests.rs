use serde_json::{Value, json};

use super::*;
use crate::cloud::replay::{Exchange, Replay, ok, refused};
use crate::resources::LiveApi;
use crate::resources::fixture::{config, drift, is_absent, tags as our_tags, there};
use engine::Graph;

const AUTHORIZERS: &str = "/v2/apis/abc/authorizers";

fn authorizer(replay: &Replay) -> (Authorizer, Inputs) {
    let (cloud, config, mut graph) = (replay.cloud(), config(), Graph::default());
    let api = graph.add(Api::new(&cloud, &config));
    let trust = Trust::Given { issuer: "https://a.example/".into(), audience: vec!["api".into()] };
    let authorizer = Authorizer::new(&cloud, &config, trust, api);
    (authorizer, Inputs::default().with(api, LiveApi::at("abc")))
}

fn api() -> Exchange {
    ok("GET /v2/apis", json!({"items": [{"apiId": "abc", "name": "app", "tags": our_tags()}]}))
}

/// With all that AWS and emulators fill in.
fn found(changes: &Value) -> Value {
    let mut found = json!({
        "authorizerId": "z1",
        "name": "app-users",
        "authorizerType": "JWT",
        "identitySource": ["$request.header.Authorization"],
        "jwtConfiguration": {"issuer": "https://a.example/", "audience": ["api"]},
        "authorizerPayloadFormatVersion": "2.0",
        "authorizerResultTtlInSeconds": 300,
        "enableSimpleResponses": false,
    });
    for (name, value) in changes.as_object().expect("an object") {
        found[name] = value.clone();
    }
    found
}

fn list(items: &[Value]) -> Exchange {
    ok(format!("GET {AUTHORIZERS}"), json!({"items": items}))
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none() {
    is_absent(&authorizer(&Replay::new([ok("GET /v2/apis", json!({"items": []}))])).0).await;
    let other = found(&json!({"name": "other"}));
    is_absent(&authorizer(&Replay::new([api(), list(&[other])])).0).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_create_nothing_differs() {
    let made = ok(format!("POST {AUTHORIZERS}"), found(&json!({})));
    let replay = Replay::new([made, api(), list(&[found(&json!({}))])]);
    let (authorizer, inputs) = authorizer(&replay);
    let made = authorizer.create(&inputs, &Progress::silent()).await.expect("made");
    assert!(drift(&authorizer, &inputs, &made).is_empty());
    let sent = replay.sent();
    assert!(sent[0].contains("\"issuer\":\"https://a.example/\""), "{}", sent[0]);
    assert!(!sent[0].contains("enableSimpleResponses"), "AWS refuses it: {}", sent[0]);
    let live = there(&authorizer).await;
    assert!(drift(&authorizer, &inputs, &live).is_empty());
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn every_difference_is_one_of_security_and_issuer_and_audience_are_sent_together() {
    for (changes, told) in [
        (
            json!({"jwtConfiguration": {"issuer": "https://a.example", "audience": ["api"]}}),
            "issuer: https://a.example → https://a.example/",
        ),
        (
            json!({"jwtConfiguration": {"issuer": "https://a.example/", "audience": ["api", "x"]}}),
            "audience: api, x → api",
        ),
        (
            json!({"identitySource": ["$request.querystring.token"]}),
            "identity source: $request.querystring.token → $request.header.Authorization",
        ),
    ] {
        let patch = ok(format!("PATCH {AUTHORIZERS}/z1"), found(&json!({})));
        let replay = Replay::new([api(), list(&[found(&changes)]), patch]);
        let (authorizer, inputs) = authorizer(&replay);
        let live = there(&authorizer).await;
        assert_eq!(drift(&authorizer, &inputs, &live), [told]);
        assert!(authorizer.diff(&inputs, &live).iter().all(|one| one.exposes));
        authorizer.update(&inputs, &live, &Progress::silent()).await.expect("changed");
        let sent = replay.sent();
        let sent = sent.last().expect("it was changed");
        assert!(sent.contains("\"audience\"") && sent.contains("\"issuer\""), "{sent}");
        replay.is_over();
    }
}

#[tokio::test(start_paused = true)]
async fn an_authorizer_of_another_type_is_left_to_the_user() {
    let replay = Replay::new([api(), list(&[found(&json!({"authorizerType": "REQUEST"}))])]);
    let (authorizer, inputs) = authorizer(&replay);
    let live = there(&authorizer).await;
    assert!(authorizer.diff(&inputs, &live)[0].refusal.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_not_known_yet_is_waited_for_and_a_second_of_the_name_is_found() {
    let refuse =
        |message: &str| refused(format!("POST {AUTHORIZERS}"), 400, "BadRequestException", message);
    let replay = Replay::new([
        refuse("Invalid issuer: https://a.example/. Issuer must have a valid discovery endpoint"),
        ok(format!("POST {AUTHORIZERS}"), found(&json!({}))),
    ]);
    let (one, inputs) = authorizer(&replay);
    one.create(&inputs, &Progress::silent()).await.expect("made");
    replay.is_over();

    let replay = Replay::new([refuse("Authorizer name must be unique")]);
    let (other, inputs) = authorizer(&replay);
    let error = other.create(&inputs, &Progress::silent()).await.expect_err("it is there");
    assert_eq!(error.kind, Kind::Exists);
}
