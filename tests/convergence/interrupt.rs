//! Ctrl-C: once lets what has begun end, twice ends at once, and the next run goes on from there.
//!
//! Somebody sits at a terminal, reads, and presses the keys: at every prompt, and while a call of every verb is open.

use std::time::Duration;

use serde_json::json;

use crate::artifact;
use crate::lane::{Lane, Verb};
use crate::proxy::{Fault, What, When};
use crate::support::{CTRL_C, Outcome, Terminal};

/// Until the call that is waited for is on its way.
const MOMENT: Duration = Duration::from_millis(20);

/// Runs these words until `when`, whose call then stays open, and types.
#[allow(clippy::needless_pass_by_value, reason = "moments are written where they are used")]
fn pressed(lane: &Lane, words: &[&str], when: When, keys: &str) -> Terminal {
    lane.proxy().reset([Fault::once(when.clone(), What::Held)]);
    let mut terminal = Terminal::of(&lane.command(words));
    while !lane.proxy().has_struck(MOMENT) {
        assert!(!terminal.has_ended(), "{words:?} does not make the call {when:?}");
    }
    terminal.press(keys);
    terminal
}

fn operation(name: &str) -> When {
    When::Operation(name.into())
}

fn up(lane: &Lane) {
    lane.run(Verb::Up).0.succeeded();
}

/// Every verb that calls the cloud, with the words that make it do so.
fn verbs() -> Vec<Vec<&'static str>> {
    let (first, second) = (artifact::first(), artifact::second());
    vec![
        vec!["up", "--artifact", first],
        vec!["deploy", "--artifact", second],
        vec!["plan", "--artifact", first],
        vec!["status"],
        vec!["rollback", "1"],
        vec!["rollback", "--list"],
        vec!["invoke", "{}"],
        vec!["logs"],
        vec!["logs", "--errors"],
        vec!["smoke"],
        vec!["cors", "http://localhost:5173"],
        vec!["verify-policy", "--live"],
        vec!["verify-policy", "--live", "--fix"],
        vec!["simulate", "GetItem", "--live"],
        vec!["teardown", "--yes"],
    ]
}

#[test]
fn while_a_verb_reads_the_first_ctrl_c_ends_it_at_once() {
    let lane = Lane::take();
    up(&lane);
    let before = lane.snapshot();
    for words in verbs() {
        // The call stays open: whoever waited for its answer would not end.
        let ended = pressed(&lane, &words, When::Call(1), CTRL_C).ended();
        assert_eq!(ended.code, Some(130), "{words:?}: {ended:#?}");
        assert!(ended.stdout.contains("stopped: nothing was changed"), "{words:?}: {ended:#?}");
        // The event itself is what may be written, and it is on its way.
        let writes = usize::from(words[0] == "invoke");
        assert_eq!(lane.proxy().ledger().writes(), writes, "{words:?}");
    }
    lane.proxy().reset([]);
    assert_eq!(lane.snapshot(), before);
}

#[test]
fn a_verb_for_the_local_cloud_ends_at_each_of_its_calls() {
    let lane = Lane::take();
    lane.configure("[auth]\nissuer = \"https://tenant.example/\"\naudience = [\"api\"]\n");
    let front = lane.local_front();
    let local = |words: &[&str]| {
        let mut command = lane.command(words);
        command.arg("--local").env("STACKCTL_LOCAL_DIR", front.path());
        command.env("STACKCTL_LOCAL_PORT", lane.proxy().port.to_string());
        command
    };
    lane.proxy().reset([]);
    let up = local(&["up", "--yes", "--quiet", "--artifact", artifact::first()]).output();
    Outcome::from(up.expect("the binary was built")).succeeded();
    for words in [
        &["token"][..],
        &["token", "--as", "carol"],
        &["user", "list"],
        &["user", "add", "dave"],
        &["auth", "check"],
        &["doctor"],
        &["smoke"],
    ] {
        // A doctor makes dozens of calls, one like the other.
        for (keys, calls) in [(CTRL_C.to_owned(), 1..4), (CTRL_C.repeat(2), 1..2)] {
            let held = calls.into_iter().find(|call| {
                lane.proxy().reset([Fault::once(When::Call(*call), What::Held)]);
                let mut terminal = Terminal::of(&local(words));
                while !lane.proxy().has_struck(MOMENT) {
                    if terminal.has_ended() {
                        return true;
                    }
                }
                terminal.press(&keys);
                let ended = terminal.ended();
                assert_eq!(ended.code, Some(130), "{words:?}, call {call}: {ended:#?}");
                assert!(ended.stdout.contains("stopped"), "{words:?}: {ended:#?}");
                false
            });
            assert_ne!(held, Some(1), "{words:?} makes calls");
        }
    }
}

#[test]
fn the_second_ctrl_c_ends_every_verb_at_once() {
    let lane = Lane::take();
    let writes = [
        (Verb::Up, "lambda:CreateFunction"),
        (Verb::Up, "apigateway:CreateApi"),
        (Verb::Deploy, "lambda:UpdateFunctionCode"),
        (Verb::Rollback, "lambda:UpdateAlias"),
        (Verb::Teardown, "dynamodb:DeleteTable"),
    ];
    for (verb, name) in writes {
        if verb != Verb::Up {
            up(&lane);
        }
        if verb == Verb::Rollback {
            lane.run(Verb::Deploy).0.succeeded();
        }
        let words: Vec<_> = spoken(verb);
        let mut terminal = pressed(&lane, &words, operation(name), CTRL_C);
        terminal.shows("press Ctrl-C again to quit now");
        terminal.press(CTRL_C);
        let ended = terminal.ended();
        assert_eq!(ended.code, Some(130), "{words:?}: {ended:#?}");
        lane.fresh();
    }
    up(&lane);
    lane.run(Verb::Teardown).0.succeeded();
}

