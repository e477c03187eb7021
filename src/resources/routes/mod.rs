//! What the API does with a request: one integration with the alias, the handler's routes, and the `$default` stage.
//! All changes of one API are made one after another, because API Gateway takes no two at once.

mod integration;
mod route;
mod stage;

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{Integration, Route, Stage};

use super::Api;
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Cloud, apis};
use crate::config::{ALIAS, Config};
use engine::error::{Error, Result};
use engine::{Calls, Difference, Handle, Id, Inputs, Progress, Resource};

const ABSENT: [&str; 1] = ["NotFoundException"];

pub struct Routes {
    cloud: Cloud,
    client: Client,
    api_name: String,
    function_name: String,
    /// Such as `GET /`.
    keys: Vec<String>,
    api: Handle<Api>,
    tags: Tags,
}

/// Everything in the API as it is.
#[derive(Debug, Clone, Default)]
pub struct LiveRoutes {
    integrations: Vec<Integration>,
    routes: Vec<Route>,
    /// The stage `$default`.
    stage: Option<Stage>,
}

impl Routes {
    /// `keys` are the routes of the handler as API Gateway writes them.
    pub fn new(cloud: &Cloud, config: &Config, keys: Vec<String>, api: Handle<Api>) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            api_name: config.names.api.clone(),
            function_name: config.names.function.clone(),
            keys,
            api,
            tags: tags::ours(config),
        }
    }

    /// The alias that the integration calls; known before it is made.
    fn target(&self) -> String {
        self.cloud
            .known_identity()
            .arn("lambda", &format!("function:{}:{ALIAS}", self.function_name))
    }

    fn integration<'a>(&self, live: &'a LiveRoutes) -> Option<&'a Integration> {
        integration::of(&live.integrations, &live.routes, &self.target())
    }

    /// Lets exactly our routes lead to one integration, and removes the others.
    async fn lead_to(&self, at: &At<'_>, live: &LiveRoutes, integration: &str) -> Result<()> {
        route::ensure(at, &live.routes, &self.keys, integration).await?;
        integration::remove_others(at, &live.integrations, integration).await
    }

    /// Somebody else may have made an integration at the same moment: API Gateway refuses no second one.
    async fn remove_duplicates(&self, at: &At<'_>, now: &LiveRoutes) -> Result<()> {
        match self.integration(now).and_then(Integration::integration_id) {
            Some(id) if now.integrations.len() > 1 => self.lead_to(at, now, id).await,
            _ => Ok(()),
        }
    }

    async fn look(&self, api: &str) -> Result<LiveRoutes> {
        let (integrations, routes, stage) = tokio::try_join!(
            integration::list(&self.client, api),
            route::list(&self.client, api),
            stage::find(&self.client, api),
        )?;
        Ok(LiveRoutes { integrations, routes, stage })
    }
}

impl Resource for Routes {
    type Live = LiveRoutes;

    fn kind(&self) -> &'static str {
        "routes"
    }

    fn name(&self) -> String {
        self.api_name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(apis::CALLS)
            .reading(&["apigateway:GetIntegrations", "apigateway:GetRoutes"])
            .reading(&["apigateway:GetStages"])
            .making(&["apigateway:CreateIntegration", "apigateway:UpdateIntegration"])
            .making(&["apigateway:DeleteIntegration"])
            .making(&["apigateway:CreateRoute", "apigateway:UpdateRoute"])
            .making(&["apigateway:DeleteRoute"])
            .making(&["apigateway:CreateStage", "apigateway:UpdateStage"])
    }

    fn needs(&self) -> Vec<Id> {
        vec![self.api.id]
    }

    fn contained_in(&self) -> Option<Id> {
        Some(self.api.id)
    }

    async fn read(&self, progress: &Progress) -> Result<Option<LiveRoutes>> {
        let (identity, found) = tokio::join!(
            self.cloud.identity(),
            apis::find(&self.cloud, &self.client, &self.api_name, &self.tags, progress)
        );
        identity?;
        match found?.and_then(|found| found.api.api_id) {
            Some(api) => Box::pin(apis::when_free(progress, || self.look(&api))).await.map(Some),
            None => Ok(None),
        }
    }

    fn diff(&self, _: &Inputs, live: &LiveRoutes) -> Vec<Difference> {
        let integration = self.integration(live);
        let mut differences = integration::diff(&live.integrations, integration, &self.target());
        differences.extend(route::diff(&live.routes, &self.keys, integration));
        differences.extend(stage::diff(live.stage.as_ref()));
        differences
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveRoutes> {
        Box::pin(self.update(inputs, &LiveRoutes::default(), progress)).await
    }

    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveRoutes,
        progress: &Progress,
    ) -> Result<LiveRoutes> {
        let api = &inputs.get(self.api).id;
        let at = At { client: &self.client, api, progress };
        let found = self.integration(live);
        let id = integration::ensure(&at, found, &self.target()).await?;
        self.lead_to(&at, live, &id).await?;
        let staged = stage::ensure(&at, live.stage.as_ref());
        if found.is_some() {
            staged.await?;
        } else {
            let looked = Box::pin(apis::when_free(progress, || self.look(api)));
            let ((), now) = tokio::try_join!(staged, looked)?;
            self.remove_duplicates(&at, &now).await?;
        }
        Ok(live.clone())
    }

    /// Goes with the API.
    async fn delete(&self, _: &LiveRoutes, _: &Progress) -> Result<()> {
        Ok(())
    }
}

/// Where a change is made.
struct At<'a> {
    client: &'a Client,
    api: &'a str,
    progress: &'a Progress,
}

impl At<'_> {
    /// Makes one change when API Gateway takes it.
    async fn change<F: Future<Output = Result<()>>>(
        &self,
        attempt: impl FnMut() -> F,
    ) -> Result<()> {
        apis::when_free(self.progress, attempt).await
    }
}

/// Whether somebody else made it in the meantime.
fn is_there_already(error: &Error) -> bool {
    error.has_code(&["ConflictException"]) && error.says("already exists")
}

#[cfg(test)]
mod tests;
