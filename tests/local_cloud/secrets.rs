//! Secrets: set, read by the function, pinned, rolled back and deleted, and their values nowhere but where they belong.

use std::fs::{self, File};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Artifact, Cloud, Outcome, Stack, Terminal, only};

const KEYS: &str = "[function.secrets]\nSTRIPE_KEY = {}\n";

/// Values that nothing else has in it.
const CANARIES: [&str; 3] =
    ["canary-Zq7wXk2Lm9Tr4Vb8", "canary-Hn3yPd6Gs1Jf5Wc0", "canary-Uu4iOo9Ee2Aa7Rr1"];

/// `secret set` with the value, and perhaps a newline, on standard input.
fn set(stack: &Stack, arguments: &[&str], value: &str) -> Outcome {
    stack.project.write("value", value);
    let path = stack.project.folder().join("value");
    let mut command = stack.cloud.prepared(stack.project.folder());
    command.args(["secret", "set"]).args(arguments).args(["--output", "json"]);
    command.stdin(File::open(&path).expect("it was written"));
    fs::remove_file(&path).expect("it was written");
    command.output().expect("the binary was built").into()
}

/// The variable that pins the secret, as the version behind `live` has it.
fn pinned(stack: &Stack, name: &str) -> Value {
    let path = format!("/2015-03-31/functions/{name}-api/configuration?Qualifier=live");
    let configuration = stack.aws.rest("lambda", "GET", &path, &Value::Null);
    configuration["Environment"]["Variables"]["SECRET_STRIPE_KEY"].clone()
}

#[test]
fn a_missing_secret_stops_every_write_and_says_what_sets_it() {
    let stack = Stack::new("unset");
    stack.configure(&format!("{KEYS}MAIL_KEY = {{}}\n"));
    for verb in [["up", "--yes"], ["plan", "--quiet"]] {
        let refused = stack.ship(&verb).failed(2).error();
        let told = "2 secrets are missing: `/stackctl/unset/default/MAIL_KEY`, `/stackctl/unset/default/STRIPE_KEY`";
        assert_eq!(refused["message"], told);
        let hint = refused["hint"].as_str().expect("a hint");
        assert!(hint.contains("`stackctl secret set MAIL_KEY`"), "{hint}");
    }
    assert_eq!(stack.teardown()["changes"], json!([]), "nothing was made");
}

#[test]
fn a_secret_is_pinned_shipped_rolled_back_and_kept_until_it_is_said() {
    let stack = Stack::new("secrets");
    stack.configure(KEYS);
    let first = set(&stack, &["STRIPE_KEY"], "one\n").succeeded().json();
    assert_eq!((&first["version"], &first["bytes"]), (&json!(1), &json!(3)));
    let up = stack.up();
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200);
    assert_eq!(pinned(&stack, "secrets"), "/stackctl/secrets/default/STRIPE_KEY:1");
    assert_eq!(only(&stack.up()), [] as [&str; 0]);
    let proof = stack.run(&["verify-policy"]).succeeded().json();
    assert_eq!(proof["verdict"], "proven", "{proof:#}");

    // A new version is drift, which `deploy` ships, and nothing else of the settings.
    set(&stack, &["STRIPE_KEY"], "two").succeeded();
    let status = stack.say(&["status", "--exit-code"]).failed(3);
    assert!(status.stdout.contains("secret STRIPE_KEY: version 1 → version 2"), "{status:#?}");
    stack.configure(&format!("function.memory = 512\n{KEYS}"));
    let shipped = only(&stack.ship(&["deploy"]).succeeded().json());
    assert_eq!(shipped, ["function update", "alias update"]);
    assert_eq!(pinned(&stack, "secrets"), "/stackctl/secrets/default/STRIPE_KEY:2");
    assert_eq!(only(&stack.ship(&["deploy"]).succeeded().json()), [] as [&str; 0]);
    stack.run(&["rollback", "--yes"]).succeeded();
    assert_eq!(pinned(&stack, "secrets"), "/stackctl/secrets/default/STRIPE_KEY:1");
    assert_eq!(only(&stack.up()), ["function update", "alias update"], "now with its memory");
    assert_eq!(pinned(&stack, "secrets"), "/stackctl/secrets/default/STRIPE_KEY:2");

    // One that the file has since is the business of `up`, because the role may not read it.
    stack.configure(&format!("{KEYS}MAIL_KEY = {{}}\n"));
    set(&stack, &["MAIL_KEY"], "three").succeeded();
    let refused = stack.ship(&["deploy"]).failed(1).error();
    assert!(refused["hint"].as_str().is_some_and(|hint| hint.contains("`stackctl up`")));

    // A teardown keeps secrets, and says so; also those that the file does not name.
    stack.configure(KEYS);
    let kept = stack.teardown();
    let names: Vec<_> =
        kept["kept"].as_array().expect("a list").iter().map(|one| &one["name"]).collect();
    let all = ["MAIL_KEY", "STRIPE_KEY"].map(|key| format!("/stackctl/secrets/default/{key}"));
    assert_eq!(names, all.each_ref().map(|name| &**name));
    let gone = stack.run(&["teardown", "--yes", "--secrets"]).succeeded().json();
    assert_eq!(only(&gone), ["secret delete", "secret delete"]);
    let listed = stack.run(&["secret", "list"]).succeeded().json();
    assert_eq!(listed["secrets"][0]["version"], Value::Null, "{listed:#}");
}

