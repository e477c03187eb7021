//! What one user of an API must not reach, tried with the tokens of two, and which layer refuses it.

use aws_smithy_types::base64;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use super::Places;
use crate::auth::{Keys, Token};
use crate::cloud::{Answered, Request, Session};
use crate::cors::Layer;
use engine::error::Result;

/// The title of what is made here, by which it is found again.
pub const TITLE: &str = "stackctl smoke";

/// One thing that was tried.
#[derive(Debug)]
pub struct Tried {
    pub name: &'static str,
    pub status: u16,
    /// Who answered.
    pub by: Layer,
    /// What should have happened and did not.
    pub wrong: Option<String>,
}

impl Tried {
    /// Whether it was not refused as it should have been.
    pub fn is_open(&self) -> bool {
        self.wrong.is_some()
    }

    pub fn document(&self) -> Value {
        let (by, ok) = (self.by.word(), !self.is_open());
        json!({"attack": self.name, "status": self.status, "by": by, "ok": ok, "why": self.wrong})
    }
}

/// A token that nobody may take, and why.
pub struct Forged {
    pub name: &'static str,
    pub token: String,
}

/// Two users of one API; each has items of their own.
pub struct Users<'a> {
    pub url: &'a str,
    pub alice: &'a str,
    pub bob: &'a str,
    pub places: &'a Places,
}

/// One request of a user.
#[derive(Default)]
struct Ask<'a> {
    method: &'a str,
    query: &'a str,
    body: Option<&'a str>,
    token: Option<&'a str>,
}

