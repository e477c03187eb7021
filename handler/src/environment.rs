//! How `DynamoDB` is reached, from Lambda's environment by hand: the SDK's own loader looks into files and at metadata
//! services that a function does not have, and weighs more than all of this crate.

use std::{env, error::Error, fmt, sync::OnceLock, time::Duration};

use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Credentials, Region, SharedHttpClient, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_smithy_http_client::{
    Builder as HttpClient,
    tls::{Provider, rustls_provider::CryptoMode},
};

/// A variable that the function cannot do without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing(&'static str);

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is not set in the function's environment", self.0)
    }
}

impl Error for Missing {}

/// A variable that must be there and not be empty.
pub fn required(name: &'static str) -> Result<String, Missing> {
    optional(name).ok_or(Missing(name))
}

/// The configuration of a client. `AWS_ENDPOINT_URL_DYNAMODB` and `AWS_ENDPOINT_URL` point it elsewhere, as in every SDK.
pub fn configuration() -> Result<Builder, Missing> {
    let endpoint = endpoint("AWS_ENDPOINT_URL_DYNAMODB");
    let credentials = credentials()?;
    let http_client = http_client(endpoint.as_deref());
    let mut builder = Builder::new();
    builder.set_endpoint_url(endpoint);
    Ok(builder
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(required("AWS_REGION")?))
        .credentials_provider(credentials)
        .http_client(http_client)
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(50)))
        .timeout_config(timeouts()))
}

/// Who the function is.
pub(crate) fn credentials() -> Result<Credentials, Missing> {
    Ok(Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        optional("AWS_SESSION_TOKEN"),
        None,
        "environment",
    ))
}

/// Where a service is, when that is not AWS; `own` is the variable of this one service.
pub(crate) fn endpoint(own: &str) -> Option<String> {
    optional(own).or_else(|| optional("AWS_ENDPOINT_URL"))
}

/// Whether an emulator on this machine answers in the place of AWS.
pub fn is_local() -> bool {
    optional("AWS_ENDPOINT_URL").is_some_and(|endpoint| is_loopback(&endpoint))
}

fn is_loopback(endpoint: &str) -> bool {
    let host = endpoint.strip_prefix("http://").unwrap_or_default();
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|loopback| {
        host.strip_prefix(loopback)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    })
}

/// A variable that is there and not empty.
pub(crate) fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Ring, because the other provider spends 60 ms of CPU on its first random number. Its trusted roots are read from
/// `SSL_CERT_FILE`, or from where the system keeps them, once for all services; without TLS they are not read at all.
pub(crate) fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    static SECURE: OnceLock<SharedHttpClient> = OnceLock::new();
    let secure =
        || HttpClient::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    match endpoint {
        Some(endpoint) if endpoint.starts_with("http://") => HttpClient::new().build_http(),
        _ => SECURE.get_or_init(secure).clone(),
    }
}

/// An environment that was frozen may wake with a connection that is dead and does not know it: an attempt is given up
/// early enough for another one, and the whole before Lambda's usual end of 10 seconds, so that there is an answer.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(8))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_endpoint_on_this_machine_is_local() {
        for endpoint in ["http://127.0.0.1:4599", "http://localhost", "http://[::1]/"] {
            assert!(is_loopback(endpoint), "{endpoint}");
        }
        for endpoint in ["https://127.0.0.1", "http://localhost.example", "http://10.0.0.1", ""] {
            assert!(!is_loopback(endpoint), "{endpoint}");
        }
    }

    #[test]
    fn a_variable_that_is_missing_is_named() {
        let missing =
            required("A_VARIABLE_THAT_NOBODY_SETS").map_err(|missing| missing.to_string());
        let words = "A_VARIABLE_THAT_NOBODY_SETS is not set in the function's environment";
        assert_eq!(missing, Err(words.into()));
    }
}
