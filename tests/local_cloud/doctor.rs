//! What `doctor` finds before the first `up`, and that it writes nothing.

use serde_json::Value;

use crate::support::Stack;

fn verdict<'a>(found: &'a Value, name: &str) -> &'a Value {
    let checks = found["checks"].as_array().expect("the checks");
    let check = checks.iter().find(|check| check["check"] == name);
    &check.unwrap_or_else(|| panic!("no {name}: {found:#}"))["verdict"]
}

#[test]
fn all_that_up_needs_is_looked_at_and_nothing_is_written() {
    let stack = Stack::new("doctor");
    let before = stack.status();
    let found = stack.run(&["doctor"]).succeeded().json();
    assert_eq!(found["ok"], true, "{found:#}");
    let names = [
        "stack.toml",
        "region",
        "account",
        "credentials",
        "clock",
        "DynamoDB",
        "IAM",
        "CloudWatch Logs",
        "Lambda",
        "API Gateway",
        "rights",
        "handler",
        "toolchain",
    ];
    for name in names {
        assert_eq!(verdict(&found, name), "good", "{name}: {found:#}");
    }
    assert_eq!(stack.status()["resources"], before["resources"]);
}

#[test]
fn what_up_would_fail_on_is_told_with_the_cure() {
    let stack = Stack::new("doctor-wrong");
    stack.configure("account = \"999999999999\"\nfunction.crate = \"elsewhere\"\n");
    let ended = stack.run(&["doctor"]).failed(3);
    let found = ended.json();
    assert_eq!(
        (verdict(&found, "account"), verdict(&found, "handler")),
        (&"bad".into(), &"bad".into())
    );
    assert_eq!(verdict(&found, "toolchain"), "good", "the compiler is there: {found:#}");
    let message = ended.error()["message"].to_string();
    assert!(message.contains("account, handler"), "{message}");
}
