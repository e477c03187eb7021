//! What a role may do with the log of its function.

use crate::cloud::Identity;
use crate::config::Config;
use iam::document::Document;

/// AWS's own policy for logs: every log group of the account.
pub const MANAGED_LOGS: &str = "service-role/AWSLambdaBasicExecutionRole";

/// Streams and events of the function's own log group.
pub fn logs_policy(config: &Config) -> impl Fn(&Identity) -> Document + use<> {
    let group = format!("log-group:{}", config.function().log_group);
    move |identity| Document::allow_logs(&identity.arn("logs", &group))
}
