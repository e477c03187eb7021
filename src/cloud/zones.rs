//! Finding the hosted zone of a name, and changing its records without overwriting those of others.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;
use wire::route53::{Change, HostedZone, RecordSet, Route53};

use super::error::Doing;
use super::pages::Pages;
use super::{Answer, Cloud, Identity, wait};
use crate::config;
use engine::Progress;
use engine::error::{Error, Result};

/// What finds zones, and their records.
pub const READING: &[&str] =
    &["route53:ListHostedZones", "route53:GetHostedZone", "route53:ListResourceRecordSets"];
/// What changes records.
pub const CHANGING: &[&str] = &["route53:ChangeResourceRecordSets"];

const ABSENT: [&str; 1] = ["NoSuchHostedZone"];
/// Another change of the zone is under way, or the zone is being moved to where changes are quicker.
const BUSY: Duration = Duration::from_mins(10);
/// Where aliases of CloudFront are:
/// <https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html>
pub const OF_CLOUDFRONT: &str = "Z2FDTNDATAQYW2";

/// The public zones that the names of a stack can be in, listed once for all of them.
#[derive(Clone)]
pub struct Zones {
    dns: Route53,
    zone: config::Zone,
    known: Arc<OnceCell<Vec<HostedZone>>>,
}

impl Zones {
    pub fn new(cloud: &Cloud, zone: &config::Zone) -> Self {
        Self { dns: Route53::new(&cloud.sdk), zone: zone.clone(), known: Arc::default() }
    }

    /// The ARN of the zone that the file names, or of any.
    pub fn arn(&self, identity: &Identity) -> String {
        let id = match &self.zone {
            config::Zone::Given(id) => id.as_str(),
            config::Zone::Found | config::Zone::Elsewhere => "*",
        };
        format!("arn:{}:route53:::hostedzone/{id}", identity.partition)
    }

    async fn known(&self) -> Result<&Vec<HostedZone>> {
        let look = || async {
            match &self.zone {
                config::Zone::Given(id) => Ok(self.read(id).await?.into_iter().collect()),
                _ => self.all().await,
            }
        };
        self.known.get_or_try_init(look).await
    }

    /// One zone, with its name servers.
    pub async fn read(&self, id: &str) -> Result<Option<HostedZone>> {
        let answer = self.dns.get_hosted_zone(id).await;
        answer.doing(format!("read hosted zone `{id}`")).absent_if(&ABSENT)
    }

    async fn all(&self) -> Result<Vec<HostedZone>> {
        let (mut found, mut pages) = (Vec::new(), Pages::default());
        loop {
            let page = self.dns.list_hosted_zones(pages.token().as_deref()).await;
            let page = page.doing("list the hosted zones")?;
            found.extend(page.items);
            if !pages.turn(page.next)? {
                return Ok(found);
            }
        }
    }

    /// The zone that `name` is in, if the account has one.
    pub async fn of(&self, name: &str) -> Result<Option<HostedZone>> {
        chosen(self.known().await?, name).map(Option::<&HostedZone>::cloned)
    }

    /// The same where there must be one.
    pub async fn needed(&self, name: &str) -> Result<HostedZone> {
        if let Some(zone) = self.of(name).await? {
            return Ok(zone);
        }
        Err(match (&self.zone, self.known().await?.first()) {
            (config::Zone::Given(id), None) => {
                Error::usage(format!("there is no hosted zone `{id}` in this account"))
                    .hint("correct `domain.zone`, or leave it out to let stackctl find the zone")
            }
            (config::Zone::Given(id), Some(zone)) => Error::usage(format!(
                "`{name}` is not in the hosted zone `{id}`"
            ))
            .cause(match zone.is_private {
                true => "the zone is private: it answers inside of VPCs alone".to_owned(),
                false => format!("the zone is that of {}", zone.name.trim_end_matches('.')),
            })
            .hint("correct `domain.zone`, or leave it out to let stackctl find the zone"),
            _ => Error::usage(format!("no public hosted zone of this account holds `{name}`")).hint(
                "create one in Route 53 and let the registrar name its servers, or set `zone = \"none\"` in `[domain]`: then stackctl prints the records to set",
            ),
        })
    }

    /// The records of `name` in its zone; none where there is no zone.
    pub async fn records(&self, name: &str) -> Result<Option<(HostedZone, Vec<RecordSet>)>> {
        let Some(zone) = self.of(name).await? else { return Ok(None) };
        let page = self.dns.list_resource_record_sets(&zone.id, &dotted(name)).await;
        let page = page.doing(format!("read the records of `{name}`")).absent_if(&ABSENT)?;
        let items = page.map(|page| page.items).unwrap_or_default().into_iter();
        let own = items.filter(|one| plain(one.name()) == plain(name));
        Ok(Some((zone, own.collect())))
    }

    /// Changes records of one zone: all of it, or nothing. What exists is never overwritten.
    pub async fn change(
        &self,
        zone: &HostedZone,
        comment: &str,
        changes: &[Change],
        progress: &Progress,
    ) -> Result<()> {
        let busy = |error: &Error| {
            error.has_code(&["PriorRequestNotComplete", "Throttling", "ThrottlingException"])
                || error.says("marked disabled for mutation")
        };
        let doing = format!("change records in {}", zone.name.trim_end_matches('.'));
        wait::while_refused(progress, "Route 53 takes the change", BUSY, busy, || async {
            self.dns.change_resource_record_sets(&zone.id, comment, changes).await.doing(&doing)
        })
        .await
    }
}

