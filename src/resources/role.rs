//! The execution role: what Lambda, and nobody else, may assume.

use std::time::Duration;

use aws_sdk_iam::Client;

use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, documents, wait};
use crate::config::Config;
use crate::engine::{Difference, Inputs, Progress, Resource};
use crate::error::{Doing, Error, Result};
use crate::iam::document::Document;
use crate::iam::parse::Kind;

/// Until IAM has detached everywhere what was detached a moment ago.
const DETACHING: Duration = Duration::from_secs(120);
/// Parallel writes to one role refuse each other for a while.
const SETTLING: Duration = Duration::from_secs(120);

const ABSENT: [&str; 1] = ["NoSuchEntity"];

pub struct Role {
    client: Client,
    name: String,
    trust: Document,
    tags: Tags,
}

/// The role as it is.
#[derive(Debug, Clone)]
pub struct LiveRole {
    pub arn: String,
    /// The text of the trust policy.
    pub trust: String,
    tags: Tags,
}

impl Role {
    pub fn new(cloud: &Cloud, config: &Config) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            name: config.names.role.clone(),
            trust: Document::trust("lambda.amazonaws.com"),
            tags: tags::ours(config),
        }
    }

    fn trusts_as_wanted(&self, live: &LiveRole) -> bool {
        documents::says(&live.trust, Kind::Trust, &self.trust)
    }
}

impl Resource for Role {
    type Live = LiveRole;

    fn kind(&self) -> &'static str {
        "role"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveRole>> {
        let answer = self.client.get_role().role_name(&self.name).send().await;
        let answer = answer.doing(format!("read role `{}`", self.name)).absent_if(&ABSENT)?;
        Ok(answer.and_then(|answer| answer.role).map(|role| LiveRole {
            trust: documents::decode(role.assume_role_policy_document().unwrap_or_default()),
            arn: role.arn,
            tags: role
                .tags
                .unwrap_or_default()
                .into_iter()
                .map(|tag| (tag.key, tag.value))
                .collect(),
        }))
    }

    fn is_ours(&self, live: &LiveRole) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn diff(&self, _: &Inputs, live: &LiveRole) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        if !self.trusts_as_wanted(live) {
            differences.push(Difference::new(
                "trust policy",
                documents::one_line(&live.trust),
                self.trust.to_json(),
            ));
        }
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveRole> {
        let passes = |error: &Error| error.has_code(&["ConcurrentModification"]);
        let answer =
            wait::while_refused(progress, "IAM takes the role", SETTLING, passes, || async {
                let call = self
                    .client
                    .create_role()
                    .role_name(&self.name)
                    .assume_role_policy_document(self.trust.to_json());
                let call =
                    call.description("Execution role of a Lambda function, made by stackctl");
                let answer = call.set_tags(Some(tags::for_iam(&self.tags))).send().await;
                answer
                    .doing(format!("create role `{}`", self.name))
                    .exists_if(&["EntityAlreadyExists"])
            });
        let arn = answer.await?.role.map(|role| role.arn).unwrap_or_default();
        Ok(LiveRole { arn, trust: self.trust.to_json(), tags: self.tags.clone() })
    }

    async fn update(&self, _: &Inputs, live: &LiveRole, _: &Progress) -> Result<LiveRole> {
        if !self.is_ours(live) {
            let call = self
                .client
                .tag_role()
                .role_name(&self.name)
                .set_tags(Some(tags::for_iam(&self.tags)));
            call.send().await.doing(format!("tag role `{}`", self.name))?;
        }
        if !self.trusts_as_wanted(live) {
            let call = self.client.update_assume_role_policy().role_name(&self.name);
            let answer = call.policy_document(self.trust.to_json()).send().await;
            answer.doing(format!("change the trust policy of role `{}`", self.name))?;
        }
        Ok(LiveRole { arn: live.arn.clone(), trust: self.trust.to_json(), tags: self.tags.clone() })
    }

    async fn delete(&self, _: &LiveRole, progress: &Progress) -> Result<()> {
        let attached =
            |error: &Error| error.has_code(&["DeleteConflict", "ConcurrentModification"]);
        wait::while_refused(
            progress,
            "nothing is attached to the role",
            DETACHING,
            attached,
            || async {
                let answer = self.client.delete_role().role_name(&self.name).send().await;
                answer.doing(format!("delete role `{}`", self.name)).absent_if(&ABSENT).map(|_| ())
            },
        )
        .await
    }
}
