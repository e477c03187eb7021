//! One event, straight to Lambda: past the API, its routes and its permission.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Config as Settings;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use aws_smithy_types::base64;

use crate::cloud::Cloud;
use crate::cloud::Doing;
use engine::error::{Error, Result};

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["lambda:Invoke"];

/// The longest that Lambda lets a function run is 15 minutes:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LONGEST: Duration = Duration::from_mins(16);

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// What the function answered; what it failed with, when `failed`.
    pub payload: String,
    pub failed: bool,
    /// The version that ran.
    pub version: String,
    /// The last 4 KB of the log.
    pub log: String,
}

/// Runs the function once with `event` and waits for its answer. It is sent once: an event may not be harmless.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
pub async fn invoke(
    cloud: &Cloud,
    function: &str,
    qualifier: &str,
    event: &str,
) -> Result<Invocation> {
    let call = Client::new(&cloud.sdk)
        .invoke()
        .function_name(function)
        .qualifier(qualifier)
        .log_type(LogType::Tail)
        .payload(Blob::new(event));
    let once = Settings::builder()
        .retry_config(RetryConfig::disabled())
        .timeout_config(time_to_run(cloud));
    let answer = call.customize().config_override(once).send().await;
    let answer = answer.doing(format!("invoke `{function}:{qualifier}`")).map_err(explained)?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Invocation {
        failed: answer.function_error.is_some(),
        payload: text(answer.payload.map(Blob::into_inner).unwrap_or_default()),
        version: answer.executed_version.unwrap_or_else(|| qualifier.to_owned()),
        log: text(base64::decode(answer.log_result.unwrap_or_default()).unwrap_or_default()),
    })
}

/// A function may run for as long as this.
fn time_to_run(cloud: &Cloud) -> TimeoutConfig {
    let limit = cloud.limit.unwrap_or(LONGEST);
    TimeoutConfig::builder().read_timeout(limit).operation_timeout(limit).build()
}

fn explained(error: Error) -> Error {
    let hint = match error.code.as_deref() {
        Some("ResourceNotFoundException") => {
            "run `stackctl up` first, or name a version of `stackctl rollback --list`"
        }
        Some("ResourceConflictException") => "it is still being created: try again in a moment",
        Some("TooManyRequestsException") => {
            "the account runs as many functions at once as it may: try again in a moment"
        }
        Some("RequestTooLargeException" | "RequestEntityTooLargeException") => {
            "the limit of Lambda is 6 MB a request"
        }
        _ => return error,
    };
    error.hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Replay, lost, ok, refused};

    const PATH: &str = "POST /2015-03-31/functions/app-api/invocations?Qualifier=live";

    #[tokio::test]
    async fn the_answer_is_given_back_as_it_came() {
        let replay = Replay::new([ok(PATH, "{\"statusCode\":200}")]);
        let found = invoke(&replay.cloud(), "app-api", "live", "{}").await.expect("answered");
        assert_eq!(found.payload, "{\"statusCode\":200}");
        assert!(!found.failed);
        assert!(replay.sent()[0].ends_with("{}"));
    }

    #[tokio::test]
    async fn an_event_is_never_sent_twice() {
        let replay = Replay::new([lost(PATH)]);
        invoke(&replay.cloud(), "app-api", "live", "{}").await.expect_err("no answer");
        replay.is_over();
    }

    #[tokio::test]
    async fn a_function_that_is_not_there_is_told_with_the_way_out() {
        let replay = Replay::new([refused(PATH, 404, "ResourceNotFoundException", "not found")]);
        let error = invoke(&replay.cloud(), "app-api", "live", "{}").await.expect_err("none");
        assert!(error.hint.is_some_and(|hint| hint.contains("stackctl up")));
    }
}
