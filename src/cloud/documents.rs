//! Policy documents as IAM gives them back: percent-encoded, and written in its own way.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use iam::document::Document;
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

/// The document on one line, for people.
pub fn one_line(text: &str) -> String {
    serde_json::from_str::<Value>(text)
        .map_or_else(|_| text.to_owned(), |document| document.to_string())
}
