//! The API's own name: a regional domain of API Gateway that leads to the stack's API.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-custom-domain-names.html>

use std::time::Duration;

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{
    DomainNameConfiguration, EndpointType, IpAddressType, SecurityPolicy,
};

use super::records::Alias;
use super::{Api, Certificate, Routes, Validation};
use crate::cloud::apis;
use crate::cloud::certificates::Certificates;
use crate::cloud::pages::Pages;
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, Doing, wait};
use crate::config::Config;
use engine::error::{Error, Result};
use engine::{Calls, Difference, Handle, Id, Inputs, Progress, Resource};

const ABSENT: [&str; 1] = ["NotFoundException"];
const STAGE: &str = "$default";
/// Until API Gateway has seen a certificate that was issued a moment ago.
const SEEN: Duration = Duration::from_mins(1);

/// What the domain is put together from.
#[derive(Clone, Copy)]
pub struct Leads {
    pub api: Handle<Api>,
    pub routes: Handle<Routes>,
    pub certificate: Handle<Certificate>,
    /// Absent where the records are set by hand.
    pub validation: Option<Handle<Validation>>,
}

pub struct ApiDomain {
    cloud: Cloud,
    client: Client,
    name: String,
    tags: Tags,
    leads: Leads,
    certificates: Certificates,
    /// Whether it is what the file wants, not what is to be found and deleted.
    wanted: bool,
}

#[derive(Debug, Clone, Default)]
pub struct LiveApiDomain {
    /// Whether API Gateway has it: what waits for records that are set by hand does not exist yet.
    exists: bool,
    target: String,
    zone: String,
    certificate: String,
    addresses: String,
    tags: Tags,
    mappings: Vec<Mapping>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mapping {
    id: String,
    api: String,
    stage: String,
    key: String,
}

impl LiveApiDomain {
    /// What its records lead to.
    pub fn alias(&self) -> Option<Alias> {
        let alias = || Alias { zone: self.zone.clone(), name: self.target.clone() };
        (!self.target.is_empty()).then(alias)
    }

    /// Whether API Gateway has it.
    pub fn exists(&self) -> bool {
        self.exists
    }

