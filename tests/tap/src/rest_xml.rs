//! The operations of S3 and `CloudFront`, whose names are in a method, a path and the parameters.

use crate::operation::{query, segments};
use crate::wire::Request;

/// What is asked of a bucket: method, parameter, operation. The first one that fits is it.
const BUCKET: [(&str, &str, &str); 16] = [
    ("GET", "tagging", "GetBucketTagging"),
    ("PUT", "tagging", "PutBucketTagging"),
    ("GET", "publicAccessBlock", "GetPublicAccessBlock"),
    ("PUT", "publicAccessBlock", "PutPublicAccessBlock"),
    ("GET", "policy", "GetBucketPolicy"),
    ("PUT", "policy", "PutBucketPolicy"),
    ("DELETE", "policy", "DeleteBucketPolicy"),
    ("GET", "versions", "ListObjectVersions"),
    ("GET", "uploads", "ListMultipartUploads"),
    ("PUT", "versioning", "PutBucketVersioning"),
    ("POST", "delete", "DeleteObjects"),
    ("GET", "list-type", "ListObjectsV2"),
    ("GET", "", "ListObjects"),
    ("HEAD", "", "HeadBucket"),
    ("PUT", "", "CreateBucket"),
    ("DELETE", "", "DeleteBucket"),
];

/// What is asked of `CloudFront`: method, path with `*` for one segment, parameter, operation.
const CLOUDFRONT: [(&str, &str, &str, &str); 24] = [
    ("GET", "distribution", "", "ListDistributions"),
    ("POST", "distribution", "WithTags", "CreateDistributionWithTags"),
    ("POST", "distribution", "", "CreateDistribution"),
    ("GET", "distribution/*", "", "GetDistribution"),
    ("GET", "distribution/*/config", "", "GetDistributionConfig"),
    ("PUT", "distribution/*/config", "", "UpdateDistribution"),
    ("DELETE", "distribution/*", "", "DeleteDistribution"),
    ("POST", "distribution/*/invalidation", "", "CreateInvalidation"),
    ("GET", "distribution/*/invalidation", "", "ListInvalidations"),
    ("GET", "tagging", "", "ListTagsForResource"),
    ("POST", "tagging", "Operation=Tag", "TagResource"),
    ("POST", "tagging", "Operation=Untag", "UntagResource"),
    ("GET", "origin-access-control", "", "ListOriginAccessControls"),
    ("POST", "origin-access-control", "", "CreateOriginAccessControl"),
    ("GET", "origin-access-control/*", "", "GetOriginAccessControl"),
    ("PUT", "origin-access-control/*/config", "", "UpdateOriginAccessControl"),
    ("DELETE", "origin-access-control/*", "", "DeleteOriginAccessControl"),
    ("GET", "function/*/describe", "", "DescribeFunction"),
    ("GET", "function/*", "", "GetFunction"),
    ("POST", "function", "", "CreateFunction"),
    ("PUT", "function/*", "", "UpdateFunction"),
    ("POST", "function/*/publish", "", "PublishFunction"),
    ("DELETE", "function/*", "", "DeleteFunction"),
    ("GET", "function", "", "ListFunctions"),
];

/// Whether a request has a parameter, written `name` or `name=value`.
fn has(request: &Request, parameter: &str) -> bool {
    let all = request.target.split_once('?').map_or("", |(_, all)| all);
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let of_name = |pair: &str| pair == name || pair.starts_with(&format!("{name}="));
    all.split('&').any(of_name)
        && (value.is_empty() || query(request, name).as_deref() == Some(value))
}

fn fits(request: &Request, method: &str, parameter: &str) -> bool {
    request.method == method && (parameter.is_empty() || has(request, parameter))
}

/// The buckets are a part of the path here, as on every endpoint of one machine.
pub fn s3(request: &Request) -> Option<String> {
    let path = segments(request);
    if path.len() > 1 {
        let copies = !request.header("x-amz-copy-source").is_empty();
        let name = match request.method.as_str() {
            "PUT" if copies => "CopyObject",
            "PUT" => "PutObject",
            "GET" => "GetObject",
            "HEAD" => "HeadObject",
            "DELETE" if has(request, "uploadId") => "AbortMultipartUpload",
            "DELETE" => "DeleteObject",
            "POST" if has(request, "uploads") => "CreateMultipartUpload",
            _ => return None,
        };
        return Some(name.to_owned());
    }
    let is_one = path.first().is_some_and(|bucket| !bucket.is_empty());
    let of_bucket = BUCKET.iter().find(|(method, parameter, _)| fits(request, method, parameter));
    of_bucket.filter(|_| is_one).map(|(.., name)| (*name).to_owned())
}

pub fn cloudfront(request: &Request) -> Option<String> {
    let path = segments(request);
    let parts = path.get(1..)?;
    let of_path = |pattern: &str| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        pattern.len() == parts.len()
            && pattern.iter().zip(parts).all(|(want, part)| *want == "*" || want == part)
    };
    let found = CLOUDFRONT.iter().find(|(method, pattern, parameter, _)| {
        of_path(pattern) && fits(request, method, parameter)
    });
    found.map(|(.., name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str) -> Request {
        let text = format!("{line} HTTP/1.1\r\n\r\n");
        Request::read(&mut text.as_bytes(), &mut Vec::new()).expect("whole").expect("one")
    }

    #[test]
    fn an_operation_is_known_by_its_path_and_its_parameters() {
        for (line, name) in [
            ("PUT /b", "CreateBucket"),
            ("PUT /b?tagging", "PutBucketTagging"),
            ("GET /b?list-type=2&prefix=policy", "ListObjectsV2"),
            ("PUT /b/site/a", "PutObject"),
            ("DELETE /b/a?uploadId=7", "AbortMultipartUpload"),
        ] {
            assert_eq!(s3(&request(line)).as_deref(), Some(name), "{line}");
        }
        assert_eq!(s3(&request("GET /")), None);
        for (line, name) in [
            ("POST /2020-05-31/distribution?WithTags", "CreateDistributionWithTags"),
            ("PUT /2020-05-31/distribution/E1/config", "UpdateDistribution"),
            ("POST /2020-05-31/tagging?Operation=Untag&Resource=a", "UntagResource"),
            ("GET /2020-05-31/function/f?Stage=LIVE", "GetFunction"),
        ] {
            assert_eq!(cloudfront(&request(line)).as_deref(), Some(name), "{line}");
        }
    }
}
