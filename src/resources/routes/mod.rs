//! What the API does with a request: one integration with the alias of each function, the routes of each, and the `$default`
//! stage, in this order. Of the routes a few are made at once, and what API Gateway refuses for being busy with another one
//! is sent again.

mod guard;
mod integration;
mod route;
mod stage;

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{Integration, Route, Stage};

use super::{Api, Authorizer};
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Cloud, Identity, apis};
use crate::config::{ALIAS, Config};
use engine::error::{Error, Result};
use engine::{Calls, Difference, Handle, Id, Inputs, Progress, Resource};
use guard::{Guard, Token};

const ABSENT: [&str; 1] = ["NotFoundException"];

pub struct Routes {
    cloud: Cloud,
    client: Client,
    api_name: String,
    targets: Vec<RouteTarget>,
    api: Handle<Api>,
    tags: Tags,
    /// Those of the file, which the stage carries.
    own_tags: Tags,
    /// Who checks the tokens; absent where the API is open to everybody.
    authorizer: Option<Handle<Authorizer>>,
    /// A token must have one of these.
    scopes: Vec<String>,
    /// Whether a route that needs a token may become open to everybody.
    opens: bool,
}

/// A function, and the routes that lead to its alias.
#[derive(Debug, Clone)]
pub struct RouteTarget {
    pub function: String,
    /// Such as `GET /`.
    pub keys: Vec<String>,
    /// Those of them that need no token, also where the others do.
    pub public: Vec<String>,
}

/// A target with its integration, where there is one.
struct Leading<'a> {
    /// The ARN of the alias; known before it is made.
    arn: String,
    keys: &'a [String],
    integration: Option<&'a Integration>,
}

/// Everything in the API as it is.
#[derive(Debug, Clone, Default)]
pub struct LiveRoutes {
    integrations: Vec<Integration>,
    routes: Vec<Route>,
    /// The stage `$default`.
    stage: Option<Stage>,
}

impl LiveRoutes {
    /// Whether API Gateway itself made a part, which then cannot be changed or deleted:
    /// <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html>
    fn is_made_at_once(&self) -> bool {
        let managed = |is: Option<bool>| is.unwrap_or(false);
        self.integrations.iter().any(|one| managed(one.api_gateway_managed))
            || self.routes.iter().any(|one| managed(one.api_gateway_managed))
            || self.stage.as_ref().is_some_and(|one| managed(one.api_gateway_managed))
    }
}

