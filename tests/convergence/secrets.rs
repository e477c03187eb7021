//! A stack that reads a secret: it converges however a run is cut short, its deployers need what is printed and nothing else, and
//! what is changed by hand is told.

use std::collections::BTreeSet;
use std::fs::File;
use std::process::Command;

use serde_json::{Value, json};

use crate::artifact;
use crate::lane::{Lane, NAME, Verb};
use crate::proxy::{Fault, What, When};
use crate::run::{Ended, Run};
use crate::snapshot;
use crate::strict::Rules;
use crate::support::{Aws, Deployer, actions_of, as_the_emulator_asks};

const KEYS: &str = "[function.secrets]\nSTRIPE_KEY = {}\n";
const PARAMETER: &str = "/stackctl/my-app/default/STRIPE_KEY";

/// Puts parameters of others beside ours, which must stay as they are.
fn prepare(lane: &Lane) {
    lane.fresh();
    lane.set_layer(Rules::timeless());
    lane.configure(KEYS);
    for name in ["/stackctl/my-app-2/default/STRIPE_KEY", "/stackctl/my-app/default/THEIRS"] {
        let parameter = json!({"Name": name, "Value": "theirs", "Type": "SecureString"});
        ssm(lane, "PutParameter", &parameter);
    }
    let parameter =
        json!({"Name": PARAMETER, "Value": "one", "Type": "SecureString", "Tags": tags()});
    ssm(lane, "PutParameter", &parameter);
}

fn tags() -> Value {
    json!([
        {"Key": "stackctl:stack", "Value": NAME},
        {"Key": "stackctl:stage", "Value": "default"},
    ])
}

fn ssm(lane: &Lane, operation: &str, input: &Value) -> Value {
    lane.aws().json("ssm", operation, input)
}

fn change(lane: &Lane, kind: &str) {
    let parameter = json!({"Name": PARAMETER, "Value": "another", "Type": kind, "Overwrite": true});
    ssm(lane, "PutParameter", &parameter);
}

/// The account before the verb is run.
fn before(lane: &Lane, verb: Verb) {
    prepare(lane);
    if verb != Verb::Up {
        lane.run(Verb::Up).0.succeeded();
    }
    if verb == Verb::Deploy {
        change(lane, "SecureString");
    }
}

#[test]
fn a_run_that_is_broken_at_any_write_of_a_function_or_a_secret_is_ended_by_the_next() {
    let lane = Lane::take();
    for verb in [Verb::Up, Verb::Deploy, Verb::TeardownAll] {
        before(&lane, verb);
        let (ended, ledger) = lane.run(verb);
        ended.succeeded();
        let end = lane.snapshot();
        let of_concern = |name: &String| {
            ["ssm:", "lambda:Create", "lambda:Update", "lambda:Publish", "lambda:Delete"]
                .iter()
                .any(|of| name.starts_with(of))
        };
        let writes = ledger.calls().iter().filter(|call| call.is_write());
        let writes: BTreeSet<String> =
            writes.map(|call| call.operation.to_string()).filter(of_concern).collect();
        assert!(writes.len() > 1, "{verb:?}: {writes:?}");
        for (index, write) in writes.into_iter().enumerate() {
            let what = if index % 2 == 0 { What::HeldAfter } else { What::Lost };
            before(&lane, verb);
            let told = format!("{verb:?} {write} {what:?}");
            let fault = Fault::once(When::Operation(write), what.clone());
            match what {
                What::Lost => drop(lane.run_with(verb, [fault])),
                _ => drop(lane.until(verb, fault, Run::kill)),
            }
            lane.run(verb).0.succeeded();
            let differences = snapshot::differences(&lane.snapshot(), &end);
            assert!(differences.is_empty(), "{told}: {}", differences.join("\n"));
        }
    }
    let left = lane.snapshot()["parameters"].clone();
    let left: Vec<&String> = left.as_object().expect("they are listed").keys().collect();
    assert_eq!(left, ["/stackctl/my-app-2/default/STRIPE_KEY", "/stackctl/my-app/default/THEIRS"]);
}

/// The verb, run as this deployer; `value` is what it reads from standard input.
fn run(lane: &Lane, deployer: &Deployer, words: &[&str], value: &str) -> Ended {
    let path = lane.folder().join("value");
    std::fs::write(&path, value).expect("the project can be written");
    let mut command: Command = lane.command(&["--yes", "--output", "json"]);
    command.args(words).envs(deployer.environment());
    command.stdin(File::open(&path).expect("it was written"));
    let output = command.output().expect("the binary was built");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    Ended { code: output.status.code(), stdout, stderr }
}

