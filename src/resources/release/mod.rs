//! The alias `live`: which version the API calls. Uploads, publishes and switches, in one atomic step for callers.

#[cfg(test)]
mod late;
mod publish;
mod switch;
#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::State;
use tokio::time::Instant;

use publish::Latest;

use super::busy;
use super::commits::Commits;
use super::function::{Pins, Queues, Settings};
use super::trial::{self, Trial};
use super::{Code, Function, LiveFunction, LogGroup, Rights};
use crate::blueprint::Form;
use crate::cloud::Doing;
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud};
use crate::config::{ALIAS, Budget, Config};
use engine::error::{Error, Result};
use engine::{Calls, Difference, Handle, Id, Inputs, Phases, Progress, Resource};

/// Until a version is active, or an update of the function has ended.
const SETTLING: Duration = Duration::from_mins(5);

/// Until a version or an alias that was made a moment ago is known everywhere.
const SPREADING: Duration = Duration::from_mins(1);

/// Until rights that a role was given are known everywhere: IAM promises no time, and takes seconds.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>
const RIGHTS_SPREADING: Duration = Duration::from_secs(20);

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];

/// What Lambda says to an invocation of a version that it is not done with, or does not know everywhere yet.
const NOT_ACTIVE: [&str; 2] = ["ResourceConflictException", "ResourceNotFoundException"];

/// What moving `live` asks of AWS.
pub const SWITCHING: &[&str] = &["lambda:UpdateAlias", "lambda:GetAlias"];

/// What new code behind `live` asks of AWS.
pub const SHIPPING: &[&[&str]] =
    &[&["lambda:UpdateFunctionCode", "lambda:PublishVersion"], trial::CALLS, SWITCHING];

pub struct Release {
    client: Client,
    function_name: String,
    role_name: String,
    /// As the function shall be.
    settings: Settings,
    budget: Budget,
    /// How it is tried before `live` moves; `None` for what takes no requests, which is never invoked by us.
    tried_as: Option<Form>,
    function: Handle<Function>,
    log_group: Handle<LogGroup>,
    code: Handle<Code>,
    rights: Rights,
    /// Nothing has to spread on a local cloud.
    is_near: bool,
    /// What the version that `live` is moved to may use from its first request on.
    used: Vec<Id>,
    queues: Queues,
    pins: Pins,
}

/// What `live` points at.
#[derive(Debug, Clone, Default)]
pub struct LiveRelease {
    /// Lambda's own number.
    pub version: String,
    /// Base64 SHA-256 of the zip of that version.
    pub code_sha256: String,
    pub architecture: String,
    /// What `live` pointed at before this run moved it.
    pub before: Option<String>,
    /// Whether it was made again together with its function.
    pub made_again: bool,
    settings: Settings,
    role: String,
    /// A second version that takes a share of the requests.
    shares_with: Option<String>,
    /// Changes with every change of the alias: guards writes against somebody else's.
    revision: Option<String>,
    /// Of the newest versions; the alias's description, because writing it costs no call.
    pub commits: Commits,
    /// How the version did before `live` was moved to it.
    pub trial: Option<Trial>,
    /// How long this run took to bring it here.
    pub phases: Phases,
}

#[cfg(test)]
impl LiveRelease {
    /// One that was made again together with its function.
    pub(super) fn made_again() -> Self {
        Self { made_again: true, ..Self::default() }
    }
}

