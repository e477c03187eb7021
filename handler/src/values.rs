//! What clients send, valid by construction: a value of these types is within `DynamoDB`'s limits before any call is made.

use std::borrow::Cow;

/// The longest partition key that `DynamoDB` takes, in bytes of UTF-8.
pub const PARTITION_KEY_BYTES: usize = 2048;
/// The longest sort key that `DynamoDB` takes, in bytes of UTF-8.
pub const SORT_KEY_BYTES: usize = 1024;
/// The largest item that `DynamoDB` takes, names of attributes included, in bytes of UTF-8.
pub const ITEM_BYTES: usize = 400 * 1024;

/// Why a request cannot be served as it stands: the client's to mend, and said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer: 400, 401 without a user, or 413 for size.
    pub status: u16,
    /// What the client is told.
    pub error: Cow<'static, str>,
}

impl Refusal {
    /// The request is wrong: 400.
    pub fn bad_request(error: impl Into<Cow<'static, str>>) -> Self {
        Self { status: 400, error: error.into() }
    }

    /// No user is known, and one is needed: 401.
    pub fn unauthorized() -> Self {
        Self { status: 401, error: "Unauthorized".into() }
    }

    /// Something in the request is larger than `DynamoDB` takes: 413.
    pub fn too_large(error: impl Into<Cow<'static, str>>) -> Self {
        Self { status: 413, error: error.into() }
    }
}

macro_rules! checked_text {
    ($($(#[$documentation:meta])* $name:ident = $check:path;)+) => {$(
        $(#[$documentation])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Takes the text if it is valid.
            pub fn new(text: impl Into<String>) -> Result<Self, Refusal> {
                let text = text.into();
                $check(&text)?;
                Ok(Self(text))
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    )+};
}

checked_text! {
    /// Which item of the user: the sort key.
    ItemId = check_item_id;
    /// What the item is about; never blank.
    Title = check_title;
    /// How the item stands; any text but a blank one.
    Status = check_status;
}

impl Default for Status {
    fn default() -> Self {
        Self("pending".into())
    }
}

/// How many items of a list the client wants at most: 1 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    /// Reads the query parameter: digits alone, no sign and no space.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number @ 1..=1000) if digits => Ok(Self(number)),
            _ => Err(Refusal::bad_request("limit must be a whole number from 1 to 1000")),
        }
    }

    /// The number itself.
    pub fn get(self) -> u16 {
        self.0
    }
}

fn check_item_id(text: &str) -> Result<(), Refusal> {
    match text.len() {
        0 => Err(Refusal::bad_request("Missing itemId parameter")),
        1..=SORT_KEY_BYTES => Ok(()),
        _ => Err(Refusal::too_large("itemId is longer than 1024 bytes")),
    }
}

fn check_title(text: &str) -> Result<(), Refusal> {
    match text.trim() {
        "" => Err(Refusal::bad_request("Missing title in request body")),
        _ => check_item_size(text.len()),
    }
}

fn check_status(text: &str) -> Result<(), Refusal> {
    match text.trim() {
        "" => Err(Refusal::bad_request("status must not be blank")),
        _ => check_item_size(text.len()),
    }
}

/// Refuses an item, or a part of one, that `DynamoDB` would refuse for its size.
pub(crate) fn check_item_size(bytes: usize) -> Result<(), Refusal> {
    match bytes {
        0..=ITEM_BYTES => Ok(()),
        _ => Err(Refusal::too_large("Item is larger than 400 KB")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of<T>(result: Result<T, Refusal>) -> u16 {
        result.map_or_else(|refusal| refusal.status, |_| 200)
    }

    #[test]
    fn keys_are_taken_up_to_the_last_byte_that_dynamodb_takes() {
        assert_eq!(status_of(ItemId::new("i".repeat(1024))), 200);
        assert_eq!(status_of(ItemId::new("i".repeat(1025))), 413);
        assert_eq!(status_of(ItemId::new("é".repeat(513))), 413);
    }

    #[test]
    fn blank_text_is_refused() {
        assert_eq!(status_of(ItemId::new("")), 400);
        assert_eq!(status_of(Title::new(" \t\u{a0}")), 400);
        assert_eq!(status_of(Status::new("\n")), 400);
    }

    #[test]
    fn a_limit_is_a_plain_number_from_1_to_1000() {
        for text in ["1", "10", "1000", "007"] {
            assert_eq!(status_of(Limit::parse(text)), 200, "{text}");
        }
        for text in ["", "0", "1001", "-1", "+5", " 5", "1.0", "1e3", "٣", "99999999999999999999"]
        {
            assert_eq!(status_of(Limit::parse(text)), 400, "{text}");
        }
    }
}