    fn root(&self) -> Option<&Mapping> {
        self.mappings.iter().find(|one| one.key.is_empty())
    }
}

impl ApiDomain {
    pub fn new(
        cloud: &Cloud,
        config: &Config,
        name: &str,
        certificates: &Certificates,
        leads: Leads,
        wanted: bool,
    ) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            name: name.to_owned(),
            tags: tags::ours(config),
            leads,
            certificates: certificates.clone(),
            wanted,
        }
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} API domain `{}`", self.name)
    }

    async fn find(&self) -> Result<Option<LiveApiDomain>> {
        let answer = self.client.get_domain_name().domain_name(&self.name).send().await;
        let answer = answer.doing(self.doing("read")).absent_if(&ABSENT)?;
        let Some(answer) = answer else { return Ok(None) };
        let one = answer.domain_name_configurations.unwrap_or_default().into_iter().next();
        let one = one.unwrap_or_else(|| DomainNameConfiguration::builder().build());
        Ok(Some(LiveApiDomain {
            exists: true,
            target: one.api_gateway_domain_name.unwrap_or_default(),
            zone: one.hosted_zone_id.unwrap_or_default(),
            certificate: one.certificate_arn.unwrap_or_default(),
            addresses: one.ip_address_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            tags: answer.tags.unwrap_or_default().into_iter().collect(),
            mappings: self.mappings().await?,
        }))
    }

    async fn mappings(&self) -> Result<Vec<Mapping>> {
        let (mut found, mut pages) = (Vec::new(), Pages::default());
        loop {
            let call = self.client.get_api_mappings().domain_name(&self.name);
            let page = call.set_next_token(pages.token()).send().await;
            let page = page.doing(self.doing("read the mappings of")).absent_if(&ABSENT)?;
            let Some(page) = page else { return Ok(found) };
            found.extend(page.items.unwrap_or_default().into_iter().map(|one| Mapping {
                id: one.api_mapping_id.unwrap_or_default(),
                api: one.api_id.unwrap_or_default(),
                stage: one.stage.unwrap_or_default(),
                key: one.api_mapping_key.unwrap_or_default(),
            }));
            if !pages.turn(page.next_token)? {
                return Ok(found);
            }
        }
    }

    /// The certificate, once ACM has issued it.
    async fn issued(&self, inputs: &Inputs, progress: &Progress) -> Result<String> {
        let live = inputs.get(self.leads.certificate);
        let arn = live.arn().ok_or_else(|| {
            Error::failed(self.doing("create")).cause("there is no certificate for it")
        })?;
        if !live.is_issued() {
            self.certificates.issued(progress, arn).await?;
        }
        Ok(arn.to_owned())
    }

    fn configuration(certificate: &str) -> DomainNameConfiguration {
        DomainNameConfiguration::builder()
            .certificate_arn(certificate)
            .endpoint_type(EndpointType::Regional)
            .security_policy(SecurityPolicy::Tls12)
            .ip_address_type(IpAddressType::Dualstack)
            .build()
    }

    async fn make(&self, certificate: &str, progress: &Progress) -> Result<()> {
        let unseen =
            |error: &Error| error.has_code(&["BadRequestException"]) && error.says("certificate");
        let what = "API Gateway has seen the certificate";
        wait::while_refused(progress, what, SEEN, unseen, || {
            apis::when_free(progress, || async {
                let call = self
                    .client
                    .create_domain_name()
                    .domain_name(&self.name)
                    .domain_name_configurations(Self::configuration(certificate))
                    .set_tags(Some(self.tags.clone().into_iter().collect()));
                let answer = call.customize().config_override(apis::sent_once()).send().await;
                answer.doing(self.doing("create")).map(|_| ())
            })
        })
        .await
        .exists_if(&["ConflictException"])
        .map_err(|error| {
            if error.has_code(&["ConflictException"]) {
                error.hint("the name is on a distribution or on an API of another account: remove it there, or choose another one")
            } else {
                error
            }
        })
    }

    /// Makes it, or changes it: one call of a kind in 30 seconds for the whole account.
    async fn put(
        &self,
        inputs: &Inputs,
        live: &LiveApiDomain,
        progress: &Progress,
    ) -> Result<LiveApiDomain> {
        let certificate = self.issued(inputs, progress).await?;
        if live.exists {
            if !tags::are_set(&self.tags, &live.tags) {
                self.tag(progress).await?;
            }
            if live.certificate != certificate || !is_dual(live) {
                apis::when_free(progress, || async {
                    let call = self.client.update_domain_name().domain_name(&self.name);
                    let call = call.domain_name_configurations(Self::configuration(&certificate));
                    call.send().await.doing(self.doing("change")).map(|_| ())
                })
                .await?;
            }
        } else {
            self.make(&certificate, progress).await?;
        }
        self.lead(&inputs.get(self.leads.api).id, live.root(), progress).await?;
        wait::until_read(progress, SEEN, || self.find()).await
    }

    async fn tag(&self, progress: &Progress) -> Result<()> {
        let identity = self.cloud.identity().await?;
        let arn = format!(
            "arn:{}:apigateway:{}::/domainnames/{}",
            identity.partition, identity.region, self.name
        );
        apis::when_free(progress, || async {
            let call = self.client.tag_resource().resource_arn(&arn);
            let answer = call.set_tags(Some(self.tags.clone().into_iter().collect())).send().await;
            answer.doing(self.doing("tag")).map(|_| ())
        })
        .await
    }

    /// Lets the name lead to the API.
    async fn lead(&self, api: &str, now: Option<&Mapping>, progress: &Progress) -> Result<()> {
        let doing = self.doing("map the API to");
        apis::when_free(progress, || async {
            match now {
                Some(one) if one.api == api && one.stage == STAGE => Ok(()),
                Some(one) => {
                    let call = self.client.update_api_mapping().domain_name(&self.name);
                    let call = call.api_mapping_id(&one.id).api_id(api).stage(STAGE);
                    call.send().await.doing(&doing).map(|_| ())
                }
                None => {
                    let call = self.client.create_api_mapping().domain_name(&self.name);
                    let call = call.api_id(api).stage(STAGE);
                    let call = call.customize().config_override(apis::sent_once());
                    call.send().await.doing(&doing).map(|_| ())
                }
            }
        })
        .await
        .exists_if(&["ConflictException"])
    }
}

