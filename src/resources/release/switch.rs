//! Moves the alias from one version to another, unless somebody else has moved it meanwhile.

use aws_sdk_lambda::types::AliasRoutingConfiguration;

use super::{LiveRelease, Release};
use crate::cloud::Doing;
use crate::config::ALIAS;
use crate::resources::commits::Commits;
use engine::error::Result;

impl Release {
    /// Points `live` back at the version before this run, unless somebody else has moved it since.
    pub async fn switch_back(&self, from: &LiveRelease) -> Result<()> {
        match &from.before {
            Some(before) => self.switch(from, before).await,
            None => Ok(()),
        }
    }

    /// Moves `live` to another version in one write, unless somebody else has moved it since `from` was read.
    pub async fn switch(&self, from: &LiveRelease, to: &str) -> Result<()> {
        self.point(from, to, &from.commits).await.map(|_| ())
    }

    /// The same, and writes down the commits; returns the new revision.
    pub(super) async fn point(
        &self,
        from: &LiveRelease,
        to: &str,
        commits: &Commits,
    ) -> Result<Option<String>> {
        let refused = match self.point_once(to, commits, from.revision.clone()).await {
            Err(error) if error.has_code(&["PreconditionFailedException"]) => error,
            ended => return ended,
        };
        // The revision also changes with the permission, and by our own call when its answer was lost.
        match self.find().await? {
            Some(now) if now.version == to && now.shares_with.is_none() => Ok(now.revision),
            Some(now) if now.version == from.version && now.shares_with == from.shares_with => {
                self.point_once(to, commits, now.revision).await
            }
            _ => Err(refused.hint(format!(
                "somebody else moved `{ALIAS}` at the same time: see `stackctl rollback --list`, then run this again"
            ))),
        }
    }

    async fn point_once(
        &self,
        version: &str,
        commits: &Commits,
        revision: Option<String>,
    ) -> Result<Option<String>> {
        let alone =
            AliasRoutingConfiguration::builder().set_additional_version_weights(Some([].into()));
        let call = self
            .client
            .update_alias()
            .function_name(&self.function_name)
            .name(ALIAS)
            .function_version(version)
            .description(commits.to_string())
            .routing_config(alone.build())
            .set_revision_id(revision);
        let answer = call.send().await.doing(format!("point `{ALIAS}` at version {version}"))?;
        Ok(answer.revision_id)
    }
}
