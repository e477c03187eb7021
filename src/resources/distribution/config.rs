//! The configuration of a distribution: what stackctl sets, what of it differs, and what is left as it is.

use engine::Difference;
use wire::Element;

/// CloudFront's own policies, which every account has:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html>
const CACHING_OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
/// API Gateway answers to its own name alone.
const ALL_VIEWER_EXCEPT_HOST: &str = "b689b0a8-53d0-40ab-baf2-68738e2966ac";
const SECURITY_HEADERS: &str = "67f7725c-6f97-4210-82d7-5512b31e9d03";

/// Without these, CloudFront keeps an error for ten seconds, whatever the origin says.
const ERRORS: [u16; 9] = [400, 403, 404, 405, 414, 500, 502, 503, 504];

/// What a distribution is made of, besides what every one has.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    pub reference: String,
    pub comment: String,
    /// The bucket's domain.
    pub bucket: String,
    pub access_control: String,
    pub function: String,
    pub price_class: &'static str,
    pub headers: bool,
    /// The path and the address of the API.
    pub api: Option<(String, String)>,
    /// Whether a page of the site's own is answered where nothing is.
    pub not_found_page: bool,
}

impl Parts {
    /// The whole configuration.
    pub fn config(&self) -> Element {
        let mut origins = vec![self.bucket_origin()];
        let mut behaviors = Vec::new();
        if let Some((path, url)) = &self.api {
            origins.push(api_origin(url));
            behaviors.push(self.api_behavior(path));
        }
        let errors = ERRORS.iter().map(|code| self.error(*code)).collect();
        Element::new("DistributionConfig")
            .and("CallerReference", &self.reference)
            .with(items("Aliases", Vec::new()))
            .and("DefaultRootObject", "index.html")
            .with(items("Origins", origins))
            .with(items("OriginGroups", Vec::new()))
            .with(self.site_behavior())
            .with(items("CacheBehaviors", behaviors))
            .with(items("CustomErrorResponses", errors))
            .and("Comment", &self.comment)
            .with(logging())
            .and("PriceClass", self.price_class)
            .and("Enabled", "true")
            .with(Element::new("ViewerCertificate").and("CloudFrontDefaultCertificate", "true"))
            .with(
                Element::new("Restrictions")
                    .with(items("GeoRestriction", Vec::new()).and("RestrictionType", "none")),
            )
            .and("WebACLId", "")
            .and("HttpVersion", "http2and3")
            .and("IsIPV6Enabled", "true")
    }

    fn bucket_origin(&self) -> Element {
        origin("site", &self.bucket, "/site")
            .with(Element::new("S3OriginConfig").and("OriginAccessIdentity", ""))
            .and("OriginAccessControlId", &self.access_control)
    }

    fn site_behavior(&self) -> Element {
        let methods = ["GET", "HEAD"];
        let policy = if self.headers { SECURITY_HEADERS } else { "" };
        let behavior = Element::new("DefaultCacheBehavior");
        let behavior = self.behavior(behavior, "site", "redirect-to-https", &methods);
        let behavior = behavior.and("CachePolicyId", CACHING_OPTIMIZED).and("Compress", "true");
        if policy.is_empty() { behavior } else { behavior.and("ResponseHeadersPolicyId", policy) }
    }

    fn api_behavior(&self, path: &str) -> Element {
        let methods = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"];
        let behavior = Element::new("CacheBehavior").and("PathPattern", format!("{path}/*"));
        self.behavior(behavior, "api", "https-only", &methods)
            .and("CachePolicyId", CACHING_DISABLED)
            .and("OriginRequestPolicyId", ALL_VIEWER_EXCEPT_HOST)
            .and("Compress", "true")
    }

    fn behavior(&self, to: Element, origin: &str, protocol: &str, methods: &[&str]) -> Element {
        let listed =
            |names: &[&str]| names.iter().map(|name| Element::text("Method", *name)).collect();
        let off = |name: &str| Element::new(name).and("Enabled", "false").and("Quantity", "0");
        let association = Element::new("FunctionAssociation")
            .and("FunctionARN", &self.function)
            .and("EventType", "viewer-request");
        to.and("TargetOriginId", origin)
            .with(off("TrustedSigners"))
            .with(off("TrustedKeyGroups"))
            .and("ViewerProtocolPolicy", protocol)
            .with(
                items("AllowedMethods", listed(methods))
                    .with(items("CachedMethods", listed(&["GET", "HEAD"]))),
            )
            .and("SmoothStreaming", "false")
            .with(items("LambdaFunctionAssociations", Vec::new()))
            .with(items("FunctionAssociations", vec![association]))
            .and("FieldLevelEncryptionId", "")
    }

    fn error(&self, code: u16) -> Element {
        let error = Element::new("CustomErrorResponse")
            .and("ErrorCode", code.to_string())
            .and("ErrorCachingMinTTL", "0");
        match code {
            403 | 404 if self.not_found_page => {
                error.and("ResponsePagePath", "/404.html").and("ResponseCode", "404")
            }
            _ => error,
        }
    }
}

/// A list with its length, which CloudFront wants to be told.
pub(super) fn items(name: &str, items: Vec<Element>) -> Element {
    let list = Element::new(name).and("Quantity", items.len().to_string());
    if items.is_empty() {
        return list;
    }
    list.with(Element { children: items, ..Element::new("Items") })
}

