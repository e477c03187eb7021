//! Why a gateway takes a token or not, one check after another, in the order in which API Gateway makes them:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Map, Value};

use super::{Keys, Token};

/// What the gateway was told to take.
pub struct Terms<'a> {
    pub issuer: &'a str,
    pub audience: &'a [String],
    pub scopes: &'a [String],
    /// The claim that is the user.
    pub claim: &'a str,
    pub keys: &'a Keys,
    /// Seconds since 1970.
    pub now: i64,
}

/// One check, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: &'static str,
    /// Why the token is refused, when it is.
    pub refused: Option<String>,
    pub found: String,
}

impl Check {
    fn new(name: &'static str, found: impl Into<String>, refused: Option<String>) -> Self {
        Self { name, refused, found: found.into() }
    }
}

/// Every check; the first that refuses is the gateway's reason.
pub fn explain(token: &Token, terms: &Terms<'_>) -> Vec<Check> {
    let mut checks = signature(token, terms);
    checks.push(issuer(token, terms));
    checks.push(audience(token, terms));
    checks.extend(times(&token.claims, terms.now));
    checks.push(scopes(token, terms));
    checks.push(user(token, terms));
    checks
}

fn signature(token: &Token, terms: &Terms<'_>) -> Vec<Check> {
    let algorithm = token.header("alg").unwrap_or("none");
    let good = ["RS256", "RS384", "RS512"].contains(&algorithm);
    let why =
        || format!("API Gateway verifies RSA signatures only, and the token says {algorithm}");
    let algorithm = Check::new("algorithm", algorithm, (!good).then(why));
    let is_rs256 = algorithm.found == "RS256";
    let kid = token.header("kid").unwrap_or_default();
    let Some((n, e)) = terms.keys.get(kid) else {
        let why = match kid {
            "" => "the token names no key".to_owned(),
            _ => "the issuer shows no RSA key of that name; API Gateway may keep its keys for 2 hours".to_owned(),
        };
        return vec![algorithm, Check::new("key", kid, Some(why))];
    };
    let key = Check::new("key", kid, None);
    if !is_rs256 {
        return vec![algorithm, key];
    }
    let public = RsaPublicKeyComponents { n, e };
    let signed = token.signed.as_bytes();
    let verified = public.verify(&RSA_PKCS1_2048_8192_SHA256, signed, &token.signature);
    let why = verified
        .is_err()
        .then(|| "it was not made with that key, or the token was changed".to_owned());
    let found = if why.is_none() { "made with that key" } else { "another" };
    vec![algorithm, key, Check::new("signature", found, why)]
}

fn issuer(token: &Token, terms: &Terms<'_>) -> Check {
    let found = text(&token.claims, "iss");
    let why = || format!("the API takes `{}`, and every byte counts", terms.issuer);
    let refused = (found != terms.issuer).then(why);
    Check::new("iss", found, refused)
}

