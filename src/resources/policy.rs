//! A customer-managed IAM policy: exactly the actions of our document, in one default version.

use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{Policy as Found, PolicyVersion};
use tokio::time::Instant;

use crate::cloud::Doing;
use crate::cloud::pages::Pages;
use crate::cloud::spreading::{self, ABSENT};
use crate::cloud::tags::{self, Tags};
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud, Identity, documents};
use crate::config::Config;
use crate::limits;
use engine::error::{Error, Kind as Failure, Result};
use engine::{Arn, Calls, Difference, Inputs, Limit, Progress, Resource};
use iam::document::Document;
use iam::parse::Kind;

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MOST_VERSIONS: usize = 5;
/// Most policies never change, so this version is fetched before we know that it is the default.
const LIKELY_VERSION: &str = "v1";
/// Until a version is known everywhere; made the default before that, it would leave a gap without any right.
const SPREADING: Duration = Duration::from_secs(5);
/// Until a policy that exists already can be read.
const APPEARING: Duration = Duration::from_secs(30);

pub struct Policy {
    cloud: Cloud,
    client: Client,
    name: String,
    /// The one role that the policy is for.
    role_name: String,
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
    /// When this run gave the policy rights that may not have spread yet.
    pub widened: Option<Instant>,
    tags: Tags,
}

