//! The wiring of the stack's own names.

use super::{Http, SiteParts, Wiring};
use crate::cloud::certificates::{self, Certificates, OF_CLOUDFRONT};
use crate::cloud::zones::Zones;
use crate::cloud::{Cloud, tags};
use crate::config::{Config, Domain, Site, SiteNames, Zone};
use crate::resources::{
    ApiDomain, Beside, Certificate, CertificateOf, Distribution, Leads, Records, SiteName, Target,
    Validation,
};
use engine::Handle;
use engine::error::{Error, Result};

/// The stack's own names.
pub struct DomainParts {
    /// Those that stackctl has requested, the site's first.
    pub certificates: Vec<Handle<Certificate>>,
    pub site: Option<Handle<SiteName>>,
    pub api: Option<Handle<ApiDomain>>,
    /// Absent where the records are set by hand.
    zones: Option<Zones>,
    /// Every name that is to be in one of the zones.
    names: Vec<String>,
    /// The certificate that the file names, and the names that it must have.
    given: Option<(Certificates, String, SiteNames)>,
}

impl DomainParts {
    /// Refuses, before anything is written, names without a zone and a certificate without the names.
    pub async fn check(&self, cloud: &Cloud) -> Result<()> {
        // The local cloud has no zones unless somebody makes some.
        if let Some(zones) = self.zones.as_ref().filter(|_| cloud.loopback().is_none()) {
            for name in &self.names {
                zones.needed(name).await?;
            }
        }
        let Some((certificates, arn, names)) = &self.given else { return Ok(()) };
        let found = certificates.described(arn).await?;
        let refused = |cause: String| {
            Err(Error::usage(format!("the certificate `{arn}` cannot be used")).cause(cause).hint(
                "name another one as `domain.certificate`, or leave it out for one of the stack's own",
            ))
        };
        match found {
            None => refused("it does not exist".to_owned()),
            Some(found) if !found.is_issued() => refused(format!("its status is {}", found.status)),
            Some(found) => match names.all().find(|name| !certificates::covers(&found.names, name))
            {
                Some(name) => refused(format!("it is none of {name}")),
                None => Ok(()),
            },
        }
    }
}

/// What a certificate is for, and how it is proved.
struct Proved {
    certificates: Certificates,
    certificate: Handle<Certificate>,
    validation: Option<Handle<Validation>>,
}

impl Wiring<'_> {
    /// Adds the stack's own names; `wanted` is whether they are what the file wants, not what is to be found and deleted.
    pub(super) fn names(
        &mut self,
        config: &Config,
        site: Option<SiteParts>,
        http: Option<Http>,
        wanted: bool,
    ) -> Option<DomainParts> {
        let domain = config.domain.as_ref()?;
        let zones = (domain.zone != Zone::Elsewhere).then(|| Zones::new(self.cloud, &domain.zone));
        let names = domain.site.iter().flat_map(SiteNames::all).chain(&domain.api);
        let mut parts = DomainParts {
            certificates: Vec::new(),
            site: None,
            api: None,
            names: names.cloned().collect(),
            zones,
            given: None,
        };
        if let (Some(names), Some(at), Some(site)) = (&domain.site, site, &config.site) {
            self.site_names(config, (names, at, site), http, &mut parts, wanted);
        }
        if let (Some(name), Some(http)) = (&domain.api, http) {
            self.api_name(config, (domain, name), http, &mut parts, wanted);
        }
        Some(parts)
    }

    /// Adds a certificate, and the records by which ACM sees that the names are the account's.
    fn proved(
        &mut self,
        config: &Config,
        certificates: Certificates,
        parts: &mut DomainParts,
        wanted: bool,
    ) -> Proved {
        let (cloud, graph) = (self.cloud, &mut self.graph);
        let certificates = Certificates { thorough: !wanted, ..certificates };
        let by_hand = parts.zones.is_none();
        let certificate = graph.add(Certificate::new(cloud, &certificates, by_hand));
        let validation = parts.zones.as_ref().map(|zones| {
            let comment = comment(config);
            graph.add(Validation::new(cloud, &certificates, zones, certificate, comment))
        });
        parts.certificates.push(certificate);
        Proved { certificates, certificate, validation }
    }

    fn site_names(
        &mut self,
        config: &Config,
        (names, at, site): (&SiteNames, SiteParts, &Site),
        http: Option<Http>,
        parts: &mut DomainParts,
        wanted: bool,
    ) {
        let all: Vec<String> = names.all().cloned().collect();
        let own = tags::ours(config);
        let certificates = Certificates::new(self.cloud, OF_CLOUDFRONT, "site", own, all.clone());
        let (certificates, of) = if let Some(arn) = &names.certificate {
            parts.given = Some((certificates.clone(), arn.clone(), names.clone()));
            (certificates, CertificateOf::Given(arn.clone()))
        } else {
            let proved = self.proved(config, certificates, parts, wanted);
            let of = CertificateOf::Stack(proved.certificate, proved.validation);
            (proved.certificates, of)
        };
        let cloud = self.cloud;
        let SiteParts { bucket, access_control, function, .. } = at;
        let beside = Beside { bucket, access_control, function, api: http.map(|http| http.api) };
        let found = || Distribution::new(cloud, config, site, beside);
        let zones = parts.zones.clone();
        let name = SiteName::new(found(), names, at.distribution, of, &certificates);
        let name = self.graph.add(name.in_zones(zones.as_ref()).wanted(wanted));
        parts.site = Some(name);
        if let Some(zones) = &zones {
            let target = Target::Site(Box::new(found()), at.distribution, name);
            let records = Records::new(cloud, zones, all, target);
            let take_over = config.domain.as_ref().is_some_and(|domain| domain.take_over);
            self.graph.add(records.taking_over(take_over).wanted(wanted, comment(config)));
        }
    }

    fn api_name(
        &mut self,
        config: &Config,
        (domain, name): (&Domain, &str),
        http: Http,
        parts: &mut DomainParts,
        wanted: bool,
    ) {
        let cloud = self.cloud;
        let (region, own) = (cloud.region().to_owned(), tags::ours(config));
        let certificates = Certificates::new(cloud, &region, "api", own, vec![name.to_owned()]);
        let Proved { certificates, certificate, validation } =
            self.proved(config, certificates, parts, wanted);
        let leads = Leads { api: http.api, routes: http.routes, certificate, validation };
        let api = || ApiDomain::new(cloud, config, name, &certificates, leads, wanted);
        let handle = self.graph.add(api());
        parts.api = Some(handle);
        if let Some(zones) = parts.zones.clone() {
            let target = Target::Api(Box::new(api()), handle);
            let records = Records::new(cloud, &zones, vec![name.to_owned()], target);
            let records = records.taking_over(domain.take_over);
            self.graph.add(records.wanted(wanted, comment(config)));
        }
    }
}

/// What Route 53 keeps of a change.
fn comment(config: &Config) -> String {
    format!("stackctl {}/{}", config.name, config.stage)
}
