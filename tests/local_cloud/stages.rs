//! Copies of a stack beside each other.

use serde_json::json;

use crate::support::{Artifact, Stack};

#[test]
fn a_stage_has_everything_of_its_own_and_its_teardown_leaves_the_other_whole() {
    let stack = Stack::new("stages");
    stack.configure("[stage.dev.function]\nmemory = 128\n");
    let main = stack.up();
    let dev = stack.ship(&["up", "--stage", "dev", "--yes"]).succeeded().json();
    assert_eq!((&dev["stage"], &dev["table_name"]), (&json!("dev"), &json!("stages-data-dev")));
    for output in ["api_url", "table_arn", "function_arn", "role_arn", "policy_arn", "log_group"] {
        assert_ne!(main[output], dev[output], "{output}");
    }
    let path = "/2015-03-31/functions/stages-api-dev/configuration";
    let function = stack.aws.rest("lambda", "GET", path, &json!(null));
    assert_eq!(function["MemorySize"], 128);

    let item = r#"{"title":"of the default stage"}"#;
    assert_eq!(Stack::ask(&main, "POST", "userId=u1", item).status, 201);
    let others = Stack::ask(&dev, "GET", "userId=u1", "");
    assert_eq!(others.json(), json!({"items": []}));

    stack.run(&["teardown", "--stage", "dev", "--yes"]).succeeded();
    let plan = ["plan", "--exit-code", "--artifact", Artifact::handler().path()];
    stack.run(&plan).succeeded();
    let kept = Stack::ask(&main, "GET", "userId=u1", "");
    assert_eq!(kept.json()["items"][0]["title"], "of the default stage");
    stack.teardown();
}
