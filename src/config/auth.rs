//! `[auth]`: whose tokens the API takes. Without it the API is open to everybody.

use serde::Deserialize;

use super::Cors;
use engine::error::{Error, Result};

/// The variable that tells the handler how it learns who its caller is.
pub const VARIABLE: &str = "AUTH";

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const MOST_AUDIENCES: usize = 50;
const MOST_SCOPES: usize = 10;

/// Chromium remembers a preflight no longer. With a token, each call of a page has one.
const MAX_AGE: i32 = 7200;

/// Answer headers by which a client tells who refused it, and why.
const EXPOSED: [&str; 3] = ["www-authenticate", "apigw-requestid", "x-function-version"];

/// `[auth]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthKeys {
    pub issuer: String,
    pub audience: Vec<String>,
    pub claim: String,
    pub scopes: Vec<String>,
}

impl Default for AuthKeys {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            audience: Vec::new(),
            claim: "sub".into(),
            scopes: Vec::new(),
        }
    }
}

/// Whose tokens the API takes, and what of them it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    pub issuer: Issuer,
    /// The claim that is the user.
    pub claim: String,
    /// A token has at least one of these, where there are some.
    pub scopes: Vec<String>,
}

/// Who signs the tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuer {
    /// Exactly as its discovery document writes it, and for whom its tokens are.
    Given { url: String, audience: Vec<String> },
    /// A user pool of the stack's own.
    Pool(Pool),
}

/// A Cognito user pool with one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    pub name: String,
    /// Where its login page may lead back to.
    pub callbacks: Vec<String>,
    /// Where a page may lead after its user has signed out.
    pub logouts: Vec<String>,
    /// Those who are there from the start.
    pub users: Vec<String>,
}

impl Auth {
    pub(super) fn of(keys: AuthKeys) -> Result<Self> {
        issuer(&keys.issuer)?;
        texts("auth.audience", &keys.audience, MOST_AUDIENCES)?;
        texts("auth.scopes", &keys.scopes, MOST_SCOPES)?;
        if keys.audience.is_empty() {
            return Err(Error::usage("`auth.audience` is missing").hint(
                "name for whom the tokens are, as your provider calls this API: `audience = [\"https://api.example.com\"]`",
            ));
        }
        if keys.claim.is_empty() || keys.claim.contains(char::is_whitespace) {
            return Err(Error::usage(format!("`auth.claim = \"{}\"` is not a claim", keys.claim))
                .hint("name the claim that is the user, such as `sub`"));
        }
        let issuer = Issuer::Given { url: keys.issuer, audience: keys.audience };
        Ok(Self { issuer, claim: keys.claim, scopes: keys.scopes })
    }

    /// The same on the local cloud: a pool there issues the tokens, whichever issuer does on AWS. Its tokens have no scopes and
    /// no claims of another provider.
    #[must_use]
    pub fn locally(pool: String, cors: &Cors) -> Self {
        let origins = || cors.allow_origins.iter().filter(|origin| *origin != "*");
        let pool = Pool {
            name: pool,
            callbacks: origins().map(|origin| format!("{origin}/callback")).collect(),
            logouts: origins().map(|origin| format!("{origin}/")).collect(),
            users: ["alice", "bob"].map(str::to_owned).into(),
        };
        Self { issuer: Issuer::Pool(pool), claim: "sub".into(), scopes: Vec::new() }
    }

    /// The value of [`VARIABLE`].
    pub fn setting(&self) -> String {
        format!("claim:{}", self.claim)
    }
}

/// The value of [`VARIABLE`] where the API is open.
pub const OPEN: &str = "none";

/// What pages need besides, so that they can send a token and see why it was refused.
pub(super) fn allow_tokens(cors: &mut Cors) -> Result<()> {
    let default = Cors::default();
    let names = |list: &[String], name: &str| list.iter().any(|one| one.eq_ignore_ascii_case(name));
    if cors.allow_headers == default.allow_headers {
        cors.allow_headers.push("authorization".into());
    } else if !names(&cors.allow_headers, "authorization") && !cors.allow_origins.is_empty() {
        return Err(Error::usage(
            "`api.cors.allow_headers` does not name `authorization`, and with `[auth]` every page sends it",
        )
        .hint("add `\"authorization\"` to the list: to a browser, `*` does not cover it"));
    }
    for name in EXPOSED {
        if !names(&cors.expose_headers, name) && !names(&cors.expose_headers, "*") {
            cors.expose_headers.push(name.into());
        }
    }
    if cors.max_age == default.max_age {
        cors.max_age = MAX_AGE;
    }
    Ok(())
}

