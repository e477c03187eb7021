//! `stackctl init`: what it writes is a project, and what is there is left alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("stackctl-init-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }

    fn init(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stackctl"));
        command.arg("init").args(arguments).current_dir(&self.0).stdin(Stdio::null());
        command.output().expect("the binary was built")
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).expect(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Cargo, on a handler that `init` wrote. What it compiles is kept for the next run.
fn cargo(handler: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).arg("--offline").current_dir(handler);
    command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("init"));
    let output = command.output().expect("cargo runs this test");
    assert!(output.status.success(), "{}", stderr(&output));
}

/// The features are those with which `stackctl build` compiles our own handler, so this looks at the lock file alone.
#[test]
fn the_lock_file_is_exactly_what_the_handler_needs() {
    let folder = Folder::new("lock");
    assert_eq!(folder.init(&["shop"]).status.code(), Some(0));
    let handler = folder.0.join("shop/handler");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::copy(root.join("Cargo.lock"), handler.join("Cargo.lock")).expect("our lock file");
        cargo(&handler, &["tree"]);
        let kept = root.join("templates/project/handler.lock");
        fs::copy(handler.join("Cargo.lock"), kept).expect("a file of ours");
    }
    cargo(&handler, &["tree", "--locked"]);
}

#[test]
#[ignore = "compiles the handler and all that it needs: minutes"]
fn the_handler_passes_its_own_tests() {
    let folder = Folder::new("test");
    assert_eq!(folder.init(&["shop"]).status.code(), Some(0));
    cargo(&folder.0.join("shop/handler"), &["test", "--locked"]);
}

/// One that reads with path parameters and one that needs no operation, put first and last: the handler's own tests hold.
#[test]
#[ignore = "compiles the handler and all that it needs: minutes"]
fn a_new_route_touches_three_files() {
    let folder = Folder::new("route");
    assert_eq!(folder.init(&["shop"]).status.code(), Some(0));
    let handler = folder.0.join("shop/handler");
    let edit = |path: &str, from: &str, to: &str| {
        let text = fs::read_to_string(handler.join(path)).expect(path);
        assert!(text.contains(from), "{path} has no `{from}`");
        fs::write(handler.join(path), text.replacen(from, to, 1)).expect(path);
    };
    edit(
        "src/routes.rs",
        "\nroutes! {\n",
        "\nroutes! {\n    GET \"/items/{item}\" => one [GetItem],\n    public GET \"/health\" => health [],\n",
    );
    edit("src/routes.rs", "#[cfg(test)]\nmod tests", &format!("{ONE}#[cfg(test)]\nmod tests"));
    edit("openapi.json", "\"paths\": {\n", &format!("\"paths\": {{\n{DOCUMENTED}"));
    edit("contract.json", "[\n", &format!("[\n{SHOWN}"));
    cargo(&handler, &["test", "--locked"]);
}

const ONE: &str = r#"async fn one(store: &impl Store, request: &Request) -> Result<Response, Response> {
    let user = request.user()?;
    let item = crate::values::ItemId::new(request.parameter("item"))?;
    match store.get(&user, &item).await? {
        Some(item) => Ok(Response::json(200, &item)),
        None => Err(Response::error(404, "Item not found")),
    }
}

async fn health(_: &impl Store, _: &Request) -> Result<Response, Response> {
    Ok(Response::json(200, &"well"))
}

"#;

const DOCUMENTED: &str = r##"    "/items/{item}": {"get": {
      "operationId": "getOne",
      "parameters": [
        {"$ref": "#/components/parameters/userId"},
        {"name": "item", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/ItemId"}}
      ],
      "responses": {
        "200": {
          "description": "The item",
          "headers": {"x-function-version": {"$ref": "#/components/headers/Version"}},
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}
        },
        "404": {"$ref": "#/components/responses/NotFound"},
        "500": {"$ref": "#/components/responses/Failed"}
      }
    }},
    "/health": {"get": {
      "operationId": "health",
      "responses": {
        "200": {
          "description": "It is well",
          "headers": {"x-function-version": {"$ref": "#/components/headers/Version"}},
          "content": {"application/json": {"schema": {"type": "string"}}}
        }
      }
    }},
"##;

