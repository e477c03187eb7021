//! What a file and its handlers ask for together, and AWS would not take or requests would fail on.

use std::collections::BTreeMap;

use super::targets::route_keys;
use crate::blueprint::{Blueprint, Blueprints, Form};
use crate::cloud::Identity;
use crate::config::Config;
use engine::error::{Error, Result};
use iam::document::MANAGED_POLICY_LIMIT;
use verify::manifest::Manifest;

/// Refuses, before the first call, what AWS would take and requests would fail on, or what IAM would not take.
pub fn check(config: &Config, blueprints: &Blueprints) -> Result<()> {
    let mut takers: BTreeMap<String, String> = BTreeMap::new();
    for config in config.each_function() {
        let blueprint = &blueprints[&config.function().key];
        check_function(&config, blueprint)?;
        let place = config.function().place();
        for key in route_keys(&blueprint.manifest) {
            if let Some(other) = takers.insert(key.clone(), place.clone()) {
                return Err(Error::usage(format!("`{other}` and `{place}` both take `{key}`"))
                    .hint(format!("set `{other}.routes` or `{place}.routes` in `stack.toml`")));
            }
        }
    }
    let api = config.domain.as_ref().and_then(|domain| domain.api.as_ref());
    if let Some(name) = api.filter(|_| takers.is_empty()) {
        return Err(Error::usage(format!("`domain.api` is `{name}`, and there is no API"))
            .cause("no function takes requests")
            .hint("leave `domain.api` out, or give a function routes"));
    }
    Ok(())
}

/// The same for the function that `config` is about.
pub fn check_function(config: &Config, blueprint: &Blueprint) -> Result<()> {
    check_keys(config, &blueprint.manifest)?;
    check_users(config, blueprint)?;
    check_policy(config, blueprint)
}

/// A table with other keys than the handler's answers every request with a failure.
fn check_keys(config: &Config, manifest: &Manifest) -> Result<()> {
    let Some(keys) = &manifest.keys else { return Ok(()) };
    let Some(table) = config.main() else {
        return Err(Error::usage("the handler needs a table, and `stack.toml` has none")
            .hint("add `[table]`, which needs no keys"));
    };
    let sort = table.sort.as_ref().map(ToString::to_string).unwrap_or_default();
    let both = [
        ("partition_key", &table.partition.to_string(), &keys.partition),
        ("sort_key", &sort, &keys.sort),
    ];
    let Some((key, wanted, declared)) = both.into_iter().find(|(_, one, other)| one != other)
    else {
        return Ok(());
    };
    let place = table.place();
    Err(Error::usage(format!("`{place}.{key} = \"{wanted}\"` is not the handler's key"))
        .cause(format!("the handler reads and writes `{declared}`: {}", keys.site))
        .hint(format!("leave `{place}.{key}` out, or change `keys!` in the handler")))
}

/// A handler that takes the user from the request lets everybody who has a token be anybody.
fn check_users(config: &Config, blueprint: &Blueprint) -> Result<()> {
    let takes_tokens = config.auth.is_some() && blueprint.takes_requests();
    if !takes_tokens || blueprint.knows_users || blueprint.form == Form::Audited {
        return Ok(());
    }
    Err(Error::usage("`[auth]` is in `stack.toml`, and the handler does not read who the caller is")
        .cause("no source of it reads `requestContext.authorizer`, so every user would reach what is another's")
        .hint("take `caller.rs` and `event.rs` of a new project (`stackctl init new`), and the user from `request.user()`"))
}

/// The account is not known yet, but every one is as long.
fn check_policy(config: &Config, blueprint: &Blueprint) -> Result<()> {
    let Some(document) = blueprint.policy(config) else { return Ok(()) };
    let longest = Identity {
        account: "000000000000".to_owned(),
        partition: "aws-us-gov".to_owned(),
        region: "ap-northeast-1".to_owned(),
    };
    let length = document(&longest).length();
    if length <= MANAGED_POLICY_LIMIT {
        return Ok(());
    }
    let policy = &config.function().data_policy;
    let message = format!(
        "policy `{policy}` has {length} characters; the limit of IAM is {MANAGED_POLICY_LIMIT}"
    );
    Err(Error::usage(message).hint("declare fewer operations in the handler's `operations!`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::API;
    use crate::config::tests::config;

    #[test]
    fn a_table_with_other_keys_than_the_handlers_is_refused_before_the_first_call() {
        let operations = "operations! { get: GetItem }\n";
        let keys = "keys! { partition: \"userId\", sort: \"itemId\" }";
        let declared = Manifest::from_sources(&[("o.rs", format!("{operations}{keys}"))]);
        let blueprint = |manifest| {
            let blueprint = Blueprint { manifest, ..Blueprint::default() };
            Blueprints::from([(API.to_owned(), blueprint)])
        };
        let declared = blueprint(declared.expect("they are declared"));
        let silent = Manifest::from_sources(&[("o.rs", operations)]).expect("it is declared");
        let silent = blueprint(silent);
        let default = config("name = \"app\"").expect("valid");
        assert_eq!(check(&default, &declared), Ok(()));
        for key in ["partition_key", "sort_key"] {
            let other = config(&format!("name = \"app\"\ntable.{key} = \"ownerId\""));
            let other = other.expect("valid");
            let error = check(&other, &declared).expect_err("requests would fail");
            assert_eq!(
                error.message,
                format!("`table.{key} = \"ownerId\"` is not the handler's key")
            );
            assert!(error.cause.is_some_and(|cause| cause.ends_with(": o.rs:2")));
            // A handler of another kind knows its own keys.
            assert_eq!(check(&other, &silent), Ok(()));
        }
    }

    #[test]
    fn a_request_reaches_one_function() {
        let text = "name = \"app\"\n[function]\nroutes = []\n[functions.admin]\nbin = \"admin\"";
        let config = config(text).expect("valid");
        let routes = |path: &str| {
            let text = format!(
                "operations! {{ get: GetItem }} routes! {{ GET \"{path}\" => a [GetItem] }}"
            );
            let manifest = Manifest::from_sources(&[("routes.rs", text)]).expect("it is valid");
            Blueprint { manifest, ..Blueprint::default() }
        };
        let both = |admin: &str| {
            let blueprints = [("api", routes("/")), ("admin", routes(admin))];
            blueprints.map(|(key, one)| (key.to_owned(), one)).into_iter().collect()
        };
        assert_eq!(check(&config, &both("/admin")), Ok(()));
        let error = check(&config, &both("/")).expect_err("two take it");
        assert_eq!(error.message, "`functions.admin` and `function` both take `GET /`");
    }
}
