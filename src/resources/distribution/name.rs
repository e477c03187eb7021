//! The site's own names on the distribution, with the certificate that viewers see.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Distribution;
use crate::cloud::certificates::{Certificates, Found};
use crate::cloud::wait;
use crate::cloud::zones::Zones;
use crate::config::SiteNames;
use crate::resources::{Certificate, Validation};
use engine::error::{Error, Result};
use engine::{Calls, Difference, Handle, Id, Inputs, Progress, Resource};
use wire::Element;

/// Until CloudFront has seen a certificate that was issued a moment ago.
const SEEN: Duration = Duration::from_mins(1);

/// Where the certificate comes from.
pub enum CertificateOf {
    /// The stack's own, and what proves it; `None` where the records are set by hand.
    Stack(Handle<Certificate>, Option<Handle<Validation>>),
    /// Somebody else's, by its ARN.
    Given(String),
}

pub struct SiteName {
    distribution: Distribution,
    names: SiteNames,
    at: Handle<Distribution>,
    certificate: CertificateOf,
    certificates: Certificates,
    /// Absent where the records are set by hand.
    zones: Option<Zones>,
    /// Whether it is what the file wants, not what is to be found and deleted.
    wanted: bool,
}

/// The names that the distribution answers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveSiteName {
    pub aliases: BTreeSet<String>,
    certificate: String,
    protocol: String,
}

impl SiteName {
    pub fn new(
        distribution: Distribution,
        names: &SiteNames,
        at: Handle<Distribution>,
        certificate: CertificateOf,
        certificates: &Certificates,
    ) -> Self {
        let (names, certificates) = (names.clone(), certificates.clone());
        Self { distribution, names, at, certificate, certificates, zones: None, wanted: false }
    }

    #[must_use]
    pub fn in_zones(self, zones: Option<&Zones>) -> Self {
        Self { zones: zones.cloned(), ..self }
    }

    #[must_use]
    pub fn wanted(self, wanted: bool) -> Self {
        Self { wanted, ..self }
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} `{}`", self.names.name)
    }

    /// The certificate, as far as it is known; whether it is issued.
    fn certificate<'a>(&'a self, inputs: &'a Inputs) -> (Option<&'a str>, bool) {
        match &self.certificate {
            CertificateOf::Given(arn) => (Some(arn), true),
            CertificateOf::Stack(handle, _) => match inputs.find(*handle) {
                Some(live) => (live.arn(), live.is_issued()),
                None => (None, false),
            },
        }
    }

    /// Waits for the certificate. The usual reason for one that never comes is a registrar that names other servers.
    async fn issued(&self, arn: &str, progress: &Progress) -> Result<Found> {
        if let Some(zones) = &self.zones {
            let zone = zones.of(&self.names.name).await?;
            let zone = match zone {
                Some(zone) => zones.read(&zone.id).await?,
                None => None,
            };
            if let Some(zone) = zone {
                progress.output(format!(
                    "note: ACM looks for the record of {} from the internet, so the registrar must name these servers: {}",
                    zone.name.trim_end_matches('.'),
                    zone.servers.join(", ")
                ));
            }
        }
        self.certificates.issued(progress, arn).await
    }

    async fn set(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveSiteName> {
        let (arn, is_issued) = self.certificate(inputs);
        let arn = arn.ok_or_else(|| {
            Error::failed(self.doing("set the name")).cause("there is no certificate for it")
        })?;
        if !is_issued {
            self.issued(arn, progress).await?;
        }
        let id = &inputs.get(self.at).id;
        let set = |config: &Element| named(config, &self.names, arn);
        let unseen = |error: &Error| error.has_code(&["InvalidViewerCertificate", "IllegalUpdate"]);
        let what = "CloudFront has seen the certificate";
        let changed =
            wait::while_refused(progress, what, SEEN, unseen, || self.distribution.change(id, set));
        let changed = changed.await.map_err(|error| self.taken(error))?;
        if changed.is_none() {
            let gone = Error::failed(self.doing("set the name"));
            return Err(gone.cause("the distribution was deleted meanwhile"));
        }
        Ok(LiveSiteName {
            aliases: self.names.all().cloned().collect(),
            certificate: arn.to_owned(),
            protocol: self.names.minimum_tls.clone(),
        })
    }

    /// A name can be on one distribution of all accounts alone.
    fn taken(&self, error: Error) -> Error {
        if !error.has_code(&["CNAMEAlreadyExists"]) {
            return error;
        }
        let names: Vec<&str> = self.names.all().map(String::as_str).collect();
        let hint = format!(
            "another distribution, an Amplify app or an edge-optimized API, perhaps of another account, has one of {}: remove the name there; `aws cloudfront list-conflicting-aliases --distribution-id ID --alias NAME` shows where, once this distribution has a certificate for it",
            names.join(", ")
        );
        error.hint(hint)
    }
}

