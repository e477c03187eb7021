//! Where the API has users, each has items of their own and reaches those of nobody else.

use handler::{
    caller::{Caller, Users},
    event::Event,
    memory::Memory,
    response::Response,
    routes::{ROUTES, handle},
};
use serde_json::{Value, json};

/// What the gateway sends for a request with a verified token of `user`.
async fn asked(store: &Memory, user: &str, method: &str, query: &str, body: Value) -> Response {
    let event = json!({
        "rawPath": "/",
        "rawQueryString": query,
        "requestContext": {
            "http": {"method": method},
            "authorizer": {"jwt": {"claims": {"sub": user, "token_use": "access"}, "scopes": null}},
        },
        "body": if body.is_null() { Value::Null } else { body.to_string().into() },
    });
    let event: Event = serde_json::from_value(event).expect("it is an event");
    handle(store, &event.into_request(&Users::Verified("sub".into()))).await
}

fn document(response: &Response) -> Value {
    serde_json::from_str(&response.body).expect("answers are JSON")
}

async fn created(store: &Memory, user: &str, title: &str) -> Value {
    let response = asked(store, user, "POST", "", json!({"title": title})).await;
    assert_eq!(response.status_code, 201, "{}", response.body);
    document(&response)
}

#[tokio::test]
async fn an_item_belongs_to_the_verified_user() {
    let store = Memory::default();
    let item = created(&store, "alice", "Tea").await;
    assert_eq!(item["userId"], "alice");
    let listed = document(&asked(&store, "alice", "GET", "", json!(null)).await);
    assert_eq!(listed["items"], json!([item]));
    let listed = document(&asked(&store, "bob", "GET", "", json!(null)).await);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn an_item_of_another_user_is_as_if_it_were_not_there() {
    let store = Memory::default();
    let item = created(&store, "alice", "Tea").await;
    let query = format!("itemId={}", item["itemId"].as_str().expect("an id"));
    for (method, body) in [("GET", json!(null)), ("PATCH", json!({"status": "done"}))] {
        let response = asked(&store, "bob", method, &query, body).await;
        assert_eq!(
            (response.status_code, response.body.as_str()),
            (404, r#"{"error":"Item not found"}"#)
        );
    }
    let response = asked(&store, "bob", "DELETE", &query, json!(null)).await;
    assert_eq!(response.status_code, 200, "what is not there is gone");
    assert_eq!(document(&asked(&store, "alice", "GET", &query, json!(null)).await), item);
}

#[tokio::test]
async fn a_token_of_another_users_list_opens_nothing() {
    let store = Memory::default();
    for user in ["alice", "alice", "bob", "bob"] {
        created(&store, user, "Tea").await;
    }
    let page = document(&asked(&store, "alice", "GET", "limit=1", json!(null)).await);
    let query = format!("limit=1&nextToken={}", page["nextToken"].as_str().expect("there is more"));
    assert_eq!(asked(&store, "alice", "GET", &query, json!(null)).await.status_code, 200);
    assert_eq!(asked(&store, "bob", "GET", &query, json!(null)).await.status_code, 400);
}

#[tokio::test]
async fn nobody_names_a_user_beside_the_token() {
    let store = Memory::default();
    for route in ROUTES {
        for user in ["alice", "bob", ""] {
            let query = format!("itemId=item-1&userId={user}");
            let response = asked(&store, "bob", route.method, &query, json!({"title": "x"})).await;
            assert_eq!(response.status_code, 400, "{route}: {}", response.body);
            let body = json!({"title": "x", "userId": user});
            let response = asked(&store, "bob", route.method, "itemId=item-1", body).await;
            assert_eq!(response.status_code, 400, "{route}: {}", response.body);
        }
    }
    let listed = document(&asked(&store, "alice", "GET", "", json!(null)).await);
    assert_eq!(listed["items"], json!([]));
}

/// The gateway lets nobody through without a token. If its setting is lost, the function still does not answer.
#[tokio::test]
async fn without_claims_every_route_that_is_not_public_is_refused() {
    for route in ROUTES.iter().filter(|route| !route.public) {
        for claims in [json!(null), json!({}), json!({"sub": ""}), json!({"username": "alice"})] {
            let event = json!({
                "rawPath": route.path,
                "rawQueryString": "userId=alice&itemId=item-1",
                "requestContext": {
                    "http": {"method": route.method},
                    "authorizer": {"jwt": {"claims": claims}},
                },
            });
            let event: Event = serde_json::from_value(event).expect("it is an event");
            let request = event.into_request(&Users::Verified("sub".into()));
            assert!(matches!(request.caller, Caller::Nobody(_)));
            let response = handle(&Memory::default(), &request).await;
            assert_eq!(response.status_code, 401, "{route}");
            assert!(response.cause.is_some(), "{route}: it is an error in the log");
        }
    }
}
