//! What sites are made of: buckets with their objects, and what stands in front of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aws::Aws;
use crate::xml::each;

const CLOUDFRONT: &str = "/2020-05-31";

/// What of a configuration is AWS's own, or the port of this lane.
const CHOSEN: [&str; 3] = ["CallerReference", "HTTPPort", "xmlns"];

pub fn buckets(aws: Aws) -> BTreeMap<String, Value> {
    let all = aws.xml("s3", "/")["ListAllMyBucketsResult"]["Buckets"]["Bucket"].take();
    let names = each(&all).filter_map(|one| one["Name"].as_str().map(str::to_owned));
    names.map(|name| (name.clone(), bucket(aws, &name))).collect()
}

fn bucket(aws: Aws, name: &str) -> Value {
    let ask = |what: &str| aws.xml("s3", &format!("/{name}?{what}"));
    let (_, policy) = aws.send("s3", "GET", &format!("/{name}?policy"), &[], "");
    let policy: Value = serde_json::from_str(&policy).unwrap_or_default();
    let versions = ask("versions")["ListVersionsResult"].take();
    let objects = each(&versions["Version"]).map(|one| {
        let key = one["Key"].as_str().unwrap_or_default();
        let headers = aws.headers("s3", &format!("/{name}/{key}"));
        let told = ["content-type", "cache-control", "x-amz-meta-release"];
        let told = told.map(|name| headers.get(name).cloned().unwrap_or_default());
        (key.to_owned(), json!([one["ETag"], told]))
    });
    json!({
        "tags": ask("tagging")["Tagging"]["TagSet"]["Tag"],
        "access": ask("publicAccessBlock")["PublicAccessBlockConfiguration"],
        "policy": policy["Statement"],
        "objects": objects.collect::<BTreeMap<_, _>>(),
        "marks": each(&versions["DeleteMarker"]).count(),
    })
}

/// Everything of `CloudFront`, and by what the identifiers that it has chosen are to be replaced.
pub fn distributions(aws: Aws) -> (Value, Vec<(String, String)>) {
    let list = |what: &str, item: &str| {
        let found = aws.xml("cloudfront", &format!("{CLOUDFRONT}/{what}"));
        let list = found.as_object().and_then(|root| root.values().next()).cloned();
        each(&list.unwrap_or_default()["Items"][item]).cloned().collect::<Vec<_>>()
    };
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let mut names = Vec::new();
    let controls: Vec<Value> = list("origin-access-control", "OriginAccessControlSummary");
    for one in &controls {
        names.push((text(one, "Id"), format!("the access control {}", text(one, "Name"))));
    }
    let distributions: Vec<Value> = list("distribution", "DistributionSummary");
    for one in &distributions {
        names.push((text(one, "Id"), format!("the distribution {}", text(one, "Comment"))));
        names.push((text(one, "DomainName"), format!("the host of {}", text(one, "Comment"))));
    }
    let distribution = |one: &Value| {
        let path = format!("{CLOUDFRONT}/distribution/{}/config", text(one, "Id"));
        let config = aws.xml("cloudfront", &path)["DistributionConfig"].take();
        let path = format!("{CLOUDFRONT}/tagging?Resource={}", text(one, "ARN"));
        json!({"config": plain(config), "tags": sorted(&aws.xml("cloudfront", &path)["Tags"]["Items"]["Tag"])})
    };
    let mut all: Vec<Value> = distributions.iter().map(distribution).collect();
    all.sort_by_key(Value::to_string);
    let functions = list("function", "FunctionSummary");
    let functions = functions.iter().map(|one| {
        let name = text(one, "Name");
        let code = |stage: &str| {
            let path = format!("{CLOUDFRONT}/function/{name}?Stage={stage}");
            aws.send("cloudfront", "GET", &path, &[], "").1
        };
        (name.clone(), json!([one["FunctionConfig"], code("LIVE"), code("DEVELOPMENT")]))
    });
    let functions: BTreeMap<String, Value> = functions.collect();
    let controls: Vec<Value> = controls.into_iter().map(plain).collect();
    let told =
        json!({"distributions": all, "controls": sorted(&json!(controls)), "functions": functions});
    (told, names)
}

/// Without what differs between two runs that end the same.
fn plain(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            members.retain(|name, _| !CHOSEN.contains(&name.as_str()));
            members.values_mut().for_each(|one| *one = plain(one.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|one| *one = plain(one.take())),
        _ => {}
    }
    value
}

fn sorted(list: &Value) -> Value {
    let mut all: Vec<Value> = each(list).cloned().collect();
    all.sort_by_key(Value::to_string);
    all.into()
}
