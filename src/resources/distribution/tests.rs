use super::*;
use crate::cloud::Identity;
use crate::cloud::certificates::Certificates;
use crate::cloud::replay::{Exchange, Replay, ok, refused_in_xml};
use crate::resources::fixture::{before_distribution, with};
use engine::Graph;

#[path = "../../../crates/wire/tests/model/rest.rs"]
mod shapes;

fn parts(api: Option<&str>) -> Parts {
    Parts {
        reference: "stackctl/123456789012/us-east-1/app/default".into(),
        comment: "stackctl app/default us-east-1".into(),
        bucket: "b.s3.us-east-1.amazonaws.com".into(),
        access_control: "E1OAC".into(),
        function: "arn:aws:cloudfront::123456789012:function/app-edge".into(),
        price_class: "PriceClass_All",
        headers: true,
        api: api.map(|url| ("/api".to_owned(), url.to_owned())),
        not_found_page: false,
    }
}

#[test]
fn the_configuration_is_one_of_the_model() {
    let model = include_str!("../../../crates/wire/models/cloudfront.json");
    let model: serde_json::Value = serde_json::from_str(model).expect("JSON");
    for api in [None, Some("https://a1.execute-api.us-east-1.amazonaws.com")] {
        let config = parts(api).config();
        let wrong = shapes::compare(&model, "DistributionConfig", &config, "");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn the_api_is_an_origin_wherever_it_is() {
    let origin = |url: &str| {
        let config = parts(Some(url)).config();
        let origins = config.child("Origins").and_then(|all| all.child("Items")).expect("some");
        let api = origins.all("Origin").nth(1).expect("the second is the API").clone();
        let custom = |name: &str| api.at(&format!("CustomOriginConfig/{name}")).to_owned();
        [
            api.at("DomainName").to_owned(),
            api.at("OriginPath").to_owned(),
            custom("HTTPPort"),
            custom("OriginProtocolPolicy"),
        ]
    };
    let aws = origin("https://a1.execute-api.us-east-1.amazonaws.com");
    assert_eq!(aws, ["a1.execute-api.us-east-1.amazonaws.com", "", "80", "https-only"]);
    let local = origin("http://127.0.0.1:4599/_aws/execute-api/a1/$default");
    assert_eq!(local, ["127.0.0.1", "/_aws/execute-api/a1/$default", "4599", "http-only"]);
}

#[test]
fn what_others_have_set_stays_and_what_is_ours_is_compared_without_an_order() {
    let wanted = parts(Some("https://a1.execute-api.us-east-1.amazonaws.com")).config();
    let mut live = wanted.clone();
    live.children.reverse();
    for list in live.children.iter_mut().filter(|one| one.child("Items").is_some()) {
        list.children.iter_mut().for_each(|items| items.children.reverse());
    }
    assert!(config::differences(&live, &wanted).is_empty());
    let acl = live.children.iter_mut().find(|one| one.name == "WebACLId").expect("there");
    acl.text = "arn:aws:wafv2:acl".into();
    let price = live.children.iter_mut().find(|one| one.name == "PriceClass").expect("there");
    price.text = "PriceClass_100".into();
    live.children.push(Element::text("NewMemberOfAws", "x"));
    let differences = config::differences(&live, &wanted);
    let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["PriceClass: PriceClass_100 → PriceClass_All"]);
    let merged = config::merged(&live, &wanted);
    assert!(config::differences(&merged, &wanted).is_empty());
    assert_eq!((merged.at("WebACLId"), merged.at("NewMemberOfAws")), ("arn:aws:wafv2:acl", "x"));
}

#[test]
fn errors_are_never_pages_of_the_site_where_the_api_is() {
    let config = parts(Some("https://a")).config();
    let errors = config.child("CustomErrorResponses").and_then(|all| all.child("Items"));
    let errors: Vec<&Element> = errors.expect("some").all("CustomErrorResponse").collect();
    assert!(errors.iter().all(|error| error.at("ErrorCachingMinTTL") == "0"));
    assert!(errors.iter().all(|error| error.child("ResponsePagePath").is_none()));
}

#[test]
fn the_reference_is_the_same_each_time() {
    let config = with("[site]");
    let (account, partition) = ("123456789012".to_owned(), "aws".to_owned());
    let region = "us-east-1".to_owned();
    let cloud = Cloud::nowhere(Identity { account, partition, region });
    assert_eq!(config.site.expect("one").name, "app-site");
    assert_eq!(sites::marker(&cloud, &with("[site]")), "stackctl app/default us-east-1");
    assert_eq!(
        sites::owner("stackctl other/dev eu-west-1").as_deref(),
        Some("`other` in stage `dev` in eu-west-1")
    );
}

/// Its own names, on a distribution that is there, with a certificate of somebody else's.
fn named(replay: &Replay) -> (SiteName, Inputs) {
    let config =
        with("[site]\n[domain]\nname = \"app.example.com\"\nredirects = [\"www.example.com\"]");
    let cloud = replay.cloud();
    let (site, domain) = (config.site.as_ref().expect("one"), config.domain.as_ref());
    let names = domain.and_then(|domain| domain.site.as_ref()).expect("one");
    let mut graph = Graph::default();
    let beside = before_distribution(&cloud, &config, &mut graph);
    let found = || Distribution::new(&cloud, &config, site, beside);
    let at = graph.add(found());
    let own = tags::ours(&config);
    let certificates =
        Certificates::new(&cloud, "us-east-1", "site", own, vec![names.name.clone()]);
    let of = CertificateOf::Given("arn:aws:acm:us-east-1:123456789012:certificate/1".into());
    let live = LiveDistribution {
        id: "E1".into(),
        arn: "arn:E1".into(),
        url: "https://d111.cloudfront.net".into(),
        domain: "d111.cloudfront.net".into(),
        deployed: false,
        config: Element::default(),
        tags: Tags::new(),
    };
    let name = SiteName::new(found(), names, at, of, &certificates);
    (name.wanted(true), Inputs::default().with(at, live))
}

fn got(config: &Element) -> Exchange {
    let config = config.written("u");
    let config = config.split_once("?>").expect("a head").1;
    let body = format!(
        "<R><Id>E1</Id><Status>InProgress</Status><DomainName>d111.cloudfront.net</DomainName>{config}</R>"
    );
    ok("GET /2020-05-31/distribution/E1", body)
}

const CHANGE: &str = "PUT /2020-05-31/distribution/E1/config";

/// CloudFront sees a certificate a little later than ACM says that it is issued.
#[tokio::test(start_paused = true)]
async fn names_are_set_with_their_certificate_once_cloudfront_has_seen_it() {
    let config = parts(None).config();
    let unseen = refused_in_xml(
        CHANGE,
        400,
        "InvalidViewerCertificate",
        "The specified SSL certificate doesn't exist",
    );
    let replay = Replay::new([got(&config), unseen, got(&config), ok(CHANGE, "<R/>")]);
    let (name, inputs) = named(&replay);
    let live = name.create(&inputs, &Progress::silent()).await.expect("set");
    assert!(name.diff(&inputs, &live).is_empty());
    let sent = replay.sent().pop().expect("a change");
    for words in [
        "<Aliases><Quantity>2</Quantity><Items><CNAME>app.example.com</CNAME><CNAME>www.example.com</CNAME></Items></Aliases>",
        "<SSLSupportMethod>sni-only</SSLSupportMethod><MinimumProtocolVersion>TLSv1.2_2021</MinimumProtocolVersion>",
    ] {
        assert!(sent.contains(words), "{words}: {sent}");
    }
    let model = include_str!("../../../crates/wire/models/cloudfront.json");
    let model: serde_json::Value = serde_json::from_str(model).expect("JSON");
    let body = sent.find("<?xml").map(|at| &sent[at..]).expect("a document");
    let document = Element::read(body.as_bytes()).expect("XML");
    let wrong = shapes::compare(&model, "DistributionConfig", &document, "");
    assert!(wrong.is_empty(), "{wrong:#?}");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_name_that_another_distribution_has_says_where_to_look() {
    let config = parts(None).config();
    let taken = refused_in_xml(
        CHANGE,
        409,
        "CNAMEAlreadyExists",
        "One or more of the CNAMEs you provided are already associated with a different resource.",
    );
    let replay = Replay::new([got(&config), taken]);
    let (name, inputs) = named(&replay);
    let error = name.create(&inputs, &Progress::silent()).await.expect_err("taken");
    assert!(error.hint.expect("a way out").contains("list-conflicting-aliases"));
    replay.is_over();
}

/// A distribution that is disabled keeps its names from others, and its certificate from being deleted.
#[test]
fn a_distribution_that_is_to_go_has_no_names() {
    let config = parts(None).config();
    assert_eq!(name::unnamed(&config), config, "nothing to do");
    let names =
        with("[site]\n[domain]\nname = \"app.example.com\"").domain.and_then(|one| one.site);
    let named = name::named(&config, &names.expect("one"), "arn:aws:acm:us-east-1:1:certificate/1");
    let unnamed = name::unnamed(&named);
    assert_eq!(unnamed.at("ViewerCertificate/CloudFrontDefaultCertificate"), "true");
    assert!(unnamed.child("Aliases").is_some_and(|one| one.child("Items").is_none()));
}
