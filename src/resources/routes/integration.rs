//! The integration with the alias. API Gateway refuses no second one, so it is found by what it calls.

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{Integration, IntegrationType};

use super::{ABSENT, At};
use crate::cloud::{Answer, apis};
use crate::engine::Difference;
use crate::error::{Doing, Result};

/// Event and answer as `handler/` understands them:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
const PAYLOAD: &str = "2.0";

pub(super) async fn list(client: &Client, api: &str) -> Result<Vec<Integration>> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let page = client.get_integrations().api_id(api).set_next_token(token).send().await;
        let page = page.doing("list the integrations of the API").absent_if(&ABSENT)?;
        let Some(page) = page else { return Ok(found) };
        found.extend(page.items.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// The integration that calls `target`, the first of several.
pub(super) fn of<'a>(integrations: &'a [Integration], target: &str) -> Option<&'a Integration> {
    integrations.iter().find(|integration| calls(integration) == target)
}

/// The ARN behind the URI, which may be the long form
/// `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations`.
fn calls(integration: &Integration) -> &str {
    let uri = integration.integration_uri().unwrap_or_default();
    uri.split_once("/functions/").map_or(uri, |(_, arn)| arn.trim_end_matches("/invocations"))
}

pub(super) fn diff(
    integrations: &[Integration],
    ours: Option<&Integration>,
    target: &str,
) -> Vec<Difference> {
    let Some(ours) = ours else {
        let now = integrations.first().map_or("none", calls);
        return vec![Difference::new("integration", now, target)];
    };
    let mut differences = Vec::new();
    let payload = ours.payload_format_version().unwrap_or(PAYLOAD);
    differences.extend(Difference::unless_equal("payload format", &payload, &PAYLOAD));
    if integrations.len() > 1 {
        differences.push(Difference::new("integrations", integrations.len(), 1));
    }
    differences
}

/// The integration as it shall be, made or changed when it is not.
pub(super) async fn ensure(
    at: &At<'_>,
    found: Option<&Integration>,
    target: &str,
) -> Result<Integration> {
    match found {
        None => create(at, target).await,
        Some(found) if found.payload_format_version().is_none_or(|version| version == PAYLOAD) => {
            Ok(found.clone())
        }
        Some(found) => {
            let id = found.integration_id().unwrap_or_default();
            at.change(|| async {
                let call = at.client.update_integration().api_id(at.api).integration_id(id);
                let answer = call.payload_format_version(PAYLOAD).send().await;
                answer.doing("change the integration of the API").map(|_| ())
            })
            .await?;
            Ok(found.clone())
        }
    }
}

async fn create(at: &At<'_>, target: &str) -> Result<Integration> {
    let answer = apis::when_free(at.progress, || async {
        let call = at
            .client
            .create_integration()
            .api_id(at.api)
            .integration_type(IntegrationType::AwsProxy)
            .integration_uri(target)
            .integration_method("POST")
            .payload_format_version(PAYLOAD);
        let answer = call.customize().config_override(apis::sent_once()).send().await;
        answer.doing("create the integration of the API")
    });
    let id = answer.await?.integration_id;
    Ok(Integration::builder()
        .set_integration_id(id)
        .integration_uri(target)
        .payload_format_version(PAYLOAD)
        .build())
}

/// Deletes every integration but `keep`; the routes have left them already.
pub(super) async fn remove_others(
    at: &At<'_>,
    integrations: &[Integration],
    keep: &str,
) -> Result<()> {
    let ids = integrations.iter().filter_map(Integration::integration_id);
    for id in ids.filter(|id| *id != keep) {
        at.change(|| async {
            let answer =
                at.client.delete_integration().api_id(at.api).integration_id(id).send().await;
            answer.doing(format!("delete integration {id}")).absent_if(&ABSENT).map(|_| ())
        })
        .await?;
    }
    Ok(())
}
