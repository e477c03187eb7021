use serde_json::{Value, json};

use super::*;
use crate::cloud::replay::{Exchange, Replay, lost, ok, refused, together};
use crate::resources::authorizer::LiveAuthorizer;
use crate::resources::fixture::{
    self, FUNCTION, config, drift, is_absent, tags as our_tags, there,
};
use crate::resources::{Authorizer, LiveApi, Trust};
use engine::Graph;
use engine::error::Kind;

const INTEGRATIONS: &str = "/v2/apis/abc/integrations";
const ROUTES: &str = "/v2/apis/abc/routes";
const STAGES: &str = "/v2/apis/abc/stages";

/// The routes with what they need to know of their API.
fn routes(replay: &Replay) -> (Routes, Inputs) {
    let (cloud, config, mut graph) = (replay.cloud(), config(), Graph::default());
    let api = graph.add(Api::new(&cloud, &config));
    let target =
        RouteTarget { function: "app-api".into(), keys: vec!["GET /".into()], public: Vec::new() };
    let routes = Routes::new(&cloud, &config, vec![target], api);
    (routes, Inputs::default().with(api, LiveApi::at("abc")))
}

fn api() -> Exchange {
    ok("GET /v2/apis", json!({"items": [{"apiId": "abc", "name": "app", "tags": our_tags()}]}))
}

/// An integration with all that AWS fills in.
fn integration(id: &str) -> Value {
    json!({
        "integrationId": id,
        "integrationType": "AWS_PROXY",
        "integrationMethod": "POST",
        "integrationUri": format!("{FUNCTION}:live"),
        "payloadFormatVersion": "2.0",
        "connectionType": "INTERNET",
        "timeoutInMillis": 30000,
    })
}

fn route(id: &str, key: &str, integration: &str) -> Value {
    json!({
        "routeId": id,
        "routeKey": key,
        "target": format!("integrations/{integration}"),
        "authorizationType": "NONE",
        "apiKeyRequired": false,
    })
}

fn stage(changes: &Value) -> Value {
    let mut stage = json!({
        "stageName": "$default",
        "autoDeploy": true,
        "deploymentId": "d1",
        "lastDeploymentStatusMessage": "Successfully deployed stage with deployment ID 'd1'",
        "defaultRouteSettings": {"detailedMetricsEnabled": false},
        "stageVariables": {},
        "tags": our_tags(),
    });
    let members = stage.as_object_mut().expect("an object");
    members.extend(changes.as_object().expect("an object").clone());
    stage
}

fn get(path: &str, items: &[Value]) -> Exchange {
    ok(format!("GET {path}"), json!({"items": items}))
}

fn look(integrations: &[Value], routes: &[Value], stages: &[Value]) -> Exchange {
    together([get(INTEGRATIONS, integrations), get(ROUTES, routes), get(STAGES, stages)])
}

fn as_wanted() -> Exchange {
    look(&[integration("i1")], &[route("r1", "GET /", "i1")], &[stage(&json!({}))])
}

fn post(path: &str, answer: &Value) -> Exchange {
    ok(format!("POST {path}"), answer)
}

fn made() -> [Exchange; 3] {
    [post(INTEGRATIONS, &integration("i1")), post(ROUTES, &json!({})), post(STAGES, &json!({}))]
}

fn conflict(expects: String, message: &str) -> Exchange {
    refused(expects, 409, "ConflictException", message)
}

