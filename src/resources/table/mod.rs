//! The DynamoDB table: keys, indexes, time to live, on-demand billing, point-in-time recovery, deletion protection.

pub mod further;
mod indexes;
mod keys;
mod live;
mod recovery;
mod stream;
#[cfg(test)]
mod tests;
mod time_to_live;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{BillingMode, TableDescription, TableStatus};

pub use live::LiveTable;
use live::{empty, is_young, sdk_tags, status};

use crate::cloud::Doing;
use crate::cloud::pages::Pages;
use crate::cloud::tags::{self, Tags};
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud};
use crate::config::{self, Config};
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Holding, Inputs, Progress, Resource};

/// Until a table is active, or gone; the SDK's own waiter takes 8 minutes.
const SETTLING: Duration = Duration::from_mins(10);
/// Until the tags of a table that was made a moment ago are seen; they are kept apart from it.
const SPREADING: Duration = Duration::from_secs(5);

const ABSENT: [&str; 2] = ["ResourceNotFoundException", "TableNotFoundException"];

pub struct Table {
    cloud: Cloud,
    client: Client,
    name: String,
    /// As the file says it.
    wanted: config::Table,
    /// Whether its changes start a function.
    streamed: bool,
    tags: Tags,
}

impl Table {
    pub fn new(cloud: &Cloud, config: &Config, table: &config::Table) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            name: table.name.clone(),
            wanted: table.clone(),
            streamed: config.is_streamed(&table.key),
            tags: tags::ours(config),
        }
    }

    async fn describe(&self) -> Result<Option<TableDescription>> {
        let answer = self.client.describe_table().table_name(&self.name).send().await;
        let answer = answer.doing(format!("describe table `{}`", self.name)).absent_if(&ABSENT)?;
        Ok(answer.and_then(|answer| answer.table))
    }

    /// `None` when there is no such table.
    async fn tags(&self) -> Result<Option<Tags>> {
        let identity = self.cloud.presumed_identity().await?;
        let arn = identity.arn("dynamodb", &format!("table/{}", self.name));
        let mut found = Tags::new();
        let mut pages = Pages::default();
        loop {
            let page = self
                .client
                .list_tags_of_resource()
                .resource_arn(&arn)
                .set_next_token(pages.token())
                .send()
                .await;
            let page =
                page.doing(format!("read the tags of table `{}`", self.name)).absent_if(&ABSENT)?;
            let Some(page) = page else { return Ok(None) };
            found.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
            if !pages.turn(page.next_token)? {
                return Ok(Some(found));
            }
        }
    }

    /// The tags, looked at again for a while when ours are not among them.
    async fn settled_tags(&self, progress: &Progress) -> Result<Option<Tags>> {
        let ours = wait::until(progress, "the table's tags are seen", SPREADING, || async {
            let tags = self.tags().await?;
            Ok(if tags.as_ref().is_some_and(|tags| tags::are_set(&self.tags, tags)) {
                Poll::Ready(tags)
            } else {
                Poll::Pending("not ours".into())
            })
        });
        match ours.await {
            Ok(tags) => Ok(tags),
            Err(_) => self.tags().await,
        }
    }

    async fn until_active(&self, progress: &Progress) -> Result<TableDescription> {
        wait::until(progress, "the table is active", SETTLING, || async {
            let Some(table) = self.describe().await? else {
                return Ok(Poll::Pending("absent".into()));
            };
            match table.table_status() {
                Some(TableStatus::Active) => Ok(Poll::Ready(table)),
                Some(
                    status @ (TableStatus::InaccessibleEncryptionCredentials
                    | TableStatus::Archived),
                ) => Err(Error::failed(format!("use table `{}`", self.name))
                    .cause(format!("it is {status}"))
                    .hint("check the KMS key that encrypts the table")),
                _ => Ok(Poll::Pending(status(&table))),
            }
        })
        .await
    }

    async fn until_gone(&self, progress: &Progress) -> Result<()> {
        wait::until(progress, "the table is gone", SETTLING, || async {
            Ok(match self.describe().await? {
                None => Poll::Ready(()),
                Some(table) => Poll::Pending(status(&table)),
            })
        })
        .await
    }

    /// Runs `attempt` again while the table, or all tables together, take no more changes.
    async fn when_free<F: Future<Output = Result<()>>>(
        &self,
        progress: &Progress,
        attempt: impl FnMut() -> F,
    ) -> Result<()> {
        wait::while_refused(progress, "the table can be changed", SETTLING, is_busy, attempt).await
    }

    /// Makes one change, of which a table takes one at a time.
    async fn change(
        &self,
        progress: &Progress,
        change: impl Fn(UpdateTableFluentBuilder) -> UpdateTableFluentBuilder,
    ) -> Result<TableDescription> {
        self.when_free(progress, || async {
            let call = change(self.client.update_table().table_name(&self.name));
            call.send().await.doing(format!("update table `{}`", self.name)).map(|_| ())
        })
        .await?;
        self.until_active(progress).await
    }

    async fn tag(&self, arn: &str, progress: &Progress) -> Result<()> {
        self.when_free(progress, || async {
            let call = self.client.tag_resource().resource_arn(arn);
            let answer = call.set_tags(Some(sdk_tags(&self.tags))).send().await;
            answer.doing(format!("tag table `{}`", self.name)).map(|_| ())
        })
        .await?;
        self.settled_tags(progress).await.map(|_| ())
    }

    /// The table after `create` or `update`.
    fn made(&self, table: &TableDescription, pending: Option<Error>) -> LiveTable {
        let live = LiveTable::of(table, self.wanted.recovery, self.tags.clone());
        LiveTable { ttl: self.wanted.ttl.clone().filter(|_| pending.is_none()), pending, ..live }
    }
}

