//! The log group, made before the function so that the function needs no right to make one.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;

use crate::cloud::Doing;
use crate::cloud::pages::Pages;
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, wait};
use crate::config::{Config, LogPolicy};
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Inputs, Progress, Resource};

/// Until a change that somebody else is making to the group has ended.
const BUSY: Duration = Duration::from_mins(1);
/// Until a function that was deleted a moment ago has written its last line.
const LAST_LINES: Duration = Duration::from_secs(10);
/// How often a group that comes back is deleted again.
const RETURNS: usize = 3;

pub struct LogGroup {
    cloud: Cloud,
    client: Client,
    name: String,
    retention: i32,
    /// Whether the function may make the group itself.
    comes_back: bool,
    tags: Tags,
}

/// The log group as it is.
#[derive(Debug, Clone)]
pub struct LiveLogGroup {
    /// Days; `None` keeps for ever.
    pub retention: Option<i32>,
    tags: Tags,
}

impl LogGroup {
    pub fn new(cloud: &Cloud, config: &Config) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            name: config.function().log_group.clone(),
            retention: config.function().settings.log_retention_days,
            comes_back: config.function().settings.log_policy == LogPolicy::AwsManaged
                && cloud.loopback().is_none(),
            tags: tags::ours(config),
        }
    }

    async fn arn(&self) -> Result<String> {
        let identity = self.cloud.presumed_identity().await?;
        Ok(identity.arn("logs", &format!("log-group:{}", self.name)))
    }

    /// The retention, when the group is there. AWS searches by prefix, so neighbours answer too.
    async fn find(&self) -> Result<Option<Option<i32>>> {
        let mut pages = Pages::default();
        loop {
            let call = self
                .client
                .describe_log_groups()
                .log_group_name_prefix(&self.name)
                .set_next_token(pages.token());
            let page = call.send().await.doing(format!("find log group `{}`", self.name))?;
            let group =
                page.log_groups().iter().find(|group| group.log_group_name() == Some(&self.name));
            if let Some(group) = group {
                return Ok(Some(group.retention_in_days));
            }
            if !pages.turn(page.next_token)? {
                return Ok(None);
            }
        }
    }

    async fn tags(&self) -> Result<Option<Tags>> {
        let answer =
            self.client.list_tags_for_resource().resource_arn(self.arn().await?).send().await;
        let answer = answer.doing(format!("read the tags of log group `{}`", self.name));
        let answer = answer.absent_if(&["ResourceNotFoundException"])?;
        Ok(answer.map(|answer| answer.tags.unwrap_or_default().into_iter().collect()))
    }

    /// Runs `attempt` again while another change of the group is under way.
    async fn when_free<T, F: Future<Output = Result<T>>>(
        &self,
        progress: &Progress,
        passes: &[&str],
        attempt: impl FnMut() -> F,
    ) -> Result<T> {
        let passes = |error: &Error| {
            error.has_code(&["OperationAbortedException"]) || error.has_code(passes)
        };
        wait::while_refused(progress, "the log group can be changed", BUSY, passes, attempt).await
    }

    async fn set_retention(&self, progress: &Progress) -> Result<()> {
        self.when_free(progress, &["ResourceNotFoundException"], || async {
            let call = self
                .client
                .put_retention_policy()
                .log_group_name(&self.name)
                .retention_in_days(self.retention);
            call.send()
                .await
                .doing(format!("set the retention of log group `{}`", self.name))
                .map(|_| ())
        })
        .await
    }

    async fn delete_once(&self, progress: &Progress) -> Result<()> {
        self.when_free(progress, &[], || async {
            let answer = self.client.delete_log_group().log_group_name(&self.name).send().await;
            let answer = answer.doing(format!("delete log group `{}`", self.name));
            let answer = answer.absent_if(&["ResourceNotFoundException"]).map(|_| ());
            answer.map_err(|error| match error.says("deletion protection") {
                true => error.hint("lift it first: `aws logs put-log-group-deletion-protection`"),
                false => error,
            })
        })
        .await
    }

    fn as_wanted(&self) -> LiveLogGroup {
        LiveLogGroup { retention: Some(self.retention), tags: self.tags.clone() }
    }
}

impl Resource for LogGroup {
    type Live = LiveLogGroup;

    fn kind(&self) -> &'static str {
        "log group"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["logs:DescribeLogGroups", "logs:ListTagsForResource"])
            .making(&["logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:TagResource"])
            .deleting(&["logs:DeleteLogGroup"])
    }

    fn arns(&self) -> Vec<Arn> {
        let name = format!("log-group:{}", self.name);
        let arn = self.cloud.known_identity().arn("logs", &name);
        // What is in it has names behind it.
        [format!("{arn}:*"), arn].map(|arn| Arn::new("log-group", arn)).to_vec()
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveLogGroup>> {
        let (retention, tags) = tokio::join!(self.find(), self.tags());
        // Of a group that is not there, the tags may be denied.
        let Some(retention) = retention? else { return Ok(None) };
        // One that somebody deletes at this moment may be seen by the first call and not by the second.
        Ok(tags?.map(|tags| LiveLogGroup { retention, tags }))
    }

    fn is_ours(&self, live: &LiveLogGroup) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn owner(&self, live: &LiveLogGroup) -> Option<String> {
        tags::other_stack(&self.tags, &live.tags, &self.name)
    }

    fn diff(&self, _: &Inputs, live: &LiveLogGroup) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        let days = |days: Option<i32>| {
            days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"))
        };
        let (now, wanted) = (days(live.retention), days(Some(self.retention)));
        differences.extend(Difference::unless_equal("retention", &now, &wanted));
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveLogGroup> {
        self.when_free(progress, &[], || async {
            let tags = self.tags.clone().into_iter().collect();
            let answer = self
                .client
                .create_log_group()
                .log_group_name(&self.name)
                .set_tags(Some(tags))
                .send()
                .await;
            answer
                .doing(format!("create log group `{}`", self.name))
                .exists_if(&["ResourceAlreadyExistsException"])
                .map(|_| ())
        })
        .await?;
        self.set_retention(progress).await?;
        Ok(self.as_wanted())
    }

    async fn update(
        &self,
        _: &Inputs,
        live: &LiveLogGroup,
        progress: &Progress,
    ) -> Result<LiveLogGroup> {
        if !tags::are_set(&self.tags, &live.tags) {
            let arn = self.arn().await?;
            self.when_free(progress, &["ResourceNotFoundException"], || async {
                let tags = self.tags.clone().into_iter().collect();
                let call = self.client.tag_resource().resource_arn(&arn).set_tags(Some(tags));
                call.send().await.doing(format!("tag log group `{}`", self.name)).map(|_| ())
            })
            .await?;
        }
        if live.retention != Some(self.retention) {
            self.set_retention(progress).await?;
        }
        Ok(self.as_wanted())
    }

    /// A function with the right to make groups brings it back with its last line, without tags.
    async fn delete(&self, _: &LiveLogGroup, progress: &Progress) -> Result<()> {
        self.delete_once(progress).await?;
        for _ in 0..RETURNS {
            if !self.comes_back {
                return Ok(());
            }
            wait::pause(progress, "the last lines are written", LAST_LINES).await;
            if self.find().await?.is_none() {
                return Ok(());
            }
            self.delete_once(progress).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
