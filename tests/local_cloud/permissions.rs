//! What the function may do, and what a deployer needs: the emulator enforces both.

use serde_json::{Value, json};

use crate::support::{Stack, eventually};

/// What a deployer may do, and on what: nothing beyond the names of the stack. The emulator asks for more than AWS does:
/// for some actions on everything, and `ListAliases` for `GetAlias`. It knows no `iam:PolicyARN`, on which AWS would let
/// us narrow `AttachRolePolicy`, and does not ask for `iam:PassRole` at all.
const DEPLOYER: &str = include_str!("deployer.json");

#[test]
fn without_its_policy_the_function_is_refused_and_says_so_in_its_log_alone() {
    let stack = Stack::new("enforced");
    let up = stack.up();
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200);

    let names = [
        ("RoleName", up["role_name"].as_str().unwrap_or_default()),
        ("PolicyArn", up["policy_arn"].as_str().unwrap_or_default()),
    ];
    stack.aws.iam("DetachRolePolicy", &names);
    let refused = Stack::ask(&up, "GET", "userId=u1", "");
    assert_eq!(refused.status, 500, "{refused:?}");
    assert_eq!(refused.json(), json!({"error": "Internal server error"}));
    eventually("the log says why", || {
        let group = json!({"logGroupName": up["log_group"]});
        let events = stack.aws.json("Logs_20140328.FilterLogEvents", &group);
        let events = events["events"].as_array().cloned().unwrap_or_default();
        let says =
            |event: &Value| event["message"].as_str()?.contains("AccessDenied").then_some(());
        events.iter().find_map(says)
    });

    stack.up();
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200);
    stack.teardown();
}

#[test]
fn a_deployer_with_rights_on_the_names_of_the_stack_alone_can_do_everything() {
    let stack = Stack::new("deployed");
    let stack = deployer(stack, "all-rights", &deployer_policy("deployed", "Deployed"));
    let up = stack.up();
    stack.ship(&["deploy"]).succeeded();
    stack.ship(&["plan", "--exit-code"]).succeeded();
    stack.run(&["status", "--exit-code"]).succeeded();
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200);
    stack.teardown();
}

#[test]
fn a_denied_call_names_the_action_and_the_statement_to_add() {
    let stack = Stack::new("denied");
    let policy = deployer_policy("denied", "Denied").replace("\"iam:CreateRole\",", "");
    let stack = deployer(stack, "no-create-role", &policy);
    let error = stack.ship(&["up"]).failed(1).error();
    assert_eq!(error["code"], "AccessDenied", "{error:#}");
    assert_eq!(error["message"], "failed to create role `denied-lambda-role`");
    let hint = error["hint"].as_str().unwrap_or_default();
    assert!(hint.contains(r#""Action": "iam:CreateRole""#), "{error:#}");

    let stack = stack.with("AWS_ACCESS_KEY_ID", "test").with("AWS_SECRET_ACCESS_KEY", "test");
    stack.up();
    stack.teardown();
}

fn deployer_policy(prefix: &str, pascal: &str) -> String {
    DEPLOYER.replace("PREFIX", prefix).replace("PASCAL", pascal)
}

/// The same stack, in the hands of a user with one policy.
fn deployer(stack: Stack<'static>, user: &str, policy: &str) -> Stack<'static> {
    let user = ("UserName", user);
    stack.aws.iam("CreateUser", &[user]);
    let key = stack.aws.iam("CreateAccessKey", &[user]);
    let between = |element: &str| {
        let rest = key.split(&format!("<{element}>")).nth(1).expect("the element is there");
        rest.split('<').next().unwrap_or_default().to_owned()
    };
    stack.aws.iam("PutUserPolicy", &[user, ("PolicyName", "p"), ("PolicyDocument", policy)]);
    stack
        .with("AWS_ACCESS_KEY_ID", between("AccessKeyId"))
        .with("AWS_SECRET_ACCESS_KEY", between("SecretAccessKey"))
}
