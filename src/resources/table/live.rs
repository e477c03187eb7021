//! The table as DynamoDB describes it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::{
    BillingMode, ContinuousBackupsDescription, PointInTimeRecoveryStatus, TableDescription, Tag,
};

use super::indexes::LiveIndex;
use super::keys;
use crate::cloud::tags::Tags;
use engine::error::Error;

/// Younger tables may have tags that are not seen yet.
const YOUNG: Duration = Duration::from_mins(1);

/// The table as it is.
#[derive(Debug, Clone)]
pub struct LiveTable {
    pub arn: String,
    pub status: String,
    /// As `partition + sort`, with their types when these are not strings.
    pub keys: String,
    pub on_demand: bool,
    pub recovery: bool,
    pub protection: bool,
    pub indexes: BTreeMap<String, LiveIndex>,
    /// The ARN of the stream of its changes, while it has one.
    pub stream: Option<String>,
    /// The attribute by which items expire.
    pub ttl: Option<String>,
    /// As DynamoDB counts them, about every six hours.
    pub items: i64,
    pub(super) tags: Tags,
    /// What DynamoDB takes only later, with its refusal.
    pub(super) pending: Option<Error>,
}

impl LiveTable {
    pub(super) fn of(table: &TableDescription, recovery: bool, tags: Tags) -> Self {
        Self {
            arn: table.table_arn().unwrap_or_default().to_owned(),
            status: status(table),
            keys: keys::found(table.key_schema(), table.attribute_definitions()),
            on_demand: table.billing_mode_summary().and_then(|billing| billing.billing_mode())
                == Some(&BillingMode::PayPerRequest),
            recovery,
            protection: table.deletion_protection_enabled().unwrap_or(false),
            items: table.item_count().unwrap_or(0),
            indexes: LiveIndex::of(table),
            stream: table
                .stream_specification()
                .filter(|stream| stream.stream_enabled())
                .and_then(|_| table.latest_stream_arn())
                .map(str::to_owned),
            ttl: None,
            tags,
            pending: None,
        }
    }
}

pub(super) fn status(table: &TableDescription) -> String {
    table.table_status().map_or_else(|| "unknown".to_owned(), ToString::to_string)
}

/// Whether the table was made so lately that its tags may not be seen yet.
pub(super) fn is_young(table: &TableDescription) -> bool {
    let made = table.creation_date_time().and_then(|date| SystemTime::try_from(*date).ok());
    // A clock that is behind AWS's own sees a table of the future.
    made.is_some_and(|made| made.elapsed().is_ok_and(|age| age < YOUNG))
}

pub(super) fn is_enabled(backups: Option<ContinuousBackupsDescription>) -> bool {
    let status = backups
        .and_then(|backups| backups.point_in_time_recovery_description)
        .and_then(|recovery| recovery.point_in_time_recovery_status);
    status == Some(PointInTimeRecoveryStatus::Enabled)
}

pub(super) fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| {
        Tag::builder().key(key).value(value).build().expect("both fields are set")
    };
    tags.iter().map(tag).collect()
}

pub(super) fn empty() -> TableDescription {
    TableDescription::builder().build()
}