fn logging() -> Element {
    Element::new("Logging")
        .and("Enabled", "false")
        .and("IncludeCookies", "false")
        .and("Bucket", "")
        .and("Prefix", "")
}

fn origin(id: &str, domain: &str, path: &str) -> Element {
    Element::new("Origin")
        .and("Id", id)
        .and("DomainName", domain)
        .and("OriginPath", path)
        .with(items("CustomHeaders", Vec::new()))
        .and("ConnectionAttempts", "3")
        .and("ConnectionTimeout", "10")
        .with(Element::new("OriginShield").and("Enabled", "false"))
}

/// The API by its address: on AWS a host, and on the local cloud a path of a port.
fn api_origin(url: &str) -> Element {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    let path = if path.is_empty() { String::new() } else { format!("/{path}") };
    let is_plain = scheme == "http";
    let protocols = vec![Element::text("SslProtocol", "TLSv1.2")];
    let custom = Element::new("CustomOriginConfig")
        .and("HTTPPort", if is_plain { port } else { "80" })
        .and("HTTPSPort", "443")
        .and("OriginProtocolPolicy", if is_plain { "http-only" } else { "https-only" })
        .with(items("OriginSslProtocols", protocols))
        .and("OriginReadTimeout", "30")
        .and("OriginKeepaliveTimeout", "5");
    origin("api", host, &path).with(custom)
}

/// What is the business of whoever runs the account: it is made once, and never changed back.
const OTHERS: [&str; 5] = ["CallerReference", "Aliases", "Logging", "Restrictions", "WebACLId"];
/// These, too, until the stack has a name of its own: a certificate goes with it.
const CERTIFICATE: &str = "ViewerCertificate";

fn is_ours(name: &str) -> bool {
    !OTHERS.contains(&name) && name != CERTIFICATE && name != "OriginGroups"
}

/// `live` with what is ours as `wanted` has it. CloudFront takes a configuration whole or not at all.
pub fn merged(live: &Element, wanted: &Element) -> Element {
    let mut merged = live.clone();
    for child in wanted.children.iter().filter(|child| is_ours(&child.name)) {
        match merged.children.iter_mut().find(|one| one.name == child.name) {
            // Members that AWS has added since, or the account's owner, stay.
            Some(one) if child.name == "DefaultCacheBehavior" => *one = laid_over(one, child),
            Some(one) => *one = child.clone(),
            None => merged.children.push(child.clone()),
        }
    }
    merged
}

fn laid_over(live: &Element, wanted: &Element) -> Element {
    let others = live.children.iter().filter(|one| wanted.child(&one.name).is_none());
    // Headers of a policy that the file has switched off go.
    let others = others.filter(|one| one.name != "ResponseHeadersPolicyId");
    let children = wanted.children.iter().chain(others).cloned().collect();
    Element { children, ..live.clone() }
}

/// What of ours differs.
pub fn differences(live: &Element, wanted: &Element) -> Vec<Difference> {
    let mut found = Vec::new();
    for child in wanted.children.iter().filter(|child| is_ours(&child.name)) {
        let nothing = Element::new(&child.name);
        compare(&child.name, live.child(&child.name).unwrap_or(&nothing), child, &mut found);
    }
    let policy = "DefaultCacheBehavior/ResponseHeadersPolicyId";
    if wanted.at(policy).is_empty() && !live.at(policy).is_empty() {
        found.push(Difference::new(policy, live.at(policy), "none"));
    }
    found
}

/// Where CloudFront leaves out what is off, empty or none, nothing differs.
fn same(now: &str, wanted: &str) -> bool {
    let plain = |text: &str| match text {
        "false" | "0" => String::new(),
        other => other.to_owned(),
    };
    plain(now) == plain(wanted)
}

fn compare(path: &str, live: &Element, wanted: &Element, found: &mut Vec<Difference>) {
    if wanted.children.is_empty() {
        if !same(&live.text, &wanted.text) {
            found.push(Difference::new(path, shown(&live.text), shown(&wanted.text)));
        }
        return;
    }
    let nothing = Element::default();
    for child in wanted.children.iter().filter(|child| child.name != "Items") {
        if child.name != "Quantity" {
            let path = format!("{path}/{}", child.name);
            compare(&path, live.child(&child.name).unwrap_or(&nothing), child, found);
        }
    }
    if wanted.child("Quantity").is_some() {
        let list = |of: &Element| of.child("Items").map(|all| all.children.clone());
        let (live, wanted) = (list(live).unwrap_or_default(), list(wanted).unwrap_or_default());
        compare_lists(path, &live, &wanted, found);
    }
}

/// The order of a list says nothing: its items are known by their keys.
fn compare_lists(path: &str, live: &[Element], wanted: &[Element], found: &mut Vec<Difference>) {
    for item in wanted {
        let path = format!("{path}/{}", key(item));
        match live.iter().find(|one| key(one) == key(item)) {
            Some(one) => compare(&path, one, item, found),
            None => found.push(Difference::new(path, "none", "there")),
        }
    }
    for item in live.iter().filter(|one| !wanted.iter().any(|item| key(item) == key(one))) {
        found.push(Difference::new(format!("{path}/{}", key(item)), "there", "none"));
    }
}

fn key(item: &Element) -> &str {
    let keys = ["Id", "PathPattern", "ErrorCode", "EventType"];
    let key = keys.iter().map(|name| item.at(name)).find(|key| !key.is_empty());
    key.unwrap_or(&item.text)
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}
