//! What is answered: JSON always, with the version of the function that made it.

use std::{collections::BTreeMap, env, sync::LazyLock};

use serde::Serialize;

use crate::{store::StoreError, values::Refusal};

/// Lambda's own number of the running version, by which a deploy recognises that the new build answers.
static VERSION: LazyLock<String> =
    LazyLock::new(|| env::var("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or_else(|_| "$LATEST".into()));

/// One answer, in the form that API Gateway's HTTP API takes from Lambda.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The HTTP status.
    pub status_code: u16,
    /// The headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// One JSON document.
    pub body: String,
    /// Why the answer is a failure of ours or of the gateway's setting: for the log, never for the client.
    #[serde(skip)]
    pub cause: Option<String>,
}

impl Response {
    /// An answer with a JSON document.
    pub fn json(status: u16, document: &impl Serialize) -> Self {
        match serde_json::to_string(document) {
            Ok(body) => Self::text(status, body),
            Err(error) => Self::failure(format!("the answer is not JSON: {error}")),
        }
    }

    /// An answer whose JSON is already written.
    pub(crate) fn text(status: u16, body: String) -> Self {
        Self {
            status_code: status,
            headers: BTreeMap::from([
                ("content-type".into(), "application/json".into()),
                ("x-function-version".into(), VERSION.clone()),
            ]),
            body,
            cause: None,
        }
    }

    /// An answer that says what is wrong.
    pub fn error(status: u16, error: &str) -> Self {
        Self::json(status, &BTreeMap::from([("error", error)]))
    }

    /// The 500: the same words whatever the cause.
    pub fn failure(cause: String) -> Self {
        Self { cause: Some(cause), ..Self::error(500, "Internal server error") }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: String) -> Self {
        self.headers.insert(name.into(), value);
        self
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        Self::error(refusal.status, &refusal.error)
    }
}

impl From<StoreError> for Response {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLarge => Self::error(413, "Item is larger than 400 KB"),
            StoreError::Exists => Self::error(409, "Item already exists"),
            StoreError::Failed(cause) => Self::failure(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_form_that_the_gateway_takes() {
        let answer = serde_json::to_value(Response::error(404, "Not found")).expect("it is JSON");
        assert_eq!(
            answer,
            serde_json::json!({
                "statusCode": 404,
                "headers": {"content-type": "application/json", "x-function-version": "$LATEST"},
                "body": r#"{"error":"Not found"}"#,
            })
        );
    }

    #[test]
    fn the_cause_of_a_failure_is_not_shown() {
        let response = Response::failure("the secret cause".into());
        assert_eq!(response.body, r#"{"error":"Internal server error"}"#);
        let answer = serde_json::to_string(&response).expect("it is JSON");
        assert!(!answer.contains("secret"));
    }
}
