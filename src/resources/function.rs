//! The Lambda function and its settings. Which code is live is the business of `release.rs`.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, LastUpdateStatus, Runtime, State};

use super::{Code, LogGroup, Role};
use crate::cloud::tags::{self, Tags};
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud};
use crate::config::Config;
use crate::engine::{Difference, Handle, Id, Inputs, Progress, Resource};
use crate::error::{Doing, Error, Result};

/// Until Lambda can assume a role that was made a moment ago; usually 5 to 15 s.
const ASSUMABLE: Duration = Duration::from_secs(120);
/// Until a function is active, or an update of it has ended.
const SETTLING: Duration = Duration::from_secs(300);
/// Until a deleted function is no longer found.
const GONE: Duration = Duration::from_secs(120);

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];

/// The program brings its own runtime, which runs whatever the handler is called.
const RUNTIME: Runtime = Runtime::Providedal2023;
const HANDLER: &str = "bootstrap";

pub struct Function {
    client: Client,
    name: String,
    settings: Settings,
    tags: Tags,
    role: Handle<Role>,
    log_group: Handle<LogGroup>,
    code: Handle<Code>,
}

/// What can be set without touching the code; versions remember it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Megabytes.
    pub memory: i32,
    /// Seconds.
    pub timeout: i32,
    pub runtime: String,
    pub handler: String,
    pub environment: BTreeMap<String, String>,
}

/// The function as it is.
#[derive(Debug, Clone, Default)]
pub struct LiveFunction {
    pub arn: String,
    pub role: String,
    pub settings: Settings,
    /// Base64 SHA-256 of the zip that `$LATEST` runs.
    pub code_sha256: String,
    /// Changes with every change: guards writes against somebody else's.
    pub revision: Option<String>,
    /// The version that was published while making it.
    pub published: Option<String>,
    /// Why it can never become active.
    failed: Option<String>,
    tags: Tags,
}

impl Function {
    pub fn new(
        cloud: &Cloud,
        config: &Config,
        role: Handle<Role>,
        log_group: Handle<LogGroup>,
        code: Handle<Code>,
    ) -> Self {
        let environment =
            config.environment().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self {
            client: Client::new(&cloud.sdk),
            name: config.names.function.clone(),
            settings: Settings {
                memory: config.function.memory,
                timeout: config.function.timeout,
                runtime: RUNTIME.as_str().to_owned(),
                handler: HANDLER.to_owned(),
                environment,
            },
            tags: tags::ours(config),
            role,
            log_group,
            code,
        }
    }

    async fn find(&self) -> Result<Option<GetFunctionOutput>> {
        let answer = self.client.get_function().function_name(&self.name).send().await;
        answer.doing(format!("read function `{}`", self.name)).absent_if(&ABSENT)
    }

    /// Waits until the function is active and no update is under way.
    async fn until_settled(&self, progress: &Progress) -> Result<LiveFunction> {
        wait::until(progress, "the function has settled", SETTLING, || async {
            let Some(answer) = self.find().await? else {
                return Ok(Poll::Pending("absent".into()));
            };
            let Some(configuration) = &answer.configuration else {
                return Ok(Poll::Pending("unknown".into()));
            };
            let failed = || {
                configuration.last_update_status_reason().unwrap_or("AWS gave no reason").to_owned()
            };
            Ok(match (configuration.state(), configuration.last_update_status()) {
                (Some(state @ State::Pending), _) => Poll::Pending(state.to_string()),
                (_, Some(status @ LastUpdateStatus::InProgress)) => {
                    Poll::Pending(status.to_string())
                }
                (_, Some(LastUpdateStatus::Failed)) => {
                    return Err(
                        Error::failed(format!("update function `{}`", self.name)).cause(failed())
                    );
                }
                _ => Poll::Ready(live(answer)),
            })
        })
        .await
    }

    fn environment(&self) -> Environment {
        let variables = self.settings.environment.clone().into_iter().collect();
        Environment::builder().set_variables(Some(variables)).build()
    }
}

/// Whether Lambda refuses only because IAM has not spread the role yet, or is short of room for a moment:
/// <https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html>
fn passes(error: &Error) -> bool {
    let fragments = ["cannot be assumed by lambda", "invalid for creategrant", "throttled by ec2"];
    error.has_code(&["InvalidParameterValueException"])
        && fragments.iter().any(|fragment| error.says(fragment))
}

fn live(answer: GetFunctionOutput) -> LiveFunction {
    let tags = answer.tags.unwrap_or_default().into_iter().collect();
    let Some(configuration) = answer.configuration else {
        return LiveFunction { tags, ..LiveFunction::default() };
    };
    let failed = configuration.state() == Some(&State::Failed);
    LiveFunction {
        tags,
        failed: failed
            .then(|| configuration.state_reason().unwrap_or("AWS gave no reason").to_owned()),
        settings: Settings::of(
            configuration.memory_size,
            configuration.timeout,
            configuration.runtime,
            configuration.handler,
            configuration.environment.and_then(|environment| environment.variables),
        ),
        arn: configuration.function_arn.unwrap_or_default(),
        role: configuration.role.unwrap_or_default(),
        code_sha256: configuration.code_sha256.unwrap_or_default(),
        revision: configuration.revision_id,
        published: None,
    }
}

impl Settings {
    /// From an answer of Lambda, which leaves out what was never set.
    pub fn of(
        memory: Option<i32>,
        timeout: Option<i32>,
        runtime: Option<Runtime>,
        handler: Option<String>,
        environment: Option<impl IntoIterator<Item = (String, String)>>,
    ) -> Self {
        Self {
            memory: memory.unwrap_or(128),
            timeout: timeout.unwrap_or(3),
            runtime: runtime.unwrap_or(RUNTIME).as_str().to_owned(),
            handler: handler.unwrap_or_else(|| HANDLER.to_owned()),
            environment: environment
                .map(|variables| variables.into_iter().collect())
                .unwrap_or_default(),
        }
    }

