//! Who may invoke `live`: this API, and nobody else.

use std::time::Duration;

use aws_sdk_lambda::Client;
use serde_json::Value;

use super::{Api, Function, LiveApi, Release};
use crate::cloud::{Answer, Cloud, wait};
use crate::config::{ALIAS, Config};
use crate::engine::{Difference, Handle, Id, Inputs, Progress, Resource};
use crate::error::{Doing, Error, Result};

/// The statement's id; Lambda refuses a second one of the same name.
const STATEMENT: &str = "stackctl-api";
/// Until another change of the function's policy has ended.
const BUSY: Duration = Duration::from_secs(60);

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
        let function_name = config.names.function.clone();
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

    async fn remove(&self) -> Result<()> {
        let call =
            self.client.remove_permission().function_name(&self.function_name).qualifier(ALIAS);
        let answer = call.statement_id(STATEMENT).send().await;
        answer
            .doing(format!("remove the permission of alias `{ALIAS}`"))
            .absent_if(&ABSENT)
            .map(|_| ())
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

    fn needs(&self) -> Vec<Id> {
        vec![self.release.id, self.api.id]
    }

    fn contained_in(&self) -> Option<Id> {
        Some(self.function.id)
    }

    async fn read(&self, _: &Progress) -> Result<Option<LivePermission>> {
        let answer = self
            .client
            .get_policy()
            .function_name(&self.function_name)
            .qualifier(ALIAS)
            .send()
            .await;
        let answer =
            answer.doing(format!("read who may invoke alias `{ALIAS}`")).absent_if(&ABSENT)?;
        let text = answer.and_then(|answer| answer.policy).unwrap_or_default();
        let policy: Value = serde_json::from_str(&text).unwrap_or_default();
        let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
        Ok(statements.iter().find(|statement| statement["Sid"] == STATEMENT).map(|statement| {
            LivePermission {
                principal: statement["Principal"]["Service"]
                    .as_str()
                    .unwrap_or("another")
                    .to_owned(),
                source: source_of(statement).unwrap_or("any").to_owned(),
            }
        }))
    }

    fn diff(&self, inputs: &Inputs, live: &LivePermission) -> Vec<Difference> {
        let principal = "apigateway.amazonaws.com".to_owned();
        let differences = [
            Difference::unless_equal("principal", &live.principal, &principal),
            inputs.find(self.api).and_then(|api| {
                Difference::unless_equal("source", &live.source, &self.source(api))
            }),
        ];
        differences.into_iter().flatten().collect()
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LivePermission> {
        let source = self.source(inputs.get(self.api));
        let busy = |error: &Error| error.says("concurrent update");
        wait::while_refused(
            progress,
            "the function's policy can be changed",
            BUSY,
            busy,
            || async {
                let call = self
                    .client
                    .add_permission()
                    .function_name(&self.function_name)
                    .qualifier(ALIAS)
                    .statement_id(STATEMENT)
                    .action("lambda:InvokeFunction")
                    .principal("apigateway.amazonaws.com")
                    .source_arn(&source);
                let answer = call.send().await.doing(format!("let the API invoke alias `{ALIAS}`"));
                answer.exists_if(&["ResourceConflictException"]).map(|_| ())
            },
        )
        .await?;
        Ok(LivePermission { principal: "apigateway.amazonaws.com".into(), source })
    }

    async fn update(
        &self,
        inputs: &Inputs,
        _: &LivePermission,
        progress: &Progress,
    ) -> Result<LivePermission> {
        self.remove().await?;
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
