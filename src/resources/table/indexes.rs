//! The global secondary indexes of a table. A new table has all of them at once; one that is there takes one change at a
//! time: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html>

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    CreateGlobalSecondaryIndexAction, DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexDescription, GlobalSecondaryIndexUpdate, Projection, ProjectionType,
    TableDescription, TableStatus,
};

use super::live::status;
use super::{LiveTable, Table, is_busy, keys};
use crate::cloud::Doing;
use crate::cloud::wait::{self, Poll};
use crate::config::{self, Index};
use engine::error::{Error, Result};
use engine::{Difference, Progress};

/// Until an index holds every item that a large table has.
const BACKFILLING: Duration = Duration::from_hours(12);

/// Said by DynamoDB when the same change was made a moment ago: by a call whose answer was lost, or by another run.
const DONE_ALREADY: [&str; 2] = ["already exists", "does not exist"];

/// An index as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveIndex {
    /// As `partition + sort`, with their types when these are not strings.
    keys: String,
    projection: String,
    status: String,
}

impl LiveIndex {
    /// Those of a table, by their names.
    pub(super) fn of(table: &TableDescription) -> BTreeMap<String, Self> {
        let one = |index: &GlobalSecondaryIndexDescription| {
            let live = Self {
                keys: keys::found(index.key_schema(), table.attribute_definitions()),
                projection: index.projection().map_or_else(String::new, projected),
                status: index.index_status().map_or("ACTIVE", |status| status.as_str()).to_owned(),
            };
            (index.index_name().unwrap_or_default().to_owned(), live)
        };
        table.global_secondary_indexes().iter().map(one).collect()
    }

    fn is_going(&self) -> bool {
        self.status == "DELETING"
    }

    fn text(&self) -> String {
        format!("{}, {}", self.keys, self.projection)
    }
}

impl LiveTable {
    /// The indexes that the file does not say.
    pub fn indexes_besides(&self, declared: &BTreeMap<String, Index>) -> BTreeSet<String> {
        let more = self.indexes.iter();
        more.filter(|(name, live)| !declared.contains_key(*name) && !live.is_going())
            .map(|(name, _)| name.clone())
            .collect()
    }
}

/// What differs. An index that the file does not say may be somebody's report: it is shown and left.
pub(super) fn diff(table: &Table, live: &LiveTable) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (name, index) in &table.wanted.indexes {
        let (property, wanted) = (format!("index {name}"), text(index));
        differences.extend(match live.indexes.get(name) {
            None => Some(Difference::new(property, "none", wanted)),
            Some(live) if live.is_going() => Some(Difference::new(property, "DELETING", wanted)),
            Some(live) if live.text() != wanted => {
                Some(Difference::new(property, live.text(), wanted).refused(format!(
                    "DynamoDB changes neither keys nor projection of an index: call the new one otherwise than `{}.indexes.{name}`, and delete the old one with `stackctl up --drop-indexes` when no code reads it any more",
                    table.wanted.place()
                )))
            }
            Some(live) => Difference::unless_equal(&property, &live.status.as_str(), &"ACTIVE"),
        });
    }
    let more = live.indexes_besides(&table.wanted.indexes);
    differences.extend(more.iter().map(|name| {
        Difference::new(format!("index {name}"), live.indexes[name].text(), "none")
            .left("`stackctl up --drop-indexes` deletes it")
    }));
    differences
}

/// As DynamoDB takes them with a new table.
pub(super) fn all(indexes: &BTreeMap<String, Index>) -> Option<Vec<GlobalSecondaryIndex>> {
    let one = |(name, index): (&String, &Index)| {
        let built = GlobalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(Some(keys::schema(&index.partition, index.sort.as_ref())))
            .projection(projection(index));
        built.build().expect("all required fields are set")
    };
    (!indexes.is_empty()).then(|| indexes.iter().map(one).collect())
}

impl Table {
    /// Makes every index that is missing, one after another.
    pub(super) async fn add_indexes(&self, progress: &Progress) -> Result<TableDescription> {
        let mut table = self.until_indexed(progress, |_| true).await?;
        for (name, index) in &self.wanted.indexes {
            let is_there = |table: &TableDescription| LiveIndex::of(table).contains_key(name);
            if is_there(&table) {
                continue;
            }
            let schema = keys::schema(&index.partition, index.sort.as_ref());
            let create = CreateGlobalSecondaryIndexAction::builder()
                .index_name(name)
                .set_key_schema(Some(schema))
                .projection(projection(index));
            let create = create.build().expect("all required fields are set");
            let update = GlobalSecondaryIndexUpdate::builder().create(create).build();
            let definitions = keys::definitions(table.attribute_definitions(), index.keys());
            let change = |call: UpdateTableFluentBuilder| {
                call.set_attribute_definitions(Some(definitions.clone()))
                    .global_secondary_index_updates(update.clone())
            };
            table = self.change_index(progress, change, is_there).await?;
        }
        Ok(table)
    }

