//! The alias `live`: which version the API calls. Uploads, publishes and switches, in one atomic step for callers.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{AliasRoutingConfiguration, State};

use super::commits::Commits;
use super::function::Settings;
use super::trial::{self, Trial};
use super::{Code, Function};
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud};
use crate::config::{ALIAS, Budget, Config};
use crate::engine::{Difference, Handle, Id, Inputs, Phases, Progress, Resource};
use crate::error::{Doing, Error, Result};

/// Until a version is active, or an update of the function has ended.
const SETTLING: Duration = Duration::from_secs(300);

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];

pub struct Release {
    client: Client,
    function_name: String,
    budget: Budget,
    function: Handle<Function>,
    code: Handle<Code>,
}

/// What `live` points at.
#[derive(Debug, Clone, Default)]
pub struct LiveRelease {
    /// Lambda's own number.
    pub version: String,
    /// Base64 SHA-256 of the zip of that version.
    pub code_sha256: String,
    /// What `live` pointed at before this run moved it.
    pub before: Option<String>,
    settings: Settings,
    role: String,
    /// A second version that takes a share of the requests.
    shares_with: Option<String>,
    /// Changes with every change of the alias: guards writes against somebody else's.
    pub revision: Option<String>,
    /// Of the newest versions; the alias's description, because writing it costs no call.
    pub commits: Commits,
    /// How the version did before `live` was moved to it.
    pub trial: Option<Trial>,
    /// How long this run took to bring it here.
    pub phases: Phases,
}

impl Release {
    pub fn new(
        cloud: &Cloud,
        config: &Config,
        function: Handle<Function>,
        code: Handle<Code>,
    ) -> Self {
        let (function_name, budget) = (config.names.function.clone(), config.function.budget);
        Self { client: Client::new(&cloud.sdk), function_name, budget, function, code }
    }

