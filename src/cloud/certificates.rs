//! Finding the stack's certificates: ACM gives them names of its own, so they are known by their tags.
//! <https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html>

use std::collections::BTreeSet;
use std::time::Duration;

use aws_config::Region;
use tokio::task::JoinSet;
use tokio::time::Instant;
use wire::acm::{
    ACM, CertificateDetail, CertificateSummary, DescribeCertificate, ListCertificates,
    ListTagsForCertificate, ResourceRecord, Tag,
};
use wire::{Client, Service};

use super::error::Doing;
use super::pages::Pages;
use super::tags::{self, Tags};
use super::wait::{self, Poll};
use super::{Answer, Cloud};
use engine::Progress;
use engine::error::{Error, Result};

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] =
    &["acm:ListCertificates", "acm:ListTagsForCertificate", "acm:DescribeCertificate"];

/// CloudFront reads certificates here alone:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html>
pub const OF_CLOUDFRONT: &str = "us-east-1";

pub const ABSENT: [&str; 1] = ["ResourceNotFoundException"];
/// Until ACM has seen the records, which takes it minutes as a rule.
const ISSUED: Duration = Duration::from_mins(15);
/// Says which of the stack's certificates one is.
const PURPOSE: &str = "stackctl:for";
/// What a region that the account has not enabled answers, and one that its organisation forbids.
const SHUT: [&str; 4] = [
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "AccessDeniedException",
    "OptInRequired",
];

/// The certificates of a stack for one purpose, in one region.
#[derive(Clone)]
pub struct Certificates {
    pub client: Client,
    pub region: String,
    /// The names that it shall have; the first of them is the one that ACM lists it by.
    pub names: Vec<String>,
    pub tags: Tags,
    /// Whether certificates of names that the file does not say any more are looked for.
    pub thorough: bool,
}

/// A certificate as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub arn: String,
    pub names: BTreeSet<String>,
    pub status: String,
    pub reason: Option<String>,
    pub proofs: Vec<Proof>,
    /// The ARNs of what uses it.
    pub users: Vec<String>,
    pub tags: Tags,
}

/// The record by which ACM sees that a name is the account's. All certificates of the account for a name share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The name, without `*.` before it.
    pub domain: String,
    pub record: ResourceRecord,
}

impl Found {
    pub fn is_issued(&self) -> bool {
        self.status == "ISSUED"
    }

    /// Whether it is one, or may become one.
    pub fn is_usable(&self) -> bool {
        self.is_issued() || self.status == "PENDING_VALIDATION"
    }

    /// `CNAME _a.app.example.com → _b.acm-validations.aws`, each of them.
    pub fn told(&self) -> String {
        let told = |proof: &Proof| {
            let ResourceRecord { name, r#type, value } = &proof.record;
            format!("{type} {} → {}", name.trim_end_matches('.'), value.trim_end_matches('.'))
        };
        let all: Vec<String> = self.proofs.iter().map(told).collect();
        if all.is_empty() {
            "a record that it has not named yet".to_owned()
        } else {
            all.join(", ")
        }
    }
}

impl Certificates {
    pub fn new(cloud: &Cloud, region: &str, purpose: &str, ours: Tags, names: Vec<String>) -> Self {
        let mut tags = ours;
        tags.insert(PURPOSE.to_owned(), purpose.to_owned());
        let client = client(cloud, region);
        Self { client, region: region.to_owned(), names, tags, thorough: false }
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} the certificate of `{}`", self.names[0])
    }

    /// Every certificate of ours, whatever became of it.
    pub async fn ours(&self) -> Result<Vec<Found>> {
        let listed = listed(&self.client).await?.into_iter();
        let listed = listed.filter(|one| self.thorough || one.domain_name == self.names[0]);
        let mut found = Vec::new();
        for one in listed {
            let arn = &one.certificate_arn;
            let tags = self.tags_of(arn).await?;
            if !tags::is_ours(&self.tags, &tags) {
                continue;
            }
            found.extend(self.described(arn).await?.map(|one| Found { tags, ..one }));
        }
        Ok(found)
    }

    async fn tags_of(&self, arn: &str) -> Result<Tags> {
        let certificate_arn = arn.to_owned();
        let answer = self.client.call(ListTagsForCertificate { certificate_arn }).await;
        let answer = answer.doing(self.doing("read the tags of"));
        let tags = answer.absent_if(&ABSENT)?.map(|answer| answer.tags).unwrap_or_default();
        Ok(tags.into_iter().map(|tag: Tag| (tag.key, tag.value)).collect())
    }

    /// One as it is now, without its tags.
    pub async fn described(&self, arn: &str) -> Result<Option<Found>> {
        let certificate_arn = arn.to_owned();
        let answer = self.client.call(DescribeCertificate { certificate_arn }).await;
        let answer = answer.doing(self.doing("read"));
        Ok(answer.absent_if(&ABSENT)?.map(|answer| read(answer.certificate)))
    }

