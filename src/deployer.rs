//! The policy of whoever runs a verb: what the verb asks of AWS, on what the stack is called.

use crate::cloud::partition;
use crate::cloud::{Cloud, Identity};
use crate::config::{Config, Domain, Function, LogPolicy, SiteNames, Trigger, Zone};
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
    let source = |config: &Config| {
        Source::File("bootstrap.zip".into(), config.function().settings.architecture)
    };
    let stack = Stack::located(&Cloud::nowhere(), config, source);
    deployer::document(operations(&stack), &names(config, region))
}

fn names(config: &Config, region: &str) -> Names {
    let identity = Identity {
        account: config.account.clone().unwrap_or_else(|| ANY.to_owned()),
        partition: partition(region).to_owned(),
        region: region.to_owned(),
    };
    let partition = &identity.partition;
    let own = |name: &String| identity.iam(&format!("policy/{name}"));
    let of_aws = |name: &str| format!("arn:{partition}:iam::aws:policy/{name}");
    let functions = || config.functions.values();
    let scoped = |function: &&Function| function.settings.log_policy == LogPolicy::Scoped;
    let data = functions().map(|function| own(&function.data_policy));
    let logs = functions().filter(scoped).map(|function| own(&function.logs_policy));
    let policies: Vec<String> = data.chain(logs).collect();
    let managed = functions().any(|function| !scoped(&function)).then(|| of_aws(MANAGED_LOGS));
    let schedules = || {
        functions().filter_map(|function| match &function.trigger {
            Some(Trigger::Schedule(schedule)) => Some(schedule),
            _ => None,
        })
    };
    let (scheduled, group) = (schedules().next().is_some(), &config.names.api);
    // A teardown looks for a site also where the file says of none.
    let site = [config.names.site()];
    let site = site.iter();
    let account = &identity.account;
    let edge = |name: &str| format!("arn:{partition}:cloudfront::{account}:{name}");
    let log_group =
        |function: &Function| identity.arn("logs", &format!("log-group:{}", function.log_group));
    Names {
        tables: config
            .tables
            .values()
            .map(|table| identity.arn("dynamodb", &format!("table/{}", table.name)))
            .collect(),
        attachable: policies.iter().cloned().chain(managed).collect(),
        policies,
        any_policy: vec![identity.iam("policy/*"), of_aws(ANY)],
        roles: functions()
            .flat_map(|function| roles(function, &identity))
            .chain(schedules().map(|schedule| identity.iam(&format!("role/{}", schedule.role))))
            .collect(),
        boundaries: boundaries(config),
        log_groups: functions().map(log_group).collect(),
        functions: functions()
            .map(|function| identity.arn("lambda", &format!("function:{}", function.name)))
            .collect(),
        queues: config
            .queues()
            .flat_map(|(_, queue)| [&queue.name, &queue.dead_letters])
            .map(|name| identity.arn("sqs", name))
            .collect(),
        schedule_groups: scheduled
            .then(|| identity.arn("scheduler", &format!("schedule-group/{group}")))
            .into_iter()
            .collect(),
        schedules: scheduled
            .then(|| identity.arn("scheduler", &format!("schedule/{group}/*")))
            .into_iter()
            .collect(),
        parameters: vec![identity.arn("ssm", &format!("parameter{}/*", config.parameters()))],
        user_pools: vec![identity.arn("cognito-idp", "userpool/*")],
        event_sources: vec![identity.arn("lambda", "event-source-mapping:*")],
        buckets: site.clone().map(|name| format!("arn:{partition}:s3:::{name}-*")).collect(),
        edge_functions: site.clone().map(|name| edge(&format!("function/{name}-*"))).collect(),
        distributions: site.clone().map(|_| edge("distribution/*")).collect(),
        origin_access: site.map(|_| edge("origin-access-control/*")).collect(),
        certificates: config
            .domain
            .iter()
            .map(|_| format!("arn:{partition}:acm:*:{account}:certificate/*"))
            .collect(),
        zones: config.domain.iter().map(|domain| zones(domain, partition)).collect(),
        hosts: hosts(config),
        gateway: format!("arn:{partition}:apigateway:{region}::"),
    }
}

/// The names that certificates and records are of.
fn hosts(config: &Config) -> Vec<String> {
    let of = |domain: &Domain| {
        let site = domain.site.iter().flat_map(SiteNames::all).chain(&domain.api);
        site.cloned().collect::<Vec<_>>()
    };
    config.domain.iter().flat_map(of).collect()
}

fn zones(domain: &Domain, partition: &str) -> String {
    let id = match &domain.zone {
        Zone::Given(id) => id.as_str(),
        Zone::Found | Zone::Elsewhere => ANY,
    };
    format!("arn:{partition}:route53:::hostedzone/{id}")
}

/// The role, with its path and without: IAM knows no path of a role that is not there, and judges a look at it by the name.
fn roles(function: &Function, identity: &Identity) -> Vec<String> {
    let role = |path: &str| identity.iam(&format!("role{path}{}", function.role));
    let mut both = vec![role("/"), role(&function.settings.role_path)];
    both.dedup();
    both
}

/// The boundaries of the roles; none when a role has none, which must be made, too.
fn boundaries(config: &Config) -> Vec<String> {
    let each = config.functions.values().map(|function| function.boundary().map(str::to_owned));
    let mut all: Vec<String> = each.collect::<Option<_>>().unwrap_or_default();
    all.sort();
    all.dedup();
    all
}
