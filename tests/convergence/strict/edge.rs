//! What `CloudFront` refuses: the errors of `API_CreateDistributionWithTags`, `API_UpdateDistribution`, `API_CreateFunction`,
//! `API_DeleteFunction` and `API_DeleteOriginAccessControl`.
//! <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Operations.html>

use serde_json::Value;

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};
use crate::xml::{each, to_json};

/// The bytes of a function: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html>
const FUNCTION: usize = 10 << 10;
const LONGEST_COMMENT: usize = 128;

pub struct Edge;

impl Layer for Edge {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        function(call).or_else(|| in_use(call)).or_else(|| distribution(call))
    }
}

/// The configuration in a request.
pub fn config(call: &Incoming) -> Value {
    let mut document = to_json(&String::from_utf8_lossy(&call.request.body));
    let with_tags = document["DistributionConfigWithTags"]["DistributionConfig"].take();
    if with_tags.is_null() { document["DistributionConfig"].take() } else { with_tags }
}

/// The configurations of all distributions, by their ids.
fn there(call: &Incoming) -> Vec<(String, Value)> {
    let get = |path: String| call.aws.xml("cloudfront", &format!("/2020-05-31/{path}"));
    let list =
        get("distribution".into())["DistributionList"]["Items"]["DistributionSummary"].take();
    let ids = each(&list).filter_map(|one| one["Id"].as_str().map(str::to_owned));
    let config =
        |id: &String| get(format!("distribution/{id}/config"))["DistributionConfig"].take();
    ids.map(|id| (id.clone(), config(&id))).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn function(call: &Incoming) -> Option<Answer> {
    if !call.is(&["cloudfront:CreateFunction", "cloudfront:UpdateFunction"]) {
        return None;
    }
    let document = to_json(&String::from_utf8_lossy(&call.request.body));
    let code = document.as_object()?.values().next().map(|root| text(root, "FunctionCode").len());
    if code.unwrap_or(0) * 3 / 4 <= FUNCTION {
        return None;
    }
    call.refused(413, "FunctionSizeLimitExceeded", "The function is too large.")
}

/// What a distribution still names.
fn in_use(call: &Incoming) -> Option<Answer> {
    let name = call.part(2);
    let named = || there(call).iter().any(|(_, config)| config.to_string().contains(&name));
    if call.is(&["cloudfront:DeleteFunction"]) && named() {
        return call.refused(409, "FunctionInUse", "The function is in use.");
    }
    if call.is(&["cloudfront:DeleteOriginAccessControl"]) && named() {
        let text = "The origin access control is still associated with one or more distributions.";
        return call.refused(409, "OriginAccessControlInUse", text);
    }
    None
}

fn distribution(call: &Incoming) -> Option<Answer> {
    let creates = call.is(&["cloudfront:CreateDistributionWithTags"]);
    if !creates && !call.is(&["cloudfront:UpdateDistribution"]) {
        return None;
    }
    let (config, id) = (config(call), call.part(2));
    let others = there(call);
    let reference = text(&config, "CallerReference");
    let same = others.iter().find(|(_, other)| text(other, "CallerReference") == reference);
    match same {
        Some((other, _)) if creates => {
            let text = format!(
                "The caller reference that you are using to create a distribution is associated with another distribution. Already exists: {other}"
            );
            return call.refused(409, "DistributionAlreadyExists", &text);
        }
        Some(_) => {}
        None if creates => {}
        None => return call.refused(400, "IllegalUpdate", "The caller reference cannot change."),
    }
    names(call, &config, &id, &others)
        .or_else(|| origins(call, &config))
        .or_else(|| counts(call, &config))
        .or_else(|| behaviors(call, &config))
}

fn names(call: &Incoming, config: &Value, id: &str, others: &[(String, Value)]) -> Option<Answer> {
    if text(config, "DefaultRootObject").starts_with('/') {
        let text = "The parameter DefaultRootObject is not valid.";
        return call.refused(400, "InvalidDefaultRootObject", text);
    }
    if text(config, "Comment").len() > LONGEST_COMMENT {
        return call.refused(400, "InvalidArgument", "The parameter Comment is too big.");
    }
    let aliases = |config: &Value| {
        let all = config["Aliases"]["Items"]["CNAME"].clone();
        each(&all).map(ToString::to_string).collect::<Vec<_>>()
    };
    let own = aliases(config);
    if !own.is_empty()
        && text(&config["ViewerCertificate"], "CloudFrontDefaultCertificate") == "true"
    {
        let text = "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate.";
        return call.refused(400, "InvalidViewerCertificate", text);
    }
    let taken = others.iter().filter(|(other, _)| other != id).flat_map(|(_, one)| aliases(one));
    if taken.into_iter().any(|name| own.contains(&name)) {
        let text = "One or more of the CNAMEs you provided are already associated with a different resource.";
        return call.refused(409, "CNAMEAlreadyExists", text);
    }
    None
}

fn origins(call: &Incoming, config: &Value) -> Option<Answer> {
    let list = call.aws.xml("cloudfront", "/2020-05-31/origin-access-control");
    let list = &list["OriginAccessControlList"]["Items"]["OriginAccessControlSummary"];
    let controls: Vec<&str> = each(list).map(|one| text(one, "Id")).collect();
    for origin in each(&config["Origins"]["Items"]["Origin"]) {
        let control = text(origin, "OriginAccessControlId");
        if !control.is_empty() && !controls.contains(&control) {
            let text = "The origin access control is not valid.";
            return call.refused(400, "InvalidOriginAccessControl", text);
        }
        if text(origin, "DomainName").is_empty() {
            let text = "The specified origin server does not exist or is not valid.";
            return call.refused(400, "InvalidOrigin", text);
        }
    }
    None
}

/// Every list says how long it is.
fn counts(call: &Incoming, value: &Value) -> Option<Answer> {
    if let Some(quantity) = value["Quantity"].as_str() {
        let items = value["Items"].as_object().into_iter().flat_map(serde_json::Map::values);
        let count: usize = items.map(|items| each(items).count()).sum();
        if quantity != count.to_string() {
            let text = "The value of Quantity and the size of Items do not match.";
            return call.refused(400, "InconsistentQuantities", text);
        }
    }
    let members = value.as_object().into_iter().flat_map(serde_json::Map::values);
    let items = value.as_array().into_iter().flatten();
    members.chain(items).find_map(|one| counts(call, one))
}

fn behaviors(call: &Incoming, config: &Value) -> Option<Answer> {
    let origins: Vec<&str> =
        each(&config["Origins"]["Items"]["Origin"]).map(|one| text(one, "Id")).collect();
    let further = each(&config["CacheBehaviors"]["Items"]["CacheBehavior"]);
    for behavior in further.chain([&config["DefaultCacheBehavior"]]) {
        if !origins.contains(&text(behavior, "TargetOriginId")) {
            let text = "One or more of your origins do not exist.";
            return call.refused(404, "NoSuchOrigin", text);
        }
        if !["2", "3", "7"].contains(&text(&behavior["AllowedMethods"], "Quantity")) {
            let text = "The parameter AllowedMethods contains an invalid number of methods.";
            return call.refused(400, "InvalidArgument", text);
        }
        for one in each(&behavior["FunctionAssociations"]["Items"]["FunctionAssociation"]) {
            let name = text(one, "FunctionARN").rsplit('/').next().unwrap_or_default();
            let path = format!("/2020-05-31/function/{name}/describe?Stage=LIVE");
            if call.aws.xml("cloudfront", &path).is_null() {
                let text = "The function is not published to the LIVE stage.";
                return call.refused(400, "InvalidFunctionAssociation", text);
            }
        }
    }
    None
}