#[test]
fn whoever_has_the_policy_of_these_verbs_alone_sets_ships_and_deletes_a_secret() {
    let lane = Lane::take();
    lane.set_layer(Rules::timeless());
    lane.configure(KEYS);
    let deployer = Deployer::new(Aws::at(lane.aws().port), "deployer");
    let steps: [(&str, &[&str]); 9] = [
        ("secret", &["secret", "set", "STRIPE_KEY"]),
        ("up", &["up", "--artifact", artifact::first()]),
        ("secret", &["secret", "set", "STRIPE_KEY"]),
        ("deploy", &["deploy", "--artifact", artifact::first()]),
        ("status", &["status"]),
        ("secret", &["secret", "list"]),
        ("secret", &["secret", "get", "STRIPE_KEY", "--reveal"]),
        ("teardown", &["teardown", "--secrets"]),
        ("secret", &["secret", "rm", "STRIPE_KEY"]),
    ];
    for (verb, words) in steps {
        let policy = crate::permissions::policy(&lane, verb);
        deployer.may(&as_the_emulator_asks(&policy));
        lane.proxy().reset([]);
        run(&lane, &deployer, words, "canary\n").succeeded();
        let ledger = lane.proxy().ledger();
        let of_ssm = ledger.calls().iter().filter(|call| call.operation.service == "ssm");
        let called: Vec<String> = of_ssm.map(|call| call.operation.to_string()).collect();
        let allowed = actions_of(policy["Statement"].as_array().expect("the statements"));
        let beyond: Vec<&String> = called.iter().filter(|one| !allowed.contains(one)).collect();
        assert!(beyond.is_empty(), "{words:?}: {beyond:?}");
    }
}

/// The lines of `plan` that are not `keep`, as JSON; it writes nothing.
fn planned(lane: &Lane) -> String {
    let arguments = ["plan", "--output", "json", "--artifact", artifact::first()];
    let ended = Run::start(lane.command(&arguments)).wait().succeeded().json();
    let changes = ended["changes"].as_array().cloned().unwrap_or_default();
    let changes: Vec<Value> =
        changes.into_iter().filter(|step| step["action"] == "update").collect();
    json!([changes, ended["left"]]).to_string()
}

#[test]
fn what_is_changed_by_hand_of_a_secret_is_told_and_put_right() {
    let lane = Lane::take();
    prepare(&lane);
    lane.run(Verb::Up).0.succeeded();
    let wanted = lane.snapshot();
    assert_eq!(planned(&lane), "[[],[]]");

    // A tag that only marks whose it is makes it foreign; another tag of ours would be set again.
    let id = json!({"ResourceType": "Parameter", "ResourceId": PARAMETER, "TagKeys": ["stackctl:stage"]});
    ssm(&lane, "RemoveTagsFromResource", &id);
    let (refused, ledger) = lane.run(Verb::Up);
    assert_eq!((refused.code, ledger.writes()), (Some(2), 0), "{refused:#?}");
    let mut adopt = Verb::Up.arguments();
    adopt.push("--adopt");
    Run::start(lane.command(&adopt)).wait().succeeded();
    assert!(snapshot::differences(&lane.snapshot(), &wanted).is_empty());

    // The variable of the function.
    let path = format!("/2015-03-31/functions/{NAME}-api/configuration");
    let mut now = lane.aws().get("lambda", &path)["Environment"].take();
    now["Variables"]["SECRET_STRIPE_KEY"] = json!(format!("{PARAMETER}:9"));
    lane.aws().rest("lambda", "PUT", &path, &json!({"Environment": now}));
    assert!(planned(&lane).contains(r#""now":"version 9","property":"secret STRIPE_KEY""#));
    lane.run(Verb::Up).0.succeeded();
    assert_eq!(planned(&lane), "[[],[]]");

    // A value that is not encrypted any more: no step can encrypt what it does not know.
    change(&lane, "String");
    let status = Run::start(lane.command(&["status"])).wait().succeeded();
    assert!(status.stdout.contains("SECURITY"), "{status:#?}");
    lane.run(Verb::Up).0.succeeded();
    let left = planned(&lane);
    assert!(left.contains("stackctl secret set STRIPE_KEY"), "{left}");
    change(&lane, "SecureString");
    lane.run(Verb::Up).0.succeeded();
    assert_eq!(planned(&lane), "[[],[]]");
}