async fn repaired(replay: &Replay, expected: &[&str]) {
    let (routes, inputs) = routes(replay);
    let live = there(&routes).await;
    assert_eq!(drift(&routes, &inputs, &live), expected);
    let progress = Progress::silent();
    Box::pin(routes.update(&inputs, &live, &progress)).await.expect("repaired");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none() {
    let replay = Replay::new([ok("GET /v2/apis", json!({"items": []}))]);
    is_absent(&routes(&replay).0).await;
}

#[tokio::test(start_paused = true)]
async fn they_are_made_one_after_another_and_then_nothing_differs() {
    let [first, second, third] = made();
    let replay = Replay::new([first, second, third, as_wanted(), api(), as_wanted()]);
    let (routes, inputs) = routes(&replay);
    routes.create(&inputs, &Progress::silent()).await.expect("made");
    let sent = replay.sent();
    assert!(sent[0].contains(&format!("\"integrationUri\":\"{FUNCTION}:live\"")));
    assert!(sent[0].contains("\"payloadFormatVersion\":\"2.0\""));
    assert!(!sent[2].contains("tags"), "a tagged stage takes a right of its own: {}", sent[2]);
    let live = there(&routes).await;
    assert!(drift(&routes, &inputs, &live).is_empty());
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn pages_are_read_to_the_end() {
    let page = |path: &str, item: Value| {
        ok(format!("GET {path}"), json!({"items": [item], "nextToken": "more"}))
    };
    let rest = |path: &str, items: &[Value]| get(&format!("{path}?nextToken=more"), items);
    let other = json!({"stageName": "other"});
    let replay = Replay::new([
        api(),
        together([
            rest(INTEGRATIONS, &[integration("i2")]),
            rest(ROUTES, &[route("r2", "GET /x", "i1")]),
            rest(STAGES, &[stage(&json!({}))]),
            page(INTEGRATIONS, integration("i1")),
            page(ROUTES, route("r1", "GET /", "i1")),
            page(STAGES, other),
        ]),
    ]);
    let (routes, inputs) = routes(&replay);
    let live = there(&routes).await;
    assert_eq!(
        drift(&routes, &inputs, &live),
        ["integrations: 2 → 1", "route GET /x: there → none"]
    );
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn another_change_and_too_many_calls_are_outlasted() {
    let message =
        "Unable to complete operation due to concurrent modification. Please try again later.";
    let throttled = refused(
        format!("POST {INTEGRATIONS}"),
        429,
        "TooManyRequestsException",
        "Too Many Requests",
    );
    let [first, second, third] = made();
    let mut script = vec![throttled; 10];
    script.extend([
        first,
        conflict(format!("POST {ROUTES}"), message),
        second,
        together([conflict(format!("POST {STAGES}"), message), third, as_wanted()]),
    ]);
    let replay = Replay::new(script);
    let (routes, inputs) = routes(&replay);
    routes.create(&inputs, &Progress::silent()).await.expect("made");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn an_integration_is_sent_once_because_a_second_call_would_make_a_second_one() {
    let replay = Replay::new([lost(format!("POST {INTEGRATIONS}"))]);
    let (routes, inputs) = routes(&replay);
    let error = routes.create(&inputs, &Progress::silent()).await.expect_err("not answered");
    assert_eq!(error.kind, Kind::Unanswered);
    assert_eq!(replay.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_makes_at_the_same_moment_is_pointed_and_not_doubled() {
    let exists = "Route with key GET / already exists for this API";
    let replay = Replay::new([
        post(INTEGRATIONS, &integration("i2")),
        conflict(format!("POST {ROUTES}"), exists),
        get(ROUTES, &[route("r1", "GET /", "i1")]),
        ok(format!("PATCH {ROUTES}/r1"), json!({})),
        conflict(format!("POST {STAGES}"), "Stage already exists"),
        ok(format!("PATCH {STAGES}/%24default"), json!({})),
        look(
            &[integration("i1"), integration("i2")],
            &[route("r1", "GET /", "i2")],
            &[stage(&json!({}))],
        ),
        ok(format!("PATCH {ROUTES}/r1"), json!({})),
        ok(format!("DELETE {INTEGRATIONS}/i2"), ""),
    ]);
    let (routes, inputs) = routes(&replay);
    routes.create(&inputs, &Progress::silent()).await.expect("made");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_integration_another_one_has_deleted_leaves_no_route_with_it() {
    let replay = Replay::new([
        post(INTEGRATIONS, &integration("i2")),
        post(ROUTES, &json!({})),
        post(STAGES, &json!({})),
        look(&[integration("i1")], &[route("r1", "GET /", "i2")], &[stage(&json!({}))]),
        ok(format!("PATCH {ROUTES}/r1"), json!({})),
    ]);
    let (routes, inputs) = routes(&replay);
    routes.create(&inputs, &Progress::silent()).await.expect("made");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn the_long_form_of_the_uri_is_the_same_integration() {
    let mut long = integration("i1");
    long["integrationUri"] = format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}:live/invocations"
    )
    .into();
    let replay =
        Replay::new([api(), look(&[long], &[route("r1", "GET /", "i1")], &[stage(&json!({}))])]);
    let (routes, inputs) = routes(&replay);
    let live = there(&routes).await;
    assert!(drift(&routes, &inputs, &live).is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_duplicates_the_one_that_the_routes_use_stays() {
    let replay = Replay::new([
        api(),
        look(
            &[integration("i1"), integration("i2"), integration("i3")],
            &[route("r1", "GET /", "i2")],
            &[stage(&json!({}))],
        ),
        ok(format!("DELETE {INTEGRATIONS}/i1"), ""),
        refused(
            format!("DELETE {INTEGRATIONS}/i3"),
            404,
            "NotFoundException",
            "Invalid Integration identifier",
        ),
    ]);
    repaired(&replay, &["integrations: 3 → 1"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_integration_with_something_else_is_replaced_after_the_routes_have_left_it() {
    let mut other = integration("i1");
    other["integrationUri"] = "https://example.com".into();
    let replay = Replay::new([
        api(),
        look(&[other], &[route("r1", "GET /", "i1")], &[stage(&json!({}))]),
        post(INTEGRATIONS, &integration("i2")),
        ok(format!("PATCH {ROUTES}/r1"), json!({})),
        ok(format!("DELETE {INTEGRATIONS}/i1"), ""),
        look(&[integration("i2")], &[route("r1", "GET /", "i2")], &[stage(&json!({}))]),
    ]);
    repaired(&replay, &[&format!("integration: https://example.com → {FUNCTION}:live")]).await;
}

#[tokio::test(start_paused = true)]
async fn every_property_of_the_integration_is_compared_and_repaired_in_one_call() {
    let mut drifted = integration("i1");
    drifted["payloadFormatVersion"] = "1.0".into();
    drifted["integrationMethod"] = "GET".into();
    drifted["integrationType"] = "HTTP_PROXY".into();
    let replay = Replay::new([
        api(),
        look(&[drifted], &[route("r1", "GET /", "i1")], &[stage(&json!({}))]),
        ok(format!("PATCH {INTEGRATIONS}/i1"), json!({})),
    ]);
    repaired(
        &replay,
        &[
            "integration type: HTTP_PROXY → AWS_PROXY",
            "integration method: GET → POST",
            "payload format: 1.0 → 2.0",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn routes_are_made_opened_and_removed_until_they_are_the_handlers() {
    let mut closed = route("r1", "GET /", "i1");
    closed["authorizationType"] = "AWS_IAM".into();
    let replay = Replay::new([
        api(),
        look(
            &[integration("i1")],
            &[
                route("r2", "ANY /", "i1"),
                route("r3", "$default", "i1"),
                route("r4", "OPTIONS /", "i1"),
                closed,
            ],
            &[stage(&json!({}))],
        ),
        ok(format!("PATCH {ROUTES}/r1"), json!({})),
        ok(format!("DELETE {ROUTES}/r2"), ""),
        refused(
            format!("DELETE {ROUTES}/r3"),
            404,
            "NotFoundException",
            "Invalid Route identifier",
        ),
        ok(format!("DELETE {ROUTES}/r4"), ""),
    ]);
    repaired(
        &replay,
        &[
            "route GET /: needs authorization → open",
            "route ANY /: there → none",
            "route $default: there → none",
            "route OPTIONS /: there → none",
        ],
    )
    .await;
}

/// The routes behind an authorizer, of which one is public.
fn guarded(replay: &Replay) -> (Routes, Inputs) {
    let (cloud, config, mut graph) = (replay.cloud(), config(), Graph::default());
    let api = graph.add(Api::new(&cloud, &config));
    let issuer = "https://a.example/".to_owned();
    let trust = Trust::Given { issuer, audience: vec!["api".into()] };
    let authorizer = graph.add(Authorizer::new(&cloud, &config, trust, api));
    let keys = vec!["GET /".into(), "GET /health".into()];
    let public = vec!["GET /health".into()];
    let target = RouteTarget { function: "app-api".into(), keys, public };
    let routes = Routes::new(&cloud, &config, vec![target], api);
    let routes = routes.behind(authorizer, &["read".to_owned()]);
    let inputs = Inputs::default().with(api, LiveApi::at("abc"));
    (routes, inputs.with(authorizer, LiveAuthorizer::at("z1")))
}

fn checked(id: &str, key: &str, authorizer: &str, scopes: &[&str]) -> Value {
    let mut route = route(id, key, "i1");
    route["authorizationType"] = "JWT".into();
    route["authorizerId"] = authorizer.into();
    route["authorizationScopes"] = scopes.into();
    route
}

#[tokio::test(start_paused = true)]
async fn a_route_is_made_with_its_token_and_never_open_first() {
    let (first, last) = (post(INTEGRATIONS, &integration("i1")), post(STAGES, &json!({})));
    let routes = [post(ROUTES, &json!({})), post(ROUTES, &json!({}))];
    let made = [checked("r1", "GET /", "z1", &["read"]), route("r2", "GET /health", "i1")];
    let staged = [last, look(&[integration("i1")], &made, &[])];
    let replay = Replay::new([first, together(routes), together(staged)]);
    let (routes, inputs) = guarded(&replay);
    Box::pin(routes.create(&inputs, &Progress::silent())).await.expect("made");
    let sent = replay.sent();
    let of = |key: &str| {
        let made = |call: &&String| call.contains(&format!("\"routeKey\":\"{key}\""));
        sent.iter().find(made).expect("it was made").clone()
    };
    let closed = of("GET /");
    for part in ["\"authorizationType\":\"JWT\"", "\"authorizerId\":\"z1\"", "[\"read\"]"] {
        assert!(closed.contains(part), "{closed}");
    }
    assert!(!of("GET /health").contains("authoriz"), "{}", of("GET /health"));
}

#[tokio::test(start_paused = true)]
async fn what_lets_everybody_in_is_told_as_that_and_closed_first() {
    let replay = Replay::new([
        api(),
        look(
            &[integration("i1")],
            &[
                route("r1", "GET /", "i1"),
                checked("r2", "GET /health", "z1", &["read"]),
                route("r3", "POST /", "i1"),
            ],
            &[stage(&json!({}))],
        ),
        ok(format!("DELETE {ROUTES}/r3"), ""),
        together([
            ok(format!("PATCH {ROUTES}/r1"), json!({})),
            ok(format!("PATCH {ROUTES}/r2"), json!({})),
        ]),
    ]);
    let (routes, inputs) = guarded(&replay);
    let live = there(&routes).await;
    let differences = routes.diff(&inputs, &live);
    let told: Vec<(String, bool, bool)> = differences
        .iter()
        .map(|one| (one.to_string(), one.exposes, one.refusal.is_some()))
        .collect();
    let line = |text: &str, exposes| (text.to_owned(), exposes, false);
    assert_eq!(
        told,
        [
            line("route GET /: open to everybody → needs a token", true),
            line("route GET /health: needs a token → PUBLIC: open to everybody", false),
            line("route POST /: there, open to everybody → none", true),
        ]
    );
    let progress = Progress::silent();
    Box::pin(routes.update(&inputs, &live, &progress)).await.expect("repaired");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn another_authorizer_or_another_scope_is_a_difference_of_security() {
    for (authorizer, scopes, told) in [
        ("z1", &["read"][..], None),
        ("z2", &["read"], Some("checked by authorizer z2 → by z1")),
        ("z1", &[], Some("any scope → read")),
        ("z1", &["write"], Some("write → read")),
    ] {
        let routes = [checked("r1", "GET /", authorizer, scopes), route("r2", "GET /health", "i1")];
        let look = look(&[integration("i1")], &routes, &[stage(&json!({}))]);
        let replay = Replay::new([api(), look]);
        let (routes, inputs) = guarded(&replay);
        let live = there(&routes).await;
        let told: Vec<String> =
            told.into_iter().map(|told| format!("route GET /: {told}")).collect();
        assert_eq!(drift(&routes, &inputs, &live), told);
        assert!(routes.diff(&inputs, &live).iter().all(|one| one.exposes));
    }
}

#[tokio::test(start_paused = true)]
async fn without_auth_a_route_opens_only_when_that_is_said() {
    let closed = || {
        let routes = [checked("r1", "GET /", "z1", &[])];
        look(&[integration("i1")], &routes, &[stage(&json!({}))])
    };
    let replay = Replay::new([api(), closed()]);
    let (kept, inputs) = routes(&replay);
    let live = there(&kept).await;
    let refused = &kept.diff(&inputs, &live)[0];
    assert!(refused.loses);
    assert!(refused.refusal.as_ref().is_some_and(|way| way.contains("--make-public")));

    let replay = Replay::new([
        api(),
        closed(),
        ok(format!("PATCH {ROUTES}/r1"), json!({})),
        ok("DELETE /v2/apis/abc/authorizers/z1", ""),
    ]);
    let (opening, inputs) = routes(&replay);
    let opening = opening.opening(true);
    let live = there(&opening).await;
    let opened = &opening.diff(&inputs, &live)[0];
    assert!(opened.loses && opened.refusal.is_none());
    let progress = Progress::silent();
    Box::pin(opening.update(&inputs, &live, &progress)).await.expect("opened");
    let sent = replay.sent();
    let patch = sent.iter().find(|call| call.contains("PATCH")).expect("it was changed");
    for part in
        ["\"authorizationType\":\"NONE\"", "\"authorizerId\":\"\"", "\"authorizationScopes\":[]"]
    {
        assert!(patch.contains(part), "{patch}");
    }
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_missing_route_and_a_missing_stage_are_made() {
    let replay = Replay::new([
        api(),
        look(&[integration("i1")], &[], &[]),
        post(ROUTES, &json!({})),
        post(STAGES, &json!({})),
    ]);
    repaired(&replay, &["route GET /: none → there", "stage $default: none → there"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_route_for_any_method_goes_after_the_others_were_made() {
    let replay = Replay::new([
        api(),
        look(&[integration("i1")], &[route("r1", "ANY /", "i1")], &[stage(&json!({}))]),
        post(ROUTES, &json!({})),
        ok(format!("DELETE {ROUTES}/r1"), ""),
    ]);
    repaired(&replay, &["route GET /: none → there", "route ANY /: there → none"]).await;
}

#[tokio::test(start_paused = true)]
async fn the_stage_deploys_by_itself_and_tells_of_failures() {
    let drifted = stage(&json!({
        "autoDeploy": false,
        "lastDeploymentStatusMessage": "Deployment attempt failed: no routes",
        "tags": {},
    }));
    let replay = Replay::new([
        api(),
        look(&[integration("i1")], &[route("r1", "GET /", "i1")], &[drifted]),
        ok(format!("PATCH {STAGES}/%24default"), json!({})),
    ]);
    repaired(
        &replay,
        &[
            "stage auto-deploy: false → true",
            "stage deployment: Deployment attempt failed: no routes → deployed",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_api_that_goes_while_it_is_read_has_nothing_in_it() {
    let gone = |path: &str| {
        refused(format!("GET {path}"), 404, "NotFoundException", "Invalid API identifier")
    };
    let replay = Replay::new([api(), together([gone(INTEGRATIONS), gone(ROUTES), gone(STAGES)])]);
    let (routes, inputs) = routes(&replay);
    let live = there(&routes).await;
    assert_eq!(drift(&routes, &inputs, &live).len(), 3);
}

fn to(keys: &[String]) -> RouteTarget {
    RouteTarget { function: "app-api".into(), keys: keys.to_vec(), public: Vec::new() }
}

#[tokio::test(start_paused = true)]
async fn the_stage_carries_the_tags_of_the_file_and_they_are_put_back() {
    let tags = |team: &str| json!({"team": team, "by": "hand"});
    let at = "/v2/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2Fabc%2Fstages%2F%24default";
    let replay = Replay::new([
        api(),
        look(&[integration("i1")], &[route("r1", "GET /", "i1")], &[stage(&json!({"tags": {}}))]),
        ok(format!("GET {at}"), json!({"tags": tags("other")})),
        ok(format!("POST {at}"), json!({})),
    ]);
    let (cloud, mut graph) = (replay.cloud(), Graph::default());
    let config = fixture::with("tags.team = \"shop\"");
    let api = graph.add(Api::new(&cloud, &config));
    let routes = Routes::new(&cloud, &config, vec![to(&["GET /".into()])], api);
    let inputs = Inputs::default().with(api, LiveApi::at("abc"));
    let live = there(&routes).await;
    assert_eq!(drift(&routes, &inputs, &live), ["stage tag team: other → shop"]);
    let progress = Progress::silent();
    Box::pin(routes.update(&inputs, &live, &progress)).await.expect("repaired");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn routes_are_made_at_once_and_one_that_meets_another_is_sent_again() {
    let keys = ["DELETE /", "GET /", "PATCH /", "POST /", "PUT /"].map(str::to_owned);
    let sent = |key: &str| format!("\"routeKey\":\"{key}\"");
    let made = |key: &str| ok(sent(key), json!({}));
    let all: Vec<Value> =
        keys.iter().enumerate().map(|(at, key)| route(&format!("r{at}"), key, "i1")).collect();
    let busy =
        "Unable to complete operation due to concurrent modification. Please try again later.";
    let replay = Replay::new([
        post(INTEGRATIONS, &integration("i1")),
        together([
            made("DELETE /"),
            conflict(sent("GET /"), busy),
            made("PATCH /"),
            made("POST /"),
        ]),
        made("GET /"),
        made("PUT /"),
        together([
            post(STAGES, &json!({})),
            get(INTEGRATIONS, &[integration("i1")]),
            get(ROUTES, &all),
            get(STAGES, &[]),
        ]),
    ]);
    let (cloud, config, mut graph) = (replay.cloud(), config(), Graph::default());
    let api = graph.add(Api::new(&cloud, &config));
    let routes = Routes::new(&cloud, &config, vec![to(&keys)], api);
    let inputs = Inputs::default().with(api, LiveApi::at("abc"));
    Box::pin(routes.create(&inputs, &Progress::silent())).await.expect("made");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_a_quick_create_are_refused_and_a_stage_that_lets_nothing_through_is_told() {
    let mut managed = integration("i1");
    managed["apiGatewayManaged"] = json!(true);
    let closed = stage(&json!({"defaultRouteSettings": {"throttlingBurstLimit": 0}}));
    let replay = Replay::new([
        api(),
        look(&[managed], &[route("r1", "GET /", "i1")], &[stage(&json!({}))]),
        api(),
        look(&[integration("i1")], &[route("r1", "GET /", "i1")], &[closed]),
    ]);
    let (routes, inputs) = routes(&replay);
    let live = there(&routes).await;
    let differences = Resource::diff(&routes, &inputs, &live);
    assert!(differences[0].refusal.as_ref().is_some_and(|why| why.contains("quick create")));
    let live = there(&routes).await;
    let differences = Resource::diff(&routes, &inputs, &live);
    assert_eq!(differences.len(), 1);
    assert!(differences[0].left.is_some(), "{differences:?}");
    replay.is_over();
}
