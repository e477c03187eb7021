//! What the role may do: exactly our policies are attached to it, and none is inline. What others gave it goes when the user
//! says so, and is left alone when it comes back: a tag of the role remembers what was asked about.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_iam::Client;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::role::{ASKED, LiveRole};
use super::{Policy, Role};
use crate::cloud::Doing;
use crate::cloud::pages::Pages;
use crate::cloud::spreading::{self, ABSENT};
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud};
use crate::config::Config;
use crate::limits;
use engine::error::Result;
use engine::{Calls, Difference, Handle, Id, Inputs, Limit, Progress, Resource};

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MOST_ATTACHED: usize = 10;
/// Marks of eight digits that fit into a tag of 256 characters.
const MOST_MARKS: usize = 28;

pub struct Attachments {
    client: Client,
    cloud: Cloud,
    role_name: String,
    role: Handle<Role>,
    policies: Vec<Handle<Policy>>,
    /// A policy of AWS's own, by its path and name.
    managed: Option<&'static str>,
    keeps: Arc<AtomicBool>,
}

/// The permissions of the role as they are.
#[derive(Debug, Clone, Default)]
pub struct LiveAttachments {
    /// ARNs of managed policies.
    pub attached: BTreeSet<String>,
    /// Names of inline policies.
    pub inline: BTreeSet<String>,
    /// When this run gave the role rights that may not have spread yet.
    pub widened: Option<Instant>,
}

/// Where all rights of the role come from.
#[derive(Clone)]
pub struct Rights {
    pub policies: Vec<Handle<Policy>>,
    pub attachments: Handle<Attachments>,
    /// Whether what others gave the role stays.
    pub keeps: Arc<AtomicBool>,
}

impl Rights {
    /// All of them.
    pub fn ids(&self) -> impl Iterator<Item = Id> {
        self.policies.iter().map(|policy| policy.id).chain([self.attachments.id])
    }

    /// When this run gave the role rights that may not have spread yet.
    pub fn widened(&self, inputs: &Inputs) -> Option<Instant> {
        let policies = self.policies.iter().filter_map(|policy| inputs.find(*policy)?.widened);
        policies.chain(inputs.find(self.attachments).and_then(|found| found.widened)).max()
    }
}

