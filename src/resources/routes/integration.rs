//! The integration with the alias. API Gateway refuses no second one, so it is found by what it calls.

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{Integration, IntegrationType, Route};

use super::{ABSENT, At, Leading, route};
use crate::cloud::Doing;
use crate::cloud::pages::Pages;
use crate::cloud::{Answer, apis};
use engine::Difference;
use engine::error::Result;

/// Event and answer as `handler/` understands them:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
const PAYLOAD: &str = "2.0";
/// How Lambda is called, whatever the method of the request.
const METHOD: &str = "POST";

pub(super) async fn list(client: &Client, api: &str) -> Result<Vec<Integration>> {
    let mut found = Vec::new();
    let mut pages = Pages::default();
    loop {
        let page = client.get_integrations().api_id(api).set_next_token(pages.token()).send().await;
        let page = page.doing("list the integrations of the API").absent_if(&ABSENT)?;
        let Some(page) = page else { return Ok(found) };
        found.extend(page.items.unwrap_or_default());
        if !pages.turn(page.next_token)? {
            return Ok(found);
        }
    }
}

/// The integration that calls `target`; of several the one that a route uses.
pub(super) fn of<'a>(
    integrations: &'a [Integration],
    routes: &[Route],
    target: &str,
) -> Option<&'a Integration> {
    let unused = |integration: &Integration| {
        let route_target = integration.integration_id().map(route::target);
        !routes.iter().any(|route| route.target() == route_target.as_deref())
    };
    integrations
        .iter()
        .filter(|integration| calls(integration) == target)
        .min_by_key(|integration| (unused(integration), integration.integration_id()))
}

/// The ARN behind the URI, which may be the long form
/// `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations`.
fn calls(integration: &Integration) -> &str {
    let uri = integration.integration_uri().unwrap_or_default();
    uri.split_once("/functions/").map_or(uri, |(_, arn)| arn.trim_end_matches("/invocations"))
}

pub(super) fn diff(integrations: &[Integration], leading: &[Leading<'_>]) -> Vec<Difference> {
    let mut differences: Vec<Difference> = Vec::new();
    for one in leading {
        if let Some(ours) = one.integration {
            differences.extend(own_differences(ours));
        } else {
            let now = integrations.first().filter(|_| leading.len() == 1);
            let now = now.map_or("none", calls);
            differences.push(Difference::new("integration", now, &one.arn));
        }
    }
    let all_there = leading.iter().all(|one| one.integration.is_some());
    if all_there && integrations.len() > leading.len() {
        let (now, wanted) = (integrations.len(), leading.len());
        differences.push(Difference::new("integrations", now, wanted));
    }
    differences
}

/// What is not said is as AWS fills it in, which is as we want it.
fn own_differences(ours: &Integration) -> Vec<Difference> {
    let kind = ours.integration_type().unwrap_or(&IntegrationType::AwsProxy).as_str();
    let method = ours.integration_method().unwrap_or(METHOD);
    let payload = ours.payload_format_version().unwrap_or(PAYLOAD);
    let differences = [
        Difference::unless_equal("integration type", &kind, &IntegrationType::AwsProxy.as_str()),
        Difference::unless_equal("integration method", &method, &METHOD),
        Difference::unless_equal("payload format", &payload, &PAYLOAD),
    ];
    differences.into_iter().flatten().collect()
}

/// The id of the integration as it shall be, made or changed when it is not.
pub(super) async fn ensure(
    at: &At<'_>,
    found: Option<&Integration>,
    target: &str,
) -> Result<String> {
    let Some(found) = found else {
        return create(at, target).await;
    };
    let id = found.integration_id().unwrap_or_default();
    if !own_differences(found).is_empty() {
        at.change(|| async {
            let call = at
                .client
                .update_integration()
                .api_id(at.api)
                .integration_id(id)
                .integration_type(IntegrationType::AwsProxy)
                .integration_method(METHOD)
                .payload_format_version(PAYLOAD);
            call.send().await.doing("change the integration of the API").map(|_| ())
        })
        .await?;
    }
    Ok(id.to_owned())
}

async fn create(at: &At<'_>, target: &str) -> Result<String> {
    let answer = apis::when_free(at.progress, || async {
        let call = at
            .client
            .create_integration()
            .api_id(at.api)
            .integration_type(IntegrationType::AwsProxy)
            .integration_uri(target)
            .integration_method(METHOD)
            .payload_format_version(PAYLOAD);
        let answer = call.customize().config_override(apis::sent_once()).send().await;
        answer.doing("create the integration of the API")
    });
    Ok(answer.await?.integration_id.unwrap_or_default())
}

/// Deletes every integration but `kept`; the routes have left them already.
pub(super) async fn remove_others(
    at: &At<'_>,
    integrations: &[Integration],
    kept: &[&str],
) -> Result<()> {
    let ids = integrations.iter().filter_map(Integration::integration_id);
    for id in ids.filter(|id| !kept.contains(id)) {
        at.change(|| async {
            let answer =
                at.client.delete_integration().api_id(at.api).integration_id(id).send().await;
            answer.doing(format!("delete integration {id}")).absent_if(&ABSENT).map(|_| ())
        })
        .await?;
    }
    Ok(())
}
