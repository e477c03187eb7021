//! The stack's own names in the outputs, and the records that somebody sets by hand.

use serde_json::{Value, json};

use super::outputs::Lives;
use crate::cloud::Cloud;
use crate::config::{Config, SiteNames, Zone};
use crate::resources::{
    ApiDomain, Certificate, Distribution, LiveApiDomain, LiveCertificate, LiveDistribution,
    LiveSiteName, SiteName,
};
use crate::stack::Stack;
use engine::Handle;

/// What is there of the stack's names.
#[derive(Default)]
pub struct Names<'a> {
    certificates: Vec<&'a LiveCertificate>,
    site: Option<&'a LiveSiteName>,
    api: Option<&'a LiveApiDomain>,
    distribution: Option<&'a LiveDistribution>,
}

pub fn found<'a>(stack: &Stack, lives: &'a impl Lives) -> Names<'a> {
    let Some(domain) = &stack.domain else { return Names::default() };
    let certificate = |handle: &Handle<Certificate>| lives.of(*handle);
    let site = |handle: Handle<SiteName>| lives.of(handle);
    let api = |handle: Handle<ApiDomain>| lives.of(handle);
    let distribution: Option<Handle<Distribution>> = stack.site.map(|site| site.distribution);
    Names {
        certificates: domain.certificates.iter().filter_map(certificate).collect(),
        site: domain.site.and_then(site),
        api: domain.api.and_then(api),
        distribution: distribution.and_then(|handle| lives.of(handle)),
    }
}

/// The address that people know, once the distribution answers to it. The local cloud is reached by its own alone.
pub fn site_url<'a>(
    config: &Config,
    cloud: &Cloud,
    aliases: impl IntoIterator<Item = &'a String>,
) -> Option<String> {
    let name = &config.domain.as_ref()?.site.as_ref()?.name;
    let answers = cloud.loopback().is_none() && aliases.into_iter().any(|alias| alias == name);
    answers.then(|| format!("https://{name}"))
}

/// The outputs of the stack's names.
pub fn outputs(document: &mut Value, config: &Config, cloud: &Cloud, names: &Names) {
    let Some(domain) = &config.domain else { return };
    let aliases = names.site.map(|site| &site.aliases);
    if let Some(url) = aliases.and_then(|aliases| site_url(config, cloud, aliases)) {
        document["site_url"] = json!(url);
    }
    if let Some(name) = &domain.api {
        let answers = cloud.loopback().is_none() && names.api.is_some_and(LiveApiDomain::exists);
        document["api_domain_url"] = json!(answers.then(|| format!("https://{name}")));
    }
    if domain.zone == Zone::Elsewhere {
        document["dns_records"] = json!(by_hand(config, names));
    }
}

/// Where a page finds the API: by its own name, where it has one.
pub fn api_url<'a>(document: &'a Value, url: &'a str) -> &'a str {
    document["api_domain_url"].as_str().unwrap_or(url)
}

/// The records that somebody sets where DNS is elsewhere.
fn by_hand(config: &Config, names: &Names) -> Vec<Value> {
    let record = |name: &str, kind: &str, value: &str| {
        let plain = |text: &str| text.trim_end_matches('.').to_owned();
        json!({"name": plain(name), "type": kind, "value": plain(value)})
    };
    let current = names.certificates.iter().filter_map(|one| one.current.as_ref());
    let proofs = current.flat_map(|one| &one.proofs).map(|proof| &proof.record);
    let mut records: Vec<Value> =
        proofs.map(|one| record(&one.name, &one.r#type, &one.value)).collect();
    let Some(domain) = &config.domain else { return records };
    if let Some(distribution) = names.distribution {
        let site = domain.site.iter().flat_map(SiteNames::all);
        records.extend(site.map(|name| record(name, "CNAME", &distribution.domain)));
    }
    let target = names.api.and_then(LiveApiDomain::alias);
    if let Some((name, target)) = domain.api.as_ref().zip(target) {
        records.push(record(name, "CNAME", &target.name));
    }
    records
}

/// The same for people; empty where stackctl sets the records itself.
pub fn text(document: &Value) -> String {
    let records = document["dns_records"].as_array().map(Vec::as_slice).unwrap_or_default();
    if records.is_empty() {
        return String::new();
    }
    let told =
        |record: &Value, member: &str| record[member].as_str().unwrap_or_default().to_owned();
    let line = |record: &Value| {
        format!("\n  {} {} {}", told(record, "name"), told(record, "type"), told(record, "value"))
    };
    let lines: String = records.iter().map(line).collect();
    format!(
        "\n\nrecords to set at your DNS provider, for good:{lines}\n(a zone's own name takes ALIAS or ANAME instead of CNAME)"
    )
}
