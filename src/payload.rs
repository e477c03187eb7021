//! A request as an HTTP API hands it to Lambda: payload format 2.0.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::time::{Duration, UNIX_EPOCH};

use aws_smithy_types::date_time::{DateTime, Format};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use verify::manifest::Route;

use crate::route_keys;

/// What a client would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// As it stands in a URL, without the `?`.
    pub query: &'a str,
    pub body: Option<&'a str>,
}

/// The event for `request`, received `now` after 1970, as it is when the API has these routes. What a request does not
/// have is left out.
pub fn event(request: &Request<'_>, routes: &[Route], now: Duration) -> Value {
    let (path, query) = split(request);
    let taken = route_keys::of_request(routes, request.method, path);
    let key = match &taken {
        Some((at, _)) => format!("{} {}", routes[*at].method, routes[*at].path),
        None => format!("{} {path}", request.method),
    };
    let time = DateTime::from(UNIX_EPOCH + now).fmt(Format::DateTime).unwrap_or_default();
    let mut headers = json!({"accept": "*/*", "user-agent": USER_AGENT});
    let mut event = json!({
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        "rawQueryString": query,
        "requestContext": {
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": USER_AGENT,
            },
            "requestId": format!("stackctl-{:x}", now.as_millis()),
            "routeKey": key,
            "stage": "$default",
            "time": time,
            "timeEpoch": u64::try_from(now.as_millis()).unwrap_or_default(),
        },
        "isBase64Encoded": false,
    });
    if let Some(body) = request.body {
        event["body"] = body.into();
        headers["content-type"] = "application/json".into();
        headers["content-length"] = body.len().to_string().into();
    }
    event["headers"] = headers;
    let values = taken.map(|(_, values)| values).unwrap_or_default();
    if !values.is_empty() {
        let decoded = |value: &String| percent_decode_str(value).decode_utf8_lossy().into_owned();
        event["pathParameters"] =
            values.iter().map(|(name, value)| (*name, json!(decoded(value)))).collect();
    }
    let parameters = parameters(query);
    if !parameters.is_empty() {
        event["queryStringParameters"] = parameters.into();
    }
    event
}

/// The same event as the gateway sends it with a verified token, whose `claim` is `user`.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>
pub fn verified(mut event: Value, claim: &str, user: &str) -> Value {
    let mut claims = Map::new();
    claims.insert("token_use".into(), "access".into());
    claims.insert(claim.into(), user.into());
    event["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims, "scopes": null}});
    event
}

/// What a verified event asks when it shall read and write nothing: a user beside the token is refused.
pub const REFUSED: &str = "userId=stackctl";

const USER_AGENT: &str = concat!("stackctl/", env!("CARGO_PKG_VERSION"));

/// A path may carry the query string, as in a URL.
fn split<'a>(request: &Request<'a>) -> (&'a str, &'a str) {
    match (request.path.split_once('?'), request.query.trim_start_matches('?')) {
        (Some((path, query)), "") => (path, query),
        (_, query) => (request.path, query),
    }
}

/// Decoded, and repeated ones joined by a comma, as the gateway does it.
fn parameters(query: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    let decoded =
        |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        let joined = match parameters.get(&name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value,
        };
        parameters.insert(name, joined.into());
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_788_000_001);

    fn request<'a>(path: &'a str, query: &'a str, body: Option<&'a str>) -> Value {
        event(&Request { method: "POST", path, query, body }, &[], NOW)
    }

    #[test]
    fn a_request_becomes_the_event_of_an_http_api() {
        let event = request("/", "userId=a%20b&tag=x&tag=y", Some("{}"));
        assert_eq!(event["version"], "2.0");
        assert_eq!(event["rawPath"], "/");
        assert_eq!(event["rawQueryString"], "userId=a%20b&tag=x&tag=y");
        assert_eq!(event["queryStringParameters"], json!({"userId": "a b", "tag": "x,y"}));
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
        assert_eq!(event["requestContext"]["timeEpoch"], 1_788_000_001_000_u64);
        assert_eq!(event["body"], "{}");
        assert_eq!(event["headers"]["content-type"], "application/json");
    }

    #[test]
    fn what_a_request_does_not_have_is_left_out() {
        let event = request("/", "", None);
        assert!(event.get("body").is_none());
        assert!(event.get("queryStringParameters").is_none());
        assert_eq!(event["rawQueryString"], "");
    }

    #[test]
    fn a_query_may_stand_in_the_path() {
        assert_eq!(request("/?userId=me", "", None)["rawQueryString"], "userId=me");
        assert_eq!(request("/", "?userId=me", None)["rawQueryString"], "userId=me");
    }

    #[test]
    fn the_handler_takes_it_as_a_request() {
        let event = request("/", "userId=me", Some("{\"title\":\"x\"}"));
        let event: handler::event::Event = serde_json::from_value(event).expect("an event");
        let request = event.into_request(&handler::caller::Users::Named);
        assert_eq!((request.method.as_str(), request.query.as_str()), ("POST", "userId=me"));
    }

    #[test]
    fn a_verified_user_reaches_the_handler_and_the_proof_reads_nothing() {
        use handler::caller::{Caller, Users};
        let event = verified(request("/", REFUSED, None), "uid", "alice");
        let event: handler::event::Event = serde_json::from_value(event).expect("an event");
        let request = event.into_request(&Users::Verified("uid".into()));
        assert!(matches!(request.caller, Caller::User(_)));
        let store = handler::memory::Memory::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let answer = runtime.block_on(handler::routes::handle(&store, &request));
        assert_eq!((answer.status_code, answer.cause), (400, None));
    }

    #[test]
    fn a_value_in_the_path_is_a_parameter_of_its_route() {
        let site = verify::manifest::Site { file: "routes.rs".into(), line: 1 };
        let route = |path: &str| Route {
            method: "GET".into(),
            path: path.into(),
            public: false,
            operations: Vec::new(),
            site: site.clone(),
        };
        let routes = [route("/items/{id}"), route("/files/{rest+}")];
        let event =
            |path| event(&Request { method: "GET", path, query: "", body: None }, &routes, NOW);
        let item = event("/items/a%20b");
        assert_eq!(
            (&item["routeKey"], &item["rawPath"]),
            (&json!("GET /items/{id}"), &json!("/items/a%20b"))
        );
        assert_eq!(item["requestContext"]["routeKey"], "GET /items/{id}");
        assert_eq!(item["pathParameters"], json!({"id": "a b"}));
        assert_eq!(event("/files/a/b")["pathParameters"], json!({"rest": "a/b"}));
        let other = event("/other");
        assert_eq!((&other["routeKey"], other.get("pathParameters")), (&json!("GET /other"), None));
    }
}
