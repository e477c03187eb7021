//! `openapi.json` says what the handler does: every route, every answer, every field, and no other.

mod schema;

use std::collections::BTreeSet;

use handler::{
    contract::{cases, replay},
    memory::Memory,
    query::Query,
    request::Request,
    response::Response,
    routes::{ROUTES, find, handle},
    values::{ITEM_BYTES, PARTITION_KEY_BYTES, SORT_KEY_BYTES},
};
use schema::{Others, check, resolved};
use serde_json::{Value, json};

fn document() -> Value {
    serde_json::from_str(include_str!("../../openapi.json")).expect("openapi.json is JSON")
}

/// Every request of the contract that takes a route, with its answer.
async fn exchanges() -> Vec<(Request, Response)> {
    let (store, mut exchanges) = (Memory::default(), Vec::new());
    let failures = replay(cases(), "openapi", async |request| {
        let response = handle(&store, request).await;
        exchanges.push((request.clone(), response.clone()));
        response
    })
    .await;
    assert_eq!(failures, []);
    exchanges.retain(|(request, _)| find(request).is_some());
    exchanges
}

/// The operation of the document that a request is one of.
fn operation<'a>(document: &'a Value, request: &Request) -> &'a Value {
    let path = find(request).expect("others were left out").path;
    &document["paths"][path][request.method.to_lowercase()]
}

fn body_schema(content: &Value) -> &Value {
    &content["content"]["application/json"]["schema"]
}

#[test]
fn the_routes_are_those_of_the_document() {
    let routes: BTreeSet<_> = ROUTES.iter().map(ToString::to_string).collect();
    let document = document();
    let paths = document["paths"].as_object().expect("paths").iter();
    let documented = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("the methods of a path").keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    assert_eq!(routes, documented.collect());
}

#[tokio::test]
async fn every_answer_is_as_documented() {
    let document = document();
    for (request, response) in exchanges().await {
        let told = format!("{} ?{:.80} {:.80?}", request.method, request.query, request.body);
        let status = response.status_code.to_string();
        let documented = resolved(&document, &operation(&document, &request)["responses"][status]);
        let body = serde_json::from_str(&response.body).expect("answers are JSON");
        assert!(documented.is_object(), "{told}: {} is not documented", response.status_code);
        assert_eq!(
            check(&document, body_schema(documented), &body, Others::Refused),
            Ok(()),
            "{told}"
        );
        for name in documented["headers"].as_object().expect("headers").keys() {
            assert!(response.headers.contains_key(name), "{told}: no {name}");
        }
    }
}

#[tokio::test]
async fn what_is_served_was_asked_as_documented() {
    let document = document();
    for (request, _) in exchanges().await.iter().filter(|(_, response)| response.status_code < 300)
    {
        let told = format!("{} ?{:.80}", request.method, request.query);
        let operation = operation(&document, request);
        let query = Query::parse(&request.query).expect("it was served");
        // An operation without parameters need not have the list.
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = resolved(&document, parameter);
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().expect("a parameter has a name");
            match query.get(name).expect("it was served") {
                Some(text) => {
                    let number = resolved(&document, &parameter["schema"])["type"] == "integer";
                    let value = if number { text.parse().expect("digits") } else { json!(text) };
                    let checked = check(&document, &parameter["schema"], &value, Others::Ignored);
                    assert_eq!(checked, Ok(()), "{told}: {name}");
                }
                None => assert_ne!(parameter["required"], true, "{told}: {name}"),
            }
        }
        if let Some(content) = operation.get("requestBody") {
            let bytes = request.body.bytes().expect("it was served");
            let body = serde_json::from_slice(&bytes).expect("it was served");
            assert_eq!(
                check(&document, body_schema(content), &body, Others::Ignored),
                Ok(()),
                "{told}"
            );
        }
    }
}

/// `x-calls` splits an operation into what a client calls by different names.
#[tokio::test]
async fn a_call_is_answered_as_it_says() {
    let document = document();
    let (mut named, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for (request, response) in exchanges().await {
        let query = Query::parse(&request.query);
        let given = |name: &Value| {
            let name = name.as_str().expect("names of parameters");
            query.as_ref().is_ok_and(|query| !matches!(query.get(name), Ok(None)))
        };
        let calls =
            operation(&document, &request)["x-calls"].as_array().cloned().unwrap_or_default();
        named.extend(calls.iter().map(|call| call["name"].to_string()));
        let is_this = |call: &&Value| {
            call["with"].as_array().into_iter().flatten().all(given)
                && !call["without"].as_array().into_iter().flatten().any(given)
        };
        let these: Vec<_> = calls.iter().filter(is_this).collect();
        assert!(these.len() <= 1, "{} is two calls", request.query);
        if let (Some(call), 200) = (these.first(), response.status_code) {
            let body = serde_json::from_str(&response.body).expect("answers are JSON");
            assert_eq!(check(&document, &call["answer"], &body, Others::Refused), Ok(()), "{call}");
            seen.insert(call["name"].to_string());
        }
    }
    assert_eq!(seen, named);
}

#[tokio::test]
async fn every_documented_answer_is_one_that_is_given() {
    let document = document();
    // A failing store and an id that comes twice need more than requests: see `failures.rs`.
    let elsewhere = ["409", "500", "default"];
    let mut documented = BTreeSet::new();
    for route in ROUTES {
        let responses = &document["paths"][route.path][route.method.to_lowercase()]["responses"];
        let statuses = responses.as_object().expect("responses").keys();
        let statuses = statuses.filter(|status| !elsewhere.contains(&status.as_str()));
        documented.extend(statuses.map(|status| format!("{route} {status}")));
    }
    let given = exchanges().await.into_iter().map(|(request, response)| {
        let route = find(&request).expect("others were left out");
        format!("{route} {}", response.status_code)
    });
    assert_eq!(documented, given.collect());
}

#[test]
fn the_limits_are_those_of_the_code() {
    let mut schemas = document()["components"]["schemas"].take();
    let limits =
        ["UserId", "ItemId", "Title", "Status"].map(|name| schemas[name]["maxLength"].take());
    assert_eq!(
        limits,
        [PARTITION_KEY_BYTES, SORT_KEY_BYTES, ITEM_BYTES, ITEM_BYTES].map(|bytes| json!(bytes))
    );
}
