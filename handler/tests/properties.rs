//! Whatever a client sends is answered, and never with a 5xx.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use handler::{
    caller::UserId,
    memory::Memory,
    query::Query,
    request::{Body, Request},
    response::Response,
    routes::handle,
    token,
    values::ItemId,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn answer(store: &Memory, request: &Request) -> Response {
    let runtime =
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime needs nothing");
    runtime.block_on(handle(store, request))
}

fn user(name: &str) -> UserId {
    let request = Request { query: format!("userId={}", escaped(name)), ..Request::default() };
    request.user().expect("it is short")
}

fn document(response: &Response) -> Value {
    serde_json::from_str(&response.body).expect("every answer is JSON")
}

fn escaped(bytes: impl AsRef<[u8]>) -> String {
    let escapes = bytes.as_ref().iter().map(|byte| format!("%{byte:02X}"));
    escapes.collect::<Vec<_>>().concat()
}

fn parameter() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("userId".to_owned()),
        Just("itemId".to_owned()),
        Just("limit".to_owned()),
        Just("nextToken".to_owned()),
        ".{0,8}",
    ];
    let value = prop_oneof![
        ".{0,20}",
        "[0-9]{0,5}",
        "[A-Za-z0-9_-]{0,60}",
        any::<String>().prop_map(escaped),
        prop::collection::vec(any::<u8>(), 0..8).prop_map(escaped),
    ];
    (name, value).prop_map(|(name, value)| format!("{name}={value}"))
}

fn query() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        prop::collection::vec(parameter(), 0..5).prop_map(|parameters| parameters.join("&")),
        parameter().prop_map(|parameter| format!("userId=u&itemId=i&{parameter}")),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        any::<String>().prop_map(Body::Text),
        any::<String>().prop_map(Body::Base64),
        prop::collection::vec(any::<u8>(), 0..40)
            .prop_map(|bytes| Body::Base64(STANDARD.encode(bytes))),
        any_json().prop_map(|value| Body::Text(value.to_string())),
        (any_json(), any_json()).prop_map(|(title, status)| Body::Text(
            json!({"title": title, "status": status}).to_string()
        )),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let method = prop_oneof![
        Just("GET".to_owned()),
        Just("POST".to_owned()),
        Just("PATCH".to_owned()),
        Just("DELETE".to_owned()),
        any::<String>(),
    ];
    let path = prop_oneof![9 => Just("/".to_owned()), 1 => any::<String>()];
    (method, path, query(), body()).prop_map(|(method, path, query, body)| Request {
        method,
        path,
        query,
        body,
        ..Request::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_is_sent_is_answered_with_json_and_without_a_5xx(requests in prop::collection::vec(request(), 1..4)) {
        let store = Memory::default();
        for request in requests {
            let response = answer(&store, &request);
            let document = document(&response);
            prop_assert!((200..500).contains(&response.status_code), "{response:?}");
            prop_assert_eq!(response.status_code >= 400, document["error"].is_string());
            prop_assert_eq!(response.headers["content-type"].as_str(), "application/json");
            prop_assert!(response.headers.contains_key("x-function-version"));
        }
    }

    #[test]
    fn any_user_and_any_title_come_back_as_they_were_sent(user in ".{1,200}", title in ".*") {
        prop_assume!(!title.trim().is_empty());
        let store = Memory::default();
        let mut request = Request {
            method: "POST".into(),
            path: "/".into(),
            query: format!("userId={}", escaped(&user)),
            body: Body::Text(json!({"title": title}).to_string()),
            ..Request::default()
        };
        let created = answer(&store, &request);
        prop_assert_eq!(created.status_code, 201);
        request.method = "GET".into();
        let listed = document(&answer(&store, &request));
        prop_assert_eq!(&listed["items"], &json!([document(&created)]));
        prop_assert_eq!(&listed["items"][0]["userId"], &json!(user));
        prop_assert_eq!(&listed["items"][0]["title"], &json!(title));
    }

    #[test]
    fn any_text_survives_a_query_string(name in ".{1,20}", value in ".*") {
        let raw = format!("{}={}", escaped(&name), escaped(&value));
        let query = Query::parse(&raw).expect("every byte is escaped");
        prop_assert_eq!(query.get(&name), Ok(Some(value.as_str())));
    }

    #[test]
    fn a_token_opens_for_its_user_and_for_no_other(user in ".{1,50}", other in ".{1,50}", item in ".{1,50}") {
        prop_assume!(user != other);
        let (user, other) = (self::user(&user), self::user(&other));
        let token = token::seal(&user, &item);
        prop_assert_eq!(token::open(&user, &token), ItemId::new(item));
        prop_assert!(token::open(&other, &token).is_err());
    }

    #[test]
    fn a_text_that_we_did_not_make_is_no_token(text in prop_oneof![".*", "[A-Za-z0-9_-]*"]) {
        let user = user("alice");
        prop_assert_eq!(token::open(&user, &text).map_err(|refusal| refusal.status), Err(400));
    }

    #[test]
    fn pages_of_any_size_give_every_item_once(count in 0_usize..12, limit in 1_usize..5) {
        let store = Memory::default();
        let mut request = Request {
            method: "POST".into(),
            path: "/".into(),
            query: "userId=alice".into(),
            body: Body::Text(r#"{"title":"Tea"}"#.into()),
            ..Request::default()
        };
        let created: Vec<_> = (0..count).map(|_| document(&answer(&store, &request))).collect();
        request.method = "GET".into();
        request.query = format!("userId=alice&limit={limit}");
        let mut listed = Vec::new();
        loop {
            let page = document(&answer(&store, &request));
            let items = page["items"].as_array().expect("a list has items");
            prop_assert!(items.len() <= limit);
            listed.extend(items.clone());
            let Some(token) = page["nextToken"].as_str() else { break };
            prop_assert_eq!(items.len(), limit);
            request.query = format!("userId=alice&limit={limit}&nextToken={token}");
        }
        prop_assert_eq!(listed, created);
    }
}
