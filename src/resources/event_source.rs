//! What reads a queue or a stream and invokes `live` with what it finds: Lambda's event source mapping.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::{
    EventSourceMappingConfiguration, EventSourcePosition, FunctionResponseType,
};

use super::{Queue, Release, Rights, Table};
use crate::cloud::pages::Pages;
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud, Doing};
use crate::config::{self, ALIAS, Config, Kind};
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Handle, Id, Inputs, Progress, Resource};

/// Until rights that the role was given a moment ago are known to what checks them.
const ALLOWED: Duration = Duration::from_mins(2);
/// Until a mapping is made, changed or gone.
const SETTLING: Duration = Duration::from_mins(5);

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];

/// Records of a stream that one invocation takes.
const RECORDS: i32 = 100;
/// How often a batch of a stream is tried: without an end, one bad record stops its shard for a day.
pub const RETRIES: i32 = 10;

pub struct EventSource {
    cloud: Cloud,
    client: Client,
    function_name: String,
    source: Source,
    /// Whose tags say whose it is.
    release: Option<Id>,
    needs: Vec<Id>,
}

/// What is read.
enum Source {
    Queue {
        batch: i32,
        queue: Handle<Queue>,
    },
    Stream {
        table: Handle<Table>,
    },
    /// What was read before the file said it no longer.
    Former(Kind),
}

/// All mappings of the alias.
#[derive(Debug, Clone, Default)]
pub struct LiveEventSource {
    mappings: Vec<EventSourceMappingConfiguration>,
}

impl EventSource {
    pub fn of_queue(
        cloud: &Cloud,
        config: &Config,
        queue: (&config::Queue, Handle<Queue>),
        release: Handle<Release>,
        rights: &Rights,
    ) -> Self {
        let source = Source::Queue { batch: queue.0.batch, queue: queue.1 };
        Self::new(cloud, config, source).after(queue.1.id, release, rights)
    }

    pub fn of_stream(
        cloud: &Cloud,
        config: &Config,
        table: Handle<Table>,
        release: Handle<Release>,
        rights: &Rights,
    ) -> Self {
        Self::new(cloud, config, Source::Stream { table }).after(table.id, release, rights)
    }

    /// What started the function in this way, and shall no longer.
    pub fn of_former(cloud: &Cloud, config: &Config, kind: Kind) -> Self {
        Self::new(cloud, config, Source::Former(kind))
    }

    fn new(cloud: &Cloud, config: &Config, source: Source) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            function_name: config.function().name.clone(),
            source,
            release: None,
            needs: Vec::new(),
        }
    }

    /// Lambda looks whether the role may read the source when the mapping is made.
    fn after(mut self, source: Id, release: Handle<Release>, rights: &Rights) -> Self {
        self.release = Some(release.id);
        self.needs = [source, release.id].into_iter().chain(rights.ids()).collect();
        self
    }

    /// What is read, once it is there.
    fn source(&self, inputs: &Inputs) -> Option<String> {
        match &self.source {
            Source::Queue { queue, .. } => inputs.find(*queue).map(|queue| queue.arn.clone()),
            Source::Stream { table } => inputs.find(*table)?.stream.clone(),
            Source::Former(_) => None,
        }
    }

    /// Whether a mapping of this source is looked after here: of what the file says no longer, only what the stack made.
    fn reads(&self, source: &str) -> bool {
        match self.source {
            Source::Former(Kind::Queue) => source.ends_with(&format!(":{}", self.function_name)),
            Source::Former(_) => source.contains(":table/") && source.contains("/stream/"),
            Source::Queue { .. } | Source::Stream { .. } => true,
        }
    }

    fn batch(&self) -> i32 {
        match self.source {
            Source::Queue { batch, .. } => batch,
            Source::Stream { .. } | Source::Former(_) => RECORDS,
        }
    }

    /// Every mapping of the alias; one with another alias or version is somebody else's.
    async fn list(&self) -> Result<Vec<EventSourceMappingConfiguration>> {
        let name = format!("{}:{ALIAS}", self.function_name);
        let (mut found, mut pages) = (Vec::new(), Pages::default());
        loop {
            let call = self.client.list_event_source_mappings().function_name(&name);
            let page = call.set_marker(pages.token()).send().await;
            let page = page.doing(format!("list the event sources of `{name}`"));
            let Some(page) = page.absent_if(&ABSENT)? else { return Ok(Vec::new()) };
            found.extend(page.event_source_mappings.unwrap_or_default());
            if !pages.turn(page.next_marker)? {
                break;
            }
        }
        found.retain(|one| {
            let is_alias = one.function_arn().is_some_and(|arn| arn.ends_with(&format!(":{name}")));
            is_alias && self.reads(one.event_source_arn().unwrap_or_default())
        });
        Ok(found)
    }

    async fn state(&self, uuid: &str) -> Result<Option<String>> {
        let answer = self.client.get_event_source_mapping().uuid(uuid).send().await;
        let answer = answer.doing("read the event source").absent_if(&ABSENT)?;
        Ok(answer.map(|answer| answer.state.unwrap_or_default()))
    }

    async fn until_settled(&self, uuid: &str, progress: &Progress) -> Result<()> {
        wait::until(progress, "the event source is enabled", SETTLING, || async {
            Ok(match self.state(uuid).await?.as_deref() {
                Some("Enabled" | "Disabled") => Poll::Ready(()),
                state => Poll::Pending(state.unwrap_or("absent").to_owned()),
            })
        })
        .await
    }

    async fn remove(&self, uuid: &str, progress: &Progress) -> Result<()> {
        wait::while_refused(
            progress,
            "the event source can be deleted",
            SETTLING,
            is_busy,
            || async {
                let answer = self.client.delete_event_source_mapping().uuid(uuid).send().await;
                answer.doing("delete the event source").absent_if(&ABSENT).map(|_| ())
            },
        )
        .await?;
        wait::until(progress, "the event source is gone", SETTLING, || async {
            Ok(self.state(uuid).await?.map_or(Poll::Ready(()), Poll::Pending))
        })
        .await
    }
}

