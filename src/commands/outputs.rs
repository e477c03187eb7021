//! What a stack gives to the outside: URL, names and ARNs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cloud::{Cloud, Identity};
use crate::config::{Config, Issuer};
use crate::env_file::SignIn;
use crate::resources::{LiveApi, LiveFunction, LiveRelease, LiveUserPool};
use crate::stack::{Parts, Stack};
use engine::{Action, Handle, Id, Outcome, Phases, Reading, Resource};

/// What is said of an API without users.
pub const PUBLIC: &str =
    "PUBLIC: everybody may call this API; with `[auth]` in `stack.toml`, callers need a token";

/// What a page needs to sign a user in, as far as the stack knows it; `None` where the API has no users.
pub fn sign_in(config: &Config, cloud: &Cloud, pool: Option<&LiveUserPool>) -> Option<SignIn> {
    let auth = config.auth.as_ref()?;
    if let Issuer::Given { url, .. } = &auth.issuer {
        return Some(SignIn { authority: url.clone(), metadata: None, client: None });
    }
    let pool = pool?;
    let metadata = cloud.loopback().map(|endpoint| {
        let endpoint = endpoint.trim_end_matches('/');
        format!("{endpoint}/{}/.well-known/openid-configuration", pool.id)
    });
    Some(SignIn {
        authority: pool.issuer.clone(),
        metadata,
        client: pool.client_id().map(str::to_owned),
    })
}

/// Where the time went: seconds by the name of the part.
pub fn phases(phases: &Phases) -> Value {
    let told = phases.iter().map(|(name, took)| (name.to_owned(), json!(took.as_secs_f64())));
    Value::Object(told.collect())
}

/// A function as it is, and what is live of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found<'a> {
    pub function: Option<&'a LiveFunction>,
    pub release: Option<&'a LiveRelease>,
}

/// Where what is there can be looked up.
pub trait Lives {
    fn of<R: Resource>(&self, handle: Handle<R>) -> Option<&R::Live>;
}

impl Lives for Outcome {
    fn of<R: Resource>(&self, handle: Handle<R>) -> Option<&R::Live> {
        self.find(handle)
    }
}

impl Lives for Reading {
    fn of<R: Resource>(&self, handle: Handle<R>) -> Option<&R::Live> {
        self.find(handle)
    }
}

/// Every function of a stack as a reading or an outcome has it.
pub fn found<'a>(stack: &Stack, lives: &'a impl Lives) -> BTreeMap<String, Found<'a>> {
    let one = |(key, parts): (&String, &Parts)| {
        let (function, release) = (lives.of(parts.function), lives.of(parts.release));
        (key.clone(), Found { function, release })
    };
    stack.functions.iter().map(one).collect()
}

/// The outputs of the README, stable. What is not there yet is `null`.
pub fn document(
    config: &Config,
    identity: &Identity,
    api: Option<&LiveApi>,
    functions: &BTreeMap<String, Found<'_>>,
) -> Value {
    let (key, own) = (&config.function().key, config.function());
    let Found { function, release } = functions.get(key).copied().unwrap_or_default();
    let table_arn = |name: &str| identity.arn("dynamodb", &format!("table/{name}"));
    json!({
        "stack": config.name,
        "stage": config.stage,
        "region": identity.region,
        "account": identity.account,
        "api_url": api.map(|api| &api.url),
        "api_id": api.map(|api| &api.id),
        "public": api.map(|_| config.auth.is_none()),
        "site_url": null,
        "distribution_id": null,
        "table_name": config.main_table(),
        "table_arn": table_arn(&config.main_table()),
        "tables": config.tables.values().map(|table| {
            let table_of = json!({"name": table.name, "arn": table_arn(&table.name)});
            (table.key.clone(), table_of)
        }).collect::<serde_json::Map<_, _>>(),
        "function_name": own.name,
        "function_arn": function.map(|function| &function.arn),
        "function_version": release.map(|release| &release.version),
        "role_name": own.role,
        "role_arn": identity.iam(&format!("role{}{}", own.settings.role_path, own.role)),
        "policy_arn": identity.iam(&format!("policy/{}", own.data_policy)),
        "functions": config.functions.values().map(|own| {
            let found = functions.get(&own.key).copied().unwrap_or_default();
            (own.key.clone(), json!({
                "name": own.name,
                "arn": found.function.map(|function| &function.arn),
                "version": found.release.map(|release| &release.version),
                "role_arn": identity.iam(&format!("role{}{}", own.settings.role_path, own.role)),
                "log_group": own.log_group,
            }))
        }).collect::<serde_json::Map<_, _>>(),
        "log_group": own.log_group,
    })
}

/// `[{"resource", "name", "action"}]` for everything in the cloud.
pub fn changes(stack: &Stack, changes: &[(Id, Action)]) -> Vec<Value> {
    let in_the_cloud = changes.iter().filter(|(id, _)| !stack.is_code(*id));
    in_the_cloud
        .map(|(id, action)| {
            let label = stack.graph.label(*id);
            json!({"resource": label.kind, "name": label.name, "action": action.word()})
        })
        .collect()
}
