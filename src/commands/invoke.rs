//! `stackctl invoke`

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{App, Which, reading};
use crate::cli::examples;
use crate::config::{ALIAS, Config};
use crate::logs::{self, Reader};
use crate::payload::{self, Request};
use crate::resources::{Invocation, invocation, invoke};
use crate::ui::seconds;
use engine::error::{Error, Result};
use engine::{Id, Label, Progress, alone};

/// Run the function once with one event, past the API, and show its answer and its log
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl invoke event.json                    the event of a file",
    "stackctl invoke --query userId=me             as the API would send GET /?userId=me",
    "stackctl invoke --as alice --path /           with the verified token of a user, where there is `[auth]`",
    "stackctl invoke --query userId=me --body '{\"title\":\"Milk\"}'",
    "echo '{}' | stackctl invoke -                 the event on standard input",
))]
pub struct Args {
    /// The event: a file, `-` for standard input, or JSON as it stands
    #[arg(value_name = "FILE", required_unless_present_any = ["method", "path", "query", "body", "as"])]
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
    /// Which version or alias runs
    #[arg(long, value_name = "VERSION", default_value = ALIAS)]
    qualifier: String,
    #[command(flatten)]
    which: Which,
}

/// What this asks of AWS.
pub fn calls() -> Vec<&'static str> {
    invocation::CALLS.to_vec()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = args.which.config(app)?;
    let event = event(args, app, &config).await?;
    let cloud = app.cloud(&config).await?;
    cloud.heed_pin().await?;
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
    app.ui.file(&answer.payload, || document(&answer, took))?;
    if answer.failed { Err(failure(&answer)) } else { Ok(()) }
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

fn document(answer: &Invocation, took: Duration) -> Value {
    let payload = serde_json::from_str(&answer.payload);
    json!({
        "payload": payload.unwrap_or_else(|_| Value::String(answer.payload.clone())),
        "failed": answer.failed,
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
