//! Packages, workspaces and their binaries.

use crate::{Project, assert_calls};

const LIBRARY: &str = r#"
#[path = "store/dynamo.rs"]
pub mod store;
pub use aws_sdk_dynamodb as sdk;
"#;
const DYNAMO: &str = r#"
use crate::sdk::Client;
pub const TABLE: &str = "t";
pub struct Store { client: Client }
impl Store {
    pub async fn new() -> Self { Self { client: Client::new(&aws_config::load_from_env().await) } }
    pub async fn get(&self) { self.client.get_item().table_name(TABLE).send().await.ok(); }
    pub async fn delete(&self) { self.client.delete_item().table_name(TABLE).send().await.ok(); }
}
"#;

fn binary(method: &str) -> String {
    format!(
        r"
use app::store::Store;
#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {{
    lambda_http::run(lambda_http::service_fn(handler)).await
}}
async fn handler(_: lambda_http::Request) -> Result<String, lambda_http::Error> {{ Store::new().await.{method}().await; Ok(String::new()) }}"
    )
}

#[test]
fn binaries_of_one_package_are_kept_apart() {
    let (get, delete) = (binary("get"), binary("delete"));
    let project = Project::of(&[
        ("src/lib.rs", LIBRARY),
        ("src/store/dynamo.rs", DYNAMO),
        ("src/bin/get.rs", &get),
        ("src/bin/delete/main.rs", &delete),
        ("src/bin/tool.rs", "fn main() { println!(\"a program\"); }"),
    ]);
    let functions = project.functions(".");
    let names: Vec<_> = functions.iter().map(|function| function.binary.as_str()).collect();
    assert_eq!(names, ["delete", "get"]);
    assert_calls(&functions[0], &["DeleteItem t"]);
    assert_calls(&functions[1], &["GetItem t"]);
    assert_eq!(functions[1].calls[0].site, "src/store/dynamo.rs:7");
}

#[test]
fn members_of_a_workspace_and_inherited_dependencies() {
    let get = binary("get").replace("app::store", "data::store");
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"lambdas/*\"]\n[workspace.dependencies]\ndata = { path = \"shared\", package = \"shared-data\" }\n",
        ),
        (
            "lambdas/one/Cargo.toml",
            "[package]\nname = \"one\"\n[[bin]]\nname = \"first\"\npath = \"src/entry.rs\"\n[dependencies]\ndata.workspace = true\nlambda_http = \"1\"\n",
        ),
        ("lambdas/one/src/entry.rs", &get),
        (
            "shared/Cargo.toml",
            "[package]\nname = \"shared-data\"\n[dependencies]\naws-sdk-dynamodb = \"1\"\naws-config = \"1\"\n",
        ),
        ("shared/src/lib.rs", LIBRARY),
        ("shared/src/store/dynamo.rs", DYNAMO),
    ]);
    let functions = project.functions("lambdas/one");
    assert_eq!(functions[0].binary, "first");
    assert_calls(&functions[0], &["GetItem t"]);
    assert_eq!(functions[0].calls[0].site, "shared/src/store/dynamo.rs:7");
    assert_eq!(project.functions(".").len(), 1);
}

#[test]
fn a_web_server_is_reported_where_there_is_no_function() {
    let server = r"
#[tokio::main]
async fn main() { axum::serve(listener().await, axum::Router::new()).await.unwrap(); }";
    let alone = Project::of(&[("src/main.rs", server)]).functions(".");
    assert_eq!((alone.len(), alone[0].framework), (1, "other"));
    let get = binary("get");
    let both = Project::of(&[
        ("src/main.rs", server),
        ("src/lib.rs", LIBRARY),
        ("src/store/dynamo.rs", DYNAMO),
        ("src/bin/get.rs", &get),
    ]);
    let names: Vec<_> = both.functions(".").into_iter().map(|function| function.binary).collect();
    assert_eq!(names, ["get"]);
}
