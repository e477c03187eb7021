//! Sends the requests of the contract and compares what comes back.

use std::fmt;

use serde_json::Value;

use super::{
    Case, Expectation, Step, StepRequest,
    template::{Names, expand, expand_document, matches},
};
use crate::{
    request::{Body, Request},
    response::Response,
};

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The name of the case.
    pub case: String,
    /// Which of its steps, counted from 1.
    pub step: usize,
    /// What was different.
    pub reason: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, step {}: {}", self.case, self.step, self.reason)
    }
}

/// Replays cases and tells which promises were not kept. A case ends with its first failure.
///
/// `run` keeps the users of this run apart from those of others: letters, digits and hyphens. `send` is the transport:
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
/// use handler::{contract::{cases, replay}, memory::Memory, routes::handle};
///
/// let store = Memory::default();
/// let failures = replay(cases(), "run-1", async |request| handle(&store, request).await).await;
/// assert_eq!(failures, []);
/// # });
/// ```
pub async fn replay(
    cases: impl IntoIterator<Item = Case>,
    run: &str,
    mut send: impl AsyncFnMut(&Request) -> Response,
) -> Vec<Failure> {
    let mut failures = Vec::new();
    for case in cases {
        let mut names = Names::from([("run".into(), run.into())]);
        for (index, step) in case.steps.iter().enumerate() {
            if let Err(reason) = take(step, &mut names, &mut send).await {
                failures.push(Failure { case: case.name, step: index + 1, reason });
                break;
            }
        }
    }
    failures
}

async fn take(
    step: &Step,
    names: &mut Names,
    send: &mut impl AsyncFnMut(&Request) -> Response,
) -> Result<(), String> {
    let request = request(&step.request, names)?;
    let response = send(&request).await;
    compare(&step.expect, &response, names).map_err(|difference| {
        format!("{difference}, in {} {}", response.status_code, abridged(&response.body))
    })
}

fn request(step: &StepRequest, names: &Names) -> Result<Request, String> {
    let body = match (&step.body, &step.raw, &step.base64) {
        (Some(document), None, None) => Body::Text(expand_document(document, names)?.to_string()),
        (None, Some(text), None) => Body::Text(text.clone()),
        (None, None, Some(bytes)) => Body::Base64(bytes.clone()),
        (None, None, None) => Body::default(),
        _ => return Err("a request has one body at most".into()),
    };
    Ok(Request {
        method: step.method.clone(),
        path: expand(&step.path, names)?,
        query: expand(&step.query, names)?,
        body,
        ..Request::default()
    })
}

fn compare(expected: &Expectation, response: &Response, names: &mut Names) -> Result<(), String> {
    if response.status_code != expected.status {
        return Err(format!("the status is not {}", expected.status));
    }
    let promised = [("content-type", "application/json"), ("x-function-version", "*")];
    for (name, value) in promised {
        compare_header(name, value, response, names)?;
    }
    for (name, value) in &expected.headers {
        compare_header(name, value, response, names)?;
    }
    let body: Value = serde_json::from_str(&response.body)
        .map_err(|error| format!("the body is not JSON: {error}"))?;
    matches(&expected.body, &body, names)
}

fn compare_header(
    name: &str,
    expected: &str,
    response: &Response,
    names: &mut Names,
) -> Result<(), String> {
    let Some(found) = response.headers.get(name) else {
        return Err(format!("there is no {name} header"));
    };
    matches(&expected.into(), &found.as_str().into(), names)
        .map_err(|difference| format!("{name}: {difference}"))
}

/// Some bodies of the contract are as long as bodies can be.
fn abridged(body: &str) -> String {
    const MOST: usize = 300;
    match body.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}… ({} bytes)", &body[..end], body.len()),
        None => body.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::cases, *};

    #[tokio::test]
    async fn a_wrong_answer_is_told_with_its_case_and_step() {
        let failures =
            replay(cases(), "run", async |_| Response::error(418, "I am a teapot")).await;
        assert_eq!(failures.len(), cases().len());
        let first = failures.first().expect("nothing is right").to_string();
        assert!(first.contains("step 1: the status is not"), "{first}");
        assert!(first.contains("418 {\"error\":\"I am a teapot\"}"), "{first}");
    }

    #[tokio::test]
    async fn an_answer_without_a_version_is_wrong() {
        let failures = replay(cases(), "run", async |_| {
            let mut response = Response::error(404, "Not found");
            response.headers.remove("x-function-version");
            response
        })
        .await;
        assert!(failures.iter().any(|failure| {
            failure.reason.starts_with("there is no x-function-version header")
        }));
    }
}