/// An emulator, or an older answer, may say nothing of it.
fn is_dual(live: &LiveApiDomain) -> bool {
    live.addresses.is_empty() || live.addresses == IpAddressType::Dualstack.as_str()
}

impl Resource for ApiDomain {
    type Live = LiveApiDomain;

    fn kind(&self) -> &'static str {
        "api domain"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["apigateway:GetDomainName", "apigateway:GetApiMappings"])
            .making(&[
                "apigateway:CreateDomainName",
                "apigateway:UpdateDomainName",
                "apigateway:CreateApiMapping",
                "apigateway:UpdateApiMapping",
                "apigateway:TagResource",
            ])
            .deleting(&["apigateway:DeleteApiMapping", "apigateway:DeleteDomainName"])
    }

    fn needs(&self) -> Vec<Id> {
        let Leads { api, routes, certificate, validation } = self.leads;
        let own = [api.id, routes.id, certificate.id];
        own.into_iter().chain(validation.map(|validation| validation.id)).collect()
    }

    async fn read(&self, progress: &Progress) -> Result<Option<LiveApiDomain>> {
        let found = apis::when_free(progress, || self.find()).await?;
        let waits = self.wanted && self.leads.validation.is_none();
        Ok(found.or_else(|| waits.then(LiveApiDomain::default)))
    }

    fn is_ours(&self, live: &LiveApiDomain) -> bool {
        !live.exists || tags::is_ours(&self.tags, &live.tags)
    }

    fn diff(&self, inputs: &Inputs, live: &LiveApiDomain) -> Vec<Difference> {
        let certificate = inputs.find(self.leads.certificate);
        if !live.exists {
            let made = Difference::new("domain", "none", &self.name);
            let is_issued = certificate.is_some_and(super::LiveCertificate::is_issued);
            let left = "API Gateway takes it once ACM has issued the certificate: set the record that ACM looks for, then run `stackctl up` again";
            return vec![if is_issued { made } else { made.left(left) }];
        }
        let mut differences = tags::diff(&self.tags, &live.tags);
        if let Some(arn) = certificate.and_then(super::LiveCertificate::arn) {
            let (now, wanted) = (live.certificate.clone(), arn.to_owned());
            differences.extend(Difference::unless_equal("certificate", &now, &wanted));
        }
        if !is_dual(live) {
            differences.push(Difference::new("addresses", &live.addresses, "dualstack"));
        }
        if let Some(api) = inputs.find(self.leads.api) {
            let wanted = format!("{} {STAGE}", api.id);
            let told = |one: &Mapping| format!("{} {}", one.api, one.stage);
            let now = live.root().map_or_else(|| "none".to_owned(), told);
            if let Some(other) = Difference::unless_equal("api", &now, &wanted) {
                let is_foreign = live.root().is_some() && !tags::is_ours(&self.tags, &live.tags);
                let way_out = "delete that mapping, or choose another name for `domain.api`";
                differences.push(if is_foreign { other.refused(way_out) } else { other });
            }
        }
        differences
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveApiDomain> {
        self.put(inputs, &LiveApiDomain::default(), progress).await
    }

    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveApiDomain,
        progress: &Progress,
    ) -> Result<LiveApiDomain> {
        self.put(inputs, live, progress).await
    }

    /// Mappings keep the API from being deleted.
    async fn delete(&self, live: &LiveApiDomain, progress: &Progress) -> Result<()> {
        for one in &live.mappings {
            apis::when_free(progress, || async {
                let call = self.client.delete_api_mapping().domain_name(&self.name);
                let answer = call.api_mapping_id(&one.id).send().await;
                answer.doing(self.doing("delete a mapping of")).absent_if(&ABSENT).map(|_| ())
            })
            .await?;
        }
        apis::when_free(progress, || async {
            let answer = self.client.delete_domain_name().domain_name(&self.name).send().await;
            answer.doing(self.doing("delete")).absent_if(&ABSENT).map(|_| ())
        })
        .await
    }
}

#[cfg(test)]
mod tests;
