//! Forms that programs on Lambda have: state of a router, repositories, partial batches, single tables.

use crate::{Project, assert_calls, calls, only, open, served};

const MANIFEST: &str = r#"
[package]
name = "app"
version = "0.1.0"

[dependencies]
aws-config = "1"
aws-sdk-dynamodb = "1"
aws-sdk-s3 = "1"
aws-sdk-sqs = "1"
aws-sdk-secretsmanager = "1"
aws-sdk-eventbridge = "1"
aws-sdk-sesv2 = "1"
aws_lambda_events = "0.16"
serde_dynamo = "4"
lambda_runtime = "1"
lambda_http = "1"
axum = "0.8"
tower = "0.5"
"#;

/// The one function of a program with the crates above.
fn of(source: &str) -> stackctl_audit::Audited {
    let project = Project::of(&[("Cargo.toml", MANIFEST), ("src/main.rs", source)]);
    let mut functions = project.functions(".");
    assert_eq!(functions.len(), 1);
    functions.remove(0)
}

#[test]
fn a_repository_behind_a_trait_in_the_state_of_nested_routers() {
    let function = of(r#"
use std::sync::Arc;
use axum::{extract::{FromRef, Path, State}, routing::{get, post}, Router};

#[async_trait::async_trait]
trait Orders: Send + Sync {
    async fn find(&self, id: &str) -> Option<String>;
    async fn store(&self, order: String);
    async fn purge(&self);
}
struct Table { client: aws_sdk_dynamodb::Client, name: String }
#[async_trait::async_trait]
impl Orders for Table {
    async fn find(&self, id: &str) -> Option<String> {
        let found = self.client.get_item().table_name(&self.name).send().await.ok()?;
        serde_dynamo::from_item(found.item?).ok()
    }
    async fn store(&self, order: String) {
        self.client.put_item().table_name(&self.name).set_item(serde_dynamo::to_item(order).ok()).send().await;
    }
    async fn purge(&self) { self.client.delete_item().table_name(&self.name).send().await; }
}
#[derive(Clone)]
struct App { orders: Arc<dyn Orders>, mail: Mail }
#[derive(Clone)]
struct Mail(aws_sdk_sesv2::Client);
impl FromRef<App> for Mail {
    fn from_ref(app: &App) -> Self { app.mail.clone() }
}
mod orders {
    use super::*;
    pub fn routes() -> Router<App> {
        Router::new().route("/{id}", get(show)).route("/", post(create))
    }
    #[tracing::instrument(skip(app))]
    async fn show(State(app): State<App>, Path(id): Path<String>) -> Option<String> {
        app.orders.find(&id).await
    }
    async fn create(State(app): State<App>, State(Mail(mail)): State<Mail>, body: String) {
        app.orders.store(body).await;
        mail.send_email().from_email_address("a@example.org").send().await.unwrap();
    }
}
#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let name = std::env::var("ORDERS").expect("ORDERS");
    let table = Table { client: aws_sdk_dynamodb::Client::new(&config), name };
    let app = App { orders: Arc::new(table), mail: Mail(aws_sdk_sesv2::Client::new(&config)) };
    let router = Router::new().nest("/orders", orders::routes()).with_state(app);
    lambda_http::run(tower::ServiceBuilder::new().service(router)).await
}"#);
    assert_calls(&function, &["GetItem $ORDERS", "PutItem $ORDERS", "SendEmail a@example.org"]);
}

#[test]
fn a_batch_of_a_queue_with_partial_failures() {
    let function = of(r#"
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{service_fn, Error, LambdaEvent};
struct Context { sqs: aws_sdk_sqs::Client, dead: String, table: &'static str, db: aws_sdk_dynamodb::Client }
#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = aws_config::from_env().region("eu-west-1").load().await;
    let context = Context {
        sqs: aws_sdk_sqs::Client::new(&config),
        dead: std::env::var("DEAD").unwrap_or_default(),
        table: Box::leak(std::env::var("TABLE")?.into_boxed_str()),
        db: aws_sdk_dynamodb::Client::from_conf((&config).into()),
    };
    let context = &context;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        let results = futures::future::join_all(event.payload.records.iter().map(|one| one_of(context, one))).await;
        let failures = results.into_iter().filter_map(|one| one.err()).collect();
        Ok::<_, Error>(SqsBatchResponse { batch_item_failures: failures })
    })).await
}
async fn one_of(context: &Context, message: &SqsMessage) -> Result<(), BatchItemFailure> {
    match context.db.update_item().table_name(context.table).send().await {
        Ok(_) => Ok(()),
        Err(_) => {
            let _ = context.sqs.send_message().queue_url(&context.dead).send().await;
            Err(BatchItemFailure::default())
        }
    }
}"#);
    assert_calls(&function, &["SendMessage $DEAD", "UpdateItem $TABLE"]);
    assert_eq!(function.trigger, "sqs");
}