impl Resource for EventSource {
    type Live = LiveEventSource;

    fn kind(&self) -> &'static str {
        "event source"
    }

    fn name(&self) -> String {
        format!("{}:{ALIAS}", self.function_name)
    }

    fn calls(&self) -> Calls {
        let reading = ["lambda:ListEventSourceMappings", "lambda:GetEventSourceMapping"];
        Calls::default()
            .reading(&reading)
            .making(&["lambda:CreateEventSourceMapping", "lambda:UpdateEventSourceMapping"])
            .making(&["lambda:DeleteEventSourceMapping"])
            .deleting(&["lambda:DeleteEventSourceMapping"])
    }

    fn arns(&self) -> Vec<Arn> {
        // Lambda gives each a name of its own.
        let any = self.cloud.known_identity().arn("lambda", "event-source-mapping:*");
        vec![Arn::new("eventSourceMapping", any)]
    }

    fn needs(&self) -> Vec<Id> {
        self.needs.clone()
    }

    fn belongs_to(&self) -> Option<Id> {
        self.release
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveEventSource>> {
        let mappings = self.list().await?;
        Ok((!mappings.is_empty()).then_some(LiveEventSource { mappings }))
    }

    fn diff(&self, inputs: &Inputs, live: &LiveEventSource) -> Vec<Difference> {
        let Some(source) = self.source(inputs) else {
            return vec![Difference::new("source", "another", "not there yet")];
        };
        let (ours, others) = live.split(&source);
        let mut differences: Vec<Difference> = match ours {
            None => vec![Difference::new("source", "none", &source)],
            Some(ours) => own_differences(ours, self.batch()),
        };
        let other = |one: &&EventSourceMappingConfiguration| {
            Difference::new("source", one.event_source_arn().unwrap_or_default(), "none")
        };
        differences.extend(others.iter().map(other));
        differences
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveEventSource> {
        let source = self.source(inputs).ok_or_else(|| {
            Error::failed("read the source of the function").hint("run the same command again")
        })?;
        let known = self.cloud.known_identity();
        let alias = known.arn("lambda", &format!("function:{}:{ALIAS}", self.function_name));
        let passes = |error: &Error| is_spreading(error) || is_busy(error);
        let what = "Lambda sees that the role may read the source";
        let answer = wait::while_refused(progress, what, ALLOWED, passes, || async {
            let call = self
                .client
                .create_event_source_mapping()
                .function_name(&alias)
                .event_source_arn(&source)
                .batch_size(self.batch())
                .function_response_types(FunctionResponseType::ReportBatchItemFailures);
            let call = match &self.source {
                Source::Queue { .. } => call,
                Source::Stream { .. } | Source::Former(_) => call
                    .starting_position(EventSourcePosition::TrimHorizon)
                    .maximum_batching_window_in_seconds(1)
                    .maximum_retry_attempts(RETRIES)
                    .bisect_batch_on_function_error(true),
            };
            let answer = call.send().await.doing(format!("let {source} start `{alias}`"));
            answer.exists_if(&["ResourceConflictException"])
        });
        let answer = answer.await;
        if answer.exists() {
            return wait::until_read(progress, SETTLING, || self.read(progress)).await;
        }
        let uuid = answer?.uuid.unwrap_or_default();
        self.until_settled(&uuid, progress).await?;
        Ok(LiveEventSource { mappings: self.list().await? })
    }

    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveEventSource,
        progress: &Progress,
    ) -> Result<LiveEventSource> {
        let source = self.source(inputs).unwrap_or_default();
        let (ours, _) = live.split(&source);
        match ours.and_then(EventSourceMappingConfiguration::uuid) {
            None => {
                self.create(inputs, progress).await?;
            }
            Some(uuid) => {
                let what = "the event source can be changed";
                wait::while_refused(progress, what, SETTLING, is_busy, || async {
                    let call = self
                        .client
                        .update_event_source_mapping()
                        .uuid(uuid)
                        .batch_size(self.batch())
                        .enabled(true)
                        .function_response_types(FunctionResponseType::ReportBatchItemFailures);
                    call.send().await.doing("change the event source").map(|_| ())
                })
                .await?;
                self.until_settled(uuid, progress).await?;
            }
        }
        Ok(live.clone())
    }

    /// The version before reads the old source until the new one has proved itself.
    async fn finish(
        &self,
        inputs: &Inputs,
        live: &LiveEventSource,
        progress: &Progress,
    ) -> Result<()> {
        let source = self.source(inputs).unwrap_or_default();
        for uuid in live.split(&source).1.iter().filter_map(|one| one.uuid()) {
            self.remove(uuid, progress).await?;
        }
        Ok(())
    }

    async fn delete(&self, live: &LiveEventSource, progress: &Progress) -> Result<()> {
        for uuid in live.mappings.iter().filter_map(|one| one.uuid()) {
            self.remove(uuid, progress).await?;
        }
        Ok(())
    }
}

