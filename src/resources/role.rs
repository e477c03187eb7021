//! The execution role: what Lambda, and nobody else, may assume.

pub mod boundary;
pub mod further;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::Role as Found;

use crate::cloud::Doing;
use crate::cloud::spreading::{self, ABSENT};
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, documents, wait};
use crate::config::Config;
use boundary::Boundary;
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Inputs, Limit, Progress, Resource};
use iam::document::Document;
use iam::parse::Kind;

/// The tag of the role that remembers what others gave it and the user was asked about.
pub(super) const ASKED: &str = "stackctl:asked";

pub struct Role {
    cloud: Cloud,
    client: Client,
    name: String,
    /// `/`, or `/apps/`.
    path: String,
    boundary: Boundary,
    trust: Document,
    tags: Tags,
}

/// The role as it is.
#[derive(Debug, Clone, Default)]
pub struct LiveRole {
    pub arn: String,
    /// When it was made, in seconds since 1970.
    pub made: i64,
    /// The text of the trust policy.
    pub trust: String,
    path: String,
    boundary: Option<String>,
    tags: Tags,
}

impl LiveRole {
    /// Marks of what others gave the role and the user was asked about.
    pub(super) fn asked(&self) -> Vec<&str> {
        let marks = self.tags.get(ASKED).map(String::as_str).unwrap_or_default();
        marks.split(' ').filter(|mark| !mark.is_empty()).collect()
    }
}

#[cfg(test)]
impl LiveRole {
    /// One that remembers what the user was asked about.
    pub(super) fn remembering(marks: &str) -> Self {
        let tags = Tags::from([(ASKED.to_owned(), marks.to_owned())]);
        Self { tags, ..Self::made("arn", 0) }
    }

    /// One of which only the ARN and the age matter.
    pub(super) fn made(arn: &str, made: i64) -> Self {
        Self { arn: arn.to_owned(), made, ..Self::default() }
    }
}