impl Users<'_> {
    /// Tries everything; `forged` are tokens that the gateway must refuse.
    pub async fn run(
        &self,
        session: &Session,
        forged: &[Forged],
        note: impl Fn(&str),
    ) -> Result<Vec<Tried>> {
        note("two users");
        let mut made = Vec::new();
        for _ in 0..2 {
            made.push(self.create(session).await?);
        }
        let tried = self.tried(session, &made, forged, note).await;
        for item in &made {
            self.ask(
                session,
                Ask {
                    method: "DELETE",
                    query: &item_query(item),
                    token: Some(self.alice),
                    body: None,
                },
            )
            .await?;
        }
        tried
    }

    async fn tried(
        &self,
        session: &Session,
        made: &[String],
        forged: &[Forged],
        note: impl Fn(&str),
    ) -> Result<Vec<Tried>> {
        let mut tried = self.foreign_items(session, made).await?;
        for (name, token) in [("no token", None), ("a word that is no token", Some("x"))] {
            tried.push(self.refused(session, name, token).await?);
        }
        for Forged { name, token } in forged {
            note(name);
            tried.push(self.refused(session, name, Some(token)).await?);
        }
        Ok(tried)
    }

    /// Bob asks for what is Alice's.
    async fn foreign_items(&self, session: &Session, made: &[String]) -> Result<Vec<Tried>> {
        let item = made.first().map(String::as_str).unwrap_or_default();
        let query = item_query(item);
        let bob = |method, query, body| Ask { method, query, body, token: Some(self.bob) };
        let before = self.of_alice(session, &query).await?;
        let page = self
            .ask(
                session,
                Ask { method: "GET", query: "limit=1", token: Some(self.alice), body: None },
            )
            .await?;
        let next = text(&page, "nextToken");
        let (next, alice) = (format!("limit=1&nextToken={next}"), subject(self.alice));
        let named = format!("userId={}", encoded(&alice));
        let body = json!({"title": TITLE, "userId": alice}).to_string();
        let mut tried = Vec::new();
        for (name, ask, status) in [
            ("another's item, read", bob("GET", &query, None), 404),
            ("another's item, changed", bob("PATCH", &query, Some(r#"{"status":"done"}"#)), 404),
            ("another's item, deleted", bob("DELETE", &query, None), 200),
            ("another's `nextToken`", bob("GET", &next, None), 400),
            ("`userId` of another in the query", bob("GET", &named, None), 400),
            ("`userId` of another in the body", bob("POST", "", Some(&body)), 400),
        ] {
            let answer = self.ask(session, ask).await?;
            tried.push(judged(name, &answer, Layer::Function, status));
        }
        let list = self.ask(session, bob("GET", "", None)).await?;
        let mut listed = judged("the list of another", &list, Layer::Function, 200);
        if made.iter().any(|item| list.body.contains(item.as_str())) {
            listed.wrong = Some("it shows an item of another user".into());
        }
        tried.push(listed);
        if self.of_alice(session, &query).await? != before {
            let deleted = tried.iter_mut().find(|one| one.name == "another's item, deleted");
            if let Some(deleted) = deleted {
                deleted.wrong = Some("the item is not what it was".into());
            }
        }
        Ok(tried)
    }

    async fn of_alice(&self, session: &Session, query: &str) -> Result<String> {
        let ask = Ask { method: "GET", query, token: Some(self.alice), body: None };
        Ok(self.ask(session, ask).await?.body)
    }

    async fn create(&self, session: &Session) -> Result<String> {
        let body = json!({"title": TITLE}).to_string();
        let ask = Ask { method: "POST", body: Some(&body), token: Some(self.alice), query: "" };
        Ok(text(&self.ask(session, ask).await?, "itemId"))
    }

    async fn refused(
        &self,
        session: &Session,
        name: &'static str,
        token: Option<&str>,
    ) -> Result<Tried> {
        let answer = self.ask(session, Ask { method: "GET", token, ..Ask::default() }).await?;
        Ok(judged(name, &answer, Layer::Gateway, 401))
    }

    async fn ask(&self, session: &Session, ask: Ask<'_>) -> Result<Answered> {
        let (path, query) = self.places.target(ask.query);
        let url = format!("{}{path}?{query}", self.url);
        let token = ask.token.map(|token| format!("Bearer {token}"));
        let mut headers: Vec<(&str, &str)> = Vec::new();
        headers.extend(token.as_deref().map(|token| ("authorization", token)));
        headers.extend(ask.body.map(|_| ("content-type", "application/json")));
        let method = self.places.method(ask.method);
        let request = Request { method, url: &url, headers: &headers, body: ask.body };
        session.send(request).await
    }
}

/// Tokens made of one that is good, each wrong in one thing.
pub fn forged(token: &str, another: &str, keys: &Keys) -> Vec<Forged> {
    let (Ok(read), signature) = (Token::read(token), token.rsplit('.').next().unwrap_or_default())
    else {
        return Vec::new();
    };
    let part = |value: &Value| encode(value.to_string().as_bytes());
    let claims = |name: &str, value: Value| {
        let mut claims = Value::Object(read.claims.clone());
        claims[name] = value;
        part(&claims)
    };
    let (header, own) =
        (part(&Value::Object(read.header.clone())), part(&Value::Object(read.claims.clone())));
    let unsigned = part(&json!({"alg": "none", "typ": "JWT"}));
    let kid = read.header("kid").unwrap_or_default();
    let mut all = vec![
        Forged { name: "`alg: none`", token: format!("{unsigned}.{own}.") },
        Forged {
            name: "the name of another, under the old signature",
            token: format!("{header}.{}.{signature}", claims("sub", subject(another).into())),
        },
        Forged {
            name: "a longer life, under the old signature",
            token: format!("{header}.{}.{signature}", claims("exp", json!(4_102_444_800_u64))),
        },
    ];
    if let Some((modulus, _)) = keys.get(kid) {
        let signed = format!("{}.{own}", part(&json!({"alg": "HS256", "typ": "JWT", "kid": kid})));
        let token = format!("{signed}.{}", encode(&hs256(modulus, &signed)));
        all.push(Forged { name: "HS256, signed with the public key", token });
    }
    all
}

/// A token that was good until a second ago, signed with the issuer's own key, as PEM; `None` where that is no such key.
pub fn expired(token: &str, key: &str, now: u64) -> Option<Forged> {
    let text: String = key.lines().filter(|line| !line.starts_with("-----")).collect();
    let pair = RsaKeyPair::from_pkcs8(&base64::decode(text).ok()?).ok()?;
    let read = Token::read(token).ok()?;
    let mut claims = Value::Object(read.claims);
    (claims["exp"], claims["iat"]) = (json!(now - 1), json!(now - 3600));
    let part = |value: &Value| encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&Value::Object(read.header)), part(&claims));
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
    Some(Forged {
        name: "expired a second ago, with a good signature",
        token: format!("{signed}.{}", encode(&signature)),
    })
}

fn hs256(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn encode(bytes: &[u8]) -> String {
    let text = base64::encode(bytes).replace('+', "-").replace('/', "_");
    text.trim_end_matches('=').to_owned()
}

fn judged(name: &'static str, answer: &Answered, by: Layer, status: u16) -> Tried {
    let found = Layer::of(answer);
    let wrong = (found != by || answer.status != status).then(|| {
        format!(
            "expected {status} of the {}, got {} of the {}",
            by.word(),
            answer.status,
            found.word()
        )
    });
    Tried { name, status: answer.status, by: found, wrong }
}

/// The user of a token.
fn subject(token: &str) -> String {
    let claims = Token::read(token).map(|token| token.claims).unwrap_or_default();
    claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn item_query(item: &str) -> String {
    format!("itemId={}", encoded(item))
}

fn text(answer: &Answered, name: &str) -> String {
    let document: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    document[name].as_str().unwrap_or_default().to_owned()
}