#[test]
fn the_first_ctrl_c_ends_what_has_begun_and_begins_nothing_new() {
    let lane = Lane::take();
    let mut terminal = pressed(&lane, &spoken(Verb::Up), operation("iam:CreateRole"), CTRL_C);
    terminal.shows("press Ctrl-C again to quit now");
    lane.proxy().reset([]);
    let ended = terminal.ended().failed(130);
    assert!(ended.stdout.contains("stopped before"), "{ended:#?}");
    let snapshot = lane.snapshot();
    let role = &snapshot["roles"]["my-app-lambda-role"];
    assert!(role.is_object(), "what had begun was ended: {snapshot:#}");
    assert!(role["attached"].is_null(), "nothing new was begun: {snapshot:#}");
    assert!(snapshot["functions"]["my-app-api"].is_null(), "{snapshot:#}");

    up(&lane);
    let (_, ledger) = lane.run(Verb::Up);
    assert_eq!(ledger.writes(), 0);

    let mut terminal =
        pressed(&lane, &spoken(Verb::Teardown), operation("lambda:DeleteFunction"), CTRL_C);
    terminal.shows("press Ctrl-C again to quit now");
    lane.proxy().reset([]);
    terminal.ended().failed(130);
    let left = &lane.snapshot()["roles"]["my-app-lambda-role"];
    assert!(left.is_object(), "the role goes after the function: {left:#}");
    lane.run(Verb::Teardown).0.succeeded();
}

#[test]
fn a_witness_that_is_stopped_takes_away_all_that_it_made() {
    let lane = Lane::take();
    up(&lane);
    let before = lane.snapshot();
    let words = ["verify-policy", "--witness", "--binary", artifact::first()];
    for (name, keys) in [
        ("iam:CreateRole", CTRL_C),
        ("lambda:CreateFunction", CTRL_C),
        ("iam:PutRolePolicy", CTRL_C),
    ] {
        let mut terminal = pressed(&lane, &words, operation(name), keys);
        terminal.shows("press Ctrl-C again to quit now");
        lane.proxy().reset([]);
        let ended = terminal.ended();
        assert_eq!(ended.code, Some(130), "{name}: {ended:#?}");
        assert_eq!(lane.snapshot(), before, "{name}: {ended:#?}");
    }
    let mut terminal = pressed(&lane, &words, operation("iam:CreateRole"), CTRL_C);
    terminal.shows("press Ctrl-C again to quit now");
    terminal.press(CTRL_C);
    assert_eq!(terminal.ended().code, Some(130));
}

/// The words of a verb, for somebody who reads.
fn spoken(verb: Verb) -> Vec<&'static str> {
    verb.arguments().into_iter().filter(|word| !["--output", "json"].contains(word)).collect()
}

/// At `prompt`, presses Ctrl-C and goes on typing as if nothing had happened.
fn at_the_prompt(lane: &Lane, words: &[&str], prompt: &str, keys: &str) -> Outcome {
    lane.proxy().reset([]);
    let mut terminal = Terminal::of(&lane.command(words));
    terminal.shows(prompt);
    terminal.press(keys);
    let ended = terminal.ended();
    assert_eq!(ended.code, Some(130), "{words:?}: {ended:#?}");
    assert!(ended.stdout.contains("stopped"), "{words:?}: {ended:#?}");
    assert_eq!(lane.proxy().ledger().writes(), 0, "{words:?}");
    ended
}

#[test]
fn ctrl_c_at_a_prompt_ends_with_nothing_done() {
    let lane = Lane::take();
    up(&lane);
    narrow_the_policy(&lane);
    let before = lane.snapshot();
    let prompts: [(&[&str], &str, &str); 5] = [
        (&["teardown"], "Type my-app to confirm:", "my-app\n"),
        (&["up", "--artifact", artifact::first()], "Widen what the role may do?", "yes\n"),
        (&["verify-policy", "--live", "--fix"], "Widen what the role may do?", "yes\nyes\n"),
        (
            &["up", "--stage", "porduction", "--artifact", artifact::first()],
            "Create it? (yes/no)",
            "yes\n",
        ),
        (&["init", "begun"], "Name of the stack [begun]:", "begun\n"),
    ];
    for (words, prompt, answer) in prompts {
        for keys in [CTRL_C.to_owned(), CTRL_C.repeat(2), format!("{CTRL_C}{answer}")] {
            at_the_prompt(&lane, words, prompt, &keys);
            assert!(!lane.folder().join("begun").exists());
            assert_eq!(lane.snapshot(), before, "{words:?}, {keys:?}");
        }
        // Ctrl-D is no answer either.
        at_the_prompt(&lane, words, prompt, "\x04");
    }
    assert_eq!(lane.snapshot(), before);
}

/// The role may do less than the handler needs, so that `up` widens it.
fn narrow_the_policy(lane: &Lane) {
    let document = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": "dynamodb:GetItem",
        "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/my-app-data",
    }]});
    let fields = [
        ("PolicyArn", "arn:aws:iam::123456789012:policy/MyAppLambdaDynamoDB"),
        ("PolicyDocument", &document.to_string()),
        ("SetAsDefault", "true"),
    ];
    lane.aws().iam("CreatePolicyVersion", &fields);
}
