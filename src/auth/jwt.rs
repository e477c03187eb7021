//! A JSON web token, taken apart: <https://datatracker.ietf.org/doc/html/rfc7519>

use aws_smithy_types::base64;
use serde_json::{Map, Value};

/// The parts of a token. It has no `Debug`: with its text, anybody is its user.
pub struct Token {
    pub header: Map<String, Value>,
    pub claims: Map<String, Value>,
    /// What is signed: header and claims as they were sent.
    pub signed: String,
    pub signature: Vec<u8>,
}

impl Token {
    /// Takes a token apart, bare or behind `Bearer `; what is wrong with its form, if something is.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err(match parts.len() {
                1 => "it is opaque: it has no parts, so nobody but its issuer can read it",
                5 => "it is encrypted: it has five parts, and a gateway reads those with three",
                _ => "it does not have the three parts of a signed token",
            });
        };
        let object = |part: &str| match serde_json::from_slice(&decoded(part)?) {
            Ok(Value::Object(object)) => Some(object),
            _ => None,
        };
        Ok(Self {
            header: object(header).ok_or("its header is not JSON")?,
            claims: object(claims).ok_or("its claims are not JSON")?,
            signed: format!("{header}.{claims}"),
            signature: decoded(signature).ok_or("its signature is not base64")?,
        })
    }

    /// A text of the header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }
}

/// The alphabet of URLs, without padding: <https://datatracker.ietf.org/doc/html/rfc4648#section-5>
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    let text = text.replace('-', "+").replace('_', "/");
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    base64::decode(text + &padding).ok()
}
