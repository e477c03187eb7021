//! `[function]`: where its code is, what it may use, which requests reach it.

use std::collections::BTreeMap;

use serde::Deserialize;

use engine::error::{Error, Result};
use package::Architecture;
use verify::operations::Operation;

use super::Config;

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
    pub architecture: Architecture,
    /// Megabytes.
    pub memory: i32,
    /// Seconds.
    pub timeout: i32,
    pub log_retention_days: i32,
    pub log_policy: LogPolicy,
    pub environment: BTreeMap<String, String>,
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
            architecture: Architecture::X86_64,
            memory: 256,
            timeout: 10,
            log_retention_days: 14,
            log_policy: LogPolicy::Scoped,
            environment: BTreeMap::new(),
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

/// The methods that a route may have; API Gateway answers `OPTIONS` itself.
const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];

/// Refuses routes and rights that AWS would refuse, or that mean nothing.
pub(super) fn check(config: &Config) -> Result<()> {
    let function = &config.function;
    for route in &function.routes {
        check_route("function.routes", route)?;
    }
    if !function.health.is_empty() {
        check_route("function.health", &function.health)?;
        if !function.health.starts_with("GET ") || function.health.contains('{') {
            return Err(Error::usage(format!("`function.health = \"{}\"`", function.health))
                .hint("the proof sends it at any time: a `GET` without parameters"));
        }
    }
    function.access.iter().try_for_each(|(to, values)| check_access(config, to, values))
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>
fn check_route(place: &str, route: &str) -> Result<()> {
    let wrong = |hint: &str| {
        Err(Error::usage(format!("`{place}` holds `{route}`, which is no route")).hint(hint))
    };
    let Some((method, path)) = route.split_once(' ') else {
        return wrong("a route is a method and a path: `GET /items/{id}`");
    };
    if !METHODS.contains(&method) {
        return wrong("the methods are DELETE, GET, HEAD, PATCH, POST and PUT");
    }
    if !path.starts_with('/') {
        return wrong("a path begins with `/`");
    }
    let segments: Vec<&str> = path[1..].split('/').collect();
    for (index, segment) in segments.iter().enumerate() {
        let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let is_last = index + 1 == segments.len();
        match inner {
            Some(name) if name.strip_suffix('+').is_some() && !is_last => {
                return wrong("only the last part of a path can take the rest: `/files/{proxy+}`");
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

fn check_access(config: &Config, to: &str, values: &[String]) -> Result<()> {
    let place = format!("function.access.\"{to}\"");
    if let Some((service, action)) = to.split_once(':') {
        let is_word = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        if !is_word(service) || !is_word(action) {
            return Err(Error::usage(format!("`{place}` is no action"))
                .hint("an action is written like `sqs:SendMessage`, without wildcards"));
        }
        let wrong = values.iter().find(|arn| !arn.starts_with("arn:") && *arn != "*");
        return wrong.map_or(Ok(()), |wrong| {
            Err(Error::usage(format!("`{place}` holds `{wrong}`, which is no ARN"))
                .hint("an ARN is written like `arn:aws:sqs:us-east-1:123456789012:jobs`"))
        });
    }
    let Some(table) = config.tables.get(to) else {
        let tables = config.tables.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(Error::usage(format!("`{place}` is neither an action nor a table")).hint(
            format!("an action is written like `sqs:SendMessage`; the tables are: {tables}"),
        ));
    };
    for value in values {
        let (operation, index) = match value.split_once(':') {
            Some((operation, index)) => (operation, Some(index)),
            None => (value.as_str(), None),
        };
        if Operation::named(operation).is_none() {
            return Err(Error::usage(format!("`{place}` holds `{operation}`"))
                .hint("name an operation of DynamoDB: `GetItem`, or `Query:INDEX`"));
        }
        if let Some(index) = index.filter(|index| !table.indexes.contains_key(*index)) {
            return Err(Error::usage(format!("`{place}` names the index `{index}`"))
                .hint(format!("`{}.indexes` has none of that name", table.place())));
        }
    }
    Ok(())
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
            ("\"sqs:Send*\" = []", "is no action"),
            ("\"sqs:SendMessage\" = [\"jobs\"]", "is no ARN"),
            ("orders = [\"GetItem\"]", "neither an action nor a table"),
            ("data = [\"Get\"]", "holds `Get`"),
            ("data = [\"Query:x\"]", "names the index `x`"),
        ] {
            let message = refusal(&format!("[function.access]\n{access}"));
            assert!(message.contains(part), "{message}");
        }
    }
}
