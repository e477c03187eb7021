//! A list of items that fits: into the client's limit, and into the one answer that Lambda lets through.

use serde::Serialize;

use crate::{
    caller::UserId,
    query::Query,
    response::Response,
    store::{Item, Page, Store},
    token,
    values::Limit,
};

/// How much of an answer may be items. Lambda refuses answers over 6 MB, and a page of `DynamoDB`, 1 MB at most, can be
/// seven times as long once its control characters are escaped.
const ANSWER_BYTES: usize = 5_000_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List {
    items: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// The user's items, from the start or from where `nextToken` goes on.
pub(crate) async fn list(
    store: &impl Store,
    user: &UserId,
    query: &Query,
) -> Result<Response, Response> {
    let limit = query.get("limit")?.map(Limit::parse).transpose()?;
    let after = query.get("nextToken")?.map(|token| token::open(user, token)).transpose()?;
    // One more than asked for: if it comes there is more, and no token leads to an empty page.
    let asked = limit.map(|limit| limit.get() + 1);
    let mut page = store.list(user, after.as_ref(), asked).await?;
    cut(&mut page, limit.map_or(usize::MAX, |limit| limit.get().into()));
    let list =
        List { items: page.items, next_token: page.next.map(|item| token::seal(user, &item)) };
    Ok(Response::json(200, &list))
}

/// Keeps what fits; the list goes on behind the last item that is kept.
fn cut(page: &mut Page, most: usize) {
    let mut room = ANSWER_BYTES;
    let fitting = page.items.iter().take(most).take_while(|item| {
        let bytes = bytes_in_answer(item);
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    });
    let fitting = fitting.count();
    if fitting < page.items.len() {
        page.items.truncate(fitting);
        page.next = page.items.last().map(|item| item.item_id.clone());
    }
}

/// The most that an item can take in an answer: its JSON is escaped once more, as a string in the JSON that Lambda gets.
fn bytes_in_answer(item: &Item) -> usize {
    const NAMES_AND_PUNCTUATION: usize = 128;
    let Item { user_id, item_id, title, status, created_at } = item;
    let texts = [user_id, item_id, title, status, created_at];
    let bytes = texts.into_iter().flat_map(|text| text.bytes());
    NAMES_AND_PUNCTUATION + bytes.map(bytes_when_escaped_twice).sum::<usize>()
}

fn bytes_when_escaped_twice(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' => r#"\\\""#.len(),
        0..b' ' => r"\\u0001".len(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(titles: &[&str]) -> Page {
        let item = |(index, title): (usize, &&str)| Item {
            item_id: index.to_string(),
            title: (*title).into(),
            ..Item::default()
        };
        Page {
            items: titles.iter().enumerate().map(item).collect(),
            next: Some("behind the page".into()),
        }
    }

    #[test]
    fn a_page_that_fits_is_left_as_it_is() {
        let mut whole = page(&["a", "b"]);
        cut(&mut whole, 2);
        assert_eq!(whole, page(&["a", "b"]));
    }

    #[test]
    fn a_page_over_the_limit_goes_on_behind_its_last_item() {
        let mut page = page(&["a", "b", "c"]);
        cut(&mut page, 2);
        assert_eq!(page.items.len(), 2);
        assert_eq!(page.next.as_deref(), Some("1"));
    }

    #[test]
    fn the_longest_page_that_dynamodb_gives_fits_into_an_answer_of_lambda() {
        for character in ["\u{1}", "\"", "\\", "\n", "é", "x"] {
            let title = character.repeat(400_000 / character.len());
            let mut page = page(&[&title, &title, &title]);
            cut(&mut page, usize::MAX);
            let answer = Response::json(200, &page.items);
            let bytes = serde_json::to_string(&answer).expect("it is JSON").len();
            assert!(bytes < 6_000_000, "{character:?}: {bytes}");
            assert!(!page.items.is_empty(), "{character:?}");
        }
    }
}
