//! One invocation of a version that nobody else calls yet: does it start, does it answer, and what does that cost?

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use aws_smithy_types::base64;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::report::Report;
use crate::blueprint::Form;
use crate::cloud::Doing;
use crate::config::Budget;
use crate::payload;
use engine::error::{Error, Result};

/// The operations of AWS that this file calls.
pub(super) const CALLS: &[&str] = &["lambda:Invoke"];

/// What says that we may not, or cannot at this moment, and nothing about the version.
const NOT_TRIED: [&str; 3] = ["AccessDeniedException", "AccessDenied", "TooManyRequestsException"];

/// Lines of the function's log that are shown with a failure.
const LINES: usize = 12;

/// A version that started and answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// The whole call, as it was seen from here.
    pub took: Duration,
    /// Lambda's own figures; an emulator may give none.
    pub report: Option<Report>,
}

/// Invokes `version` with the request of the proof: it lacks what every route needs, so nothing is read or written.
/// `None` when it may not be invoked.
pub(super) async fn of(
    client: &Client,
    function: &str,
    version: &str,
    form: Form,
    claim: Option<&str>,
) -> Result<Option<Trial>> {
    let since = Instant::now();
    let call = client
        .invoke()
        .function_name(function)
        .qualifier(version)
        .log_type(LogType::Tail)
        .payload(Blob::new(event(claim).to_string()));
    let answer = call.send().await.doing(format!("try version {version}"));
    let answer = match answer {
        Err(error) if error.has_code(&NOT_TRIED) => return Ok(None),
        answer => answer?,
    };
    let log = log_of(&answer);
    match fault(&answer, form) {
        Some(fault) => Err(refusal(version, &fault, &log)),
        None => Ok(Some(Trial { took: since.elapsed(), report: Report::find(&log) })),
    }
}

/// Refuses a version whose cold start costs more than it may, or cannot be measured although it must be.
pub(super) fn within(budget: &Budget, version: &str, trial: Option<&Trial>) -> Result<()> {
    if *budget == Budget::default() {
        return Ok(());
    }
    let refused = |cause: String| {
        Error::failed(format!("keep version {version} within its budget"))
            .cause(cause)
            .hint("`live` was not moved; raise `[function.budget]`, or see what the handler does when it starts")
    };
    let Some(trial) = trial else {
        return Err(refused(
            "it cannot be invoked: the deployer needs lambda:InvokeFunction".into(),
        ));
    };
    let excess = match &trial.report {
        Some(report) if report.init.is_none() && budget.init.is_some() => {
            return Err(refused("it was started before, so its init cannot be measured: change the code, or wait until it has been idle".into()));
        }
        Some(report) => report.excess(budget),
        None => excess_seen(trial, budget),
    };
    if excess.is_empty() { Ok(()) } else { Err(refused(excess.join("; "))) }
}

/// Emulators give no figures, so the whole call is held against the whole budget.
fn excess_seen(trial: &Trial, budget: &Budget) -> Vec<String> {
    let most = budget.init.unwrap_or(0) + budget.first_request.unwrap_or(0);
    let took = trial.took.as_millis();
    match most {
        0 => Vec::new(),
        most if took <= u128::from(most) => Vec::new(),
        most => vec![format!(
            "Lambda gave no figures; seen from here, init and first request took {took} ms, and the budget is {most} ms"
        )],
    }
}

/// What API Gateway sends for `GET /`, with everything that libraries insist on; with a verified user, whose claim has a
/// name.
fn event(claim: Option<&str>) -> Value {
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {"host": "stackctl", "user-agent": "stackctl"},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "stackctl",
            "domainName": "stackctl",
            "domainPrefix": "stackctl",
            "http": {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "stackctl"},
            "requestId": "stackctl-trial",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "isBase64Encoded": false,
    });
    let Some(claim) = claim else { return event };
    event["rawQueryString"] = payload::REFUSED.into();
    payload::verified(event, claim, "stackctl")
}

/// Why the API would answer with a 5xx, if it would.
fn fault(answer: &InvokeOutput, form: Form) -> Option<String> {
    let payload = answer.payload.as_ref().map(AsRef::as_ref).unwrap_or_default();
    let document: Value = serde_json::from_slice(payload).unwrap_or_default();
    if answer.function_error.is_some() {
        let told = |name: &str| document[name].as_str().unwrap_or_default();
        let told = format!("{} {}", told("errorType"), told("errorMessage")).trim().to_owned();
        return Some(told).filter(|told| form == Form::Declared || never_started(told));
    }
    if form == Form::Audited {
        return None;
    }
    let status = document["statusCode"].as_u64().filter(|status| *status >= 500)?;
    let body: String = document["body"].as_str().unwrap_or_default().chars().take(200).collect();
    Some(format!("it answers {status} {body}").trim_end().to_owned())
}

/// What Lambda says of a program that does not start. A handler that refuses a request that it does not know has started.
fn never_started(fault: &str) -> bool {
    ["Runtime.", "Sandbox.", "Extension."].iter().any(|kind| fault.starts_with(kind))
        || fault.contains("Task timed out")
}

fn log_of(answer: &InvokeOutput) -> String {
    let log = answer.log_result.as_ref().and_then(|log| base64::decode(log).ok());
    String::from_utf8_lossy(&log.unwrap_or_default()).into_owned()
}

fn refusal(version: &str, fault: &str, log: &str) -> Error {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    let log = last.join("\n    ");
    Error::failed(format!("start version {version}"))
        .cause(format!("{fault}\n    {log}").trim_end())
        .hint("traffic was not switched to this version; `stackctl logs` has the details")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Replay, ok, refused};

    async fn tried(answer: crate::cloud::replay::Exchange) -> Result<Option<Trial>> {
        let replay = Replay::new([answer]);
        let tried =
            of(&Client::new(&replay.cloud().sdk), "app-api", "7", Form::Declared, None).await;
        replay.is_over();
        tried
    }

    const INVOKE: &str = "POST /2015-03-31/functions/app-api/invocations";

    #[tokio::test]
    async fn a_version_that_refuses_the_request_works() {
        let trial = tried(ok(INVOKE, r#"{"statusCode":400,"body":"{}"}"#)).await;
        assert_eq!(trial.expect("fine").expect("tried").report, None);
    }

    #[tokio::test]
    async fn a_version_that_answers_a_5xx_is_told_with_its_answer() {
        let error =
            tried(ok(INVOKE, r#"{"statusCode":500,"body":"oh no"}"#)).await.expect_err("5xx");
        assert_eq!(error.to_string(), "failed to start version 7: it answers 500 oh no");
    }

    #[tokio::test]
    async fn who_may_not_invoke_goes_on_without() {
        let denied = refused(INVOKE, 403, "AccessDeniedException", "not authorized");
        assert_eq!(tried(denied).await, Ok(None));
    }

    #[test]
    fn a_failure_shows_the_end_of_the_log() {
        let error = refusal("7", "Runtime.ExitError exit status 1", "one\n\ntwo\n");
        assert_eq!(
            error.cause.as_deref(),
            Some("Runtime.ExitError exit status 1\n    one\n    two")
        );
    }
}
