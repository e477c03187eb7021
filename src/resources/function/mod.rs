//! The Lambda function and its settings. Which code is live is the business of `release.rs`.

pub mod further;
mod live;
mod marks;
mod pins;
mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, Runtime};

pub use live::LiveFunction;
use live::{Extra, Health, busy_with, live};
pub use marks::{CALLS as UNMARK_CALLS, unmark};
pub use pins::{PINNING, Pins};
pub use settings::{Queues, Settings, architecture};

use super::{Code, Role, busy};
use crate::cloud::Doing;
use crate::cloud::tags::{self, Tags};
use crate::cloud::upload::Meter;
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud};
use crate::config::Config;
use crate::limits;
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Handle, Id, Inputs, Limit, Progress, Resource};

/// Until Lambda can assume a role that was made a moment ago; usually 5 to 15 s, and more than 5 minutes have been seen.
const ASSUMABLE: Duration = Duration::from_mins(6);
/// Until a role that lacks rights has them everywhere; what lasts longer lasts for good.
const ALLOWED: Duration = Duration::from_secs(45);
/// Until Lambda has room again for what a function runs on.
const ROOM: Duration = Duration::from_mins(9);
/// Until a function is active, or an update of it has ended.
const SETTLING: Duration = Duration::from_mins(5);
/// Until a deleted function is no longer found.
const GONE: Duration = Duration::from_mins(2);

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];

pub struct Function {
    cloud: Cloud,
    client: Client,
    name: String,
    log_group: String,
    settings: Settings,
    tags: Tags,
    role: Handle<Role>,
    code: Handle<Code>,
    queues: Queues,
    pins: Pins,
}

impl Function {
    pub fn new(
        cloud: &Cloud,
        config: &Config,
        role: Handle<Role>,
        code: Handle<Code>,
        queues: Queues,
    ) -> Self {
        Self {
            cloud: cloud.clone(),
            client: Client::new(&cloud.sdk),
            name: config.function().name.clone(),
            log_group: config.function().log_group.clone(),
            settings: Settings::wanted(config),
            tags: tags::of_function(config),
            role,
            code,
            queues,
            pins: Pins::default(),
        }
    }

    /// The same for a function that reads these secrets.
    #[must_use]
    pub fn reading(self, pins: Pins) -> Self {
        Self { pins, ..self }
    }

    /// The settings with what the stack knows once its queues and secrets are there.
    fn wanted(&self, inputs: &Inputs) -> Settings {
        self.pins.filled_in(self.queues.filled_in(&self.settings, inputs), inputs)
    }

    /// Sets what differs, and returns the function when that has ended.
    async fn brought_in_line(
        &self,
        wanted: &Settings,
        role: &str,
        progress: &Progress,
    ) -> Result<LiveFunction> {
        let sent = self.configure(wanted, role, progress).await;
        let settled = self.until_idle(progress).await?;
        match (sent, &settled.health) {
            (Err(error), _) if !is_as_wanted(&settled, wanted, role) => Err(error),
            (_, Health::Failed(reason) | Health::NotUpdated(reason)) => {
                Err(Error::failed(format!("update function `{}`", self.name)).cause(reason))
            }
            _ => Ok(settled),
        }
    }

    async fn find(&self) -> Result<Option<LiveFunction>> {
        let answer = self.client.get_function().function_name(&self.name).send().await;
        let doing = format!("read function `{}`", self.name);
        match answer.doing(&doing).absent_if(&ABSENT)? {
            Some(answer) => live(answer, &doing),
            None => Ok(None),
        }
    }

    /// Waits until the function is active and no update is under way.
    async fn until_idle(&self, progress: &Progress) -> Result<LiveFunction> {
        wait::until(progress, "the function has settled", SETTLING, || async {
            let answer = self.client.get_function().function_name(&self.name).send().await;
            let doing = format!("read function `{}`", self.name);
            let Some(answer) = answer.doing(&doing).absent_if(&ABSENT)? else {
                return Ok(Poll::Pending("absent".into()));
            };
            if let Some(busy) = answer.configuration.as_ref().and_then(busy_with) {
                return Ok(Poll::Pending(busy));
            }
            Ok(live(answer, &doing)?.map_or(Poll::Pending("absent".into()), Poll::Ready))
        })
        .await
    }

