//! A stub of `DynamoDB`: it answers each operation the handlers use with the same document every time.

use std::io;

use crate::http::{self, Request, response};

const ITEMS: usize = 10;
const DENIAL: &str =
    r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized"}"#;

/// What is answered to the call by which our handler opens its connection before the first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUp {
    Allowed,
    /// As for a role without the right to read.
    Denied,
}

/// Starts the stub and returns its port.
pub fn start(warm_up: WarmUp) -> io::Result<u16> {
    let item = r#"{"userId":{"S":"user-1"},"itemId":{"S":"item-01920000-0000-7000-8000-000000000000"},"title":{"S":"Buy oat milk and bread"},"status":{"S":"pending"},"createdAt":{"S":"2026-08-30T12:00:00.000Z"}}"#;
    let items = [item; ITEMS].join(",");
    let documents = [
        ("GetItem", format!("{{\"Item\":{item}}}")),
        ("Query", format!("{{\"Count\":{ITEMS},\"ScannedCount\":{ITEMS},\"Items\":[{items}]}}")),
        ("PutItem", "{}".to_owned()),
        ("UpdateItem", format!("{{\"Attributes\":{item}}}")),
        ("DeleteItem", "{}".to_owned()),
    ];
    http::serve(move |request: &Request| {
        let operation = request.header("x-amz-target").rsplit('.').next().unwrap_or_default();
        let found = documents.iter().find(|(name, _)| *name == operation);
        let headers = "content-type: application/x-amz-json-1.0\r\nx-amzn-requestid: BENCHMARK\r\n";
        let body = String::from_utf8_lossy(&request.body);
        if warm_up == WarmUp::Denied && body.contains(r#""itemId":{"S":"-"}"#) {
            return Some(response("400 Bad Request", headers, DENIAL));
        }
        Some(match found {
            Some((_, document)) => response("200 OK", headers, document),
            None => {
                response("400 Bad Request", headers, r#"{"__type":"UnknownOperationException"}"#)
            }
        })
    })
}
