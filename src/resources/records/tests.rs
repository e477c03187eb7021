use super::*;
use crate::cloud::certificates::Certificates;
use crate::cloud::replay::{Exchange, Replay, ok, refused_in_xml};
use crate::cloud::tags;
use crate::config;
use crate::resources::fixture::{before_distribution, drift, is_absent, there, with};
use crate::resources::{Certificate, CertificateOf};
use engine::Graph;

const OURS: &str = "d111.cloudfront.net";

/// The records of `app.example.com`, of a stack with a distribution.
fn subject(replay: &Replay, take_over: bool, wanted: bool) -> Records {
    let config = with("[site]\n[domain]\nname = \"app.example.com\"");
    let cloud = replay.cloud();
    let (site, domain) = (config.site.as_ref().expect("one"), config.domain.as_ref());
    let names = domain.and_then(|domain| domain.site.as_ref()).expect("one");
    let mut graph = Graph::default();
    let beside = before_distribution(&cloud, &config, &mut graph);
    let found = || Distribution::new(&cloud, &config, site, beside);
    let distribution = graph.add(found());
    let all: Vec<String> = names.all().cloned().collect();
    let own = tags::ours(&config);
    let certificates = Certificates::new(&cloud, "us-east-1", "site", own, all.clone());
    let certificate = graph.add(Certificate::new(&cloud, &certificates, false));
    let of = CertificateOf::Stack(certificate, None);
    let name = graph.add(SiteName::new(found(), names, distribution, of, &certificates));
    let target = Target::Site(Box::new(found()), distribution, name);
    let zones = Zones::new(&cloud, &config::Zone::Found);
    let records = Records::new(&cloud, &zones, all, target).taking_over(take_over);
    records.wanted(wanted, "stackctl app/default".to_owned())
}

fn distributions(aliases: &[&str]) -> Exchange {
    let aliases: String = aliases.iter().map(|name| format!("<CNAME>{name}</CNAME>")).collect();
    ok(
        "GET /2020-05-31/distribution",
        format!(
            "<R><Items><DistributionSummary><Id>E1</Id><DomainName>{OURS}</DomainName><Comment>stackctl app/default us-east-1</Comment><Aliases><Items>{aliases}</Items></Aliases><Origins><Items><Origin><DomainName>app-site-123456789012-us-east-1-an.s3.us-east-1.amazonaws.com</DomainName></Origin></Items></Origins></DistributionSummary></Items></R>"
        ),
    )
}

fn none() -> Exchange {
    ok("GET /2020-05-31/distribution", "<R/>")
}

fn zones() -> Exchange {
    ok(
        "GET /2013-04-01/hostedzone",
        "<R><HostedZones><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name></HostedZone></HostedZones></R>",
    )
}

fn alias(kind: &str, to: &str) -> RecordSet {
    RecordSet::alias("app.example.com.", kind, zones::OF_CLOUDFRONT, to)
}

fn listed(sets: &[RecordSet]) -> Exchange {
    let sets: String = sets
        .iter()
        .map(|set| set.0.written("u"))
        .map(|text| text.split_once("?>").expect("a head").1.to_owned())
        .collect();
    let body = format!("<R><ResourceRecordSets>{sets}</ResourceRecordSets></R>");
    ok("GET /2013-04-01/hostedzone/Z1/rrset", body)
}

const CHANGE: &str = "POST /2013-04-01/hostedzone/Z1/rrset/";

