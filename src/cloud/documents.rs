//! Policy documents as IAM gives them back: percent-encoded, and written in its own way.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use iam::change;
use iam::document::{Document, Effect, MANAGED_POLICY_LIMIT, Statement};
use iam::parse::Kind;

/// IAM percent-encodes documents by RFC 3986:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html>
pub fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Whether `text` says what `wanted` says. A text that cannot be read says something else.
pub fn says(text: &str, kind: Kind, wanted: &Document) -> bool {
    Document::parse(kind, text).is_ok_and(|document| document.same_meaning(wanted))
}

/// What a policy shall say while two versions of the code may run: all that `text` allows and all that `wanted` does.
/// `None` when `text` allows that already.
pub fn meanwhile(text: &str, wanted: &Document) -> Option<Document> {
    let Ok(now) = Document::parse(Kind::Identity, text) else {
        return Some(wanted.clone());
    };
    let wanted_text = wanted.to_json();
    if change::gains(&wanted_text, text).is_empty() {
        return Some(wanted.clone());
    }
    if change::gains(text, &wanted_text).is_empty() {
        return None;
    }
    let old = now.statements.into_iter().filter(|statement| statement.effect == Effect::Allow);
    let old = old.map(|statement| Statement { sid: None, ..statement });
    let both = Document::new(wanted.statements.iter().cloned().chain(old).collect());
    Some(if both.length() <= MANAGED_POLICY_LIMIT { both } else { wanted.clone() })
}

/// The document on one line, for people.
pub fn one_line(text: &str) -> String {
    serde_json::from_str::<Value>(text)
        .map_or_else(|_| text.to_owned(), |document| document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowing(actions: &[&str]) -> Document {
        Document::allow_table(actions.iter().copied(), ["arn:aws:dynamodb:r:1:table/t"])
    }

    #[test]
    fn what_only_widens_is_written_as_it_is_wanted() {
        let (now, wanted) =
            (allowing(&["dynamodb:GetItem"]), allowing(&["dynamodb:GetItem", "dynamodb:Query"]));
        assert_eq!(meanwhile(&now.to_json(), &wanted), Some(wanted));
    }

    #[test]
    fn what_only_narrows_is_not_written_yet() {
        let (now, wanted) =
            (allowing(&["dynamodb:GetItem", "dynamodb:Query"]), allowing(&["dynamodb:GetItem"]));
        assert_eq!(meanwhile(&now.to_json(), &wanted), None);
    }

    #[test]
    fn what_does_both_holds_both_and_no_denial() {
        let deny = r#"{"Effect": "Deny", "Action": "dynamodb:Query", "Resource": "*"}"#;
        let now = r#"{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}"#;
        let now = format!(r#"{{"Version": "2012-10-17", "Statement": [{deny}, {now}]}}"#);
        let wanted = allowing(&["dynamodb:Query"]);
        let both = meanwhile(&now, &wanted).expect("it has to be written").to_json();
        assert!(change::gains(&both, &wanted.to_json()).is_empty(), "{both}");
        assert!(both.contains("dynamodb:GetItem") && !both.contains("Deny"), "{both}");
    }

    #[test]
    fn what_cannot_be_read_gives_way_at_once() {
        let wanted = allowing(&["dynamodb:Query"]);
        assert_eq!(meanwhile("{", &wanted), Some(wanted));
    }
}
