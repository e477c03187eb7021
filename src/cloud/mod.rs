//! What all resources share: the connection to AWS, who we are there, and how to wait.

pub mod apis;
mod bounded;
pub mod denials;
pub mod documents;
mod endpoints;
mod error;
pub mod function_policy;
mod http;
mod identity;
#[cfg(test)]
pub mod replay;
pub mod role_documents;
pub mod simulation;
mod slowed;
pub mod spreading;
pub mod tags;
pub mod trial_policy;
pub mod upload;
pub mod wait;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::Credentials;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::sync::OnceCell;

pub use error::{Answer, Doing};
pub use http::{Answered, Request, Session, send};
pub use identity::Identity;
pub use slowed::Slowed;

use engine::error::{Error, Result};

/// Tries of one request, the first included. Throttling and lost connections pass within these.
const ATTEMPTS: u32 = 8;
/// Against a loopback endpoint nothing is gained by patience.
const LOCAL_ATTEMPTS: u32 = 3;

/// The longest that one request may take, a zip of 50 MB on its way up included; then it is sent again.
const ANSWER: Duration = Duration::from_mins(2);
/// The longest that one call may take with all its repetitions.
const CALL: Duration = Duration::from_mins(5);

/// Where the calls go, as flags and `stack.toml` say it; what is `None` is left to the SDK.
#[derive(Debug, Default, Clone)]
pub struct Target {
    pub region: Option<String>,
    pub profile: Option<String>,
    /// The local cloud, when it is meant.
    pub local: Option<Local>,
    /// The only account that may be touched.
    pub account: Option<String>,
    /// The longest that one call may take, as `--timeout` says it.
    pub limit: Option<Duration>,
    /// Counts what AWS refuses for haste.
    pub slowed: Slowed,
}

/// A local cloud: where it answers, and to whom.
#[derive(Clone)]
pub struct Local {
    pub endpoint: String,
    pub key_id: String,
    pub secret: String,
}

/// Never the secret.
impl std::fmt::Debug for Local {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Local").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The connection to one account and region.
#[derive(Clone)]
pub struct Cloud {
    pub sdk: SdkConfig,
    /// The longest that one call may take, when the user has said so.
    pub limit: Option<Duration>,
    account: Option<String>,
    identity: Arc<OnceCell<Result<Identity>>>,
}

impl Cloud {
    /// Loads the SDK's own configuration and lays `target` over it.
    pub async fn connect(target: Target) -> Result<Self> {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let http = target.slowed.watch(http);
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
        if let Some(region) = target.region {
            loader = loader.region(Region::new(region));
        }
        if let Some(profile) = target.profile {
            loader = loader.profile_name(profile);
        }
        let is_local = target.local.is_some();
        if let Some(Local { endpoint, key_id, secret }) = target.local {
            loader = loader
                .endpoint_url(endpoint)
                .credentials_provider(Credentials::new(key_id, secret, None, None, "local"));
        }
        let sdk = loader.load().await;
        let sdk = if is_local { sdk } else { endpoints::settled(sdk)? };
        if sdk.region().is_none() {
            return Err(Error::usage("no region is set").hint(
                "set `region` in `stack.toml`, `--region` or `AWS_REGION`, or run `aws configure`; for the local cloud, add `--local`",
            ));
        }
        let sdk = patient(sdk, target.limit);
        Ok(Self { limit: target.limit, ..Self::new(sdk, target.account) })
    }

    pub fn new(sdk: SdkConfig, account: Option<String>) -> Self {
        Self { sdk, limit: None, account, identity: Arc::default() }
    }

    /// One that nobody is asked through: for what follows from the wiring alone.
    pub fn nowhere() -> Self {
        let sdk = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
        Self::new(sdk, None)
    }

    pub fn region(&self) -> &str {
        self.sdk.region().map_or("us-east-1", Region::as_ref)
    }

    /// The endpoint on this machine that stands for AWS, if one does.
    pub fn loopback(&self) -> Option<&str> {
        self.sdk.endpoint_url().filter(|url| is_loopback(url))
    }
}

/// The region that [`Cloud::connect`] would take, as far as it can be known without a network.
pub async fn configured_region(target: &Target) -> Option<String> {
    if target.region.is_some() {
        return target.region.clone();
    }
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &target.profile {
        profile = profile.profile_name(name);
    }
    let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new());
    chain.or_else(profile.build()).region().await.map(|region| region.to_string())
}

/// `sdk`, repeating calls that were throttled or not answered, and giving up those that never are.
fn patient(sdk: SdkConfig, limit: Option<Duration>) -> SdkConfig {
    let attempts =
        if sdk.endpoint_url().is_some_and(is_loopback) { LOCAL_ATTEMPTS } else { ATTEMPTS };
    let retries = RetryConfig::standard().with_max_attempts(attempts);
    let timeouts =
        sdk.timeout_config().map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
    let timeouts = timeouts.read_timeout(ANSWER).operation_timeout(limit.unwrap_or(CALL));
    sdk.into_builder().retry_config(retries).timeout_config(timeouts.build()).build()
}

/// Whether the host of `url` is this machine.
fn is_loopback(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next(),
        None => authority.split(':').next(),
    };
    let host = host.unwrap_or_default();
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for url in
            ["http://127.0.0.1:4566", "http://localhost", "https://[::1]:1/x", "http://127.1.2.3/"]
        {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "http://localhost.example.com",
            "http://127.0.0.1.example.com/",
            "http://10.0.0.1",
            "x",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
