//! The routes of the handler, each to the one integration.

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{AuthorizationType, Integration, Route};

use super::{ABSENT, At, Leading, is_there_already};
use crate::cloud::Doing;
use crate::cloud::pages::Pages;
use crate::cloud::{Answer, apis};
use engine::Difference;
use engine::error::Result;

/// Changes of one API that are under way together. API Gateway may refuse one because of another; it is sent again then.
const AT_ONCE: usize = 4;

pub(super) async fn list(client: &Client, api: &str) -> Result<Vec<Route>> {
    let mut found = Vec::new();
    let mut pages = Pages::default();
    loop {
        let page = client.get_routes().api_id(api).set_next_token(pages.token()).send().await;
        let page = page.doing("list the routes of the API").absent_if(&ABSENT)?;
        let Some(page) = page else { return Ok(found) };
        found.extend(page.items.unwrap_or_default());
        if !pages.turn(page.next_token)? {
            return Ok(found);
        }
    }
}

pub(super) fn diff(routes: &[Route], leading: &[Leading<'_>]) -> Vec<Difference> {
    let mut differences = Vec::new();
    for one in leading {
        let target = one.integration.and_then(Integration::integration_id).map(target);
        let of_key = |key: &String| difference(with_key(routes, key), key, target.as_deref());
        differences.extend(one.keys.iter().filter_map(of_key));
    }
    let keys: Vec<&str> = leading.iter().flat_map(|one| one.keys).map(String::as_str).collect();
    let extra = extra(routes, &keys).map(|route| route.route_key().unwrap_or_default());
    differences.extend(extra.map(|key| Difference::new(format!("route {key}"), "there", "none")));
    differences
}

/// What is wrong with the route of a key. Without a target nothing is known of where it shall lead.
fn difference(route: Option<&Route>, key: &str, target: Option<&str>) -> Option<Difference> {
    let differs = |now: &str, wanted: &str| Difference::new(format!("route {key}"), now, wanted);
    let Some(route) = route else { return Some(differs("none", "there")) };
    match target {
        Some(target) if route.target() != Some(target) => {
            Some(differs(route.target().unwrap_or("none"), target))
        }
        _ if !is_open(route) => Some(differs("needs authorization", "open")),
        _ => None,
    }
}

/// Makes, points and removes routes until exactly `wanted` are there: each a key and its integration.
pub(super) async fn ensure(
    at: &At<'_>,
    routes: &[Route],
    wanted: &[(&String, &str)],
) -> Result<()> {
    let is_right = |(key, integration): &&(&String, &str)| {
        let target = target(integration);
        let found = with_key(routes, key);
        found.is_some_and(|route| route.target() == Some(&target) && is_open(route))
    };
    let wrong: Vec<_> = wanted.iter().filter(|one| !is_right(one)).collect();
    for some in wrong.chunks(AT_ONCE) {
        make(at, routes, some).await?;
    }
    let keys: Vec<&str> = wanted.iter().map(|(key, _)| key.as_str()).collect();
    for route in extra(routes, &keys) {
        let id = route.route_id().unwrap_or_default();
        at.change(|| async {
            let answer = at.client.delete_route().api_id(at.api).route_id(id).send().await;
            answer.doing(format!("delete route {id}")).absent_if(&ABSENT).map(|_| ())
        })
        .await?;
    }
    Ok(())
}

/// Makes or points these routes, all at once.
async fn make(at: &At<'_>, routes: &[Route], wanted: &[&(&String, &str)]) -> Result<()> {
    let [(key, integration), others @ ..] = wanted else { return Ok(()) };
    let target = target(integration);
    let one = async {
        match with_key(routes, key) {
            Some(route) => point(at, route, &target).await,
            None => create(at, key, &target).await,
        }
    };
    let others = Box::pin(make(at, routes, others));
    tokio::try_join!(one, others).map(|_| ())
}

/// Makes the route, or points the one that somebody else has made in the meantime.
async fn create(at: &At<'_>, key: &str, target: &str) -> Result<()> {
    let made = apis::when_free(at.progress, || async {
        let call = at.client.create_route().api_id(at.api).route_key(key).target(target);
        call.send().await.doing(format!("create route `{key}`")).map(|_| ())
    })
    .await;
    let Err(refused) = made else { return Ok(()) };
    if !is_there_already(&refused) {
        return Err(refused);
    }
    match with_key(&list(at.client, at.api).await?, key) {
        Some(route) if route.target() == Some(target) && is_open(route) => Ok(()),
        Some(route) => point(at, route, target).await,
        None => Err(refused),
    }
}

async fn point(at: &At<'_>, route: &Route, target: &str) -> Result<()> {
    let (id, key) = (route.route_id().unwrap_or_default(), route.route_key().unwrap_or_default());
    at.change(|| async {
        let call = at.client.update_route().api_id(at.api).route_id(id).target(target);
        let answer = call.authorization_type(AuthorizationType::None).send().await;
        answer.doing(format!("change route `{key}`")).map(|_| ())
    })
    .await
}

pub(super) fn target(integration: &str) -> String {
    format!("integrations/{integration}")
}

fn with_key<'a>(routes: &'a [Route], key: &str) -> Option<&'a Route> {
    routes.iter().find(|route| route.route_key() == Some(key))
}

/// Routes that the handler does not have, and second ones of the same key.
fn extra<'a>(routes: &'a [Route], keys: &[&str]) -> impl Iterator<Item = &'a Route> {
    let kept: Vec<&str> = keys.iter().filter_map(|key| with_key(routes, key)?.route_id()).collect();
    routes.iter().filter(move |route| route.route_id().is_none_or(|id| !kept.contains(&id)))
}

fn is_open(route: &Route) -> bool {
    matches!(route.authorization_type(), None | Some(AuthorizationType::None))
}
