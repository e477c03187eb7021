//! The group of a stack's schedules. Schedules take no tags: the group's say whose they are.

use std::time::Duration;

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::types::Tag;

use crate::cloud::tags::{self, Tags};
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud, Doing};
use crate::config::Config;
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Inputs, Progress, Resource};

/// Until a group is gone with its schedules.
const GONE: Duration = Duration::from_mins(5);

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];

pub struct ScheduleGroup {
    cloud: Cloud,
    client: Client,
    name: String,
    tags: Tags,
}

/// The group as it is.
#[derive(Debug, Clone)]
pub struct LiveScheduleGroup {
    tags: Tags,
}

impl ScheduleGroup {
    pub fn new(cloud: &Cloud, config: &Config) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            name: config.names.api.clone(),
            tags: tags::ours(config),
        }
    }

    async fn arn(&self) -> Result<String> {
        let identity = self.cloud.presumed_identity().await?;
        Ok(identity.arn("scheduler", &format!("schedule-group/{}", self.name)))
    }

    async fn is_there(&self) -> Result<bool> {
        let answer = self.client.get_schedule_group().name(&self.name).send().await;
        let answer =
            answer.doing(format!("read schedule group `{}`", self.name)).absent_if(&ABSENT)?;
        Ok(answer.is_some())
    }

    async fn live_tags(&self) -> Result<Option<Tags>> {
        let call = self.client.list_tags_for_resource().resource_arn(self.arn().await?);
        let answer = call.send().await;
        let doing = format!("read the tags of schedule group `{}`", self.name);
        let answer = answer.doing(doing).absent_if(&ABSENT)?;
        let pair = |tag: Tag| (tag.key, tag.value);
        Ok(answer.map(|answer| answer.tags.unwrap_or_default().into_iter().map(pair).collect()))
    }

    fn sdk_tags(&self) -> Result<Vec<Tag>> {
        let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
        let tags: std::result::Result<Vec<Tag>, _> = self.tags.iter().map(tag).collect();
        tags.map_err(|error| Error::failed("write the tags of the schedule group").cause(error))
    }
}

impl Resource for ScheduleGroup {
    type Live = LiveScheduleGroup;

    fn kind(&self) -> &'static str {
        "schedule group"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["scheduler:GetScheduleGroup", "scheduler:ListTagsForResource"])
            .making(&["scheduler:CreateScheduleGroup", "scheduler:TagResource"])
            .deleting(&["scheduler:DeleteScheduleGroup"])
    }

    fn arns(&self) -> Vec<Arn> {
        let identity = self.cloud.known_identity();
        let arn = |of: &str| identity.arn("scheduler", &format!("{of}/{}", self.name));
        let group = Arn::new("schedule-group", arn("schedule-group"));
        vec![group, Arn::new("schedule", format!("{}/*", arn("schedule")))]
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveScheduleGroup>> {
        let (is_there, tags) = tokio::join!(self.is_there(), self.live_tags());
        // Of a group that is not there, the tags may be denied.
        if !is_there? {
            return Ok(None);
        }
        Ok(tags?.map(|tags| LiveScheduleGroup { tags }))
    }

    fn is_ours(&self, live: &LiveScheduleGroup) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn owner(&self, live: &LiveScheduleGroup) -> Option<String> {
        tags::other_stack(&self.tags, &live.tags, &self.name)
    }

    fn diff(&self, _: &Inputs, live: &LiveScheduleGroup) -> Vec<Difference> {
        tags::diff(&self.tags, &live.tags)
    }

    async fn create(&self, _: &Inputs, _: &Progress) -> Result<LiveScheduleGroup> {
        let call = self.client.create_schedule_group().name(&self.name);
        let answer = call.set_tags(Some(self.sdk_tags()?)).send().await;
        let answer = answer.doing(format!("create schedule group `{}`", self.name));
        answer.exists_if(&["ConflictException"])?;
        Ok(LiveScheduleGroup { tags: self.tags.clone() })
    }

    async fn update(
        &self,
        _: &Inputs,
        _: &LiveScheduleGroup,
        _: &Progress,
    ) -> Result<LiveScheduleGroup> {
        let call = self.client.tag_resource().resource_arn(self.arn().await?);
        let answer = call.set_tags(Some(self.sdk_tags()?)).send().await;
        answer.doing(format!("tag schedule group `{}`", self.name))?;
        Ok(LiveScheduleGroup { tags: self.tags.clone() })
    }

    /// Its schedules go with it; until then they may still run.
    async fn delete(&self, _: &LiveScheduleGroup, progress: &Progress) -> Result<()> {
        let answer = self.client.delete_schedule_group().name(&self.name).send().await;
        answer.doing(format!("delete schedule group `{}`", self.name)).absent_if(&ABSENT)?;
        wait::until(progress, "the schedule group is gone", GONE, || async {
            let there = self.is_there().await?;
            Ok(if there { Poll::Pending("still there".into()) } else { Poll::Ready(()) })
        })
        .await
    }
}

#[cfg(test)]
mod tests;