#[cfg(test)]
impl LivePolicy {
    /// One of which only the ARN matters.
    pub(super) fn at(arn: &str) -> Self {
        Self {
            arn: arn.to_owned(),
            default_version: "v1".to_owned(),
            document: String::new(),
            widened: None,
            tags: Tags::new(),
        }
    }
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
            role_name: config.function().role.clone(),
            document: Box::new(document),
            tags: tags::ours_of_region(config, cloud.region()),
        }
    }

    fn arn(&self, identity: &Identity) -> String {
        identity.iam(&format!("policy/{}", self.name))
    }

    async fn find(&self, arn: &str) -> Result<Option<Found>> {
        let answer = self.client.get_policy().policy_arn(arn).send().await;
        let answer = answer.doing(format!("read policy `{}`", self.name)).absent_if(&ABSENT)?;
        Ok(answer.and_then(|answer| answer.policy))
    }

    /// The text of one version.
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

    /// All versions but the default one, the oldest first.
    async fn other_versions(&self, arn: &str) -> Result<Vec<PolicyVersion>> {
        let mut found = Vec::new();
        let mut pages = Pages::default();
        loop {
            let page = self
                .client
                .list_policy_versions()
                .policy_arn(arn)
                .set_marker(pages.token())
                .send()
                .await;
            let page = page
                .doing(format!("list the versions of policy `{}`", self.name))
                .absent_if(&ABSENT)?;
            let Some(page) = page else { break };
            found.extend(page.versions.unwrap_or_default());
            if !pages.turn_if(page.is_truncated, page.marker)? {
                break;
            }
        }
        found.retain(|version| !version.is_default_version());
        found.sort_by_key(|version| {
            version.create_date().map(|date| (date.secs(), date.subsec_nanos()))
        });
        Ok(found)
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

    /// A new version; the oldest one that is not the default makes room for it.
    async fn add_version(&self, arn: &str, text: &str, is_default: bool) -> Result<String> {
        let others = self.other_versions(arn).await?;
        if let Some(oldest) = others.first().filter(|_| others.len() + 1 >= MOST_VERSIONS) {
            self.delete_version(arn, oldest).await?;
        }
        let call = self.client.create_policy_version().policy_arn(arn).policy_document(text);
        let answer = call.set_as_default(is_default).send().await;
        let answer = answer.doing(format!("add a version to policy `{}`", self.name))?;
        Ok(answer.policy_version.and_then(|version| version.version_id).unwrap_or_default())
    }

    /// Makes `text` the default version and returns its id.
    async fn change(&self, arn: &str, text: &str, progress: &Progress) -> Result<String> {
        // Nothing has to spread on a local cloud, and MiniStack cannot switch versions.
        let at_once = self.cloud.loopback().is_some();
        let passes = |error: &Error| {
            error.has_code(&["NoSuchEntity", "ConcurrentModification", "DeleteConflict"])
                || (error.has_code(&["LimitExceeded"]) && error.says("versions"))
        };
        let what = "IAM accepts a new version of the policy";
        let version = wait::while_refused(progress, what, spreading::SPREADING, passes, || {
            self.add_version(arn, text, at_once)
        })
        .await?;
        if !at_once {
            wait::pause(progress, "the new version is known everywhere", SPREADING).await;
            spreading::when_known(progress, || async {
                let call = self.client.set_default_policy_version().policy_arn(arn);
                let answer = call.version_id(&version).send().await;
                let doing = format!("make {version} the default of policy `{}`", self.name);
                answer.doing(doing).map(|_| ())
            })
            .await?;
        }
        Ok(version)
    }

    /// Who has the policy, besides our own role: `user x`, `group y`, `role z`.
    async fn others_who_have(&self, arn: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut pages = Pages::default();
        loop {
            let call =
                self.client.list_entities_for_policy().policy_arn(arn).set_marker(pages.token());
            let page = call.send().await.doing(format!("list who has policy `{}`", self.name));
            // Who may delete the policy need not be let to ask this, which is only for a better hint.
            let Some(page) = page.absent_if(&["AccessDenied"])? else { return Ok(found) };
            let users = page.policy_users().iter().filter_map(|user| user.user_name());
            found.extend(users.map(|name| format!("user {name}")));
            let groups = page.policy_groups().iter().filter_map(|group| group.group_name());
            found.extend(groups.map(|name| format!("group {name}")));
            let roles = page.policy_roles().iter().filter_map(|role| role.role_name());
            found.extend(
                roles.filter(|name| *name != self.role_name).map(|name| format!("role {name}")),
            );
            if !pages.turn_if(page.is_truncated, page.marker)? {
                return Ok(found);
            }
        }
    }

    /// What is said to exist and cannot be read has a name in other letters: another stack's, or another tool's.
    fn other_letters(&self, waited: Error) -> Error {
        if waited.code.is_some() || waited.kind == Failure::Interrupted {
            return waited;
        }
        Error::failed(format!("create policy `{}`", self.name))
            .cause("IAM has a policy whose name differs in capitals alone, which is the same name to it")
            .hint("choose another `name`")
    }

    /// Deletes the policy, or says why IAM keeps it for now: it is in use, or has other versions than its default.
    async fn delete_once(&self, arn: &str) -> Result<Option<Error>> {
        let answer = self.client.delete_policy().policy_arn(arn).send().await;
        match answer.doing(format!("delete policy `{}`", self.name)).absent_if(&ABSENT) {
            Err(error) if error.has_code(&["DeleteConflict", "ConcurrentModification"]) => {
                Ok(Some(error))
            }
            ended => ended.map(|_| None),
        }
    }

    /// Deletes the policy with all its versions, unless it is in use.
    async fn try_to_delete(&self, arn: &str) -> Result<Poll<()>> {
        let Some(refused) = self.delete_once(arn).await? else {
            return Ok(Poll::Ready(()));
        };
        let old = self.other_versions(arn).await?;
        for version in &old {
            self.delete_version(arn, version).await?;
        }
        if !old.is_empty() && self.delete_once(arn).await?.is_none() {
            return Ok(Poll::Ready(()));
        }
        let others = self.others_who_have(arn).await?;
        if others.is_empty() {
            return Ok(Poll::Pending(refused.cause.unwrap_or_default()));
        }
        Err(refused.hint(format!("detach it first from {}", others.join(", "))))
    }
}

fn is_default(policy: &Found, version: &str) -> bool {
    policy.default_version_id() == Some(version)
}

