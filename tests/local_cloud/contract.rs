//! The handler's contract, replayed through the URL of a stack.

use handler::contract;
use handler::request::{Body, Request};
use handler::response;

use crate::support::{Stack, request};

/// The origin of the default configuration.
const FRONTEND: &str = "http://localhost:5173";

#[tokio::test]
async fn every_promise_of_the_contract_is_kept_through_the_url() {
    let stack = Stack::new("contract");
    let outputs = stack.up();
    let url = outputs["api_url"].as_str().expect("the address of the API");
    let cases = contract::cases().into_iter().filter(|case| !case.gateway);
    let failures = contract::replay(cases, "url", async |request| send(url, request)).await;
    let failures: Vec<_> = failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    stack.teardown();
}

/// What the handler answers to a request that went over the wire. The headers of CORS come exactly once.
fn send(url: &str, wanted: &Request) -> response::Response {
    let kind = match &wanted.body {
        Body::Text(_) => "application/json",
        Body::Base64(_) => "application/octet-stream",
    };
    let bytes = wanted.body.bytes().expect("the contract is base64");
    let url = format!("{url}{}?{}", wanted.path, wanted.query);
    let headers = [("content-type", kind), ("origin", FRONTEND)];
    let answer = request(&wanted.method, &url, &headers, bytes);
    assert_eq!(answer.header("access-control-allow-origin"), [FRONTEND], "{answer:?}");
    response::Response {
        status_code: answer.status,
        headers: answer.headers.into_iter().collect(),
        body: answer.body,
        cause: None,
    }
}
