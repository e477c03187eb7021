//! What the frontend of a stack takes: the actions of S3 and CloudFront.

use super::On;

/// Operations of S3 whose action is called otherwise, or which take more than one:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
const S3: [(&str, &[&str]); 11] = [
    (
        "CreateBucket",
        &["CreateBucket", "PutBucketOwnershipControls", "PutBucketTagging", "TagResource"],
    ),
    ("GetPublicAccessBlock", &["GetBucketPublicAccessBlock"]),
    ("PutPublicAccessBlock", &["PutBucketPublicAccessBlock"]),
    ("ListObjectsV2", &["ListBucket"]),
    ("ListObjectVersions", &["ListBucketVersions"]),
    ("ListMultipartUploads", &["ListBucketMultipartUploads"]),
    ("HeadObject", &["GetObject"]),
    ("GetObject", &["GetObject"]),
    ("CopyObject", &["GetObject", "PutObject"]),
    ("DeleteObjects", &["DeleteObject", "DeleteObjectVersion"]),
    ("AbortMultipartUpload", &["AbortMultipartUpload"]),
];

/// What a site takes. AWS knows no action of the name `CreateDistributionWithTags`.
pub(super) fn needs(service: &str, name: &str) -> Vec<(String, On)> {
    let known = S3.iter().find(|(operation, _)| service == "s3" && *operation == name);
    let actions = match (name, known) {
        ("CreateDistributionWithTags", _) => vec!["CreateDistribution", "TagResource"],
        (_, Some((_, actions))) => actions.to_vec(),
        _ => vec![name],
    };
    let on = |action: &str| match (service, action) {
        ("s3", _) if action.contains("Object") || action == "AbortMultipartUpload" => On::Objects,
        ("s3", _) => On::Bucket,
        _ if action.starts_with("List") && action != "ListTagsForResource" => On::Everything,
        (_, "CreateOriginAccessControl" | "CreateFunction") => On::Everything,
        _ if action.contains("OriginAccess") => On::OriginAccess,
        _ if action.contains("Function") => On::EdgeFunction,
        _ => On::Distribution,
    };
    actions.into_iter().map(|action| (format!("{service}:{action}"), on(action))).collect()
}
