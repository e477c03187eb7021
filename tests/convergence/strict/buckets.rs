//! What S3 refuses: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html>, and that a bucket is not known everywhere
//! at once: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel>

use std::collections::HashMap;

use serde_json::Value;

use super::LOOKS;
use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};
use crate::xml::{each, to_json};

/// The objects that one call deletes.
const BATCH: usize = 1000;
/// The bytes of a key.
const KEY: usize = 1024;

pub struct Buckets;

impl Layer for Buckets {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        name(call).or_else(|| policy(call)).or_else(|| deletion(call)).or_else(|| key(call))
    }
}

fn name(call: &Incoming) -> Option<Answer> {
    if !call.is(&["s3:CreateBucket"]) {
        return None;
    }
    let (name, own) = (call.part(0), call.request.header("x-amz-bucket-namespace"));
    let is_own = name.ends_with("-123456789012-us-east-1-an");
    if is_own != (own == "account-regional") {
        let text = "The bucket namespace does not go with the name of the bucket.";
        return call.refused(400, "InvalidNamespaceHeader", text);
    }
    if name.len() > 63 {
        return call.refused(400, "InvalidBucketName", "The specified bucket is not valid.");
    }
    None
}

fn policy(call: &Incoming) -> Option<Answer> {
    if !call.is(&["s3:PutBucketPolicy"]) {
        return None;
    }
    let policy: Value = serde_json::from_slice(&call.request.body).unwrap_or_default();
    let statements: Vec<Value> = each(&policy["Statement"]).cloned().collect();
    let arn = format!("arn:aws:s3:::{}", call.part(0));
    let resources = statements.iter().flat_map(|one| each(&one["Resource"]));
    let mut resources = resources.map(|one| one.as_str().unwrap_or_default());
    let of_bucket = |one: &str| one == arn || one.starts_with(&format!("{arn}/"));
    if statements.is_empty() || !resources.all(of_bucket) {
        return call.refused(400, "MalformedPolicy", "Policy has invalid resource");
    }
    None
}

fn deletion(call: &Incoming) -> Option<Answer> {
    if !call.is(&["s3:DeleteObjects"]) {
        return None;
    }
    let request = call.request;
    if request.header("content-md5").is_empty() && request.header("x-amz-checksum-crc32").is_empty()
    {
        let text = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";
        return call.refused(400, "InvalidRequest", text);
    }
    let document = to_json(&String::from_utf8_lossy(&request.body));
    if each(&document["Delete"]["Object"]).count() <= BATCH {
        return None;
    }
    call.refused(400, "MalformedXML", "The XML you provided was not well-formed.")
}

fn key(call: &Incoming) -> Option<Answer> {
    let path = crate::proxy::operation::segments(call.request);
    if call.is(&["s3:PutObject"]) && path[1..].join("/").len() > KEY {
        return call.refused(400, "KeyTooLongError", "Your key is too long");
    }
    None
}

/// New buckets, and how often each operation on them is still refused.
#[derive(Default)]
pub struct Unknown(HashMap<(String, String), u32>);

const UNKNOWN: [&str; 5] = [
    "s3:GetBucketTagging",
    "s3:PutBucketTagging",
    "s3:PutPublicAccessBlock",
    "s3:PutBucketPolicy",
    "s3:PutObject",
];

impl Layer for Unknown {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let left = self.0.get_mut(&(call.part(0), call.operation?.to_string()))?;
        *left = left.checked_sub(1)?;
        call.refused(404, "NoSuchBucket", "The specified bucket does not exist")
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        if call.is(&["s3:CreateBucket"]) && answer.is_success() {
            for operation in UNKNOWN {
                self.0.insert((call.part(0), operation.to_owned()), LOOKS);
            }
        }
    }
}