#[test]
fn a_generic_single_table_with_entities() {
    let function = of(r#"
use lambda_runtime::{service_fn, Error, LambdaEvent};
use serde::{de::DeserializeOwned, Serialize};
pub trait Entity: Serialize + DeserializeOwned { const PREFIX: &'static str; fn pk(&self) -> String; }
#[derive(Serialize, Deserialize)] struct User { id: String }
impl Entity for User { const PREFIX: &'static str = "USER"; fn pk(&self) -> String { format!("USER#{}", self.id) } }
#[derive(Clone)] pub struct Store<'a> { inner: &'a aws_sdk_dynamodb::Client, table: std::borrow::Cow<'a, str> }
impl<'a> Store<'a> {
    pub fn builder() -> Builder { Builder::default() }
    pub async fn save<E: Entity>(&self, entity: &E) -> Result<(), Error> {
        let item = serde_dynamo::to_item(entity)?;
        self.inner.put_item().table_name(self.table.as_ref()).set_item(Some(item)).send().await?;
        Ok(())
    }
    pub async fn all<E>(&self) -> Result<Vec<E>, Error> where E: Entity {
        let pages = self.inner.query().table_name(&*self.table).index_name(Self::INDEX)
            .key_condition_expression("gsi1pk = :p").into_paginator().items().send();
        let items: Result<Vec<_>, _> = pages.collect().await;
        Ok(serde_dynamo::from_items(items?)?)
    }
    const INDEX: &'static str = concat!("gsi", "1");
}
#[derive(Default)] pub struct Builder { table: Option<String> }
impl Builder {
    pub fn table(mut self, name: impl Into<String>) -> Self { self.table.replace(name.into()); self }
    pub fn build(self, inner: &aws_sdk_dynamodb::Client) -> Store<'_> {
        Store { inner, table: self.table.expect("a table").into() }
    }
}
#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    let store = Store::builder().table(std::env::var("APP_TABLE")?).build(&client);
    let store = &store;
    lambda_runtime::run(service_fn(|_: LambdaEvent<serde_json::Value>| async {
        store.save(&User { id: "1".into() }).await?;
        let users = store.all::<User>().await?;
        Ok::<_, Error>(users)
    })).await
}"#);
    assert_calls(&function, &["PutItem $APP_TABLE", "Query $APP_TABLE/gsi1"]);
}

#[test]
fn secrets_links_and_events_in_methods_of_clients_that_traits_extend() {
    let function = of(r#"
use lambda_http::{run, service_fn, Body, Error, Request, Response};
use std::time::Duration;
use tokio::sync::OnceCell;
static SECRET: OnceCell<String> = OnceCell::const_new();
async fn secret() -> &'static str {
    SECRET.get_or_init(|| async {
        let config = aws_config::load_from_env().await;
        let secrets = aws_sdk_secretsmanager::Client::new(&config);
        let id = std::env::var("SECRET_ID").unwrap();
        secrets.get_secret_value().secret_id(id).send().await.unwrap().secret_string.unwrap()
    }).await
}
trait Links { async fn link(&self, bucket: &str, key: &str) -> Result<String, Error>; }
impl Links for aws_sdk_s3::Client {
    async fn link(&self, bucket: &str, key: &str) -> Result<String, Error> {
        let lasting = aws_sdk_s3::presigning::PresigningConfig::expires_in(Duration::from_secs(60))?;
        Ok(self.get_object().bucket(bucket).key(key).presigned(lasting).await?.uri().to_string())
    }
}
macro_rules! publish {
    ($client:expr, $kind:literal => $detail:expr) => {{
        let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
            .event_bus_name(std::env::var("BUS")?).detail_type($kind).detail($detail).build();
        $client.put_events().entries(entry).send().await?
    }};
}
async fn handler(request: Request, s3: &aws_sdk_s3::Client, bus: &aws_sdk_eventbridge::Client) -> Result<Response<Body>, Error> {
    if request.headers().get("authorization").map(|one| one.as_bytes()) != Some(secret().await.as_bytes()) {
        return Ok(Response::builder().status(401).body(Body::Empty)?);
    }
    let link = s3.link(&std::env::var("BUCKET")?, request.uri().path()).await?;
    publish!(bus, "made" => link.clone());
    Ok(Response::new(link.into()))
}
#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_from_env().await;
    let (s3, bus) = (aws_sdk_s3::Client::new(&config), aws_sdk_eventbridge::Client::new(&config));
    run(service_fn(|request: Request| handler(request, &s3, &bus))).await
}"#);
    assert_calls(&function, &["GetObject $BUCKET", "GetSecretValue $SECRET_ID", "PutEvents $BUS"]);
}

