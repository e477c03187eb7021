//! The functions behind the routes: check what came, ask the store, answer.

use std::collections::BTreeMap;

use crate::{
    caller::UserId,
    listing,
    query::Query,
    request::{Fields, Request},
    response::Response,
    store::{Changes, Item, Store},
    values::{ItemId, Refusal, Status, Title},
};

/// One item where `itemId` is given, and the user's items where it is not.
pub(crate) async fn list_or_get(
    store: &impl Store,
    request: &Request,
) -> Result<Response, Response> {
    let query = Query::parse(&request.query)?;
    let user = request.user()?;
    match query.get("itemId")? {
        Some(item) => get(store, &user, &ItemId::new(item)?).await,
        None => listing::list(store, &user, &query).await,
    }
}

/// A new item. What the server sets (`userId`, `itemId`, `createdAt`) and what it does not know is ignored in the body.
pub(crate) async fn create(store: &impl Store, request: &Request) -> Result<Response, Response> {
    let user = request.user()?;
    let fields = request.body.fields()?;
    let title = Title::new(fields.required_text("title")?)?;
    let status = status(&fields)?.unwrap_or_default();
    let item = Item::new(user, title, status)?;
    store.create(&item).await?;
    Ok(Response::json(201, &item))
}

/// A change of the title, the status or both. The rest of the body is ignored, as in [`create`].
pub(crate) async fn update(store: &impl Store, request: &Request) -> Result<Response, Response> {
    let query = Query::parse(&request.query)?;
    let (user, item) = (request.user()?, query.item()?);
    let fields = request.body.fields()?;
    let title = fields.text("title")?.map(Title::new).transpose()?;
    let changes = Changes::new(title, status(&fields)?)?;
    Ok(found(store.update(&user, &item, &changes).await?))
}

/// The item is gone afterwards, whether or not it was there: the request may be sent again.
pub(crate) async fn remove(store: &impl Store, request: &Request) -> Result<Response, Response> {
    let query = Query::parse(&request.query)?;
    store.delete(&request.user()?, &query.item()?).await?;
    Ok(Response::json(200, &BTreeMap::from([("deleted", true)])))
}

async fn get(store: &impl Store, user: &UserId, item: &ItemId) -> Result<Response, Response> {
    Ok(found(store.get(user, item).await?))
}

fn found(item: Option<Item>) -> Response {
    match item {
        Some(item) => Response::json(200, &item),
        None => Response::error(404, "Item not found"),
    }
}

fn status(fields: &Fields) -> Result<Option<Status>, Refusal> {
    fields.text("status")?.map(Status::new).transpose()
}