impl LiveEventSource {
    /// The mapping of a source, and all others.
    fn split(
        &self,
        source: &str,
    ) -> (Option<&EventSourceMappingConfiguration>, Vec<&EventSourceMappingConfiguration>) {
        let ours = self.mappings.iter().find(|one| one.event_source_arn() == Some(source));
        let uuid = ours.and_then(|ours| ours.uuid());
        (ours, self.mappings.iter().filter(|one| one.uuid() != uuid).collect())
    }
}

fn own_differences(ours: &EventSourceMappingConfiguration, batch: i32) -> Vec<Difference> {
    let reports =
        ours.function_response_types().contains(&FunctionResponseType::ReportBatchItemFailures);
    let said = |yes| if yes { "each" } else { "the whole batch" };
    let is_off = ["Disabled", "Disabling"].contains(&ours.state().unwrap_or_default());
    let state = if is_off { "Disabled" } else { "Enabled" };
    let differences = [
        Difference::unless_equal("batch", &ours.batch_size().unwrap_or(batch), &batch),
        Difference::unless_equal("what fails is repeated", &said(reports), &said(true)),
        Difference::unless_equal("state", &state, &"Enabled"),
    ];
    differences.into_iter().flatten().collect()
}

/// Lambda checks at once what IAM spreads in seconds:
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
fn is_spreading(error: &Error) -> bool {
    let fragments = [
        "role does not have permissions",
        "ensure the role can perform",
        "cannot be assumed by lambda",
        "queue visibility timeout",
    ];
    error.has_code(&["InvalidParameterValueException"])
        && fragments.iter().any(|fragment| error.says(fragment))
}

fn is_busy(error: &Error) -> bool {
    error.has_code(&["ResourceInUseException"])
}

#[cfg(test)]
mod tests;
