//! What the role may do: exactly our policies are attached to it, and none is inline.

use std::collections::BTreeSet;

use aws_sdk_iam::Client;

use super::{Policy, Role};
use crate::cloud::Doing;
use crate::cloud::spreading::{self, ABSENT};
use crate::cloud::{Answer, Cloud};
use crate::config::Config;
use engine::error::Result;
use engine::{Calls, Difference, Handle, Id, Inputs, Progress, Resource};

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MOST_ATTACHED: usize = 10;

pub struct Attachments {
    client: Client,
    cloud: Cloud,
    role_name: String,
    role: Handle<Role>,
    policies: Vec<Handle<Policy>>,
    /// A policy of AWS's own, by its path and name.
    managed: Option<&'static str>,
}

/// The permissions of the role as they are.
#[derive(Debug, Clone, Default)]
pub struct LiveAttachments {
    /// ARNs of managed policies.
    pub attached: BTreeSet<String>,
    /// Names of inline policies.
    pub inline: BTreeSet<String>,
}

impl Attachments {
    pub fn new(
        cloud: &Cloud,
        config: &Config,
        role: Handle<Role>,
        policies: Vec<Handle<Policy>>,
        managed: Option<&'static str>,
    ) -> Self {
        let role_name = config.names.role.clone();
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            role_name,
            role,
            policies,
            managed,
        }
    }

    /// ARNs of what shall be attached, as far as the policies are there.
    fn wanted(&self, inputs: &Inputs) -> BTreeSet<String> {
        let ours =
            self.policies.iter().filter_map(|policy| Some(inputs.find(*policy)?.arn.clone()));
        let partition = &self.cloud.known_identity().partition;
        ours.chain(self.managed.map(|name| format!("arn:{partition}:iam::aws:policy/{name}")))
            .collect()
    }

    async fn attached(&self) -> Result<Option<BTreeSet<String>>> {
        let mut found = BTreeSet::new();
        let mut marker = None;
        loop {
            let call = self
                .client
                .list_attached_role_policies()
                .role_name(&self.role_name)
                .set_marker(marker);
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
            marker = page.marker;
            if !page.is_truncated {
                return Ok(Some(found));
            }
        }
    }

    async fn inline(&self) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        let mut marker = None;
        loop {
            let call =
                self.client.list_role_policies().role_name(&self.role_name).set_marker(marker);
            let doing = format!("list the inline policies of role `{}`", self.role_name);
            let Some(page) = call.send().await.doing(doing).absent_if(&ABSENT)? else {
                return Ok(found);
            };
            found.extend(page.policy_names);
            marker = page.marker;
            if !page.is_truncated {
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
            .deleting(&["iam:DetachRolePolicy", "iam:DeleteRolePolicy"])
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
        Ok(attached.map(|attached| LiveAttachments { attached, inline }))
    }

    fn diff(&self, inputs: &Inputs, live: &LiveAttachments) -> Vec<Difference> {
        let wanted = self.wanted(inputs);
        let missing = wanted
            .difference(&live.attached)
            .map(|arn| Difference::new(arn, "not attached", "attached"));
        let extra = live
            .attached
            .difference(&wanted)
            .map(|arn| Difference::new(arn, "attached", "not attached"));
        let inline = live
            .inline
            .iter()
            .map(|name| Difference::new(format!("inline policy {name}"), "there", "none"));
        missing.chain(extra).chain(inline).collect()
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveAttachments> {
        self.update(inputs, &LiveAttachments::default(), progress).await
    }

    /// Attaches before it detaches, so that no right is ever missing in between, unless there is no room.
    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveAttachments,
        progress: &Progress,
    ) -> Result<LiveAttachments> {
        let wanted = self.wanted(inputs);
        let mut extra: Vec<&String> = live.attached.difference(&wanted).collect();
        let together = live.attached.union(&wanted).count();
        let makes_room = together.saturating_sub(MOST_ATTACHED).min(extra.len());
        for arn in extra.drain(..makes_room) {
            self.detach(arn, progress).await?;
        }
        for arn in wanted.difference(&live.attached) {
            self.attach(arn, progress).await?;
        }
        for arn in extra {
            self.detach(arn, progress).await?;
        }
        for name in &live.inline {
            self.delete_inline(name, progress).await?;
        }
        Ok(LiveAttachments { attached: wanted, inline: BTreeSet::new() })
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

#[cfg(test)]
mod tests;
