//! `[function]`: where its code is, what it may use, which requests reach it.

use std::collections::BTreeMap;

use serde::Deserialize;

use engine::error::{Error, Result};
use package::Architecture;
use verify::rights::{Known, Rights, Table};

use super::Config;
use super::check::is_account;
use super::check::variable;
use super::names::{API, FunctionNames, LAMBDA, Names};
use super::secret::{self, SecretKeys};
use super::trigger::{QueueKeys, Trigger};

/// One function of the stack, and what belongs to it alone.
#[derive(Debug, Clone)]
pub struct Function {
    /// What the file calls it.
    pub key: String,
    pub name: String,
    pub role: String,
    pub data_policy: String,
    pub logs_policy: String,
    pub log_group: String,
    /// What starts it besides requests.
    pub trigger: Option<Trigger>,
    pub settings: FunctionKeys,
}

impl Function {
    pub(super) fn of(key: &str, names: &Names, settings: FunctionKeys) -> Result<Self> {
        let trigger = Trigger::of(&place(key), &settings, &names.function(key))?;
        Ok(Self { trigger, ..Self::untriggered(key, names, settings) })
    }

    /// The same, started by requests alone.
    pub(super) fn untriggered(key: &str, names: &Names, settings: FunctionKeys) -> Self {
        let names = names.function(key);
        let FunctionNames { function, role, data_policy, logs_policy, log_group, .. } = names;
        Self {
            key: key.to_owned(),
            name: function,
            role,
            data_policy,
            logs_policy,
            log_group,
            trigger: None,
            settings,
        }
    }

    /// The permissions boundary of its role, where the file names one.
    pub fn boundary(&self) -> Option<&str> {
        Some(self.settings.boundary.as_str()).filter(|arn| !arn.is_empty())
    }

    /// Where its keys are in the file.
    pub fn place(&self) -> String {
        place(&self.key)
    }
}

fn place(key: &str) -> String {
    if key == API { "function".to_owned() } else { format!("functions.{key}") }
}

/// `[function]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct FunctionKeys {
    #[serde(rename = "crate")]
    pub crate_directory: String,
    /// The binary of the crate; empty when it is clear which.
    pub bin: String,
    /// Such as `GET /items/{id}`; empty for those of the source, or else every path.
    pub routes: Vec<String>,
    /// The request of the proof; empty for the first `GET` route without parameters.
    pub health: String,
    /// Rights that the source does not show: an action with ARNs, or a table of the file with operations.
    pub access: BTreeMap<String, Vec<String>>,
    /// `rate(1 day)` or `cron(…)`; empty for none.
    pub schedule: String,
    /// Of the schedule; empty for UTC.
    pub timezone: String,
    pub queue: Option<QueueKeys>,
    /// The key of the table whose changes start it; empty for none.
    pub stream: String,
    pub architecture: Architecture,
    /// Megabytes.
    pub memory: i32,
    /// Seconds.
    pub timeout: i32,
    pub log_retention_days: i32,
    pub log_policy: LogPolicy,
    /// The ARN of the permissions boundary of the execution role; empty for none of ours.
    pub boundary: String,
    /// The path of the execution role: `/`, or `/apps/`.
    pub role_path: String,
    pub environment: BTreeMap<String, String>,
    /// The secrets that it reads when it starts.
    #[expect(clippy::zero_sized_map_values, reason = "`KEY = {}` leaves room for keys of its own")]
    pub secrets: BTreeMap<String, SecretKeys>,
    /// How many published versions stay when a new one has proved itself.
    pub keep_versions: i32,
    pub budget: Budget,
}

/// `[function.budget]`: the most that a cold start may cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// Milliseconds before the first request.
    pub init: Option<u32>,
    /// Milliseconds of the first request.
    pub first_request: Option<u32>,
    /// Megabytes in use.
    pub memory: Option<u32>,
}

impl Default for FunctionKeys {
    fn default() -> Self {
        Self {
            crate_directory: "handler".into(),
            bin: String::new(),
            routes: Vec::new(),
            health: String::new(),
            access: BTreeMap::new(),
            schedule: String::new(),
            timezone: String::new(),
            queue: None,
            stream: String::new(),
            architecture: Architecture::X86_64,
            memory: 256,
            timeout: 10,
            log_retention_days: 14,
            log_policy: LogPolicy::Scoped,
            boundary: String::new(),
            role_path: "/".into(),
            environment: BTreeMap::new(),
            secrets: BTreeMap::new(),
            keep_versions: 5,
            budget: Budget::default(),
        }
    }
}

/// Who says what the function may do with its logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogPolicy {
    /// Our policy: streams and events of the function's own log group.
    Scoped,
    /// AWS's `AWSLambdaBasicExecutionRole`: every log group of the account.
    AwsManaged,
}

