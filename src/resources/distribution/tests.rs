use super::*;
use crate::resources::fixture::with;

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
    let cloud = Cloud::nowhere();
    assert_eq!(config.site.expect("one").name, "app-site");
    assert_eq!(sites::marker(&cloud, &with("[site]")), "stackctl app/default us-east-1");
    assert_eq!(
        sites::owner("stackctl other/dev eu-west-1").as_deref(),
        Some("`other` in stage `dev` in eu-west-1")
    );
}
