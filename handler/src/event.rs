//! The event as API Gateway's HTTP API sends it (payload format 2.0): only what is used, and any of it may be missing or null.

use std::{collections::BTreeMap, fmt, fmt::Write as _};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use crate::{
    caller::{Caller, Claims, Users},
    request::{Body, Request},
};

/// One event, as it reaches Lambda: a request of the HTTP API, or something else.
#[derive(Debug, Default)]
pub struct Event(Parts);

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts {
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
    /// Of payload format 1.0, and of load balancers.
    http_method: Option<IgnoredAny>,
    /// Of queues, streams and buckets.
    #[serde(rename = "Records")]
    records: Option<IgnoredAny>,
    /// It is no object at all.
    #[serde(skip)]
    is_a_value: bool,
}

#[derive(Debug, Default, Deserialize)]
struct RequestContext {
    http: Option<Http>,
    /// Who the gateway has verified.
    authorizer: Option<Authorizer>,
    /// Of a load balancer.
    elb: Option<IgnoredAny>,
}

/// Of another kind than JWT, it has no claims that a gateway has verified.
#[derive(Debug, Default, Deserialize)]
struct Authorizer {
    jwt: Option<Jwt>,
}

#[derive(Debug, Default, Deserialize)]
struct Jwt {
    claims: Option<Claims>,
}

#[derive(Debug, Default, Deserialize)]
struct Http {
    method: Option<String>,
}

impl Event {
    /// What was sent in the place of a request, if it is none.
    pub(crate) fn unexpected(&self) -> Option<&'static str> {
        let context = self.0.request_context.as_ref();
        let http = context.and_then(|context| context.http.as_ref());
        if http.and_then(|http| http.method.as_ref()).is_some() {
            return None;
        }
        Some(if self.0.is_a_value {
            "a value that is no object"
        } else if context.is_some_and(|context| context.elb.is_some()) {
            "an event of a load balancer"
        } else if self.0.http_method.is_some() {
            "payload format 1.0, of a REST API or of an integration that is set to it"
        } else if self.0.records.is_some() {
            "records, of a queue, a stream or a bucket"
        } else {
            "an event without `requestContext.http.method`, such as the console's test event"
        })
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyEvent)
    }
}

/// Takes values of all kinds: what is no request is answered, too.
struct AnyEvent;

impl AnyEvent {
    fn value() -> Event {
        Event(Parts { is_a_value: true, ..Parts::default() })
    }
}

impl<'de> Visitor<'de> for AnyEvent {
    type Value = Event;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Event, A::Error> {
        Parts::deserialize(MapAccessDeserializer::new(map)).map(Event)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Event, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::value())
    }

    fn visit_unit<E>(self) -> Result<Event, E> {
        Ok(Self::value())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Event, E> {
        Ok(Self::value())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Event, E> {
        Ok(Self::value())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Event, E> {
        Ok(Self::value())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Event, E> {
        Ok(Self::value())
    }

    fn visit_str<E>(self, _: &str) -> Result<Event, E> {
        Ok(Self::value())
    }
}

/// What a function behind an HTTP API is sent.
pub(crate) const EXPECTED: &str =
    "an event of API Gateway's HTTP API or of a function URL, payload format 2.0";

impl Event {
    /// The request in it; `users` says how its caller is known.
    pub fn into_request(self, users: &Users) -> Request {
        let event = self.0;
        let context = event.request_context.unwrap_or_default();
        let http = context.http;
        let jwt = context.authorizer.unwrap_or_default().jwt.unwrap_or_default();
        let body = event.body.unwrap_or_default();
        Request {
            caller: Caller::of(users, jwt.claims.as_ref()),
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
    use crate::caller::tests::user;

    fn request(event: serde_json::Value) -> Request {
        let event = serde_json::from_value::<Event>(event).expect("the event is taken as it is");
        event.into_request(&Users::Named)
    }

    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>
    #[test]
    fn the_caller_is_what_the_gateway_says_of_the_token_and_never_a_header() {
        let caller = |authorizer: Value| {
            let headers = json!({"authorization": "Bearer x", "sub": "alice"});
            let context = json!({"http": {"method": "GET"}, "authorizer": authorizer});
            let event = json!({"headers": headers, "requestContext": context});
            let event = serde_json::from_value::<Event>(event).expect("it is taken");
            event.into_request(&Users::Verified("sub".into())).caller
        };
        let jwt = json!({"jwt": {"claims": {"sub": "alice", "exp": "1787996002"}, "scopes": null}});
        assert_eq!(caller(jwt), Caller::User(user("alice")));
        for authorizer in [
            json!(null),
            json!({}),
            json!({"jwt": null}),
            json!({"jwt": {"claims": null}}),
            json!({"lambda": {"sub": "alice"}}),
            json!({"iam": {"userId": "alice"}, "claims": {"sub": "alice"}}),
        ] {
            assert!(matches!(caller(authorizer.clone()), Caller::Nobody(_)), "{authorizer}");
        }
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
                caller: Caller::Unnamed,
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

    #[test]
    fn events_of_other_shapes_are_recognised() {
        let unexpected = |event: serde_json::Value| {
            serde_json::from_value::<Event>(event).expect("it is taken").unexpected()
        };
        let http = json!({"http": {"method": "GET"}});
        assert_eq!(unexpected(json!({"version": "2.0", "requestContext": http})), None);
        let url = json!({"version": "2.0", "routeKey": "$default", "rawPath": "/", "requestContext": http});
        assert_eq!(unexpected(url), None, "a function URL");
        for (event, words) in [
            (
                json!({"version": "1.0", "httpMethod": "GET", "resource": "/", "requestContext": {"stage": "x"}}),
                "payload format 1.0",
            ),
            (
                json!({"httpMethod": "GET", "requestContext": {"elb": {"targetGroupArn": "a"}}}),
                "load balancer",
            ),
            (json!({"Records": [{"eventSource": "aws:sqs"}]}), "records"),
            (json!({"key1": "value1"}), "test event"),
            (json!({}), "test event"),
            (json!({"requestContext": null}), "test event"),
            (json!(null), "no object"),
            (json!("text"), "no object"),
            (json!([1, {"a": 2}]), "no object"),
            (json!(1.5), "no object"),
        ] {
            let told = unexpected(event.clone());
            assert!(told.is_some_and(|told| told.contains(words)), "{event}: {told:?}");
        }
    }
}
