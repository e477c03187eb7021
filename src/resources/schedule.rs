//! When a function runs by itself: a schedule of `EventBridge` Scheduler, in the group of its stack.

use std::time::Duration;

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::types::{
    FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, ScheduleState, Target,
};

use super::{Release, ScheduleRole};
use crate::cloud::{Answer, Cloud, Doing, wait};
use crate::config::{self, ALIAS, Config};
use crate::limits;
use crate::starting::schedule_input;
use engine::error::{Error, Result};
use engine::{Calls, Difference, Handle, Id, Inputs, Limit, Progress, Resource};

/// Until Scheduler can assume a role that was made a moment ago.
const ASSUMABLE: Duration = Duration::from_mins(2);

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];

/// Scheduler tries again for a day unless it is told otherwise, and invokes a nightly function in the afternoon.
const RETRIES: i32 = 2;
const OLDEST: i32 = 3600;

pub struct Schedule {
    cloud: Cloud,
    client: Client,
    name: String,
    group_name: String,
    wanted: config::Schedule,
    /// Its group, where that is looked after, too.
    group: Option<Id>,
    needs: Vec<Id>,
}

/// The schedule as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveSchedule {
    pub expression: String,
    pub timezone: String,
    target: String,
    role: String,
    input: String,
    /// Somebody has switched it off.
    is_paused: bool,
}

impl Schedule {
    pub fn new(
        cloud: &Cloud,
        config: &Config,
        wanted: &config::Schedule,
        group: Option<Id>,
    ) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            name: config.function().name.clone(),
            group_name: config.names.api.clone(),
            wanted: wanted.clone(),
            group,
            needs: group.into_iter().collect(),
        }
    }

    /// The same, made once its role and the version that it starts are there.
    #[must_use]
    pub fn after(mut self, role: Handle<ScheduleRole>, release: Handle<Release>) -> Self {
        self.needs.extend([role.id, release.id]);
        self
    }

    fn wanted(&self) -> LiveSchedule {
        let identity = self.cloud.known_identity();
        LiveSchedule {
            expression: self.wanted.expression.clone(),
            timezone: self.wanted.timezone.clone(),
            target: identity.arn("lambda", &format!("function:{}:{ALIAS}", self.name)),
            role: identity.iam(&format!("role/{}", self.wanted.role)),
            input: input(&self.name),
            is_paused: false,
        }
    }

    fn target(&self) -> Result<Target> {
        let wanted = self.wanted();
        let retries = RetryPolicy::builder()
            .maximum_retry_attempts(RETRIES)
            .maximum_event_age_in_seconds(OLDEST)
            .build();
        let target = Target::builder().arn(wanted.target).role_arn(wanted.role);
        let target = target.input(wanted.input).retry_policy(retries).build();
        target.map_err(|error| Error::failed("describe the target of the schedule").cause(error))
    }

    fn window() -> Result<FlexibleTimeWindow> {
        let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build();
        window.map_err(|error| Error::failed("describe the window of the schedule").cause(error))
    }

    async fn find(&self) -> Result<Option<LiveSchedule>> {
        let call = self.client.get_schedule().name(&self.name).group_name(&self.group_name);
        let answer = call.send().await.doing(format!("read schedule `{}`", self.name));
        Ok(answer.absent_if(&ABSENT)?.map(live))
    }

    /// Runs `attempt` again while Scheduler cannot assume the role yet.
    async fn when_assumable<F: Future<Output = Result<()>>>(
        &self,
        progress: &Progress,
        attempt: impl FnMut() -> F,
    ) -> Result<()> {
        let unknown = |error: &Error| error.says("to assume the role");
        let what = "Scheduler can assume the role";
        wait::while_refused(progress, what, ASSUMABLE, unknown, attempt).await
    }
}

/// What the function is given. Without it Scheduler sends an event whose `detail` is a text, which typed events refuse.
fn input(schedule: &str) -> String {
    schedule_input(schedule).to_string()
}

