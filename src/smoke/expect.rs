//! What each request of the loop has to be answered with.

use serde_json::Value;

use super::Stage;
use crate::cloud::Answered;

/// The body of the answer; what was expected, when it is another.
pub(super) fn expected(
    stage: Stage,
    answer: &Answered,
    item: Option<&str>,
) -> Result<Value, String> {
    let status = match stage {
        Stage::Create => 201,
        Stage::Gone => 404,
        _ => 200,
    };
    if answer.status != status {
        return Err(format!("status {status}"));
    }
    let body: Value =
        serde_json::from_str(&answer.body).map_err(|_| "a JSON document".to_owned())?;
    let is_the_item = |found: &Value| found["itemId"].as_str() == item;
    let items = || body["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (good, what) = match stage {
        Stage::First => (body["items"].is_array(), "`items`, a list"),
        Stage::Create => (body["itemId"].is_string(), "an item with an `itemId`"),
        Stage::List => (items().iter().any(is_the_item), "the new item in `items`"),
        Stage::Read => (is_the_item(&body), "the new item"),
        Stage::Update => (is_the_item(&body) && body["status"] == "done", "the item, done"),
        Stage::Delete => (body["deleted"] == true, "`\"deleted\": true`"),
        Stage::Gone | Stage::Preflight => (true, ""),
    };
    if good { Ok(body) } else { Err(what.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(stage: Stage, status: u16, body: &str) -> Result<Value, String> {
        let answer = Answered { status, headers: Vec::new(), body: body.into() };
        expected(stage, &answer, Some("item-1"))
    }

    #[test]
    fn the_answers_of_the_handler_are_as_expected() {
        let good = [
            (Stage::First, 200, r#"{"items":[]}"#),
            (Stage::Create, 201, r#"{"itemId":"item-1","title":"x"}"#),
            (Stage::List, 200, r#"{"items":[{"itemId":"item-0"},{"itemId":"item-1"}]}"#),
            (Stage::Read, 200, r#"{"itemId":"item-1"}"#),
            (Stage::Update, 200, r#"{"itemId":"item-1","status":"done"}"#),
            (Stage::Delete, 200, r#"{"deleted":true}"#),
            (Stage::Gone, 404, r#"{"error":"Item not found"}"#),
        ];
        for (stage, status, body) in good {
            assert!(judge(stage, status, body).is_ok(), "{stage:?}");
        }
    }

    #[test]
    fn anything_else_is_told_with_what_was_expected() {
        assert_eq!(judge(Stage::Create, 500, "{}"), Err("status 201".into()));
        assert_eq!(judge(Stage::List, 200, "<html>"), Err("a JSON document".into()));
        assert_eq!(
            judge(Stage::List, 200, r#"{"items":[]}"#),
            Err("the new item in `items`".into())
        );
        assert!(judge(Stage::Update, 200, r#"{"itemId":"item-1","status":"pending"}"#).is_err());
    }
}
