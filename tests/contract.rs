//! `stackctl api`: the contract and the client, offline.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs `stackctl api` on this repository's own stack.
fn api(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stackctl"));
    command.arg("api").args(arguments).stdin(Stdio::null());
    command.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("the binary was built")
}

fn stdout(arguments: &[&str]) -> String {
    let output = api(arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_document_is_the_handlers_byte_for_byte() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("handler/openapi.json");
    assert_eq!(stdout(&["openapi"]), std::fs::read_to_string(file).expect("it is there"));
}

#[test]
fn the_client_of_the_example_is_what_the_handler_says() {
    let output = api(&["client", "--check", "examples/web/src/client.ts"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_client_that_is_not_up_to_date_is_a_finding_and_is_written_once() {
    let file = std::env::temp_dir().join(format!("stackctl-client-{}.ts", std::process::id()));
    let path = file.to_str().expect("a plain path");
    let code = |arguments: &[&str]| api(arguments).status.code();
    let before = code(&["client", "--check", path]);
    let first = stdout(&["client", "--write", path]);
    let second = stdout(&["client", "--write", path, "--output", "json"]);
    let after = code(&["client", "--check", path]);
    let written = std::fs::read_to_string(&file);
    let _ = std::fs::remove_file(&file);
    assert_eq!((before, after), (Some(3), Some(0)));
    assert!(first.ends_with("is written\n"), "{first}");
    assert!(second.contains("\"changed\": false"), "{second}");
    assert_eq!(written.expect("it was written"), stdout(&["client"]));
}
