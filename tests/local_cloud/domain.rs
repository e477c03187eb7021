//! A stack's own names on the local cloud: its certificate, its records, and what is not overwritten.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Artifact, Stack, actions, only};

/// A hosted zone, made by somebody else.
struct Zone<'a> {
    stack: &'a Stack<'static>,
    id: String,
}

impl<'a> Zone<'a> {
    fn make(stack: &'a Stack<'static>, name: &str) -> Self {
        let body = format!(
            "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>{name}</Name><CallerReference>{name}</CallerReference></CreateHostedZoneRequest>"
        );
        let made = stack.aws.send("route53", "POST", "/2013-04-01/hostedzone", &XML, &body);
        assert_eq!(made.status, 201, "{made:?}");
        let (_, rest) = made.body.split_once("<Id>/hostedzone/").expect("an id");
        Self { stack, id: rest.split('<').next().expect("an end").to_owned() }
    }

    fn path(&self) -> String {
        format!("/2013-04-01/hostedzone/{}/rrset", self.id)
    }

    /// Every record but the zone's own, as `NAME TYPE VALUE`.
    fn records(&self) -> Vec<String> {
        let listed = self.stack.aws.send("route53", "GET", &self.path(), &XML, "");
        let text = |of: &str, tag: &str| {
            let rest = of.split_once(&format!("<{tag}>")).map(|(_, rest)| rest);
            rest.and_then(|rest| rest.split('<').next()).unwrap_or_default().to_owned()
        };
        let sets = listed.body.split("<ResourceRecordSet>").skip(1).map(|set| {
            let value = if set.contains("<DNSName>") { "DNSName" } else { "Value" };
            format!("{} {} {}", text(set, "Name"), text(set, "Type"), text(set, value))
        });
        sets.filter(|set| !set.contains(" NS ") && !set.contains(" SOA ")).collect()
    }

    fn change(&self, action: &str, name: &str, value: &str) {
        let body = format!(
            "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes><Change><Action>{action}</Action><ResourceRecordSet><Name>{name}</Name><Type>A</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
        );
        let path = format!("{}/", self.path());
        let changed = self.stack.aws.send("route53", "POST", &path, &XML, &body);
        assert_eq!(changed.status, 200, "{changed:?}");
    }
}

const XML: [(&str, &str); 1] = [("content-type", "text/xml")];

fn configured(name: &str, domain: &str) -> Stack<'static> {
    let stack = Stack::new(name);
    stack.configure(&format!("[site]\ndirectory = \"dist\"\n[domain]\n{domain}"));
    let folder = stack.project.folder().join("dist");
    fs::create_dir_all(&folder).expect("a new folder");
    fs::write(folder.join("index.html"), "<!doctype html><title>one").expect("written");
    stack
}

/// The distributions' aliases and certificates, by their comments.
fn distribution(stack: &Stack, name: &str) -> String {
    let listed = stack.aws.send("cloudfront", "GET", "/2020-05-31/distribution", &XML, "");
    let mut all = listed.body.split("<DistributionSummary>");
    all.find(|one| one.contains(&format!("stackctl {name}/"))).unwrap_or_default().to_owned()
}