impl Release {
    pub fn new(
        cloud: &Cloud,
        config: &Config,
        function: Handle<Function>,
        log_group: Handle<LogGroup>,
        code: Handle<Code>,
        rights: Rights,
    ) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            function_name: config.function().name.clone(),
            role_name: config.function().role.clone(),
            settings: Settings::wanted(config),
            budget: config.function().settings.budget,
            tried_as: Some(Form::default()),
            function,
            log_group,
            code,
            rights,
            is_near: cloud.loopback().is_some(),
            used: Vec::new(),
            queues: Queues::default(),
            pins: Pins::default(),
        }
    }

    /// Nobody shall meet a version before the role has the rights that it needs. Code is uploaded and tried meanwhile.
    async fn until_rights_spread(&self, inputs: &Inputs, progress: &Progress) {
        let left = |since: Instant| RIGHTS_SPREADING.saturating_sub(since.elapsed());
        let left = self.rights.widened(inputs).filter(|_| !self.is_near).map(left);
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            wait::pause(progress, "the role's new rights are known everywhere", left).await;
        }
    }

    /// `live` moves only when these are as they shall be.
    #[must_use]
    pub fn after(mut self, used: Vec<Id>) -> Self {
        self.used = used;
        self
    }

    /// The same for a function that finds the addresses of these queues in its environment.
    #[must_use]
    pub fn sending_to(self, queues: Queues) -> Self {
        Self { queues, ..self }
    }

    /// The same for a function that reads these secrets.
    #[must_use]
    pub fn reading(self, pins: Pins) -> Self {
        Self { pins, ..self }
    }

    /// The same for a program of another form, or one that takes no requests.
    #[must_use]
    pub fn tried_as(self, form: Option<Form>) -> Self {
        Self { tried_as: form, ..self }
    }

    async fn until_active(&self, version: &str, progress: &Progress) -> Result<()> {
        wait::until(progress, &format!("version {version} is active"), SETTLING, || async {
            let call = self.client.get_function_configuration().function_name(&self.function_name);
            let answer = call.qualifier(version).send().await;
            let answer = answer.doing(format!("read version {version}")).absent_if(&ABSENT)?;
            let Some(answer) = answer else {
                return Ok(Poll::Pending("absent".into()));
            };
            Ok(match answer.state() {
                Some(State::Failed) => {
                    let reason = answer.state_reason().unwrap_or("AWS gave no reason");
                    return Err(Error::failed(format!("start version {version}")).cause(reason));
                }
                Some(state @ State::Pending) => Poll::Pending(state.to_string()),
                _ => Poll::Ready(()),
            })
        })
        .await
    }

    /// No user shall be the first to find out that a version does not start. Lambda invokes none before it is active.
    async fn tried(
        &self,
        version: &str,
        phases: &mut Phases,
        progress: &Progress,
    ) -> Result<Option<Trial>> {
        let Some(form) = self.tried_as else {
            phases.time("settle", self.until_active(version, progress)).await?;
            return Ok(None);
        };
        progress.note(format!("trying version {version}"));
        let claim = self.settings.claim();
        let attempt = || trial::of(&self.client, &self.function_name, version, form, claim);
        let trial = match phases.time("trial", attempt()).await {
            Err(error) if error.has_code(&NOT_ACTIVE) => {
                phases.time("settle", self.until_active(version, progress)).await?;
                phases.time("trial", attempt()).await?
            }
            Ok(None) => {
                phases.time("settle", self.until_active(version, progress)).await?;
                None
            }
            trial => trial?,
        };
        trial::within(&self.budget, version, trial.as_ref())?;
        Ok(trial)
    }

    /// The alias, without what its version holds.
    async fn find(&self) -> Result<Option<LiveRelease>> {
        let call = self.client.get_alias().function_name(&self.function_name).name(ALIAS);
        let answer = call.send().await.doing(format!("read alias `{ALIAS}`")).absent_if(&ABSENT)?;
        Ok(answer.map(|alias| LiveRelease {
            version: alias.function_version.unwrap_or_default(),
            shares_with: alias
                .routing_config
                .and_then(|routing| routing.additional_version_weights)
                .and_then(|weights| weights.into_keys().next()),
            revision: alias.revision_id,
            commits: alias.description.map(|text| Commits::parse(&text)).unwrap_or_default(),
            ..LiveRelease::default()
        }))
    }

    fn now(&self, inputs: &Inputs, version: String, commits: Commits) -> LiveRelease {
        let (function, code) = (inputs.get(self.function), inputs.get(self.code));
        LiveRelease {
            version,
            code_sha256: code.sha256.base64(),
            architecture: code.architecture.name().to_owned(),
            settings: function.settings.clone(),
            role: function.role.clone(),
            commits,
            ..LiveRelease::default()
        }
    }

    /// What was changed by hand is not what a version lacks: it is put right first, and then this is compared again.
    fn is_as_wanted(&self, inputs: &Inputs, function: &LiveFunction) -> bool {
        let role = function.role.rsplit('/').next().unwrap_or_default();
        let wanted = self.pins.filled_in(self.queues.filled_in(&self.settings, inputs), inputs);
        function.settings == wanted && role == self.role_name
    }

    /// What the version that is live lacks.
    fn version_differences(&self, inputs: &Inputs, live: &LiveRelease) -> Vec<Difference> {
        let mut differences = Vec::new();
        if let Some(code) = inputs.find(self.code) {
            let (sha256, architecture) = (code.sha256.base64(), code.architecture.name());
            differences.extend([
                Difference::unless_equal("code", &live.code_sha256, &sha256),
                Difference::unless_equal(
                    "architecture",
                    &live.architecture.as_str(),
                    &architecture,
                ),
            ]);
        }
        if let Some(function) = inputs.find(self.function) {
            let now = function.published.as_ref().map(|version| {
                Difference::new(
                    "version",
                    format!("{}, gone with its function", live.version),
                    version,
                )
            });
            differences.push(now);
            if self.pins.are_alone() {
                let pins = self.pins.diff(&live.settings, &function.settings);
                differences.extend(pins.into_iter().map(Some));
            } else if self.is_as_wanted(inputs, function) {
                differences.push(Difference::unless_equal("role", &live.role, &function.role));
                differences.extend(live.settings.diff(&function.settings).into_iter().map(Some));
            }
        }
        differences.into_iter().flatten().collect()
    }
}