/// Whether a batch was refused because the records are not as they were read.
pub fn has_changed(error: &Error) -> bool {
    error.has_code(&["InvalidChangeBatch"])
        && ["already exists", "do not match", "not found"].iter().any(|words| error.says(words))
}

/// The public zone with the longest name that `name` ends with.
fn chosen<'a>(zones: &'a [HostedZone], name: &str) -> Result<Option<&'a HostedZone>> {
    let holds = |zone: &&HostedZone| {
        let rest = plain(name).strip_suffix(&plain(&zone.name)).map(str::to_owned);
        !zone.is_private && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let fitting: Vec<&HostedZone> = zones.iter().filter(holds).collect();
    let Some(longest) = fitting.iter().map(|zone| zone.name.len()).max() else { return Ok(None) };
    let best: Vec<&HostedZone> =
        fitting.into_iter().filter(|zone| zone.name.len() == longest).collect();
    if let [one] = best[..] {
        return Ok(Some(one));
    }
    let ids: Vec<&str> = best.iter().map(|zone| zone.id.as_str()).collect();
    let zone = best[0].name.trim_end_matches('.');
    Err(Error::usage(format!("the account has {} public zones {zone}", best.len()))
        .cause(format!("they are {}", ids.join(", ")))
        .hint("set `zone` in `[domain]` to the id of the one whose servers the registrar names"))
}

/// A name with its dot at the end.
pub fn dotted(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

/// A name as it can be compared: Route 53 writes some characters as their numbers.
pub fn plain(name: &str) -> String {
    name.trim_end_matches('.').replace("\\052", "*").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Exchange, Replay, ok, refused_in_xml};

    fn zone(id: &str, name: &str, is_private: bool) -> HostedZone {
        HostedZone { id: id.into(), name: name.into(), is_private, ..HostedZone::default() }
    }

    #[test]
    fn a_name_is_in_the_public_zone_with_the_longest_name_that_fits() {
        let zones = [
            zone("Z1", "example.com.", false),
            zone("Z2", "dev.example.com.", false),
            zone("Z3", "app.dev.example.com.", true),
            zone("Z4", "v.example.com.", false),
            zone("Z5", "example.org.", false),
        ];
        let id = |name| chosen(&zones, name).expect("one").map(|zone| zone.id.as_str());
        assert_eq!(
            id("app.dev.example.com"),
            Some("Z2"),
            "the longer one, and none that is private"
        );
        assert_eq!(id("dev.example.com"), Some("Z2"));
        assert_eq!(id("www.example.com"), Some("Z1"));
        assert_eq!(id("myexample.com"), None, "labels count, not letters");
        assert_eq!(id("example.net"), None);
    }

    #[test]
    fn of_two_zones_of_a_name_none_is_guessed() {
        let zones = [zone("Z1", "example.com.", false), zone("Z2", "example.com.", false)];
        let error = chosen(&zones, "app.example.com").expect_err("either may be the one");
        assert_eq!(error.cause.as_deref(), Some("they are Z1, Z2"));
        assert!(error.hint.expect("a way out").contains("`zone`"));
    }

    fn listed(zones: &[(&str, &str, bool)], next: &str) -> Exchange {
        let zone = |(id, name, is_private): &(&str, &str, bool)| {
            format!(
                "<HostedZone><Id>/hostedzone/{id}</Id><Name>{name}</Name><Config><PrivateZone>{is_private}</PrivateZone></Config></HostedZone>"
            )
        };
        let zones: String = zones.iter().map(zone).collect();
        let more = !next.is_empty();
        let body = format!(
            "<R><HostedZones>{zones}</HostedZones><IsTruncated>{more}</IsTruncated><NextMarker>{next}</NextMarker></R>"
        );
        ok("GET /2013-04-01/hostedzone", body)
    }

    #[tokio::test(start_paused = true)]
    async fn every_page_of_zones_is_read_once_for_all_names() {
        let pages = [
            listed(&[("Z1", "example.com.", false)], "Z2"),
            listed(&[("Z2", "dev.example.com.", false)], ""),
        ];
        let replay = Replay::new(pages);
        let zones = Zones::new(&replay.cloud(), &config::Zone::Found);
        for (name, id) in [("a.dev.example.com", "Z2"), ("a.example.com", "Z1")] {
            assert_eq!(zones.needed(name).await.expect("one").id, id);
        }
        replay.is_over();
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_without_a_public_zone_is_refused_with_the_way_out() {
        let replay = Replay::new([listed(&[("Z1", "example.com.", true)], "")]);
        let zones = Zones::new(&replay.cloud(), &config::Zone::Found);
        let error = zones.needed("app.example.com").await.expect_err("private only");
        assert!(error.hint.expect("a way out").contains("zone = \"none\""));

        let given = config::Zone::Given("Z9".into());
        let missing = refused_in_xml(
            "GET /2013-04-01/hostedzone/Z9",
            404,
            "NoSuchHostedZone",
            "No hosted zone found",
        );
        let zones = Zones::new(&Replay::new([missing]).cloud(), &given);
        let error = zones.needed("app.example.com").await.expect_err("no such zone");
        assert!(error.message.contains("no hosted zone `Z9`"), "{error}");

        let other =
            "<R><HostedZone><Id>/hostedzone/Z9</Id><Name>example.org.</Name></HostedZone></R>";
        let other = ok("GET /2013-04-01/hostedzone/Z9", other);
        let zones = Zones::new(&Replay::new([other]).cloud(), &given);
        let error = zones.needed("app.example.com").await.expect_err("another zone");
        assert_eq!(error.cause.as_deref(), Some("the zone is that of example.org"));
    }
}
