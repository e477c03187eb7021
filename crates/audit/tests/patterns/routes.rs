//! Routes.

use crate::only;

#[test]
fn nested_and_merged_routers() {
    let function = only(
        r#"
use axum::{routing::{delete, get}, Router};
async fn a() {}
fn books() -> Router { Router::new().route("/", get(a).post(a)).route("/:id", delete(a)) }
#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let app = Router::new().nest("/books", books()).merge(Router::new().route("/files/*path", get(a)));
    lambda_http::run(app).await
}"#,
    );
    let routes = ["DELETE /books/{id}", "GET /books", "GET /files/{path+}", "POST /books"];
    assert_eq!(function.routes, Some(routes.map(str::to_owned).to_vec()));
}

#[test]
fn a_match_on_method_and_path_and_conditions() {
    let function = only(
        r#"
use lambda_http::{http::Method, run, service_fn, Error, Request};
#[tokio::main]
async fn main() -> Result<(), Error> { run(service_fn(handler)).await }
async fn handler(request: Request) -> Result<String, Error> {
    if request.uri().path() == "/health" && request.method() == Method::GET { return Ok(String::new()) }
    match (request.method(), request.uri().path()) {
        (&Method::POST, "/items") => Ok("made".into()),
        (&Method::GET | &Method::HEAD, "/items") => Ok("all".into()),
        _ => Ok("no".into()),
    }
}"#,
    );
    let routes = ["GET /health", "GET /items", "HEAD /items", "POST /items"];
    assert_eq!(function.routes, Some(routes.map(str::to_owned).to_vec()));
}
