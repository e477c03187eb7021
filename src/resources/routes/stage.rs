//! The stage `$default`, which gives the API its root path and deploys every change by itself.

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::Stage;

use super::{ABSENT, At, made_already};
use crate::cloud::Answer;
use crate::cloud::tags::Tags;
use crate::engine::Difference;
use crate::error::{Doing, Result};

const NAME: &str = "$default";

pub(super) async fn find(client: &Client, api: &str) -> Result<Option<Stage>> {
    let mut token = None;
    loop {
        let page = client.get_stages().api_id(api).set_next_token(token).send().await;
        let page = page.doing("list the stages of the API").absent_if(&ABSENT)?;
        let Some(page) = page else { return Ok(None) };
        let stage = page
            .items
            .unwrap_or_default()
            .into_iter()
            .find(|stage| stage.stage_name() == Some(NAME));
        token = page.next_token;
        if stage.is_some() || token.is_none() {
            return Ok(stage);
        }
    }
}

pub(super) fn diff(stage: Option<&Stage>) -> Vec<Difference> {
    let Some(stage) = stage else {
        return vec![Difference::new("stage $default", "none", "there")];
    };
    let auto_deploy = stage.auto_deploy().unwrap_or(false);
    Difference::unless_equal("stage auto-deploy", &auto_deploy, &true).into_iter().collect()
}

pub(super) async fn ensure(at: &At<'_>, stage: Option<&Stage>, tags: &Tags) -> Result<()> {
    match stage {
        None => create(at, tags).await,
        Some(_) if diff(stage).is_empty() => Ok(()),
        Some(_) => update(at).await,
    }
}

async fn create(at: &At<'_>, tags: &Tags) -> Result<()> {
    at.change(|| async {
        let call = at.client.create_stage().api_id(at.api).stage_name(NAME).auto_deploy(true);
        let answer = call.set_tags(Some(tags.clone().into_iter().collect())).send().await;
        answer.doing("create the stage of the API").map(|_| ()).or_else(made_already)
    })
    .await
}

async fn update(at: &At<'_>) -> Result<()> {
    at.change(|| async {
        let call = at.client.update_stage().api_id(at.api).stage_name(NAME).auto_deploy(true);
        call.send().await.doing("change the stage of the API").map(|_| ())
    })
    .await
}