    /// Deletes indexes that no code reads any more, one after another.
    pub async fn drop_indexes(&self, names: &BTreeSet<String>, progress: &Progress) -> Result<()> {
        let mut table = self.until_indexed(progress, |_| true).await?;
        for name in names {
            let is_gone = |table: &TableDescription| {
                LiveIndex::of(table).get(name).is_none_or(LiveIndex::is_going)
            };
            if is_gone(&table) {
                continue;
            }
            let delete = DeleteGlobalSecondaryIndexAction::builder().index_name(name);
            let delete = delete.build().expect("the only required field is set");
            let update = GlobalSecondaryIndexUpdate::builder().delete(delete).build();
            let change = |call: UpdateTableFluentBuilder| {
                call.global_secondary_index_updates(update.clone())
            };
            table = self.change_index(progress, change, is_gone).await?;
        }
        Ok(())
    }

    /// Makes one change of an index and waits until it is done. A refusal may be that of a second one: the call that
    /// made the first may have lost its answer, so the table is looked at before the change is tried again.
    async fn change_index(
        &self,
        progress: &Progress,
        change: impl Fn(UpdateTableFluentBuilder) -> UpdateTableFluentBuilder,
        is_done: impl Fn(&TableDescription) -> bool,
    ) -> Result<TableDescription> {
        wait::until(progress, "the table accepts a change of an index", BACKFILLING, || async {
            let call = change(self.client.update_table().table_name(&self.name));
            let answer = call.send().await.doing(format!("update table `{}`", self.name));
            let refused = match answer {
                Err(error) if is_busy(&error) => error,
                Err(error) if is_done_already(&error) => return Ok(Poll::Ready(())),
                answer => return answer.map(|_| Poll::Ready(())),
            };
            let table = self.describe().await?;
            Ok(if table.as_ref().is_some_and(&is_done) {
                Poll::Ready(())
            } else {
                Poll::Pending(refused.cause.unwrap_or_default())
            })
        })
        .await?;
        self.until_indexed(progress, is_done).await
    }

    /// The table goes back to `ACTIVE` while an index is still being filled, and takes no further index before that is
    /// done. What was changed a moment ago may not be shown yet: `is_shown` says whether it is.
    pub(super) async fn until_indexed(
        &self,
        progress: &Progress,
        is_shown: impl Fn(&TableDescription) -> bool,
    ) -> Result<TableDescription> {
        wait::until(progress, "every index is active", BACKFILLING, || async {
            let Some(table) = self.describe().await? else {
                return Err(Error::failed(format!("find table `{}`", self.name))
                    .cause("it was deleted meanwhile")
                    .hint("run the same command again"));
            };
            let busy = table.global_secondary_indexes().iter().find_map(busy);
            Ok(match (table.table_status(), busy) {
                (Some(TableStatus::Active), None) if is_shown(&table) => Poll::Ready(table),
                (Some(TableStatus::Active), None) => Poll::Pending("not shown yet".into()),
                (_, Some(busy)) => {
                    let items = table.item_count().unwrap_or_default();
                    Poll::Pending(format!("{busy}, in a table of about {items} items"))
                }
                _ => Poll::Pending(status(&table)),
            })
        })
        .await
    }
}

/// What is still being done with an index.
fn busy(index: &GlobalSecondaryIndexDescription) -> Option<String> {
    let status = index.index_status().map(aws_sdk_dynamodb::types::IndexStatus::as_str);
    let status = status.filter(|status| *status != "ACTIVE")?;
    let filling = if index.backfilling() == Some(true) { " and is being filled" } else { "" };
    Some(format!("{} is {status}{filling}", index.index_name().unwrap_or_default()))
}

fn is_done_already(error: &Error) -> bool {
    error.has_code(&["ValidationException", "ResourceNotFoundException"])
        && DONE_ALREADY.iter().any(|words| error.says(words))
}

fn text(index: &Index) -> String {
    let keys = keys::wanted(&index.partition, index.sort.as_ref());
    format!("{keys}, {}", projected(&projection(index)))
}

fn projection(index: &Index) -> Projection {
    let built = Projection::builder();
    match &index.projection {
        config::Projection::All | config::Projection::Word(config::Word::All) => {
            built.projection_type(ProjectionType::All)
        }
        config::Projection::Word(config::Word::Keys) => {
            built.projection_type(ProjectionType::KeysOnly)
        }
        config::Projection::Attributes(names) => built
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(names.clone())),
    }
    .build()
}

/// In words; the order of attributes means nothing.
fn projected(projection: &Projection) -> String {
    match projection.projection_type() {
        Some(ProjectionType::All) | None => "all attributes".to_owned(),
        Some(ProjectionType::KeysOnly) => "keys alone".to_owned(),
        Some(_) => {
            let names: BTreeSet<&str> =
                projection.non_key_attributes().iter().map(String::as_str).collect();
            format!("keys and {}", names.into_iter().collect::<Vec<_>>().join(", "))
        }
    }
}