    /// Publishes what the function holds and returns the number of the version. Nothing is uploaded twice.
    async fn publish(&self, inputs: &Inputs, progress: &Progress) -> Result<String> {
        let (function, code) = (inputs.get(self.function), inputs.get(self.code));
        if let Some(version) = &function.published {
            return Ok(version.clone());
        }
        let busy = |error: &Error| error.has_code(&["ResourceConflictException"]);
        let what = "no other update of the function is under way";
        if function.code_sha256 == code.sha256.base64() {
            return wait::while_refused(progress, what, SETTLING, busy, || async {
                let call = self.client.publish_version().function_name(&self.function_name);
                let answer = call.code_sha256(code.sha256.base64()).send().await;
                let doing = format!("publish a version of function `{}`", self.function_name);
                Ok(answer.doing(doing)?.version.unwrap_or_default())
            })
            .await;
        }
        progress.note(format!("uploading {} KB", code.bytes / 1000));
        let zip = Blob::new(code.contents());
        wait::while_refused(progress, what, SETTLING, busy, || async {
            let call = self
                .client
                .update_function_code()
                .function_name(&self.function_name)
                .architectures(code.architecture.name().into())
                .zip_file(zip.clone())
                .set_revision_id(function.revision.clone())
                .publish(true);
            let answer = call
                .send()
                .await
                .doing(format!("upload the code of function `{}`", self.function_name));
            Ok(answer?.version.unwrap_or_default())
        })
        .await
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

    /// No user shall be the first to find out that a version does not start.
    async fn tried(&self, version: &str, progress: &Progress) -> Result<Option<Trial>> {
        progress.note(format!("trying version {version}"));
        let trial = trial::of(&self.client, &self.function_name, version).await?;
        trial::within(&self.budget, version, trial.as_ref())?;
        Ok(trial)
    }

    /// Points `live` at `version` in one write.
    pub async fn switch(&self, version: &str, revision: Option<String>) -> Result<()> {
        self.point(version, revision, None).await
    }

    async fn point(
        &self,
        version: &str,
        revision: Option<String>,
        commits: Option<&Commits>,
    ) -> Result<()> {
        let call = self
            .client
            .update_alias()
            .function_name(&self.function_name)
            .name(ALIAS)
            .function_version(version)
            .routing_config(
                AliasRoutingConfiguration::builder()
                    .set_additional_version_weights(Some([].into()))
                    .build(),
            )
            .set_description(commits.map(Commits::to_string))
            .set_revision_id(revision);
        let answer = call.send().await.doing(format!("point `{ALIAS}` at version {version}"));
        answer.map(|_| ()).map_err(|error| match error.has_code(&["PreconditionFailedException"]) {
            true => error.hint(format!(
                "somebody else moved `{ALIAS}` at the same time: see `stackctl rollback --list`, then run this again"
            )),
            false => error,
        })
    }

    fn now(&self, inputs: &Inputs, version: String, commits: Commits) -> LiveRelease {
        let function = inputs.get(self.function);
        LiveRelease {
            version,
            commits,
            before: None,
            code_sha256: inputs.get(self.code).sha256.base64(),
            settings: function.settings.clone(),
            role: function.role.clone(),
            shares_with: None,
            revision: None,
            trial: None,
            phases: Phases::default(),
        }
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

    fn needs(&self) -> Vec<Id> {
        vec![self.function.id, self.code.id]
    }

    fn contained_in(&self) -> Option<Id> {
        Some(self.function.id)
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveRelease>> {
        let alias = async {
            let answer =
                self.client.get_alias().function_name(&self.function_name).name(ALIAS).send().await;
            answer.doing(format!("read alias `{ALIAS}`")).absent_if(&ABSENT)
        };
        let version = async {
            let call = self
                .client
                .get_function_configuration()
                .function_name(&self.function_name)
                .qualifier(ALIAS);
            call.send().await.doing("read the live version").absent_if(&ABSENT)
        };
        let (Some(alias), Some(version)) = tokio::try_join!(alias, version)? else {
            return Ok(None);
        };
        let weights = alias.routing_config.and_then(|routing| routing.additional_version_weights);
        Ok(Some(LiveRelease {
            version: alias.function_version.unwrap_or_default(),
            code_sha256: version.code_sha256.unwrap_or_default(),
            before: None,
            settings: Settings::of(
                version.memory_size,
                version.timeout,
                version.environment.and_then(|environment| environment.variables),
            ),
            role: version.role.unwrap_or_default(),
            shares_with: weights.and_then(|weights| weights.into_keys().next()),
            revision: alias.revision_id,
            commits: alias.description.map(|text| Commits::parse(&text)).unwrap_or_default(),
            trial: None,
            phases: Phases::default(),
        }))
    }

    fn diff(&self, inputs: &Inputs, live: &LiveRelease) -> Vec<Difference> {
        let mut differences = Vec::new();
        if let Some(code) = inputs.find(self.code) {
            differences.extend(Difference::unless_equal(
                "code",
                &live.code_sha256,
                &code.sha256.base64(),
            ));
        }
        if let Some(function) = inputs.find(self.function) {
            differences.extend(live.settings.diff(&function.settings));
            differences.extend(Difference::unless_equal("role", &live.role, &function.role));
        }
        if let Some(version) = &live.shares_with {
            differences.push(Difference::new(
                "traffic",
                format!("shared with version {version}"),
                "all",
            ));
        }
        differences
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveRelease> {
        let version = self.publish(inputs, progress).await?;
        let commits = Commits::default().with(&version, inputs.get(self.code).commit.as_deref());
        let call = self.client.create_alias().function_name(&self.function_name).name(ALIAS);
        let call = call.function_version(&version).description(commits.to_string());
        let answer = call.send().await.doing(format!("create alias `{ALIAS}`"));
        answer.exists_if(&["ResourceConflictException", "ConflictException"])?;
        self.until_active(&version, progress).await?;
        Ok(self.now(inputs, version, commits))
    }

    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveRelease,
        progress: &Progress,
    ) -> Result<LiveRelease> {
        let only_shared = inputs.get(self.code).sha256.base64() == live.code_sha256
            && live.settings == inputs.get(self.function).settings
            && live.role == inputs.get(self.function).role;
        let (mut phases, mut trial) = (Phases::default(), None);
        let mut version = live.version.clone();
        if !only_shared {
            version = phases.time("upload", self.publish(inputs, progress)).await?;
            phases.time("settle", self.until_active(&version, progress)).await?;
            trial = phases.time("trial", self.tried(&version, progress)).await?;
        }
        let commit = inputs.get(self.code).commit.as_deref();
        let commits = live.commits.clone().with(&version, commit);
        let revision = live.revision.clone();
        phases.time("switch", self.point(&version, revision, Some(&commits))).await?;
        let before = Some(live.version.clone());
        Ok(LiveRelease { before, trial, phases, ..self.now(inputs, version, commits) })
    }

    /// Goes with the function.
    async fn delete(&self, _: &LiveRelease, _: &Progress) -> Result<()> {
        Ok(())
    }
}
