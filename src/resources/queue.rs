//! An SQS queue: the one that starts a function, and the one for messages that were received too often.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, Doing, wait};
use crate::config::{self, Config};
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Holding, Id, Inputs, Progress, Resource};

/// SQS gives a name away again a minute after its queue was deleted.
const RECENTLY: Duration = Duration::from_secs(90);
/// Until a queue that was made a moment ago is known everywhere.
const SPREADING: Duration = Duration::from_secs(30);

/// The longest that SQS keeps a message: a dead letter keeps the age that it had in its first queue.
const FORTNIGHT: &str = "1209600";

/// What waits, what a function has at the moment, and what waits until its delay is over.
const COUNTS: [&str; 3] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
];

const ABSENT: [&str; 3] = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "com.amazonaws.sqs#QueueDoesNotExist",
];

pub struct Queue {
    cloud: Cloud,
    client: Client,
    name: String,
    role: Role,
    tags: Tags,
}

/// What a queue is for.
enum Role {
    /// It starts a function, and passes to the other queue what was received so often.
    Source { visibility: i32, receives: i32, dead_letters: String, after: Id },
    /// It takes what the source, of this name, passes on.
    DeadLetters { source: String },
}

/// The queue as it is.
#[derive(Debug, Clone)]
pub struct LiveQueue {
    pub url: String,
    pub arn: String,
    /// About how many messages are in it.
    pub messages: u64,
    attributes: BTreeMap<String, String>,
    tags: Tags,
}

#[cfg(test)]
impl LiveQueue {
    /// One of which only the ARN matters.
    pub(super) fn at(arn: &str) -> Self {
        let (attributes, tags) = (BTreeMap::new(), Tags::new());
        Self { url: String::new(), arn: arn.to_owned(), messages: 0, attributes, tags }
    }
}

impl Queue {
    /// The queue that starts a function.
    pub fn source(cloud: &Cloud, config: &Config, queue: &config::Queue, after: Id) -> Self {
        let config::Queue { name, dead_letters, visibility, receives, .. } = queue;
        let role = Role::Source {
            visibility: *visibility,
            receives: *receives,
            dead_letters: dead_letters.clone(),
            after,
        };
        Self::new(cloud, config, name, role)
    }

    /// The queue for what fails.
    pub fn dead_letters(cloud: &Cloud, config: &Config, queue: &config::Queue) -> Self {
        let role = Role::DeadLetters { source: queue.name.clone() };
        Self::new(cloud, config, &queue.dead_letters, role)
    }

    fn new(cloud: &Cloud, config: &Config, name: &str, role: Role) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            name: name.to_owned(),
            role,
            tags: tags::ours(config),
        }
    }

    fn arn(&self, name: &str) -> String {
        self.cloud.known_identity().arn("sqs", name)
    }

    /// The attributes that are ours to say, as SQS writes them.
    fn wanted(&self) -> BTreeMap<&'static str, String> {
        match &self.role {
            Role::Source { visibility, receives, dead_letters, .. } => {
                let redrive = json!({
                    "deadLetterTargetArn": self.arn(dead_letters),
                    "maxReceiveCount": receives,
                });
                BTreeMap::from([
                    ("VisibilityTimeout", visibility.to_string()),
                    ("RedrivePolicy", redrive.to_string()),
                ])
            }
            Role::DeadLetters { source } => {
                let allow = json!({
                    "redrivePermission": "byQueue",
                    "sourceQueueArns": [self.arn(source)],
                });
                BTreeMap::from([
                    ("MessageRetentionPeriod", FORTNIGHT.to_owned()),
                    ("RedriveAllowPolicy", allow.to_string()),
                ])
            }
        }
    }

    async fn find(&self) -> Result<Option<LiveQueue>> {
        let answer = self.client.get_queue_url().queue_name(&self.name).send().await;
        let answer = answer.doing(format!("find queue `{}`", self.name)).absent_if(&ABSENT)?;
        let Some(url) = answer.and_then(|answer| answer.queue_url) else { return Ok(None) };
        let (attributes, tags) = tokio::try_join!(self.attributes(&url), self.tags(&url))?;
        // One that somebody deletes at this moment may be seen by the first call and not by the others.
        Ok(attributes.zip(tags).map(|(attributes, tags)| {
            let told = |name: &str| attributes.get(name).cloned().unwrap_or_default();
            LiveQueue {
                arn: told("QueueArn"),
                messages: COUNTS.iter().filter_map(|name| told(name).parse::<u64>().ok()).sum(),
                url,
                attributes,
                tags,
            }
        }))
    }

    async fn attributes(&self, url: &str) -> Result<Option<BTreeMap<String, String>>> {
        let call = self.client.get_queue_attributes().queue_url(url);
        let answer = call.attribute_names(QueueAttributeName::All).send().await;
        let answer = answer.doing(format!("read queue `{}`", self.name)).absent_if(&ABSENT)?;
        let one = |(name, value): (QueueAttributeName, String)| (name.as_str().to_owned(), value);
        Ok(answer
            .map(|answer| answer.attributes.unwrap_or_default().into_iter().map(one).collect()))
    }

    async fn tags(&self, url: &str) -> Result<Option<Tags>> {
        let answer = self.client.list_queue_tags().queue_url(url).send().await;
        let answer =
            answer.doing(format!("read the tags of queue `{}`", self.name)).absent_if(&ABSENT)?;
        Ok(answer.map(|answer| answer.tags.unwrap_or_default().into_iter().collect()))
    }

    fn sdk_attributes(&self) -> std::collections::HashMap<QueueAttributeName, String> {
        let wanted = self.wanted().into_iter();
        wanted.map(|(name, value)| (QueueAttributeName::from(name), value)).collect()
    }
}

