//! `audit [DIR]` as JSON, for measurements without the rest of `stackctl`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let folder = std::env::args()
        .skip(1)
        .find(|argument| argument != "audit" && !argument.starts_with("--") && argument != "json")
        .unwrap_or_else(|| ".".to_owned());
    match stackctl_audit::audit(&PathBuf::from(folder)) {
        Ok(report) => {
            println!("{}", serde_json::to_string(&report).unwrap_or_default());
            ExitCode::SUCCESS
        }
        Err(refused) => {
            eprintln!("{refused}");
            ExitCode::FAILURE
        }
    }
}
