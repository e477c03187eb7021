//! An API with users: what each of two reaches, who refuses what nobody may do, and what becomes of its protection.

use std::collections::BTreeMap;
use std::fs::File;

use serde_json::{Value, json};

use crate::support::{Outcome, Response, Stack, only, request};

const AUTH: &str =
    "[auth]\nissuer = \"https://tenant.example/\"\naudience = [\"https://api.example\"]\n";

/// A stack with users; on this machine its own pool issues the tokens.
fn stack(name: &str) -> Stack<'static> {
    let stack = Stack::new(name).with("STACKCTL_LOCAL", "1");
    stack.configure(AUTH);
    stack
}

fn token(stack: &Stack, user: &str) -> String {
    let token = stack.run(&["token", "--as", user]).succeeded().json();
    token["token"].as_str().expect("a token").to_owned()
}

fn ask(up: &Value, method: &str, query: &str, token: Option<&str>) -> Response {
    let url = format!("{}/?{query}", up["api_url"].as_str().expect("a URL"));
    let token = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<_> = token.iter().map(|token| ("authorization", token.as_str())).collect();
    let body = if method == "POST" { r#"{"title":"Tea"}"# } else { "" };
    request(method, &url, &headers, body)
}

/// What was tried, with who answered and whether that is right.
fn attacks(smoke: &Value) -> BTreeMap<String, (String, bool)> {
    let attacks = smoke["attacks"].as_array().expect("they were tried");
    let one = |attack: &Value| {
        let by = attack["by"].as_str().expect("somebody answered").to_owned();
        let name = attack["attack"].as_str().expect("a name").to_owned();
        (name, (by, attack["ok"] == true))
    };
    attacks.iter().map(one).collect()
}

#[test]
fn two_users_reach_their_own_and_everything_else_is_refused_by_the_layer_that_should() {
    let stack = stack("users");
    let up = stack.up();
    assert_eq!(up["public"], false);
    assert_eq!(only(&stack.up()), Vec::<String>::new(), "a second `up` changes nothing");

    let refused = ask(&up, "GET", "", None);
    assert_eq!((refused.status, refused.header("x-function-version").len()), (401, 0));
    let (alice, bob) = (token(&stack, "alice"), token(&stack, "bob"));
    let item = ask(&up, "POST", "", Some(&alice)).json();
    let listed = |token: &str| ask(&up, "GET", "", Some(token)).json()["items"].clone();
    assert_eq!(listed(&alice), json!([item]));
    assert_eq!(listed(&bob), json!([]));

    let smoke = stack.run(&["smoke"]).succeeded().json();
    let attacks = attacks(&smoke);
    assert!(attacks.values().all(|(_, ok)| *ok), "{smoke:#}");
    for (name, by) in [
        ("another's item, read", "function"),
        ("another's item, changed", "function"),
        ("another's item, deleted", "function"),
        ("another's `nextToken`", "function"),
        ("the list of another", "function"),
        ("`userId` of another in the query", "function"),
        ("`userId` of another in the body", "function"),
        ("no token", "gateway"),
        ("a word that is no token", "gateway"),
        ("`alg: none`", "gateway"),
        ("HS256, signed with the public key", "gateway"),
        ("expired a second ago, with a good signature", "gateway"),
        ("a good token for another client", "gateway"),
        ("a good token of another issuer", "gateway"),
    ] {
        assert_eq!(attacks.get(name).map(|(by, _)| by.as_str()), Some(by), "{name}");
    }
    assert_eq!(listed(&alice), json!([item]), "`smoke` leaves the items of others alone");
    let logs = stack.say(&["logs"]).succeeded();
    let sub = item["userId"].as_str().expect("a user");
    assert!(logs.stdout.contains("user=") && !logs.stdout.contains(sub), "{}", logs.stdout);

    let explained = |token: &str| {
        stack.project.write("token", token);
        let token = File::open(stack.project.folder().join("token")).expect("it was written");
        let mut explain = stack.cloud.prepared(stack.project.folder());
        explain.env("STACKCTL_LOCAL", "1").args(["auth", "explain"]).stdin(token);
        Outcome::from(explain.output().expect("the binary was built"))
    };
    let good = explained(&alice).succeeded();
    assert!(!good.stdout.contains(&alice) && !good.stderr.contains(&alice));
    explained("no token").failed(2);
    stack.teardown();
    assert_eq!(stack.teardown()["changes"], json!([]));
}

/// The mutant: a version that takes the user from the query, as one without users does.
#[test]
fn a_handler_that_takes_the_user_from_the_query_fails() {
    let stack = stack("mutant");
    let up = stack.up();
    let function = format!("/2015-03-31/functions/{}", up["function_name"].as_str().expect("one"));
    let variables = json!({"TABLE_NAME": up["table_name"], "AUTH": "none"});
    let environment = json!({"Environment": {"Variables": variables}});
    stack.aws.rest("lambda", "PUT", &format!("{function}/configuration"), &environment);
    let version = stack.aws.rest("lambda", "POST", &format!("{function}/versions"), &json!({}));
    let live = json!({"FunctionVersion": version["Version"]});
    stack.aws.rest("lambda", "PUT", &format!("{function}/aliases/live"), &live);
    let smoke = stack.run(&["smoke"]).failed(3);
    assert!(smoke.json()["ok"] == false, "{smoke:#?}");
    stack.up();
    stack.run(&["smoke"]).succeeded();
    stack.teardown();
}

#[test]
fn a_route_that_lost_its_token_is_told_as_security_and_closed_and_opened_by_a_flag_alone() {
    let stack = stack("opened");
    let up = stack.up();
    let routes = format!("/v2/apis/{}/routes", up["api_id"].as_str().expect("an id"));
    let found = stack.aws.rest("apigateway", "GET", &routes, &Value::Null);
    let route = &found["items"][0];
    assert_eq!(route["authorizationType"], "JWT");
    let path = format!("{routes}/{}", route["routeId"].as_str().expect("an id"));
    stack.aws.rest("apigateway", "PATCH", &path, &json!({"authorizationType": "NONE"}));
    let status = stack.say(&["status", "--exit-code"]).failed(3);
    let told = "SECURITY route ";
    assert!(status.stdout.contains(told), "{}", status.stdout);
    assert!(status.stdout.contains("open to everybody → needs a token"), "{}", status.stdout);
    assert_eq!(only(&stack.up()), ["routes update"]);
    assert_eq!(ask(&up, "GET", "", None).status, 401);

    stack.configure("");
    let refused = stack.ship(&["up", "--yes"]).failed(2).error();
    assert!(
        refused["hint"].as_str().is_some_and(|hint| hint.contains("--make-public")),
        "{refused:#}"
    );
    assert_eq!(ask(&up, "GET", "", None).status, 401, "nothing was changed");
    stack.ship(&["up", "--yes", "--make-public"]).succeeded();
    assert_eq!(ask(&up, "GET", "userId=anybody", None).status, 200);
    let status = stack.say(&["status"]).succeeded();
    assert!(status.stdout.contains("PUBLIC: everybody may call this API"), "{}", status.stdout);
    stack.configure(AUTH);
    stack.up();
    assert_eq!(ask(&up, "GET", "userId=anybody", None).status, 401);
    let open = stack.run(&["rollback"]).failed(2).error();
    assert_eq!(open["message"], "version 2 does not fit `[auth]`", "it takes anybody for anybody");
    stack.run(&["rollback", "1"]).succeeded();
    stack.teardown();
}
