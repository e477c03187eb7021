//! The policy of whoever runs a verb: what the verb asks of AWS, on what the resources of the stack are called.

use crate::cloud::{Cloud, Identity, partition};
use crate::config::Config;
use crate::resources::Source;
use crate::stack::{Stack, unsaid};
use engine::Graph;
use iam::document::Document;
use verify::deployer::{self, Arn, Limit, Place};

/// Stands for an account or a region that is not known.
const ANY: &str = "*";

/// What `operations` take, on the stack as it is wired. No call is made: the account is the one that `stack.toml` pins,
/// else any.
pub fn policy(
    config: &Config,
    region: Option<&str>,
    operations: impl FnOnce(&Stack) -> Vec<&'static str>,
) -> Document {
    let (stack, place) = located(config, region.unwrap_or(ANY));
    deployer::document(operations(&stack), &place)
}

/// The operations of which no statement can be made for this stack.
#[cfg(test)]
pub fn unplaced(
    config: &Config,
    operations: impl FnOnce(&Stack) -> Vec<&'static str>,
) -> Vec<String> {
    let (stack, place) = located(config, "eu-north-1");
    deployer::unplaced(operations(&stack), &place)
}

fn located(config: &Config, region: &str) -> (Stack, Place) {
    let identity = Identity {
        account: config.account.clone().unwrap_or_else(|| ANY.to_owned()),
        partition: partition(region).to_owned(),
        region: region.to_owned(),
    };
    let source = |config: &Config| {
        Source::File("bootstrap.zip".into(), config.function().settings.architecture)
    };
    let cloud = Cloud::nowhere(identity.clone());
    let stack = Stack::located(&cloud, config, source);
    let place = place(identity, &[&stack.graph, &unsaid(&cloud, config)]);
    (stack, place)
}

/// What the resources of these say of themselves.
pub fn place(identity: Identity, graphs: &[&Graph]) -> Place {
    let arn = |engine::Arn { kind, name }| Arn { kind: kind.to_owned(), name };
    let limit = |engine::Limit { action, operator, key, values }| Limit {
        action: action.to_owned(),
        operator: operator.to_owned(),
        key: key.to_owned(),
        values,
    };
    let Identity { account, partition, region } = identity;
    let arns = graphs.iter().flat_map(|graph| graph.arns()).map(arn).collect();
    let limits = graphs.iter().flat_map(|graph| graph.limits()).map(limit).collect();
    Place { partition, region, account, arns, limits }
}
