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
        "\nroutes! {\n    GET \"/users/{user}/items/{item}\" => one [GetItem],\n    GET \"/health\" => health [],\n",
    );
    edit("src/routes.rs", "#[cfg(test)]\nmod tests", &format!("{ONE}#[cfg(test)]\nmod tests"));
    edit("openapi.json", "\"paths\": {\n", &format!("\"paths\": {{\n{DOCUMENTED}"));
    edit("contract.json", "[\n", &format!("[\n{SHOWN}"));
    cargo(&handler, &["test", "--locked"]);
}

const ONE: &str = r#"async fn one(store: &impl Store, request: &Request) -> Result<Response, Response> {
    let user = crate::values::UserId::new(request.parameter("user"))?;
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

const DOCUMENTED: &str = r##"    "/users/{user}/items/{item}": {"get": {
      "operationId": "getOne",
      "parameters": [
        {"name": "user", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/UserId"}},
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
      {"request": {"method": "GET", "path": "/users/path-{run}/items/{item}"},
       "expect": {"status": 200, "body": {"userId": "path-{run}", "itemId": "{item}", "title": "Tea", "status": "pending", "createdAt": "*"}}},
      {"request": {"method": "GET", "path": "/users/path-{run}/items/none"},
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
