//! The routes of the handler, each to the one integration.

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{AuthorizationType, Integration, Route};

use super::guard::{Guard, Token, is_open};
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

pub(super) fn diff(
    routes: &[Route],
    leading: &[Leading<'_>],
    guard: &Guard<'_>,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for one in leading {
        let target = one.integration.and_then(Integration::integration_id).map(target);
        let of_key =
            |key: &String| difference(with_key(routes, key), key, target.as_deref(), guard);
        differences.extend(one.keys.iter().filter_map(of_key));
    }
    let keys: Vec<&str> = leading.iter().flat_map(|one| one.keys).map(String::as_str).collect();
    differences.extend(extra(routes, &keys).map(|route| guard.extra(route)));
    differences
}

/// What is wrong with the route of a key. Without a target nothing is known of where it shall lead.
fn difference(
    route: Option<&Route>,
    key: &str,
    target: Option<&str>,
    guard: &Guard<'_>,
) -> Option<Difference> {
    let differs = |now: &str, wanted: &str| Difference::new(format!("route {key}"), now, wanted);
    let Some(route) = route else { return Some(differs("none", "there")) };
    guard.difference(key, route).or_else(|| match target {
        Some(target) if route.target() != Some(target) => {
            Some(differs(route.target().unwrap_or("none"), target))
        }
        _ => None,
    })
}

/// Makes, points and removes routes until exactly `wanted` are there: each a key and its integration.
pub(super) async fn ensure(
    at: &At<'_>,
    guard: &Guard<'_>,
    routes: &[Route],
    wanted: &[(&String, &str)],
) -> Result<()> {
    let is_right = |(key, integration): &&(&String, &str)| {
        let target = target(integration);
        let found = with_key(routes, key);
        found.is_some_and(|route| route.target() == Some(&target) && guard.is_met(key, route))
    };
    let mut wrong: Vec<_> = wanted.iter().filter(|one| !is_right(one)).collect();
    let keys: Vec<&str> = wanted.iter().map(|(key, _)| key.as_str()).collect();
    // What lets in who should not be let in is closed first.
    let exposes = |key: &str| {
        let found = with_key(routes, key);
        found.and_then(|route| guard.difference(key, route)).is_some_and(|one| one.exposes)
    };
    wrong.sort_by_key(|(key, _)| !exposes(key));
    let (first, later): (Vec<_>, Vec<_>) =
        extra(routes, &keys).partition(|route| guard.token.is_some() && is_open(route));
    remove(at, &first).await?;
    for some in wrong.chunks(AT_ONCE) {
        make(at, guard, routes, some).await?;
    }
    remove(at, &later).await
}

async fn remove(at: &At<'_>, routes: &[&Route]) -> Result<()> {
    for route in routes {
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
async fn make(
    at: &At<'_>,
    guard: &Guard<'_>,
    routes: &[Route],
    wanted: &[&(&String, &str)],
) -> Result<()> {
    let [(key, integration), others @ ..] = wanted else { return Ok(()) };
    let target = target(integration);
    let one = async {
        match with_key(routes, key) {
            Some(route) => point(at, guard, route, &target).await,
            None => create(at, guard, key, &target).await,
        }
    };
    let others = Box::pin(make(at, guard, routes, others));
    tokio::try_join!(one, others).map(|_| ())
}

/// Makes the route, or points the one that somebody else has made in the meantime.
async fn create(at: &At<'_>, guard: &Guard<'_>, key: &str, target: &str) -> Result<()> {
    let made = apis::when_free(at.progress, || async {
        let mut call = at.client.create_route().api_id(at.api).route_key(key).target(target);
        // In the create itself: a stage that deploys by itself would show an open route at once.
        if let Some(token) = guard.of(key) {
            call = call
                .authorization_type(AuthorizationType::Jwt)
                .set_authorizer_id(token.authorizer.map(str::to_owned))
                .set_authorization_scopes(scopes(token));
        }
        call.send().await.doing(format!("create route `{key}`")).map(|_| ())
    })
    .await;
    let Err(refused) = made else { return Ok(()) };
    if !is_there_already(&refused) {
        return Err(refused);
    }
    match with_key(&list(at.client, at.api).await?, key) {
        Some(route) if route.target() == Some(target) && guard.is_met(key, route) => Ok(()),
        Some(route) => point(at, guard, route, target).await,
        None => Err(refused),
    }
}

/// Points the route, and says all that it asks for: what is left out may stay as it is.
async fn point(at: &At<'_>, guard: &Guard<'_>, route: &Route, target: &str) -> Result<()> {
    let (id, key) = (route.route_id().unwrap_or_default(), route.route_key().unwrap_or_default());
    at.change(|| async {
        let call = at.client.update_route().api_id(at.api).route_id(id).target(target);
        let call = match guard.of(key) {
            Some(token) => call
                .authorization_type(AuthorizationType::Jwt)
                .set_authorizer_id(token.authorizer.map(str::to_owned))
                .set_authorization_scopes(Some(token.scopes.to_vec())),
            None if route.authorizer_id().is_some() => call
                .authorization_type(AuthorizationType::None)
                .authorizer_id("")
                .set_authorization_scopes(Some(Vec::new())),
            None => call.authorization_type(AuthorizationType::None),
        };
        let answer = call.send().await;
        answer.doing(format!("change route `{key}`")).map(|_| ())
    })
    .await
}

/// Those of a new route; an empty list says nothing.
fn scopes(token: &Token<'_>) -> Option<Vec<String>> {
    (!token.scopes.is_empty()).then(|| token.scopes.to_vec())
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
