//! Another imitation of AWS, made by others: what both accept is less likely to be a mistake of one.

use serde_json::json;

use crate::support::{Artifact, Moto, Stack, actions, only};

#[test]
fn moto_agrees_about_up_plan_deploy_drift_and_teardown() {
    let moto = Moto::start();
    let stack = Stack::new("moto").with("AWS_ENDPOINT_URL", moto.endpoint());
    let first = stack.up();
    assert!(actions(&first).iter().all(|action| action.ends_with(" create")), "{first:#}");
    let second = stack.up();
    assert_eq!(only(&second), Vec::<String>::new(), "{second:#}");
    stack.ship(&["plan", "--exit-code"]).succeeded();
    stack.run(&["status", "--exit-code"]).succeeded();

    let changed = Artifact::changed(stack.project.folder());
    let deploy = stack.run(&["deploy", "--artifact", changed.path()]).succeeded().json();
    assert_eq!(only(&deploy), ["alias update"], "{deploy:#}");
    assert_eq!(deploy["function_version"], "2");

    stack.configure(
        "function.memory = 512\nfunction.log_retention_days = 30\napi.cors.max_age = 60\n",
    );
    let plan = stack.run(&["plan", "--exit-code", "--artifact", changed.path()]).failed(3);
    let planned = only(&plan.json());
    for change in ["log group update", "function update", "api update"] {
        assert!(planned.contains(&change.to_owned()), "{planned:?}");
    }
    stack.run(&["up", "--artifact", changed.path()]).succeeded();
    stack.run(&["plan", "--exit-code", "--artifact", changed.path()]).succeeded();

    stack.teardown();
    assert_eq!(stack.teardown()["changes"], json!([]));
}