/// `config` with the names and the certificate.
pub(super) fn named(config: &Element, names: &SiteNames, arn: &str) -> Element {
    let aliases = names.all().map(|name| Element::text("CNAME", name)).collect();
    let certificate = Element::new("ViewerCertificate")
        .and("ACMCertificateArn", arn)
        .and("SSLSupportMethod", "sni-only")
        .and("MinimumProtocolVersion", &names.minimum_tls);
    with(config, &[super::config::items("Aliases", aliases), certificate])
}

/// `config` with CloudFront's own name alone.
pub(super) fn unnamed(config: &Element) -> Element {
    if config.at("ViewerCertificate/ACMCertificateArn").is_empty()
        && config.child("Aliases").is_none_or(|aliases| aliases.child("Items").is_none())
    {
        return config.clone();
    }
    let certificate = Element::new("ViewerCertificate").and("CloudFrontDefaultCertificate", "true");
    with(config, &[super::config::items("Aliases", Vec::new()), certificate])
}

fn with(config: &Element, members: &[Element]) -> Element {
    let mut config = config.clone();
    for member in members {
        config.children.retain(|one| one.name != member.name);
        config.children.push(member.clone());
    }
    config
}

fn told(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

impl Resource for SiteName {
    type Live = LiveSiteName;

    fn kind(&self) -> &'static str {
        "domain"
    }

    fn name(&self) -> String {
        self.names.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
    }

    fn needs(&self) -> Vec<Id> {
        let mut needs = vec![self.at.id];
        if let CertificateOf::Stack(certificate, validation) = &self.certificate {
            needs.push(certificate.id);
            needs.extend(validation.map(|validation| validation.id));
        }
        needs
    }

    fn contained_in(&self) -> Option<Id> {
        Some(self.at.id)
    }

    /// What waits for records that somebody sets by hand is compared, not created.
    async fn read(&self, _: &Progress) -> Result<Option<LiveSiteName>> {
        let own = self.distribution.own().await?;
        let waits = self.wanted && self.zones.is_none();
        let named = own.filter(|one| !one.aliases.is_empty());
        Ok(match named {
            None => waits.then(LiveSiteName::default),
            Some(one) => Some(LiveSiteName {
                aliases: one.aliases.into_iter().collect(),
                certificate: one.certificate,
                protocol: one.protocol,
            }),
        })
    }

    fn diff(&self, inputs: &Inputs, live: &LiveSiteName) -> Vec<Difference> {
        let mut differences = Vec::new();
        let aliases: BTreeSet<String> = self.names.all().cloned().collect();
        if live.aliases != aliases {
            differences.push(Difference::new("names", told(&live.aliases), told(&aliases)));
        }
        let (arn, is_issued) = self.certificate(inputs);
        if let Some(arn) = arn.filter(|arn| *arn != live.certificate) {
            let now = if live.certificate.is_empty() { "none" } else { &live.certificate };
            differences.push(Difference::new("certificate", now, arn));
        }
        let protocol = &self.names.minimum_tls;
        if !live.aliases.is_empty() {
            differences.extend(Difference::unless_equal("protocol", &live.protocol, protocol));
        }
        if self.zones.is_some() || is_issued {
            return differences;
        }
        let left = "CloudFront takes it once ACM has issued the certificate: set the record that ACM looks for, then run `stackctl up` again";
        differences.into_iter().map(|one| one.left(left)).collect()
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveSiteName> {
        self.set(inputs, progress).await
    }

    async fn update(
        &self,
        inputs: &Inputs,
        _: &LiveSiteName,
        progress: &Progress,
    ) -> Result<LiveSiteName> {
        self.set(inputs, progress).await
    }

    /// Goes with the distribution.
    async fn delete(&self, _: &LiveSiteName, _: &Progress) -> Result<()> {
        Ok(())
    }
}
