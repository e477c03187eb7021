//! What a stack gives to the outside: URL, names and ARNs.

use serde_json::{Value, json};

use crate::cloud::Identity;
use crate::config::Config;
use crate::resources::{LiveApi, LiveFunction, LiveRelease};
use crate::stack::Stack;
use engine::{Action, Id, Phases};

/// Where the time went: seconds by the name of the part.
pub fn phases(phases: &Phases) -> Value {
    let told = phases.iter().map(|(name, took)| (name.to_owned(), json!(took.as_secs_f64())));
    Value::Object(told.collect())
}

/// The outputs of the README, stable. What is not there yet is `null`.
pub fn document(
    config: &Config,
    identity: &Identity,
    api: Option<&LiveApi>,
    function: Option<&LiveFunction>,
    release: Option<&LiveRelease>,
) -> Value {
    let names = &config.names;
    let table_arn = |name: &str| identity.arn("dynamodb", &format!("table/{name}"));
    json!({
        "stack": config.name,
        "stage": config.stage,
        "region": identity.region,
        "account": identity.account,
        "api_url": api.map(|api| &api.url),
        "api_id": api.map(|api| &api.id),
        "table_name": config.main_table(),
        "table_arn": table_arn(&config.main_table()),
        "tables": config.tables.values().map(|table| {
            let table_of = json!({"name": table.name, "arn": table_arn(&table.name)});
            (table.key.clone(), table_of)
        }).collect::<serde_json::Map<_, _>>(),
        "function_name": names.function,
        "function_arn": function.map(|function| &function.arn),
        "function_version": release.map(|release| &release.version),
        "role_name": names.role,
        "role_arn": identity.iam(&format!("role/{}", names.role)),
        "policy_arn": identity.iam(&format!("policy/{}", names.data_policy)),
        "log_group": names.log_group,
    })
}

/// `[{"resource", "name", "action"}]` for everything in the cloud.
pub fn changes(stack: &Stack, changes: &[(Id, Action)]) -> Value {
    let in_the_cloud = changes.iter().filter(|(id, _)| *id != stack.code.id);
    in_the_cloud
        .map(|(id, action)| {
            let label = stack.graph.label(*id);
            json!({"resource": label.kind, "name": label.name, "action": action.word()})
        })
        .collect()
}
