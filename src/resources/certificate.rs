//! The certificate of the stack's own names. It is requested here; that the names are the account's is shown by records.

use std::time::Duration;

use crate::cloud::certificates::{ABSENT, CALLS, Certificates, Found};
use crate::cloud::tags;
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud, Doing, Identity};
use crate::limits;
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Inputs, Limit, Progress, Resource};
use package::Digest;
use wire::acm::{AddTagsToCertificate, DeleteCertificate, RequestCertificate, Tag};

/// Until a request can be read at all.
const SEEN: Duration = Duration::from_secs(30);
/// Until ACM has named the records that it looks for.
const NAMED: Duration = Duration::from_mins(5);
/// Until ACM knows that what used it is gone.
const LET_GO: Duration = Duration::from_mins(20);
/// So many requests may be answered with certificates that were deleted within the hour.
const TOKENS: usize = 5;

pub struct Certificate {
    cloud: Cloud,
    certificates: Certificates,
    /// Whether the records are set by hand, while this waits for them.
    by_hand: bool,
}

/// The certificates of the stack for one purpose: the one that has the names of the file, and others.
#[derive(Debug, Clone, Default)]
pub struct LiveCertificate {
    pub current: Option<Found>,
    others: Vec<Found>,
}

impl Certificate {
    pub fn new(cloud: &Cloud, certificates: &Certificates, by_hand: bool) -> Self {
        Self { cloud: cloud.clone(), certificates: certificates.clone(), by_hand }
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} the certificate of `{}`", self.name())
    }

    fn has_names(&self, found: &Found) -> bool {
        let names = &self.certificates.names;
        found.names.len() == names.len() && names.iter().all(|name| found.names.contains(name))
    }

    async fn find(&self) -> Result<LiveCertificate> {
        let mut all = self.certificates.ours().await?;
        // Two runs at once may have made two: both keep the same one.
        all.sort_by(|one, other| {
            (!one.is_issued(), &one.arn).cmp(&(!other.is_issued(), &other.arn))
        });
        let place = all.iter().position(|one| one.is_usable() && self.has_names(one));
        let current = place.map(|place| all.remove(place));
        Ok(LiveCertificate { current, others: all })
    }

    fn tags(&self) -> Vec<Tag> {
        let tag = |(key, value): (&String, &String)| Tag { key: key.clone(), value: value.clone() };
        self.certificates.tags.iter().map(tag).collect()
    }

    /// The same for the same names of the same stack, so that a request whose answer was lost is not made twice.
    async fn token(&self, count: usize) -> Result<String> {
        let account = &self.cloud.identity().await?.account;
        let Certificates { region, names, tags, .. } = &self.certificates;
        let text = format!("{account} {region} {names:?} {tags:?} {count}");
        Ok(Digest::of(text.as_bytes()).hex().chars().take(32).collect())
    }

    /// Requests one, and returns when ACM has named the records that it looks for.
    async fn request(&self, failed: usize, progress: &Progress) -> Result<Found> {
        let names = &self.certificates.names;
        for count in failed..failed + TOKENS {
            let others = names[1..].to_vec();
            let idempotency_token = self.token(count).await?;
            let client = &self.certificates.client;
            let made = client.call(RequestCertificate {
                domain_name: names[0].clone(),
                subject_alternative_names: Some(others).filter(|others| !others.is_empty()),
                validation_method: "DNS",
                idempotency_token,
                tags: self.tags(),
            });
            let arn = made.await.doing(self.doing("request"))?.certificate_arn;
            let seen = wait::until_read(progress, SEEN, || self.certificates.described(&arn)).await;
            if seen.is_err() {
                // The token is that of a certificate that was deleted within the hour.
                continue;
            }
            let what = "ACM names the record that it looks for";
            return wait::until(progress, what, NAMED, || async {
                let found = self.certificates.described(&arn).await?.unwrap_or_default();
                let found = Found { tags: self.certificates.tags.clone(), ..found };
                let is_pending = found.is_usable() && found.proofs.is_empty();
                Ok(match is_pending && !found.is_issued() || found.arn.is_empty() {
                    true => Poll::Pending("not yet".to_owned()),
                    false => Poll::Ready(found),
                })
            })
            .await;
        }
        Err(Error::failed(self.doing("request"))
            .cause("ACM answers with certificates that do not exist any more")
            .hint("run the same command again in an hour: then ACM has forgotten them"))
    }

    /// Where somebody sets the records by hand: says which, and goes on when ACM has seen them, or after a while without.
    async fn until_set(&self, found: Found, progress: &Progress) -> Result<Found> {
        if !self.by_hand || found.is_issued() || !found.is_usable() {
            return Ok(found);
        }
        progress.output(format!("set this at your DNS provider, for good: {}", found.told()));
        match self.certificates.issued(progress, &found.arn).await {
            Ok(issued) => Ok(Found { tags: found.tags, ..issued }),
            Err(error) if error.cause.as_ref().is_some_and(|cause| cause.starts_with("after")) => {
                progress.output(
                    "note: ACM has not seen the record yet: run the same command again when it is set"
                        .to_owned(),
                );
                Ok(found)
            }
            Err(error) => Err(error),
        }
    }

    async fn delete_one(&self, arn: &str) -> Result<()> {
        let certificate_arn = arn.to_owned();
        let answer = self.certificates.client.call(DeleteCertificate { certificate_arn }).await;
        answer.doing(self.doing("delete")).absent_if(&ABSENT).map(drop)
    }
}