impl Attachments {
    pub fn new(
        cloud: &Cloud,
        config: &Config,
        role: Handle<Role>,
        policies: Vec<Handle<Policy>>,
        managed: Option<&'static str>,
        keeps: Arc<AtomicBool>,
    ) -> Self {
        let role_name = config.function().role.clone();
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            role_name,
            role,
            policies,
            managed,
            keeps,
        }
    }

    /// What others gave the role, and nobody was asked about yet: ARNs, and names of inline policies.
    fn foreign<'a>(
        &self,
        inputs: &Inputs,
        live: &'a LiveAttachments,
    ) -> (Vec<&'a String>, Vec<&'a String>) {
        let wanted = self.wanted(inputs);
        let asked = inputs.find(self.role).map(LiveRole::asked).unwrap_or_default();
        let is_new = |name: &&String| !asked.contains(&mark(name).as_str());
        let attached = live.attached.iter().filter(|arn| !wanted.contains(*arn));
        (attached.filter(is_new).collect(), live.inline.iter().filter(is_new).collect())
    }

    /// Writes down what was asked about, the newest first, as much as a tag takes.
    async fn remember(
        &self,
        inputs: &Inputs,
        names: &[&String],
        progress: &Progress,
    ) -> Result<()> {
        let before = inputs.find(self.role).map(LiveRole::asked).unwrap_or_default();
        let marks = names.iter().map(|name| mark(name));
        let marks: Vec<String> = marks.chain(before.into_iter().map(str::to_owned)).collect();
        let marks = &marks[..marks.len().min(MOST_MARKS)];
        let tags = Tags::from([(ASKED.to_owned(), marks.join(" "))]);
        spreading::when_known(progress, || async {
            let call = self.client.tag_role().role_name(&self.role_name);
            let answer = call.set_tags(Some(tags::for_iam(&tags))).send().await;
            answer.doing(format!("tag role `{}`", self.role_name)).map(|_| ())
        })
        .await
    }

    /// ARNs of what shall be attached, as far as the policies are there.
    fn wanted(&self, inputs: &Inputs) -> BTreeSet<String> {
        let ours =
            self.policies.iter().filter_map(|policy| Some(inputs.find(*policy)?.arn.clone()));
        ours.chain(self.managed_arn()).collect()
    }

    fn managed_arn(&self) -> Option<String> {
        let partition = &self.cloud.known_identity().partition;
        self.managed.map(|name| format!("arn:{partition}:iam::aws:policy/{name}"))
    }

    async fn attached(&self) -> Result<Option<BTreeSet<String>>> {
        let mut found = BTreeSet::new();
        let mut pages = Pages::default();
        loop {
            let call = self
                .client
                .list_attached_role_policies()
                .role_name(&self.role_name)
                .set_marker(pages.token());
            let doing = format!("list the policies attached to role `{}`", self.role_name);
            let Some(page) = call.send().await.doing(doing).absent_if(&ABSENT)? else {
                return Ok(None);
            };
            found.extend(
                page.attached_policies
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|policy| policy.policy_arn),
            );
            if !pages.turn_if(page.is_truncated, page.marker)? {
                return Ok(Some(found));
            }
        }
    }

    async fn inline(&self) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        let mut pages = Pages::default();
        loop {
            let call = self
                .client
                .list_role_policies()
                .role_name(&self.role_name)
                .set_marker(pages.token());
            let doing = format!("list the inline policies of role `{}`", self.role_name);
            let Some(page) = call.send().await.doing(doing).absent_if(&ABSENT)? else {
                return Ok(found);
            };
            found.extend(page.policy_names);
            if !pages.turn_if(page.is_truncated, page.marker)? {
                return Ok(found);
            }
        }
    }

    async fn attach(&self, arn: &str, progress: &Progress) -> Result<()> {
        spreading::when_known(progress, || async {
            let call = self.client.attach_role_policy().role_name(&self.role_name);
            let answer = call.policy_arn(arn).send().await;
            answer.doing(format!("attach `{arn}` to role `{}`", self.role_name)).map(|_| ())
        })
        .await
    }

    async fn attach_all(&self, arns: &[&String], progress: &Progress) -> Result<()> {
        let [arn, others @ ..] = arns else { return Ok(()) };
        let others = Box::pin(self.attach_all(others, progress));
        tokio::try_join!(self.attach(arn, progress), others).map(|_| ())
    }

    async fn detach(&self, arn: &str, progress: &Progress) -> Result<()> {
        spreading::when_free(progress, || async {
            let call = self.client.detach_role_policy().role_name(&self.role_name);
            let answer = call.policy_arn(arn).send().await;
            let doing = format!("detach `{arn}` from role `{}`", self.role_name);
            answer.doing(doing).absent_if(&ABSENT).map(|_| ())
        })
        .await
    }

    async fn detach_all(&self, arns: &[&String], progress: &Progress) -> Result<()> {
        let [arn, others @ ..] = arns else { return Ok(()) };
        let others = Box::pin(self.detach_all(others, progress));
        tokio::try_join!(self.detach(arn, progress), others).map(|_| ())
    }

    async fn delete_inline(&self, name: &str, progress: &Progress) -> Result<()> {
        spreading::when_free(progress, || async {
            let call = self.client.delete_role_policy().role_name(&self.role_name);
            let answer = call.policy_name(name).send().await;
            let doing = format!("delete the inline policy `{name}` of role `{}`", self.role_name);
            answer.doing(doing).absent_if(&ABSENT).map(|_| ())
        })
        .await
    }
}