const SHOWN: &str = r#"  {
    "name": "an item can be read by its path",
    "steps": [
      {"request": {"method": "POST", "query": "userId=path-{run}", "body": {"title": "Tea"}},
       "expect": {"status": 201, "body": {"userId": "path-{run}", "itemId": "$item", "title": "Tea", "status": "pending", "createdAt": "*"}}},
      {"request": {"method": "GET", "path": "/items/{item}", "query": "userId=path-{run}"},
       "expect": {"status": 200, "body": {"userId": "path-{run}", "itemId": "{item}", "title": "Tea", "status": "pending", "createdAt": "*"}}},
      {"request": {"method": "GET", "path": "/items/none", "query": "userId=path-{run}"},
       "expect": {"status": 404, "body": {"error": "Item not found"}}},
      {"request": {"method": "GET", "path": "/health"}, "expect": {"status": 200, "body": "well"}}
    ]
  },
"#;

#[test]
fn a_project_is_named_after_its_folder_or_as_it_is_told() {
    let folder = Folder::new("name");
    for (arguments, path, name) in [
        (&["My Shop 2"][..], "My Shop 2/stack.toml", "my-shop-2"),
        (&["other", "--name", "shop"], "other/stack.toml", "shop"),
        (&["--name", "here"], "stack.toml", "here"),
    ] {
        let output = folder.init(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = folder.read(path);
        assert!(text.contains(&format!("\nname = \"{name}\"\n")), "{text}");
    }
    assert!(folder.read("stack.toml").starts_with("#:schema ./stack.schema.json\n"));
    assert!(folder.read(".gitignore").contains("target/"));
    assert!(folder.read(".github/workflows/deploy.yml").contains("id-token: write"));
}

#[test]
fn a_bad_name_is_refused_with_a_good_one_and_nothing_is_written() {
    let folder = Folder::new("bad");
    for (name, hint) in [("My_Shop", "`my-shop`"), (&"a".repeat(70), "shorten")] {
        let output = folder.init(&["new", "--name", name]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(hint), "{}", stderr(&output));
    }
    assert!(!folder.0.join("new").exists());
}

#[test]
fn the_project_is_found_from_the_folders_below_it() {
    let folder = Folder::new("found");
    assert_eq!(folder.init(&["shop"]).status.code(), Some(0));
    let permissions = |below: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stackctl"));
        command.args(["permissions", "status"]).current_dir(folder.0.join(below));
        command.stdin(Stdio::null()).output().expect("the binary was built")
    };
    let output = permissions("shop/handler/src");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("shop-api"));
    let output = permissions(".");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("in a folder above"), "{}", stderr(&output));
}

