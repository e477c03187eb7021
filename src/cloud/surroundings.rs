//! The environment variables of AWS's own tools that the SDK does not read by itself.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>

use std::env;
use std::path::PathBuf;

/// What the environment says about credentials and networks.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    /// `AWS_PROFILE`.
    pub profile: Option<String>,
    /// The two files of `aws configure`: the config file, and the one with keys.
    pub files: [PathBuf; 2],
    /// `AWS_CA_BUNDLE`.
    pub ca_bundle: Option<PathBuf>,
    /// Whether `AWS_MAX_ATTEMPTS` says how often a call is tried.
    pub max_attempts: bool,
    /// Whether a proxy is named.
    pub proxy: bool,
}

const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

impl Surroundings {
    pub fn of_process() -> Self {
        let home = path("HOME").or_else(|| path("USERPROFILE")).unwrap_or_default();
        let file = |variable, name| path(variable).unwrap_or_else(|| home.join(".aws").join(name));
        Self {
            profile: path("AWS_PROFILE").and_then(|name| name.into_os_string().into_string().ok()),
            files: [
                file("AWS_CONFIG_FILE", "config"),
                file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            ],
            ca_bundle: path("AWS_CA_BUNDLE"),
            max_attempts: path("AWS_MAX_ATTEMPTS").is_some(),
            proxy: PROXIES.into_iter().any(|variable| path(variable).is_some()),
        }
    }
}

/// An empty variable counts as one that is not set.
fn path(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}
