//! Accounts with rules: roles need a boundary, everything needs a tag, and roles have a path of their own.

use serde_json::{Value, json};

use crate::artifact;
use crate::drift::hand::{label, unbound};
use crate::lane::{Lane, Verb};
use crate::permissions::policy;
use crate::run::Run;
use crate::snapshot;
use crate::strict::{GuardRails, Rules};
use crate::support::{Aws, Deployer, as_the_emulator_asks};

const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/Boundary";
const ROLE: [(&str, &str); 1] = [("RoleName", "my-app-lambda-role")];

/// A lane in an account whose rules are those of `GuardRails`.
fn guarded() -> Lane {
    let lane = Lane::take();
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [everything]}).to_string();
    let fields = [("PolicyName", "Boundary"), ("PolicyDocument", document.as_str())];
    lane.aws().iam("CreatePolicy", &fields);
    lane.set_layer(Rules::timeless().with(GuardRails("team")));
    lane
}

fn configured(lane: &Lane) {
    lane.configure(&format!(
        "tags = {{ team = \"shop\" }}\nfunction.boundary = \"{BOUNDARY}\"\nfunction.role_path = \"/apps/\"\n"
    ));
}

fn tags(snapshot: &Value) -> Vec<(String, String)> {
    let own = [
        ("/tables/my-app-data/tags", "table"),
        ("/roles/my-app-lambda-role/tags", "role"),
        ("/policies/MyAppLambdaDynamoDB/tags", "policy"),
        ("/policies/MyAppLambdaLogs/tags", "policy of the log"),
        ("/log groups/~1aws~1lambda~1my-app-api/tags", "log group"),
        ("/functions/my-app-api/tags", "function"),
    ];
    let found = own.map(|(place, what)| {
        let tags = snapshot.pointer(place).unwrap_or_else(|| panic!("{place}: {snapshot:#}"));
        (what.to_owned(), tags.to_string())
    });
    let apis = snapshot["apis"].as_array().cloned().unwrap_or_default();
    let api = apis.into_iter().find(|api| api["name"] == "my-app").expect("the API");
    let stage = api["stages"].to_string();
    found
        .into_iter()
        .chain([("api".into(), api["tags"].to_string()), ("stage".into(), stage)])
        .collect()
}

fn plan(lane: &Lane) -> String {
    let arguments = ["plan", "--output", "json", "--artifact", artifact::first()];
    Run::start(lane.command(&arguments)).wait().succeeded().json()["changes"].to_string()
}

#[test]
fn an_account_that_demands_a_boundary_and_a_tag_takes_the_whole_life_of_a_stack() {
    let lane = guarded();
    let before = lane.snapshot();
    let refused = lane.run(Verb::Up).0;
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("service control policy"), "{refused:#?}");
    lane.run(Verb::Teardown).0.succeeded();

    configured(&lane);
    lane.run(Verb::Up).0.succeeded();
    let wanted = lane.snapshot();
    for (what, tags) in tags(&wanted) {
        assert!(tags.contains("team") && tags.contains("shop"), "{what}: {tags}");
    }
    let role = lane.aws().iam("GetRole", &ROLE)["Role"].take();
    assert_eq!(role["Arn"], "arn:aws:iam::123456789012:role/apps/my-app-lambda-role");
    assert_eq!(role["PermissionsBoundary"]["PermissionsBoundaryArn"], BOUNDARY);
    let (again, ledger) = lane.run(Verb::Up);
    again.succeeded();
    assert_eq!(ledger.writes(), 0, "{:#?}", ledger.calls());

    lane.run(Verb::Deploy).0.succeeded();
    lane.run(Verb::Teardown).0.succeeded();
    assert_eq!(lane.snapshot(), before);
}

#[test]
fn a_tag_of_ours_and_the_boundary_are_put_back_and_tags_of_others_are_left() {
    let lane = guarded();
    configured(&lane);
    lane.run(Verb::Up).0.succeeded();
    label(lane.aws(), ("cost-centre", "7"));
    assert!(!plan(&lane).contains("cost-centre"), "tags of others are no drift");
    let wanted = lane.snapshot();
    label(lane.aws(), ("team", "another"));
    unbound(lane.aws());
    let planned = plan(&lane);
    assert_eq!(planned.matches("tag team").count(), 7, "{planned}");
    assert!(planned.contains("\"boundary\""), "{planned}");
    lane.run(Verb::Up).0.succeeded();
    let differences = snapshot::differences(&lane.snapshot(), &wanted);
    assert!(differences.is_empty(), "{differences:#?}");
    let role = lane.aws().iam("GetRole", &ROLE)["Role"].take();
    assert_eq!(role["PermissionsBoundary"]["PermissionsBoundaryArn"], BOUNDARY);
    // Another path is no change of the role, and another tag is one.
    lane.configure(&format!("tags = {{ team = \"new\" }}\nfunction.boundary = \"{BOUNDARY}\"\n"));
    let refused = lane.run(Verb::Up).0;
    assert!(refused.stderr.contains("function.role_path = \\\"/apps/\\\""), "{refused:#?}");
}

#[test]
fn whoever_has_the_printed_policy_alone_can_do_it_in_such_an_account_too() {
    let lane = guarded();
    configured(&lane);
    let deployer = Deployer::new(Aws::at(lane.aws().port), "deployer");
    for verb in [Verb::Up, Verb::Up, Verb::Teardown] {
        let words = verb.arguments();
        let printed = policy(&lane, words[0]);
        if verb == Verb::Up {
            let text = printed.to_string();
            for part in
                ["iam:PermissionsBoundary", BOUNDARY, "role/apps/", "apigateway:TagResource"]
            {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
        deployer.may(&as_the_emulator_asks(&printed));
        let mut command = lane.command(&words);
        command.envs(deployer.environment());
        Run::start(command).wait().succeeded();
        if verb == Verb::Up {
            label(lane.aws(), ("team", "another"));
            unbound(lane.aws());
        }
    }
}
