//! The cloud as somebody else sees and changes it: raw calls of the account's root, past the proxy.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::support::Aws as Root;
use crate::xml;

/// The emulator on a port of this machine.
#[derive(Clone, Copy)]
pub struct Aws {
    pub port: u16,
}

impl Aws {
    /// A call of a service that speaks JSON: `json("dynamodb", "ListTables", …)`.
    #[track_caller]
    pub fn json(self, service: &str, operation: &str, input: &Value) -> Value {
        let (status, text) = self.raw_json(service, operation, input);
        assert!(status < 300 || text.contains("NotFound"), "{operation} {input}: {status} {text}");
        if status < 300 { parsed(&text) } else { Value::Null }
    }

    /// The same, for whoever wants to see the refusal.
    pub fn raw_json(self, service: &str, operation: &str, input: &Value) -> (u16, String) {
        let version = match service {
            "dynamodb" => "DynamoDB_20120810",
            "ssm" => "AmazonSSM",
            "sqs" => "AmazonSQS",
            _ => "Logs_20140328",
        };
        let target = format!("{version}.{operation}");
        let headers =
            [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
        self.send(service, "POST", "/", &headers, &input.to_string())
    }

    /// A call of a service with paths: `rest("lambda", "GET", "/2015-03-31/functions", …)`.
    #[track_caller]
    pub fn rest(self, service: &str, method: &str, path: &str, input: &Value) -> Value {
        let body = if input.is_null() { String::new() } else { input.to_string() };
        let headers = [("content-type", "application/json")];
        let (status, text) = self.send(service, method, path, &headers, &body);
        assert!(status < 300 || status == 404, "{method} {path} {body}: {status} {text}");
        if status < 300 { parsed(&text) } else { Value::Null }
    }

    #[track_caller]
    pub fn get(self, service: &str, path: &str) -> Value {
        self.rest(service, "GET", path, &Value::Null)
    }

    /// A call of IAM: the result's element as JSON, in which whatever may repeat is a list.
    #[track_caller]
    pub fn iam(self, action: &str, fields: &[(&str, &str)]) -> Value {
        let (status, text) = self.raw_iam(action, fields);
        assert!(status < 300, "{action} {fields:?}: {status} {text}");
        result(action, &text)
    }

    /// The same, and nothing when it is refused.
    pub fn iam_or_nothing(self, action: &str, fields: &[(&str, &str)]) -> Value {
        let (status, text) = self.raw_iam(action, fields);
        if status < 300 { result(action, &text) } else { Value::Null }
    }

    fn raw_iam(self, action: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let mut form = format!("Action={action}&Version=2010-05-08");
        for (name, value) in fields {
            form = form + "&" + name + "=" + &encode(value);
        }
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("iam", "POST", "/", &headers, &form)
    }

    /// What a service that speaks XML answers to a look, as JSON; nothing when it is refused.
    pub fn xml(self, service: &str, path: &str) -> Value {
        let (status, text) = self.send(service, "GET", path, &[], "");
        if status < 300 { xml::to_json(&text) } else { Value::Null }
    }

    /// A write of such a service.
    #[track_caller]
    pub fn put_xml(self, service: &str, method: &str, path: &str, body: &str) {
        let (status, text) = self.send(service, method, path, &[], body);
        assert!(status < 300, "{method} {path} {body}: {status} {text}");
    }

    /// The headers of an object.
    pub fn headers(self, service: &str, path: &str) -> HashMap<String, String> {
        self.headers_of("HEAD", service, path)
    }

    /// The headers of an answer.
    pub fn headers_of(self, method: &str, service: &str, path: &str) -> HashMap<String, String> {
        Root::at(self.port).send(service, method, path, &[], "").headers.into_iter().collect()
    }

    /// Forgets everything.
    pub fn reset(self) {
        assert_eq!(self.send("stackctl", "POST", "/_ministack/reset", &[], "").0, 200);
    }

    /// A call that may be refused: its status and text.
    pub fn send(
        self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, String) {
        let answer = Root::at(self.port).send(service, method, path, headers, body);
        (answer.status, answer.body)
    }
}

fn parsed(text: &str) -> Value {
    if text.is_empty() {
        return json!({});
    }
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn result(action: &str, text: &str) -> Value {
    xml::to_json(text)[format!("{action}Response")][format!("{action}Result")].clone()
}
