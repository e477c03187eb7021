//! `stackctl local`

use clap::Subcommand;
use serde_json::json;

use super::{App, widening};
use crate::cli::examples;
use crate::cloud::{Cloud, Target, apis};
use crate::config;
use crate::ui::{LOCAL_CLOUD, Question};
use engine::error::{Error, Kind, Result};
use engine::{Action, Graph, Id, Label, Progress, alone_as};
use local_cloud::{self, End, State, Status, Stopped};

/// The local cloud: the same stack on this machine, without Docker or an account
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl local start    fetch it once, start it, print its endpoint",
    "stackctl local stop     what is in it is kept",
    r#"stackctl local env      for `aws` and other clients: eval "$(stackctl local env)""#,
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
    /// Start it when it does not run, and print what other AWS clients need to speak with it
    ///
    /// The local cloud answers to this key alone. Whoever has it can run programs on this machine as you.
    #[command(after_help = examples!(
        r#"stackctl local env    eval "$(stackctl local env)" && aws dynamodb list-tables"#,
        "stackctl local env --output json",
    ))]
    Env,
    /// Stop it; what is in it is kept for the next start
    #[command(after_help = examples!("stackctl local stop"))]
    Stop,
    /// Say whether it runs, and where
    #[command(after_help = examples!("stackctl local status", "stackctl local status --output json | jq -r .endpoint"))]
    Status,
    /// Name the stacks and stages that are in it
    #[command(after_help = examples!("stackctl local list", "stackctl local list --output json | jq -r '.stacks[].stack'"))]
    List,
    /// Delete all that is in it, the stacks of every project; asks first
    #[command(after_help = examples!("stackctl local reset", "stackctl local reset --yes"))]
    Reset,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    match args.verb {
        Verb::Start { port } => start(port, app).await,
        Verb::Env => env(app).await,
        Verb::Stop => stop(app).await,
        Verb::Status => status(app).await,
        Verb::List => list(app).await,
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

async fn env(app: &App) -> Result<()> {
    let running = app.local_cloud(None).await?;
    let variables = [
        ("AWS_ENDPOINT_URL", running.endpoint.as_str()),
        ("AWS_REGION", local_cloud::REGION),
        // The SDK for Python and the first release of the CLI know this name alone.
        ("AWS_DEFAULT_REGION", local_cloud::REGION),
        ("AWS_ACCESS_KEY_ID", &running.key.id),
        ("AWS_SECRET_ACCESS_KEY", &running.key.secret),
    ];
    // Nothing in the values means something to a shell.
    let line = |(name, value): &(&str, &str)| format!("export {name}={value}");
    // The token of another session would be signed, too, and fit no key of ours.
    let without = "unset AWS_SESSION_TOKEN".to_owned();
    app.ui.result(
        || variables.iter().map(line).chain([without]).collect::<Vec<_>>().join("\n"),
        || variables.iter().map(|(name, value)| (*name, json!(value))).collect(),
    )
}

async fn stop(app: &App) -> Result<()> {
    let settings = config::local_cloud(None)?;
    let stopped = watched(app, &settings, Action::Delete, async |progress| {
        local_cloud::stop(&settings, progress).await
    })
    .await?;
    let (word, text) = match stopped {
        Stopped::NotRunning => ("not-running", "the local cloud was not running"),
        Stopped::HadCrashed => (
            "crashed",
            "the local cloud had ended by itself; what was changed since its last save is lost",
        ),
        Stopped::Ended(End::Saved) => ("stopped", "the local cloud is stopped; its state is kept"),
        Stopped::Ended(End::Forced) => (
            "killed",
            "the local cloud did not stop and was killed; what was changed since its last save is lost",
        ),
    };
    app.ui.result(|| text.to_owned(), || json!({"state": word}))
}

async fn status(app: &App) -> Result<()> {
    let settings = config::local_cloud(None)?;
    let status = app.unless_stopped(local_cloud::status(&settings)).await?;
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

/// The stacks and stages, started for the occasion if it does not run.
async fn list(app: &App) -> Result<()> {
    let running = app.local_cloud(None).await?;
    let stacks = app.unless_stopped(stacks(&running)).await?;
    let text = || match stacks.as_slice() {
        [] => "there is no stack in the local cloud".to_owned(),
        stacks => stacks.iter().map(written).collect::<Vec<_>>().join("\n"),
    };
    let entry = |(stack, stage): &(String, String)| json!({"stack": stack, "stage": stage});
    app.ui.result(text, || json!({"stacks": stacks.iter().map(entry).collect::<Vec<_>>()}))
}

async fn stacks(running: &local_cloud::Running) -> Result<Vec<(String, String)>> {
    let target = Target {
        region: Some(local_cloud::REGION.to_owned()),
        local: Some(super::address(running)),
        ..Target::default()
    };
    apis::stacks(&Cloud::connect(target).await?).await
}

/// `shop`, or `shop (stage dev)`.
fn written((stack, stage): &(String, String)) -> String {
    match stage.as_str() {
        config::DEFAULT_STAGE => stack.clone(),
        stage => format!("{stack} (stage {stage})"),
    }
}

/// It is one for all projects, so what goes is named. What is in one that does not run is not known.
async fn confirm(settings: &local_cloud::Settings, app: &App) -> Result<()> {
    if app.globals.yes {
        return Ok(());
    }
    let holds = match app.unless_stopped(local_cloud::running(settings)).await? {
        Some(running) => {
            let stacks = app.unless_stopped(stacks(&running)).await?;
            let stacks: Vec<String> = stacks.iter().map(written).collect();
            if stacks.is_empty() { "no stack".to_owned() } else { stacks.join(", ") }
        }
        None => "whatever was in it when it was stopped".to_owned(),
    };
    let effect = format!("This deletes all that is in the local cloud, of every project: {holds}.");
    let question = Question {
        verb: "`local reset`",
        effect: &effect,
        prompt: "Delete it? (yes/no)",
        instead: "pass `--yes` to delete it",
    };
    widening::agreed(app, &question).await
}

async fn reset(app: &App) -> Result<()> {
    let settings = config::local_cloud(None)?;
    confirm(&settings, app).await?;
    watched(app, &settings, Action::Update(Vec::new()), async |progress| {
        local_cloud::reset(&settings, progress).await
    })
    .await?;
    app.ui.result(|| "the local cloud is empty".to_owned(), || json!({"state": "empty"}))
}

/// Ctrl-C ends the command; the local cloud goes on with what it was told to do.
async fn watched<T>(
    app: &App,
    settings: &local_cloud::Settings,
    action: Action,
    work: impl AsyncFnOnce(&Progress) -> Result<T>,
) -> Result<T> {
    let name = settings.directory.display().to_string();
    let label = Label { kind: LOCAL_CLOUD.into(), name };
    let watched = app.ui.watch(vec![label], async |events| {
        let progress = Progress::new(Id::after(&Graph::default()), events);
        alone_as(action, &progress, work(&progress)).await
    });
    let ended = app.unless_stopped(watched).await;
    ended.map_err(|error| match error.kind {
        Kind::Interrupted => Error::new(Kind::Interrupted, "stopped")
            .hint("`stackctl local status` says how the local cloud is"),
        _ => error,
    })
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
    let state = match status.state {
        State::Running => "is running",
        State::Silent => "is running, and does not answer",
        State::Stopped => "is stopped",
        State::Crashed => "has crashed",
    };
    let mut lines = vec![format!("the local cloud {state}")];
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
