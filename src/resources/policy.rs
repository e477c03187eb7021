//! A customer-managed IAM policy: exactly the actions of our document, in one default version.

use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::PolicyVersion;

use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, Identity, documents, wait};
use crate::config::Config;
use crate::engine::{Difference, Inputs, Progress, Resource};
use crate::error::{Doing, Error, Result};
use crate::iam::document::Document;
use crate::iam::parse::Kind;
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MOST_VERSIONS: usize = 5;
/// Most policies never change, so this version is fetched before we know that it is the default.
const LIKELY_VERSION: &str = "v1";
/// Until IAM has detached everywhere what was detached a moment ago.
const DETACHING: Duration = Duration::from_secs(120);

const ABSENT: [&str; 1] = ["NoSuchEntity"];

pub struct Policy {
    cloud: Cloud,
    client: Client,
    name: String,
    document: Box<dyn Fn(&Identity) -> Document + Send + Sync>,
    tags: Tags,
}

/// The policy as it is.
#[derive(Debug, Clone)]
pub struct LivePolicy {
    pub arn: String,
    pub default_version: String,
    /// The text of the default version.
    pub document: String,
    tags: Tags,
}

impl Policy {
    /// `document` says what the policy shall hold, once the account is known.
    pub fn new(
        cloud: &Cloud,
        config: &Config,
        name: &str,
        document: impl Fn(&Identity) -> Document + Send + Sync + 'static,
    ) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            name: name.to_owned(),
            document: Box::new(document),
            tags: tags::ours(config),
        }
    }

    async fn version(&self, arn: &str, version: &str) -> Result<Option<String>> {
        let answer =
            self.client.get_policy_version().policy_arn(arn).version_id(version).send().await;
        let answer = answer
            .doing(format!("read version {version} of policy `{}`", self.name))
            .absent_if(&ABSENT)?;
        let encoded =
            answer.and_then(|answer| answer.policy_version).and_then(|version| version.document);
        Ok(encoded.map(|text| documents::decode(&text)))
    }

    async fn versions(&self, arn: &str) -> Result<Vec<PolicyVersion>> {
        let mut found = Vec::new();
        let mut marker = None;
        loop {
            let page =
                self.client.list_policy_versions().policy_arn(arn).set_marker(marker).send().await;
            let page = page
                .doing(format!("list the versions of policy `{}`", self.name))
                .absent_if(&ABSENT)?;
            let Some(page) = page else { return Ok(found) };
            found.extend(page.versions.unwrap_or_default());
            marker = page.marker;
            if !page.is_truncated {
                return Ok(found);
            }
        }
    }

    async fn delete_version(&self, arn: &str, version: &PolicyVersion) -> Result<()> {
        let id = version.version_id().unwrap_or_default();
        let answer =
            self.client.delete_policy_version().policy_arn(arn).version_id(id).send().await;
        answer
            .doing(format!("delete version {id} of policy `{}`", self.name))
            .absent_if(&ABSENT)
            .map(|_| ())
    }

    /// A new default version; the oldest other one makes room for it.
    async fn add_version(&self, arn: &str, document: &Document) -> Result<String> {
        let versions = self.versions(arn).await?;
        if versions.len() >= MOST_VERSIONS {
            let others = versions.iter().filter(|version| !version.is_default_version());
            if let Some(oldest) =
                others.min_by_key(|version| version.create_date().map(|date| date.secs()))
            {
                self.delete_version(arn, oldest).await?;
            }
        }
        let call =
            self.client.create_policy_version().policy_arn(arn).policy_document(document.to_json());
        let answer = call
            .set_as_default(true)
            .send()
            .await
            .doing(format!("change policy `{}`", self.name))?;
        Ok(answer.policy_version.and_then(|version| version.version_id).unwrap_or_default())
    }
}

impl Resource for Policy {
    type Live = LivePolicy;

    fn kind(&self) -> &'static str {
        "policy"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn read(&self, _: &Progress) -> Result<Option<LivePolicy>> {
        let arn = self.cloud.identity().await?.iam(&format!("policy/{}", self.name));
        let policy = async {
            let answer = self.client.get_policy().policy_arn(&arn).send().await;
            answer.doing(format!("read policy `{}`", self.name)).absent_if(&ABSENT)
        };
        let (policy, likely) = tokio::try_join!(policy, self.version(&arn, LIKELY_VERSION))?;
        let Some(policy) = policy.and_then(|answer| answer.policy) else {
            return Ok(None);
        };
        let default_version = policy.default_version_id.unwrap_or_default();
        let document = match likely {
            Some(document) if default_version == LIKELY_VERSION => Some(document),
            _ => self.version(&arn, &default_version).await?,
        };
        let tags =
            policy.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
        Ok(Some(LivePolicy { arn, default_version, document: document.unwrap_or_default(), tags }))
    }

    fn is_ours(&self, live: &LivePolicy) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn diff(&self, _: &Inputs, live: &LivePolicy) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        let wanted = (self.document)(self.cloud.known_identity());
        if !documents::says(&live.document, Kind::Identity, &wanted) {
            differences.push(Difference::new(
                "document",
                documents::one_line(&live.document),
                wanted.to_json(),
            ));
        }
        differences
    }

    async fn create(&self, _: &Inputs, _: &Progress) -> Result<LivePolicy> {
        let document = (self.document)(&self.cloud.identity().await?);
        let call =
            self.client.create_policy().policy_name(&self.name).policy_document(document.to_json());
        let answer = call.set_tags(Some(tags::for_iam(&self.tags))).send().await;
        let answer = answer
            .doing(format!("create policy `{}`", self.name))
            .exists_if(&["EntityAlreadyExists"])?;
        let policy = answer.policy;
        let arn = policy.as_ref().and_then(|policy| policy.arn.clone()).unwrap_or_default();
        let default_version =
            policy.and_then(|policy| policy.default_version_id).unwrap_or_default();
        Ok(LivePolicy {
            arn,
            default_version,
            document: document.to_json(),
            tags: self.tags.clone(),
        })
    }

    async fn update(&self, _: &Inputs, live: &LivePolicy, _: &Progress) -> Result<LivePolicy> {
        let document = (self.document)(&self.cloud.identity().await?);
        if !self.is_ours(live) {
            let call = self
                .client
                .tag_policy()
                .policy_arn(&live.arn)
                .set_tags(Some(tags::for_iam(&self.tags)));
            call.send().await.doing(format!("tag policy `{}`", self.name))?;
        }
        let default_version = if documents::says(&live.document, Kind::Identity, &document) {
            live.default_version.clone()
        } else {
            self.add_version(&live.arn, &document).await?
        };
        let arn = live.arn.clone();
        Ok(LivePolicy {
            arn,
            default_version,
            document: document.to_json(),
            tags: self.tags.clone(),
        })
    }

    async fn delete(&self, live: &LivePolicy, progress: &Progress) -> Result<()> {
        for version in
            self.versions(&live.arn).await?.iter().filter(|version| !version.is_default_version())
        {
            self.delete_version(&live.arn, version).await?;
        }
        let attached = |error: &Error| error.has_code(&["DeleteConflict"]);
        wait::while_refused(progress, "nothing uses the policy", DETACHING, attached, || async {
            let answer = self.client.delete_policy().policy_arn(&live.arn).send().await;
            answer.doing(format!("delete policy `{}`", self.name)).absent_if(&ABSENT).map(|_| ())
        })
        .await
    }
}
