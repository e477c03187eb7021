use serde_json::{Value, json};

use super::*;
use crate::cloud::replay::{Exchange, Replay, ok, refused};
use crate::resources::fixture::{config, drift, is_absent, there};
use engine::{Events, Graph, Happening};

const ARN: &str = "arn:aws:acm:us-east-1:123456789012:certificate/one";
const OTHER: &str = "arn:aws:acm:us-east-1:123456789012:certificate/other";

fn certificates(replay: &Replay) -> Certificates {
    let names = vec!["app.example.com".to_owned(), "www.example.com".to_owned()];
    Certificates::new(&replay.cloud(), "us-east-1", "site", tags::ours(&config()), names)
}

fn certificate(replay: &Replay) -> Certificate {
    Certificate::new(&replay.cloud(), &certificates(replay), false)
}

fn listed(arns: &[&str]) -> Exchange {
    let one = |arn: &&str| json!({"CertificateArn": arn, "DomainName": "app.example.com"});
    let all: Vec<Value> = arns.iter().map(one).collect();
    let foreign = json!({"CertificateArn": "arn:x", "DomainName": "other.example.com"});
    let all: Vec<Value> = all.into_iter().chain([foreign]).collect();
    ok("CertificateManager.ListCertificates", json!({"CertificateSummaryList": all}))
}

fn tagged(purpose: &str) -> Exchange {
    ok(
        "CertificateManager.ListTagsForCertificate",
        json!({"Tags": [
            {"Key": "stackctl:stack", "Value": "app"},
            {"Key": "stackctl:stage", "Value": "default"},
            {"Key": "stackctl:for", "Value": purpose},
        ]}),
    )
}

fn described(arn: &str, status: &str, names: &[&str], has_record: bool) -> Exchange {
    let record =
        json!({"Name": "_a.app.example.com.", "Type": "CNAME", "Value": "_b.acm-validations.aws."});
    let mut option = json!({"DomainName": "app.example.com"});
    if has_record {
        option["ResourceRecord"] = record;
    }
    let reason = if status == "FAILED" { json!("CAA_ERROR") } else { Value::Null };
    ok(
        "CertificateManager.DescribeCertificate",
        json!({"Certificate": {
            "CertificateArn": arn,
            "DomainName": "app.example.com",
            "SubjectAlternativeNames": names,
            "Status": status,
            "FailureReason": reason,
            "DomainValidationOptions": [option],
        }}),
    )
}

const NAMES: [&str; 2] = ["app.example.com", "www.example.com"];

fn unknown() -> Exchange {
    refused(
        "CertificateManager.DescribeCertificate",
        400,
        "ResourceNotFoundException",
        "Could not find certificate",
    )
}

fn requested(arn: &str) -> Exchange {
    ok("CertificateManager.RequestCertificate", json!({"CertificateArn": arn}))
}

