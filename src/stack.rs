//! The wiring: which resources a stack consists of, and what each needs. One line a resource.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::blueprint::Blueprint;
use crate::cloud::{Cloud, Identity};
use crate::config::{Config, LogPolicy};
use crate::resources::{
    Api, Attachments, Code, Function, LogGroup, Permission, Policy, Release, Rights, Role, Routes,
    Source, Table,
};
use engine::error::{Error, Result};
use engine::{Graph, Handle, Id};
use iam::document::{Document, MANAGED_POLICY_LIMIT};
use verify::manifest::Manifest;

/// What `ANY` of the handler stands for: every method but that of preflights.
const ANY: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];

/// AWS's own policy for logs: every log group of the account.
pub const MANAGED_LOGS: &str = "service-role/AWSLambdaBasicExecutionRole";

/// The resources of one stack and stage, with a typed handle for each that others ask for.
pub struct Stack {
    pub graph: Graph,
    /// By their keys in `stack.toml`.
    pub tables: BTreeMap<String, Handle<Table>>,
    /// Absent when the code needs no rights but those of its log.
    pub data_policy: Option<Handle<Policy>>,
    pub code: Handle<Code>,
    pub log_group: Handle<LogGroup>,
    pub function: Handle<Function>,
    pub release: Handle<Release>,
    pub api: Handle<Api>,
    pub routes: Handle<Routes>,
    pub permission: Handle<Permission>,
    /// Where the rights of the role come from.
    pub rights: Rights,
}

impl Stack {
    pub fn new(cloud: &Cloud, config: &Config, blueprint: &Blueprint, source: Source) -> Self {
        let names = &config.names;
        let mut graph = Graph::default();
        let tables: BTreeMap<_, _> = config
            .tables
            .values()
            .map(|table| (table.key.clone(), graph.add(Table::new(cloud, config, table))))
            .collect();
        let log_group = graph.add(LogGroup::new(cloud, config));
        let role = graph.add(Role::new(cloud, config));
        let data_policy = blueprint
            .policy(config)
            .map(|document| graph.add(Policy::new(cloud, config, &names.data_policy, document)));
        let keeps = Arc::new(AtomicBool::new(false));
        let mut policies: Vec<_> = data_policy.into_iter().collect();
        let mut managed = Some(MANAGED_LOGS);
        if config.function.log_policy == LogPolicy::Scoped {
            policies.push(graph.add(Policy::new(
                cloud,
                config,
                &names.logs_policy,
                logs_policy(config),
            )));
            managed = None;
        }
        let attachments = graph.add(Attachments::new(
            cloud,
            config,
            role,
            policies.clone(),
            managed,
            keeps.clone(),
        ));
        let rights = Rights { policies, attachments, keeps };
        let code = graph.add(Code::new(source));
        let function = graph.add(Function::new(cloud, config, role, code));
        // A query of an index that is not there yet fails.
        let indexed = config.tables.values().filter(|table| !table.indexes.is_empty());
        let indexed = indexed.map(|table| tables[&table.key].id).collect();
        let release = Release::new(cloud, config, function, log_group, code, rights.clone());
        let release = graph.add(release.after(indexed).of(blueprint.form));
        let api = graph.add(Api::new(cloud, config));
        let routes = graph.add(Routes::new(cloud, config, route_keys(&blueprint.manifest), api));
        let permission = graph.add(Permission::new(cloud, config, function, release, api));
        Self {
            graph,
            tables,
            data_policy,
            code,
            log_group,
            function,
            release,
            api,
            routes,
            permission,
            rights,
        }
    }

    /// The alias, to be moved outside of a plan.
    pub fn alias(&self, cloud: &Cloud, config: &Config) -> Release {
        let (function, log_group, code) = (self.function, self.log_group, self.code);
        Release::new(cloud, config, function, log_group, code, self.rights.clone())
    }

    /// Every resource.
    pub fn all(&self) -> Vec<Id> {
        self.graph.ids().collect()
    }

    /// Every resource that has to be deleted by itself: what is part of another one goes with it.
    pub fn standing_alone(&self) -> Vec<Id> {
        let stands = |id: &Id| self.graph.node(*id).contained_in().is_none();
        self.in_the_cloud().into_iter().filter(stands).collect()
    }

    /// What holds data that nobody can make again.
    pub fn holds_data(&self, id: Id) -> bool {
        self.tables.values().any(|table| table.id == id)
    }

    /// Every resource that is in the cloud.
    pub fn in_the_cloud(&self) -> Vec<Id> {
        self.graph.ids().filter(|id| *id != self.code.id).collect()
    }
}

/// Refuses, before the first call, what AWS would take and requests would fail on, or what IAM would not take.
pub fn check(config: &Config, blueprint: &Blueprint) -> Result<()> {
    check_keys(config, &blueprint.manifest)?;
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
    let policy = &config.names.data_policy;
    let message = format!(
        "policy `{policy}` takes {length} characters, and IAM takes {MANAGED_POLICY_LIMIT}"
    );
    Err(Error::usage(message).hint("declare fewer operations in the handler's `operations!`"))
}

/// Streams and events of the function's own log group.
pub fn logs_policy(config: &Config) -> impl Fn(&Identity) -> Document + use<> {
    let group = format!("log-group:{}", config.names.log_group);
    move |identity| Document::allow_logs(&identity.arn("logs", &group))
}

/// One route for each method that the handler declares. `ANY` and `$default` would take preflights, too, and send them
/// to the function instead of letting the gateway answer them:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>
fn route_keys(manifest: &Manifest) -> Vec<String> {
    let methods = |method| if method == "ANY" { ANY.to_vec() } else { vec![method] };
    let keys = manifest.routes.iter().flat_map(|route| {
        let keys = methods(route.method.as_str()).into_iter();
        keys.map(|method| format!("{method} {}", route.path))
    });
    let mut keys: Vec<String> = keys.collect();
    keys.sort();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    #[test]
    fn a_table_with_other_keys_than_the_handlers_is_refused_before_the_first_call() {
        let operations = "operations! { get: GetItem }\n";
        let keys = "keys! { partition: \"userId\", sort: \"itemId\" }";
        let declared = Manifest::from_sources(&[("o.rs", format!("{operations}{keys}"))]);
        let blueprint = |manifest| Blueprint { manifest, ..Blueprint::default() };
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
    fn each_declared_method_has_a_route_of_its_own_and_none_takes_preflights() {
        let text = r#"operations! { get: GetItem } routes! { GET "/" => a [GetItem], POST "/" => a [GetItem], ANY "/x" => a [GetItem] }"#;
        let manifest = Manifest::from_sources(&[("routes.rs", text)]).expect("it is valid");
        let keys = route_keys(&manifest);
        let any =
            ["DELETE /x", "GET /", "GET /x", "HEAD /x", "PATCH /x", "POST /", "POST /x", "PUT /x"];
        assert_eq!(keys, any);
        let takes_preflights =
            |key: &str| ["ANY ", "OPTIONS ", "$default"].iter().any(|one| key.starts_with(one));
        assert!(!keys.iter().any(|key| takes_preflights(key)), "{keys:?}");
    }
}
