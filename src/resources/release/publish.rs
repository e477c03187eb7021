//! Uploads the code when the function does not hold it yet, and publishes a version of it.

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LastUpdateStatus;

use super::{Release, SETTLING};
use crate::cloud::Doing;
use crate::cloud::upload::Meter;
use crate::cloud::wait::{self, Poll};
use crate::resources::LiveFunction;
use crate::resources::function::{Settings, architecture};
use engine::error::{Error, Result};
use engine::{Inputs, Progress};

/// What the function would publish now.
pub(super) struct Latest {
    pub(super) code_sha256: String,
    pub(super) architecture: String,
    pub(super) settings: Settings,
    pub(super) role: String,
    revision: Option<String>,
}

impl Release {
    /// Publishes our code and returns the number of the version. Nothing is uploaded twice.
    pub(super) async fn publish(&self, inputs: &Inputs, progress: &Progress) -> Result<String> {
        let function = inputs.get(self.function);
        if let Some(version) = &function.published {
            return Ok(version.clone());
        }
        let planned = Latest::of(function);
        let refused = match self.ship(inputs, &planned, progress).await {
            Err(error) if error.has_code(&["PreconditionFailedException"]) => error,
            ended => return ended,
        };
        // The revision also changes when an update settles, and by our own call when its answer was lost.
        let now = self.latest(progress).await?;
        let is_ours = now.code_sha256 == inputs.get(self.code).sha256.base64();
        if now.settings == planned.settings
            && now.role == planned.role
            && (is_ours || now.code_sha256 == planned.code_sha256)
        {
            return self.ship(inputs, &now, progress).await;
        }
        Err(refused)
    }

    /// Uploads the code when the function does not hold it yet, and publishes it.
    async fn ship(&self, inputs: &Inputs, latest: &Latest, progress: &Progress) -> Result<String> {
        let code = inputs.get(self.code);
        let (sha256, architecture) = (code.sha256.base64(), code.architecture.name());
        if latest.code_sha256 == sha256 && latest.architecture == architecture {
            return self
                .when_free(progress, || async {
                    let call = self.client.publish_version().function_name(&self.function_name);
                    let answer = call.code_sha256(&sha256).send().await;
                    let doing = format!("publish a version of function `{}`", self.function_name);
                    Ok(answer.doing(doing)?.version.unwrap_or_default())
                })
                .await;
        }
        let zip = Blob::new(code.contents());
        self.when_free(progress, || async {
            let call = self
                .client
                .update_function_code()
                .function_name(&self.function_name)
                .architectures(architecture.into())
                .zip_file(zip.clone())
                .set_revision_id(latest.revision.clone())
                .publish(true);
            let doing = format!("upload the code of function `{}`", self.function_name);
            let call = call.customize().interceptor(Meter::new(progress));
            Ok(call.send().await.doing(doing)?.version.unwrap_or_default())
        })
        .await
    }

    /// Runs `attempt` again while another update of the function is under way.
    async fn when_free<T, F: Future<Output = Result<T>>>(
        &self,
        progress: &Progress,
        attempt: impl FnMut() -> F,
    ) -> Result<T> {
        let busy = |error: &Error| error.has_code(&["ResourceConflictException"]);
        let what = "no other update of the function is under way";
        wait::while_refused(progress, what, SETTLING, busy, attempt).await
    }

    /// The function as it is once no update is under way.
    async fn latest(&self, progress: &Progress) -> Result<Latest> {
        wait::until(progress, "the function has settled", SETTLING, || async {
            let call = self.client.get_function_configuration().function_name(&self.function_name);
            let answer = call.send().await;
            let answer = answer.doing(format!("read function `{}`", self.function_name))?;
            if answer.last_update_status() == Some(&LastUpdateStatus::InProgress) {
                return Ok(Poll::Pending("InProgress".into()));
            }
            Ok(Poll::Ready(Latest::from_answer(answer)))
        })
        .await
    }
}

impl Latest {
    fn of(function: &LiveFunction) -> Self {
        Self {
            code_sha256: function.code_sha256.clone(),
            architecture: function.architecture.clone(),
            settings: function.settings.clone(),
            role: function.role.clone(),
            revision: function.revision.clone(),
        }
    }

    pub(super) fn from_answer(answer: GetFunctionConfigurationOutput) -> Self {
        Self {
            architecture: architecture(answer.architectures()),
            code_sha256: answer.code_sha256.unwrap_or_default(),
            settings: Settings::of(
                answer.runtime,
                answer.handler,
                answer.memory_size,
                answer.timeout,
                answer.environment,
                (answer.function_name.as_deref(), answer.logging_config),
            ),
            role: answer.role.unwrap_or_default(),
            revision: answer.revision_id,
        }
    }
}
