//! The way out of this machine: through the proxy that the environment names, and with the certificates of whoever
//! stands in between. What is on this machine is reached directly.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::error::display::DisplayErrorContext;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::profiles::Profiles;
use super::surroundings::Surroundings;
use super::{Doing, is_loopback};
use engine::error::{Error, Result};

/// What every request of this process goes through.
static CHOSEN: OnceLock<Network> = OnceLock::new();

/// How requests leave this machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Network {
    /// Whether the environment names a proxy.
    proxied: bool,
    /// Certificates that count besides those of the system, as PEM, one each.
    certificates: Vec<Vec<u8>>,
}

impl Network {
    /// What the environment and the profile say; a bundle that cannot be read is refused.
    pub fn new(
        surroundings: &Surroundings,
        profiles: &Profiles,
        profile: Option<&str>,
    ) -> Result<Self> {
        let named = profiles.key(profile, "ca_bundle").map(Path::new);
        let certificates = match surroundings.ca_bundle.as_deref().or(named) {
            Some(path) => certificates(path)?,
            None => Vec::new(),
        };
        Ok(Self { proxied: surroundings.proxy, certificates })
    }

    /// Lets every later request of this process go this way.
    pub fn choose(self) -> Self {
        CHOSEN.get_or_init(|| self.clone());
        self
    }

    /// The way that was chosen; before that, the direct one.
    pub fn chosen() -> Self {
        CHOSEN.get().cloned().unwrap_or_default()
    }

    /// For the SDK.
    pub fn client(&self) -> SharedHttpClient {
        let direct = self.pool(ProxyConfig::disabled());
        let proxied = self.proxied.then(|| self.pool(ProxyConfig::from_env()));
        http_client_fn(move |settings, components| {
            SharedHttpConnector::new(Way {
                direct: direct.http_connector(settings, components),
                proxied: proxied.as_ref().map(|one| one.http_connector(settings, components)),
            })
        })
    }

    fn pool(&self, proxy: ProxyConfig) -> SharedHttpClient {
        let network = self.clone();
        Builder::new().build_with_connector_fn(move |settings, components| {
            let mut builder = Connector::builder().proxy_config(proxy.clone());
            builder.set_connector_settings(settings.cloned());
            builder.set_sleep_impl(
                components.and_then(aws_sdk_apigatewayv2::config::RuntimeComponents::sleep_impl),
            );
            builder.tls_provider(TLS).tls_context(network.tls()).build()
        })
    }

    /// For plain requests.
    pub fn connector(&self, settings: &HttpConnectorSettings) -> SharedHttpConnector {
        let connector = |proxy| {
            let builder = Connector::builder().connector_settings(settings.clone());
            let builder = builder.proxy_config(proxy).tls_provider(TLS);
            SharedHttpConnector::new(builder.tls_context(self.tls()).build())
        };
        SharedHttpConnector::new(Way {
            direct: connector(ProxyConfig::disabled()),
            proxied: self.proxied.then(|| connector(ProxyConfig::from_env())),
        })
    }

    fn tls(&self) -> TlsContext {
        let store = self
            .certificates
            .iter()
            .fold(TrustStore::default(), |store, one| store.with_pem_certificate(one.clone()));
        TlsContext::builder().with_trust_store(store).build().unwrap_or_default()
    }
}

const TLS: Provider = Provider::Rustls(CryptoMode::Ring);

/// The last line of a certificate.
const END: &str = "-----END CERTIFICATE-----";

/// Every certificate of a bundle that TLS understands, one PEM each: one that it does not would end the process.
fn certificates(path: &Path) -> Result<Vec<Vec<u8>>> {
    let text = machine::read_text(path)
        .doing(format!("read the certificates of `{}`", path.display()))
        .map_err(|error| error.hint("`AWS_CA_BUNDLE` or `ca_bundle` in the profile names it"))?;
    let blocks = text.split_inclusive(END).filter_map(|part| {
        let begin = part.find("-----BEGIN CERTIFICATE-----")?;
        let block = format!("{}\n", &part[begin..]);
        let certificate = CertificateDer::from_pem_slice(block.as_bytes()).ok()?;
        RootCertStore::empty().add(certificate).ok()?;
        Some(block.into_bytes())
    });
    let found: Vec<Vec<u8>> = blocks.collect();
    if found.is_empty() {
        return Err(Error::usage(format!("`{}` holds no certificate", path.display()))
            .hint("`AWS_CA_BUNDLE` and `ca_bundle` name a file of PEM certificates"));
    }
    Ok(found)
}

/// Whether anything has been answered: before that, a name that is not resolved is a wrong region or no network.
static ANSWERED: AtomicBool = AtomicBool::new(false);

#[derive(Debug)]
struct Way {
    direct: SharedHttpConnector,
    proxied: Option<SharedHttpConnector>,
}

impl HttpConnector for Way {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let chosen = match &self.proxied {
            Some(proxied) if !is_near(request.uri()) => proxied,
            _ => &self.direct,
        };
        let answer = chosen.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            match answer {
                Ok(answer) => {
                    ANSWERED.store(true, Ordering::Relaxed);
                    Ok(answer)
                }
                // The SDK repeats what it takes for a failure of input or output: for most of a minute, without a word.
                Err(error) if !ANSWERED.load(Ordering::Relaxed) && is_unresolved(&error) => {
                    Err(ConnectorError::other(error.into(), None))
                }
                Err(error) => Err(error),
            }
        })
    }
}

/// This machine, or what gives a machine in AWS its credentials.
fn is_near(url: &str) -> bool {
    is_loopback(url) || url.starts_with("http://169.254.") || url.starts_with("http://[fd00:ec2:")
}

/// Whether the name of the host is not known.
pub(super) fn is_unresolved(error: &(dyn std::error::Error + 'static)) -> bool {
    let told = DisplayErrorContext(error).to_string();
    told.contains("lookup address") || told.contains("dns error")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_this_machine_or_beside_it_is_reached_directly() {
        for url in ["http://127.0.0.1:4566/x", "http://169.254.169.254/latest", "http://localhost"]
        {
            assert!(is_near(url), "{url}");
        }
        assert!(!is_near("https://sts.us-east-1.amazonaws.com/"));
    }

    #[test]
    fn a_bundle_without_a_certificate_is_refused_before_the_first_call() {
        let folder = std::env::temp_dir().join(format!("stackctl-bundle-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("ca.pem");
        for text in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            std::fs::write(&file, text).expect("written");
            let error = certificates(&file).expect_err("nothing in it");
            assert!(error.message.ends_with("holds no certificate"), "{error}");
        }
        let error = certificates(&folder.join("none.pem")).expect_err("no such file");
        assert!(error.hint.is_some_and(|hint| hint.contains("AWS_CA_BUNDLE")));
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
