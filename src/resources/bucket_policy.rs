//! The policy of a site's bucket: the one distribution may read what is served, and nobody else anything.

use serde_json::{Value, json};

use super::{Distribution, SiteBucket};
use crate::cloud::{Answer, Cloud, Doing, sites};
use crate::config::Site;
use crate::site::SERVED;
use engine::error::{Error, Result};
use engine::{Calls, Difference, Handle, Id, Inputs, Progress, Resource};

const ABSENT: [&str; 2] = ["NoSuchBucketPolicy", "NoSuchBucket"];

pub struct BucketPolicy {
    cloud: Cloud,
    site: String,
    bucket: Handle<SiteBucket>,
    distribution: Handle<Distribution>,
}

impl BucketPolicy {
    pub fn new(
        cloud: &Cloud,
        site: &Site,
        bucket: Handle<SiteBucket>,
        distribution: Handle<Distribution>,
    ) -> Self {
        Self { cloud: cloud.clone(), site: site.name.clone(), bucket, distribution }
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} the policy of bucket `{}`", self.site)
    }

    async fn find(&self) -> Result<Option<Value>> {
        let s3 = sites::bucket(&self.cloud, &self.site).await?;
        let found = s3.get_bucket_policy().await.doing(self.doing("read")).absent_if(&ABSENT)?;
        Ok(found.map(|text| serde_json::from_str(&text).unwrap_or_default()))
    }

    /// With the right to list, S3 says 404 of what is missing; without it, 403.
    fn wanted(&self, bucket: &str, distribution: &str) -> Value {
        let arn = format!("arn:aws:s3:::{bucket}");
        let only = json!({"StringEquals": {"AWS:SourceArn": distribution}});
        let allow = |sid: &str, action: &str, resource: &str| {
            json!({
                "Sid": sid,
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": format!("s3:{action}"),
                "Resource": resource,
                "Condition": only,
            })
        };
        let mut statements = vec![
            allow("stackctl-cloudfront", "GetObject", &format!("{arn}/{SERVED}*")),
            allow("stackctl-cloudfront-404", "ListBucket", &arn),
        ];
        // The local cloud speaks plain HTTP.
        if self.cloud.loopback().is_none() {
            statements.push(json!({
                "Sid": "stackctl-tls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, format!("{arn}/*")],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }));
        }
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    fn of(&self, inputs: &Inputs) -> Option<Value> {
        let (bucket, distribution) = (inputs.find(self.bucket)?, inputs.find(self.distribution)?);
        Some(self.wanted(&bucket.name, &distribution.arn))
    }

    async fn put(&self, inputs: &Inputs, progress: &Progress) -> Result<Value> {
        let wanted = self.of(inputs).ok_or_else(|| Error::failed(self.doing("write")))?;
        let s3 = sites::bucket(&self.cloud, &self.site).await?;
        sites::once_known(progress, || async {
            s3.put_bucket_policy(wanted.to_string()).await.doing(self.doing("write"))
        })
        .await?;
        Ok(wanted)
    }
}

/// Lists of one are the one, and the order of others says nothing.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(items) if items.len() == 1 => plain(&items[0]),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(plain).collect();
            items.sort_by_key(Value::to_string);
            items.into()
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                // Keys of conditions have no case.
                let name = if name.contains(':') { name.to_lowercase() } else { name.clone() };
                (name, plain(value))
            });
            Value::Object(members.collect())
        }
        Value::Bool(flag) => flag.to_string().into(),
        other => other.clone(),
    }
}

impl Resource for BucketPolicy {
    type Live = Value;

    fn kind(&self) -> &'static str {
        "bucket policy"
    }

    fn name(&self) -> String {
        self.site.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default().reading(&["s3:GetBucketPolicy"]).making(&["s3:PutBucketPolicy"])
    }

    fn needs(&self) -> Vec<Id> {
        vec![self.bucket.id, self.distribution.id]
    }

    fn contained_in(&self) -> Option<Id> {
        Some(self.bucket.id)
    }

    async fn read(&self, _: &Progress) -> Result<Option<Value>> {
        self.find().await
    }

    fn diff(&self, inputs: &Inputs, live: &Value) -> Vec<Difference> {
        let wanted = self.of(inputs);
        let same = wanted.is_some_and(|wanted| plain(&wanted) == plain(live));
        let difference = || Difference::new("policy", "another one", "the one distribution alone");
        if same { Vec::new() } else { vec![difference()] }
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<Value> {
        self.put(inputs, progress).await
    }

    async fn update(&self, inputs: &Inputs, _: &Value, progress: &Progress) -> Result<Value> {
        self.put(inputs, progress).await
    }

    async fn delete(&self, _: &Value, _: &Progress) -> Result<()> {
        Ok(())
    }
}
