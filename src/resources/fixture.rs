//! What the tests of all resources share.

use std::fmt::Debug;

use serde_json::{Value, json};

use crate::config::{self, Config};
use crate::engine::{Difference, Inputs, Progress, Resource};

/// The stack called `app`, as the file's defaults say it.
pub(super) fn config() -> Config {
    with("")
}

/// The same with more lines in `stack.toml`.
pub(super) fn with(keys: &str) -> Config {
    config::tests::config(&format!("name = \"app\"\n{keys}")).expect("a valid file")
}

/// Our tags as most services write them.
pub(super) fn tags() -> Value {
    json!({"stackctl:stack": "app", "stackctl:stage": "default"})
}

/// Our tags as a list, the way DynamoDB writes them.
pub(super) fn tag_list() -> Value {
    json!([
        {"Key": "stackctl:stack", "Value": "app"},
        {"Key": "stackctl:stage", "Value": "default"},
    ])
}

/// Our tags the way IAM writes them.
pub(super) const IAM_TAGS: &str = "<Tags><member><Key>stackctl:stack</Key><Value>app</Value></member><member><Key>stackctl:stage</Key><Value>default</Value></member></Tags>";

/// The answer of IAM to one operation.
pub(super) fn iam(operation: &str, result: &str) -> String {
    format!(
        "<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
    )
}

/// Reads the resource, which must be there.
pub(super) async fn there<R: Resource<Live: Debug>>(resource: &R) -> R::Live {
    resource.read(&Progress::silent()).await.expect("it can be read").expect("it is there")
}

/// Asserts that the resource is not there.
pub(super) async fn is_absent<R: Resource<Live: Debug>>(resource: &R) {
    let live = resource.read(&Progress::silent()).await.expect("it can be read");
    assert!(live.is_none(), "{live:?}");
}

/// What differs, as the plan words it.
pub(super) fn drift<R: Resource>(resource: &R, inputs: &Inputs, live: &R::Live) -> Vec<String> {
    resource.diff(inputs, live).iter().map(Difference::to_string).collect()
}