    /// Waits until ACM has issued it, and says what it looks for meanwhile.
    pub async fn issued(&self, progress: &Progress, arn: &str) -> Result<Found> {
        let since = Instant::now();
        let waited = wait::until(progress, "ACM issues the certificate", ISSUED, || async {
            let found = self.described(arn).await?;
            let found = found.ok_or_else(|| {
                Error::failed(self.doing("read")).cause("it was deleted meanwhile")
            })?;
            if found.is_issued() {
                return Ok(Poll::Ready(found));
            }
            if !found.is_usable() {
                return Err(refused(&found));
            }
            let seconds = since.elapsed().as_secs();
            Ok(Poll::Pending(format!(
                "PENDING_VALIDATION for {seconds} s; ACM looks for {}",
                found.told()
            )))
        });
        waited.await.map_err(|error| {
            if !error.message.contains("wait until") {
                return error;
            }
            error.hint("check that the record can be looked up from the internet, that the registrar names the servers of this zone, and that CAA records, if there are any, allow amazon.com; then run the same command again: it continues")
        })
    }

    /// Whether another certificate than `own`, of any region, has `domain` among its names. It needs the same record when
    /// it is renewed. Where that cannot be known, it may.
    pub async fn needs_record_elsewhere(
        cloud: &Cloud,
        domain: &str,
        own: &[String],
        regions: &[&'static str],
    ) -> bool {
        let mut looks = JoinSet::new();
        for region in regions {
            let client = client(cloud, region);
            looks.spawn(async move { listed(&client).await });
        }
        let wild = format!("*.{domain}");
        let names = |one: &CertificateSummary| {
            let mut all = one.subject_alternative_name_summaries.iter().chain([&one.domain_name]);
            all.any(|name| *name == domain || *name == wild)
        };
        for listed in looks.join_all().await {
            match listed {
                Ok(all) => {
                    let mut others = all.iter().filter(|one| !own.contains(&one.certificate_arn));
                    if others.any(names) {
                        return true;
                    }
                }
                Err(error) if error.has_code(&SHUT) => {}
                Err(_) => return true,
            }
        }
        false
    }
}

/// ACM will not issue it any more.
fn refused(found: &Found) -> Error {
    let reason = found.reason.as_deref().unwrap_or_default();
    let hint = match reason {
        "CAA_ERROR" => {
            "a CAA record forbids ACM: allow \"amazon.com\" in it, then run the same command again"
        }
        "ADDITIONAL_VERIFICATION_REQUIRED" => {
            "AWS wants to look at this name first: open a case with AWS support"
        }
        "DOMAIN_NOT_ALLOWED" | "INVALID_PUBLIC_DOMAIN" => {
            "ACM issues nothing for this name: choose another one in `[domain]`"
        }
        _ => "run the same command again: it requests another one",
    };
    let told = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    Error::failed("wait until ACM issues the certificate")
        .cause(format!("its status is {}{told}", found.status))
        .hint(hint)
}

/// The same credentials, in the region of the certificates.
fn client(cloud: &Cloud, region: &str) -> Client {
    const SERVICE: &Service = &ACM;
    let sdk = cloud.sdk.to_builder().region(Region::new(region.to_owned())).build();
    Client::new(&sdk, SERVICE)
}

async fn listed(client: &Client) -> Result<Vec<CertificateSummary>> {
    let mut found = Vec::new();
    let mut pages = Pages::default();
    loop {
        let (max_items, next_token) = (1000, pages.token());
        let page = client.call(ListCertificates { max_items, next_token }).await;
        let page = page.doing("list the certificates")?;
        found.extend(page.certificate_summary_list);
        if !pages.turn(page.next_token)? {
            return Ok(found);
        }
    }
}

/// Names of one certificate may share a record: `*.example.com` has that of `example.com`.
fn read(one: CertificateDetail) -> Found {
    let mut proofs: Vec<Proof> = Vec::new();
    for option in one.domain_validation_options {
        let domain = option.domain_name.trim_start_matches("*.").to_owned();
        let Some(record) = option.resource_record else { continue };
        if !proofs.iter().any(|proof| proof.record == record) {
            proofs.push(Proof { domain, record });
        }
    }
    let names = one.subject_alternative_names.into_iter();
    Found {
        arn: one.certificate_arn,
        names: names.chain([one.domain_name]).filter(|name| !name.is_empty()).collect(),
        status: one.status,
        reason: one.failure_reason,
        proofs,
        users: one.in_use_by,
        tags: Tags::new(),
    }
}

/// Whether `certificate`, with these names, is one of the host `name`: a star stands for one label.
pub fn covers(names: &BTreeSet<String>, name: &str) -> bool {
    let parent = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
    names.contains(name) || parent.is_some_and(|wild| names.contains(&wild))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        let names = BTreeSet::from(["example.com".to_owned(), "*.example.com".to_owned()]);
        assert!(covers(&names, "example.com") && covers(&names, "app.example.com"));
        assert!(!covers(&names, "a.b.example.com") && !covers(&names, "example.org"));
    }
}
