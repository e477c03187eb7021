//! What the function may do, and what a deployer needs: the emulator enforces both.

use serde_json::{Value, json};

use crate::support::{
    Aws, Cloud, Deployer, Project, Stack, actions_of, as_the_emulator_asks, eventually,
};

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
fn a_deployer_with_the_policies_of_the_verbs_can_do_everything() {
    let stack = Stack::new("deployed");
    let deployer = Deployer::new(Aws::of(stack.cloud), "all-rights");
    deployer.may(&rights(&stack, &["up", "deploy", "plan", "status", "teardown"]));
    let stack = stack.by(&deployer);
    let up = stack.up();
    stack.ship(&["deploy"]).succeeded();
    stack.ship(&["plan", "--exit-code"]).succeeded();
    stack.run(&["status", "--exit-code"]).succeeded();
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200);
    stack.teardown();
}

#[test]
fn a_denied_call_names_the_action_the_statement_and_the_verb_that_prints_them_all() {
    let stack = Stack::new("denied");
    let mut statements = rights(&stack, &["up"]);
    for statement in &mut statements {
        if let Some(actions) = statement["Action"].as_array_mut() {
            actions.retain(|action| action != "iam:CreateRole");
        }
    }
    let deployer = Deployer::new(Aws::of(stack.cloud), "no-create-role");
    deployer.may(&statements);
    let stack = stack.by(&deployer);
    let error = stack.ship(&["up"]).failed(1).error();
    assert_eq!(error["code"], "AccessDenied", "{error:#}");
    assert_eq!(error["message"], "failed to create role `denied-lambda-role`");
    let hint = error["hint"].as_str().unwrap_or_default();
    assert!(hint.contains(r#""Action": "iam:CreateRole""#), "{error:#}");
    assert!(
        hint.ends_with("`stackctl permissions up` prints every permission that the command needs"),
        "{error:#}"
    );

    let key = stack.cloud.key();
    let stack = stack.with("AWS_ACCESS_KEY_ID", key.id).with("AWS_SECRET_ACCESS_KEY", key.secret);
    stack.up();
    stack.teardown();
}

#[test]
fn a_policy_is_printed_without_a_network_or_credentials_for_the_names_of_the_stage() {
    let project = Project::new("printed");
    let pinned = "name = \"printed\"\naccount = \"123456789012\"\nregion = \"eu-north-1\"\n";
    project.write("stack.toml", pinned);
    let words = ["permissions", "deploy", "--stage", "dev"];
    let text = Cloud::offline(project.folder(), &words).succeeded();
    let json = Cloud::offline(project.folder(), &[&words[..], &["--output", "json"]].concat());
    assert_eq!(text.json(), json.succeeded().json());
    let policy = text.json();
    let statements = policy["Statement"].as_array().expect("the statements");
    let function = "arn:aws:lambda:eu-north-1:123456789012:function:printed-api-dev:*";
    let deletes = |one: &&Value| one["Action"] == "lambda:DeleteFunction";
    let resource = statements.iter().find(deletes).map(|one| one["Resource"].clone());
    assert_eq!(resource, Some(json!(function)), "versions alone: {policy:#}");
    let actions = actions_of(statements);
    assert!(!actions.contains(&"iam:PassRole".to_owned()), "code needs no role: {policy:#}");
}

/// What `stackctl permissions` prints for these verbs.
fn rights(stack: &Stack, verbs: &[&str]) -> Vec<Value> {
    let printed = stack.run(&[&["permissions"], verbs].concat()).succeeded();
    as_the_emulator_asks(&printed.json())
}
