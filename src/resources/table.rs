//! The DynamoDB table: keys, on-demand billing, point-in-time recovery, deletion protection.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, PointInTimeRecoverySpecification,
    PointInTimeRecoveryStatus, ScalarAttributeType, TableDescription, TableStatus, Tag,
};

use crate::cloud::tags::{self, Tags};
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud};
use crate::config::Config;
use crate::engine::{Difference, Inputs, Progress, Resource};
use crate::error::{Doing, Error, Result};

/// Until a table is active, or gone; the SDK's own waiter takes 8 minutes.
const SETTLING: Duration = Duration::from_secs(600);
/// Until a fresh table takes point-in-time recovery.
const BACKUPS: Duration = Duration::from_secs(300);

const ABSENT: [&str; 2] = ["ResourceNotFoundException", "TableNotFoundException"];

pub struct Table {
    cloud: Cloud,
    client: Client,
    name: String,
    /// Partition key and sort key, both strings.
    keys: (String, String),
    recovery: bool,
    protection: bool,
    tags: Tags,
}

/// The table as it is.
#[derive(Debug, Clone)]
pub struct LiveTable {
    pub arn: String,
    pub status: String,
    /// Partition key and sort key, with their types when these are not strings.
    pub keys: (String, String),
    pub on_demand: bool,
    pub recovery: bool,
    pub protection: bool,
    /// As DynamoDB counts them, about every six hours.
    pub items: i64,
    tags: Tags,
}

