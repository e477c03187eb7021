//! A request as the routes see it: not yet checked, and free of how it came here.

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::{caller::Caller, values::Refusal};

/// One request of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …, in capitals.
    pub method: String,
    /// The path, without the query string.
    pub path: String,
    /// The route that the gateway chose, such as `ANY /items/{id}`; empty where there was no gateway.
    pub route_key: String,
    /// What `{name}` and `{name+}` in the route's path stand for.
    pub parameters: BTreeMap<String, String>,
    /// The query string as it was sent, without the `?`.
    pub query: String,
    /// What came behind the headers.
    pub body: Body,
    /// Who sends it. [`Request::user`] says whose items it is about.
    pub caller: Caller,
}

impl Request {
    /// What `{name}` in the path of its route stands for, decoded; empty where the route has no such name.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }
}

/// The body of a request, in the form that the gateway gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Text as it is; empty where there was no body.
    Text(String),
    /// Bytes in base64, as the gateway sends what is not declared as text.
    Base64(String),
}

impl Default for Body {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Body {
    /// The bytes that the client sent.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>, Refusal> {
        match self {
            Self::Text(text) => Ok(text.as_bytes().into()),
            Self::Base64(text) => STANDARD
                .decode(text)
                .map(Cow::from)
                .map_err(|_| Refusal::bad_request("Request body is not base64")),
        }
    }

    /// The fields of the JSON object in the body. An empty body has none, so that what it lacks can be named.
    pub fn fields(&self) -> Result<Fields, Refusal> {
        let bytes = self.bytes()?;
        if bytes.is_empty() {
            return Ok(Fields::default());
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Fields(fields)),
            Ok(_) => Err(Refusal::bad_request("Request body must be a JSON object")),
            Err(_) => Err(Refusal::bad_request("Invalid JSON in request body")),
        }
    }
}

/// The fields of a JSON object that a client sent.
#[derive(Debug, Default)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// A field that may be absent. What is there must be text: null is refused like any other type.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::bad_request(format!("{name} must be a string"))),
        }
    }

    /// A field that must be there: absent or null, it is as good as empty.
    pub fn required_text(&self, name: &str) -> Result<&str, Refusal> {
        match self.0.get(name) {
            Some(Value::Null) => Ok(""),
            _ => self.text(name).map(Option::unwrap_or_default),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &Body) -> Option<u16> {
        body.fields().err().map(|refusal| refusal.status)
    }

    #[test]
    fn base64_is_decoded_and_broken_base64_refused() {
        let fields =
            Body::Base64("eyJ0aXRsZSI6IsOpIn0=".into()).fields().expect("the body is an object");
        assert_eq!(fields.text("title"), Ok(Some("é")));
        assert_eq!(refused(&Body::Base64("{}".into())), Some(400));
    }

    #[test]
    fn an_empty_body_has_no_fields() {
        assert_eq!(refused(&Body::default()), None);
        assert_eq!(refused(&Body::Base64(String::new())), None);
    }

    #[test]
    fn what_is_not_a_json_object_is_refused() {
        for text in ["{", "[]", "null", "1", "\"{}\"", "{}{}", " ", "{\"title\":\"\\ud800\"}"] {
            assert_eq!(refused(&Body::Text(text.into())), Some(400), "{text}");
        }
        let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(refused(&Body::Text(nested)), Some(400));
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_refused() {
        let body = Body::Base64(STANDARD.encode(b"{\"title\":\"\xff\"}"));
        assert_eq!(refused(&body), Some(400));
    }

    #[test]
    fn a_field_of_another_type_is_refused_and_an_absent_one_is_not() {
        let fields = Body::Text(r#"{"number":1,"nothing":null}"#.into())
            .fields()
            .expect("the body is an object");
        assert!(fields.text("number").is_err());
        assert!(fields.text("nothing").is_err());
        assert_eq!(fields.text("title"), Ok(None));
        assert!(fields.required_text("number").is_err());
        assert_eq!(fields.required_text("nothing"), Ok(""));
        assert_eq!(fields.required_text("title"), Ok(""));
    }
}
