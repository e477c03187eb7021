//! The stage `$default`, which gives the API its root path and deploys every change by itself. It carries the tags of the
//! file alone: it is a part of the API, whose tags say whose it is, and AWS asks for a right of its own to tag it,
//! `apigateway:TagResource`, which its reference does not have
//! (<https://github.com/hashicorp/terraform-provider-aws/issues/20634>).

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::Stage;

use super::{ABSENT, At, is_there_already};
use crate::cloud::Doing;
use crate::cloud::pages::Pages;
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, apis};
use engine::Difference;
use engine::error::Result;

const NAME: &str = "$default";

pub(super) async fn find(client: &Client, api: &str) -> Result<Option<Stage>> {
    let mut pages = Pages::default();
    loop {
        let page = client.get_stages().api_id(api).set_next_token(pages.token()).send().await;
        let page = page.doing("list the stages of the API").absent_if(&ABSENT)?;
        let Some(page) = page else { return Ok(None) };
        let stage = page
            .items
            .unwrap_or_default()
            .into_iter()
            .find(|stage| stage.stage_name() == Some(NAME));
        if stage.is_some() || !pages.turn(page.next_token)? {
            return Ok(stage);
        }
    }
}

pub(super) fn diff(stage: Option<&Stage>, tags: &Tags) -> Vec<Difference> {
    let Some(stage) = stage else {
        return vec![Difference::new("stage $default", "none", "there")];
    };
    let mut differences = deployment_differences(stage);
    differences.extend(throttled(stage));
    differences.extend(
        tags::diff(tags, &tags_of(stage))
            .into_iter()
            .map(|one| Difference { property: format!("stage {}", one.property), ..one }),
    );
    differences
}

/// The stage with the tags that it has now, where the list does not show ours.
pub(super) async fn with_tags(
    cloud: &Cloud,
    client: &Client,
    api: &str,
    stage: Stage,
    ours: &Tags,
) -> Result<Stage> {
    if tags::are_set(ours, &tags_of(&stage)) {
        return Ok(stage);
    }
    let tags = apis::read_tags(cloud, client, &path(api)).await?;
    let mut stage = stage;
    stage.tags = Some(tags.into_iter().collect());
    Ok(stage)
}

/// What the stage is called in its ARN.
fn path(api: &str) -> String {
    format!("{api}/stages/{NAME}")
}

fn tags_of(stage: &Stage) -> Tags {
    stage.tags.clone().unwrap_or_default().into_iter().collect()
}

/// API Gateway tells of a deployment that failed only here, in words.
fn deployment_differences(stage: &Stage) -> Vec<Difference> {
    let auto_deploy = stage.auto_deploy().unwrap_or(false);
    let told = stage.last_deployment_status_message().unwrap_or_default();
    let failed = told.to_lowercase().contains("fail");
    let failure = failed.then(|| Difference::new("stage deployment", told, "deployed"));
    let manual = Difference::unless_equal("stage auto-deploy", &auto_deploy, &true);
    [manual, failure].into_iter().flatten().collect()
}

/// A limit of none at all; API Gateway cannot be told to forget one.
fn throttled(stage: &Stage) -> Option<Difference> {
    let settings = stage.default_route_settings()?;
    let none = settings.throttling_burst_limit() == Some(0)
        || settings.throttling_rate_limit().is_some_and(|rate| rate <= 0.0);
    none.then(|| {
        Difference::new("stage throttling", "no request is let through", "none").left(
            "`aws apigatewayv2 update-stage --stage-name '$default' --default-route-settings ThrottlingBurstLimit=5000,ThrottlingRateLimit=10000`",
        )
    })
}

pub(super) async fn ensure(at: &At<'_>, stage: Option<&Stage>) -> Result<()> {
    let Some(stage) = stage else {
        return create(at).await;
    };
    if !deployment_differences(stage).is_empty() {
        update(at).await?;
    }
    if tags::are_set(at.tags, &tags_of(stage)) { Ok(()) } else { tag(at).await }
}

async fn tag(at: &At<'_>) -> Result<()> {
    let arn = apis::arn(at.identity, &path(at.api));
    at.change(|| async {
        let call = at.client.tag_resource().resource_arn(&arn);
        let answer = call.set_tags(Some(at.tags.clone().into_iter().collect())).send().await;
        answer.doing("tag the stage of the API").map(|_| ())
    })
    .await
}

async fn create(at: &At<'_>) -> Result<()> {
    let made = apis::when_free(at.progress, || async {
        let tags = Some(at.tags.clone().into_iter().collect()).filter(|_| !at.tags.is_empty());
        let call = at.client.create_stage().api_id(at.api).stage_name(NAME).auto_deploy(true);
        call.set_tags(tags).send().await.doing("create the stage of the API").map(|_| ())
    })
    .await;
    match made {
        Err(refused) if is_there_already(&refused) => {
            update(at).await?;
            if at.tags.is_empty() { Ok(()) } else { tag(at).await }
        }
        made => made,
    }
}

async fn update(at: &At<'_>) -> Result<()> {
    at.change(|| async {
        let call = at.client.update_stage().api_id(at.api).stage_name(NAME).auto_deploy(true);
        call.send().await.doing("change the stage of the API").map(|_| ())
    })
    .await
}