/// API Gateway takes issuers over HTTPS alone:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>
fn issuer(url: &str) -> Result<()> {
    let hint = "copy `issuer` from the provider's `/.well-known/openid-configuration`, with or without the slash at its end";
    if url.is_empty() {
        return Err(Error::usage("`auth.issuer` is missing").hint(hint));
    }
    let host = url.strip_prefix("https://").and_then(|rest| rest.split('/').next());
    let good = host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
        && !url.contains(['?', '#', '*'])
        && !url.contains(char::is_whitespace)
        && !url.ends_with("/.well-known/openid-configuration");
    if good {
        return Ok(());
    }
    Err(Error::usage(format!("`auth.issuer = \"{url}\"` is not an issuer that API Gateway takes"))
        .cause("an issuer begins with `https://` and has no query")
        .hint(hint))
}

fn texts(place: &str, list: &[String], most: usize) -> Result<()> {
    if list.len() > most {
        return Err(Error::usage(format!(
            "`{place}` has {} members; the limit of API Gateway is {most}",
            list.len()
        )));
    }
    match list.iter().find(|text| text.is_empty() || text.contains(char::is_whitespace)) {
        Some(text) => Err(Error::usage(format!("`{place}` holds \"{text}\""))
            .hint("a member has at least one character, and no spaces")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    fn with(auth: &str) -> Result<crate::config::Config> {
        config(&format!("name = \"app\"\n[auth]\n{auth}"))
    }

    const GOOD: &str = "issuer = \"https://a.example/\"\naudience = [\"api\"]";

    #[test]
    fn an_issuer_is_kept_to_the_byte() {
        let auth = with(GOOD).expect("valid").auth.expect("there is one");
        let Issuer::Given { url, audience } = &auth.issuer else { panic!("{auth:?}") };
        assert_eq!(
            (url.as_str(), audience.as_slice()),
            ("https://a.example/", &["api".into()][..])
        );
        assert_eq!((auth.claim.as_str(), auth.setting().as_str()), ("sub", "claim:sub"));
        assert_eq!(config("name = \"app\"").expect("valid").auth, None);
    }

    #[test]
    fn what_api_gateway_would_refuse_is_refused() {
        for (auth, part) in [
            ("", "`auth.issuer` is missing"),
            ("audience = [\"api\"]", "`auth.issuer` is missing"),
            ("issuer = \"https://a.example\"", "`auth.audience` is missing"),
            ("issuer = \"http://a.example\"\naudience = [\"api\"]", "is not an issuer"),
            ("issuer = \"https://\"\naudience = [\"api\"]", "is not an issuer"),
            ("issuer = \"https://u@a.example\"\naudience = [\"api\"]", "is not an issuer"),
            (
                "issuer = \"https://a.example/.well-known/openid-configuration\"\naudience = [\"api\"]",
                "is not an issuer",
            ),
            ("issuer = \"https://a.example\"\naudience = [\"\"]", "`auth.audience` holds"),
            (&format!("{GOOD}\nscopes = [\"a b\"]"), "`auth.scopes` holds"),
            (&format!("{GOOD}\nclaim = \"\""), "is not a claim"),
        ] {
            let message = with(auth).expect_err(auth).message;
            assert!(message.contains(part), "{auth}: {message}");
        }
        let many: Vec<String> = (0..11).map(|number| format!("\"s{number}\"")).collect();
        assert!(with(&format!("{GOOD}\nscopes = [{}]", many.join(","))).is_err());
    }

    #[test]
    fn pages_may_send_a_token_and_see_who_refused_it() {
        let cors = with(GOOD).expect("valid").cors;
        assert_eq!(cors.allow_headers, ["content-type", "authorization"]);
        assert_eq!(cors.expose_headers, EXPOSED);
        assert_eq!(cors.max_age, MAX_AGE);
        let headers = |list: &str| with(&format!("{GOOD}\n[api.cors]\nallow_headers = [{list}]"));
        assert!(headers("\"*\"").is_err(), "browsers do not take it for `authorization`");
        assert!(headers("\"x-a\"").is_err());
        assert!(headers("\"x-a\", \"Authorization\"").is_ok());
    }
}
