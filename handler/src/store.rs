//! What the routes need of a store, and what is kept in it.

use std::{future::Future, time::SystemTime};

use serde::Serialize;
use uuid::Uuid;

use crate::{
    caller::UserId,
    operations::{PARTITION_KEY, SORT_KEY},
    time::timestamp,
    values::{ItemId, Refusal, Status, Title, check_item_size},
};

/// Where items are kept. Keys and sizes are as in `DynamoDB`: each user's items are sorted by the bytes of their ids.
pub trait Store: Sync {
    /// The item, if it is there.
    fn get(
        &self,
        user: &UserId,
        item: &ItemId,
    ) -> impl Future<Output = Result<Option<Item>, StoreError>> + Send;

    /// The user's items behind `after`, `limit` of them at most. A page may end before that.
    fn list(
        &self,
        user: &UserId,
        after: Option<&ItemId>,
        limit: Option<u16>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Adds an item; one that is there already is never overwritten.
    fn create(&self, item: &Item) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Changes an item and gives it whole; nothing is created where there is none.
    fn update(
        &self,
        user: &UserId,
        item: &ItemId,
        changes: &Changes,
    ) -> impl Future<Output = Result<Option<Item>, StoreError>> + Send;

    /// Removes the item, if it is there.
    fn delete(
        &self,
        user: &UserId,
        item: &ItemId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// One item of one user, as it is kept and as it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Whose it is.
    pub user_id: String,
    /// Which of the user's it is: `item-` and a UUID of version 7, so that items sort by their age.
    pub item_id: String,
    /// What it is about.
    pub title: String,
    /// How it stands.
    pub status: String,
    /// When it was made: RFC 3339 in UTC, with milliseconds.
    pub created_at: String,
}

impl Item {
    /// A new item, with an id and a time of its own. Refused if `DynamoDB` would refuse it for its size.
    pub fn new(user: UserId, title: Title, status: Status) -> Result<Self, Refusal> {
        let item = Self {
            user_id: user.into(),
            item_id: format!("item-{}", Uuid::now_v7()),
            title: title.into(),
            status: status.into(),
            created_at: timestamp(SystemTime::now()),
        };
        check_item_size(item.size())?;
        Ok(item)
    }

    /// The size as `DynamoDB` counts it: the bytes of the names and of the values.
    pub fn size(&self) -> usize {
        PARTITION_KEY.len()
            + SORT_KEY.len()
            + "titlestatuscreatedAt".len()
            + self.user_id.len()
            + self.item_id.len()
            + self.title.len()
            + self.status.len()
            + self.created_at.len()
    }
}

/// What an update changes: the title, the status or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The new title, if it changes.
    pub(crate) title: Option<Title>,
    /// The new status, if it changes.
    pub(crate) status: Option<Status>,
}

impl Changes {
    /// Refused where nothing would change.
    pub fn new(title: Option<Title>, status: Option<Status>) -> Result<Self, Refusal> {
        if title.is_none() && status.is_none() {
            return Err(Refusal::bad_request("Nothing to change: give title or status"));
        }
        Ok(Self { title, status })
    }

    /// The names of the attributes that change, with what they become.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let title = self.title.as_ref().map(Title::as_str);
        let status = self.status.as_ref().map(Status::as_str);
        let fields = [("title", title), ("status", status)];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}

/// A part of a user's items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The items, sorted by their ids.
    pub items: Vec<Item>,
    /// The id behind which there may be more.
    pub next: Option<String>,
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The item would be over `DynamoDB`'s limit.
    TooLarge,
    /// An item with this id is there already.
    Exists,
    /// The store itself failed. The text is for the log.
    Failed(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::tests::user;

    fn new_item(title: String) -> Result<Item, Refusal> {
        Item::new(user("alice"), Title::new(title)?, Status::default())
    }

    #[test]
    fn a_new_item_is_pending_and_has_an_id_of_its_own() {
        let item = new_item("Tea".into()).expect("the item is small");
        let id = item.item_id.strip_prefix("item-").expect("ids say what they are");
        let id = Uuid::parse_str(id).expect("the rest is a UUID");
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(item.status, "pending");
        assert!(item.item_id < new_item("Tea".into()).expect("the item is small").item_id);
    }

    #[test]
    fn an_item_is_refused_from_the_first_byte_over_the_limit() {
        let rest = new_item("t".into()).expect("the item is small").size() - 1;
        let most = 400 * 1024 - rest;
        assert!(new_item("t".repeat(most)).is_ok());
        assert_eq!(new_item("t".repeat(most + 1)).map_err(|refusal| refusal.status), Err(413));
    }
}
