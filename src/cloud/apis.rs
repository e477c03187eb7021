//! Finding our HTTP API: names are not unique there and nothing is refused twice, so it is found by name and tags.
//! <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html>

use std::time::Duration;

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::config::retry::RetryConfig;
use aws_sdk_apigatewayv2::config::{Builder, Config};
use aws_sdk_apigatewayv2::types::Api;

use super::tags::{self, Tags};
use super::wait;
use crate::engine::Progress;
use crate::error::{Doing, Error, Result};

/// Ten calls a second for the whole account, and one change of an API at a time.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the SDK would retry by itself, in creates that it may send only once.
const THROTTLED: [&str; 3] = ["TooManyRequestsException", "ThrottlingException", "Throttling"];

/// The API called `name` that carries `ours`; else one of that name that does not.
pub async fn find(client: &Client, name: &str, ours: &Tags) -> Result<Option<Api>> {
    let (mut own, foreign): (Vec<Api>, Vec<Api>) =
        named(client, name).await?.into_iter().partition(|api| tags::is_ours(ours, &tags_of(api)));
    if own.len() > 1 {
        let ids: Vec<&str> = own.iter().filter_map(Api::api_id).collect();
        return Err(Error::failed(format!("find API `{name}`"))
            .cause(format!("there are {}: {}", own.len(), ids.join(", ")))
            .hint(
                "delete all but the one that is in use: `aws apigatewayv2 delete-api --api-id ID`",
            ));
    }
    Ok(own.pop().or(foreign.into_iter().next()))
}

/// The ids of other APIs than `id` that are called `name` and carry `ours`.
pub async fn others(client: &Client, name: &str, ours: &Tags, id: &str) -> Result<Vec<String>> {
    let named = named(client, name).await?.into_iter();
    let own = named.filter(|api| tags::is_ours(ours, &tags_of(api)));
    Ok(own.filter_map(|api| api.api_id).filter(|other| other != id).collect())
}

async fn named(client: &Client, name: &str) -> Result<Vec<Api>> {
    let mut named = Vec::new();
    let mut token = None;
    loop {
        let page =
            client.get_apis().set_next_token(token).send().await.doing("list the HTTP APIs")?;
        named.extend(
            page.items.unwrap_or_default().into_iter().filter(|api| api.name() == Some(name)),
        );
        token = page.next_token;
        if token.is_none() {
            return Ok(named);
        }
    }
}

pub fn tags_of(api: &Api) -> Tags {
    api.tags.clone().unwrap_or_default().into_iter().collect()
}

/// For creates that AWS cannot tell apart from a second one: sent once, so that a lost answer is looked into.
pub fn sent_once() -> Builder {
    Config::builder().retry_config(RetryConfig::disabled())
}

/// Runs `attempt` again while API Gateway is busy with another change, or has had too many calls.
pub async fn when_free<T, F: Future<Output = Result<T>>>(
    progress: &Progress,
    attempt: impl FnMut() -> F,
) -> Result<T> {
    let passes = |error: &Error| {
        error.has_code(&THROTTLED)
            || (error.has_code(&["ConflictException"]) && error.says("try again"))
    };
    wait::while_refused(progress, "API Gateway takes the change", PATIENCE, passes, attempt).await
}