fn live(answer: GetScheduleOutput) -> LiveSchedule {
    let target = answer.target;
    LiveSchedule {
        expression: answer.schedule_expression.unwrap_or_default(),
        timezone: answer.schedule_expression_timezone.unwrap_or_else(|| "UTC".to_owned()),
        is_paused: answer.state == Some(ScheduleState::Disabled),
        target: target.as_ref().map(|target| target.arn.clone()).unwrap_or_default(),
        role: target.as_ref().map(|target| target.role_arn.clone()).unwrap_or_default(),
        input: target.and_then(|target| target.input).unwrap_or_default(),
    }
}

impl Resource for Schedule {
    type Live = LiveSchedule;

    fn kind(&self) -> &'static str {
        "schedule"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["scheduler:GetSchedule"])
            .making(&["scheduler:CreateSchedule", "scheduler:UpdateSchedule"])
            .deleting(&["scheduler:DeleteSchedule"])
    }

    fn limits(&self) -> Vec<Limit> {
        vec![limits::passing_role_to("scheduler.amazonaws.com")]
    }

    fn needs(&self) -> Vec<Id> {
        self.needs.clone()
    }

    /// A schedule takes no tags, and goes with its group.
    fn contained_in(&self) -> Option<Id> {
        self.group
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveSchedule>> {
        self.find().await
    }

    fn diff(&self, _: &Inputs, live: &LiveSchedule) -> Vec<Difference> {
        let wanted = self.wanted();
        let differences = [
            Difference::unless_equal("expression", &live.expression, &wanted.expression),
            Difference::unless_equal("timezone", &live.timezone, &wanted.timezone),
            Difference::unless_equal("target", &live.target, &wanted.target),
            Difference::unless_equal("role", &live.role, &wanted.role),
            Difference::unless_equal("input", &live.input, &wanted.input),
        ];
        let mut differences: Vec<Difference> = differences.into_iter().flatten().collect();
        if live.is_paused {
            let paused = Difference::new("state", "paused", "enabled");
            differences.push(paused.left("somebody has paused it: `aws scheduler` enables it"));
        }
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveSchedule> {
        let (target, window) = (self.target()?, Self::window()?);
        let made = self.when_assumable(progress, || async {
            let call = self
                .client
                .create_schedule()
                .name(&self.name)
                .group_name(&self.group_name)
                .schedule_expression(&self.wanted.expression)
                .schedule_expression_timezone(&self.wanted.timezone)
                .target(target.clone())
                .flexible_time_window(window.clone());
            let answer = call.send().await.doing(format!("create schedule `{}`", self.name));
            answer.exists_if(&["ConflictException"]).map(|_| ())
        });
        made.await?;
        Ok(self.wanted())
    }

    /// What is left out of this call goes back to its default, the state included.
    async fn update(
        &self,
        _: &Inputs,
        live: &LiveSchedule,
        progress: &Progress,
    ) -> Result<LiveSchedule> {
        let (target, window) = (self.target()?, Self::window()?);
        let state = if live.is_paused { ScheduleState::Disabled } else { ScheduleState::Enabled };
        self.when_assumable(progress, || async {
            let call = self
                .client
                .update_schedule()
                .name(&self.name)
                .group_name(&self.group_name)
                .schedule_expression(&self.wanted.expression)
                .schedule_expression_timezone(&self.wanted.timezone)
                .target(target.clone())
                .flexible_time_window(window.clone())
                .state(state.clone());
            call.send().await.doing(format!("change schedule `{}`", self.name)).map(|_| ())
        })
        .await?;
        Ok(LiveSchedule { is_paused: live.is_paused, ..self.wanted() })
    }

    async fn delete(&self, _: &LiveSchedule, _: &Progress) -> Result<()> {
        let call = self.client.delete_schedule().name(&self.name).group_name(&self.group_name);
        let answer = call.send().await.doing(format!("delete schedule `{}`", self.name));
        answer.absent_if(&ABSENT).map(|_| ())
    }
}

#[cfg(test)]
mod tests;
