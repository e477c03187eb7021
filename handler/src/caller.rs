//! Who sends a request, and so whose items it is about.
//!
//! Where the API has users, its gateway verifies a token before the function is called and hands its claims on; the user
//! is one of them, and nothing that the request says by itself. Where it has none, the request names a user in `userId`.
//! [`Request::user`] decides between the two, and nothing else makes a [`UserId`].

use std::{borrow::Cow, fmt::Write as _};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::{
    environment,
    query::Query,
    request::Request,
    values::{PARTITION_KEY_BYTES, Refusal},
};

/// The name of the parameter and of the field that say whose an item is.
const USER: &str = "userId";

/// What the gateway says of a verified token: names and, on AWS, texts.
pub type Claims = Map<String, Value>;

/// Whose items: the partition key. Only [`Caller::of`] and [`Request::user`] make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserId(String);

impl UserId {
    fn new(text: impl Into<String>) -> Result<Self, Refusal> {
        let text = text.into();
        match text.len() {
            0 => Err(Refusal::bad_request("Missing userId parameter")),
            1..=PARTITION_KEY_BYTES => Ok(Self(text)),
            _ => Err(Refusal::too_large("userId is longer than 2048 bytes")),
        }
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<UserId> for String {
    fn from(user: UserId) -> Self {
        user.0
    }
}

/// How the function learns whose items a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Users {
    /// The request names a user, and everybody may name anybody.
    Named,
    /// This claim of the verified token is the user.
    Verified(String),
}

impl Users {
    /// What the stack put into `AUTH`: `none`, or `claim:` and the name of the claim. Without the variable it is the
    /// claim `sub`, so that a function that has lost it opens nothing.
    pub fn from_environment() -> Self {
        Self::read(environment::optional("AUTH").as_deref())
    }

    fn read(setting: Option<&str>) -> Self {
        match setting {
            Some("none") => Self::Named,
            setting => {
                let claim = setting.and_then(|setting| setting.strip_prefix("claim:"));
                Self::Verified(claim.filter(|claim| !claim.is_empty()).unwrap_or("sub").to_owned())
            }
        }
    }
}

/// Who sends a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Caller {
    /// The API has no users: the request itself names one.
    #[default]
    Unnamed,
    /// The user whose token the gateway has verified.
    User(UserId),
    /// The API has users, and this is none of them; with the reason, for the log.
    Nobody(Cow<'static, str>),
}

impl Caller {
    /// Who the claims of a request say that it is.
    pub fn of(users: &Users, claims: Option<&Claims>) -> Self {
        let Users::Verified(claim) = users else { return Self::Unnamed };
        let Some(claims) = claims else {
            return Self::Nobody("the event has no claims of a verified token".into());
        };
        // Cognito says what a token is for; an ID token holds what is nobody's business here.
        let purpose = claims.get("token_use").and_then(Value::as_str);
        if purpose.is_some_and(|purpose| purpose != "access") {
            return Self::Nobody("the token is no access token".into());
        }
        let text = claims.get(claim).and_then(Value::as_str).unwrap_or_default();
        match UserId::new(text) {
            Ok(user) => Self::User(user),
            Err(_) => {
                Self::Nobody(format!("the claim `{claim}` is missing, empty or too long").into())
            }
        }
    }

    /// The same text for the same user in every line of the log, from which the user cannot be read.
    pub fn hash(&self) -> Option<String> {
        let Self::User(user) = self else { return None };
        let digest = Sha256::digest(user.as_str());
        let mut text = String::new();
        for byte in &digest[..8] {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Some(text)
    }
}

impl Request {
    /// Whose items the request is about: the verified user, or where the API has no users the one of the query.
    pub fn user(&self) -> Result<UserId, Refusal> {
        match &self.caller {
            Caller::User(user) => Ok(user.clone()),
            Caller::Unnamed => {
                UserId::new(Query::parse(&self.query)?.get(USER)?.unwrap_or_default())
            }
            Caller::Nobody(_) => Err(Refusal::unauthorized()),
        }
    }