#[test]
fn an_init_that_cannot_write_everything_leaves_nothing_behind() {
    let folder = Folder::new("taken-back");
    // A file where a folder is needed.
    fs::write(folder.0.join("handler"), "").expect("a file");
    let output = folder.init(&["--name", "shop"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let left: Vec<_> = fs::read_dir(&folder.0).expect("the folder").flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_project_inside_a_repository_is_told_what_is_missing_there() {
    let folder = Folder::new("inside");
    fs::create_dir_all(folder.0.join(".git")).expect("a folder");
    fs::create_dir_all(folder.0.join("shop")).expect("a folder");
    fs::write(folder.0.join("shop/.gitignore"), "node_modules\n").expect("a file");
    let told = stderr(&folder.init(&["shop"]));
    assert!(told.contains("kept your existing `.gitignore`; add `target/` to it"), "{told}");
    assert!(told.contains("move `.github` to"), "{told}");
}

#[test]
fn a_second_init_writes_nothing() {
    let folder = Folder::new("twice");
    assert_eq!(folder.init(&["--name", "one"]).status.code(), Some(0));
    fs::remove_dir_all(folder.0.join("handler")).expect("it was written");
    let output = folder.init(&["--name", "two"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is a `stack.toml`"), "{}", stderr(&output));
    assert!(folder.read("stack.toml").contains("\"one\""));
    assert!(!folder.0.join("handler").exists());
}

#[test]
fn what_the_user_has_is_left_as_it_is() {
    let folder = Folder::new("kept");
    fs::write(folder.0.join("README.md"), "mine").expect("a file");
    let output = folder.init(&["--name", "shop"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("kept your existing `README.md`"), "{}", stderr(&output));
    assert_eq!(folder.read("README.md"), "mine");
    assert!(folder.0.join("handler/src/main.rs").is_file());
}

/// A workspace in a folder of the repository: an HTTP function, and a worker that only puts items.
const FOREIGN: [(&str, &str); 5] = [
    ("backend/Cargo.toml", "[workspace]\nmembers = [\"api\", \"worker\"]\n"),
    ("backend/api/Cargo.toml", PACKAGE),
    ("backend/worker/Cargo.toml", PACKAGE),
    (
        "backend/api/src/main.rs",
        r##"use aws_sdk_dynamodb::{Client, types::AttributeValue};
#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let client = Client::new(&aws_config::load_from_env().await);
    let mode = std::env::var("MODE").unwrap();
    lambda_http::run(lambda_http::service_fn(|_: lambda_http::Request| async {
        let table = std::env::var("ORDERS_TABLE").unwrap();
        client.get_item().table_name(&table).key("id", AttributeValue::N("1".into())).send().await?;
        client.query().table_name(&table).index_name("byUser").key_condition_expression("#u = :u")
            .expression_attribute_names("#u", "user").expression_attribute_values(":u", AttributeValue::S(mode.clone()))
            .send().await
    })).await
}
"##,
    ),
    (
        "backend/worker/src/main.rs",
        r#"use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{LambdaEvent, service_fn};
#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(work)).await
}
async fn work(_: LambdaEvent<SqsEvent>) -> Result<(), lambda_runtime::Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    client.put_item().table_name("Log.Entries").item("at", aws_sdk_dynamodb::types::AttributeValue::N("1".into())).send().await?;
    Ok(())
}
"#,
    ),
];

const PACKAGE: &str = "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\naws-config = \"1\"\naws-lambda-events = \"1\"\naws-sdk-dynamodb = \"1\"\nlambda_http = \"1\"\nlambda_runtime = \"1\"\n";

#[test]
fn in_a_cargo_project_only_the_file_of_the_stack_is_written() {
    let folder = Folder::new("adopt");
    for (path, text) in FOREIGN {
        let path = folder.0.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        let text = text.replace(
            "\"one\"",
            if path.ends_with("api/Cargo.toml") { "\"api\"" } else { "\"worker\"" },
        );
        fs::write(path, text).expect("it can be written");
    }
    let output = folder.init(&["--name", "shop"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mut top: Vec<_> =
        fs::read_dir(&folder.0).expect("the folder").flatten().map(|one| one.file_name()).collect();
    top.sort();
    assert_eq!(top, ["backend", "stack.toml"]);
    let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = folder.read("stack.toml").lines().skip(2).map(plain).collect();
    let expected = "name = \"shop\"

[tables.log-entries]
partition_key = \"at:N\" # assumed: backend/worker/src/main.rs:9 writes it in an item
sort_key = \"\" # assumed: no line shows one
name = \"Log.Entries\" # backend/worker/src/main.rs:9

[tables.orders]
partition_key = \"id:N\" # backend/api/src/main.rs:8
sort_key = \"\" # the code names keys without one
env = \"ORDERS_TABLE\" # backend/api/src/main.rs:8

[tables.orders.indexes.byUser]
partition_key = \"user\" # backend/api/src/main.rs:9

[function]
crate = \"backend/api\" # package api
bin = \"api\" # backend/api/src/main.rs
# routes = [\"GET /\"] # none could be read: it gets every path

[function.environment]
# MODE = \"\" # backend/api/src/main.rs:5 reads it

[functions.worker]
crate = \"backend/worker\" # package worker
bin = \"worker\" # backend/worker/src/main.rs
# It gets no requests of the API. Its source says what starts it: sqs";
    assert_eq!(lines.join("\n"), expected);
    let told = stderr(&output);
    assert!(told.contains("assumed  `tables.log-entries.partition_key = \"at:N\"`"), "{told}");
    assert!(told.contains("reads the variable `MODE`"), "{told}");
    // What it says is checked as the file is read, and is not written again.
    assert_eq!(folder.init(&["--name", "shop"]).status.code(), Some(2));
}

#[test]
fn a_cargo_project_without_a_function_is_left_alone() {
    let folder = Folder::new("no-function");
    fs::create_dir_all(folder.0.join("src")).expect("a folder");
    fs::write(folder.0.join("Cargo.toml"), PACKAGE).expect("a file");
    fs::write(folder.0.join("src/main.rs"), "fn main() {}").expect("a file");
    let output = folder.init(&["--name", "shop"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("has no Lambda function"), "{}", stderr(&output));
    assert!(!folder.0.join("stack.toml").exists());
}
