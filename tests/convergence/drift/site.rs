//! What somebody may change of a site by hand.

use super::hand::Change;
use crate::aws::Aws;
use crate::xml::each;

const BUCKET: &str = "/my-app-site-123456789012-us-east-1-an";
const FUNCTION: &str = "function/my-app-site-us-east-1-edge";
const MARKER: &str = "stackctl my-app/default us-east-1";

/// Everything that we set and somebody else can change.
pub const DRIFTS: [Change; 20] = [
    ("public access possible", |aws| s3(aws, "DELETE", "?publicAccessBlock", "")),
    ("bucket policy deleted", |aws| s3(aws, "DELETE", "?policy", "")),
    ("bucket policy for all", |aws| {
        let arn = format!("arn:aws:s3:::{}/*", &BUCKET[1..]);
        let policy = format!(
            "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{{\"Service\":\"cloudfront.amazonaws.com\"}},\"Action\":\"s3:GetObject\",\"Resource\":\"{arn}\"}}]}}"
        );
        s3(aws, "PUT", "?policy", &policy);
    }),
    ("page replaced", |aws| s3(aws, "PUT", "/site/index.html", "<title>by hand</title>")),
    ("file deleted", |aws| s3(aws, "DELETE", "/site/robots.txt", "")),
    ("hashed file deleted", |aws| s3(aws, "DELETE", "/site/assets/i-Ab1234one.js", "")),
    ("file added", |aws| s3(aws, "PUT", "/site/by-hand.txt", "by hand")),
    ("header changed", |aws| {
        let headers =
            [("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store")];
        aws.send("s3", "PUT", &format!("{BUCKET}/site/robots.txt"), &headers, "User-agent: *");
    }),
    ("requests unsigned", |aws| {
        let list = aws.xml("cloudfront", "/2020-05-31/origin-access-control");
        let list = &list["OriginAccessControlList"]["Items"]["OriginAccessControlSummary"];
        let ours = each(list).find(|one| one["Name"] == "my-app-site-us-east-1");
        let id = ours.and_then(|one| one["Id"].as_str()).expect("the site is up");
        edit(aws, &format!("origin-access-control/{id}"), ("always", "never"));
    }),
    ("other function", |aws| {
        let code = "ZnVuY3Rpb24gaGFuZGxlcihlKSB7IHJldHVybiBlLnJlcXVlc3QgfQ==";
        let body = format!(
            "<UpdateFunctionRequest><FunctionConfig><Comment>{MARKER}</Comment><Runtime>cloudfront-js-2.0</Runtime></FunctionConfig><FunctionCode>{code}</FunctionCode></UpdateFunctionRequest>"
        );
        tagged(aws, "PUT", FUNCTION, &format!("{FUNCTION}/describe?Stage=DEVELOPMENT"), &body);
        tagged(
            aws,
            "POST",
            &format!("{FUNCTION}/publish"),
            &format!("{FUNCTION}/describe?Stage=DEVELOPMENT"),
            "",
        );
    }),
    ("distribution disabled", |aws| {
        distribution(aws, ("<Enabled>true</Enabled><ViewerC", "<Enabled>false</Enabled><ViewerC"));
    }),
    ("price class", |aws| distribution(aws, ("PriceClass_All", "PriceClass_100"))),
    ("protocol", |aws| distribution(aws, ("http2and3", "http1.1"))),
    ("plain HTTP", |aws| distribution(aws, ("redirect-to-https", "allow-all"))),
    ("root", |aws| distribution(aws, (">index.html<", ">home.html<"))),
    ("other folder of the bucket", |aws| distribution(aws, (">/site<", ">/other<"))),
    ("caching of the API", |aws| {
        let ids = ("4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "658327ea-f89d-4fab-a63d-7e88639e58f6");
        distribution(aws, ids);
    }),
    ("errors kept", |aws| {
        distribution(aws, ("<ErrorCachingMinTTL>0<", "<ErrorCachingMinTTL>300<"));
    }),
    ("no security headers", |aws| {
        let policy = "67f7725c-6f97-4210-82d7-5512b31e9d03";
        distribution(aws, (policy, "60669652-455b-4ae9-85a4-c4c02393f86c"));
    }),
    ("no IPv6", |aws| {
        distribution(aws, ("<IsIPV6Enabled>true<", "<IsIPV6Enabled>false<"));
    }),
];

/// What may be different without being wrong.
pub const HARMLESS: [Change; 3] = [
    ("a hashed file of an earlier release", |aws| {
        s3(aws, "PUT", "/site/assets/i-OlD12345.js", "old");
    }),
    ("a firewall", |aws| {
        let acl = "<WebACLId>arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b</WebACLId>";
        distribution(aws, ("<WebACLId></WebACLId>", acl));
        distribution(aws, ("<WebACLId />", acl));
    }),
    ("geographic restriction", |aws| {
        let rule = "<RestrictionType>blacklist</RestrictionType><Quantity>1</Quantity><Items><Location>AQ</Location></Items>";
        distribution(aws, ("<Quantity>0</Quantity><RestrictionType>none</RestrictionType>", rule));
    }),
];

fn s3(aws: Aws, method: &str, path: &str, body: &str) {
    // What was deleted by the change before is not there.
    aws.send("s3", method, &format!("{BUCKET}{path}"), &[], body);
}

/// The distribution in front of the bucket of the stack.
pub fn distribution_id(aws: Aws) -> String {
    let list = aws.xml("cloudfront", "/2020-05-31/distribution");
    let list = &list["DistributionList"]["Items"]["DistributionSummary"];
    let is_ours =
        |one: &&serde_json::Value| one.to_string().contains(&format!("\"{}.s3", &BUCKET[1..]));
    let ours = each(list).find(is_ours).and_then(|one| one["Id"].as_str());
    ours.expect("the site is up").to_owned()
}

fn distribution(aws: Aws, change: (&str, &str)) {
    edit(aws, &format!("distribution/{}", distribution_id(aws)), change);
}

/// Replaces a text in the configuration of something of `CloudFront`.
fn edit(aws: Aws, what: &str, (from, to): (&str, &str)) {
    let path = format!("{what}/config");
    let (_, config) = aws.send("cloudfront", "GET", &format!("/2020-05-31/{path}"), &[], "");
    tagged(aws, "PUT", &path, &path, &config.replace(from, to));
}

/// Sends a change with the `ETag` of what is there.
pub fn tagged(aws: Aws, method: &str, path: &str, read: &str, body: &str) {
    let etag = aws.headers_of("GET", "cloudfront", &format!("/2020-05-31/{read}")).remove("etag");
    let headers = [("if-match", etag.as_deref().unwrap_or_default())];
    let path = format!("/2020-05-31/{path}");
    let (status, text) = aws.send("cloudfront", method, &path, &headers, body);
    assert!(status < 300, "{method} {path} {body}: {status} {text}");
}

/// Everything that says that the site is ours says that it is this stack's, or nobody's.
pub fn disown(aws: Aws, stack: &str) {
    let tag = format!(
        "<Tag><Key>stackctl:stack</Key><Value>{stack}</Value></Tag><Tag><Key>stackctl:stage</Key><Value>default</Value></Tag>"
    );
    s3(aws, "PUT", "?tagging", &format!("<Tagging><TagSet>{tag}</TagSet></Tagging>"));
    let arn = format!("arn:aws:cloudfront::123456789012:distribution/{}", distribution_id(aws));
    let path = format!("/2020-05-31/tagging?Operation=Tag&Resource={arn}");
    aws.put_xml("cloudfront", "POST", &path, &format!("<Tags><Items>{tag}</Items></Tags>"));
    let to = if stack.is_empty() { String::new() } else { MARKER.replace("my-app", stack) };
    let another = MARKER.replace("my-app", "another");
    let markers = [(MARKER, to.as_str()), (another.as_str(), to.as_str())];
    for marker in markers {
        distribution(aws, marker);
    }
    let list = aws.xml("cloudfront", "/2020-05-31/origin-access-control");
    let list = &list["OriginAccessControlList"]["Items"]["OriginAccessControlSummary"];
    let ours = each(list).find(|one| one["Name"] == "my-app-site-us-east-1");
    let id = ours.and_then(|one| one["Id"].as_str()).expect("the site is up");
    for marker in markers {
        edit(aws, &format!("origin-access-control/{id}"), marker);
    }
    let read = format!("/2020-05-31/{FUNCTION}?Stage=LIVE");
    let (_, code) = aws.send("cloudfront", "GET", &read, &[], "");
    let code = aws_smithy_types::base64::encode(code);
    let body = format!(
        "<UpdateFunctionRequest><FunctionConfig><Comment>{to}</Comment><Runtime>cloudfront-js-2.0</Runtime></FunctionConfig><FunctionCode>{code}</FunctionCode></UpdateFunctionRequest>"
    );
    let read = format!("{FUNCTION}/describe?Stage=DEVELOPMENT");
    tagged(aws, "PUT", FUNCTION, &read, &body);
    tagged(aws, "POST", &format!("{FUNCTION}/publish"), &read, "");
}