fn live(arn: String, policy: Found, document: String) -> LivePolicy {
    let tags = policy.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
    LivePolicy {
        tags: tags.collect(),
        arn,
        default_version: policy.default_version_id.unwrap_or_default(),
        document,
        widened: None,
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

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["iam:GetPolicy", "iam:GetPolicyVersion"])
            .making(&["iam:CreatePolicy", "iam:TagPolicy", "iam:CreatePolicyVersion"])
            .making(&["iam:SetDefaultPolicyVersion"])
            .making(&["iam:ListPolicyVersions", "iam:DeletePolicyVersion"])
            .deleting(&["iam:ListPolicyVersions", "iam:DeletePolicyVersion"])
            .deleting(&["iam:DeletePolicy", "iam:ListEntitiesForPolicy"])
    }

    fn arns(&self) -> Vec<Arn> {
        let identity = self.cloud.known_identity();
        vec![Arn::new("policy", self.arn(identity))]
    }

    fn limits(&self) -> Vec<Limit> {
        vec![limits::attaching(self.arn(self.cloud.known_identity()))]
    }

    async fn read(&self, progress: &Progress) -> Result<Option<LivePolicy>> {
        let arn = self.arn(&self.cloud.presumed_identity().await?);
        let (policy, likely) =
            tokio::try_join!(self.find(&arn), self.version(&arn, LIKELY_VERSION))?;
        let Some(policy) = policy else {
            return Ok(None);
        };
        if let Some(document) = likely.filter(|_| is_default(&policy, LIKELY_VERSION)) {
            return Ok(Some(live(arn, policy, document)));
        }
        // A policy and its version are seen apart: one that was deleted a moment ago may show without it.
        let mut known = Some(policy);
        wait::until(progress, "AWS shows what is there", spreading::SPREADING, || {
            let (known, arn) = (known.take(), arn.clone());
            async move {
                let policy = match known {
                    Some(policy) => policy,
                    None => match self.find(&arn).await? {
                        Some(policy) => policy,
                        None => return Ok(Poll::Ready(None)),
                    },
                };
                let version = policy.default_version_id().unwrap_or_default().to_owned();
                let document = self.version(&arn, &version).await?;
                let absent = || Poll::Pending("absent".into());
                Ok(document.map_or_else(absent, |text| Poll::Ready(Some(live(arn, policy, text)))))
            }
        })
        .await
    }

    fn is_ours(&self, live: &LivePolicy) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn owner(&self, live: &LivePolicy) -> Option<String> {
        tags::other_stack(&self.tags, &live.tags, &self.name)
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

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LivePolicy> {
        let identity = self.cloud.identity().await?;
        let document = (self.document)(&identity).to_json();
        let answer = spreading::when_free(progress, || async {
            let call =
                self.client.create_policy().policy_name(&self.name).policy_document(&document);
            let answer = call.set_tags(Some(tags::for_iam(&self.tags))).send().await;
            answer
                .doing(format!("create policy `{}`", self.name))
                .exists_if(&["EntityAlreadyExists"])
        })
        .await;
        if answer.exists() {
            let arn = self.arn(&identity);
            let found = wait::until_read(progress, APPEARING, || self.find(&arn)).await;
            found.map_err(|error| self.other_letters(error))?;
        }
        let policy = answer?.policy;
        let arn = policy.as_ref().and_then(|policy| policy.arn.clone()).unwrap_or_default();
        let default_version = policy.and_then(|policy| policy.default_version_id);
        Ok(LivePolicy {
            arn,
            default_version: default_version.unwrap_or_default(),
            document,
            widened: None,
            tags: self.tags.clone(),
        })
    }

    /// Only adds: the version that is live keeps its rights until the new one has proved itself.
    async fn update(
        &self,
        _: &Inputs,
        live: &LivePolicy,
        progress: &Progress,
    ) -> Result<LivePolicy> {
        let wanted = (self.document)(&self.cloud.identity().await?);
        if !tags::are_set(&self.tags, &live.tags) {
            spreading::when_known(progress, || async {
                let tags = tags::for_iam(&self.tags);
                let call = self.client.tag_policy().policy_arn(&live.arn).set_tags(Some(tags));
                call.send().await.doing(format!("tag policy `{}`", self.name)).map(|_| ())
            })
            .await?;
        }
        let mut changed = LivePolicy { tags: self.tags.clone(), ..live.clone() };
        let right = documents::says(&live.document, Kind::Identity, &wanted);
        let meanwhile = documents::meanwhile(&live.document, &wanted);
        if let Some(document) = meanwhile.filter(|_| !right) {
            changed.document = document.to_json();
            changed.default_version = self.change(&live.arn, &changed.document, progress).await?;
            changed.widened = Some(Instant::now());
        }
        Ok(changed)
    }

    async fn finish(&self, _: &Inputs, live: &LivePolicy, progress: &Progress) -> Result<()> {
        let wanted = (self.document)(&self.cloud.identity().await?);
        if documents::says(&live.document, Kind::Identity, &wanted) {
            return Ok(());
        }
        self.change(&live.arn, &wanted.to_json(), progress).await.map(|_| ())
    }

    async fn delete(&self, live: &LivePolicy, progress: &Progress) -> Result<()> {
        wait::until(progress, "nothing uses the policy", spreading::SETTLING, || {
            self.try_to_delete(&live.arn)
        })
        .await
    }
}

#[cfg(test)]
mod tests;
