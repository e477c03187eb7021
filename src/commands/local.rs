//! `stackctl local`

use clap::Subcommand;
use serde_json::json;

use super::App;
use crate::cli::examples;
use crate::config;
use engine::error::Result;
use engine::{Graph, Id, Label, Progress, alone};
use local_cloud::{self, End, State, Status, Stopped};

/// The local cloud: the same stack on this machine, without Docker or an account
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl local start    fetch it once, start it, print its endpoint",
    "stackctl local stop     what is in it is kept",
))]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Fetch it once, start it, and print its endpoint
    #[command(after_help = examples!("stackctl local start", "stackctl local start --port 4566"))]
    Start {
        /// Where it listens, on 127.0.0.1
        #[arg(long)]
        port: Option<u16>,
    },
    /// Stop it; what is in it is kept for the next start
    #[command(after_help = examples!("stackctl local stop"))]
    Stop,
    /// Say whether it runs, and where
    #[command(after_help = examples!("stackctl local status", "stackctl local status --output json | jq -r .endpoint"))]
    Status,
    /// Delete all that is in it
    #[command(after_help = examples!("stackctl local reset"))]
    Reset,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    match args.verb {
        Verb::Start { port } => start(port, app).await,
        Verb::Stop => stop(app).await,
        Verb::Status => status(app).await,
        Verb::Reset => reset(app).await,
    }
}

async fn start(port: Option<u16>, app: &App) -> Result<()> {
    let running = app.local_cloud(port).await?;
    app.ui.result(
        || running.endpoint.clone(),
        || json!({"state": "running", "endpoint": running.endpoint, "port": running.port, "pid": running.pid, "lost": running.lost}),
    )
}

async fn stop(app: &App) -> Result<()> {
    let settings = config::local_cloud(None)?;
    let stopped =
        watched(app, "stopping", async |progress| local_cloud::stop(&settings, progress).await)
            .await?;
    let (word, text) = match stopped {
        Stopped::NotRunning => ("not-running", "the local cloud was not running"),
        Stopped::HadCrashed => (
            "crashed",
            "the local cloud had ended by itself; what was changed since its last clean stop is lost",
        ),
        Stopped::Ended(End::Saved) => ("stopped", "the local cloud is stopped; its state is kept"),
        Stopped::Ended(End::Forced) => (
            "killed",
            "the local cloud did not stop and was killed; what was changed since its last clean stop is lost",
        ),
    };
    app.ui.result(|| text.to_owned(), || json!({"state": word}))
}

async fn status(app: &App) -> Result<()> {
    let status = local_cloud::status(&config::local_cloud(None)?).await?;
    app.ui.result(
        || text(&status),
        || {
            json!({
                "state": word(status.state),
                "endpoint": status.endpoint,
                "port": status.port,
                "pid": status.pid,
                "directory": status.directory,
                "log": status.log,
                "version": status.version,
                "uptime_seconds": status.uptime.map(|uptime| uptime.as_secs()),
                "memory_bytes": status.memory,
            })
        },
    )
}

async fn reset(app: &App) -> Result<()> {
    let settings = config::local_cloud(None)?;
    watched(app, "emptying", async |progress| local_cloud::reset(&settings, progress).await)
        .await?;
    app.ui.result(|| "the local cloud is empty".to_owned(), || json!({"state": "empty"}))
}

async fn watched<T>(
    app: &App,
    name: &str,
    work: impl AsyncFnOnce(&Progress) -> Result<T>,
) -> Result<T> {
    let label = Label { kind: "local cloud".into(), name: name.into() };
    app.ui
        .watch(vec![label], async |events| {
            let progress = Progress::new(Id::after(&Graph::default()), events);
            alone(&progress, work(&progress)).await
        })
        .await
}

fn word(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Silent => "silent",
        State::Stopped => "stopped",
        State::Crashed => "crashed",
    }
}

fn text(status: &Status) -> String {
    let mut lines = vec![format!("the local cloud is {}", word(status.state))];
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push(format!("  {name:9} {value}"));
        }
    };
    line("endpoint", status.endpoint.clone());
    line("process", status.pid.map(|pid| pid.to_string()));
    line("uptime", status.uptime.map(crate::ui::seconds));
    line("memory", status.memory.map(|bytes| format!("{} MB", bytes / 1_000_000)));
    line("folder", Some(status.directory.display().to_string()));
    line("log", Some(status.log.display().to_string()));
    line("version", Some(status.version.clone()));
    lines.extend(status.last_words.iter().map(|words| format!("  {words}")));
    lines.join("\n")
}
