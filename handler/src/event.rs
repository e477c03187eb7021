//! The event as API Gateway's HTTP API sends it (payload format 2.0): only what is used, and any of it may be missing or null.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Deserialize;
use serde_json::Value;

use crate::request::{Body, Request};

/// One request, as it reaches Lambda.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    route_key: Option<String>,
    /// Decoded by the gateway.
    path_parameters: Option<BTreeMap<String, String>>,
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    /// Of an event that was written by hand: API Gateway always sends the raw form too.
    query_string_parameters: Option<Value>,
    request_context: Option<RequestContext>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
struct RequestContext {
    http: Option<Http>,
}

#[derive(Debug, Default, Deserialize)]
struct Http {
    method: Option<String>,
}

impl From<Event> for Request {
    fn from(event: Event) -> Self {
        let http = event.request_context.unwrap_or_default().http;
        let body = event.body.unwrap_or_default();
        Self {
            method: http.unwrap_or_default().method.unwrap_or_default(),
            path: event.raw_path.filter(|path| !path.is_empty()).unwrap_or_else(|| "/".into()),
            route_key: event.route_key.unwrap_or_default(),
            parameters: event.path_parameters.unwrap_or_default(),
            query: event.raw_query_string.unwrap_or_else(|| {
                event.query_string_parameters.map(|parameters| raw(&parameters)).unwrap_or_default()
            }),
            body: match event.is_base64_encoded {
                Some(true) => Body::Base64(body),
                _ => Body::Text(body),
            },
        }
    }
}

/// The parameters as they would stand in a URL.
fn raw(parameters: &Value) -> String {
    let pairs = parameters.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let value = value.as_str()?;
        Some(encoded(name) + "=" + &encoded(value))
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(event: serde_json::Value) -> Request {
        serde_json::from_value::<Event>(event).expect("the event is taken as it is").into()
    }

    #[test]
    fn the_event_of_an_http_api_becomes_a_request() {
        let request = request(json!({
            "version": "2.0",
            "routeKey": "ANY /{list}",
            "pathParameters": {"list": "a b"},
            "rawPath": "/a b",
            "rawQueryString": "userId=a%20b",
            "headers": {"content-type": "application/json"},
            "queryStringParameters": {"userId": "a b"},
            "requestContext": {"http": {"method": "POST", "path": "/"}, "stage": "$default"},
            "body": "{}",
            "isBase64Encoded": false,
        }));
        assert_eq!(
            request,
            Request {
                method: "POST".into(),
                path: "/a b".into(),
                route_key: "ANY /{list}".into(),
                parameters: [("list".into(), "a b".into())].into(),
                query: "userId=a%20b".into(),
                body: Body::Text("{}".into()),
            }
        );
    }

    #[test]
    fn absent_and_null_parts_are_empty() {
        let empty = request(json!({}));
        assert_eq!(empty.path, "/");
        assert_eq!(empty.method, "");
        assert_eq!(request(json!({"rawPath": ""})), empty);
        assert_eq!(
            request(json!({
                "rawPath": null, "rawQueryString": null, "requestContext": {"http": null}, "body": null,
                "isBase64Encoded": null, "pathParameters": null,
            })),
            empty
        );
    }

    #[test]
    fn an_event_written_by_hand_may_have_its_parameters_parsed() {
        let parameters = json!({"userId": "a b&c=é", "limit": "5"});
        let by_hand = request(json!({"queryStringParameters": parameters}));
        assert_eq!(by_hand.query, "limit=5&userId=a%20b%26c%3D%C3%A9");
        let both = json!({"queryStringParameters": parameters, "rawQueryString": "userId=x"});
        assert_eq!(request(both).query, "userId=x");
        assert_eq!(request(json!({"queryStringParameters": null})).query, "");
    }

    #[test]
    fn a_body_that_is_said_to_be_base64_is_kept_as_such() {
        let request = request(json!({"body": "e30=", "isBase64Encoded": true}));
        assert_eq!(request.body, Body::Base64("e30=".into()));
    }
}
