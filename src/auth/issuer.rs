//! What an API's gateway asks of an issuer: <https://openid.net/specs/openid-connect-discovery-1_0.html>

use std::collections::BTreeMap;

use serde_json::Value;

use super::jwt::decoded;
use engine::error::{Error, Result};

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const LONGEST: usize = 150_000;

/// The RSA keys of an issuer, by their `kid`: modulus and exponent.
pub type Keys = BTreeMap<String, (Vec<u8>, Vec<u8>)>;

/// Where the keys are, when the discovery document is the one of `issuer`.
pub fn judge_discovery(issuer: &str, text: &str) -> Result<String> {
    let refused = |cause: String| {
        Error::usage(format!("API Gateway would refuse the tokens of `{issuer}`")).cause(cause)
    };
    let Ok(document) = serde_json::from_str::<Value>(text) else {
        return Err(refused("its discovery document is not JSON".into()));
    };
    let own = document["issuer"].as_str().unwrap_or_default();
    if own != issuer {
        return Err(refused(format!("its discovery document names itself `{own}`"))
            .hint(format!("API Gateway compares every byte: write `issuer = \"{own}\"`")));
    }
    match document["jwks_uri"].as_str() {
        Some(keys) if keys.starts_with("https://") => Ok(keys.to_owned()),
        Some(keys) => Err(refused(format!("its keys are at `{keys}`, which is not HTTPS"))),
        None => Err(refused("its discovery document has no `jwks_uri`".into())),
    }
}

/// The keys that API Gateway verifies with.
pub fn judge_keys(issuer: &str, text: &str) -> Result<Keys> {
    let refused = |cause: String| {
        Error::usage(format!("API Gateway would refuse the tokens of `{issuer}`")).cause(cause)
    };
    if text.len() > LONGEST {
        return Err(refused(format!(
            "its keys have {} bytes; the limit of API Gateway is {LONGEST}",
            text.len()
        )));
    }
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let list = document["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    let member = |key: &Value, name: &str| key[name].as_str().map(str::to_owned);
    let usable = list.iter().filter(|key| key["kty"] == "RSA" && key["use"] != "enc");
    let keys: Keys = usable
        .filter_map(|key| {
            let part = |name: &str| decoded(&member(key, name)?);
            Some((member(key, "kid")?, (part("n")?, part("e")?)))
        })
        .collect();
    if !keys.is_empty() {
        return Ok(keys);
    }
    let kinds: Vec<String> = list.iter().filter_map(|key| member(key, "kty")).collect();
    let cause = match kinds.as_slice() {
        [] => "it shows no keys".to_owned(),
        kinds if kinds.iter().any(|kind| kind == "RSA") => {
            "its RSA keys have no `kid`, by which a token names its key".to_owned()
        }
        kinds => format!(
            "its keys are of type {}, and API Gateway verifies RSA signatures only",
            kinds.join(", ")
        ),
    };
    Err(refused(cause).hint(cure(issuer)))
}

/// What to change at the provider.
fn cure(issuer: &str) -> &'static str {
    if issuer.contains("supabase") {
        "in Supabase, create a signing key of type RS256 under Project Settings, JWT Keys, and rotate to it"
    } else if issuer.contains("logto") {
        "in Logto, rotate the signing key to RSA under Tenant settings, Signing keys"
    } else {
        "let your provider sign with RS256"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://a.example/";

    fn discovery(issuer: &str, keys: &str) -> String {
        serde_json::json!({"issuer": issuer, "jwks_uri": keys}).to_string()
    }

    #[test]
    fn an_issuer_that_differs_in_one_byte_is_refused_with_the_right_one() {
        let good = judge_discovery(ISSUER, &discovery(ISSUER, "https://a.example/keys"));
        assert_eq!(good.expect("the same"), "https://a.example/keys");
        for own in ["https://a.example", "https://A.example/", "http://a.example/", ""] {
            let error = judge_discovery(ISSUER, &discovery(own, "https://k")).expect_err(own);
            assert!(error.hint.is_some_and(|hint| hint.contains(&format!("\"{own}\""))), "{own}");
        }
        assert!(judge_discovery(ISSUER, &discovery(ISSUER, "http://a.example/k")).is_err());
        assert!(judge_discovery(ISSUER, "<html>").is_err());
    }

    #[test]
    fn an_issuer_without_rsa_keys_is_refused_with_the_setting_to_change() {
        let key = |kind: &str| format!(r#"{{"kty":"{kind}","kid":"1","n":"AQAB","e":"AQAB"}}"#);
        let keys = |keys: &[String]| format!(r#"{{"keys":[{}]}}"#, keys.join(","));
        let good = judge_keys(ISSUER, &keys(&[key("EC"), key("RSA")])).expect("one is RSA");
        assert_eq!(good["1"].1, [1, 0, 1]);
        let refused = |issuer: &str, text: &str| judge_keys(issuer, text).expect_err("no RSA key");
        let error = refused("https://x.supabase.co/auth/v1", &keys(&[key("EC")]));
        assert!(error.cause.is_some_and(|cause| cause.contains("type EC")));
        assert!(error.hint.is_some_and(|hint| hint.contains("Supabase")));
        let nameless = r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#;
        assert!(refused(ISSUER, nameless).cause.is_some_and(|cause| cause.contains("`kid`")));
        assert!(refused(ISSUER, &" ".repeat(150_001)).cause.is_some());
        assert!(refused(ISSUER, "{}").cause.is_some_and(|cause| cause.contains("no keys")));
    }
}