/// Both records of the distribution, as Route 53 writes names.
fn both() -> [RecordSet; 2] {
    ["A", "AAAA"].map(|kind| alias(kind, "D111.cloudfront.net."))
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none_and_records_of_ours_need_no_change() {
    let replay = Replay::new([distributions(&["app.example.com"]), zones(), listed(&[])]);
    is_absent(&subject(&replay, false, true)).await;
    let replay = Replay::new([distributions(&["app.example.com"]), zones(), listed(&both())]);
    let records = subject(&replay, false, true);
    let live = there(&records).await;
    assert_eq!(drift(&records, &Inputs::default(), &live), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_record_of_somebody_else_is_named_and_refused_unless_the_file_says_otherwise() {
    let foreign = RecordSet::of("app.example.com.", "CNAME", 300, "old.example.net.");
    let script = || Replay::new([none(), zones(), listed(std::slice::from_ref(&foreign))]);
    let records = subject(&script(), false, true);
    let live = there(&records).await;
    let refused = records.diff(&Inputs::default(), &live);
    assert_eq!(
        refused[0].to_string(),
        "A app.example.com: CNAME old.example.net. → alias of the distribution"
    );
    assert!(
        refused
            .iter()
            .all(|one| one.refusal.as_deref().is_some_and(|way| way.contains("take_over")))
    );
    let records = subject(&script(), true, true);
    let live = there(&records).await;
    assert!(records.diff(&Inputs::default(), &live).iter().all(|one| one.refusal.is_none()));

    let alias = of_cloudfront(OURS.to_owned());
    let changes = records.changes(&alias, &live).await.expect("allowed");
    let (_, changes) = changes.values().next().expect("one zone");
    let [deleted, first, second] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(*deleted, Change::Delete(foreign), "exactly as it was read");
    assert!(matches!((first, second), (Change::Create(_), Change::Create(_))), "in one batch");
}

#[tokio::test(start_paused = true)]
async fn records_that_share_a_name_are_never_touched() {
    let mut weighted = RecordSet::of("app.example.com.", "A", 60, "192.0.2.1");
    weighted.0 = weighted.0.and("SetIdentifier", "blue");
    let replay = Replay::new([none(), zones(), listed(&[weighted])]);
    let records = subject(&replay, true, true);
    let live = there(&records).await;
    assert!(records.diff(&Inputs::default(), &live)[0].refusal.is_some());
    let alias = of_cloudfront(OURS.to_owned());
    let error = records.changes(&alias, &live).await.expect_err("refused");
    assert!(error.cause.expect("the record").contains("one of several"));
}

#[tokio::test(start_paused = true)]
async fn the_record_of_a_name_that_the_site_had_before_goes() {
    let replay = Replay::new([
        distributions(&["app.example.com", "old.example.com"]),
        zones(),
        listed(&both()),
        listed(&[RecordSet::alias("old.example.com.", "A", zones::OF_CLOUDFRONT, OURS)]),
    ]);
    let records = subject(&replay, false, true);
    let live = there(&records).await;
    assert_eq!(
        drift(&records, &Inputs::default(), &live),
        ["A old.example.com: A alias of d111.cloudfront.net → none"]
    );
}

/// A teardown deletes what leads to the stack's own distribution, as it was read, and nothing that has changed since.
#[tokio::test(start_paused = true)]
async fn a_teardown_leaves_what_is_not_ours() {
    let other = RecordSet::of("app.example.com.", "A", 60, "192.0.2.1");
    let replay = Replay::new([
        distributions(&["app.example.com"]),
        zones(),
        listed(&both()),
        refused_in_xml(CHANGE, 400, "InvalidChangeBatch", "but the values provided do not match"),
        none(),
        listed(&[other.clone(), both()[1].clone()]),
        ok(CHANGE, "<R/>"),
        none(),
        listed(&[other]),
    ]);
    let records = subject(&replay, false, false);
    let live = there(&records).await;
    assert!(Resource::is_ours(&records, &live));
    records.delete(&live, &Progress::silent()).await.expect("what is ours is gone");
    let last = replay.sent().into_iter().rfind(|call| call.starts_with("POST")).expect("a change");
    assert!(last.contains("<Type>AAAA</Type>") && !last.contains("192.0.2.1"), "{last}");
    assert!(!Resource::is_ours(&records, &there(&records).await));
    replay.is_over();
}

/// One change of a zone at a time.
#[tokio::test(start_paused = true)]
async fn another_change_of_the_zone_is_waited_for() {
    let busy = refused_in_xml(
        CHANGE,
        400,
        "PriorRequestNotComplete",
        "was rejected because Route 53 was still processing a prior request.",
    );
    let replay = Replay::new([
        distributions(&["app.example.com"]),
        zones(),
        listed(&both()),
        busy,
        ok(CHANGE, "<R/>"),
    ]);
    let records = subject(&replay, false, false);
    let live = there(&records).await;
    records.delete(&live, &Progress::silent()).await.expect("deleted");
    replay.is_over();
}
