//! Who may invoke `live`: this API, and nobody else.

use std::time::Duration;

use aws_sdk_lambda::Client;
use serde_json::Value;

use super::{Api, Function, LiveApi, Release, busy};
use crate::cloud::Doing;
use crate::cloud::{Answer, Cloud, wait};
use crate::config::{ALIAS, Config};
use crate::limits;
use engine::error::{Error, Result};
use engine::{Calls, Difference, Handle, Id, Inputs, Limit, Progress, Resource};

/// The statement's id; Lambda refuses a second one of the same name.
const STATEMENT: &str = "stackctl-api";
const ACTION: &str = "lambda:InvokeFunction";
const PRINCIPAL: &str = "apigateway.amazonaws.com";
/// Until another change of the policy has ended, or the alias and its policy are known everywhere.
const SETTLING: Duration = Duration::from_mins(1);

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];

pub struct Permission {
    cloud: Cloud,
    client: Client,
    function_name: String,
    function: Handle<Function>,
    release: Handle<Release>,
    api: Handle<Api>,
}

/// Our statement as it is.
#[derive(Debug, Clone)]
pub struct LivePermission {
    pub action: String,
    pub principal: String,
    pub source: String,
}

impl Permission {
    pub fn new(
        cloud: &Cloud,
        config: &Config,
        function: Handle<Function>,
        release: Handle<Release>,
        api: Handle<Api>,
    ) -> Self {
        let function_name = config.function().name.clone();
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            function_name,
            function,
            release,
            api,
        }
    }

    /// Any stage, method and path of this API alone.
    fn source(&self, api: &LiveApi) -> String {
        self.cloud.known_identity().arn("execute-api", &format!("{}/*/*", api.id))
    }

    async fn find(&self) -> Result<Option<LivePermission>> {
        let call = self.client.get_policy().function_name(&self.function_name).qualifier(ALIAS);
        let answer = call.send().await.doing(format!("read who may invoke alias `{ALIAS}`"));
        let text = answer.absent_if(&ABSENT)?.and_then(|answer| answer.policy).unwrap_or_default();
        let policy: Value = serde_json::from_str(&text).unwrap_or_default();
        let statements = policy["Statement"].as_array().map(Vec::as_slice).unwrap_or_default();
        let ours = statements.iter().find(|statement| statement["Sid"] == STATEMENT);
        Ok(ours.map(|statement| {
            let told = |value: &Value| value.as_str().unwrap_or("another").to_owned();
            LivePermission {
                action: told(&statement["Action"]),
                principal: told(&statement["Principal"]["Service"]),
                source: source_of(statement).unwrap_or("any").to_owned(),
            }
        }))
    }

    async fn remove(&self, progress: &Progress) -> Result<()> {
        let busy = busy::is_busy;
        let what = "the alias gives the permission up";
        wait::while_refused(progress, what, SETTLING, busy, || async {
            let call =
                self.client.remove_permission().function_name(&self.function_name).qualifier(ALIAS);
            let answer = call.statement_id(STATEMENT).send().await;
            let doing = format!("remove the permission of alias `{ALIAS}`");
            answer.doing(doing).absent_if(&ABSENT).map(|_| ())
        })
        .await
    }
}

impl Resource for Permission {
    type Live = LivePermission;

    fn kind(&self) -> &'static str {
        "permission"
    }

    fn name(&self) -> String {
        format!("{}:{ALIAS}", self.function_name)
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["lambda:GetPolicy"])
            .making(&["lambda:AddPermission", "lambda:RemovePermission"])
    }

    fn limits(&self) -> Vec<Limit> {
        vec![limits::letting_in(PRINCIPAL)]
    }

    fn needs(&self) -> Vec<Id> {
        vec![self.release.id, self.api.id]
    }

    fn contained_in(&self) -> Option<Id> {
        Some(self.function.id)
    }

    async fn read(&self, _: &Progress) -> Result<Option<LivePermission>> {
        self.find().await
    }

    fn diff(&self, inputs: &Inputs, live: &LivePermission) -> Vec<Difference> {
        let mut differences = vec![
            Difference::unless_equal("action", &live.action.as_str(), &ACTION),
            Difference::unless_equal("principal", &live.principal.as_str(), &PRINCIPAL),
        ];
        if let Some(api) = inputs.find(self.api) {
            let wanted = self.source(api);
            differences.push(Difference::unless_equal("source", &live.source, &wanted));
        }
        if inputs.find(self.release).is_some_and(|release| release.made_again) {
            let now = "gone with its function";
            differences.push(Some(Difference::new("statement", now, "there")));
        }
        differences.into_iter().flatten().collect()
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LivePermission> {
        let source = self.source(inputs.get(self.api));
        let passes = |error: &Error| busy::is_busy(error) || error.has_code(&ABSENT);
        let what = "the alias accepts the permission";
        let answer = wait::while_refused(progress, what, SETTLING, passes, || async {
            let call = self
                .client
                .add_permission()
                .function_name(&self.function_name)
                .qualifier(ALIAS)
                .statement_id(STATEMENT)
                .action(ACTION)
                .principal(PRINCIPAL)
                .source_arn(&source);
            let answer = call.send().await.doing(format!("let the API invoke alias `{ALIAS}`"));
            busy::exists(answer)
        })
        .await;
        if answer.exists() {
            wait::until_read(progress, SETTLING, || self.find()).await?;
        }
        answer?;
        Ok(LivePermission { action: ACTION.into(), principal: PRINCIPAL.into(), source })
    }

    async fn update(
        &self,
        inputs: &Inputs,
        _: &LivePermission,
        progress: &Progress,
    ) -> Result<LivePermission> {
        self.remove(progress).await?;
        self.create(inputs, progress).await
    }

    /// Goes with the function.
    async fn delete(&self, _: &LivePermission, _: &Progress) -> Result<()> {
        Ok(())
    }
}

/// Lambda gives the condition back as `ArnLike` on `AWS:SourceArn`, in whatever case.
fn source_of(statement: &Value) -> Option<&str> {
    let operators = statement["Condition"].as_object()?;
    let keys = operators.values().filter_map(Value::as_object).flatten();
    keys.filter(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn"))
        .find_map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests;
