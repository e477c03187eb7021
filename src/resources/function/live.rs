//! The function as Lambda describes it.

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{FunctionConfiguration, LastUpdateStatus, State};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::{Settings, architecture};
use crate::cloud::tags::Tags;
use crate::resources::role::LiveRole;
use engine::error::{Error, Result};

/// The function as it is.
#[derive(Debug, Clone, Default)]
pub struct LiveFunction {
    pub arn: String,
    pub role: String,
    pub settings: Settings,
    /// Base64 SHA-256 of the zip that `$LATEST` runs.
    pub code_sha256: String,
    pub architecture: String,
    /// Changes with every change: guards writes against somebody else's.
    pub revision: Option<String>,
    /// The version that was published while making it.
    pub published: Option<String>,
    pub(in crate::resources) health: Health,
    pub(in crate::resources) extras: Vec<Extra>,
    /// When it was changed last, in seconds since 1970.
    pub(in crate::resources) changed: Option<i64>,
    pub(in crate::resources) tags: Tags,
}

/// Something of the function that `stack.toml` has no key for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resources) struct Extra {
    pub(super) what: &'static str,
    pub(super) now: String,
    /// What it means, or what takes it away.
    pub(super) way_out: &'static str,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::resources) enum Health {
    #[default]
    Good,
    /// It can never become active, and why.
    Failed(String),
    /// The last change of it was given up, and why.
    NotUpdated(String),
    Deleting,
}

/// What the function is busy with, when it takes no change now.
pub(super) fn busy_with(configuration: &FunctionConfiguration) -> Option<String> {
    match (configuration.state(), configuration.last_update_status()) {
        (Some(state @ State::Pending), _) => Some(state.to_string()),
        (_, Some(status @ LastUpdateStatus::InProgress)) => Some(status.to_string()),
        _ => None,
    }
}

pub(super) fn live(answer: GetFunctionOutput, doing: &str) -> Result<Option<LiveFunction>> {
    if let Some(refused) = answer.tags_error {
        return Err(Error::failed(doing).cause(refused.message).hint(
            "the deployer needs `lambda:ListTags`, because the tags name the owner of the function",
        ));
    }
    let tags = answer.tags.unwrap_or_default().into_iter().collect();
    let reserved = answer.concurrency.and_then(|one| one.reserved_concurrent_executions);
    let Some(configuration) = answer.configuration else {
        return Ok(None);
    };
    let extras = extras(&configuration, reserved);
    Ok(Some(LiveFunction {
        tags,
        health: health(&configuration),
        changed: configuration.last_modified().and_then(seconds),
        architecture: architecture(configuration.architectures()),
        extras,
        settings: Settings::of(
            configuration.runtime,
            configuration.handler,
            configuration.memory_size,
            configuration.timeout,
            configuration.environment,
            (configuration.function_name.as_deref(), configuration.logging_config),
        ),
        arn: configuration.function_arn.unwrap_or_default(),
        role: configuration.role.unwrap_or_default(),
        code_sha256: configuration.code_sha256.unwrap_or_default(),
        revision: configuration.revision_id,
        published: None,
    }))
}

/// What the file cannot say, and somebody has set: told, because nothing works as it did, and left.
fn extras(configuration: &FunctionConfiguration, reserved: Option<i32>) -> Vec<Extra> {
    let layers = configuration.layers().iter().filter_map(|layer| layer.arn());
    let layers: Vec<&str> = layers.collect();
    let vpc = configuration.vpc_config().and_then(|vpc| vpc.vpc_id()).filter(|id| !id.is_empty());
    let key = configuration.kms_key_arn().filter(|key| !key.is_empty());
    let told = [
        (
            "layers",
            Some(layers.join(", ")).filter(|told| !told.is_empty()),
            "`aws lambda update-function-configuration --layers` takes them away",
        ),
        ("vpc", vpc.map(str::to_owned), "requests to AWS from inside a VPC need a way out of it"),
        ("kms key", key.map(str::to_owned), "the role needs `kms:Decrypt` on it"),
        (
            "reserved concurrency",
            reserved.filter(|most| *most == 0).map(|most| most.to_string()),
            "nothing is answered until `aws lambda delete-function-concurrency` takes it away",
        ),
    ];
    let extra = |(what, now, way_out): (&'static str, Option<String>, &'static str)| {
        now.map(|now| Extra { what, now, way_out })
    };
    told.into_iter().filter_map(extra).collect()
}

fn health(configuration: &FunctionConfiguration) -> Health {
    let told = |reason: Option<&str>| reason.unwrap_or("AWS gave no reason").to_owned();
    match (configuration.state(), configuration.last_update_status()) {
        (Some(State::Failed), _) => Health::Failed(told(configuration.state_reason())),
        (Some(State::Deleting), _) => Health::Deleting,
        (_, Some(LastUpdateStatus::Failed)) => {
            Health::NotUpdated(told(configuration.last_update_status_reason()))
        }
        _ => Health::Good,
    }
}

/// Lambda writes `2026-01-02T03:04:05.678+0000`.
fn seconds(date: &str) -> Option<i64> {
    let date = format!("{}Z", date.strip_suffix("+0000")?);
    DateTime::from_str(&date, Format::DateTime).ok().map(|date| date.secs())
}

impl LiveFunction {
    /// What its environment says, without the names of the variables.
    pub fn variables(&self) -> impl Iterator<Item = &String> {
        self.settings.environment.values()
    }

    /// Whether the role was deleted and made again behind the function's back. The environment of the function
    /// is locked with a key that only the earlier role may use:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html>
    pub(super) fn has_outlived(&self, role: &LiveRole) -> bool {
        self.role == role.arn && self.changed.is_some_and(|changed| role.made > changed)
    }
}
