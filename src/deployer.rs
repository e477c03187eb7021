//! The policy of whoever runs a verb: what the verb asks of AWS, on what the stack is called.

use crate::blueprint::Blueprint;
use crate::cloud::partition;
use crate::cloud::{Cloud, Identity};
use crate::config::{Config, LogPolicy};
use crate::resources::Source;
use crate::stack::{MANAGED_LOGS, Stack};
use iam::document::Document;
use verify::deployer::{self, Names};

/// Stands for an account or a region that is not known.
const ANY: &str = "*";

/// What `operations` take, which the stack as it is wired may name. Asks nobody: the account is the one that
/// `stack.toml` pins, else any.
pub fn policy(
    config: &Config,
    region: Option<&str>,
    operations: impl FnOnce(&Stack) -> Vec<&'static str>,
) -> Document {
    let region = region.unwrap_or(ANY);
    let source = Source::File("bootstrap.zip".into(), config.function.architecture);
    let stack = Stack::new(&Cloud::nowhere(), config, &Blueprint::default(), source);
    deployer::document(operations(&stack), &names(config, region))
}

fn names(config: &Config, region: &str) -> Names {
    let identity = Identity {
        account: config.account.clone().unwrap_or_else(|| ANY.to_owned()),
        partition: partition(region).to_owned(),
        region: region.to_owned(),
    };
    let partition = &identity.partition;
    let names = &config.names;
    let own = |name: &String| identity.iam(&format!("policy/{name}"));
    let of_aws = |name: &str| format!("arn:{partition}:iam::aws:policy/{name}");
    let (policies, managed) = match config.function.log_policy {
        LogPolicy::Scoped => (vec![own(&names.data_policy), own(&names.logs_policy)], None),
        LogPolicy::AwsManaged => (vec![own(&names.data_policy)], Some(of_aws(MANAGED_LOGS))),
    };
    Names {
        tables: config
            .tables
            .values()
            .map(|table| identity.arn("dynamodb", &format!("table/{}", table.name)))
            .collect(),
        attachable: policies.iter().cloned().chain(managed).collect(),
        policies,
        any_policy: vec![identity.iam("policy/*"), of_aws(ANY)],
        role: identity.iam(&format!("role/{}", names.role)),
        log_group: identity.arn("logs", &format!("log-group:{}", names.log_group)),
        function: identity.arn("lambda", &format!("function:{}", names.function)),
        gateway: format!("arn:{partition}:apigateway:{region}::"),
    }
}
