//! A store in memory that behaves as `DynamoDB` does, its limits and the end of its pages included: for tests.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    caller::UserId,
    store::{Changes, Item, Page, Store, StoreError},
    values::{ITEM_BYTES, ItemId},
};

/// `DynamoDB` ends a page with the item that brings it to this size.
const PAGE_BYTES: usize = 1024 * 1024;

/// The user and the id of an item; strings are ordered by their bytes, as `DynamoDB` orders keys.
type Key = (String, String);

/// Items in memory, gone with the process.
#[derive(Debug, Default)]
pub struct Memory {
    items: Mutex<BTreeMap<Key, Item>>,
}

impl Memory {
    /// A panic leaves the map whole, for every change of it is a single step.
    fn items(&self) -> MutexGuard<'_, BTreeMap<Key, Item>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    async fn get(&self, user: &UserId, item: &ItemId) -> Result<Option<Item>, StoreError> {
        Ok(self.items().get(&key(user, item)).cloned())
    }

    async fn list(
        &self,
        user: &UserId,
        after: Option<&ItemId>,
        limit: Option<u16>,
    ) -> Result<Page, StoreError> {
        let items = self.items();
        let start = (
            user.as_str().to_owned(),
            after.map_or_else(String::new, |item| item.as_str().to_owned()),
        );
        let following = items
            .range((Bound::Excluded(start), Bound::Unbounded))
            .map(|(_, item)| item)
            .take_while(|item| item.user_id == user.as_str());
        Ok(page(following, limit))
    }

    async fn create(&self, item: &Item) -> Result<(), StoreError> {
        check_size(item)?;
        let key = (item.user_id.clone(), item.item_id.clone());
        let mut items = self.items();
        if items.contains_key(&key) {
            return Err(StoreError::Exists);
        }
        items.insert(key, item.clone());
        Ok(())
    }

    async fn update(
        &self,
        user: &UserId,
        item: &ItemId,
        changes: &Changes,
    ) -> Result<Option<Item>, StoreError> {
        let mut items = self.items();
        let Some(kept) = items.get_mut(&key(user, item)) else {
            return Ok(None);
        };
        let mut updated = kept.clone();
        if let Some(title) = &changes.title {
            updated.title = title.as_str().into();
        }
        if let Some(status) = &changes.status {
            updated.status = status.as_str().into();
        }
        check_size(&updated)?;
        kept.clone_from(&updated);
        Ok(Some(updated))
    }

    async fn delete(&self, user: &UserId, item: &ItemId) -> Result<(), StoreError> {
        self.items().remove(&key(user, item));
        Ok(())
    }
}

fn key(user: &UserId, item: &ItemId) -> Key {
    (user.as_str().into(), item.as_str().into())
}

fn check_size(item: &Item) -> Result<(), StoreError> {
    match item.size() {
        0..=ITEM_BYTES => Ok(()),
        _ => Err(StoreError::TooLarge),
    }
}

/// A page that ends by its limit or its size names its last item, also where nothing follows it.
fn page<'a>(following: impl Iterator<Item = &'a Item>, limit: Option<u16>) -> Page {
    let limit = limit.map_or(usize::MAX, usize::from);
    let mut page = Page::default();
    let mut bytes = 0;
    for item in following {
        bytes += item.size();
        page.items.push(item.clone());
        if page.items.len() == limit || bytes >= PAGE_BYTES {
            page.next = Some(item.item_id.clone());
            break;
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        caller,
        values::{Status, Title},
    };

    fn user() -> UserId {
        caller::tests::user("alice")
    }

    async fn with_items(count: usize, title: &str) -> Memory {
        let memory = Memory::default();
        for _ in 0..count {
            let title = Title::new(title).expect("the title is not blank");
            let item = Item::new(user(), title, Status::default()).expect("the item is small");
            memory.create(&item).await.expect("the item is new");
        }
        memory
    }

    #[tokio::test]
    async fn a_page_that_its_limit_ends_names_its_last_item_even_if_nothing_follows() {
        let memory = with_items(2, "Tea").await;
        let page = memory.list(&user(), None, Some(2)).await.expect("memory does not fail");
        let next = page.next.expect("the limit was reached");
        let next = ItemId::new(next).expect("it is the id of an item");
        let rest = memory.list(&user(), Some(&next), Some(2)).await;
        assert_eq!(rest, Ok(Page::default()));
    }

    #[tokio::test]
    async fn a_page_ends_with_the_item_that_brings_it_to_1_mb() {
        let memory = with_items(4, &"t".repeat(300 * 1024)).await;
        let page = memory.list(&user(), None, None).await.expect("memory does not fail");
        assert_eq!(page.items.len(), 4);
        let memory = with_items(4, &"t".repeat(350 * 1024)).await;
        let page = memory.list(&user(), None, None).await.expect("memory does not fail");
        assert_eq!(page.items.len(), 3);
        assert!(page.next.is_some());
    }

    #[tokio::test]
    async fn an_update_may_not_bring_an_item_over_the_limit() {
        let memory = with_items(1, &"t".repeat(300_000)).await;
        let page = memory.list(&user(), None, None).await.expect("memory does not fail");
        let item = ItemId::new(page.items[0].item_id.clone()).expect("it is the id of an item");
        let status = Status::new("s".repeat(200_000)).expect("it is within the limit by itself");
        let changes = Changes::new(None, Some(status)).expect("something changes");
        let updated = memory.update(&user(), &item, &changes).await;
        assert_eq!(updated, Err(StoreError::TooLarge));
        assert_eq!(memory.get(&user(), &item).await, Ok(Some(page.items[0].clone())));
    }
}