/// Days that `CloudWatch` Logs accepts: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>
const RETENTION_DAYS: [i32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// Environment variables together, as JSON: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const ENVIRONMENT_BYTES: usize = 4096;

/// The methods that a route may have; API Gateway answers `OPTIONS` itself.
const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];

/// Refuses what AWS would refuse, or what means nothing.
pub(super) fn check(config: &Config, function: &Function) -> Result<()> {
    if function.key == LAMBDA {
        return Err(Error::usage(format!("`functions.{LAMBDA}` is reserved"))
            .hint(format!("the role of `functions.{API}` has this name; choose another name")));
    }
    numbers(function)?;
    check_role(function)?;
    let (place, settings) = (function.place(), &function.settings);
    for route in &settings.routes {
        check_route(&format!("{place}.routes"), route)?;
    }
    if !settings.health.is_empty() {
        check_route(&format!("{place}.health"), &settings.health)?;
        if !settings.health.starts_with("GET ") || settings.health.contains('{') {
            return Err(Error::usage(format!("`{place}.health = \"{}\"`", settings.health))
                .hint("the proof sends it at any time: a `GET` without parameters"));
        }
    }
    stream(config, function)?;
    environment(config, function)?;
    secret::check(config, function)?;
    config.with_access(function, Rights::default()).map(|_| ())
}

fn numbers(function: &Function) -> Result<()> {
    let (place, settings) = (function.place(), &function.settings);
    within(&format!("{place}.memory"), settings.memory, 128..=10240, "MB")?;
    within(&format!("{place}.timeout"), settings.timeout, 1..=900, "seconds")?;
    within(&format!("{place}.keep_versions"), settings.keep_versions, 2..=1000, "versions")?;
    let days = settings.log_retention_days;
    if RETENTION_DAYS.contains(&days) {
        return Ok(());
    }
    let nearest = RETENTION_DAYS.iter().min_by_key(|allowed| allowed.abs_diff(days)).unwrap_or(&14);
    Err(Error::usage(format!(
        "`{place}.log_retention_days = {days}` is not a period that CloudWatch Logs keeps"
    ))
    .hint(format!("the nearest is {nearest}")))
}

pub(super) fn within(
    key: &str,
    value: i32,
    range: std::ops::RangeInclusive<i32>,
    unit: &str,
) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let nearest = value.clamp(*range.start(), *range.end());
    Err(Error::usage(format!(
        "`{key} = {value}` is out of range: {} to {} {unit}",
        range.start(),
        range.end()
    ))
    .hint(format!("the nearest is {nearest}")))
}

fn stream(config: &Config, function: &Function) -> Result<()> {
    let Some(Trigger::Stream(table)) = &function.trigger else { return Ok(()) };
    if config.tables.contains_key(table) {
        return Ok(());
    }
    let place = function.place();
    let keys: Vec<&str> = config.tables.keys().map(String::as_str).collect();
    Err(Error::usage(format!("`{place}.stream`: there is no table `{table}`"))
        .hint(format!("the tables are: {}", keys.join(", "))))
}

