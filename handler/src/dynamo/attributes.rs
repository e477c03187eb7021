//! Items and keys as `DynamoDB` writes them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    caller::UserId,
    operations::{PARTITION_KEY, SORT_KEY},
    store::Item,
    values::ItemId,
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

/// The item, unless another program wrote it in a form that has no meaning here: then which one, and why not. Of the
/// user's data, nothing is in the words.
pub(super) fn item_from(attributes: Attributes) -> Result<Item, String> {
    let name = name(&attributes);
    read(attributes).map_err(|why| format!("{name}: {why}"))
}

/// How the log calls an item: by its sort key, where that is an identifier and no text of the user's.
fn name(attributes: &Attributes) -> String {
    let is_plain = |id: &&str| {
        id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let id = attributes.get(SORT_KEY).and_then(|id| id.as_s().ok()).map(String::as_str);
    id.filter(is_plain).map_or("an item".into(), |id| format!("item `{id}`"))
}

fn read(mut attributes: Attributes) -> Result<Item, String> {
    Ok(Item {
        user_id: shown(&mut attributes, PARTITION_KEY)?,
        item_id: shown(&mut attributes, SORT_KEY)?,
        title: shown(&mut attributes, "title")?,
        status: shown(&mut attributes, "status")?,
        created_at: take(&mut attributes, "createdAt").ok_or("`createdAt` is no text")?,
    })
}

/// A text that says something; nothing for an attribute that is missing or of another type.
pub(super) fn take(attributes: &mut Attributes, name: &str) -> Option<String> {
    match attributes.remove(name) {
        Some(AttributeValue::S(text)) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}

/// A text as it is, and a number or a truth value as people write it. No text becomes an empty one.
fn shown(attributes: &mut Attributes, name: &str) -> Result<String, String> {
    let kind = match attributes.remove(name) {
        Some(AttributeValue::S(text)) if !text.trim().is_empty() => return Ok(text),
        Some(AttributeValue::N(digits)) => return Ok(digits),
        Some(AttributeValue::Bool(value)) => return Ok(value.to_string()),
        Some(AttributeValue::S(_)) => "an empty text",
        Some(AttributeValue::Null(_)) => "NULL",
        Some(AttributeValue::M(_)) => "a map",
        Some(AttributeValue::L(_)) => "a list",
        Some(AttributeValue::B(_)) => "binary",
        Some(_) => "a set",
        None => "missing",
    };
    Err(format!("`{name}` is {kind}"))
}
