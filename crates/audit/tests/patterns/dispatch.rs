//! Which code a call reaches.

use crate::{assert_calls, only, served};

const STORE: &str = r#"
use aws_sdk_dynamodb::Client;
#[async_trait::async_trait]
trait Store { async fn save(&self, id: &str); async fn load(&self, id: &str); async fn clean(&self) {} }
struct Dynamo { client: Client, table: String }
struct Nothing;
#[async_trait::async_trait]
impl Store for Dynamo {
    async fn save(&self, _: &str) { self.client.put_item().table_name(&self.table).send().await.ok(); }
    async fn load(&self, _: &str) { self.client.get_item().table_name(&self.table).send().await.ok(); }
}
#[async_trait::async_trait]
impl Store for Nothing {
    async fn save(&self, _: &str) {}
    async fn load(&self, _: &str) {}
}
async fn made() -> Dynamo {
    let config = aws_config::load_from_env().await;
    Dynamo { client: Client::new(&config), table: std::env::var("TABLE").unwrap_or_else(|_| "items".into()) }
}
"#;

#[test]
fn a_generic_parameter_and_a_method_that_nothing_calls() {
    let function = served(&format!(
        r#"{STORE}
async fn serve<S: Store>(store: &S) {{ store.save("a").await; }}
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {{ serve(&made().await).await; Ok(()) }}"#
    ));
    assert_calls(&function, &["PutItem $TABLE"]);
}

#[test]
fn a_trait_object_chosen_at_run_time() {
    let function = served(&format!(
        r#"{STORE}
use std::sync::Arc;
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {{
    let store: Arc<dyn Store> = if std::env::var("OFF").is_ok() {{ Arc::new(Nothing) }} else {{ Arc::new(made().await) }};
    store.load("a").await;
    Ok(())
}}"#
    ));
    assert_calls(&function, &["GetItem $TABLE"]);
}

#[test]
fn one_generic_repository_on_two_tables() {
    let function = served(
        r#"
use std::marker::PhantomData;
struct Repo<T> { client: aws_sdk_dynamodb::Client, table: String, kind: PhantomData<T> }
struct User;
struct Order;
impl<T> Repo<T> {
    fn new(client: aws_sdk_dynamodb::Client, table: &str) -> Self { Self { client, table: table.to_string(), kind: PhantomData } }
    async fn scan(&self) { self.client.scan().table_name(&self.table).send().await.ok(); }
    async fn get(&self) { self.client.get_item().table_name(&self.table).send().await.ok(); }
}
async fn users(repo: &Repo<User>) { repo.scan().await; }
async fn orders(repo: &Repo<Order>) { repo.get().await; }
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    users(&Repo::<User>::new(client.clone(), "users")).await;
    orders(&Repo::<Order>::new(client, "orders")).await;
    Ok(())
}"#,
    );
    assert_calls(&function, &["GetItem orders", "Scan users"]);
}

#[test]
fn axum_state_by_type() {
    let function = only(
        r#"
use axum::{extract::State, routing::{get, post}, Router};
use std::sync::Arc;
struct Orders { client: aws_sdk_dynamodb::Client, table: String }
struct Users { client: aws_sdk_dynamodb::Client, table: String }
#[derive(Clone)]
struct App { orders: Arc<Orders>, users: Arc<Users> }
impl Orders { async fn get(&self) { self.client.get_item().table_name(&self.table).send().await.ok(); } }
impl Users { async fn get(&self) { self.client.query().table_name(&self.table).index_name("byMail").send().await.ok(); } }
async fn order(State(app): State<App>) { app.orders.get().await; }
async fn user(State(app): State<App>) { app.users.get().await; }
async fn unused(State(app): State<App>) { app.users.client.scan().table_name("none").send().await.ok(); }
#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    let app = App {
        orders: Arc::new(Orders { client: client.clone(), table: std::env::var("ORDERS")? }),
        users: Arc::new(Users { client, table: std::env::var("USERS")? }),
    };
    let router = Router::new().route("/orders/{id}", get(order)).route("/users", post(user)).with_state(app);
    lambda_http::run(router).await
}"#,
    );
    assert_calls(&function, &["GetItem $ORDERS", "Query $USERS/byMail"]);
    assert_eq!(function.framework, "axum+lambda_http");
    assert_eq!(
        function.routes,
        Some(vec!["GET /orders/{id}".to_owned(), "POST /users".to_owned()])
    );
}

#[test]
fn resolvers_of_a_schema_and_types_that_they_return() {
    let function = served(
        r#"
use async_graphql::{Context, Object, ComplexObject, EmptyMutation, EmptySubscription, Schema};
struct Query;
#[Object]
impl Query {
    async fn book(&self, ctx: &Context<'_>) -> Book {
        let client = ctx.data::<aws_sdk_dynamodb::Client>().unwrap();
        client.get_item().table_name("books").send().await.ok();
        serde_json::from_str("{}").unwrap()
    }
}
struct Book { id: String }
#[ComplexObject]
impl Book {
    async fn pages(&self, ctx: &Context<'_>) -> usize {
        let client: &aws_sdk_dynamodb::Client = ctx.data_unchecked();
        client.query().table_name("pages").send().await.ok();
        0
    }
}
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription).data(client).finish();
    schema.execute("{ book { pages } }").await;
    Ok(())
}"#,
    );
    assert_calls(&function, &["GetItem books", "Query pages"]);
}

#[test]
fn a_trait_that_extends_the_client() {
    let function = served(
        r#"
trait Counting { async fn count(&self, table: &str); }
impl Counting for aws_sdk_dynamodb::Client {
    async fn count(&self, table: &str) { self.describe_table().table_name(table).send().await.ok(); }
}
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await).count("t").await;
    Ok(())
}"#,
    );
    assert_calls(&function, &["DescribeTable t"]);
}

#[test]
fn a_method_called_by_its_path_and_one_given_as_a_value() {
    let function = served(&format!(
        r#"{STORE}
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {{
    let store = made().await;
    Store::load(&store, "a").await;
    let ids = vec!["a"];
    for id in ids {{ Dynamo::save(&store, id).await; }}
    Ok(())
}}"#
    ));
    assert_calls(&function, &["GetItem $TABLE", "PutItem $TABLE"]);
}
