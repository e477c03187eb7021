//! `stackctl invoke`

mod started;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{App, Which, reading};
use crate::cli::examples;
use crate::config::{ALIAS, Config};
use crate::logs::{self, Reader};
use crate::payload::{self, Request};
use crate::resources::{Invocation, invocation, invoke};
use crate::starting::Batch;
use crate::ui::seconds;
use engine::error::{Error, Result};
use engine::{Id, Label, Progress, alone};
use started::{Started, Words};

/// Run the function once with one event, past the API, and show its answer and its log
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl invoke event.json                    the event of a file",
    "stackctl invoke --query userId=me             as the API would send GET /?userId=me",
    "stackctl invoke --as alice --path /           with the verified token of a user, where there is `[auth]`",
    "stackctl invoke --query userId=me --body '{\"title\":\"Milk\"}'",
    "echo '{}' | stackctl invoke -                 the event on standard input",
    "stackctl invoke --function worker --message photo-7 --message photo-8    a batch of its queue",
    "stackctl invoke --function changes --old '{\"id\":\"1\"}' --item '{\"id\":\"1\",\"n\":2}'    a change of its table",
    "stackctl invoke --function nightly            what its schedule hands over",
))]
pub struct Args {
    /// The event: a file, `-` for standard input, or JSON as it stands
    #[arg(value_name = "FILE")]
    event: Option<String>,
    /// Make the event of a request with this method; GET, and POST with a body, unless said
    #[arg(long, conflicts_with = "event")]
    method: Option<String>,
    /// The path of the request [default: /]
    #[arg(long, conflicts_with = "event")]
    path: Option<String>,
    /// The query string of the request, such as `userId=me&limit=5`
    #[arg(long, conflicts_with = "event")]
    query: Option<String>,
    /// The body of the request
    #[arg(long, value_name = "TEXT", conflicts_with = "event")]
    body: Option<String>,
    /// The user of the request, as if the API had verified a token
    #[arg(long, value_name = "USER", conflicts_with = "event")]
    r#as: Option<String>,
    #[command(flatten)]
    started: Words,
    /// Which version or alias runs
    #[arg(long, value_name = "VERSION", default_value = ALIAS)]
    qualifier: String,
    #[command(flatten)]
    which: Which,
}

/// The operations of AWS that this verb calls.
pub fn calls() -> Vec<&'static str> {
    invocation::CALLS.to_vec()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = args.which.config(app)?;
    let wanted = wanted(args, app, &config).await?;
    let cloud = app.cloud(&config).await?;
    cloud.heed_pin().await?;
    let event = match wanted {
        Wanted::Text(text) => text,
        Wanted::Started(started) => app.unless_stopped(started.event(&cloud)).await?.to_string(),
    };
    let function = &config.function().name;
    let label = Label { kind: "function".into(), name: format!("{function}:{}", args.qualifier) };
    let since = Instant::now();
    let answer = app.ui.watch(vec![label], async |events| {
        let progress = Progress::new(Id::default(), events);
        alone(&progress, invoke(&cloud, function, &args.qualifier, &event)).await
    });
    let answer = app.unless_stopped(answer).await?;
    let took = since.elapsed();
    tell(app, &answer, took);
    let batch = serde_json::from_str(&event).ok();
    let batch = batch.and_then(|event| Batch::read(&event, &answer.payload, answer.failed));
    let lines = batch.as_ref().map(|batch| batch.text(&started::again(&config)));
    lines.iter().flatten().for_each(|line| app.ui.say(line));
    app.ui.file(&answer.payload, || document(&answer, batch.as_ref(), took))?;
    match batch {
        _ if answer.failed => Err(failure(&answer)),
        Some(batch) if !batch.is_good() => {
            Err(Error::failed("process the whole batch")
                .cause(lines.unwrap_or_default().join("; ")))
        }
        _ => Ok(()),
    }
}

/// The event, as far as it is known without the account.
enum Wanted<'a> {
    Text(String),
    Started(Started<'a>),
}

async fn wanted<'a>(args: &Args, app: &App, config: &'a Config) -> Result<Wanted<'a>> {
    let of_request = [&args.method, &args.path, &args.query, &args.body, &args.r#as]
        .iter()
        .any(|one| one.is_some());
    if args.event.is_none() && !of_request {
        return match args.started.read(app, config).await? {
            Some(started) => Ok(Wanted::Started(started)),
            None => Err(Error::usage("there is no event").hint(
                "name a file, or make the event of a request with `--path`, `--query` and `--body`",
            )),
        };
    }
    event(args, app, config).await.map(Wanted::Text)
}