#[test]
fn a_foreign_parameter_is_left_alone_until_it_is_adopted() {
    let stack = Stack::new("foreign-secret");
    stack.configure(KEYS);
    let name = "/stackctl/foreign-secret/default/STRIPE_KEY";
    let parameter = json!({"Name": name, "Value": "theirs", "Type": "SecureString"});
    stack.aws.json("AmazonSSM.PutParameter", &parameter);
    let refused = set(&stack, &["STRIPE_KEY"], "ours").failed(2).error();
    assert!(refused["message"].as_str().is_some_and(|text| text.contains("does not belong")));
    stack.ship(&["up", "--yes"]).failed(2);
    stack.run(&["secret", "rm", "STRIPE_KEY", "--yes"]).failed(2);
    stack.ship(&["up", "--yes", "--adopt"]).succeeded();
    assert_eq!(set(&stack, &["STRIPE_KEY"], "ours").succeeded().json()["version"], 2);
    stack.run(&["teardown", "--yes", "--secrets"]).succeeded();
}

#[test]
fn a_prompt_does_not_show_what_is_typed() {
    let stack = Stack::new("typed");
    stack.configure(KEYS);
    let mut command = stack.cloud.prepared(stack.project.folder());
    command.args(["secret", "set", "STRIPE_KEY"]);
    let mut terminal = Terminal::of(&command);
    terminal.shows("Value of STRIPE_KEY (not shown):");
    terminal.press(&format!("{}\n", CANARIES[0]));
    let seen = terminal.ended().succeeded();
    assert!(!seen.stdout.contains(CANARIES[0]), "{seen:#?}");
    let value = stack.say(&["secret", "get", "STRIPE_KEY", "--reveal"]).succeeded();
    assert_eq!(value.stdout, format!("{}\n", CANARIES[0]));
    stack.say(&["secret", "get", "STRIPE_KEY"]).failed(2);
    stack.run(&["secret", "rm", "STRIPE_KEY", "--yes"]).succeeded();
    stack.run(&["secret", "get", "STRIPE_KEY", "--reveal"]).failed(1);
}

/// The value as it is, and as base64 shows it, wherever in a longer text it begins.
fn signs(value: &str) -> Vec<String> {
    let shifted = |before: usize| {
        let text = base64(&[&vec![0; before], value.as_bytes()].concat());
        // What depends on the neighbours is left out.
        let (from, to) = ((before * 8).div_ceil(6), text.len() - 1);
        text[from..to].to_owned()
    };
    let hex = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    [value.to_owned(), hex].into_iter().chain((0..3).map(shifted)).collect()
}

/// Without the padding, which depends on what follows.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    let letter = |first: usize| {
        let six = (first..first + 6).fold(0, |sum, at| sum << 1 | usize::from(bits(at)));
        char::from(LETTERS[six])
    };
    (0..bytes.len() * 8 / 6).map(|place| letter(place * 6)).collect()
}

#[test]
fn a_value_is_found_in_base64_wherever_it_begins() {
    assert_eq!(base64(b"canary"), "Y2FuYXJ5");
    // `printf 'x: canary-one' | base64`, and with one and two letters less before it.
    let texts = ["eDogY2FuYXJ5LW9uZQ==", "OiBjYW5hcnktb25l", "IGNhbmFyeS1vbmU="];
    let signs = signs("canary-one");
    for text in texts {
        assert!(signs.iter().any(|sign| text.contains(sign.as_str())), "{text}: {signs:?}");
    }
}

/// The files at or below `path` in which one of `signs` is.
fn holding(path: &Path, signs: &[String]) -> Vec<String> {
    if path.is_symlink() {
        return Vec::new();
    }
    if let Ok(entries) = fs::read_dir(path) {
        return entries.flatten().flat_map(|entry| holding(&entry.path(), signs)).collect();
    }
    // A file that goes while this looks is none.
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let is_held = signs.iter().any(|sign| text.contains(sign.as_str()));
    is_held.then(|| path.display().to_string()).into_iter().collect()
}