/// The table, or all tables together, take no change now.
fn is_busy(error: &Error) -> bool {
    error.has_code(&["ResourceInUseException"]) || is_one_too_many_at_once(error)
}

/// Only so many tables of an account may be changing, and one index of a table; the quota of tables has the same code.
fn is_one_too_many_at_once(error: &Error) -> bool {
    error.has_code(&["LimitExceededException"]) && error.says("simultaneous")
}

impl Resource for Table {
    type Live = LiveTable;

    fn kind(&self) -> &'static str {
        "table"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&[
                "dynamodb:DescribeTable",
                "dynamodb:DescribeContinuousBackups",
                "dynamodb:DescribeTimeToLive",
                "dynamodb:ListTagsOfResource",
            ])
            .making(&["dynamodb:CreateTable", "dynamodb:UpdateTable", "dynamodb:TagResource"])
            .making(&["dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTimeToLive"])
            .deleting(&["dynamodb:UpdateTable", "dynamodb:DeleteTable"])
    }

    fn arns(&self) -> Vec<Arn> {
        let identity = self.cloud.known_identity();
        vec![Arn::new("table", identity.arn("dynamodb", &format!("table/{}", self.name)))]
    }

    async fn read(&self, progress: &Progress) -> Result<Option<LiveTable>> {
        let (table, recovery, ttl, tags) =
            tokio::join!(self.describe(), self.recovery(), self.time_to_live(), self.tags());
        // Of a table that is not there, the tags may be denied.
        let Some(table) = table? else {
            return Ok(None);
        };
        let mut tags = tags?;
        let ours =
            |tags: &Option<Tags>| tags.as_ref().is_some_and(|tags| tags::is_ours(&self.tags, tags));
        if is_young(&table) && !ours(&tags) {
            tags = self.settled_tags(progress).await?;
        }
        // One that is deleted at this moment may be seen by the first call and not by the others.
        if tags.is_none() && self.describe().await?.is_none() {
            return Ok(None);
        }
        Ok(Some(LiveTable {
            ttl: ttl?,
            ..LiveTable::of(&table, recovery?, tags.unwrap_or_default())
        }))
    }

    fn is_data(&self) -> bool {
        true
    }

    fn holds(&self, live: &LiveTable) -> Option<Holding> {
        let amount = format!("about {} items", live.items);
        Some(Holding { amount, is_protected: live.protection || self.wanted.protection })
    }

    fn is_ours(&self, live: &LiveTable) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn owner(&self, live: &LiveTable) -> Option<String> {
        tags::other_stack(&self.tags, &live.tags, &self.name)
    }

    fn diff(&self, _: &Inputs, live: &LiveTable) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        let wanted = keys::wanted(&self.wanted.partition, self.wanted.sort.as_ref());
        if live.keys != wanted {
            let place = self.wanted.place();
            let difference = Difference::new("keys", &live.keys, &wanted);
            differences.push(difference.refused(format!(
                "the keys of a table cannot change and its items are kept: set `{place}.partition_key` and `{place}.sort_key` to what is there, or choose another `name` or `--stage`",
            )));
        }
        if live.status != "ACTIVE" && live.status != "UPDATING" {
            differences.push(Difference::new("status", &live.status, "ACTIVE"));
        }
        let billing = |on_demand| {
            if on_demand { "on-demand" } else { "provisioned" }
        };
        differences.extend(Difference::unless_equal(
            "billing",
            &billing(live.on_demand),
            &"on-demand",
        ));
        differences.extend(
            Difference::unless_equal(
                "point_in_time_recovery",
                &live.recovery,
                &self.wanted.recovery,
            )
            .map(|one| if live.recovery { one.losing() } else { one }),
        );
        differences.extend(
            Difference::unless_equal(
                "deletion_protection",
                &live.protection,
                &self.wanted.protection,
            )
            .map(|one| if live.protection { one.losing() } else { one }),
        );
        differences.extend(stream::diff(self, live));
        differences.extend(indexes::diff(self, live));
        differences.extend(time_to_live::diff(self, live.ttl.as_deref()));
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveTable> {
        let schema = keys::schema(&self.wanted.partition, self.wanted.sort.as_ref());
        let attributes = keys::definitions(&[], self.wanted.key_attributes());
        let at_once = "fewer tables are being made";
        let answer =
            wait::while_refused(progress, at_once, SETTLING, is_one_too_many_at_once, || async {
                let call = self
                    .client
                    .create_table()
                    .table_name(&self.name)
                    .set_key_schema(Some(schema.clone()))
                    .set_attribute_definitions(Some(attributes.clone()))
                    .set_global_secondary_indexes(indexes::all(&self.wanted.indexes))
                    .billing_mode(BillingMode::PayPerRequest)
                    .deletion_protection_enabled(self.wanted.protection)
                    .set_stream_specification(stream::wanted(self))
                    .set_tags(Some(sdk_tags(&self.tags)));
                let answer = call.send().await.doing(format!("create table `{}`", self.name));
                answer.exists_if(&["ResourceInUseException"])
            });
        let created = answer.await?.table_description.unwrap_or_else(empty);
        let mut table = match created.table_status() {
            Some(TableStatus::Active) => created,
            _ => self.until_active(progress).await?,
        };
        if !self.wanted.indexes.is_empty() {
            table = self.until_indexed(progress, |_| true).await?;
        }
        // Right after recovery was turned on, this is refused for a while.
        let pending = self.set_time_to_live(None, progress).await?;
        if self.wanted.recovery {
            self.set_recovery(progress).await?;
        }
        Ok(self.made(&table, pending))
    }

    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveTable,
        progress: &Progress,
    ) -> Result<LiveTable> {
        if live.status == "DELETING" {
            self.until_gone(progress).await?;
            return self.create(inputs, progress).await;
        }
        let mut table = self.until_active(progress).await?;
        if !live.on_demand {
            let change =
                |call: UpdateTableFluentBuilder| call.billing_mode(BillingMode::PayPerRequest);
            table = self.change(progress, change).await?;
        }
        if live.protection != self.wanted.protection {
            let change = |call: UpdateTableFluentBuilder| {
                call.deletion_protection_enabled(self.wanted.protection)
            };
            table = self.change(progress, change).await?;
        }
        if stream::diff(self, live).is_some() {
            table = self.add_stream(progress).await?;
        }
        if indexes::diff(self, live).iter().any(Difference::is_to_be_made) {
            table = self.add_indexes(progress).await?;
        }
        let pending = self.set_time_to_live(live.ttl.as_deref(), progress).await?;
        if live.recovery != self.wanted.recovery {
            self.set_recovery(progress).await?;
        }
        if !tags::are_set(&self.tags, &live.tags) {
            self.tag(&live.arn, progress).await?;
        }
        Ok(self.made(&table, pending))
    }

    async fn delete(&self, live: &LiveTable, progress: &Progress) -> Result<()> {
        if live.protection {
            self.when_free(progress, || async {
                let call = self.client.update_table().table_name(&self.name);
                let answer = call.deletion_protection_enabled(false).send().await;
                let doing = format!("lift the deletion protection of table `{}`", self.name);
                answer.doing(doing).absent_if(&ABSENT).map(|_| ())
            })
            .await?;
        }
        self.when_free(progress, || async {
            let answer = self.client.delete_table().table_name(&self.name).send().await;
            answer.doing(format!("delete table `{}`", self.name)).absent_if(&ABSENT).map(|_| ())
        })
        .await
    }

    async fn settle(&self, live: Option<&LiveTable>, progress: &Progress) -> Result<()> {
        match live {
            Some(live) => live.pending.clone().map_or(Ok(()), Err),
            None => self.until_gone(progress).await,
        }
    }
}