impl Resource for Queue {
    type Live = LiveQueue;

    fn kind(&self) -> &'static str {
        "queue"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn holds(&self, live: &LiveQueue) -> Option<Holding> {
        let amount = format!("about {} messages", live.messages);
        (live.messages > 0).then_some(Holding { amount, is_protected: false })
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ListQueueTags"])
            .making(&["sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:TagQueue"])
            .deleting(&["sqs:DeleteQueue"])
    }

    fn arns(&self) -> Vec<Arn> {
        vec![Arn::new("queue", self.arn(&self.name))]
    }

    /// SQS refuses a queue whose dead letters go nowhere.
    fn needs(&self) -> Vec<Id> {
        match &self.role {
            Role::Source { after, .. } => vec![*after],
            Role::DeadLetters { .. } => Vec::new(),
        }
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveQueue>> {
        self.find().await
    }

    fn is_ours(&self, live: &LiveQueue) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn owner(&self, live: &LiveQueue) -> Option<String> {
        tags::other_stack(&self.tags, &live.tags, &self.name)
    }

    fn diff(&self, _: &Inputs, live: &LiveQueue) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        for (name, wanted) in self.wanted() {
            let now = live.attributes.get(name).map_or("none", String::as_str);
            if !same(now, &wanted) {
                differences.push(Difference::new(name, now, wanted));
            }
        }
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveQueue> {
        let recently = |error: &Error| error.says("60 seconds") || error.says("recently");
        let what = "SQS gives the name away again";
        wait::while_refused(progress, what, RECENTLY, recently, || async {
            let tags = self.tags.clone().into_iter().collect();
            let call = self.client.create_queue().queue_name(&self.name);
            let call = call.set_attributes(Some(self.sdk_attributes())).set_tags(Some(tags));
            call.send().await.doing(format!("create queue `{}`", self.name)).map(|_| ())
        })
        .await?;
        wait::until_read(progress, SPREADING, || self.find()).await
    }

    async fn update(&self, _: &Inputs, live: &LiveQueue, _: &Progress) -> Result<LiveQueue> {
        if !self.is_ours(live) {
            let tags = self.tags.clone().into_iter().collect();
            let call = self.client.tag_queue().queue_url(&live.url).set_tags(Some(tags));
            call.send().await.doing(format!("tag queue `{}`", self.name))?;
        }
        let call = self.client.set_queue_attributes().queue_url(&live.url);
        let answer = call.set_attributes(Some(self.sdk_attributes())).send().await;
        answer.doing(format!("change queue `{}`", self.name))?;
        Ok(live.clone())
    }

    async fn delete(&self, live: &LiveQueue, _: &Progress) -> Result<()> {
        let answer = self.client.delete_queue().queue_url(&live.url).send().await;
        answer.doing(format!("delete queue `{}`", self.name)).absent_if(&ABSENT).map(|_| ())
    }
}

/// SQS gives policies back as JSON with other spaces, and numbers in them as texts.
fn same(now: &str, wanted: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok().map(plain);
    now == wanted || read(now).is_some_and(|now| Some(now) == read(wanted))
}

fn plain(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, plain(value))).collect()
        }
        Value::Number(number) => Value::String(number.to_string()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
