//! The stage `$default`, which gives the API its root path and deploys every change by itself. It carries no tags: it is a
//! part of the API, whose tags say whose it is, and AWS asks for a right of its own to tag it, `apigateway:TagResource`,
//! which its reference does not have (<https://github.com/hashicorp/terraform-provider-aws/issues/20634>).

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::Stage;

use super::{ABSENT, At, is_there_already};
use crate::cloud::Doing;
use crate::cloud::pages::Pages;
use crate::cloud::{Answer, apis};
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

pub(super) fn diff(stage: Option<&Stage>) -> Vec<Difference> {
    let Some(stage) = stage else {
        return vec![Difference::new("stage $default", "none", "there")];
    };
    deployment_differences(stage)
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

pub(super) async fn ensure(at: &At<'_>, stage: Option<&Stage>) -> Result<()> {
    let Some(stage) = stage else {
        return create(at).await;
    };
    if !deployment_differences(stage).is_empty() {
        update(at).await?;
    }
    Ok(())
}

async fn create(at: &At<'_>) -> Result<()> {
    let made = apis::when_free(at.progress, || async {
        let call = at.client.create_stage().api_id(at.api).stage_name(NAME).auto_deploy(true);
        call.send().await.doing("create the stage of the API").map(|_| ())
    })
    .await;
    match made {
        Err(refused) if is_there_already(&refused) => update(at).await,
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
