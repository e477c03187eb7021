//! The main job: up, up again, teardown, teardown again.

use serde_json::json;

use crate::support::{Recorder, Stack, actions, is_read, only};

#[test]
fn a_second_up_changes_nothing_and_a_second_teardown_finds_nothing() {
    let stack = Stack::new("journey");
    let recorder = Recorder::before(stack.cloud);
    let stack = stack.with("AWS_ENDPOINT_URL", recorder.endpoint());
    let first = stack.up();
    assert!(actions(&first).iter().all(|action| action.ends_with(" create")), "{first:#}");
    assert_eq!(first["function_version"], "1");

    assert!(!recorder.take().iter().all(|call| is_read(call)), "the writes of the first are seen");

    let second = stack.up();
    let calls = recorder.take();
    let writes: Vec<_> = calls.iter().filter(|call| !is_read(call)).collect();
    assert!(writes.is_empty() && !calls.is_empty(), "{writes:?} among {} calls", calls.len());
    assert_eq!(only(&second), Vec::<String>::new(), "{second:#}");
    for output in OUTPUTS {
        assert_eq!(first[output], second[output], "{output}");
        assert!(first[output].is_string(), "{output}: {first:#}");
    }

    let receipt = stack.teardown();
    assert_eq!(receipt["left"], json!([]));
    // These go with the function and the API.
    let parts = ["alias create", "permission create", "routes create"];
    let mut created = actions(&first);
    created.retain(|action| !parts.contains(&action.as_str()));
    let mut expected: Vec<String> =
        created.iter().map(|action| action.replace(" create", " delete")).collect();
    let mut deleted = actions(&receipt);
    expected.sort();
    deleted.sort();
    assert_eq!(deleted, expected);

    let again = stack.teardown();
    assert_eq!(again["changes"], json!([]));
    let status = stack.status();
    let resources = status["resources"].as_array().expect("the resources");
    assert!(resources.iter().all(|resource| resource["state"] == "absent"), "{status:#}");
}

/// What the README promises to scripts.
const OUTPUTS: [&str; 15] = [
    "api_url",
    "api_id",
    "table_name",
    "table_arn",
    "function_name",
    "function_arn",
    "function_version",
    "role_name",
    "role_arn",
    "policy_arn",
    "log_group",
    "stack",
    "stage",
    "region",
    "account",
];
