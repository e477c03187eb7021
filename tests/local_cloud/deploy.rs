//! The code alone: shipped when it differs, taken back when it does not answer.

use serde_json::Value;

use crate::support::{Artifact, Stack, only};

#[test]
fn the_same_code_is_not_uploaded_again_and_changed_code_answers_as_a_new_version() {
    let stack = Stack::new("deploy");
    let up = stack.up();
    assert_eq!(version(&up), "1");

    let same = stack.ship(&["deploy"]).succeeded().json();
    assert_eq!(only(&same), Vec::<String>::new(), "{same:#}");
    assert_eq!(same["function_version"], "1");

    let changed = Artifact::changed(stack.project.folder());
    let deploy = stack.run(&["deploy", "--artifact", changed.path()]).succeeded().json();
    assert_eq!(only(&deploy), ["alias update"], "{deploy:#}");
    assert_eq!(deploy["function_version"], "2");
    assert_eq!(version(&up), "2");

    let back = stack.ship(&["deploy"]).succeeded().json();
    assert_eq!(back["function_version"], "3");
    assert_eq!(version(&up), "3");
    stack.teardown();
}

#[test]
fn code_that_does_not_answer_is_taken_back() {
    let stack = Stack::new("deploy-broken");
    let up = stack.up();
    let broken = Artifact::broken(stack.project.folder());
    let deploy = stack.run(&["deploy", "--artifact", broken.path()]).failed(1);
    assert_eq!(deploy.stdout, "");
    let error = deploy.error();
    assert_eq!(error["message"], "failed to start version 2", "{error:#}");
    let hint = error["hint"].as_str().unwrap_or_default();
    assert!(hint.starts_with("traffic was not switched"), "{error:#}");
    assert_eq!(version(&up), "1");

    // What was taken back is not taken for the code that is wanted.
    let repaired = stack.ship(&["deploy"]).succeeded().json();
    assert_eq!(repaired["function_version"], version(&up));
    stack.teardown();
}

#[test]
fn without_a_stack_there_is_nothing_to_deploy_to() {
    let stack = Stack::new("deploy-nowhere");
    let error = stack.ship(&["deploy"]).failed(1).error();
    assert_eq!(error["hint"], "run `stackctl up` first", "{error:#}");
}

/// The version that answers.
#[track_caller]
fn version(outputs: &Value) -> String {
    let answer = Stack::ask(outputs, "GET", "userId=u1", "");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.header("x-function-version").concat()
}