impl Routes {
    /// No function and no route is in two of `targets`.
    pub fn new(
        cloud: &Cloud,
        config: &Config,
        targets: Vec<RouteTarget>,
        api: Handle<Api>,
    ) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            api_name: config.names.api.clone(),
            targets,
            api,
            tags: tags::ours(config),
            own_tags: config.tags.clone(),
            authorizer: None,
            scopes: Vec::new(),
            opens: false,
        }
    }

    /// The same with a token for every route that is not public.
    #[must_use]
    pub fn behind(mut self, authorizer: Handle<Authorizer>, scopes: &[String]) -> Self {
        (self.authorizer, self.scopes) = (Some(authorizer), scopes.to_vec());
        self
    }

    /// The same, and whether routes that need a token may be opened to everybody.
    #[must_use]
    pub fn opening(self, opens: bool) -> Self {
        Self { opens, ..self }
    }

    /// What each route asks for; who checks it may not be known while planning.
    fn guard<'a>(&'a self, inputs: &'a Inputs) -> Guard<'a> {
        let checked = |authorizer: Handle<Authorizer>| {
            let id = inputs.find(authorizer).map(|live| live.id.as_str());
            Token { authorizer: id, scopes: &self.scopes }
        };
        let public = self.targets.iter().flat_map(|target| &target.public);
        Guard {
            token: self.authorizer.map(checked),
            public: public.map(String::as_str).collect(),
            opens: self.opens,
        }
    }

    /// Each target with the integration that calls it now; of several the one that a route of `routes` uses, or the first.
    fn leading<'a>(
        &'a self,
        integrations: &'a [Integration],
        routes: &[Route],
    ) -> Vec<Leading<'a>> {
        let leading = |target: &'a RouteTarget| {
            let name = format!("function:{}:{ALIAS}", target.function);
            let arn = self.cloud.known_identity().arn("lambda", &name);
            let integration = integration::of(integrations, routes, &arn);
            Leading { arn, keys: &target.keys, integration }
        };
        self.targets.iter().map(leading).collect()
    }

    /// Lets exactly our routes lead to their integrations, and removes the others.
    async fn lead(
        &self,
        at: &At<'_>,
        guard: &Guard<'_>,
        live: &LiveRoutes,
        to: &[(&[String], String)],
    ) -> Result<()> {
        let pairs = to.iter().flat_map(|(keys, id)| keys.iter().map(move |key| (key, id.as_str())));
        route::ensure(at, guard, &live.routes, &pairs.collect::<Vec<_>>()).await?;
        guard.remove_unused(at, &live.routes).await?;
        let kept: Vec<&str> = to.iter().map(|(_, id)| id.as_str()).collect();
        integration::remove_others(at, &live.integrations, &kept).await
    }

    /// Another run may have made an integration at the same moment, because API Gateway refuses no second one. All of them
    /// keep the first, whatever routes lead to now; and a run whose integration is gone already leaves no route with it.
    async fn agree(&self, at: &At<'_>, guard: &Guard<'_>, now: &LiveRoutes) -> Result<()> {
        let leading = self
            .leading(&now.integrations, &[])
            .into_iter()
            .filter_map(|one| Some((one.keys, one.integration?.integration_id()?.to_owned())));
        let leading: Vec<_> = leading.collect();
        if leading.len() < self.targets.len() {
            return Ok(());
        }
        self.lead(at, guard, now, &leading).await
    }

    async fn look(&self, api: &str) -> Result<LiveRoutes> {
        let (integrations, routes, stage) = tokio::try_join!(
            integration::list(&self.client, api),
            route::list(&self.client, api),
            stage::find(&self.client, api),
        )?;
        let stage = match stage {
            Some(stage) => {
                Some(stage::with_tags(&self.cloud, &self.client, api, stage, &self.own_tags).await?)
            }
            None => None,
        };
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
        let calls = Calls::default()
            .reading(apis::CALLS)
            .reading(&["apigateway:GetIntegrations", "apigateway:GetRoutes"])
            .reading(&["apigateway:GetStages"])
            .making(&["apigateway:CreateIntegration", "apigateway:UpdateIntegration"])
            .making(&["apigateway:DeleteIntegration"])
            .making(&["apigateway:CreateRoute", "apigateway:UpdateRoute"])
            .making(&["apigateway:DeleteRoute"])
            .making(&["apigateway:CreateStage", "apigateway:UpdateStage"])
            .making(&["apigateway:DeleteAuthorizer"]);
        if self.own_tags.is_empty() {
            return calls;
        }
        calls.making(&["apigateway:TagResource/stage"])
    }

    fn needs(&self) -> Vec<Id> {
        [self.api.id].into_iter().chain(self.authorizer.map(|one| one.id)).collect()
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

    fn diff(&self, inputs: &Inputs, live: &LiveRoutes) -> Vec<Difference> {
        if live.is_made_at_once() {
            return vec![Difference::new("parts", "of a quick create", "our own").refused(
                "API Gateway lets nobody change the parts of an API that was made by quick create: delete it, or choose another `name`",
            )];
        }
        let leading = self.leading(&live.integrations, &live.routes);
        let mut differences = integration::diff(&live.integrations, &leading);
        differences.extend(route::diff(&live.routes, &leading, &self.guard(inputs)));
        differences.extend(stage::diff(live.stage.as_ref(), &self.own_tags));
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
        let (identity, tags) = (self.cloud.known_identity(), &self.own_tags);
        let at = At { client: &self.client, api, identity, tags, progress };
        let (leading, guard) = (self.leading(&live.integrations, &live.routes), self.guard(inputs));
        let mut to = Vec::new();
        for one in &leading {
            to.push((one.keys, integration::ensure(&at, one.integration, &one.arn).await?));
        }
        self.lead(&at, &guard, live, &to).await?;
        let staged = stage::ensure(&at, live.stage.as_ref());
        if leading.iter().all(|one| one.integration.is_some()) {
            staged.await?;
        } else {
            let looked = Box::pin(apis::when_free(progress, || self.look(api)));
            let ((), now) = tokio::try_join!(staged, looked)?;
            self.agree(&at, &guard, &now).await?;
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
    identity: &'a Identity,
    /// What the stage carries.
    tags: &'a Tags,
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