impl Resource for Attachments {
    type Live = LiveAttachments;

    fn kind(&self) -> &'static str {
        "permissions"
    }

    fn name(&self) -> String {
        self.role_name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["iam:ListAttachedRolePolicies", "iam:ListRolePolicies"])
            .making(&["iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:DeleteRolePolicy"])
            .making(&["iam:TagRole"])
            .deleting(&["iam:DetachRolePolicy", "iam:DeleteRolePolicy"])
    }

    fn limits(&self) -> Vec<Limit> {
        self.managed_arn().into_iter().map(limits::attaching).collect()
    }

    fn needs(&self) -> Vec<Id> {
        self.policies.iter().map(|policy| policy.id).chain([self.role.id]).collect()
    }

    fn belongs_to(&self) -> Option<Id> {
        Some(self.role.id)
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveAttachments>> {
        let (attached, inline, _) =
            tokio::try_join!(self.attached(), self.inline(), self.cloud.identity())?;
        Ok(attached.map(|attached| LiveAttachments { attached, inline, widened: None }))
    }

    fn diff(&self, inputs: &Inputs, live: &LiveAttachments) -> Vec<Difference> {
        let wanted = self.wanted(inputs);
        let (extra, inline) = self.foreign(inputs, live);
        let missing = wanted
            .difference(&live.attached)
            .map(|arn| Difference::new(arn, "not attached", "attached"));
        let extra =
            extra.into_iter().map(|arn| Difference::new(arn, "attached", "not attached").losing());
        let inline = inline
            .into_iter()
            .map(|name| Difference::new(format!("inline policy {name}"), "there", "none").losing());
        missing.chain(extra).chain(inline).collect()
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveAttachments> {
        self.update(inputs, &LiveAttachments::default(), progress).await
    }

    /// Only attaches, so that the version that is live keeps its rights, unless there is no room.
    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveAttachments,
        progress: &Progress,
    ) -> Result<LiveAttachments> {
        let wanted = self.wanted(inputs);
        let mut now = live.clone();
        let keeps = self.keeps.load(Ordering::Relaxed);
        let extra = if keeps { Vec::new() } else { self.foreign(inputs, live).0 };
        let together = live.attached.union(&wanted).count();
        let makes_room = together.saturating_sub(MOST_ATTACHED).min(extra.len());
        for arn in extra.into_iter().take(makes_room) {
            self.detach(arn, progress).await?;
            now.attached.remove(arn);
        }
        let missing: Vec<&String> = wanted.difference(&live.attached).collect();
        self.attach_all(&missing, progress).await?;
        if !missing.is_empty() {
            now.widened = Some(Instant::now());
        }
        now.attached.extend(missing.into_iter().cloned());
        Ok(now)
    }

    async fn finish(
        &self,
        inputs: &Inputs,
        live: &LiveAttachments,
        progress: &Progress,
    ) -> Result<()> {
        let (attached, inline) = self.foreign(inputs, live);
        let both = [attached.clone(), inline.clone()].concat();
        if both.is_empty() {
            return Ok(());
        }
        if !self.keeps.load(Ordering::Relaxed) {
            for arn in attached {
                self.detach(arn, progress).await?;
            }
            for name in inline {
                self.delete_inline(name, progress).await?;
            }
        }
        self.remember(inputs, &both, progress).await
    }

    async fn delete(&self, live: &LiveAttachments, progress: &Progress) -> Result<()> {
        let attached: Vec<&String> = live.attached.iter().collect();
        self.detach_all(&attached, progress).await?;
        for name in &live.inline {
            self.delete_inline(name, progress).await?;
        }
        Ok(())
    }
}

/// What a name is remembered by: eight digits, so that a tag takes many.
fn mark(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().take(4).fold(String::new(), |told, byte| format!("{told}{byte:02x}"))
}

#[cfg(test)]
mod tests;
