//! Small programs, each with one pattern that is hard to follow, and what must be found in it.

mod clients;
mod dispatch;
mod keys;
mod macros;
mod names;
mod projects;
mod requests;
mod routes;
mod services;
mod silence;
mod size;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

use stackctl_audit::{Audited, Call, Candidates, Place, audit};

/// A project in a folder of its own, which goes with it.
struct Project(PathBuf);

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Project {
    /// Writes files; a package gets a manifest unless it brings one.
    fn of(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("stackctl-audit-{}-{next}", process::id()));
        let project = Self(folder);
        if !files.iter().any(|(path, _)| *path == "Cargo.toml") {
            project.write("Cargo.toml", MANIFEST);
        }
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    fn functions(&self, folder: &str) -> Vec<Audited> {
        audit(&self.0.join(folder)).expect("it can be audited").functions
    }
}

const MANIFEST: &str = r#"
[package]
name = "app"
version = "0.1.0"

[dependencies]
aws-config = "1"
aws-sdk-dynamodb = "1"
aws-sdk-s3 = "1"
aws-sdk-sqs = "1"
lambda_runtime = "1"
lambda_http = "1"
axum = "0.8"
envy = "0.4"
clap = "4"
"#;

/// What every program below begins with, and a `main` that serves `handler`.
const SERVED: &str = r"
use lambda_runtime::{run, service_fn, Error, LambdaEvent};
#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}
";

/// The one function of a program of one file.
fn only(source: &str) -> Audited {
    let mut functions = Project::of(&[("src/main.rs", source)]).functions(".");
    assert_eq!(functions.len(), 1);
    functions.remove(0)
}

/// The function of a program that serves `handler`.
fn served(source: &str) -> Audited {
    only(&format!("{SERVED}{source}"))
}

/// Calls in short: `PutItem $TABLE`, `Query orders/byUser`.
fn calls(function: &Audited) -> Vec<String> {
    let place = |place: &Place| match place {
        Place::Env(name) => format!("${name}"),
        Place::Literal(name) => name.clone(),
        Place::Unknown(_) => "?".to_owned(),
    };
    let told = |call: &Call| {
        let mut text = call.operation.clone();
        if let Some(table) = call.table.as_ref().or(call.resource.as_ref()) {
            text.push(' ');
            text.push_str(&place(table));
        }
        if let Some(index) = &call.index {
            text.push('/');
            text.push_str(&place(index));
        }
        text
    };
    let mut all: Vec<String> = function.calls.iter().map(told).collect();
    all.sort();
    all.dedup();
    all
}

/// What the unresolved places may call; `any` among them.
fn open(function: &Audited) -> Vec<String> {
    let mut all: Vec<String> = function
        .unresolved
        .iter()
        .flat_map(|place| match &place.candidates {
            Candidates::Any => vec!["any".to_owned()],
            Candidates::These(names) => names.iter().cloned().collect(),
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Everything is resolved, and this is all.
fn assert_calls(function: &Audited, expected: &[&str]) {
    assert_eq!(calls(function), expected, "{function:#?}");
    assert_eq!(open(function), Vec::<String>::new(), "{function:#?}");
}
