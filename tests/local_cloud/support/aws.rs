//! A client of the tests' own, as the root of the account: what it sees was not seen through the program's eyes.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tap::sign::Key;

use super::cloud::key_of;
use super::{Cloud, Response, request};

/// One endpoint that speaks AWS.
pub struct Aws {
    port: u16,
}

impl Aws {
    pub fn of(cloud: &Cloud) -> Self {
        Self::at(cloud.port)
    }

    pub fn at(port: u16) -> Self {
        Self { port }
    }

    /// A call of the services that speak JSON: `DynamoDB_20120810.Scan`, `Logs_20140328.DescribeLogGroups`.
    #[track_caller]
    pub fn json(&self, target: &str, input: &Value) -> Value {
        let response = self.try_json(target, input);
        assert_eq!(response.status, 200, "{target} {input}: {response:?}");
        response.json()
    }

    /// The same, whatever is answered.
    pub fn try_json(&self, target: &str, input: &Value) -> Response {
        let (service, version) = match target.split_once(['_', '.']) {
            Some(("DynamoDB", _)) => ("dynamodb", "1.1"),
            Some(("AmazonSQS", _)) => ("sqs", "1.0"),
            Some(("AmazonSSM", _)) => ("ssm", "1.1"),
            _ => ("logs", "1.1"),
        };
        let kind = format!("application/x-amz-json-{version}");
        let headers = [("x-amz-target", target), ("content-type", kind.as_str())];
        self.send(service, "POST", "/", &headers, &input.to_string())
    }

    /// A call of IAM, whose answer is XML.
    #[track_caller]
    pub fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let response = self.try_iam(action, parameters);
        assert_eq!(response.status, 200, "{action} {parameters:?}: {response:?}");
        response.body
    }

    /// The same, whatever is answered.
    pub fn try_iam(&self, action: &str, parameters: &[(&str, &str)]) -> Response {
        let mut form = format!("Action={action}&Version=2010-05-08");
        for (name, value) in parameters {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            form.extend(["&", name, "=", &value.to_string()]);
        }
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("iam", "POST", "/", &headers, &form)
    }

    /// A call of the services that speak REST: `lambda` and `apigateway`.
    #[track_caller]
    pub fn rest(&self, service: &str, method: &str, path: &str, input: &Value) -> Value {
        let response = self.try_rest(service, method, path, input);
        assert!(response.status < 300, "{method} {path} {input}: {response:?}");
        if response.body.is_empty() { Value::Null } else { response.json() }
    }

    /// The same, whatever is answered.
    pub fn try_rest(&self, service: &str, method: &str, path: &str, input: &Value) -> Response {
        let body = if input.is_null() { String::new() } else { input.to_string() };
        self.send(service, method, path, &[("content-type", "application/json")], &body)
    }

    /// Any request of the account's root.
    pub fn send(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        self.signed_by(&key_of(self.port), service, method, path, headers, body)
    }

    /// Any request, signed with another key.
    pub fn signed_by(
        &self,
        key: &Key,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let signed = key.sign(service, method, &url, headers, body.as_bytes());
        let signed = signed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<_> = headers.iter().copied().chain(signed).collect();
        request(method, &url, &headers, body)
    }
}