fn environment(config: &Config, function: &Function) -> Result<()> {
    let place = format!("{}.environment", function.place());
    for name in function.settings.environment.keys() {
        let place = format!("{place}.{name}");
        if config.tables.values().any(|table| table.env == *name) {
            return Err(Error::usage(format!("`{place}` is reserved"))
                .hint("stackctl sets it to the name of a table; choose another name"));
        }
        variable(&place, name)?;
    }
    let pins = function.settings.secrets.keys().map(|key| config.longest_pin(key));
    let said = config.environment_of(function);
    let said = said.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let all = said.chain(pins).collect::<serde_json::Value>();
    let together = all.to_string().len();
    if together > ENVIRONMENT_BYTES {
        return Err(Error::usage(format!(
            "`{place}` has {together} bytes; the limit of Lambda is {ENVIRONMENT_BYTES}"
        ))
        .hint("keep large values in a parameter store and read them when the function starts"));
    }
    Ok(())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
fn check_role(function: &Function) -> Result<()> {
    let FunctionKeys { boundary, role_path: path, .. } = &function.settings;
    let place = function.place();
    let parts: Vec<&str> = boundary.splitn(6, ':').collect();
    let is_policy = matches!(parts[..], ["arn", _, "iam", "", account, policy]
        if (account == "aws" || is_account(account))
            && policy.starts_with("policy/")
            && !policy.ends_with('/')
            && policy.chars().all(is_in_path));
    if !boundary.is_empty() && !is_policy {
        return Err(Error::usage(format!(
            "`{place}.boundary = \"{boundary}\"` is not the ARN of a policy"
        ))
        .hint("it is written like `arn:aws:iam::123456789012:policy/Boundary`"));
    }
    let is_path = path.starts_with('/')
        && path.ends_with('/')
        && path.len() <= 512
        && path.chars().all(is_in_path);
    if is_path {
        return Ok(());
    }
    Err(Error::usage(format!("`{place}.role_path = \"{path}\"` is not the path of a role"))
        .hint("a path begins and ends with `/`: `/apps/`"))
}

/// What IAM takes in a path, without what means something in a policy.
fn is_in_path(character: char) -> bool {
    character.is_ascii_graphic() && !"*?$".contains(character)
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>
fn check_route(place: &str, route: &str) -> Result<()> {
    let wrong = |hint: &str| {
        Err(Error::usage(format!("`{place}` holds `{route}`, which is no route")).hint(hint))
    };
    let key = route.strip_prefix("public ").unwrap_or(route);
    let Some((method, path)) = key.split_once(' ') else {
        return wrong("a route is a method and a path: `GET /items/{id}`");
    };
    if !METHODS.contains(&method) {
        return wrong("the methods are DELETE, GET, HEAD, PATCH, POST and PUT");
    }
    if !path.starts_with('/') {
        return wrong("a path starts with `/`");
    }
    let segments: Vec<&str> = path[1..].split('/').collect();
    for (index, segment) in segments.iter().enumerate() {
        let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let is_last = index + 1 == segments.len();
        match inner {
            Some(name) if name.strip_suffix('+').is_some() && !is_last => {
                return wrong("only the last part of a path can match the rest: `/files/{proxy+}`");
            }
            Some("" | "+") => return wrong("a parameter has a name: `/items/{id}`"),
            None if segment.contains(['{', '}', '?', '#', ' ']) => {
                return wrong("a parameter is a whole part of a path: `/items/{id}`");
            }
            _ => {}
        }
    }
    Ok(())
}

impl Config {
    /// The same rights, with those of the function's `access`.
    pub fn with_access(&self, function: &Function, rights: Rights) -> Result<Rights> {
        let access = &function.settings.access;
        rights.with_access(access, &self.known(function)).map_err(|error| {
            let place = format!("{}.access.\"{}\"", function.place(), error.key);
            Error::usage(format!("`{place}`: {}", error.problem)).hint(error.hint)
        })
    }

    /// What the names in a function's source stand for.
    pub fn known(&self, function: &Function) -> Known {
        let table = |table: &super::Table| Table {
            key: table.key.clone(),
            name: table.name.clone(),
            env: table.env.clone(),
            indexes: table.indexes.keys().cloned().collect(),
        };
        let variable = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        // The ARN of a queue is what a right on its address is granted on.
        let others = self.queues().filter(|(key, _)| *key != function.key);
        let queues = others.map(|(_, queue)| (queue.env.clone(), queue.arn()));
        let secrets = function.settings.secrets.keys();
        let secrets = secrets.map(|key| (secret::variable_of(key), self.secret_arn(key)));
        let said = self.environment_of(function).map(variable);
        Known {
            tables: self.tables.values().map(table).collect(),
            environment: said.chain(queues).chain(secrets).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::config;

    fn refusal(text: &str) -> String {
        config(&format!("name = \"app\"\n[function]\n{text}")).expect_err("refused").message
    }

    #[test]
    fn routes_are_those_that_api_gateway_takes() {
        for route in ["GET /", "GET /items/{id}", "POST /files/{proxy+}"] {
            let text = format!("name = \"app\"\n[function]\nroutes = [\"{route}\"]");
            assert!(config(&text).is_ok(), "{route}");
        }
        for route in [
            "/items",
            "ANY /",
            "OPTIONS /",
            "GET items",
            "GET /{id",
            "GET /a{id}",
            "GET /{}",
            "GET /{p+}/x",
        ] {
            let message = refusal(&format!("routes = [\"{route}\"]"));
            assert_eq!(message, format!("`function.routes` holds `{route}`, which is no route"));
        }
    }

    #[test]
    fn the_proof_sends_nothing_but_a_get() {
        assert_eq!(refusal("health = \"POST /x\""), "`function.health = \"POST /x\"`");
        assert!(refusal("health = \"GET /{id}\"").contains("health"));
    }

    #[test]
    fn access_names_actions_with_arns_or_tables_with_operations() {
        let good = "name = \"app\"\n[table.indexes.byStatus]\npartition_key = \"status\"\n[function.access]\n\"sqs:SendMessage\" = [\"arn:aws:sqs:us-east-1:1:jobs\"]\ndata = [\"GetItem\", \"Query:byStatus\"]";
        assert!(config(good).is_ok());
        for (access, part) in [
            (
                "\"sqs:Send*\" = []",
                "`function.access.\"sqs:Send*\"`: `sqs:Send*` is not one action",
            ),
            ("\"sqs:SendMessage\" = [\"jobs\"]", "`jobs` is no ARN"),
            ("orders = []", "neither a table of this file nor an action"),
            ("data = [\"Get\"]", "`Get` is no operation of DynamoDB"),
            ("data = [\"Query:x\"]", "`x` is no index of the table `data`"),
        ] {
            let message = refusal(&format!("[function.access]\n{access}"));
            assert!(message.contains(part), "{message}");
        }
    }
}
