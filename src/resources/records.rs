//! The records of the stack's own names: aliases of the distribution, or of the API's domain.
//!
//! Records have no tags. One is ours when it is an alias of what is ours; one with another value is never overwritten
//! unless the file says so, and one of several that share the answers never.

use std::collections::BTreeMap;

use super::{ApiDomain, Distribution, LiveApiDomain, SiteName};
use crate::cloud::Cloud;
use crate::cloud::zones::{self, Zones, dotted, plain};
use crate::limits;
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Handle, Id, Inputs, Limit, Progress, Resource};
use wire::route53::{Change, HostedZone, RecordSet};

/// Both families of addresses.
const KINDS: [&str; 2] = ["A", "AAAA"];
/// Tries, when somebody else changes the same records meanwhile.
const TRIES: usize = 3;

/// What the names lead to.
pub enum Target {
    Site(Box<Distribution>, Handle<Distribution>, Handle<SiteName>),
    Api(Box<ApiDomain>, Handle<ApiDomain>),
}

/// A name, and the zone of AWS that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    pub zone: String,
    pub name: String,
}

pub struct Records {
    cloud: Cloud,
    zones: Zones,
    names: Vec<String>,
    target: Target,
    take_over: bool,
    /// Whether they are what the file wants, not what is to be found and deleted.
    wanted: bool,
    comment: String,
}

#[derive(Debug, Clone, Default)]
pub struct LiveRecords {
    /// What ours lead to, when it is there.
    target: Option<Alias>,
    there: Vec<There>,
}

#[derive(Debug, Clone)]
struct There {
    name: String,
    zone: HostedZone,
    set: RecordSet,
}

impl LiveRecords {
    /// Whether a record leads to what is ours.
    fn has(&self, one: &There) -> bool {
        self.target.as_ref().is_some_and(|target| one.leads_to(target))
    }
}

impl There {
    fn leads_to(&self, alias: &Alias) -> bool {
        let same =
            |(zone, name): (&str, &str)| zone == alias.zone && plain(name) == plain(&alias.name);
        self.set.identifier().is_empty() && self.set.target().is_some_and(same)
    }

    /// `alias of d111.cloudfront.net`, or the values.
    fn told(&self) -> String {
        let shared = if self.set.identifier().is_empty() { "" } else { ", one of several" };
        match self.set.target() {
            Some((_, name)) => format!("{} alias of {}{shared}", self.set.kind(), plain(name)),
            None => format!("{} {}{shared}", self.set.kind(), self.set.values().join(", ")),
        }
    }

    /// What stands in the way of a record of `kind`: a `CNAME` suffers no other.
    fn blocks(&self, name: &str, kind: &str) -> bool {
        self.name == name && (self.set.kind() == kind || self.set.kind() == "CNAME")
    }
}

impl Records {
    pub fn new(cloud: &Cloud, zones: &Zones, names: Vec<String>, target: Target) -> Self {
        Self {
            cloud: cloud.clone(),
            zones: zones.clone(),
            names,
            target,
            take_over: false,
            wanted: false,
            comment: String::new(),
        }
    }

    #[must_use]
    pub fn taking_over(self, take_over: bool) -> Self {
        Self { take_over, ..self }
    }

    #[must_use]
    pub fn wanted(self, wanted: bool, comment: String) -> Self {
        Self { wanted, comment, ..self }
    }

    /// What is there of ours, and further names that lead to it.
    async fn own(&self, progress: &Progress) -> Result<(Option<Alias>, Vec<String>)> {
        Ok(match &self.target {
            Target::Site(distribution, ..) => match distribution.own().await? {
                Some(own) => (Some(of_cloudfront(own.domain)), own.aliases),
                None => (None, Vec::new()),
            },
            Target::Api(domain, _) => {
                (domain.read(progress).await?.and_then(|live| live.alias()), Vec::new())
            }
        })
    }

    /// The same once it is made.
    fn of(&self, inputs: &Inputs) -> Option<Alias> {
        match &self.target {
            Target::Site(_, at, _) => {
                inputs.find(*at).map(|live| of_cloudfront(live.domain.clone()))
            }
            Target::Api(_, at) => inputs.find(*at).and_then(LiveApiDomain::alias),
        }
    }

