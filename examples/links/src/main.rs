//! Short links. Nothing here is of stackctl: `stackctl init` reads this source and writes `stack.toml` beside it.

mod links;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use lambda_http::Error;
use serde::Deserialize;
use serde_json::json;

use links::{Link, Links, Put};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let links = Links::from_environment().await?;
    let app = Router::new()
        .route("/health", get(health))
        .route("/links", axum::routing::post(create))
        .route("/links/{id}", get(show).delete(remove))
        .route("/owners/{owner}/links", get(owned))
        .with_state(links);
    lambda_http::run(app).await
}

async fn health() -> Json<serde_json::Value> {
    Json(json!({"well": true}))
}

async fn create(State(links): State<Links>, Json(link): Json<Link>) -> Response {
    match links.put(&link).await {
        Ok(Put::Made) => (StatusCode::CREATED, Json(link)).into_response(),
        Ok(Put::Taken) => failed(StatusCode::CONFLICT, "this id is taken"),
        Err(error) => internal(error),
    }
}

async fn show(State(links): State<Links>, Path(id): Path<String>) -> Response {
    match links.get(&id).await {
        Ok(Some(link)) => Json(link).into_response(),
        Ok(None) => failed(StatusCode::NOT_FOUND, "there is no such link"),
        Err(error) => internal(error),
    }
}

async fn remove(State(links): State<Links>, Path(id): Path<String>) -> Response {
    match links.delete(&id).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => internal(error),
    }
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn owned(
    State(links): State<Links>,
    Path(owner): Path<String>,
    Query(Since { since }): Query<Since>,
) -> Response {
    match links.owned_by(&owner, since).await {
        Ok(found) => ([(header::CACHE_CONTROL, "no-store")], Json(found)).into_response(),
        Err(error) => internal(error),
    }
}

fn failed(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({"error": why}))).into_response()
}

fn internal(error: links::Failed) -> Response {
    eprintln!("{error}");
    failed(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
}