    /// What differs between `self`, as it is, and `wanted`. Values of variables may be secret, so only names are told.
    pub fn diff(&self, wanted: &Self) -> Vec<Difference> {
        let mut differences: Vec<Difference> = [
            Difference::unless_equal("memory", &self.memory, &wanted.memory),
            Difference::unless_equal("timeout", &self.timeout, &wanted.timeout),
            Difference::unless_equal("runtime", &self.runtime, &wanted.runtime),
            Difference::unless_equal("handler", &self.handler, &wanted.handler),
        ]
        .into_iter()
        .flatten()
        .collect();
        for (name, value) in &wanted.environment {
            let now = match self.environment.get(name) {
                Some(now) if now == value => continue,
                Some(_) => "another value",
                None => "not set",
            };
            differences.push(Difference::new(format!("environment {name}"), now, "set"));
        }
        let extra = self.environment.keys().filter(|name| !wanted.environment.contains_key(*name));
        differences.extend(
            extra.map(|name| Difference::new(format!("environment {name}"), "set", "not set")),
        );
        differences
    }
}

impl Resource for Function {
    type Live = LiveFunction;

    fn kind(&self) -> &'static str {
        "function"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn needs(&self) -> Vec<Id> {
        vec![self.role.id, self.log_group.id, self.code.id]
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveFunction>> {
        Ok(self.find().await?.map(live))
    }

    fn is_ours(&self, live: &LiveFunction) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn diff(&self, inputs: &Inputs, live: &LiveFunction) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        if let Some(reason) = &live.failed {
            let difference = Difference::new("state", format!("Failed, {reason}"), "Active");
            differences.push(difference.refused(
                "remove it with `stackctl teardown --keep-table`, then run `stackctl up`",
            ));
        }
        let role = inputs.find(self.role);
        differences
            .extend(role.and_then(|role| Difference::unless_equal("role", &live.role, &role.arn)));
        differences.extend(live.settings.diff(&self.settings));
        differences
    }

    /// The answer names version 1 already, so nothing waits here until the function is active.
    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveFunction> {
        let code = inputs.get(self.code);
        let zip = Blob::new(code.contents());
        let answer = wait::while_refused(
            progress,
            "Lambda can assume the role",
            ASSUMABLE,
            passes,
            || async {
                let call = self
                    .client
                    .create_function()
                    .function_name(&self.name)
                    .runtime(RUNTIME)
                    .handler(HANDLER)
                    .role(&inputs.get(self.role).arn)
                    .architectures(code.architecture.name().into())
                    .memory_size(self.settings.memory)
                    .timeout(self.settings.timeout)
                    .environment(self.environment())
                    .set_tags(Some(self.tags.clone().into_iter().collect()))
                    .code(FunctionCode::builder().zip_file(zip.clone()).build())
                    .publish(true);
                let answer = call.send().await.doing(format!("create function `{}`", self.name));
                answer.exists_if(&["ResourceConflictException"])
            },
        );
        let answer = answer.await?;
        Ok(LiveFunction {
            arn: unqualified(answer.function_arn.unwrap_or_default()),
            role: answer.role.unwrap_or_default(),
            settings: self.settings.clone(),
            code_sha256: answer.code_sha256.unwrap_or_default(),
            revision: None,
            published: answer.version.filter(|version| version != "$LATEST"),
            failed: None,
            tags: self.tags.clone(),
        })
    }

    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveFunction,
        progress: &Progress,
    ) -> Result<LiveFunction> {
        if !self.is_ours(live) {
            let call = self.client.tag_resource().resource(&live.arn);
            let answer = call.set_tags(Some(self.tags.clone().into_iter().collect())).send().await;
            answer.doing(format!("tag function `{}`", self.name))?;
        }
        let settled = self.until_settled(progress).await?;
        let role = &inputs.get(self.role).arn;
        if settled.settings == self.settings && settled.role == *role {
            return Ok(settled);
        }
        wait::while_refused(progress, "Lambda can assume the role", ASSUMABLE, passes, || async {
            let call = self
                .client
                .update_function_configuration()
                .function_name(&self.name)
                .role(role)
                .memory_size(self.settings.memory)
                .timeout(self.settings.timeout)
                .runtime(RUNTIME)
                .handler(HANDLER)
                .environment(self.environment())
                .set_revision_id(settled.revision.clone());
            call.send()
                .await
                .doing(format!("change the settings of function `{}`", self.name))
                .map(|_| ())
        })
        .await?;
        self.until_settled(progress).await
    }

    async fn delete(&self, _: &LiveFunction, progress: &Progress) -> Result<()> {
        let busy = |error: &Error| error.has_code(&["ResourceConflictException"]);
        wait::while_refused(progress, "the function can be deleted", SETTLING, busy, || async {
            let answer = self.client.delete_function().function_name(&self.name).send().await;
            answer.doing(format!("delete function `{}`", self.name)).absent_if(&ABSENT).map(|_| ())
        })
        .await?;
        wait::until(progress, "the function is gone", GONE, || async {
            Ok(self.find().await?.map_or(Poll::Ready(()), |_| Poll::Pending("still there".into())))
        })
        .await
    }
}

/// `…:function:name:1` without the version.
fn unqualified(arn: String) -> String {
    let mut parts: Vec<&str> = arn.split(':').collect();
    if parts.len() > 7 {
        parts.truncate(7);
        return parts.join(":");
    }
    arn
}
