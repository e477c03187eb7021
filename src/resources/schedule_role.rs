//! The role with which a schedule invokes its function, with the one right that this takes as its inline policy.

use aws_sdk_iam::Client;

use crate::cloud::spreading::{self, ABSENT};
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, Doing, documents, wait};
use crate::config::{self, ALIAS, Config};
use crate::resources::role::boundary::Boundary;
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Inputs, Limit, Progress, Resource};
use iam::document::{Condition, Document, Statement};
use iam::parse::Kind;

/// The name of the inline policy.
const POLICY: &str = "Invoke";

pub struct ScheduleRole {
    cloud: Cloud,
    client: Client,
    name: String,
    function_name: String,
    group_name: String,
    boundary: Boundary,
    tags: Tags,
}

/// The role as it is.
#[derive(Debug, Clone)]
pub struct LiveScheduleRole {
    /// The text of the trust policy.
    trust: String,
    /// The text of the inline policy; empty when there is none.
    policy: String,
    boundary: Option<String>,
    tags: Tags,
}

impl ScheduleRole {
    pub fn new(cloud: &Cloud, config: &Config, schedule: &config::Schedule) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            name: schedule.role.clone(),
            function_name: config.function().name.clone(),
            group_name: config.names.api.clone(),
            boundary: Boundary(config.function().boundary().map(str::to_owned)),
            tags: tags::ours_of_region(config, cloud.region()),
        }
    }

    /// Scheduler assumes it for the schedules of this group alone:
    /// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html>
    fn trust(&self) -> Document {
        let identity = self.cloud.known_identity();
        let group = identity.arn("scheduler", &format!("schedule-group/{}", self.group_name));
        let condition = |key: &str, value: String| Condition {
            operator: "StringEquals".to_owned(),
            key: key.to_owned(),
            values: vec![value],
        };
        let mut trust = Document::trust("scheduler.amazonaws.com");
        for statement in &mut trust.statements {
            statement.conditions = vec![
                condition("aws:SourceAccount", identity.account.clone()),
                condition("aws:SourceArn", group.clone()),
            ];
        }
        trust
    }

    fn policy(&self) -> Document {
        let name = format!("function:{}:{ALIAS}", self.function_name);
        let alias = self.cloud.known_identity().arn("lambda", &name);
        Document::new(vec![Statement::allow("Invoke", ["lambda:InvokeFunction"], [alias.as_str()])])
    }

    async fn put_policy(&self, progress: &Progress) -> Result<()> {
        spreading::when_known(progress, || async {
            let call = self.client.put_role_policy().role_name(&self.name).policy_name(POLICY);
            let answer = call.policy_document(self.policy().to_json()).send().await;
            answer.doing(format!("write the policy of role `{}`", self.name)).map(|_| ())
        })
        .await
    }

    async fn find_policy(&self) -> Result<String> {
        let call = self.client.get_role_policy().role_name(&self.name).policy_name(POLICY);
        let answer = call.send().await.doing(format!("read the policy of role `{}`", self.name));
        let answer = answer.absent_if(&ABSENT)?;
        Ok(answer.map(|answer| documents::decode(&answer.policy_document)).unwrap_or_default())
    }

    fn made(&self) -> LiveScheduleRole {
        LiveScheduleRole {
            trust: self.trust().to_json(),
            policy: self.policy().to_json(),
            boundary: self.boundary.0.clone(),
            tags: self.tags.clone(),
        }
    }
}

impl Resource for ScheduleRole {
    type Live = LiveScheduleRole;