    /// Every record of addresses that the names have, in the zones of the account.
    async fn look(&self, names: &[String]) -> Result<Vec<There>> {
        let mut there = Vec::new();
        for name in names {
            let Some((zone, sets)) = self.zones.records(name).await? else { continue };
            let sets =
                sets.into_iter().filter(|set| KINDS.contains(&set.kind()) || set.kind() == "CNAME");
            there.extend(sets.map(|set| There { name: name.clone(), zone: zone.clone(), set }));
        }
        Ok(there)
    }

    async fn find(&self, progress: &Progress) -> Result<LiveRecords> {
        let (target, further) = self.own(progress).await?;
        let mut names = self.names.clone();
        names.extend(further.into_iter().filter(|name| !self.names.contains(name)));
        Ok(LiveRecords { there: self.look(&names).await?, target })
    }

    /// What is to be done: records of others go only where the file says so.
    async fn changes(
        &self,
        alias: &Alias,
        live: &LiveRecords,
    ) -> Result<BTreeMap<String, (HostedZone, Vec<Change>)>> {
        let mut batches: BTreeMap<String, (HostedZone, Vec<Change>)> = BTreeMap::new();
        let mut add = |zone: &HostedZone, change: Change| {
            let batch = batches.entry(zone.id.clone()).or_insert((zone.clone(), Vec::new()));
            if !batch.1.contains(&change) {
                batch.1.push(change);
            }
        };
        let left = live.there.iter().filter(|one| !self.names.contains(&one.name));
        for one in left.filter(|one| one.leads_to(alias)) {
            add(&one.zone, Change::Delete(one.set.clone()));
        }
        for name in &self.names {
            // The local cloud has no zone unless somebody makes one.
            let Some(zone) = self.zones.of(name).await? else { continue };
            for kind in KINDS {
                let mut blocking = live.there.iter().filter(|one| one.blocks(name, kind));
                if blocking.clone().any(|one| one.leads_to(alias) && one.set.kind() == kind) {
                    continue;
                }
                if let Some(one) = blocking.clone().find(|one| !self.may_replace(one)) {
                    return Err(in_the_way(one));
                }
                for one in blocking.by_ref() {
                    add(&one.zone, Change::Delete(one.set.clone()));
                }
                let set = RecordSet::alias(&dotted(name), kind, &alias.zone, &dotted(&alias.name));
                add(&zone, Change::Create(set));
            }
        }
        Ok(batches)
    }

    fn may_replace(&self, one: &There) -> bool {
        self.take_over && one.set.identifier().is_empty()
    }

    async fn put(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveRecords> {
        let alias = self.of(inputs).ok_or_else(|| {
            Error::failed(format!("set the records of `{}`", self.names[0]))
                .cause("what they lead to is not there yet")
                .hint("run the same command again: it continues")
        })?;
        for count in 1..=TRIES {
            let live = self.find(progress).await?;
            let live = LiveRecords { target: Some(alias.clone()), ..live };
            let mut refused = None;
            for (zone, changes) in self.changes(&alias, &live).await?.values() {
                if let Err(error) = self.zones.change(zone, &self.comment, changes, progress).await
                {
                    refused = Some(error);
                    break;
                }
            }
            match refused {
                None => return Ok(live),
                Some(error) if count < TRIES && zones::has_changed(&error) => {}
                Some(error) => return Err(error),
            }
        }
        Err(Error::failed("set the records").cause("somebody else changes them all the time"))
    }
}

fn in_the_way(one: &There) -> Error {
    Error::usage(format!("a record of `{}` is there already", one.name))
        .cause(format!("{} in the hosted zone {}", one.told(), one.zone.id))
        .hint(way_out(one))
}

fn of_cloudfront(name: String) -> Alias {
    Alias { zone: zones::OF_CLOUDFRONT.to_owned(), name }
}

fn way_out(one: &There) -> &'static str {
    if one.set.identifier().is_empty() {
        "delete the record or choose another name; `take_over = true` in `[domain]` lets `up` replace it in one write"
    } else {
        "it shares the answers with others of its name, which stackctl does not touch: delete them or choose another name"
    }
}

impl Resource for Records {
    type Live = LiveRecords;