/// What `up` would change.
fn to_be_made(certificate: &Certificate, live: &LiveCertificate) -> Vec<String> {
    let differences = certificate.diff(&Inputs::default(), live).into_iter();
    let made = differences.filter(Difference::is_to_be_made);
    made.map(|one| one.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none_and_one_for_another_purpose_is_not_meant() {
    is_absent(&certificate(&Replay::new([listed(&[])]))).await;
    is_absent(&certificate(&Replay::new([listed(&[ARN]), tagged("api")]))).await;
}

/// ACM knows a request seconds later, and its record later still.
#[tokio::test(start_paused = true)]
async fn a_request_is_read_until_acm_has_named_the_record_and_then_nothing_is_to_be_made() {
    let pending = |has_record| described(ARN, "PENDING_VALIDATION", &NAMES, has_record);
    let replay = Replay::new([
        requested(ARN),
        unknown(),
        pending(false),
        pending(false),
        pending(true),
        listed(&[ARN]),
        tagged("site"),
        pending(true),
    ]);
    let certificate = certificate(&replay);
    let made = certificate.create(&Inputs::default(), &Progress::silent()).await.expect("made");
    assert_eq!((made.arn(), made.is_issued()), (Some(ARN), false));
    let live = there(&certificate).await;
    assert!(to_be_made(&certificate, &live).is_empty());
    let told = drift(&certificate, &Inputs::default(), &live);
    assert_eq!(told, ["status: PENDING_VALIDATION → ISSUED"], "and `status` says what is awaited");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_failed_is_replaced_with_another_token_and_deleted() {
    let replay = Replay::new([
        listed(&[OTHER]),
        tagged("site"),
        described(OTHER, "FAILED", &NAMES, true),
        requested(ARN),
        described(ARN, "ISSUED", &NAMES, true),
        described(ARN, "ISSUED", &NAMES, true),
        ok("CertificateManager.DeleteCertificate", "{}"),
        requested(ARN),
        described(ARN, "ISSUED", &NAMES, true),
        described(ARN, "ISSUED", &NAMES, true),
    ]);
    let certificate = certificate(&replay);
    let live = there(&certificate).await;
    assert_eq!(to_be_made(&certificate, &live).len(), 1);
    let (inputs, progress) = (Inputs::default(), Progress::silent());
    let now = certificate.update(&inputs, &live, &progress).await.expect("requested");
    certificate.finish(&inputs, &now, &progress).await.expect("the other one goes");
    certificate.create(&inputs, &progress).await.expect("as if nothing had been there");
    let sent = replay.sent();
    let requests: Vec<&String> =
        sent.iter().filter(|call| call.contains("RequestCertificate")).collect();
    assert_ne!(requests[0], requests[1], "a token of a request that failed is not used again");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn names_that_change_get_a_certificate_of_their_own_before_the_old_one_goes() {
    let replay = Replay::new([
        listed(&[OTHER]),
        tagged("site"),
        described(OTHER, "ISSUED", &NAMES[..1], true),
        requested(ARN),
        described(ARN, "ISSUED", &NAMES, true),
        described(ARN, "ISSUED", &NAMES, true),
        refused("CertificateManager.DeleteCertificate", 400, "ResourceInUseException", "in use"),
    ]);
    let certificate = certificate(&replay);
    let live = there(&certificate).await;
    assert_eq!(
        to_be_made(&certificate, &live),
        ["names: app.example.com (ISSUED) → app.example.com, www.example.com"]
    );
    let (inputs, progress) = (Inputs::default(), Progress::silent());
    let now = certificate.update(&inputs, &live, &progress).await.expect("requested");
    assert_eq!(now.arn(), Some(ARN));
    certificate.finish(&inputs, &now, &progress).await.expect("the next `up` deletes it");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_certificate_in_use_is_deleted_when_acm_lets_go_and_one_that_is_gone_is_fine() {
    let used =
        || refused("CertificateManager.DeleteCertificate", 400, "ResourceInUseException", "in use");
    let gone = refused(
        "CertificateManager.DeleteCertificate",
        400,
        "ResourceNotFoundException",
        "Could not find certificate",
    );
    let replay = Replay::new([
        listed(&[ARN]),
        tagged("site"),
        described(ARN, "ISSUED", &NAMES, true),
        used(),
        used(),
        ok("CertificateManager.DeleteCertificate", "{}"),
        gone,
    ]);
    let certificate = certificate(&replay);
    let live = there(&certificate).await;
    certificate.delete(&live, &Progress::silent()).await.expect("deleted");
    certificate.delete(&live, &Progress::silent()).await.expect("it is gone already");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_reads_what_is_awaited_which_record_and_for_how_long() {
    let pending = || described(ARN, "PENDING_VALIDATION", &NAMES, true);
    let replay = Replay::new([pending(), pending(), described(ARN, "ISSUED", &NAMES, true)]);
    let (events, mut heard) = Events::new(None);
    let mut graph = Graph::default();
    let id = graph.add(certificate(&replay)).id;
    let progress = Progress::new(id, &events);
    certificates(&replay).issued(&progress, ARN).await.expect("issued");
    let Some(event) = heard.recv().await else { panic!("nothing was said") };
    let Happening::Note(note) = event.happening else { panic!("{event:?}") };
    assert_eq!(
        note,
        "waiting until ACM issues the certificate: PENDING_VALIDATION for 0 s; ACM looks for CNAME _a.app.example.com → _b.acm-validations.aws"
    );

    let replay = Replay::new([described(ARN, "FAILED", &NAMES, true)]);
    let failed = certificates(&replay).issued(&Progress::silent(), ARN).await.expect_err("final");
    assert_eq!(failed.cause.as_deref(), Some("its status is FAILED: CAA_ERROR"));
    assert!(failed.hint.expect("a way out").contains("amazon.com"));
}