    async fn until_gone(&self, progress: &Progress) -> Result<()> {
        wait::until(progress, "the function is gone", GONE, || async {
            Ok(self.find().await?.map_or(Poll::Ready(()), |_| Poll::Pending("still there".into())))
        })
        .await
    }

    /// Runs `attempt` again while Lambda cannot assume the role yet, or is short of room for a moment:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html>
    async fn when_assumable<T, F: Future<Output = Result<T>>>(
        &self,
        progress: &Progress,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T> {
        let full =
            |error: &Error| refused_with(error, &["throttled by ec2"]) || busy::is_busy(error);
        let unknown = |error: &Error| {
            refused_with(error, &["cannot be assumed by lambda", "invalid for creategrant"])
        };
        let lacking = |error: &Error| refused_with(error, &["role does not have permissions"]);
        let since = tokio::time::Instant::now();
        let passes = |error: &Error| {
            full(error)
                || (unknown(error) && since.elapsed() < ASSUMABLE)
                || (lacking(error) && since.elapsed() < ALLOWED)
        };
        wait::while_refused(progress, "Lambda can assume the role", ROOM, passes, &mut attempt)
            .await
    }

    /// Sets what differs, when the function has settled.
    async fn configure(&self, wanted: &Settings, role: &str, progress: &Progress) -> Result<()> {
        let busy = |error: &Error| error.has_code(&["ResourceConflictException"]);
        let what = "no other update of the function is under way";
        self.when_assumable(progress, || {
            wait::while_refused(progress, what, SETTLING, busy, || async {
                let found = self.until_idle(progress).await?;
                if is_as_wanted(&found, wanted, role) {
                    return Ok(());
                }
                let call = self
                    .client
                    .update_function_configuration()
                    .function_name(&self.name)
                    .runtime(Runtime::Providedal2023)
                    .handler(&wanted.handler)
                    .role(role)
                    .memory_size(wanted.memory)
                    .timeout(wanted.timeout)
                    .environment(environment(wanted))
                    .set_logging_config(wanted.logging(&found.settings, &self.log_group))
                    .set_revision_id(found.revision);
                let doing = format!("change the settings of function `{}`", self.name);
                call.send().await.doing(doing).map(|_| ())
            })
        })
        .await
    }
}

fn is_as_wanted(live: &LiveFunction, wanted: &Settings, role: &str) -> bool {
    live.settings == *wanted && live.role == role && live.health == Health::Good
}

fn environment(settings: &Settings) -> Environment {
    let variables = settings.environment.clone().into_iter().collect();
    Environment::builder().set_variables(Some(variables)).build()
}

fn refused_with(error: &Error, fragments: &[&str]) -> bool {
    error.has_code(&["InvalidParameterValueException"])
        && fragments.iter().any(|fragment| error.says(fragment))
}

impl Resource for Function {
    type Live = LiveFunction;