    fn kind(&self) -> &'static str {
        "dns"
    }

    fn name(&self) -> String {
        self.names[0].clone()
    }

    fn calls(&self) -> Calls {
        Calls::default().reading(zones::READING).making(zones::CHANGING).deleting(zones::CHANGING)
    }

    fn arns(&self) -> Vec<Arn> {
        vec![Arn::new("hostedzone", self.zones.arn(self.cloud.known_identity()))]
    }

    fn limits(&self) -> Vec<Limit> {
        limits::changing_records_of(&self.names)
    }

    fn needs(&self) -> Vec<Id> {
        match &self.target {
            Target::Site(_, distribution, name) => vec![distribution.id, name.id],
            Target::Api(_, domain) => vec![domain.id],
        }
    }

    async fn read(&self, progress: &Progress) -> Result<Option<LiveRecords>> {
        let live = self.find(progress).await?;
        let mut is_nowhere = self.cloud.loopback().is_some() && self.wanted;
        for name in &self.names {
            is_nowhere &= self.zones.of(name).await?.is_none();
        }
        Ok((!live.there.is_empty() || is_nowhere).then_some(live))
    }

    /// Records of others stop `up` with words of their own, and a teardown leaves them.
    fn is_ours(&self, live: &LiveRecords) -> bool {
        self.wanted || live.there.iter().any(|one| live.has(one))
    }

    fn diff(&self, inputs: &Inputs, live: &LiveRecords) -> Vec<Difference> {
        if live.there.is_empty() {
            return Vec::new();
        }
        let alias = self.of(inputs).or_else(|| live.target.clone());
        let wanted = match (&alias, &self.target) {
            (Some(alias), _) => format!("alias of {}", plain(&alias.name)),
            (None, Target::Site(..)) => "alias of the distribution".to_owned(),
            (None, Target::Api(..)) => "alias of the API's domain".to_owned(),
        };
        let is_it = |one: &There| alias.as_ref().is_some_and(|alias| one.leads_to(alias));
        let mut differences = Vec::new();
        for name in &self.names {
            for kind in KINDS {
                let property = format!("{kind} {name}");
                let mut blocking = live.there.iter().filter(|one| one.blocks(name, kind));
                match blocking.clone().find(|one| !is_it(one)).or_else(|| blocking.next()) {
                    None => differences.push(Difference::new(property, "none", &wanted)),
                    Some(one) if is_it(one) => {}
                    Some(one) => {
                        let change = Difference::new(property, one.told(), &wanted);
                        let may = self.may_replace(one);
                        differences.push(if may { change } else { change.refused(way_out(one)) });
                    }
                }
            }
        }
        let left = live.there.iter().filter(|one| !self.names.contains(&one.name));
        differences.extend(left.filter(|one| is_it(one)).map(|one| {
            Difference::new(format!("{} {}", one.set.kind(), one.name), one.told(), "none")
        }));
        differences
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveRecords> {
        self.put(inputs, progress).await
    }

    async fn update(
        &self,
        inputs: &Inputs,
        _: &LiveRecords,
        progress: &Progress,
    ) -> Result<LiveRecords> {
        self.put(inputs, progress).await
    }

    /// Those that lead to what is ours, and only as they were read.
    async fn delete(&self, live: &LiveRecords, progress: &Progress) -> Result<()> {
        let mut live = live.clone();
        for _ in 0..TRIES {
            let mut batches: BTreeMap<String, (HostedZone, Vec<Change>)> = BTreeMap::new();
            for one in live.there.iter().filter(|one| live.has(one)) {
                let zone = one.zone.clone();
                let batch = batches.entry(zone.id.clone()).or_insert((zone, Vec::new()));
                batch.1.push(Change::Delete(one.set.clone()));
            }
            let mut changed = false;
            for (zone, changes) in batches.values() {
                match self.zones.change(zone, &self.comment, changes, progress).await {
                    Err(error) if zones::has_changed(&error) => changed = true,
                    ended => ended?,
                }
            }
            if !changed {
                return Ok(());
            }
            let now = self.find(progress).await?;
            live = LiveRecords { target: live.target, ..now };
        }
        let doing = format!("delete the records of `{}`", self.names[0]);
        Err(Error::failed(doing).cause("somebody else changes them all the time"))
    }
}

#[cfg(test)]
mod tests;
