//! Where a client comes from.

use crate::{assert_calls, served};

#[test]
fn a_client_with_another_name_and_a_renamed_crate() {
    let function = served(
        r#"
use aws_sdk_dynamodb::{self as db, Client as Store};
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let config = aws_config::load_from_env().await;
    let one = Store::new(&config);
    let other = db::Client::from_conf(db::config::Builder::from(&config).build());
    one.get_item().table_name("a").send().await?;
    other.scan().table_name("b").send().await?;
    Ok(())
}"#,
    );
    assert_calls(&function, &["GetItem a", "Scan b"]);
}

#[test]
fn a_client_in_a_static_cell() {
    let function = served(
        r#"
use std::sync::OnceLock;
use tokio::sync::OnceCell;
static FIRST: OnceLock<aws_sdk_dynamodb::Client> = OnceLock::new();
static SECOND: OnceCell<aws_sdk_s3::Client> = OnceCell::const_new();
async fn second() -> &'static aws_sdk_s3::Client {
    SECOND.get_or_init(|| async { aws_sdk_s3::Client::new(&aws_config::load_from_env().await) }).await
}
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    FIRST.get().unwrap().put_item().table_name("t").send().await?;
    second().await.get_object().bucket("b").send().await?;
    Ok(())
}"#,
    );
    assert_calls(&function, &["GetObject b", "PutItem t"]);
}

#[test]
fn two_clients_and_a_web_client_of_the_same_name() {
    let function = served(
        r#"
struct Clients { db: aws_sdk_dynamodb::Client, queue: aws_sdk_sqs::Client, web: reqwest::Client }
async fn first(client: &aws_sdk_dynamodb::Client) { client.query().table_name("t").send().await.ok(); }
async fn second(client: &aws_sdk_sqs::Client, url: &str) { client.send_message().queue_url(url).send().await.ok(); }
async fn third(client: &reqwest::Client) { client.get("https://example.com").query(&[("a", "b")]).send().await.ok(); }
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let config = aws_config::load_from_env().await;
    let all = Clients {
        db: aws_sdk_dynamodb::Client::new(&config),
        queue: aws_sdk_sqs::Client::new(&config),
        web: reqwest::Client::new(),
    };
    first(&all.db).await;
    second(&all.queue, &std::env::var("QUEUE_URL")?).await;
    third(&all.web).await;
    Ok(())
}"#,
    );
    assert_calls(&function, &["Query t", "SendMessage $QUEUE_URL"]);
}

#[test]
fn a_client_that_a_closure_captures() {
    let function = crate::only(
        r#"
use lambda_runtime::{run, service_fn, Error, LambdaEvent};
#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    let table = std::env::var("TABLE").expect("TABLE");
    let client = &client;
    let table = &table;
    run(service_fn(move |event: LambdaEvent<String>| async move { handle(client, table, event).await })).await
}
async fn handle(client: &aws_sdk_dynamodb::Client, table: &str, _: LambdaEvent<String>) -> Result<(), Error> {
    let ids = vec!["a", "b"];
    futures::future::join_all(ids.iter().map(|id| client.delete_item().table_name(table).key("id", id).send())).await;
    tokio::spawn(async move { }).await?;
    Ok(())
}"#,
    );
    assert_calls(&function, &["DeleteItem $TABLE"]);
}