#[test]
fn commands_in_an_enum_and_handlers_in_a_table() {
    let function = served(
        r#"
type Run = fn(&aws_sdk_dynamodb::Client) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>>;
static RUNS: &[(&str, Run)] = &[
    ("scan", |client| Box::pin(async move { client.scan().table_name("a").send().await; })),
    ("query", |client| Box::pin(query(client))),
];
async fn query(client: &aws_sdk_dynamodb::Client) { client.query().table_name("b").send().await; }
enum Command { Get(aws_sdk_dynamodb::Client), Drop { client: aws_sdk_dynamodb::Client, table: String } }
impl Command {
    async fn run(self) {
        match self {
            Self::Get(client) => { client.get_item().table_name("c").send().await; }
            Self::Drop { client, table } => { client.delete_item().table_name(table).send().await; }
        }
    }
}
impl TryFrom<(&str, aws_sdk_dynamodb::Client)> for Command {
    type Error = Error;
    fn try_from((name, client): (&str, aws_sdk_dynamodb::Client)) -> Result<Self, Error> {
        match name {
            "get" => Ok(Self::Get(client)),
            _ => Ok(Self::Drop { client, table: std::env::var("D")? }),
        }
    }
}
async fn handler(event: LambdaEvent<String>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    if let Some((_, run)) = RUNS.iter().find(|(name, _)| *name == event.payload) {
        run(&client).await;
    }
    let command: Command = (event.payload.as_str(), client).try_into()?;
    command.run().await;
    Ok(())
}"#,
    );
    assert_calls(&function, &["DeleteItem $D", "GetItem c", "Query b", "Scan a"]);
}

#[test]
fn layers_services_and_futures_written_by_hand() {
    let function = only(
        r#"
use std::{future::Future, pin::Pin, task::{Context, Poll}};
use lambda_runtime::{Error, LambdaEvent};
#[derive(Clone)]
struct Handler { client: aws_sdk_dynamodb::Client }
impl tower::Service<LambdaEvent<String>> for Handler {
    type Response = String;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<String, Error>> + Send>>;
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> { Poll::Ready(Ok(())) }
    fn call(&mut self, event: LambdaEvent<String>) -> Self::Future {
        let client = self.client.clone();
        Box::pin(async move {
            let (tx, mut rx) = tokio::sync::mpsc::channel(4);
            tokio::spawn({ let client = client.clone(); async move {
                while let Some(table) = rx.recv().await {
                    client.describe_table().table_name::<String>(table).send().await.ok();
                }
            }});
            tx.send(std::env::var("TABLE")?).await?;
            let mut tasks = tokio::task::JoinSet::new();
            for shard in 0..4 {
                let client = client.clone();
                tasks.spawn(async move { client.scan().segment(shard).total_segments(4).table_name("t").send().await });
            }
            while let Some(done) = tasks.join_next().await { done??; }
            Ok(event.payload)
        })
    }
}
#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    lambda_runtime::run(tower::ServiceBuilder::new().layer(tower::layer::util::Identity::new()).service(Handler { client })).await
}"#,
    );
    let found = calls(&function);
    assert!(found.contains(&"Scan t".to_owned()), "{found:?}");
    assert!(found.iter().any(|one| one.starts_with("DescribeTable")), "{found:?}");
    assert!(open(&function).is_empty(), "{function:#?}");
}