impl Resource for Release {
    type Live = LiveRelease;

    fn kind(&self) -> &'static str {
        "alias"
    }

    fn name(&self) -> String {
        format!("{}:{ALIAS}", self.function_name)
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["lambda:GetAlias", "lambda:GetFunctionConfiguration"])
            .making(&["lambda:CreateAlias"])
            .making(&SHIPPING.concat())
    }

    /// A function that is called without its log group loses its first lines.
    fn needs(&self) -> Vec<Id> {
        let own = [self.function.id, self.log_group.id, self.code.id];
        own.into_iter().chain(self.queues.ids()).chain(self.pins.ids()).collect()
    }

    /// One that is called without its rights fails; nobody calls one that goes.
    fn follows(&self) -> Vec<Id> {
        self.rights.ids().chain(self.used.iter().copied()).collect()
    }

    fn contained_in(&self) -> Option<Id> {
        Some(self.function.id)
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveRelease>> {
        let version = async {
            let call = self.client.get_function_configuration().function_name(&self.function_name);
            let answer = call.qualifier(ALIAS).send().await;
            answer.doing("read the live version").absent_if(&ABSENT)
        };
        let (Some(alias), Some(version)) = tokio::try_join!(self.find(), version)? else {
            return Ok(None);
        };
        let version = Latest::from_answer(version);
        Ok(Some(LiveRelease {
            code_sha256: version.code_sha256,
            architecture: version.architecture,
            settings: version.settings,
            role: version.role,
            ..alias
        }))
    }

    fn diff(&self, inputs: &Inputs, live: &LiveRelease) -> Vec<Difference> {
        let mut differences = self.version_differences(inputs, live);
        if let Some(version) = &live.shares_with {
            let now = format!("shared with version {version}");
            differences.push(Difference::new("traffic", now, "all"));
        }
        differences
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveRelease> {
        let version = self.publish(inputs, progress).await?;
        let commits = Commits::default().with(&version, inputs.get(self.code).commit.as_deref());
        self.until_rights_spread(inputs, progress).await;
        let unknown = |error: &Error| error.has_code(&ABSENT) || busy::is_busy(error);
        let what = format!("version {version} is known");
        let answer = wait::while_refused(progress, &what, SPREADING, unknown, || async {
            let call = self.client.create_alias().function_name(&self.function_name).name(ALIAS);
            let call = call.function_version(&version).description(commits.to_string());
            let answer = call.send().await.doing(format!("create alias `{ALIAS}`"));
            busy::exists(answer)
        });
        let revision = answer.await?.revision_id;
        Ok(LiveRelease { revision, ..self.now(inputs, version, commits) })
    }

    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveRelease,
        progress: &Progress,
    ) -> Result<LiveRelease> {
        if inputs.get(self.function).published.is_some() {
            let made = self.create(inputs, progress).await?;
            return Ok(LiveRelease { made_again: true, ..made });
        }
        let (mut phases, mut trial) = (Phases::default(), None);
        let mut version = live.version.clone();
        if !self.version_differences(inputs, live).is_empty() {
            version = phases.time("upload", self.publish(inputs, progress)).await?;
            trial = self.tried(&version, &mut phases, progress).await?;
        }
        let commit = inputs.get(self.code).commit.as_deref();
        let commits = live.commits.clone().with(&version, commit);
        self.until_rights_spread(inputs, progress).await;
        let revision = phases.time("switch", self.point(live, &version, &commits)).await?;
        let before = Some(live.version.clone()).filter(|before| *before != version);
        Ok(LiveRelease { before, revision, trial, phases, ..self.now(inputs, version, commits) })
    }

    /// What was tried before `live` was moved to it is active.
    async fn settle(&self, live: Option<&LiveRelease>, progress: &Progress) -> Result<()> {
        match live {
            Some(live) if live.trial.is_none() => self.until_active(&live.version, progress).await,
            _ => Ok(()),
        }
    }

    /// Goes with the function.
    async fn delete(&self, _: &LiveRelease, _: &Progress) -> Result<()> {
        Ok(())
    }
}
