//! A client of the tests' own, as the root of the account: what it sees was not seen through the program's eyes.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Cloud, Response, request};

/// One endpoint that speaks AWS and trusts a signature that is none.
pub struct Aws {
    endpoint: String,
}

impl Aws {
    pub fn of(cloud: &Cloud) -> Self {
        Self::at(cloud.port)
    }

    pub fn at(port: u16) -> Self {
        Self { endpoint: format!("http://127.0.0.1:{port}") }
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
        let service = if target.starts_with("DynamoDB") { "dynamodb" } else { "logs" };
        let authorization = authorization(service);
        let headers = [
            ("x-amz-target", target),
            ("content-type", "application/x-amz-json-1.1"),
            ("authorization", &authorization),
        ];
        request("POST", &format!("{}/", self.endpoint), &headers, input.to_string())
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
        let authorization = authorization("iam");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("authorization", authorization.as_str()),
        ];
        request("POST", &format!("{}/", self.endpoint), &headers, form)
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
        let authorization = authorization(service);
        let headers =
            [("content-type", "application/json"), ("authorization", authorization.as_str())];
        let body = if input.is_null() { String::new() } else { input.to_string() };
        request(method, &format!("{}{path}", self.endpoint), &headers, body)
    }
}

fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=none"
    )
}
