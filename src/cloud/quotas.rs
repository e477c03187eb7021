//! The quotas of an account that a stack meets first, and how much of them is used.

use aws_sdk_iam::Client as Iam;
use aws_sdk_lambda::Client as Lambda;

use super::error::Doing;
use super::{Cloud, apis};
use engine::error::{Error, Result};

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["iam:GetAccountSummary", "lambda:GetAccountSettings"];

/// HTTP APIs of an account in a region: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const APIS: i64 = 600;

/// How much there may be of something, and how much there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    pub what: &'static str,
    pub used: i64,
    pub most: i64,
}

/// What Lambda gives the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compute {
    /// How many requests all functions together may work on at once.
    pub concurrency: i64,
    /// Megabytes of code.
    pub code: Quota,
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html>
pub async fn lambda(cloud: &Cloud) -> Result<Compute> {
    let client = Lambda::new(&cloud.sdk);
    let answer = client.get_account_settings().send().await;
    let answer = answer.doing("read the quotas of Lambda")?;
    let none = || Error::failed("read the quotas of Lambda").cause("the answer names none");
    let limit = answer.account_limit.ok_or_else(none)?;
    let used = answer.account_usage.map_or(0, |usage| usage.total_code_size);
    Ok(Compute {
        concurrency: i64::from(limit.concurrent_executions),
        code: Quota {
            what: "megabytes of code",
            used: used >> 20,
            most: limit.total_code_size >> 20,
        },
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>
pub async fn iam(cloud: &Cloud) -> Result<Vec<Quota>> {
    let client = Iam::new(&cloud.sdk);
    let answer = client.get_account_summary().send().await.doing("read the quotas of IAM")?;
    let summary = answer.summary_map.unwrap_or_default();
    let value = |name: &str| {
        let found = summary.iter().find(|(key, _)| key.as_str() == name);
        found.map(|(_, value)| i64::from(*value))
    };
    let kinds = [("roles", "Roles", "RolesQuota"), ("policies", "Policies", "PoliciesQuota")];
    let quota = |(what, used, most)| Some(Quota { what, used: value(used)?, most: value(most)? });
    Ok(kinds.into_iter().filter_map(quota).collect())
}

/// The HTTP APIs of the region.
pub async fn gateway(cloud: &Cloud) -> Result<Quota> {
    Ok(Quota { what: "HTTP APIs", used: apis::count(cloud).await?, most: APIS })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Replay, ok};

    #[tokio::test]
    async fn quotas_are_told_with_what_is_used_of_them() {
        let entry = |key: &str, value: u32| {
            format!("<entry><key>{key}</key><value>{value}</value></entry>")
        };
        let entries = [("Roles", 998), ("RolesQuota", 1000), ("Policies", 3)];
        let entries: String = entries.iter().map(|(key, value)| entry(key, *value)).collect();
        let summary = format!(
            "<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap>{entries}</SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>"
        );
        let settings = r#"{"AccountLimit":{"TotalCodeSize":80530636800,"CodeSizeUnzipped":262144000,"CodeSizeZipped":52428800,"ConcurrentExecutions":10,"UnreservedConcurrentExecutions":10},"AccountUsage":{"TotalCodeSize":2097152,"FunctionCount":1}}"#;
        let replay = Replay::new([
            ok("Action=GetAccountSummary", summary),
            ok("GET /2016-08-19/account-settings", settings),
        ]);
        let cloud = replay.cloud();
        let found = iam(&cloud).await.expect("it is read");
        assert_eq!(
            found,
            [Quota { what: "roles", used: 998, most: 1000 }],
            "what is not said is not known"
        );
        let compute = lambda(&cloud).await.expect("it is read");
        assert_eq!((compute.concurrency, compute.code.used, compute.code.most), (10, 2, 76_800));
        replay.is_over();
    }
}
