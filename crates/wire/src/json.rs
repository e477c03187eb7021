//! AWS's JSON protocol, version 1.1: <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use std::fmt::Debug;

use aws_runtime::auth::SigningOptions;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::{Answer, Call, Client};
use crate::{Failure, Service};

/// An operation, as what is sent: its members are those of the model's input shape.
pub trait Operation: Serialize {
    /// Whose it is.
    const SERVICE: &'static Service;
    /// Its name in the model.
    const NAME: &'static str;
    /// What comes back: some of the members of the model's output shape.
    type Output: DeserializeOwned + Debug + Send + Sync + 'static;
}

/// The operations of a service, each with what comes back; an operation has the name of its type in the model, too.
macro_rules! operations {
    ($service:ident: $($input:ident -> $output:ty;)*) => {$(
        impl $crate::Operation for $input {
            const SERVICE: &'static Service = &$service;
            const NAME: &'static str = stringify!($input);
            type Output = $output;
        }
    )*};
}
pub(crate) use operations;

/// An answer without members, or without any that is read.
#[derive(Debug, Deserialize)]
pub struct Nothing {}

impl Client {
    /// Calls an operation of this client's service.
    pub async fn call<O: Operation>(&self, operation: O) -> Answer<O::Output> {
        debug_assert_eq!(self.service.id, O::SERVICE.id, "the operation of another service");
        let request = write(&operation).map_err(SdkError::construction_failure)?;
        self.invoke(Call {
            operation: O::NAME,
            request,
            signing: SigningOptions::default(),
            prefix: None,
            read: read::<O::Output>,
        })
        .await
    }
}

fn write<O: Operation>(
    operation: &O,
) -> Result<HttpRequest, Box<dyn std::error::Error + Send + Sync>> {
    let body = serde_json::to_value(operation).map(said)?;
    let mut request = HttpRequest::new(SdkBody::from(body.to_string()));
    request.set_method("POST")?;
    request.set_uri("/")?;
    let headers = request.headers_mut();
    headers.try_insert("content-type", "application/x-amz-json-1.1")?;
    headers.try_insert("x-amz-target", format!("{}.{}", O::SERVICE.target, O::NAME))?;
    Ok(request)
}

/// `value` without what was left unsaid: to AWS, `null` and an absent member are the same, and emulators disagree.
fn said(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            members.map(|(name, value)| (name, said(value))).collect()
        }
        Value::Array(values) => values.into_iter().map(said).collect(),
        other => other,
    }
}

fn read<O: DeserializeOwned>(response: &HttpResponse) -> Result<O, Failure> {
    let body = response.body().bytes().unwrap_or_default();
    if !response.status().is_success() {
        return Err(refusal(response, body));
    }
    // Some operations answer nothing at all.
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Failure::unread(without_values(&error)))
}

/// Where the answer is not as expected. The text of `error` may quote the answer, which may be a secret.
fn without_values(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    format!("{:?} error at line {line}, column {column}", error.classify()).to_lowercase()
}

fn refusal(response: &HttpResponse, body: &[u8]) -> Failure {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |names: &[&str]| names.iter().find_map(|name| body[name].as_str());
    let code = response.headers().get("x-amzn-errortype").or_else(|| member(&["__type", "code"]));
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = code {
        metadata = metadata.code(plain(code));
    }
    if let Some(message) = member(&["message", "Message", "errorMessage"]) {
        metadata = metadata.message(message);
    }
    Failure::refused(metadata.build())
}

/// `aws.protocols#Code:http://…` is `Code`: <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>
fn plain(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_written() {
        for code in ["Code", "ns#Code", "Code:http://a/b#c", "ns.more#Code:http://x"] {
            assert_eq!(plain(code), "Code", "{code}");
        }
    }

    #[test]
    fn what_is_unsaid_is_not_sent() {
        let value = serde_json::json!({"a": null, "b": [{"c": null, "d": 1}], "e": false});
        assert_eq!(said(value), serde_json::json!({"b": [{"d": 1}], "e": false}));
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_not_quoted() {
        let error = serde_json::from_str::<u32>("\"canary\"").expect_err("no number");
        let told = without_values(&error);
        assert!(!told.contains("canary") && told.contains("line 1"), "{told}");
    }
}
