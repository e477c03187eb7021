//! Several functions behind one API, from `up` to `teardown`.

use serde_json::Value;

use crate::support::{Artifact, Outcome, Stack, only};

/// The handler twice: one takes what reads and writes, the other what deletes.
const TWO: &str = "[function]\nroutes = [\"GET /\", \"PATCH /\", \"POST /\"]\n[functions.eraser]\nroutes = [\"DELETE /\"]\nmemory = 512\n";

/// `stack.toml` for both; the architecture is said for the first and inherited by the second.
fn configure(stack: &Stack, name: &str) {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let first = format!("[function]\narchitecture = \"{architecture}\"\n");
    let text = format!("name = \"{name}\"\n{}", TWO.replace("[function]\n", &first));
    stack.project.write("stack.toml", &text);
}

fn ship(stack: &Stack, arguments: &[&str]) -> Outcome {
    let zip = Artifact::handler().path();
    let both = ["api", "eraser"].map(|key| format!("{key}={zip}"));
    stack.run(&[arguments, &["--artifact", &both[0], "--artifact", &both[1]]].concat())
}

fn versions(document: &Value) -> Vec<&str> {
    let functions = document["functions"].as_object().expect("the functions");
    functions.values().map(|one| one["version"].as_str().expect("a version")).collect()
}

#[test]
fn each_function_has_its_own_routes_rights_versions_and_log() {
    let stack = Stack::new("functions");
    configure(&stack, "functions");
    let up = ship(&stack, &["up"]).succeeded().json();
    assert_eq!(versions(&up), ["1", "1"], "{up:#}");
    let roles: Vec<&Value> = ["api", "eraser"].map(|key| &up["functions"][key]["role_arn"]).into();
    assert_ne!(roles[0], roles[1]);

    let made = Stack::ask(&up, "POST", "userId=u1", r#"{"title":"Buy milk"}"#);
    assert_eq!(made.status, 201, "{}", made.body);
    let item: Value = serde_json::from_str(&made.body).expect("an item");
    let query = format!("userId=u1&itemId={}", item["itemId"].as_str().expect("its id"));
    let gone = Stack::ask(&up, "DELETE", &query, "");
    assert_eq!(gone.status, 200, "{}", gone.body);
    let logged = stack.run(&["logs", "--function", "eraser"]).succeeded().json().to_string();
    assert!(logged.contains("DELETE /") && !logged.contains("POST /"), "{logged}");

    assert_eq!(only(&ship(&stack, &["up"]).succeeded().json()), [] as [&str; 0]);
    stack.run(&["status", "--exit-code"]).succeeded();
    let proof = stack.run(&["verify-policy"]).succeeded().json();
    for key in ["api", "eraser"] {
        assert_eq!(proof["functions"][key]["verdict"], "proven", "{proof:#}");
    }

    // One of them moves, and the other one stays.
    let next = Artifact::changed(stack.project.folder());
    let eraser = format!("eraser={}", next.path());
    let words = ["deploy", "--function", "eraser", "--artifact", &eraser];
    stack.run(&words).succeeded();
    assert_eq!(versions(&stack.status()), ["1", "2"]);
    stack.run(&["rollback", "--function", "eraser"]).succeeded();
    assert_eq!(versions(&stack.status()), ["1", "1"]);
    let error = stack.run(&["rollback", "--function", "erasor"]).failed(2).error();
    assert_eq!(error["hint"], "its functions are: api, eraser");

    // The file says it no longer, and it goes with the rest.
    stack.configure("");
    let receipt = stack.teardown().to_string();
    for name in ["functions-eraser", "functions-eraser-role", "FunctionsEraserDynamoDB"] {
        assert!(receipt.contains(name), "{name}: {receipt}");
    }
    assert_eq!(stack.status()["functions"]["api"]["version"], Value::Null);
}

#[test]
fn two_functions_that_take_the_same_request_are_refused_before_the_first_call() {
    let stack = Stack::new("functions-same");
    configure(&stack, "functions-same");
    let text = stack.project.read("stack.toml").replace("DELETE /", "GET /");
    stack.project.write("stack.toml", &text);
    let error = ship(&stack, &["plan"]).failed(2).error();
    assert_eq!(error["message"], "`function` and `functions.eraser` both take `GET /`");
}