/// Whether something uses it, as far as ACM knows.
fn is_in_use(error: &Error) -> bool {
    error.has_code(&["ResourceInUseException"])
}

impl LiveCertificate {
    /// What it is known by, once there is one with the names of the file.
    pub fn arn(&self) -> Option<&str> {
        self.current.as_ref().map(|one| one.arn.as_str())
    }

    pub fn is_issued(&self) -> bool {
        self.current.as_ref().is_some_and(Found::is_issued)
    }
}

impl Resource for Certificate {
    type Live = LiveCertificate;

    fn kind(&self) -> &'static str {
        "certificate"
    }

    fn name(&self) -> String {
        self.certificates.names[0].clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(CALLS)
            .making(&[
                "acm:RequestCertificate",
                "acm:AddTagsToCertificate",
                "acm:DeleteCertificate",
            ])
            .deleting(&["acm:DeleteCertificate"])
    }

    fn arns(&self) -> Vec<Arn> {
        // ACM gives each a name of its own, and those of a former region are looked for, too.
        let Identity { partition, account, .. } = self.cloud.known_identity();
        vec![Arn::new("certificate", format!("arn:{partition}:acm:*:{account}:certificate/*"))]
    }

    fn limits(&self) -> Vec<Limit> {
        vec![limits::requesting(&self.certificates.names)]
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveCertificate>> {
        let live = self.find().await?;
        Ok((live.current.is_some() || !live.others.is_empty()).then_some(live))
    }

    fn diff(&self, _: &Inputs, live: &LiveCertificate) -> Vec<Difference> {
        let mut differences = Vec::new();
        match &live.current {
            None => {
                let told = |one: &Found| {
                    let names: Vec<&str> = one.names.iter().map(String::as_str).collect();
                    format!("{} ({})", names.join(", "), one.status)
                };
                let now: Vec<String> = live.others.iter().map(told).collect();
                let wanted = self.certificates.names.join(", ");
                differences.push(Difference::new("names", now.join("; "), wanted));
            }
            Some(one) => {
                differences.extend(tags::diff(&self.certificates.tags, &one.tags));
                if !one.is_issued() {
                    let pending = Difference::new("status", &one.status, "ISSUED");
                    let left = format!("ACM issues it when it sees {}", one.told());
                    differences.push(if self.by_hand { pending } else { pending.left(left) });
                }
            }
        }
        for other in live.others.iter().filter(|_| live.current.is_some()) {
            let id = other.arn.rsplit('/').next().unwrap_or_default();
            let gone = Difference::new(format!("certificate {id}"), &other.status, "none");
            let used = other.users.join(", ");
            let left = || format!("{used} uses it");
            differences.push(if used.is_empty() { gone } else { gone.left(left()) });
        }
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveCertificate> {
        let found = self.request(0, progress).await?;
        let current = Some(self.until_set(found, progress).await?);
        Ok(LiveCertificate { current, others: Vec::new() })
    }

    async fn update(
        &self,
        _: &Inputs,
        live: &LiveCertificate,
        progress: &Progress,
    ) -> Result<LiveCertificate> {
        let current = match &live.current {
            // The token of a request that failed is not used again.
            None => {
                let dead = live.others.iter().filter(|one| self.has_names(one)).count();
                self.request(dead, progress).await?
            }
            Some(one) if tags::are_set(&self.certificates.tags, &one.tags) => one.clone(),
            Some(one) => {
                let (certificate_arn, tags) = (one.arn.clone(), self.tags());
                let client = &self.certificates.client;
                let answer = client.call(AddTagsToCertificate { certificate_arn, tags }).await;
                answer.doing(self.doing("tag"))?;
                Found { tags: tags::set(&self.certificates.tags, &one.tags), ..one.clone() }
            }
        };
        let current = Some(self.until_set(current, progress).await?);
        Ok(LiveCertificate { current, others: live.others.clone() })
    }

    /// The certificates of before go when nothing uses them any more; ACM learns of that minutes later.
    async fn finish(&self, _: &Inputs, live: &LiveCertificate, progress: &Progress) -> Result<()> {
        if !live.is_issued() {
            return Ok(());
        }
        for other in &live.others {
            match self.delete_one(&other.arn).await {
                Err(error) if is_in_use(&error) => progress.output(format!(
                    "note: certificate {} is still in use: the next `up` deletes it",
                    other.arn
                )),
                ended => ended?,
            }
        }
        Ok(())
    }

    async fn delete(&self, live: &LiveCertificate, progress: &Progress) -> Result<()> {
        let what = "ACM knows that nothing uses the certificate, which takes minutes";
        for one in live.current.iter().chain(&live.others) {
            let gone = wait::while_refused(progress, what, LET_GO, is_in_use, || {
                self.delete_one(&one.arn)
            });
            gone.await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