/// Every output, log, temporary file and file of the state in a whole life of a stack. The emulator keeps the values of
/// parameters in `ssm.json`: there, and where `get --reveal` prints one, they are.
#[test]
fn a_value_is_in_no_output_no_log_and_no_file() {
    let cloud = Cloud::start();
    let temporary = cloud.folder.with_extension("tmp");
    fs::create_dir_all(&temporary).expect("the temporary folder can be written");
    let stack = Stack::on(&cloud, "canary").with("TMPDIR", temporary.to_str().expect("text"));
    stack
        .configure(&format!("function.environment.LOG_LEVEL = \"debug\"\n{KEYS}MAIL_KEY = {{}}\n"));
    let changed = Artifact::changed(stack.project.folder());
    let mut told: Vec<Outcome> = Vec::new();
    let mut say = |words: &[&str]| {
        told.push(stack.say(words));
        told.last().map(|outcome| outcome.stdout.clone()).unwrap_or_default()
    };
    let handler = Artifact::handler().path();
    say(&["up", "--yes", "--artifact", handler]);
    let sets = [("STRIPE_KEY", 0), ("MAIL_KEY", 1), ("STRIPE_KEY", 2)];
    let mut set_outcomes: Vec<Outcome> = Vec::new();
    for (key, canary) in &sets[..2] {
        set_outcomes.push(set(&stack, &[key, "-v"], CANARIES[*canary]).succeeded());
    }
    set_outcomes.push(set(&stack, &["STRIPE_KEY"], &format!("{{{{{}}}}}", CANARIES[0])).failed(2));
    set_outcomes.push(set(&stack, &["STRIPE_KEY"], &CANARIES[0].repeat(200)).failed(2));
    let up = say(&["up", "--yes", "-v", "--output", "json", "--artifact", handler]);
    let up: Value = serde_json::from_str(&up).expect("it is up");
    set_outcomes.push(set(&stack, &["STRIPE_KEY"], CANARIES[2]).succeeded());
    for words in [
        &["plan", "--out", "plan.json", "--artifact", changed.path()][..],
        &["plan", "--output", "json", "-v", "--artifact", changed.path()],
        &["status", "-v"],
        &["status", "--output", "json"],
        &["secret", "list"],
        &["secret", "list", "--output", "json"],
        &["secret", "get", "STRIPE_KEY"],
        &["deploy", "-v", "--artifact", changed.path()],
        &["smoke"],
        &["invoke"],
        &["verify-policy", "--output", "json"],
        &["permissions", "up", "secret"],
        &["doctor", "-v"],
        &["rollback", "--yes"],
        &["up", "--yes", "--write-env", "web.env", "--artifact", handler],
        &["api", "openapi"],
        &["logs", "--raw"],
        &["logs", "--output", "json"],
    ] {
        say(words);
    }
    assert_eq!(Stack::ask(&up, "GET", "userId=u1", "").status, 200);
    let path = "/2015-03-31/functions/canary-api/configuration?Qualifier=live";
    let configuration = stack.aws.rest("lambda", "GET", path, &Value::Null);
    let signs: Vec<String> = CANARIES.iter().flat_map(|canary| signs(canary)).collect();
    let is_clean = |text: &str| !signs.iter().any(|sign| text.contains(sign.as_str()));
    assert!(is_clean(&configuration.to_string()), "{configuration:#}");
    let look = |when: &str| {
        let mut held = holding(&cloud.folder, &signs);
        held.retain(|path| !path.ends_with("/state/ssm.json"));
        held.extend(holding(stack.project.folder(), &signs));
        held.extend(holding(&temporary, &signs));
        assert_eq!(held, [] as [&str; 0], "{when}");
    };
    look("while the stack is up");
    let revealed = stack.say(&["secret", "get", "STRIPE_KEY", "--reveal"]).succeeded();
    assert_eq!(revealed.stdout, format!("{}\n", CANARIES[2]), "this test would see it");
    told.push(stack.say(&["teardown", "--yes"]));
    told.push(stack.say(&["teardown", "--yes", "--secrets", "-v"]));
    told.push(cloud.local("stop"));
    look("when the local cloud has ended");
    assert_eq!(holding(&cloud.folder, &signs), [] as [&str; 0], "what is deleted is gone");
    for outcome in told.iter().chain(&set_outcomes) {
        assert!(is_clean(&outcome.stdout) && is_clean(&outcome.stderr), "{outcome:#?}");
    }
    let _ = fs::remove_dir_all(&temporary);
}