impl Role {
    pub fn new(cloud: &Cloud, config: &Config) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            name: config.function().role.clone(),
            path: config.function().settings.role_path.clone(),
            boundary: Boundary(config.function().boundary().map(str::to_owned)),
            trust: Document::trust("lambda.amazonaws.com"),
            tags: tags::ours_of_region(config, cloud.region()),
        }
    }

    async fn find(&self) -> Result<Option<Found>> {
        let answer = self.client.get_role().role_name(&self.name).send().await;
        let answer = answer.doing(format!("read role `{}`", self.name)).absent_if(&ABSENT)?;
        Ok(answer.and_then(|answer| answer.role))
    }

    /// A role that was made a moment ago may show its id in the place of its ARN.
    async fn arn(&self, found: &Found) -> Result<String> {
        if found.arn.starts_with("arn:") {
            return Ok(found.arn.clone());
        }
        let identity = self.cloud.identity().await?;
        Ok(identity.iam(&format!("role{}{}", found.path, found.role_name)))
    }

    fn limits_differ(&self, live: &LiveRole) -> Vec<Difference> {
        let mut differences = Vec::new();
        if live.path != self.path {
            let difference = Difference::new("path", &live.path, &self.path);
            differences.push(difference.refused(format!(
                "the path of a role cannot change: set `function.role_path = \"{}\"`, or make the stack again with `stackctl teardown --keep-data` and `stackctl up`",
                live.path
            )));
        }
        differences.extend(self.boundary.difference(live.boundary.as_deref()));
        differences
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

    fn calls(&self) -> Calls {
        let calls = Calls::default()
            .reading(&["iam:GetRole"])
            .making(&["iam:CreateRole", "iam:TagRole", "iam:UpdateAssumeRolePolicy"])
            .deleting(&["iam:DeleteRole"]);
        calls.making(self.boundary.calls())
    }

    fn arns(&self) -> Vec<Arn> {
        let arn = |path: &str| {
            let name = format!("role{path}{}", self.name);
            Arn::new("role", self.cloud.known_identity().iam(&name))
        };
        // IAM knows no path of a role that is not there, and judges a look at it by the name.
        let mut both = vec![arn("/"), arn(&self.path)];
        both.dedup();
        both
    }

    fn limits(&self) -> Vec<Limit> {
        self.boundary.limits()
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveRole>> {
        let Some(role) = self.find().await? else {
            return Ok(None);
        };
        let trust = documents::decode(role.assume_role_policy_document().unwrap_or_default());
        let arn = self.arn(&role).await?;
        let boundary = role.permissions_boundary.and_then(|one| one.permissions_boundary_arn);
        let tags = role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
        Ok(Some(LiveRole {
            arn,
            made: role.create_date.secs(),
            trust,
            path: role.path,
            boundary,
            tags: tags.collect(),
        }))
    }

    fn is_ours(&self, live: &LiveRole) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn owner(&self, live: &LiveRole) -> Option<String> {
        tags::other_stack(&self.tags, &live.tags, &self.name)
    }

    fn diff(&self, _: &Inputs, live: &LiveRole) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        differences.extend(self.limits_differ(live));
        if !self.trusts_as_wanted(live) {
            differences.push(Difference::new(
                "trust policy",
                documents::one_line(&live.trust),
                documents::one_line(&self.trust.to_json()),
            ));
        }
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveRole> {
        let answer = spreading::when_free(progress, || async {
            let call = self
                .client
                .create_role()
                .role_name(&self.name)
                .path(&self.path)
                .set_permissions_boundary(self.boundary.0.clone())
                .assume_role_policy_document(self.trust.to_json())
                .set_tags(Some(tags::for_iam(&self.tags)));
            let answer = call.send().await.doing(format!("create role `{}`", self.name));
            answer.exists_if(&["EntityAlreadyExists"])
        })
        .await;
        if answer.exists() {
            wait::until_read(progress, spreading::SPREADING, || self.find()).await?;
        }
        let role = answer?.role;
        Ok(LiveRole {
            arn: role.as_ref().map(|role| role.arn.clone()).unwrap_or_default(),
            made: role.map(|role| role.create_date.secs()).unwrap_or_default(),
            trust: self.trust.to_json(),
            path: self.path.clone(),
            boundary: self.boundary.0.clone(),
            tags: self.tags.clone(),
        })
    }

    async fn update(&self, _: &Inputs, live: &LiveRole, progress: &Progress) -> Result<LiveRole> {
        if !tags::are_set(&self.tags, &live.tags) {
            spreading::when_known(progress, || async {
                let tags = tags::for_iam(&self.tags);
                let call = self.client.tag_role().role_name(&self.name).set_tags(Some(tags));
                call.send().await.doing(format!("tag role `{}`", self.name)).map(|_| ())
            })
            .await?;
        }
        let bound = live.boundary.as_deref();
        let boundary = self.boundary.set(&self.client, &self.name, bound, progress).await?;
        if !self.trusts_as_wanted(live) {
            spreading::when_known(progress, || async {
                let call = self.client.update_assume_role_policy().role_name(&self.name);
                let answer = call.policy_document(self.trust.to_json()).send().await;
                answer.doing(format!("change the trust policy of role `{}`", self.name)).map(|_| ())
            })
            .await?;
        }
        Ok(LiveRole {
            trust: self.trust.to_json(),
            boundary,
            tags: tags::set(&self.tags, &live.tags),
            ..live.clone()
        })
    }

    async fn delete(&self, _: &LiveRole, progress: &Progress) -> Result<()> {
        let what = "nothing is attached to the role";
        let attached =
            |error: &Error| error.has_code(&["DeleteConflict", "ConcurrentModification"]);
        wait::while_refused(progress, what, spreading::SETTLING, attached, || async {
            let answer = self.client.delete_role().role_name(&self.name).send().await;
            answer.doing(format!("delete role `{}`", self.name)).absent_if(&ABSENT).map(|_| ())
        })
        .await
    }
}

#[cfg(test)]
mod tests;
