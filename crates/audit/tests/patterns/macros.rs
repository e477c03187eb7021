//! Macros of the project, and those that make `main`.

use crate::{Project, assert_calls, only, served};

#[test]
fn a_macro_of_the_project() {
    let function = served(
        r#"
macro_rules! own { ($name:ident { $($field:ident : $value:expr),* $(,)? }) => { $name { $($field: $value.to_owned()),* } } }
struct Names { table: String }
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    let names = own!(Names { table: "t" });
    let (one, other) = tokio::join!(
        client.get_item().table_name(&names.table).send(),
        async { client.scan().table_name("u").send().await },
    );
    tokio::select! {
        _ = client.query().table_name("v").send() => {}
        done = other => { println!("{done:?}") }
    }
    Ok(())
}"#,
    );
    assert_calls(&function, &["GetItem t", "Query v", "Scan u"]);
}

#[test]
fn a_macro_of_another_member_makes_main() {
    let project = Project::of(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"app\", \"common\"]\n"),
        (
            "common/Cargo.toml",
            "[package]\nname = \"common\"\n[dependencies]\nlambda_runtime = \"1\"\naws-config = \"1\"\n",
        ),
        (
            "common/src/lib.rs",
            r"
pub use {aws_config, lambda_runtime, tokio};
#[macro_export]
macro_rules! lambda {
    ($handler:ident, $($name:ident = $client:ty),*) => {
        $(pub async fn $name() -> $client { <$client>::new(&$crate::aws_config::load_from_env().await) })*
        #[$crate::tokio::main]
        async fn main() -> Result<(), $crate::lambda_runtime::Error> {
            $crate::lambda_runtime::run($crate::lambda_runtime::service_fn($handler)).await
        }
    };
}",
        ),
        (
            "app/Cargo.toml",
            "[package]\nname = \"app\"\n[dependencies]\ncommon = { path = \"../common\" }\naws-sdk-dynamodb = \"1\"\n",
        ),
        (
            "app/src/main.rs",
            r#"
common::lambda!(handler, db = aws_sdk_dynamodb::Client);
async fn handler(_: common::lambda_runtime::LambdaEvent<()>) -> Result<(), common::lambda_runtime::Error> {
    db().await.put_item().table_name("t").send().await?;
    Ok(())
}"#,
        ),
    ]);
    let functions = project.functions("app");
    assert_calls(&functions[0], &["PutItem t"]);
}

#[test]
fn a_macro_of_another_crate_declares_a_client_and_registers_functions() {
    let manifest = "[package]\nname = \"app\"\n[dependencies]\nlambda-appsync = \"1\"\naws-sdk-dynamodb = \"1\"\n";
    let project = Project::of(&[
        ("Cargo.toml", manifest),
        (
            "src/main.rs",
            r#"
lambda_appsync::appsync_lambda_main!("schema.graphql", db() -> aws_sdk_dynamodb::Client);
#[lambda_appsync::appsync_operation(query(items))]
async fn items() -> Vec<String> { db().scan().table_name("t").send().await.ok(); vec![] }
async fn unused() { db().put_item().table_name("t").send().await.ok(); }
"#,
        ),
    ]);
    assert_calls(&project.functions(".")[0], &["Scan t"]);
}

#[test]
fn commented_and_test_code_is_no_code() {
    let function = only(
        r#"
use lambda_runtime::{run, service_fn, Error, LambdaEvent};
mod left_out { }
// mod old;
#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(|_: LambdaEvent<()>| async { /* client.scan() */ Ok::<(), Error>(()) })).await
}
#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn it_works() { aws_sdk_dynamodb::Client::new(&config()).create_table().table_name("t").send().await.unwrap(); }
}
async fn never_called(client: &aws_sdk_dynamodb::Client) { client.delete_table().table_name("t").send().await.ok(); }
"#,
    );
    assert_calls(&function, &[]);
}
