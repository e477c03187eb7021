//! What the resources of a site share: how its bucket is called, and the mark on what takes no tags.

use std::time::Duration;

use super::tags::Tags;
use super::{Cloud, Identity, Request, send, wait};
use crate::config::{Config, DEFAULT_STAGE};
use engine::Progress;
use engine::error::{Error, Result};
use wire::s3::Bucket;

/// Until what was made a moment ago is seen everywhere.
pub const SPREADING: Duration = Duration::from_mins(1);
/// Until CloudFront lets go of what a deleted distribution used.
pub const LET_GO: Duration = Duration::from_mins(2);

/// Regions without names of an account's own:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html>
const SHARED_NAMES: [&str; 2] = ["me-south-1", "me-central-1"];

/// The bucket of the site that is called `site`. Where the region has them, it has a name that no other account can take.
pub async fn bucket(cloud: &Cloud, site: &str) -> Result<Bucket> {
    let name = bucket_name(&cloud.presumed_identity().await?, site);
    Ok(Bucket::new(&cloud.sdk, &name, cloud.loopback().is_none()))
}

/// The name of that bucket; one that holds wherever the region is not known.
pub fn bucket_name(identity: &Identity, site: &str) -> String {
    let Identity { account, region, .. } = identity;
    let own =
        if [&SHARED_NAMES[..], &["*"]].concat().contains(&region.as_str()) { "" } else { "-an" };
    format!("{site}-{account}-{region}{own}")
}

/// Runs `attempt` until S3 knows the bucket, which may have been made a moment ago.
pub async fn once_known<T, F: Future<Output = Result<T>>>(
    progress: &Progress,
    attempt: impl FnMut() -> F,
) -> Result<T> {
    let unknown = |error: &Error| error.has_code(&["NoSuchBucket", "OperationAborted"]);
    wait::while_refused(progress, "S3 knows the bucket", SPREADING, unknown, attempt).await
}

/// Where CloudFront finds the bucket. The host without a region redirects for hours, and CloudFront keeps that.
pub fn origin(cloud: &Cloud, bucket: &str) -> String {
    format!("{bucket}.s3.{}.amazonaws.com", cloud.region())
}

/// What says whose an origin access control or a function is: neither has tags that can be read everywhere.
pub fn marker(cloud: &Cloud, config: &Config) -> String {
    format!("stackctl {}/{} {}", config.name, config.stage, cloud.region())
}

/// The stack that another marker names.
pub fn owner(marker: &str) -> Option<String> {
    let (of, region) = marker.strip_prefix("stackctl ")?.split_once(' ')?;
    let (stack, stage) = of.split_once('/')?;
    let stage = if stage == DEFAULT_STAGE { String::new() } else { format!(" in stage `{stage}`") };
    Some(format!("`{stack}`{stage} in {region}"))
}

pub fn pairs(tags: &Tags) -> Vec<(String, String)> {
    tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Where viewers reach a distribution: on the local cloud, a port of this machine.
pub async fn url(cloud: &Cloud, id: &str, domain: &str) -> Result<String> {
    let Some(endpoint) = cloud.loopback() else { return Ok(format!("https://{domain}")) };
    let url = format!("{}/_stackctl/sites/{id}", endpoint.trim_end_matches('/'));
    let answer = send(Request { method: "GET", url: &url, ..Request::default() }).await?;
    let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    match told["url"].as_str() {
        Some(url) if answer.status == 200 => Ok(url.to_owned()),
        // Another emulator has no listener of ours.
        _ => Ok(format!("https://{domain}")),
    }
}

/// CloudFront's hosts and the domains of buckets are others in China and in GovCloud.
pub fn check_partition(cloud: &Cloud) -> Result<()> {
    if super::partition(cloud.region()) == "aws" {
        return Ok(());
    }
    Err(Error::usage(format!("`[site]` and `[domain]` are not available in {}", cloud.region()))
        .cause("stackctl knows CloudFront and Route 53 of AWS's commercial regions alone")
        .hint("leave both out of this stage, or choose another region"))
}
