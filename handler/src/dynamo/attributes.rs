//! Items and keys as `DynamoDB` writes them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    operations::{PARTITION_KEY, SORT_KEY},
    store::Item,
    values::{ItemId, UserId},
};

/// An item or a key: its attributes by their names.
pub(super) type Attributes = HashMap<String, AttributeValue>;

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn key(user: &UserId, item: &ItemId) -> Attributes {
    Attributes::from([
        (PARTITION_KEY.into(), text(user.as_str())),
        (SORT_KEY.into(), text(item.as_str())),
    ])
}

pub(super) fn attributes_from(item: &Item) -> Attributes {
    Attributes::from([
        (PARTITION_KEY.into(), text(&item.user_id)),
        (SORT_KEY.into(), text(&item.item_id)),
        ("title".into(), text(&item.title)),
        ("status".into(), text(&item.status)),
        ("createdAt".into(), text(&item.created_at)),
    ])
}

pub(super) fn item_from(mut attributes: Attributes) -> Item {
    Item {
        user_id: take(&mut attributes, PARTITION_KEY),
        item_id: take(&mut attributes, SORT_KEY),
        title: take(&mut attributes, "title"),
        status: take(&mut attributes, "status"),
        created_at: take(&mut attributes, "createdAt"),
    }
}

/// Empty where an attribute is missing: one odd row, written by something else, must not hide a user's whole list.
pub(super) fn take(attributes: &mut Attributes, name: &str) -> String {
    match attributes.remove(name) {
        Some(AttributeValue::S(text)) => text,
        _ => String::new(),
    }
}
