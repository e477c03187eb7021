//! `stackctl permissions`

use clap::ValueEnum;
use serde_json::Value;

use super::{
    App, cors, deploy, doctor, invoke, logs, plan, rollback, secret, simulate, smoke, status,
    teardown, up, verify_policy,
};
use crate::cli::{self, examples};
use crate::cloud::{self, role_documents};
use crate::config::Config;
use crate::deployer;
use crate::stack::Stack;
use engine::error::{Error, Result};
use iam::document::Document;

/// Print the IAM policy that a deployer needs for a command, for this stack alone
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(explained: "Needs no network and no credentials. The account is the one in `stack.toml`, the region the one that the command would use; an unknown one is `*`.";
    "stackctl permissions up",
    "stackctl permissions deploy rollback --stage dev    one policy for both: what CI needs",
    "stackctl permissions up teardown > deployer.json",
))]
pub struct Args {
    /// One verb or more; several give one policy for all of them
    #[arg(value_name = "VERB", required = true)]
    verbs: Vec<Verb>,
}

/// The verbs that call AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Verb {
    Up,
    Deploy,
    Plan,
    Status,
    Rollback,
    Invoke,
    Logs,
    Smoke,
    Cors,
    VerifyPolicy,
    Simulate,
    Teardown,
    Doctor,
    Secret,
}

impl Verb {
    fn of(verb: &cli::Verb) -> Option<Self> {
        Some(match verb {
            cli::Verb::Up(_) => Verb::Up,
            cli::Verb::Deploy(_) => Verb::Deploy,
            cli::Verb::Plan(_) => Verb::Plan,
            cli::Verb::Status(_) => Verb::Status,
            cli::Verb::Rollback(_) => Verb::Rollback,
            cli::Verb::Invoke(_) => Verb::Invoke,
            cli::Verb::Logs(_) => Verb::Logs,
            cli::Verb::Smoke(_) => Verb::Smoke,
            cli::Verb::Cors(_) => Verb::Cors,
            cli::Verb::VerifyPolicy(_) => Verb::VerifyPolicy,
            cli::Verb::Simulate(_) => Verb::Simulate,
            cli::Verb::Teardown(_) => Verb::Teardown,
            cli::Verb::Doctor(_) => Verb::Doctor,
            cli::Verb::Secret(_) => Verb::Secret,
            _ => return None,
        })
    }

    fn calls(self, stack: &Stack) -> Vec<&'static str> {
        match self {
            Verb::Up => up::calls(stack),
            Verb::Deploy => deploy::calls(stack),
            Verb::Plan => plan::calls(stack),
            Verb::Status => status::calls(stack),
            Verb::Rollback => rollback::calls(stack),
            Verb::Invoke => invoke::calls(),
            Verb::Logs => logs::calls(),
            Verb::Smoke => smoke::calls(stack),
            Verb::Cors => cors::calls(stack),
            Verb::VerifyPolicy => verify_policy::calls(),
            Verb::Simulate => simulate::calls(),
            Verb::Teardown => teardown::calls(stack),
            Verb::Doctor => doctor::calls(stack),
            Verb::Secret => secret::calls(),
        }
    }
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = app.config()?;
    let policy = document(app, &config, &args.verbs).await;
    app.ui.result(|| policy.to_json(), || value(&policy))
}

/// The policy of several verbs, as data.
pub async fn policy(app: &App, config: &Config, verbs: &[Verb]) -> Value {
    value(&document(app, config, verbs).await)
}

async fn document(app: &App, config: &Config, verbs: &[Verb]) -> Document {
    let region = cloud::configured_region(&app.target(config)).await;
    let all = |stack: &Stack| verbs.iter().flat_map(|verb| verb.calls(stack)).collect();
    deployer::policy(config, region.as_deref(), all)
}

fn value(policy: &Document) -> Value {
    serde_json::from_str(&policy.to_json()).unwrap_or(Value::Null)
}

/// Every verb that calls AWS, with the policy that it takes.
pub fn policies(config: &Config, region: &str) -> Vec<(String, Document)> {
    let of = |verb: &Verb| {
        let name = verb.to_possible_value().map(|value| value.get_name().to_owned());
        let policy = deployer::policy(config, Some(region), |stack| verb.calls(stack));
        (name.unwrap_or_default(), policy)
    };
    Verb::value_variants().iter().map(of).collect()
}

/// A denied call names one right; this names the verb that prints them all.
pub fn pointed_at(error: Error, verb: &cli::Verb) -> Error {
    let denied = role_documents::is_denied(&error);
    let name = Verb::of(verb).and_then(|verb| verb.to_possible_value()).filter(|_| denied);
    match (&error.hint, name) {
        (Some(hint), Some(verb)) => {
            let all = format!(
                "`stackctl permissions {}` prints every permission that the command needs",
                verb.get_name()
            );
            let hint = format!("{hint}; {all}");
            error.hint(hint)
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use iam::document::MANAGED_POLICY_LIMIT;

    /// A stack with a resource of every kind.
    const EVERYTHING: &str = r#"
        name = "shop"
        tags.team = "shop"
        [functions.api]
        boundary = "arn:aws:iam::123456789012:policy/B"
        [functions.worker]
        queue = {}
        log_policy = "scoped"
        [functions.counter]
        stream = "data"
        [functions.nightly]
        schedule = "rate(1 day)"
        [functions.api.secrets]
        KEY = {}
        [auth]
        issuer = "https://example.com"
        audience = ["a"]
        [site]
        [domain]
        name = "app.example.com"
        api = "api.example.com"
    "#;

    #[test]
    fn every_call_has_a_statement_in_a_stack_with_everything() {
        let mut config = config(EVERYTHING).expect("a valid file");
        // Its own users, which the local cloud alone gives a stack.
        config.authenticate_locally();
        for verb in Verb::value_variants() {
            let left = deployer::unplaced(&config, |stack| verb.calls(stack));
            assert!(left.is_empty(), "{verb:?}: no statement for {left:?}");
        }
        let of_resources = |stack: &Stack| {
            let (graph, all) = (&stack.graph, stack.all());
            [graph.making(&all), graph.deleting(&all)].concat()
        };
        let left = deployer::unplaced(&config, of_resources);
        assert!(left.is_empty(), "no statement for {left:?}");
    }

    #[test]
    fn all_verbs_together_fit_into_one_policy_however_long_the_name() {
        let longest = (1..64).rev().find_map(|length| {
            config(&format!("name = \"{}\"\naccount = \"123456789012\"", "n".repeat(length))).ok()
        });
        let every = |stack: &Stack| {
            Verb::value_variants().iter().flat_map(|verb| verb.calls(stack)).collect()
        };
        let policy =
            deployer::policy(&longest.expect("some name is good"), Some("ap-northeast-1"), every);
        assert!(policy.length() <= MANAGED_POLICY_LIMIT, "{} characters", policy.length());
    }
}