impl Table {
    pub fn new(cloud: &Cloud, config: &Config) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            name: config.names.table.clone(),
            keys: (config.table.partition_key.clone(), config.table.sort_key.clone()),
            recovery: config.table.point_in_time_recovery,
            protection: config.table.deletion_protection,
            tags: tags::ours(config),
        }
    }

    async fn describe(&self) -> Result<Option<TableDescription>> {
        let answer = self.client.describe_table().table_name(&self.name).send().await;
        let answer = answer.doing(format!("describe table `{}`", self.name)).absent_if(&ABSENT)?;
        Ok(answer.and_then(|answer| answer.table))
    }

    async fn recovery(&self) -> Result<bool> {
        let answer = self.client.describe_continuous_backups().table_name(&self.name).send().await;
        let answer = answer
            .doing(format!("read the backups of table `{}`", self.name))
            .absent_if(&ABSENT)?;
        let status = answer
            .and_then(|answer| answer.continuous_backups_description)
            .and_then(|backups| backups.point_in_time_recovery_description)
            .and_then(|recovery| recovery.point_in_time_recovery_status);
        Ok(status == Some(PointInTimeRecoveryStatus::Enabled))
    }

    async fn tags(&self) -> Result<Tags> {
        let arn = self.cloud.identity().await?.arn("dynamodb", &format!("table/{}", self.name));
        let mut found = Tags::new();
        let mut token = None;
        loop {
            let page = self
                .client
                .list_tags_of_resource()
                .resource_arn(&arn)
                .set_next_token(token)
                .send()
                .await;
            let page =
                page.doing(format!("read the tags of table `{}`", self.name)).absent_if(&ABSENT)?;
            let Some(page) = page else { return Ok(found) };
            found.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
            token = page.next_token;
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    async fn until_active(&self, progress: &Progress) -> Result<TableDescription> {
        wait::until(progress, "the table is active", SETTLING, || async {
            let table = self.describe().await?;
            Ok(match table.as_ref().and_then(|table| table.table_status.as_ref()) {
                Some(TableStatus::Active) => {
                    table.map_or(Poll::Pending("absent".into()), Poll::Ready)
                }
                Some(
                    status @ (TableStatus::InaccessibleEncryptionCredentials
                    | TableStatus::Archived),
                ) => {
                    return Err(Error::failed(format!("use table `{}`", self.name))
                        .cause(format!("it is {status}"))
                        .hint("check the KMS key that encrypts the table"));
                }
                Some(status) => Poll::Pending(status.to_string()),
                None => Poll::Pending("absent".into()),
            })
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

    /// A fresh table refuses this for a while:
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContinuousBackups.html>
    async fn set_recovery(&self, progress: &Progress) -> Result<()> {
        let specification = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(self.recovery)
            .build()
            .expect("the only required field is set");
        let passes = |error: &Error| error.has_code(&["ContinuousBackupsUnavailableException"]);
        wait::while_refused(progress, "the table takes backups", BACKUPS, passes, || async {
            let call = self.client.update_continuous_backups().table_name(&self.name);
            let answer =
                call.point_in_time_recovery_specification(specification.clone()).send().await;
            answer.doing(format!("set point-in-time recovery of table `{}`", self.name)).map(|_| ())
        })
        .await
    }

    fn live(&self, table: &TableDescription, recovery: bool, tags: Tags) -> LiveTable {
        let key = |kind: &KeyType| {
            let name =
                table.key_schema().iter().find(|key| key.key_type() == kind)?.attribute_name();
            let attribute = table
                .attribute_definitions()
                .iter()
                .find(|attribute| attribute.attribute_name() == name)?;
            Some(match attribute.attribute_type() {
                ScalarAttributeType::S => name.to_owned(),
                other => format!("{name} ({other})"),
            })
        };
        LiveTable {
            arn: table.table_arn().unwrap_or_default().to_owned(),
            status: status(table),
            keys: (
                key(&KeyType::Hash).unwrap_or_default(),
                key(&KeyType::Range).unwrap_or_default(),
            ),
            on_demand: table.billing_mode_summary().and_then(|billing| billing.billing_mode())
                == Some(&BillingMode::PayPerRequest),
            recovery,
            protection: table.deletion_protection_enabled().unwrap_or(false),
            items: table.item_count().unwrap_or(0),
            tags,
        }
    }
}

fn status(table: &TableDescription) -> String {
    table.table_status().map_or_else(|| "unknown".to_owned(), ToString::to_string)
}

impl Resource for Table {
    type Live = LiveTable;

    fn kind(&self) -> &'static str {
        "table"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveTable>> {
        let (table, recovery, tags) = tokio::join!(self.describe(), self.recovery(), self.tags());
        match table? {
            Some(table) => Ok(Some(self.live(&table, recovery?, tags?))),
            // Of a table that is not there, the tags are denied to everyone.
            None => Ok(None),
        }
    }

    fn is_ours(&self, live: &LiveTable) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn diff(&self, _: &Inputs, live: &LiveTable) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        let keys = |keys: &(String, String)| format!("{} + {}", keys.0, keys.1);
        if live.keys != self.keys {
            let difference = Difference::new("keys", keys(&live.keys), keys(&self.keys));
            differences.push(difference.refused(
                "the keys of a table cannot change and its items are kept: set `table.partition_key` and `table.sort_key` to what is there, or choose another `name` or `--stage`",
            ));
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
        differences.extend(Difference::unless_equal(
            "point_in_time_recovery",
            &live.recovery,
            &self.recovery,
        ));
        differences.extend(Difference::unless_equal(
            "deletion_protection",
            &live.protection,
            &self.protection,
        ));
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveTable> {
        let key = |name: &str, kind| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind)
                .build()
                .expect("both fields are set")
        };
        let attribute = |name: &str| {
            let builder = AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S);
            builder.build().expect("both fields are set")
        };
        let call = self
            .client
            .create_table()
            .table_name(&self.name)
            .key_schema(key(&self.keys.0, KeyType::Hash))
            .key_schema(key(&self.keys.1, KeyType::Range))
            .attribute_definitions(attribute(&self.keys.0))
            .attribute_definitions(attribute(&self.keys.1))
            .billing_mode(BillingMode::PayPerRequest)
            .deletion_protection_enabled(self.protection)
            .set_tags(Some(sdk_tags(&self.tags)));
        let answer = call.send().await.doing(format!("create table `{}`", self.name));
        let created =
            answer.exists_if(&["ResourceInUseException"])?.table_description.unwrap_or_else(empty);
        let table = match created.table_status() {
            Some(TableStatus::Active) => created,
            _ => self.until_active(progress).await?,
        };
        if self.recovery {
            self.set_recovery(progress).await?;
        }
        Ok(self.live(&table, self.recovery, self.tags.clone()))
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
        let doing = format!("update table `{}`", self.name);
        let mut table = self.until_active(progress).await?;
        if !live.on_demand {
            let call = self
                .client
                .update_table()
                .table_name(&self.name)
                .billing_mode(BillingMode::PayPerRequest);
            call.send().await.doing(&doing)?;
            table = self.until_active(progress).await?;
        }
        if live.protection != self.protection {
            let call = self
                .client
                .update_table()
                .table_name(&self.name)
                .deletion_protection_enabled(self.protection);
            call.send().await.doing(&doing)?;
            table = self.until_active(progress).await?;
        }
        if live.recovery != self.recovery {
            self.set_recovery(progress).await?;
        }
        if !self.is_ours(live) {
            let call = self
                .client
                .tag_resource()
                .resource_arn(&live.arn)
                .set_tags(Some(sdk_tags(&self.tags)));
            call.send().await.doing(format!("tag table `{}`", self.name))?;
        }
        Ok(self.live(&table, self.recovery, self.tags.clone()))
    }

    async fn delete(&self, live: &LiveTable, progress: &Progress) -> Result<()> {
        if live.protection {
            let call = self
                .client
                .update_table()
                .table_name(&self.name)
                .deletion_protection_enabled(false);
            call.send()
                .await
                .doing(format!("lift the deletion protection of table `{}`", self.name))?;
        }
        let busy = |error: &Error| error.has_code(&["ResourceInUseException"]);
        wait::while_refused(progress, "the table can be deleted", SETTLING, busy, || async {
            let answer = self.client.delete_table().table_name(&self.name).send().await;
            answer.doing(format!("delete table `{}`", self.name)).absent_if(&ABSENT).map(|_| ())
        })
        .await?;
        self.until_gone(progress).await
    }
}

fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| {
        Tag::builder().key(key).value(value).build().expect("both fields are set")
    };
    tags.iter().map(tag).collect()
}

fn empty() -> TableDescription {
    TableDescription::builder().build()
}
