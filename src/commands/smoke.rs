//! `stackctl smoke`

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{App, live_api};
use crate::cli::examples;
use crate::cloud::Cloud;
use crate::config::{ALIAS, Config};
use crate::payload;
use crate::resources::{invocation, invoke};
use crate::smoke::{Diagnosis, Layer, Loop, Step, Suspicion, from_the_function, suspect};
use crate::stack::Stack;
use crate::ui::Paint;
use engine::error::{Error, Kind, Result};
use engine::{Id, Label, Progress, alone};

/// Go through a user's whole loop over HTTP, and name the layer that fails
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl smoke                           create, list, read, update, delete, preflight",
    "stackctl smoke --local",
    "stackctl smoke --stage dev --output json",
))]
pub struct Args {
    /// Origin to send; defaults to the first entry of `allow_origins`
    #[arg(long)]
    origin: Option<String>,
}

/// What this asks of AWS. The function itself is asked where the gateway keeps its reasons.
pub fn calls(stack: &Stack) -> Vec<&'static str> {
    [
        stack.graph.reading(&stack.http.map(|http| http.api.id).into_iter().collect::<Vec<_>>()),
        invocation::CALLS.to_vec(),
    ]
    .concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = app.config()?;
    let cloud = app.cloud(&config).await?;
    let url = app.unless_stopped(live_api(&cloud, &config)).await?.url;
    let origin = args.origin.as_deref().or_else(|| first_origin(&config));
    let mut all = Loop::new(&url, origin);
    let label = Label { kind: "smoke".into(), name: format!("{url}/") };
    let (diagnosis, clean) = app
        .ui
        .watch(vec![label], async |events| {
            let progress = Progress::new(Id::default(), events);
            let work = async {
                // Ctrl-C ends the loop, and what it made is deleted all the same.
                let stopped = app.unless_stopped(async {
                    all.run(|stage| progress.note(stage)).await;
                    Ok(())
                });
                let stopped = stopped.await;
                let diagnosis = diagnose(&cloud, &config, &all.steps).await;
                progress.note("cleaning up");
                let finished = !all.has_created() || (diagnosis.is_none() && stopped.is_ok());
                let clean = finished || all.clean_up().await;
                stopped.map(|()| (diagnosis, clean))
            };
            alone(&progress, work).await
        })
        .await?;
    if !clean {
        app.ui.say(&format!("an item of user `{}` may be left in the table", all.user));
    }
    let text = || text(&all.steps, diagnosis.as_ref(), app.ui.result_paint);
    app.ui.result(text, || document(&all.steps, &url, origin, diagnosis.as_ref()))?;
    match (diagnosis, all.steps.last()) {
        (Some(diagnosis), Some(step)) => Err(failure(&diagnosis, step)),
        _ => Ok(()),
    }
}

/// The first that a page can have: a pattern is none.
fn first_origin(config: &Config) -> Option<&str> {
    let origin = config.cors.allow_origins.first()?;
    Some(if origin.contains('*') { "https://app.example.com" } else { origin })
}

/// Which layer is at fault; when the gateway keeps that to itself, the function is asked without it.
async fn diagnose(cloud: &Cloud, config: &Config, steps: &[Step]) -> Option<Diagnosis> {
    let step = steps.last()?;
    let cause = match suspect(step.wrong.as_ref()?) {
        Suspicion::Certain(diagnosis) => return Some(diagnosis),
        Suspicion::AskTheFunction { cause } => cause,
    };
    let request = payload::Request {
        method: step.stage.method(),
        path: "/",
        query: &step.query,
        body: step.body,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let event = payload::event(&request, &[], now).to_string();
    Some(match invoke(cloud, &config.function().name, ALIAS, &event).await {
        Ok(invocation) => from_the_function(&invocation, cause),
        Err(error) => Diagnosis {
            layer: Layer::Function,
            cause: format!("{cause}; without the gateway: {error}"),
            hint: "`stackctl logs --errors` may show more",
        },
    })
}

fn failure(diagnosis: &Diagnosis, step: &Step) -> Error {
    let (step, layer) = (step.stage.name(), diagnosis.layer.word());
    Error::new(Kind::Findings, format!("`{step}` fails; the layer at fault: {layer}"))
        .cause(&diagnosis.cause)
        .hint(diagnosis.hint)
}

fn text(steps: &[Step], diagnosis: Option<&Diagnosis>, paint: Paint) -> String {
    let line = |step: &Step| {
        let status = step.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let mark = if step.wrong.is_some() { paint.red("✘") } else { paint.green("✔") };
        let took = milliseconds(step.took);
        let (name, method) = (step.stage.name(), step.stage.method());
        format!("{mark} {name:14} {method:7} {status:3} {took:>8}")
    };
    let mut lines: Vec<String> = steps.iter().map(line).collect();
    if let (Some(first), None) = (lines.first_mut(), diagnosis) {
        *first += &paint.dim("  connection and cold start included");
        let rest: Duration = steps.iter().skip(1).map(|step| step.took).sum();
        lines.push(format!(
            "the whole loop works: {} requests in {} after the first",
            steps.len() - 1,
            milliseconds(rest)
        ));
    }
    lines.join("\n")
}

fn milliseconds(took: Duration) -> String {
    format!("{:.0} ms", took.as_secs_f64() * 1000.0)
}

fn document(
    steps: &[Step],
    url: &str,
    origin: Option<&str>,
    diagnosis: Option<&Diagnosis>,
) -> Value {
    let step = |step: &Step| {
        json!({
            "step": step.stage.name(),
            "method": step.stage.method(),
            "status": step.status,
            "ok": step.wrong.is_none(),
            "milliseconds": step.took.as_secs_f64() * 1000.0,
        })
    };
    json!({
        "api_url": url,
        "origin": origin,
        "ok": diagnosis.is_none(),
        "steps": steps.iter().map(step).collect::<Vec<_>>(),
        "layer": diagnosis.map(|diagnosis| diagnosis.layer.word()),
        "cause": diagnosis.map(|diagnosis| &diagnosis.cause),
        "hint": diagnosis.map(|diagnosis| diagnosis.hint),
    })
}
