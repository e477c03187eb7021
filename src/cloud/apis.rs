//! Finding our HTTP API: names are not unique there and nothing is refused twice, so it is found by name and tags.
//! <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html>

use std::time::Duration;

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::config::retry::RetryConfig;
use aws_sdk_apigatewayv2::config::{Builder, Config};
use aws_sdk_apigatewayv2::types::Api;

use super::error::Doing;
use super::pages::Pages;
use super::tags::{self, Tags};
use super::{Answer, Cloud, Identity, wait};
use engine::Progress;
use engine::error::{Error, Result};

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["apigateway:GetApis", "apigateway:GetTags"];

/// Ten calls a second for the whole account, and one change of an API at a time.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the SDK would retry by itself, in creates that it may send only once.
const THROTTLED: [&str; 3] = ["TooManyRequestsException", "ThrottlingException", "Throttling"];

/// An API of a name, and how many others have that name without being ours.
pub struct Found {
    pub api: Api,
    pub tags: Tags,
    /// Their ids; empty when `api` is ours, because then it does not matter.
    pub namesakes: Vec<String>,
}

/// The API called `name` that carries `ours`; else one of that name that does not. Asks again while there are
/// too many calls.
pub async fn find(
    cloud: &Cloud,
    client: &Client,
    name: &str,
    ours: &Tags,
    progress: &Progress,
) -> Result<Option<Found>> {
    when_free(progress, || find_once(cloud, client, name, ours)).await
}

async fn find_once(
    cloud: &Cloud,
    client: &Client,
    name: &str,
    ours: &Tags,
) -> Result<Option<Found>> {
    let mut own = Vec::new();
    let mut foreign = Vec::new();
    for api in named(client, name).await? {
        let listed = tags_of(&api);
        let tags = if tags::is_ours(ours, &listed) {
            listed
        } else {
            read_tags(cloud, client, api.api_id().unwrap_or_default()).await?
        };
        let group = if tags::is_ours(ours, &tags) { &mut own } else { &mut foreign };
        group.push((api, tags));
    }
    if own.len() > 1 {
        return Err(Error::failed(format!("find API `{name}`"))
            .cause(format!("there are {}: {}", own.len(), ids(&own).join(", ")))
            .hint(
                "delete all but the one that is in use: `aws apigatewayv2 delete-api --api-id ID`",
            ));
    }
    let namesakes = if own.is_empty() && foreign.len() > 1 { ids(&foreign) } else { Vec::new() };
    let found = own.into_iter().chain(foreign).next();
    Ok(found.map(|(api, tags)| Found { api, tags, namesakes }))
}

/// The ids of other APIs than `id` that are called `name` and carry `ours`.
pub async fn others(client: &Client, name: &str, ours: &Tags, id: &str) -> Result<Vec<String>> {
    let named = named(client, name).await?.into_iter();
    let own = named.filter(|api| tags::is_ours(ours, &tags_of(api)));
    Ok(own.filter_map(|api| api.api_id).filter(|other| other != id).collect())
}

/// How many HTTP APIs there are here.
pub async fn count(cloud: &Cloud) -> Result<i64> {
    let all = all(&Client::new(&cloud.sdk)).await?;
    Ok(i64::try_from(all.len()).unwrap_or(i64::MAX))
}

/// Every stack and stage that has an API here, in the order of their names.
pub async fn stacks(cloud: &Cloud) -> Result<Vec<(String, String)>> {
    let all = all(&Client::new(&cloud.sdk)).await?;
    let mut stacks: Vec<_> = all.iter().filter_map(|api| tags::owner(&tags_of(api))).collect();
    stacks.sort();
    stacks.dedup();
    Ok(stacks)
}

async fn named(client: &Client, name: &str) -> Result<Vec<Api>> {
    let all = all(client).await?.into_iter();
    Ok(all.filter(|api| api.name() == Some(name)).collect())
}

async fn all(client: &Client) -> Result<Vec<Api>> {
    let mut found = Vec::new();
    let mut pages = Pages::default();
    loop {
        let page = client
            .get_apis()
            .set_next_token(pages.token())
            .send()
            .await
            .doing("list the HTTP APIs")?;
        found.extend(page.items.unwrap_or_default());
        if !pages.turn(page.next_token)? {
            return Ok(found);
        }
    }
}

/// The tags of what does not seem to have ours, `path` as [`arn`] takes it: a list may not show the newest ones yet.
pub async fn read_tags(cloud: &Cloud, client: &Client, path: &str) -> Result<Tags> {
    let arn = arn(&cloud.identity().await?, path);
    let answer = client.get_tags().resource_arn(arn).send().await;
    let answer = answer.doing("read the tags of an API").absent_if(&["NotFoundException"])?;
    Ok(answer.and_then(|answer| answer.tags).unwrap_or_default().into_iter().collect())
}

fn ids(apis: &[(Api, Tags)]) -> Vec<String> {
    apis.iter().filter_map(|(api, _)| api.api_id.clone()).collect()
}

/// The ARN of an API, or of a part of it: `ID/stages/$default`.
pub fn arn(identity: &Identity, path: &str) -> String {
    format!("arn:{}:apigateway:{}::/apis/{path}", identity.partition, identity.region)
}

/// The id of the stack's own API, if it is there.
pub async fn id_of(cloud: &Cloud, name: &str, ours: &Tags) -> Result<Option<String>> {
    let found = find_once(cloud, &Client::new(&cloud.sdk), name, ours).await?;
    let own = found.filter(|found| tags::is_ours(ours, &found.tags));
    Ok(own.and_then(|own| own.api.api_id))
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
    wait::while_refused(progress, "API Gateway accepts the change", PATIENCE, passes, attempt).await
}
