//! Route 53: hosted zones, and the records in them.
//!
//! <https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations.html>

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::SdkConfig;

use crate::client::{Answer, Client};
use crate::rest::{self, Rest, nothing};
use crate::xml::Element;
use crate::{Failure, Service};

pub static ROUTE53: Service = Service {
    id: "Route 53",
    prefix: "route53",
    target: "",
    plain_is_fips_in_gov: false,
    global: Some("route53.amazonaws.com"),
};

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";
/// What every path begins with.
const VERSION: &str = "/2013-04-01";

#[derive(Debug, Clone)]
pub struct Route53 {
    client: Client,
}

/// A hosted zone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostedZone {
    /// Without `/hostedzone/` before it.
    pub id: String,
    /// With a dot at its end.
    pub name: String,
    /// Whether it is seen from networks of the account alone.
    pub is_private: bool,
    /// Which servers answer for it; listings do not have them.
    pub servers: Vec<String>,
}

/// A page of the zones of the account, and where the next one begins.
#[derive(Debug, Default)]
pub struct Zones {
    pub items: Vec<HostedZone>,
    pub next: Option<String>,
}

/// The records of one name and type, as Route 53 writes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordSet(pub Element);

/// A page of records; whether there are more.
#[derive(Debug, Default)]
pub struct Records {
    pub items: Vec<RecordSet>,
    pub is_truncated: bool,
}

/// One part of a change; all parts are made, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Refused where there is one of this name and type.
    Create(RecordSet),
    /// Refused unless every value is the same.
    Delete(RecordSet),
}

impl RecordSet {
    /// A record with a value.
    pub fn of(name: &str, kind: &str, ttl: u32, value: &str) -> Self {
        let values = Element::new("ResourceRecords")
            .with(Element::new("ResourceRecord").and("Value", value));
        let set = Element::new("ResourceRecordSet").and("Name", name).and("Type", kind);
        Self(set.and("TTL", ttl.to_string()).with(values))
    }

    /// A record that answers as `target` does, which is in the zone `zone` of AWS's own.
    pub fn alias(name: &str, kind: &str, zone: &str, target: &str) -> Self {
        let alias = Element::new("AliasTarget")
            .and("HostedZoneId", zone)
            .and("DNSName", target)
            .and("EvaluateTargetHealth", "false");
        let set = Element::new("ResourceRecordSet").and("Name", name).and("Type", kind);
        Self(set.with(alias))
    }

    /// As it was read: in lower case, with a dot at its end, and `*` as `\052`.
    pub fn name(&self) -> &str {
        self.0.at("Name")
    }

    pub fn kind(&self) -> &str {
        self.0.at("Type")
    }

    /// What tells it from others of its name and type, which it shares the answers with.
    pub fn identifier(&self) -> &str {
        self.0.at("SetIdentifier")
    }

    /// The zone and the name that an alias answers as.
    pub fn target(&self) -> Option<(&str, &str)> {
        let alias = self.0.child("AliasTarget")?;
        Some((alias.at("HostedZoneId"), alias.at("DNSName")))
    }

    pub fn values(&self) -> Vec<&str> {
        let records = self.0.child("ResourceRecords").into_iter();
        records.flat_map(|all| all.all("ResourceRecord")).map(|one| one.at("Value")).collect()
    }
}

impl Route53 {
    pub fn new(sdk: &SdkConfig) -> Self {
        Self { client: Client::new(sdk, &ROUTE53) }
    }

    pub async fn list_hosted_zones(&self, after: Option<&str>) -> Answer<Zones> {
        let rest = Rest::new("ListHostedZones", "GET", &format!("{VERSION}/hostedzone"));
        let rest = match after {
            Some(marker) => rest.query("marker", marker),
            None => rest,
        };
        self.client.rest(rest, zones).await
    }

    /// A zone, with the servers that answer for it.
    pub async fn get_hosted_zone(&self, id: &str) -> Answer<HostedZone> {
        let rest = Rest::new("GetHostedZone", "GET", &format!("{VERSION}/hostedzone/{id}"));
        self.client.rest(rest, one_zone).await
    }

    /// The records of a zone from `name` on, in the order of their labels from the last to the first.
    pub async fn list_resource_record_sets(&self, zone: &str, name: &str) -> Answer<Records> {
        let path = format!("{VERSION}/hostedzone/{zone}/rrset");
        let rest = Rest::new("ListResourceRecordSets", "GET", &path);
        self.client.rest(rest.query("name", name).query("maxitems", "300"), records).await
    }

    pub async fn change_resource_record_sets(
        &self,
        zone: &str,
        comment: &str,
        changes: &[Change],
    ) -> Answer<()> {
        let path = format!("{VERSION}/hostedzone/{zone}/rrset/");
        let rest = Rest::new("ChangeResourceRecordSets", "POST", &path);
        let rest = rest.xml(&batch(comment, changes), NAMESPACE);
        self.client.rest(rest, nothing).await
    }
}

fn batch(comment: &str, changes: &[Change]) -> Element {
    let change = |change: &Change| {
        let (action, set) = match change {
            Change::Create(set) => ("CREATE", set),
            Change::Delete(set) => ("DELETE", set),
        };
        Element::new("Change").and("Action", action).with(set.0.clone())
    };
    let all = Element { children: changes.iter().map(change).collect(), ..Element::new("Changes") };
    let batch = Element::new("ChangeBatch").and("Comment", comment).with(all);
    Element::new("ChangeResourceRecordSetsRequest").with(batch)
}

fn zone(one: &Element) -> HostedZone {
    let id = one.at("Id");
    HostedZone {
        id: id.rsplit('/').next().unwrap_or_default().to_owned(),
        name: one.at("Name").to_owned(),
        is_private: one.at("Config/PrivateZone") == "true",
        servers: Vec::new(),
    }
}

fn zones(response: &HttpResponse) -> Result<Zones, Failure> {
    let document = rest::document(response)?;
    let items = document.child("HostedZones").into_iter().flat_map(|all| all.all("HostedZone"));
    let next = document.at("NextMarker");
    let next = (document.at("IsTruncated") == "true" && !next.is_empty()).then(|| next.to_owned());
    Ok(Zones { items: items.map(zone).collect(), next })
}

fn one_zone(response: &HttpResponse) -> Result<HostedZone, Failure> {
    let document = rest::document(response)?;
    let found = document.child("HostedZone").map(zone).unwrap_or_default();
    let set = document.child("DelegationSet").and_then(|set| set.child("NameServers"));
    let servers = set.into_iter().flat_map(|all| all.all("NameServer"));
    Ok(HostedZone { servers: servers.map(|one| one.text.clone()).collect(), ..found })
}

fn records(response: &HttpResponse) -> Result<Records, Failure> {
    let document = rest::document(response)?;
    let all = document.child("ResourceRecordSets").into_iter();
    let items = all.flat_map(|all| all.all("ResourceRecordSet")).cloned().map(RecordSet);
    Ok(Records { items: items.collect(), is_truncated: document.at("IsTruncated") == "true" })
}