#[test]
fn a_site_and_an_api_have_names_of_their_own_and_leave_nothing_behind() {
    let stack = configured(
        "domain",
        "name = \"app.domain-test.example\"\nredirects = [\"www.domain-test.example\"]\napi = \"api.domain-test.example\"\n",
    );
    let zone = Zone::make(&stack, "domain-test.example.");
    let up = stack.up();
    let made = only(&up);
    for one in [
        "certificate create",
        "validation create",
        "domain create",
        "dns create",
        "api domain create",
    ] {
        assert!(made.iter().any(|action| action == one), "{one}: {made:?}");
    }
    assert!(up["site_url"].as_str().expect("the listener").starts_with("http://127.0.0.1:"));
    let records = zone.records();
    let lead = |name: &str, kind: &str, to: &str| {
        let begins = format!("{name}.domain-test.example. {kind} ");
        let one = records.iter().find(|one| one.starts_with(&begins));
        assert!(one.is_some_and(|one| one.contains(to)), "{begins}: {records:#?}");
    };
    for name in ["app", "www"] {
        for kind in ["A", "AAAA"] {
            lead(name, kind, ".cloudfront.net.");
        }
    }
    lead("api", "A", "execute-api");
    lead("_acme-challenge.app", "CNAME", "acm");
    let at_edge = distribution(&stack, "domain");
    for words in ["app.domain-test.example", "www.domain-test.example", "arn:aws:acm:us-east-1:"] {
        assert!(at_edge.contains(words), "{words}: {at_edge}");
    }

    let again = stack.up();
    assert!(only(&again).is_empty(), "{:?}", actions(&again));
    stack.run(&["status", "--exit-code"]).succeeded();
    stack.ship(&["plan", "--exit-code"]).succeeded();

    zone.change("CREATE", "other.domain-test.example.", "192.0.2.7");
    stack.teardown();
    assert_eq!(
        zone.records(),
        ["other.domain-test.example. A 192.0.2.7"],
        "and nothing else is gone"
    );
    let listed = stack.aws.send(
        "acm",
        "POST",
        "/",
        &[
            ("x-amz-target", "CertificateManager.ListCertificates"),
            ("content-type", "application/x-amz-json-1.1"),
        ],
        "{}",
    );
    assert!(!listed.body.contains("domain-test.example"), "{listed:?}");
}

#[test]
fn a_record_of_somebody_else_is_overwritten_only_when_the_file_says_so() {
    let stack = configured("taken", "name = \"app.taken-test.example\"\n");
    let zone = Zone::make(&stack, "taken-test.example.");
    zone.change("CREATE", "app.taken-test.example.", "192.0.2.1");
    let error = stack.ship(&["up"]).failed(2).error();
    let told = error.to_string();
    assert!(told.contains("A app.taken-test.example") && told.contains("192.0.2.1"), "{error:#}");
    assert!(told.contains("take_over"), "{error:#}");
    assert_eq!(distribution(&stack, "taken"), "", "nothing was written");
    let refused = stack.ship(&["plan"]).failed(2).error();
    assert!(refused.to_string().contains("take_over"), "{refused:#}");

    stack.configure("[site]\ndirectory = \"dist\"\n[domain]\nname = \"app.taken-test.example\"\ntake_over = true\n");
    stack.up();
    let records = zone.records();
    assert!(
        records.iter().any(|one| one.starts_with("app.taken-test.example. A d")),
        "{records:#?}"
    );
    // Somebody has taken the name back by hand: that is not ours any more.
    zone.change("UPSERT", "app.taken-test.example.", "192.0.2.2");
    stack.teardown();
    assert_eq!(zone.records(), ["app.taken-test.example. A 192.0.2.2"]);
}

#[test]
fn where_dns_is_elsewhere_the_records_are_printed() {
    let stack = configured("elsewhere", "name = \"app.elsewhere-test.example\"\nzone = \"none\"\n");
    let up = stack.up();
    let records = up["dns_records"].as_array().expect("the records");
    let of = |name: &str| records.iter().find(|one| one["name"] == json!(name));
    let value = of("app.elsewhere-test.example").map(|one| one["value"].clone());
    let value = value.as_ref().and_then(Value::as_str).unwrap_or_default();
    assert!(value.ends_with(".cloudfront.net"), "{records:#?}");
    assert!(of("_acme-challenge.app.elsewhere-test.example").is_some(), "{records:#?}");
    assert!(distribution(&stack, "elsewhere").contains("app.elsewhere-test.example"));
    assert!(only(&stack.up()).is_empty());
    let said = stack.say(&["status"]).succeeded().stdout;
    assert!(said.contains("records to set at your DNS provider"), "{said}");
    stack.teardown();
}

#[test]
fn without_a_zone_the_local_cloud_has_the_names_all_the_same() {
    let stack = configured("zoneless", "name = \"app.zoneless-test.example\"\n");
    let up = stack.up();
    assert!(up["site_url"].as_str().expect("the listener").starts_with("http://127.0.0.1:"));
    assert!(distribution(&stack, "zoneless").contains("app.zoneless-test.example"));
    let artifact = Artifact::handler().path();
    stack.run(&["plan", "--exit-code", "--artifact", artifact]).succeeded();
    stack.teardown();
}