/// `client_id` counts where there is no `aud`.
fn audience(token: &Token, terms: &Terms<'_>) -> Check {
    let (name, found) = match token.claims.get("aud") {
        Some(Value::Array(list)) => {
            ("aud", list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        Some(one) => ("aud", one.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>()),
        None => (
            "client_id",
            Some(text(&token.claims, "client_id"))
                .filter(|id| !id.is_empty())
                .into_iter()
                .collect(),
        ),
    };
    let why = || {
        let wanted = terms.audience.join("`, `");
        let hint = if token.claims.contains_key("azp") && name == "client_id" {
            "; `azp` does not count: let your provider set `aud`"
        } else {
            ""
        };
        format!("the API takes `{wanted}`{hint}")
    };
    let fits = found.iter().any(|one| terms.audience.contains(one));
    Check::new(name, found.join(", "), (!fits).then(why))
}

fn times(claims: &Map<String, Value>, now: i64) -> Vec<Check> {
    let mut checks = Vec::new();
    for (name, in_the_past) in [("exp", false), ("nbf", true), ("iat", true)] {
        let Some(value) = claims.get(name) else { continue };
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a date")]
        let time = value.as_f64().map(|time| time as i64);
        let Some(time) = time else {
            checks.push(Check::new(name, value.to_string(), Some("it is no number".into())));
            continue;
        };
        let why = match (in_the_past, time - now) {
            (false, left) if left <= 0 => Some(format!("it expired {} s ago", -left)),
            (true, ahead) if ahead > 0 => {
                Some(format!("it is {ahead} s ahead of this computer's clock"))
            }
            _ => None,
        };
        checks.push(Check::new(name, time.to_string(), why));
    }
    checks
}

fn scopes(token: &Token, terms: &Terms<'_>) -> Check {
    let found = match token.claims.get("scope").or_else(|| token.claims.get("scp")) {
        Some(Value::String(text)) => text.split(' ').map(str::to_owned).collect(),
        Some(Value::Array(list)) => {
            list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    let fits = terms.scopes.is_empty() || found.iter().any(|one| terms.scopes.contains(one));
    let why = || {
        format!(
            "the API takes tokens with one of `{}`, and answers 403 to others",
            terms.scopes.join("`, `")
        )
    };
    Check::new("scope", found.join(" "), (!fits).then(why))
}

/// What the handler asks after the gateway.
fn user(token: &Token, terms: &Terms<'_>) -> Check {
    let found = text(&token.claims, terms.claim);
    let purpose = text(&token.claims, "token_use");
    let why = if found.is_empty() {
        Some(format!("the function finds no user: the token has no text `{}`", terms.claim))
    } else if !["", "access"].contains(&purpose.as_str()) {
        Some(format!("the function takes access tokens, and this one is for `{purpose}`"))
    } else {
        None
    };
    Check::new("user", found, why)
}

fn text(claims: &Map<String, Value>, name: &str) -> String {
    claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(header: &Value, claims: &Value) -> Token {
        let object = |value: &Value| value.as_object().expect("an object").clone();
        Token {
            header: object(header),
            claims: object(claims),
            signed: String::new(),
            signature: Vec::new(),
        }
    }

    /// The checks that refuse, of a token that is not signed.
    fn refused(header: &Value, claims: &Value) -> Vec<&'static str> {
        let keys = Keys::from([("k1".to_owned(), (vec![1; 256], vec![1, 0, 1]))]);
        let audience = ["api".to_owned()];
        let terms = Terms {
            issuer: "https://a.example/",
            audience: &audience,
            scopes: &["read".to_owned()],
            claim: "sub",
            keys: &keys,
            now: 1000,
        };
        let checks = explain(&token(header, claims), &terms).into_iter();
        checks.filter(|check| check.refused.is_some()).map(|check| check.name).collect()
    }

    fn claims(change: &Value) -> Value {
        let mut claims = json!({
            "iss": "https://a.example/", "aud": "api", "exp": 2000, "iat": 500, "scope": "read write", "sub": "u",
        });
        for (name, value) in change.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        claims.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        claims
    }

    #[test]
    fn each_check_of_the_gateway_has_its_own_words() {
        // RS384 is verified by nobody here: what it says is all that there is.
        let header = json!({"alg": "RS384", "kid": "k1"});
        for (change, names) in [
            (json!({}), &[][..]),
            (json!({"iss": "https://a.example"}), &["iss"]),
            (json!({"aud": "other"}), &["aud"]),
            (json!({"aud": ["other", "api"]}), &[]),
            (json!({"aud": null, "client_id": "api"}), &[]),
            (json!({"aud": "other", "client_id": "api"}), &["aud"]),
            (json!({"aud": null, "azp": "api"}), &["client_id"]),
            (json!({"exp": 1000}), &["exp"]),
            (json!({"exp": "soon"}), &["exp"]),
            (json!({"nbf": 1001}), &["nbf"]),
            (json!({"iat": 1001}), &["iat"]),
            (json!({"scope": "write"}), &["scope"]),
            (json!({"scope": null, "scp": ["read"]}), &[]),
            (json!({"sub": ""}), &["user"]),
            (json!({"token_use": "id"}), &["user"]),
        ] {
            assert_eq!(refused(&header, &claims(&change)), names, "{change}");
        }
    }

    #[test]
    fn a_signature_that_api_gateway_does_not_verify_is_named() {
        let good = claims(&json!({}));
        for (header, names) in [
            (json!({"alg": "none"}), &["algorithm", "key"][..]),
            (json!({"alg": "HS256", "kid": "k1"}), &["algorithm"]),
            (json!({"alg": "ES256", "kid": "k1"}), &["algorithm"]),
            (json!({"alg": "RS256", "kid": "k2"}), &["key"]),
            (json!({"alg": "RS256", "kid": "k1"}), &["signature"]),
        ] {
            assert_eq!(refused(&header, &good), names, "{header}");
        }
    }

    #[test]
    fn a_text_that_is_no_token_is_named() {
        for (text, part) in [
            ("opaque", "opaque"),
            ("a.b.c.d.e", "encrypted"),
            ("a.b", "three parts"),
            ("e30.!.e30", "claims"),
            ("W10.e30.e30", "header"),
        ] {
            let told = Token::read(text).err().expect("no token");
            assert!(told.contains(part), "{text}: {told}");
        }
        assert!(Token::read("Bearer e30.e30.").is_ok());
    }
}
