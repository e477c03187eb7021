use serde_json::json;

use super::*;
use crate::cloud::replay::{Exchange, Replay, ok, refused_in_xml, together};
use crate::cloud::tags;
use crate::resources::fixture::{config, drift, is_absent, there};
use engine::Graph;

const ARN: &str = "arn:aws:acm:us-east-1:123456789012:certificate/one";
const NAME: &str = "_a.app.example.com.";
const VALUE: &str = "_b.acm-validations.aws.";

struct Given {
    validation: Validation,
    certificate: Certificate,
    handle: Handle<Certificate>,
}

fn given(replay: &Replay) -> Given {
    let cloud = replay.cloud();
    let names = vec!["app.example.com".to_owned()];
    let own = tags::ours(&config());
    let certificates = Certificates::new(&cloud, "us-east-1", "site", own, names);
    let made = || Certificate::new(&cloud, &certificates, false);
    let handle = Graph::default().add(made());
    let zones = Zones::new(&cloud, &config::Zone::Found);
    let comment = "stackctl app/default".to_owned();
    let validation = Validation::new(&cloud, &certificates, &zones, handle, comment);
    Given { validation, certificate: made(), handle }
}

fn certificates() -> [Exchange; 3] {
    let tags = json!({"Tags": [
        {"Key": "stackctl:stack", "Value": "app"},
        {"Key": "stackctl:stage", "Value": "default"},
        {"Key": "stackctl:for", "Value": "site"},
    ]});
    let record = json!({"Name": NAME, "Type": "CNAME", "Value": VALUE});
    let detail = json!({"Certificate": {
        "CertificateArn": ARN,
        "DomainName": "app.example.com",
        "SubjectAlternativeNames": ["app.example.com"],
        "Status": "PENDING_VALIDATION",
        "DomainValidationOptions": [{"DomainName": "app.example.com", "ResourceRecord": record}],
    }});
    [
        listed(ARN, "app.example.com"),
        ok("CertificateManager.ListTagsForCertificate", tags),
        ok("CertificateManager.DescribeCertificate", detail),
    ]
}

fn listed(arn: &str, name: &str) -> Exchange {
    let one = json!({"CertificateArn": arn, "DomainName": name});
    ok("CertificateManager.ListCertificates", json!({"CertificateSummaryList": [one]}))
}

fn zones() -> Exchange {
    ok(
        "GET /2013-04-01/hostedzone",
        "<R><HostedZones><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name></HostedZone></HostedZones></R>",
    )
}

fn records(value: &str) -> Exchange {
    let set = format!(
        "<ResourceRecordSet><Name>{NAME}</Name><Type>CNAME</Type><TTL>300</TTL><ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>"
    );
    let set = if value.is_empty() { String::new() } else { set };
    let body = format!("<R><ResourceRecordSets>{set}</ResourceRecordSets></R>");
    ok("GET /2013-04-01/hostedzone/Z1/rrset", body)
}

const CHANGE: &str = "POST /2013-04-01/hostedzone/Z1/rrset/";

fn changed() -> Exchange {
    ok(CHANGE, "<R/>")
}

fn script(rest: impl IntoIterator<Item = Exchange>) -> Replay {
    Replay::new(certificates().into_iter().chain(rest))
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none() {
    let replay = script([zones(), records("")]);
    is_absent(&given(&replay).validation).await;
    let listed = ok("CertificateManager.ListCertificates", "{}");
    is_absent(&given(&Replay::new([listed, zones()])).validation).await;
}

/// Another run may make the same record at the same moment.
#[tokio::test(start_paused = true)]
async fn after_a_create_nothing_differs_whoever_made_the_record() {
    let exists = refused_in_xml(CHANGE, 400, "InvalidChangeBatch", "but it already exists");
    for (answer, raced) in [(changed(), false), (exists, true)] {
        let read = certificates().into_iter().chain([records(VALUE)]);
        let looks = if raced { vec![records(VALUE), records(VALUE)] } else { vec![records(VALUE)] };
        let made = [zones(), answer].into_iter().chain(looks).chain(read);
        let replay = script(made);
        let Given { validation, certificate, handle } = given(&replay);
        let inputs = Inputs::default().with(handle, there(&certificate).await);
        validation.create(&inputs, &Progress::silent()).await.expect("made");
        let live = there(&validation).await;
        assert!(drift(&validation, &inputs, &live).is_empty());
        replay.is_over();
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_with_another_value_is_refused_and_no_teardown_touches_it() {
    let read = certificates().into_iter().chain([zones(), records("other.example.net.")]);
    let replay = script(read);
    let Given { validation, certificate, handle } = given(&replay);
    let inputs = Inputs::default().with(handle, there(&certificate).await);
    let live = there(&validation).await;
    let differences = validation.diff(&inputs, &live);
    assert!(differences[0].refusal.is_some(), "{differences:?}");
    assert!(!validation.is_ours(&live));
    validation.delete(&live, &Progress::silent()).await.expect("nothing to do");
    replay.is_over();
}

/// A certificate of another region that has the name, also as `*.`, needs the same record at its next renewal.
#[tokio::test(start_paused = true)]
async fn the_record_goes_with_the_last_certificate_of_the_name_in_any_region() {
    let regions = config::regions().len();
    for (other, goes) in [("other.example.com", true), ("*.app.example.com", false)] {
        let own = (0..regions).map(|_| listed(ARN, "app.example.com"));
        let looks = together(own.skip(1).chain([listed("arn:other", other)]));
        let rest = [zones(), records(VALUE), looks].into_iter().chain(goes.then(changed));
        let replay = script(rest);
        let validation = given(&replay).validation;
        let live = there(&validation).await;
        validation.delete(&live, &Progress::silent()).await.expect("deleted");
        replay.is_over();
    }
}