    /// Refuses what names a user where the token does: a client that still does so must notice.
    pub(crate) fn check_names_nobody(&self) -> Result<(), Refusal> {
        if self.caller == Caller::Unnamed {
            return Ok(());
        }
        // A broken query is for the route to refuse.
        let in_query = Query::parse(&self.query).is_ok_and(|query| query.has(USER));
        let refused = |place| {
            Refusal::bad_request(format!("{USER} in the {place}: the token names the user"))
        };
        if in_query {
            return Err(refused("query"));
        }
        let body = self.body.bytes().unwrap_or_default();
        let fields = serde_json::from_slice::<Map<String, Value>>(&body);
        match fields {
            Ok(fields) if fields.contains_key(USER) => Err(refused("body")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;
    use crate::request::Body;

    /// A user with a verified token.
    pub(crate) fn user(name: &str) -> UserId {
        UserId::new(name).expect("the name is a valid key")
    }

    fn caller(claims: &Value) -> Caller {
        Caller::of(&Users::Verified("sub".into()), claims.as_object())
    }

    #[test]
    fn only_a_stack_that_says_so_has_no_users() {
        assert_eq!(Users::read(Some("none")), Users::Named);
        for setting in [None, Some("claim:sub"), Some("claim:"), Some("NONE"), Some("open")] {
            assert_eq!(Users::read(setting), Users::Verified("sub".into()), "{setting:?}");
        }
        assert_eq!(Users::read(Some("claim:uid")), Users::Verified("uid".into()));
    }

    #[test]
    fn the_user_is_the_claim_and_without_it_there_is_none() {
        assert_eq!(caller(&json!({"sub": "alice", "aud": "x"})), Caller::User(user("alice")));
        assert_eq!(
            caller(&json!({"sub": "alice", "token_use": "access"})),
            Caller::User(user("alice"))
        );
        for claims in [
            json!(null),
            json!({}),
            json!({"sub": ""}),
            json!({"sub": 1}),
            json!({"sub": null}),
            json!({"sub": ["alice"]}),
            json!({"userId": "alice"}),
            json!({"sub": "u".repeat(2049)}),
            json!({"sub": "alice", "token_use": "id"}),
        ] {
            assert!(matches!(caller(&claims), Caller::Nobody(_)), "{claims}");
        }
        assert_eq!(Caller::of(&Users::Named, json!({"sub": "a"}).as_object()), Caller::Unnamed);
    }

    #[test]
    fn keys_are_taken_up_to_the_last_byte_that_dynamodb_takes() {
        let status =
            |text: String| UserId::new(text).map_or_else(|refusal| refusal.status, |_| 200);
        assert_eq!(status("u".repeat(2048)), 200);
        assert_eq!(status("u".repeat(2049)), 413);
        assert_eq!(status(String::new()), 400);
    }

    #[test]
    fn a_request_of_a_verified_user_names_nobody_in_any_spelling() {
        let refused = |query: &str, body: Body| {
            let caller = Caller::User(user("bob"));
            let request = Request { caller, query: query.into(), body, ..Request::default() };
            assert_eq!(request.user(), Ok(user("bob")));
            request.check_names_nobody().err().map(|refusal| refusal.status)
        };
        let text = |body: &str| Body::Text(body.into());
        for query in ["userId=alice", "userId=", "userId", "%75serId=alice", "userId=a&userId=b"] {
            assert_eq!(refused(query, Body::default()), Some(400), "{query}");
        }
        for body in [
            r#"{"userId":"alice"}"#,
            r#"{"\u0075serId":null}"#,
            r#"{"a":1,"userId":"a","userId":"b"}"#,
        ] {
            assert_eq!(refused("", text(body)), Some(400), "{body}");
        }
        assert_eq!(refused("", Body::Base64("eyJ1c2VySWQiOjF9".into())), Some(400));
        for body in [r#"{"title":"userId"}"#, "", "[\"userId\"]", "{"] {
            assert_eq!(refused("itemId=userId", text(body)), None, "{body}");
        }
    }

    #[test]
    fn a_user_has_one_hash_and_no_other_user_has_it() {
        let hash = |name: &str| Caller::User(user(name)).hash().expect("a user");
        assert_eq!(hash("alice"), hash("alice"));
        assert_ne!(hash("alice"), hash("bob"));
        assert!(!hash("alice").contains("alice") && hash("alice").len() == 16);
        assert_eq!(Caller::Unnamed.hash(), None);
    }

    /// Nothing but this file makes a user: the field and the constructor are its own, and no other file here mentions them.
    #[test]
    fn what_a_route_is_given_is_the_only_way_to_a_user() {
        let files = [
            include_str!("items.rs"),
            include_str!("listing.rs"),
            include_str!("routes.rs"),
            include_str!("query.rs"),
            include_str!("event.rs"),
        ];
        for text in files {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            assert!(!code.contains("\"userId\"") && !code.contains("UserId::"));
        }
    }
}