    fn kind(&self) -> &'static str {
        "function"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["lambda:GetFunction"])
            .making(&["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"])
            .making(&["lambda:TagResource/function", "lambda:DeleteFunction"])
            .deleting(&["lambda:DeleteFunction"])
    }

    fn arns(&self) -> Vec<Arn> {
        let name = format!("function:{}", self.name);
        let arn = self.cloud.known_identity().arn("lambda", &name);
        // Lambda takes its versions and aliases for functions, too.
        let parts = format!("{arn}:*");
        vec![
            Arn::new("function", arn),
            Arn::new("function", parts.clone()),
            Arn::new("function-version", parts),
        ]
    }

    fn limits(&self) -> Vec<Limit> {
        vec![limits::passing_role_to("lambda.amazonaws.com")]
    }

    fn needs(&self) -> Vec<Id> {
        let own = [self.role.id, self.code.id].into_iter();
        own.chain(self.queues.ids()).chain(self.pins.ids()).collect()
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveFunction>> {
        self.find().await
    }

    fn is_ours(&self, live: &LiveFunction) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn owner(&self, live: &LiveFunction) -> Option<String> {
        tags::other_stack(&self.tags, &live.tags, &self.name)
    }

    fn diff(&self, inputs: &Inputs, live: &LiveFunction) -> Vec<Difference> {
        if self.pins.are_alone() {
            return self.pins.diff(&live.settings, &self.wanted(inputs));
        }
        let mut differences = tags::diff(&self.tags, &live.tags);
        match &live.health {
            Health::Good => {}
            Health::Failed(reason) => {
                let difference = Difference::new("state", format!("Failed, {reason}"), "Active");
                differences.push(difference.refused(
                    "remove it with `stackctl teardown --keep-data`, then run `stackctl up`",
                ));
            }
            Health::NotUpdated(reason) => {
                let now = format!("Failed, {reason}");
                differences.push(Difference::new("last update", now, "Successful"));
            }
            Health::Deleting => differences.push(Difference::new("state", "Deleting", "Active")),
        }
        if let Some(role) = inputs.find(self.role) {
            differences.extend(Difference::unless_equal("role", &live.role, &role.arn));
            if live.has_outlived(role) {
                let now = "an earlier one of this name, with the key of the environment";
                let difference = Difference::new("role", now, "the present one");
                differences.push(difference.losing());
            }
        }
        differences.extend(live.settings.diff(&self.wanted(inputs)));
        let extra = |one: &Extra| Difference::new(one.what, &one.now, "none").left(one.way_out);
        differences.extend(live.extras.iter().map(extra));
        differences
    }

    /// The answer names version 1 already, so nothing waits here until the function is active.
    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveFunction> {
        let (code, wanted) = (inputs.get(self.code), self.wanted(inputs));
        let zip = Blob::new(code.contents());
        let answer = self.when_assumable(progress, || async {
            let call = self
                .client
                .create_function()
                .function_name(&self.name)
                .runtime(Runtime::Providedal2023)
                .handler(&wanted.handler)
                .role(&inputs.get(self.role).arn)
                .architectures(code.architecture.name().into())
                .memory_size(wanted.memory)
                .timeout(wanted.timeout)
                .environment(environment(&wanted))
                .set_tags(Some(self.tags.clone().into_iter().collect()))
                .code(FunctionCode::builder().zip_file(zip.clone()).build())
                .publish(true);
            let call = call.customize().interceptor(Meter::new(progress));
            let answer = call.send().await.doing(format!("create function `{}`", self.name));
            busy::exists(answer)
        });
        let answer = answer.await?;
        Ok(LiveFunction {
            arn: unqualified(answer.function_arn.unwrap_or_default()),
            role: answer.role.unwrap_or_default(),
            settings: wanted.clone(),
            code_sha256: answer.code_sha256.unwrap_or_default(),
            architecture: code.architecture.name().to_owned(),
            published: answer.version.filter(|version| version != "$LATEST"),
            tags: self.tags.clone(),
            ..LiveFunction::default()
        })
    }

    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveFunction,
        progress: &Progress,
    ) -> Result<LiveFunction> {
        if self.pins.are_alone() {
            let wanted = self.pins.filled_in(live.settings.clone(), inputs);
            return self.brought_in_line(&wanted, &live.role, progress).await;
        }
        let (role, wanted) = (inputs.get(self.role), self.wanted(inputs));
        if live.health == Health::Deleting {
            self.until_gone(progress).await?;
            return self.create(inputs, progress).await;
        }
        if live.has_outlived(role) {
            progress.note("making the function again, because its role was");
            self.delete(live, progress).await?;
            self.until_gone(progress).await?;
            return self.create(inputs, progress).await;
        }
        if !tags::are_set(&self.tags, &live.tags) {
            let what = "the function takes tags";
            let passes = |error: &Error| {
                error.has_code(&["ResourceConflictException", "TooManyRequestsException"])
            };
            wait::while_refused(progress, what, SETTLING, passes, || async {
                let call = self.client.tag_resource().resource(&live.arn);
                let call = call.set_tags(Some(self.tags.clone().into_iter().collect()));
                call.send().await.doing(format!("tag function `{}`", self.name))
            })
            .await?;
        }
        self.brought_in_line(&wanted, &role.arn, progress).await
    }

    async fn delete(&self, _: &LiveFunction, progress: &Progress) -> Result<()> {
        let busy = |error: &Error| error.has_code(&["ResourceConflictException"]);
        wait::while_refused(progress, "the function can be deleted", SETTLING, busy, || async {
            let answer = self.client.delete_function().function_name(&self.name).send().await;
            answer.doing(format!("delete function `{}`", self.name)).absent_if(&ABSENT).map(|_| ())
        })
        .await
    }

    /// A function that was made is waited for by its first version.
    async fn settle(&self, live: Option<&LiveFunction>, progress: &Progress) -> Result<()> {
        match live {
            Some(_) => Ok(()),
            None => self.until_gone(progress).await,
        }
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
