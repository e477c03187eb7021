//! Tools of others judge the OpenAPI document, and the API by it.

use std::path::Path;
use std::process::Command;

use crate::support::{Outcome, Stack, python_with};

const REQUIREMENTS: &str = include_str!("schemathesis-requirements.txt");

/// Examples that are tried of each operation.
const EXAMPLES: &str = "25";

/// Every run tries the same ones.
const SEED: &str = "20261122";

#[test]
#[ignore = "installs a public validator and a public fuzzer"]
fn the_document_is_valid_and_the_api_keeps_it_whatever_is_sent() {
    let stack = Stack::new("fuzzed");
    let up = stack.up();
    let document = stack.project.folder().join("openapi.json");
    let file = document.to_str().expect("the path is text");
    stack.run(&["api", "openapi", "--write", file]).succeeded();
    let python = python_with("schemathesis", REQUIREMENTS);
    ended(Command::new(&python).args(["-m", "openapi_spec_validator", file]));

    let settings =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/local_cloud/schemathesis.toml");
    let mut fuzzer = Command::new(&python);
    fuzzer.args(["-m", "schemathesis.cli", "--config-file"]).arg(settings).args([
        "run",
        file,
        "--no-color",
        "--seed",
        SEED,
    ]);
    fuzzer.args(["--url", up["api_url"].as_str().expect("the address of the API")]);
    fuzzer.args(["--max-examples", EXAMPLES, "--phases", "coverage,fuzzing"]);
    ended(fuzzer.current_dir(stack.project.folder()));
    stack.teardown();
}

#[track_caller]
fn ended(command: &mut Command) {
    Outcome::from(command.output().expect("it was installed")).succeeded();
}