/// The event as JSON: Lambda takes nothing else.
async fn event(args: &Args, app: &App, config: &Config) -> Result<String> {
    let text = match args.event.as_deref() {
        None => {
            let requested = async { Ok(requested(args, config).await.to_string()) };
            return app.unless_stopped(requested).await;
        }
        Some("-") => app.standard_input("read the event").await?,
        Some(text) if text.trim_start().starts_with(['{', '[']) => text.to_owned(),
        Some(path) => machine::read_text(path.as_ref()).map_err(|error| {
            Error::usage(format!("the event `{path}` cannot be read")).cause(error)
        })?,
    };
    serde_json::from_str::<Value>(&text)
        .map_err(|error| Error::usage("the event is not JSON").cause(error))?;
    Ok(text)
}

/// The routes are those of the source, where it can be read: the function runs without it, too.
async fn requested(args: &Args, config: &Config) -> Value {
    let method = match (&args.method, &args.body) {
        (Some(method), _) => method.to_uppercase(),
        (None, Some(_)) => "POST".to_owned(),
        (None, None) => "GET".to_owned(),
    };
    let request = Request {
        method: &method,
        path: args.path.as_deref().unwrap_or("/"),
        query: args.query.as_deref().unwrap_or_default(),
        body: args.body.as_deref(),
    };
    let routes = reading::blueprint_of(config).await.map(|blueprint| blueprint.manifest.routes);
    let event = payload::event(&request, &routes.unwrap_or_default(), now());
    let claim = config.auth.as_ref().map_or("sub", |auth| auth.claim.as_str());
    match &args.r#as {
        Some(user) => payload::verified(event, claim, user),
        None => event,
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The end of the log, as `stackctl logs` shows it.
fn tell(app: &App, answer: &Invocation, took: Duration) {
    let mut reader = Reader::default();
    for line in logs::entries(&answer.log).iter().filter_map(|entry| reader.read(entry)) {
        app.ui.say(&app.ui.paint.dim(&format!("log: {}", line.text)));
    }
    app.ui.say(&format!("version {} answered in {}", answer.version, seconds(took)));
}

fn document(answer: &Invocation, batch: Option<&Batch>, took: Duration) -> Value {
    let payload = serde_json::from_str(&answer.payload);
    json!({
        "payload": payload.unwrap_or_else(|_| Value::String(answer.payload.clone())),
        "failed": answer.failed,
        "batch": batch.map(Batch::document),
        "function_version": answer.version,
        "log": answer.log,
        "seconds": took.as_secs_f64(),
    })
}

/// Why the function failed, in its own words.
/// <https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html>
fn failure(answer: &Invocation) -> Error {
    let told: Value = serde_json::from_str(&answer.payload).unwrap_or_default();
    let kind = told["errorType"].as_str().unwrap_or("Unhandled");
    let message = told["errorMessage"].as_str().unwrap_or(&answer.payload);
    let error = Error::failed(format!("run version {}", answer.version))
        .cause(format!("{kind}: {message}"));
    let all = format!("{kind} {message} {}", answer.log);
    if all.contains("GLIBC_") {
        return error
            .hint("the program was built for a newer Linux: ship what `stackctl build` makes");
    }
    if kind == "Sandbox.Timedout" || message.contains("Task timed out") {
        return error.hint("raise `function.timeout` in `stack.toml`, then run `stackctl up`");
    }
    if kind == "Runtime.InvalidEntrypoint" {
        return error.hint("the zip needs an executable `bootstrap` for the function's architecture: ship what `stackctl build` makes");
    }
    error.hint("`stackctl logs --errors` shows what it logged")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(payload: &str) -> Error {
        failure(&Invocation { payload: payload.into(), failed: true, ..Invocation::default() })
    }

    #[test]
    fn a_failure_is_told_in_the_functions_own_words() {
        let error = failed(r#"{"errorType":"Runtime.ExitError","errorMessage":"exit status 101"}"#);
        assert_eq!(error.cause.as_deref(), Some("Runtime.ExitError: exit status 101"));
        assert_eq!(error.kind.exit_code(), 1);
    }

    #[test]
    fn a_timeout_names_the_key_to_raise() {
        let payload = r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: x Error: Task timed out after 10.00 seconds"}"#;
        assert!(failed(payload).hint.is_some_and(|hint| hint.contains("function.timeout")));
    }

    #[test]
    fn an_answer_that_is_no_document_is_told_as_it_is() {
        assert_eq!(failed("broken").cause.as_deref(), Some("Unhandled: broken"));
    }
}
