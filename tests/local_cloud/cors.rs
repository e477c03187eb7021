//! What a browser is told, and how often.

use serde_json::Value;

use crate::support::{Response, Stack, request};

const FRONTEND: &str = "http://localhost:5173";
const STRANGER: &str = "http://localhost:9999";

#[test]
fn cors_headers_come_exactly_once_and_for_the_frontend_alone() {
    let stack = Stack::new("cors");
    let outputs = stack.up();

    for (query, status) in [("userId=u1", 200), ("", 400), ("userId=u1&itemId=none", 404)] {
        let answer = ask(&outputs, "GET", query, &[("origin", FRONTEND)]);
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), [FRONTEND], "{answer:?}");
    }
    for headers in [vec![("origin", STRANGER)], vec![]] {
        let answer = ask(&outputs, "GET", "userId=u1", &headers);
        assert_eq!(answer.header("access-control-allow-origin"), Vec::<&str>::new(), "{answer:?}");
    }

    let preflight = preflight(&outputs, FRONTEND);
    assert!([200, 204].contains(&preflight.status), "{preflight:?}");
    assert_eq!(preflight.header("access-control-allow-origin"), [FRONTEND]);
    assert_eq!(preflight.header("access-control-allow-headers"), ["content-type"]);
    assert_eq!(preflight.header("access-control-max-age"), ["300"]);
    let [methods] = preflight.header("access-control-allow-methods")[..] else {
        panic!("the methods must come once: {preflight:?}");
    };
    for method in ["GET", "POST", "PATCH", "DELETE"] {
        assert!(methods.contains(method), "{methods}");
    }
    let refused = self::preflight(&outputs, STRANGER);
    assert_eq!(refused.header("access-control-allow-origin"), Vec::<&str>::new(), "{refused:?}");
    stack.teardown();
}

#[test]
fn changed_cors_rules_are_in_force_after_the_next_up() {
    let stack = Stack::new("cors-change");
    stack.up();
    stack.configure("api.cors.allow_origins = [\"https://app.example.com\"]\napi.cors.allow_credentials = true\n");
    let outputs = stack.up();
    let answer = ask(&outputs, "GET", "userId=u1", &[("origin", "https://app.example.com")]);
    assert_eq!(answer.header("access-control-allow-origin"), ["https://app.example.com"]);
    assert_eq!(answer.header("access-control-allow-credentials"), ["true"]);
    let former = ask(&outputs, "GET", "userId=u1", &[("origin", FRONTEND)]);
    assert_eq!(former.header("access-control-allow-origin"), Vec::<&str>::new(), "{former:?}");
    stack.teardown();
}

fn ask(outputs: &Value, method: &str, query: &str, headers: &[(&str, &str)]) -> Response {
    let url = outputs["api_url"].as_str().expect("the address of the API");
    request(method, &format!("{url}/?{query}"), headers, "")
}

fn preflight(outputs: &Value, origin: &str) -> Response {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    ask(outputs, "OPTIONS", "userId=u1", &headers)
}
