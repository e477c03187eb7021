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

/// What the environment puts between this machine and AWS, one variable each, without passwords.
pub fn ways_out() -> Vec<String> {
    let named = PROXIES.into_iter().chain(["NO_PROXY", "no_proxy", "AWS_CA_BUNDLE"]);
    let told = |name: &str| Some(format!("{name}={}", without_password(path(name)?.to_str()?)));
    named.filter_map(told).collect()
}

/// `http://user:secret@proxy:8080` without what stands before the `@`.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
}

/// An empty variable counts as one that is not set.
fn path(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_proxy_is_never_told() {
        for (url, told) in [
            ("http://me:secret@proxy.example:8080", "http://proxy.example:8080"),
            ("me:secret@proxy.example", "proxy.example"),
            ("http://proxy.example", "http://proxy.example"),
            ("/etc/ssl/corporate.pem", "/etc/ssl/corporate.pem"),
        ] {
            assert_eq!(without_password(url), told);
        }
    }
}
