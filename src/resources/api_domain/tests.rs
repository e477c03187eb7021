use serde_json::{Value, json};

use super::*;
use crate::cloud::replay::{Exchange, Replay, ok, refused};
use crate::resources::fixture::{config, drift, is_absent, tags as our_tags, there};
use crate::resources::{Api, Certificate, RouteTarget, Routes};
use engine::Graph;

const ARN: &str = "arn:aws:acm:us-east-1:123456789012:certificate/one";
const PATH: &str = "GET /v2/domainnames/api.example.com";
const MAPPINGS: &str = "/v2/domainnames/api.example.com/apimappings";

fn subject(replay: &Replay) -> (ApiDomain, Leads, Certificate) {
    let (cloud, config) = (replay.cloud(), config());
    let names = vec!["api.example.com".to_owned()];
    let certificates = Certificates::new(&cloud, "us-east-1", "api", tags::ours(&config), names);
    let mut graph = Graph::default();
    let api = graph.add(Api::new(&cloud, &config));
    let targets: Vec<RouteTarget> = Vec::new();
    let routes = graph.add(Routes::new(&cloud, &config, targets, api));
    let made = || Certificate::new(&cloud, &certificates, true);
    let certificate = graph.add(made());
    let validation = None;
    let leads = Leads { api, routes, certificate, validation };
    let domain = ApiDomain::new(&cloud, &config, "api.example.com", &certificates, leads, false);
    (domain, leads, made())
}

fn absent() -> Exchange {
    refused(PATH, 404, "NotFoundException", "Invalid domain name identifier specified")
}

fn domain(tags: &Value) -> Exchange {
    ok(
        PATH,
        json!({
            "domainName": "api.example.com",
            "domainNameConfigurations": [{
                "apiGatewayDomainName": "d-1.execute-api.us-east-1.amazonaws.com",
                "hostedZoneId": "Z1UJRXOUMOOFQ8",
                "certificateArn": ARN,
                "endpointType": "REGIONAL",
                "ipAddressType": "dualstack",
                "domainNameStatus": "AVAILABLE",
            }],
            "tags": tags,
        }),
    )
}

fn mapped(api: &str) -> Exchange {
    let one = json!({"apiMappingId": "m1", "apiId": api, "stage": "$default", "apiMappingKey": ""});
    let items = if api.is_empty() { json!([]) } else { json!([one]) };
    ok(format!("GET {MAPPINGS}"), json!({"items": items}))
}

fn certificate() -> [Exchange; 3] {
    let listed = json!({"CertificateArn": ARN, "DomainName": "api.example.com"});
    let tags = json!([
        {"Key": "stackctl:stack", "Value": "app"},
        {"Key": "stackctl:stage", "Value": "default"},
        {"Key": "stackctl:for", "Value": "api"},
    ]);
    let detail =
        json!({"CertificateArn": ARN, "DomainName": "api.example.com", "Status": "ISSUED"});
    [
        ok("CertificateManager.ListCertificates", json!({"CertificateSummaryList": [listed]})),
        ok("CertificateManager.ListTagsForCertificate", json!({"Tags": tags})),
        ok("CertificateManager.DescribeCertificate", json!({"Certificate": detail})),
    ]
}

async fn inputs(leads: &Leads, made: &Certificate) -> Inputs {
    let api = crate::resources::LiveApi::at("a1");
    Inputs::default().with(leads.api, api).with(leads.certificate, there(made).await)
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none_and_after_a_create_nothing_differs() {
    is_absent(&subject(&Replay::new([absent()])).0).await;
    let made = [
        ok("POST /v2/domainnames", "{}"),
        ok(format!("POST {MAPPINGS}"), "{}"),
        domain(&our_tags()),
        mapped("a1"),
    ];
    let replay = Replay::new(certificate().into_iter().chain(made));
    let (subject, leads, certificate) = subject(&replay);
    let inputs = inputs(&leads, &certificate).await;
    let live = subject.create(&inputs, &Progress::silent()).await.expect("made");
    assert_eq!(drift(&subject, &inputs, &live), Vec::<String>::new());
    let alias = live.alias().expect("it is there");
    assert_eq!(alias.name, "d-1.execute-api.us-east-1.amazonaws.com");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_domain_that_leads_elsewhere_is_led_to_the_api_only_when_it_is_ours() {
    for (tags, refuses) in [(our_tags(), false), (json!({}), true)] {
        let read = [domain(&tags), mapped("other")];
        let replay = Replay::new(certificate().into_iter().chain(read));
        let (subject, leads, certificate) = subject(&replay);
        let inputs = inputs(&leads, &certificate).await;
        let live = there(&subject).await;
        assert_eq!(subject.is_ours(&live), !refuses);
        let differences = subject.diff(&inputs, &live);
        let api = differences.iter().find(|one| one.property == "api").expect("it differs");
        assert_eq!((api.now.as_str(), api.refusal.is_some()), ("other $default", refuses));
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_another_account_has_says_where_to_look_and_haste_is_waited_for() {
    let hurried = refused("POST /v2/domainnames", 429, "TooManyRequestsException", "Too Many");
    let taken = refused("POST /v2/domainnames", 409, "ConflictException", "already exists");
    let replay = Replay::new(certificate().into_iter().chain([hurried, taken]));
    let (subject, leads, certificate) = subject(&replay);
    let inputs = inputs(&leads, &certificate).await;
    let error = subject.create(&inputs, &Progress::silent()).await.expect_err("taken");
    assert_eq!(error.kind, engine::error::Kind::Exists, "it is looked at again");
    assert!(error.hint.expect("a way out").contains("another account"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn mappings_go_before_the_domain_and_what_is_gone_is_fine() {
    let gone = |call: String| refused(call, 404, "NotFoundException", "gone");
    let replay = Replay::new([
        domain(&our_tags()),
        mapped("a1"),
        ok(format!("DELETE {MAPPINGS}/m1"), ""),
        ok("DELETE /v2/domainnames/api.example.com", ""),
        gone(format!("DELETE {MAPPINGS}/m1")),
        gone("DELETE /v2/domainnames/api.example.com".to_owned()),
    ]);
    let subject = subject(&replay).0;
    let live = there(&subject).await;
    subject.delete(&live, &Progress::silent()).await.expect("deleted");
    subject.delete(&live, &Progress::silent()).await.expect("gone already");
    replay.is_over();
}
