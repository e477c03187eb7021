//! What `stackctl secret` does with values. A value is sent or printed, and kept nowhere.

use wire::Secret as Value;
use wire::ssm::{GetParameter, ParameterMetadata, PutParameter, SSM};

use super::{ABSENT, ENCRYPTED, Secret, described, filter, written};
use crate::cloud::tags;
use crate::cloud::wait;
use crate::cloud::{Answer, Cloud, Doing};
use crate::config::Config;
use engine::Progress;
use engine::error::{Error, Kind, Result};

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["ssm:PutParameter", "ssm:GetParameter"];

/// The most bytes of a parameter in the standard tier:
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>
const MOST_BYTES: usize = 4096;

/// Until Parameter Store has ended another change of the same parameter.
const BUSY: std::time::Duration = std::time::Duration::from_mins(1);

/// What Parameter Store refuses for a moment.
const PASSING: [&str; 2] = ["TooManyUpdates", "ThrottlingException"];

/// Refuses a value that Parameter Store would not take. The value is in no message.
pub fn check(value: &str) -> Result<()> {
    let refused = |message: String, hint: &str| Err(Error::usage(message).hint(hint));
    if value.is_empty() {
        return refused("the value is empty".into(), "pipe it in: `… | stackctl secret set NAME`");
    }
    if value.len() > MOST_BYTES {
        return refused(
            format!("the value has {} bytes", value.len()),
            "4,096 bytes is the limit of Parameter Store's standard tier; keep larger files in S3, and their key here",
        );
    }
    if value.contains("{{") {
        return refused(
            "the value has `{{` in it, which Parameter Store takes for a reference".into(),
            "encode the value, for example as base64, and decode it in the handler",
        );
    }
    Ok(())
}

/// Sets the secret, and returns the new version.
pub async fn put(
    cloud: &Cloud,
    config: &Config,
    key: &str,
    value: &Value,
    progress: &Progress,
) -> Result<i64> {
    let secret = Secret::new(cloud, config, key);
    match secret.written(value, false, progress).await {
        Err(error) if error.kind == Kind::Exists => {}
        ended => return ended,
    }
    // Tags come with a creation alone, so it is seen first whose this one is.
    let live = secret.tags().await?.unwrap_or_default();
    if !tags::is_ours(&secret.tags, &live) {
        let message =
            format!("parameter `{}` exists already and does not belong to this stack", secret.name);
        return Err(Error::usage(message)
            .hint("choose another name or `--stage`, or adopt it with `stackctl up --adopt`"));
    }
    secret.written(value, true, progress).await
}

/// The value and its version.
pub async fn get(cloud: &Cloud, config: &Config, key: &str) -> Result<Option<(Value, i64)>> {
    let secret = Secret::new(cloud, config, key);
    let (client, name) = (&secret.client, secret.name.clone());
    let answer = client.call(GetParameter { name, with_decryption: true }).await;
    let answer = answer.doing(format!("read secret `{key}`")).absent_if(&ABSENT)?;
    Ok(answer.map(|answer| (answer.parameter.value, answer.parameter.version)))
}

/// Every secret of the stack and stage, whether the file names it or not.
pub async fn list(cloud: &Cloud, config: &Config) -> Result<Vec<ParameterMetadata>> {
    let client = wire::Client::new(&cloud.sdk, &SSM);
    let mut found = described(&client, filter("Path", "OneLevel", &config.parameters())).await?;
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

impl Secret {
    async fn written(&self, value: &Value, overwrite: bool, progress: &Progress) -> Result<i64> {
        let busy = |error: &Error| error.has_code(&PASSING);
        let what = "Parameter Store takes the value";
        let answer = wait::while_refused(progress, what, BUSY, busy, || async {
            let client = &self.client;
            let answer = client.call(PutParameter {
                name: self.name.clone(),
                description: None,
                value: value.clone(),
                // Also of one that is there: a change without it would make a secret plain text.
                r#type: ENCRYPTED,
                key_id: None,
                overwrite,
                tags: (!overwrite).then(|| written(&self.tags)),
                // The default of the account may be one that costs.
                tier: "Standard",
            });
            let answer = answer.await.doing(format!("set secret `{}`", self.key));
            answer.exists_if(&["ParameterAlreadyExists"])
        });
        Ok(answer.await?.version)
    }
}
