//! How code comes by the name of a table.

use crate::{assert_calls, calls, served};

/// A handler that puts an item into the table that an expression names.
fn put(items: &str, table: &str) -> Vec<String> {
    let function = served(&format!(
        r"
{items}
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {{
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    client.put_item().table_name({table}).send().await?;
    Ok(())
}}"
    ));
    calls(&function)
}

#[test]
fn constants_and_texts_made_of_them() {
    assert_eq!(put("const NAME: &str = \"t\";", "NAME"), ["PutItem t"]);
    assert_eq!(put("static NAME: &str = \"t\";", "NAME.to_string()"), ["PutItem t"]);
    assert_eq!(put("const A: &str = \"t\";", "format!(\"{A}-{}\", \"live\")"), ["PutItem t-live"]);
    assert_eq!(put("const A: &str = concat!(\"t\", \"-x\");", "A"), ["PutItem t-x"]);
    assert_eq!(
        put("struct T; impl T { const NAME: &'static str = \"t\"; }", "T::NAME"),
        ["PutItem t"]
    );
}

#[test]
fn the_environment_in_all_its_forms() {
    for read in [
        "std::env::var(\"T\").unwrap()",
        "std::env::var(\"T\").unwrap_or(\"default\".to_string())",
        "std::env::var(\"T\").unwrap_or_else(|_| \"default\".into())",
        "std::env::var(KEY)?",
        "match std::env::var(\"T\") { Ok(name) => name, Err(_) => \"default\".to_owned() }",
        "if let Ok(name) = std::env::var(\"T\") { name } else { \"default\".to_owned() }",
        "std::env::var_os(\"T\").unwrap().into_string().unwrap()",
        "&*LAZY",
        "&*STATIC",
        "required(\"T\")",
        "Config::new().table",
        "Config::new().table()",
        "envy::from_env::<Config>()?.t",
        "Parsed::parse().table",
    ] {
        let items = r#"
const KEY: &str = "T";
static LAZY: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| std::env::var("T").unwrap());
lazy_static::lazy_static! { static ref STATIC: String = std::env::var("T").expect("T"); }
fn required(name: &str) -> String { std::env::var(name).unwrap_or_else(|_| panic!("{name}")) }
#[derive(serde::Deserialize)]
struct Config { table: String, t: String }
impl Config {
    fn new() -> Self { Self { table: required("T"), t: required("OTHER") } }
    fn table(&self) -> &str { &self.table }
}
#[derive(clap::Parser)]
struct Parsed { #[arg(long, env = "T")] table: String }
"#;
        assert_eq!(put(items, read), ["PutItem $T"], "{read}");
    }
}

#[test]
fn one_helper_for_two_tables() {
    let function = served(
        r#"
struct Db { client: aws_sdk_dynamodb::Client }
impl Db {
    async fn put(&self, table: &str) { self.client.put_item().table_name(table).send().await.ok(); }
    async fn scan(&self, table: &str) { self.client.scan().table_name(table).send().await.ok(); }
}
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let db = Db { client: aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await) };
    db.put("users").await;
    db.put("orders").await;
    db.scan("orders").await;
    Ok(())
}"#,
    );
    assert_calls(&function, &["PutItem orders", "PutItem users", "Scan orders"]);
}

#[test]
fn a_builder_that_a_derive_makes() {
    let function = served(
        r#"
#[derive(bon::Builder)]
struct App { db: aws_sdk_dynamodb::Client, table_name: String }
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    let app = App::builder().db(client).table_name(std::env::var("TABLE")?).build();
    app.db.put_item().table_name(&app.table_name).send().await?;
    Ok(())
}"#,
    );
    assert_calls(&function, &["PutItem $TABLE"]);
}

#[test]
fn a_configuration_with_branches() {
    let function = served(
        r#"
enum Settings { Remote { table: String }, Local(u16) }
impl Settings {
    fn read() -> Self {
        if let Ok(table) = std::env::var("TABLE") { return Settings::Remote { table } }
        Settings::Local(8000)
    }
}
struct Repo { client: aws_sdk_dynamodb::Client, table: String }
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    let repo = match Settings::read() {
        Settings::Remote { table } => Repo { client, table },
        Settings::Local(_) => panic!("not here"),
    };
    repo.client.update_item().table_name(&repo.table).send().await?;
    Ok(())
}"#,
    );
    assert_calls(&function, &["UpdateItem $TABLE"]);
}

#[test]
fn a_setter_of_a_builder_takes_the_place_of_the_default() {
    let function = served(
        r#"
struct Builder { table: String, index: String }
impl Builder {
    fn new() -> Self { Self { table: "default".to_owned(), index: "none".to_owned() } }
    fn table(mut self, table: String) -> Self { self.table = table; self }
    fn index(mut self, index: Option<String>) -> Self {
        if let Some(index) = index { self.index = index; }
        self
    }
}
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let built = Builder::new().table(std::env::var("TABLE")?).index(Some("i".to_owned()));
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    client.query().table_name(built.table).index_name(built.index).send().await?;
    Ok(())
}"#,
    );
    assert_calls(&function, &["Query $TABLE/i", "Query $TABLE/none"]);
}
