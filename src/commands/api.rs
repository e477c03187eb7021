//! `stackctl api`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::App;
use crate::cli::examples;
use crate::contract::Contract;
use crate::files;
use engine::error::{Error, Kind, Result};

/// What a frontend needs of the API: its OpenAPI document, a typed client
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl api openapi                             the document, for any tool that reads OpenAPI 3.1",
    "stackctl api client --write web/src/client.ts    a typed client, one file",
    "stackctl api client --check web/src/client.ts    in CI: exits with 3 if the client is out of date",
))]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The OpenAPI 3.1 document of the handler
    #[command(after_help = examples!(
        "stackctl api openapi                          on stdout",
        "stackctl api openapi --write docs/api.json    for mocks, docs and other clients",
    ))]
    Openapi(Target),
    /// One TypeScript file that calls the API: typed, on `fetch`, without dependencies
    #[command(after_help = examples!(
        "stackctl api client --write web/src/client.ts    make it",
        "stackctl api client --check web/src/client.ts    is it up to date? 3 when not",
    ))]
    Client(Target),
}

/// Where the text goes: to stdout, unless one of these is given.
#[derive(Debug, clap::Args)]
struct Target {
    /// Write it into this file
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Write nothing, and exit with 3 when this file is not up to date
    #[arg(long, value_name = "FILE", conflicts_with = "write")]
    check: Option<PathBuf>,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = app.config()?;
    let folder = config.root.join(&config.function().settings.crate_directory);
    let manifest = app.manifest(&config).await?;
    let mut contract = Contract::read(&folder, &manifest)?;
    if config.auth.is_some() {
        contract = contract.with_tokens(&manifest);
    }
    match &args.verb {
        Verb::Openapi(target) => target.give(app, "openapi", &contract.text, || {
            serde_json::from_str(&contract.text).unwrap_or_default()
        }),
        Verb::Client(target) => {
            let client = contract.client()?;
            target.give(app, "client", &client, || json!({"client": client}))
        }
    }
}

impl Target {
    fn give(
        &self,
        app: &App,
        verb: &str,
        text: &str,
        document: impl FnOnce() -> Value,
    ) -> Result<()> {
        let same = |path: &PathBuf| machine::read_text(path).is_ok_and(|found| found == text);
        match (&self.write, &self.check) {
            (Some(path), _) => {
                let changed = !same(path);
                if changed {
                    files::check_folder(path, "--write")?;
                    files::replace_ours(path, text.as_bytes(), app.globals.yes)?;
                }
                told(app, path, if changed { "written" } else { "up to date already" }, changed)
            }
            (None, Some(path)) if same(path) => told(app, path, "up to date", false),
            (None, Some(path)) => {
                let is_there = path.exists();
                let path = path.display();
                let message = if is_there {
                    format!("`{path}` is out of date: the handler has another contract")
                } else {
                    format!("there is no `{path}`")
                };
                Err(Error::new(Kind::Findings, message)
                    .hint(format!("run `stackctl api {verb} --write {path}`")))
            }
            (None, None) => app.ui.file(text.trim_end(), document),
        }
    }
}

fn told(app: &App, path: &Path, what: &str, changed: bool) -> Result<()> {
    let file = path.display().to_string();
    app.ui.result(|| format!("{file} is {what}"), || json!({"file": file, "changed": changed}))
}
