//! The store on Lambda: one `DynamoDB` table.

mod attributes;
mod failure;

use std::time::Duration;

use aws_sdk_dynamodb::{
    Config,
    operation::{put_item::PutItemError, update_item::builders::UpdateItemFluentBuilder},
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use self::{
    attributes::{Attributes, attributes_from, item_from, key, take, text},
    failure::{cause, failure},
};
use crate::{
    caller::UserId,
    environment,
    operations::{Operation, Operations, PARTITION_KEY, SORT_KEY},
    store::{Changes, Item, Page, Store, StoreError},
    values::ItemId,
};

/// The items of every user, in one table with the keys that [`operations`](crate::operations) declares.
///
/// Reads are consistent: what a frontend has created is in the list that it asks for next.
#[derive(Debug, Clone)]
pub struct Dynamo {
    operations: Operations,
}

impl Dynamo {
    /// The table, reached as the configuration says.
    pub fn new(config: Config, table: impl Into<String>) -> Self {
        Self { operations: Operations::new(config, table) }
    }

    /// The table and the way to it, from what Lambda puts into the environment.
    pub fn from_environment() -> Result<Self, environment::Missing> {
        let table = environment::required("TABLE_NAME")?;
        Ok(Self::new(environment::configuration()?.build(), table))
    }

    /// Opens the connection, so that no user's request has to: asks for an item that cannot exist, as every id that is
    /// given out begins with `item-`. Not waited for longer than a second; that it failed is not yet a failure.
    pub async fn warm(&self) -> Result<(), String> {
        let call = self.operations.get().key(PARTITION_KEY, text("-")).key(SORT_KEY, text("-"));
        match tokio::time::timeout(Duration::from_secs(1), call.send()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(cause(Operation::GetItem, &error)),
            Err(_) => Err("no answer within a second".into()),
        }
    }
}

impl Store for Dynamo {
    async fn get(&self, user: &UserId, item: &ItemId) -> Result<Option<Item>, StoreError> {
        let call = self.operations.get().set_key(Some(key(user, item)));
        match call.consistent_read(true).send().await {
            Ok(output) => output.item.map(|item| read(Operation::GetItem, item)).transpose(),
            Err(error) => Err(failure(Operation::GetItem, &error)),
        }
    }

    async fn list(
        &self,
        user: &UserId,
        after: Option<&ItemId>,
        limit: Option<u16>,
    ) -> Result<Page, StoreError> {
        let call = self
            .operations
            .list()
            .key_condition_expression("#partition = :user")
            .expression_attribute_names("#partition", PARTITION_KEY)
            .expression_attribute_values(":user", text(user.as_str()))
            .set_exclusive_start_key(after.map(|item| key(user, item)))
            .set_limit(limit.map(i32::from))
            .consistent_read(true);
        match call.send().await {
            Ok(output) => Ok(Page {
                items: output.items.unwrap_or_default().into_iter().filter_map(listed).collect(),
                next: output.last_evaluated_key.and_then(|mut key| take(&mut key, SORT_KEY)),
            }),
            Err(error) => Err(failure(Operation::Query, &error)),
        }
    }

    async fn create(&self, item: &Item) -> Result<(), StoreError> {
        let call = self
            .operations
            .put()
            .set_item(Some(attributes_from(item)))
            .condition_expression("attribute_not_exists(#sort)")
            .expression_attribute_names("#sort", SORT_KEY)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = call.send().await else {
            return Ok(());
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(found)) => match &found.item {
                // The SDK sends a call again whose answer was lost: then what is found is what was written.
                Some(found) if item_from(found.clone()).as_ref() == Ok(item) => Ok(()),
                _ => Err(StoreError::Exists),
            },
            _ => Err(failure(Operation::PutItem, &error)),
        }
    }

    async fn update(
        &self,
        user: &UserId,
        item: &ItemId,
        changes: &Changes,
    ) -> Result<Option<Item>, StoreError> {
        let call = self
            .operations
            .update()
            .set_key(Some(key(user, item)))
            .condition_expression("attribute_exists(#sort)")
            .expression_attribute_names("#sort", SORT_KEY)
            .return_values(ReturnValue::AllNew);
        match changed(call, changes).send().await {
            Ok(output) => {
                output.attributes.map(|item| read(Operation::UpdateItem, item)).transpose()
            }
            Err(error) => match error.as_service_error() {
                Some(refused) if refused.is_conditional_check_failed_exception() => Ok(None),
                _ => Err(failure(Operation::UpdateItem, &error)),
            },
        }
    }

    async fn delete(&self, user: &UserId, item: &ItemId) -> Result<(), StoreError> {
        let call = self.operations.delete().set_key(Some(key(user, item)));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(failure(Operation::DeleteItem, &error)),
        }
    }
}

/// One item that is asked for: an odd one is a failure.
fn read(operation: Operation, attributes: Attributes) -> Result<Item, StoreError> {
    let operation = operation.name();
    item_from(attributes)
        .map_err(|why| StoreError::Failed(format!("{operation}: another program wrote {why}")))
}

/// One of many: an odd one must not hide a user's whole list, and the log says that it is left out.
fn listed(attributes: Attributes) -> Option<Item> {
    item_from(attributes)
        .inspect_err(|why| tracing::error!(cause = why.as_str(), "an item is left out of a list"))
        .ok()
}

fn changed(mut call: UpdateItemFluentBuilder, changes: &Changes) -> UpdateItemFluentBuilder {
    let mut assignments = Vec::new();
    for (name, value) in changes.fields() {
        // `status` is a reserved word of DynamoDB, so that names need placeholders too.
        assignments.push(format!("#{name} = :{name}"));
        call = call
            .expression_attribute_names(format!("#{name}"), name)
            .expression_attribute_values(format!(":{name}"), text(value));
    }
    call.update_expression(format!("SET {}", assignments.join(", ")))
}
