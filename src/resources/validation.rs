//! The records by which ACM sees that the names of a certificate are the account's, now and at each renewal.

use std::collections::BTreeMap;

use super::Certificate;
use crate::cloud::Cloud;
use crate::cloud::certificates::{Certificates, Proof};
use crate::cloud::zones::{self, Zones, dotted, plain};
use crate::config;
use crate::limits;
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Handle, Id, Inputs, Limit, Progress, Resource};
use wire::route53::{Change, HostedZone, RecordSet};

/// Seconds for which resolvers may keep the answer.
const KEPT: u32 = 300;

pub struct Validation {
    cloud: Cloud,
    certificates: Certificates,
    zones: Zones,
    certificate: Handle<Certificate>,
    comment: String,
}

/// The records that exist under the names that ACM looks at.
#[derive(Debug, Clone, Default)]
pub struct LiveValidation {
    there: Vec<There>,
    /// The certificates that they are of.
    arns: Vec<String>,
}

#[derive(Debug, Clone)]
struct There {
    proof: Proof,
    zone: HostedZone,
    set: RecordSet,
}

impl There {
    /// Whether it is ACM's value, and nothing else.
    fn is_the_one(&self) -> bool {
        let values: Vec<String> = self.set.values().into_iter().map(plain).collect();
        let record = &self.proof.record;
        self.set.kind() == record.r#type
            && self.set.identifier().is_empty()
            && values == [plain(&record.value)]
    }

    fn is_of(&self, proof: &Proof) -> bool {
        plain(self.set.name()) == plain(&proof.record.name)
    }
}

impl Validation {
    pub fn new(
        cloud: &Cloud,
        certificates: &Certificates,
        zones: &Zones,
        certificate: Handle<Certificate>,
        comment: String,
    ) -> Self {
        let (cloud, certificates, zones) = (cloud.clone(), certificates.clone(), zones.clone());
        Self { cloud, certificates, zones, certificate, comment }
    }

    async fn look(&self, proofs: &[Proof]) -> Result<Vec<There>> {
        let mut there = Vec::new();
        for proof in proofs {
            let Some((zone, sets)) = self.zones.records(&proof.record.name).await? else {
                continue;
            };
            let one = |set| There { proof: proof.clone(), zone: zone.clone(), set };
            there.extend(sets.into_iter().map(one));
        }
        Ok(there)
    }

    fn wanted<'a>(&self, inputs: &'a Inputs) -> &'a [Proof] {
        let found = inputs.find(self.certificate).and_then(|live| live.current.as_ref());
        found.map(|found| found.proofs.as_slice()).unwrap_or_default()
    }

    /// Makes what is missing; a record that another run has made meanwhile is as good.
    async fn put(
        &self,
        inputs: &Inputs,
        live: LiveValidation,
        progress: &Progress,
    ) -> Result<LiveValidation> {
        let (wanted, mut now) = (self.wanted(inputs), live);
        for again in [true, false] {
            let mut raced = false;
            let mut batches: BTreeMap<String, (HostedZone, Vec<Change>)> = BTreeMap::new();
            for proof in wanted.iter().filter(|one| !now.there.iter().any(|there| there.is_of(one)))
            {
                // The local cloud has no zone unless somebody makes one.
                let Some(zone) = self.zones.of(&proof.record.name).await? else { continue };
                let record = &proof.record;
                let set = RecordSet::of(&dotted(&record.name), &record.r#type, KEPT, &record.value);
                let batch = batches.entry(zone.id.clone()).or_insert((zone, Vec::new()));
                batch.1.push(Change::Create(set));
            }
            for (zone, changes) in batches.values() {
                match self.zones.change(zone, &self.comment, changes, progress).await {
                    Err(error) if again && zones::has_changed(&error) => raced = true,
                    ended => ended?,
                }
            }
            now.there = self.look(wanted).await?;
            if let Some(other) = now.there.iter().find(|one| !one.is_the_one()) {
                return Err(Error::failed(format!("prove the name `{}`", other.proof.domain))
                    .cause(format!("{} is there with another value", other.proof.record.name))
                    .hint(WAY_OUT));
            }
            if !raced {
                break;
            }
        }
        Ok(now)
    }
}

const WAY_OUT: &str =
    "no other record can have this name: delete it, then run the same command again";

impl Resource for Validation {
    type Live = LiveValidation;

    fn kind(&self) -> &'static str {
        "validation"
    }

    fn name(&self) -> String {
        self.certificates.names[0].clone()
    }

    fn calls(&self) -> Calls {
        Calls::default().reading(zones::READING).making(zones::CHANGING).deleting(zones::CHANGING)
    }

    fn arns(&self) -> Vec<Arn> {
        vec![Arn::new("hostedzone", self.zones.arn(self.cloud.known_identity()))]
    }

    fn limits(&self) -> Vec<Limit> {
        limits::changing_records_of(&self.certificates.names)
    }

    fn needs(&self) -> Vec<Id> {
        vec![self.certificate.id]
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveValidation>> {
        let all = self.certificates.ours().await?;
        let mut proofs: Vec<Proof> = Vec::new();
        for proof in all.iter().flat_map(|one| &one.proofs) {
            if !proofs.contains(proof) {
                proofs.push(proof.clone());
            }
        }
        let there = self.look(&proofs).await?;
        let arns = all.into_iter().map(|one| one.arn).collect();
        let mut is_nowhere = self.cloud.loopback().is_some() && !self.certificates.thorough;
        for name in &self.certificates.names {
            is_nowhere &= self.zones.of(name).await?.is_none();
        }
        Ok((!there.is_empty() || is_nowhere).then_some(LiveValidation { there, arns }))
    }

    fn is_ours(&self, live: &LiveValidation) -> bool {
        live.there.is_empty() || live.there.iter().any(There::is_the_one)
    }

    fn diff(&self, inputs: &Inputs, live: &LiveValidation) -> Vec<Difference> {
        if live.there.is_empty() {
            return Vec::new();
        }
        let difference = |proof: &Proof| {
            let property = format!("{} {}", proof.record.r#type, proof.record.name);
            let value = &proof.record.value;
            match live.there.iter().find(|one| one.is_of(proof)) {
                None => Some(Difference::new(property, "none", value)),
                Some(one) if one.is_the_one() => None,
                Some(one) => {
                    let now = format!("{} {}", one.set.kind(), one.set.values().join(", "));
                    Some(Difference::new(property, now, value).refused(WAY_OUT))
                }
            }
        };
        self.wanted(inputs).iter().filter_map(difference).collect()
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveValidation> {
        self.put(inputs, LiveValidation::default(), progress).await
    }

    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveValidation,
        progress: &Progress,
    ) -> Result<LiveValidation> {
        self.put(inputs, live.clone(), progress).await
    }

    /// One record serves every certificate of the account for a name: it goes with the last of them.
    async fn delete(&self, live: &LiveValidation, progress: &Progress) -> Result<()> {
        for one in live.there.iter().filter(|one| one.is_the_one()) {
            let (cloud, domain) = (&self.cloud, &one.proof.domain);
            let regions = config::regions();
            if Certificates::needs_record_elsewhere(cloud, domain, &live.arns, &regions).await {
                progress.output(format!(
                    "note: {} stays: another certificate for {domain} may need it",
                    one.proof.record.name
                ));
                continue;
            }
            let changes = [Change::Delete(one.set.clone())];
            match self.zones.change(&one.zone, &self.comment, &changes, progress).await {
                // Somebody has changed it, or it is gone.
                Err(error) if zones::has_changed(&error) => {}
                ended => ended?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
