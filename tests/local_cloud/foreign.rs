//! A program that knows nothing of stackctl: from its source to an answer, through a change and back, and away again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Cloud, Outcome, Response, on_a_terminal, request};

const FILES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "src/main.rs", "src/links.rs"];
const NAME: &str = "foreign-links";

/// A copy of `examples/links`. It stays in the target folder, so that a later run finds its dependencies built.
struct Foreign {
    folder: PathBuf,
}

impl Foreign {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(NAME);
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/links");
        fs::create_dir_all(folder.join("src")).expect("the target folder can be written");
        for file in FILES {
            fs::copy(example.join(file), folder.join(file)).expect(file);
        }
        let _ = fs::remove_file(folder.join("stack.toml"));
        Self { folder }
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        Cloud::shared().stackctl(&self.folder, &[arguments, &["--output", "json"]].concat())
    }

    fn edit(&self, path: &str, from: &str, to: &str) {
        let path = self.folder.join(path);
        let text = fs::read_to_string(&path).expect("the file is there");
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replacen(from, to, 1)).expect("it can be written");
    }
}

#[test]
fn a_program_of_any_form_is_adopted_deployed_proven_changed_and_taken_away() {
    let project = Foreign::new();
    let audit = project.run(&["audit", "--check"]).succeeded().json();
    assert_eq!(audit["functions"][0]["verdict"], "resolved", "{audit:#}");

    let init = project.run(&["init", "--name", NAME, "--yes"]).succeeded().json();
    assert_eq!(init["written"], json!(["stack.toml"]), "{init:#}");
    assert_eq!((&init["assumed"], &init["open"]), (&json!([]), &json!([])), "{init:#}");
    project.run(&["init", "--yes"]).failed(2);
    if cfg!(target_arch = "aarch64") {
        project.edit("stack.toml", "[function]\n", "[function]\narchitecture = \"arm64\"\n");
    }

    let up = project.run(&["up"]).succeeded().json();
    answers(&up);
    let verdict = project.run(&["verify-policy"]).succeeded().json();
    assert_eq!(verdict["verdict"], "proven", "{verdict:#}");
    let explained = project.run(&["verify-policy", "--explain", "Query"]).succeeded().json();
    assert!(explained["resource"].to_string().ends_with("/index/byOwner\""), "{explained:#}");
    assert!(explained["called"][0].to_string().contains("src/links.rs:"), "{explained:#}");

    project.edit("src/main.rs", "{\"well\": true}", "{\"well\": \"again\"}");
    let deploy = project.run(&["deploy"]).succeeded().json();
    assert_eq!(deploy["function_version"], "2", "{deploy:#}");
    assert_eq!(ask(&up, "GET", "/health", "").json()["well"], "again");
    project.run(&["rollback"]).succeeded();
    assert_eq!(ask(&up, "GET", "/health", "").json()["well"], true);
    project.run(&["status", "--exit-code"]).succeeded();
    project.run(&["teardown", "--yes"]).succeeded();
}

/// A program that only writes items: which of their attributes is the key, nobody but its author knows.
const WRITES: &str = r#"use aws_sdk_dynamodb::{Client, types::AttributeValue};
#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let client = Client::new(&aws_config::load_from_env().await);
    lambda_http::run(lambda_http::service_fn(|_: lambda_http::Request| async {
        client.put_item().table_name("notes").item("title", AttributeValue::S("a".into())).item("day", AttributeValue::N("1".into())).send().await
    })).await
}
"#;

#[test]
fn a_key_that_no_line_shows_is_asked_for_on_a_terminal() {
    let folder = std::env::temp_dir().join(format!("stackctl-asked-{}", std::process::id()));
    fs::create_dir_all(folder.join("src")).expect("the temporary folder can be written");
    let manifest = "[package]\nname = \"notes\"\nversion = \"0.1.0\"\n[dependencies]\naws-config = \"1\"\naws-sdk-dynamodb = \"1\"\nlambda_http = \"1\"\n";
    fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    fs::write(folder.join("src/main.rs"), WRITES).expect("a file");
    let mut command = Cloud::nowhere(&folder);
    command.args(["init", "--name", "notes"]);
    let told = on_a_terminal(&command, "day:N\n").succeeded().stdout;
    assert!(told.contains("Partition key of table notes [title]:"), "{told}");
    let text = fs::read_to_string(folder.join("stack.toml")).expect("it was written");
    assert!(text.contains("partition_key = \"day:N\""), "{text}");
    assert!(text.contains("as you said"), "{text}");
    fs::remove_dir_all(&folder).expect("it is there");
}

/// Every route, against the table and its index.
#[track_caller]
fn answers(up: &Value) {
    let link = r#"{"id":"a","owner":"ann","url":"https://example.com","createdAt":7}"#;
    assert_eq!(ask(up, "GET", "/health", "").json()["well"], true);
    assert_eq!(ask(up, "POST", "/links", link).status, 201);
    assert_eq!(ask(up, "POST", "/links", link).status, 409);
    assert_eq!(ask(up, "GET", "/links/a", "").json()["url"], "https://example.com");
    let owned = ask(up, "GET", "/owners/ann/links?since=5", "").json();
    assert_eq!(owned[0]["id"], "a", "{owned:#}");
    assert_eq!(ask(up, "GET", "/owners/ann/links?since=8", "").json(), json!([]));
    assert_eq!(ask(up, "DELETE", "/links/a", "").status, 204);
    assert_eq!(ask(up, "GET", "/links/a", "").status, 404);
    assert_eq!(ask(up, "PUT", "/links/a", "").status, 404, "the gateway has no such route");
}

#[track_caller]
fn ask(up: &Value, method: &str, path: &str, body: &str) -> Response {
    let url = up["api_url"].as_str().expect("the address of the API");
    request(method, &format!("{url}{path}"), &[("content-type", "application/json")], body)
}