    fn kind(&self) -> &'static str {
        "schedule role"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        let calls = Calls::default()
            .reading(&["iam:GetRole", "iam:GetRolePolicy"])
            .making(&["iam:CreateRole", "iam:TagRole", "iam:UpdateAssumeRolePolicy"])
            .making(&["iam:PutRolePolicy"])
            .deleting(&["iam:DeleteRolePolicy", "iam:DeleteRole"]);
        calls.making(self.boundary.calls())
    }

    fn arns(&self) -> Vec<Arn> {
        let name = format!("role/{}", self.name);
        vec![Arn::new("role", self.cloud.known_identity().iam(&name))]
    }

    fn limits(&self) -> Vec<Limit> {
        self.boundary.limits()
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveScheduleRole>> {
        let role = async {
            let answer = self.client.get_role().role_name(&self.name).send().await;
            answer.doing(format!("read role `{}`", self.name)).absent_if(&ABSENT)
        };
        let (role, policy) = tokio::join!(role, self.find_policy());
        let Some(role) = role?.and_then(|answer| answer.role) else { return Ok(None) };
        let trust = documents::decode(role.assume_role_policy_document().unwrap_or_default());
        let boundary = role.permissions_boundary.and_then(|one| one.permissions_boundary_arn);
        let tags = role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
        Ok(Some(LiveScheduleRole { trust, policy: policy?, boundary, tags: tags.collect() }))
    }

    fn is_ours(&self, live: &LiveScheduleRole) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn owner(&self, live: &LiveScheduleRole) -> Option<String> {
        tags::other_stack(&self.tags, &live.tags, &self.name)
    }

    fn diff(&self, _: &Inputs, live: &LiveScheduleRole) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        differences.extend(self.boundary.difference(live.boundary.as_deref()));
        for (what, now, kind, wanted) in [
            ("trust policy", &live.trust, Kind::Trust, self.trust()),
            ("policy", &live.policy, Kind::Identity, self.policy()),
        ] {
            if !documents::says(now, kind, &wanted) {
                let wanted = documents::one_line(&wanted.to_json());
                differences.push(Difference::new(what, documents::one_line(now), wanted));
            }
        }
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveScheduleRole> {
        let made = spreading::when_free(progress, || async {
            let call = self
                .client
                .create_role()
                .role_name(&self.name)
                .set_permissions_boundary(self.boundary.0.clone())
                .assume_role_policy_document(self.trust().to_json())
                .set_tags(Some(tags::for_iam(&self.tags)));
            let answer = call.send().await.doing(format!("create role `{}`", self.name));
            answer.exists_if(&["EntityAlreadyExists"]).map(|_| ())
        });
        made.await?;
        self.put_policy(progress).await?;
        Ok(self.made())
    }

    async fn update(
        &self,
        _: &Inputs,
        live: &LiveScheduleRole,
        progress: &Progress,
    ) -> Result<LiveScheduleRole> {
        if !self.is_ours(live) {
            spreading::when_known(progress, || async {
                let tags = tags::for_iam(&self.tags);
                let call = self.client.tag_role().role_name(&self.name).set_tags(Some(tags));
                call.send().await.doing(format!("tag role `{}`", self.name)).map(|_| ())
            })
            .await?;
        }
        if !documents::says(&live.trust, Kind::Trust, &self.trust()) {
            spreading::when_known(progress, || async {
                let call = self.client.update_assume_role_policy().role_name(&self.name);
                let answer = call.policy_document(self.trust().to_json()).send().await;
                answer.doing(format!("change the trust policy of role `{}`", self.name)).map(|_| ())
            })
            .await?;
        }
        let bound = live.boundary.as_deref();
        let boundary = self.boundary.set(&self.client, &self.name, bound, progress).await?;
        self.put_policy(progress).await?;
        Ok(LiveScheduleRole { boundary, ..self.made() })
    }

    async fn delete(&self, _: &LiveScheduleRole, progress: &Progress) -> Result<()> {
        spreading::when_free(progress, || async {
            let call = self.client.delete_role_policy().role_name(&self.name).policy_name(POLICY);
            let answer = call.send().await;
            let doing = format!("delete the policy of role `{}`", self.name);
            answer.doing(doing).absent_if(&ABSENT).map(|_| ())
        })
        .await?;
        let attached =
            |error: &Error| error.has_code(&["DeleteConflict", "ConcurrentModification"]);
        let what = "nothing is attached to the role";
        wait::while_refused(progress, what, spreading::SETTLING, attached, || async {
            let answer = self.client.delete_role().role_name(&self.name).send().await;
            answer.doing(format!("delete role `{}`", self.name)).absent_if(&ABSENT).map(|_| ())
        })
        .await
    }
}

#[cfg(test)]
mod tests;
