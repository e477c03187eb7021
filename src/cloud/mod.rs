//! What all resources share: the connection to AWS, who we are there, and how to wait.

pub mod apis;
mod bounded;
pub mod caller;
pub mod certificates;
pub mod denials;
pub mod documents;
mod endpoints;
mod error;
pub mod function_policy;
mod http;
mod identity;
mod network;
pub mod pages;
mod profiles;
pub mod quotas;
#[cfg(test)]
pub mod replay;
pub mod role_documents;
pub mod simulation;
pub mod sites;
mod slowed;
pub mod spreading;
mod surroundings;
pub mod tags;
pub mod trial_policy;
pub mod upload;
pub mod wait;
pub mod zones;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::sync::OnceCell;

pub use error::{Answer, Doing};
pub use http::{Answered, Request, Session, is_unresolved, send};
pub use identity::{Identity, partition};
pub use slowed::Slowed;

use network::Network;
use profiles::Profiles;
use surroundings::Surroundings;
pub use surroundings::ways_out;

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
    /// What to do where the credentials cannot be loaded, when the profile says more than the SDK does.
    log_in: Option<String>,
    identity: Arc<OnceCell<Result<Identity>>>,
}

impl Cloud {
    /// Loads the SDK's own configuration and lays `target` over it.
    pub async fn connect(target: Target) -> Result<Self> {
        let surroundings = Surroundings::of_process();
        let profiles = Profiles::read(&surroundings);
        let profile = target.profile.as_deref().or(surroundings.profile.as_deref());
        let is_local = target.local.is_some();
        if let Some(name) = profile.filter(|_| !is_local) {
            profiles.refuse_unknown(name)?;
        }
        let http = Network::new(&surroundings, &profiles, profile)?.choose().client();
        let http = target.slowed.watch(http);
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http.clone());
        if let Some(region) = &target.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(name) = &target.profile {
            let credentials = credentials_of(name, &target, http).await;
            loader = loader.profile_name(name).credentials_provider(credentials);
        }
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
        let said = surroundings.max_attempts || profiles.key(profile, "max_attempts").is_some();
        let attempts = sdk.retry_config().filter(|_| said).map(RetryConfig::max_attempts);
        let sdk = patient(sdk, target.limit, attempts);
        let log_in = profiles.wants_mfa(profile).then(|| code_of_device(profile));
        Ok(Self { limit: target.limit, log_in, ..Self::new(sdk, target.account) })
    }

    pub fn new(sdk: SdkConfig, account: Option<String>) -> Self {
        Self { sdk, limit: None, account, log_in: None, identity: Arc::default() }
    }

    /// One that no call is made through: for what follows from the wiring alone, as `identity` would have it.
    pub fn nowhere(identity: Identity) -> Self {
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(identity.region.clone()))
            .build();
        Self { identity: Arc::new(OnceCell::new_with(Some(Ok(identity)))), ..Self::new(sdk, None) }
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

/// The credentials of the profile that `--profile` names. The SDK's own chain would ask the environment first, and act
/// in the account of whatever keys were left there.
async fn credentials_of(
    profile: &str,
    target: &Target,
    http: SharedHttpClient,
) -> ProfileFileCredentialsProvider {
    let region = configured_region(target).await.map(Region::new);
    let config = ProviderConfig::without_region().with_region(region).with_http_client(http);
    ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile).build()
}

/// What helps where a profile has `mfa_serial`, for which AWS's SDK for Rust asks no code.
fn code_of_device(profile: Option<&str>) -> String {
    let profile = profile.unwrap_or("default");
    format!(
        "profile `{profile}` has `mfa_serial`, and the AWS SDK for Rust cannot prompt for the code: run `eval \"$(aws configure export-credentials --profile {profile} --format env)\"`, then run this command again without `--profile`"
    )
}

/// `sdk`, repeating calls that were throttled or not answered, and giving up those that never are. `attempts` is how
/// often the user wants a call to be tried.
fn patient(sdk: SdkConfig, limit: Option<Duration>, attempts: Option<u32>) -> SdkConfig {
    let is_near = sdk.endpoint_url().is_some_and(is_loopback);
    let attempts = attempts.unwrap_or(if is_near { LOCAL_ATTEMPTS } else { ATTEMPTS });
    let retries = sdk.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let retries = retries.with_max_attempts(attempts);
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
