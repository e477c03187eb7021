//! `stackctl up`

use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::{App, outputs, source};
use crate::cli::examples;
use crate::cloud::Cloud;
use crate::config::Config;
use crate::engine::{
    Action, Event, Id, Label, Outcome, Ownership, Plan, Progress, alone, execute, plan_up, read,
};
use crate::error::{Error, Result};
use crate::proof::{self, Endpoint, Proof};
use crate::resources::{LiveApi, LiveRelease, Release, prune};
use crate::stack::{Stack, check_policy};
use crate::ui::seconds;
use crate::{env_file, manifest, widening};

/// Make the stack what the file says, and prove that it answers
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl up --local                       on this machine: no account, no Docker",
    "stackctl up                               on AWS",
    "stackctl up --stage dev                   another copy, with its own table and URL",
    "stackctl up --write-env web/.env.local    and tell the frontend where it is",
))]
pub struct Args {
    /// Ship this zip, made earlier by `stackctl build`, instead of building
    #[arg(long, value_name = "FILE")]
    artifact: Option<PathBuf>,
    /// Take over resources that stand under our names without our tags
    #[arg(long)]
    adopt: bool,
    /// Write the API's address into this file, such as `web/.env.local`, as `VITE_API_URL` and `NEXT_PUBLIC_API_URL`
    #[arg(long, value_name = "FILE")]
    write_env: Option<PathBuf>,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let since = Instant::now();
    let config = app.config()?;
    args.write_env.as_deref().map_or(Ok(()), env_file::check)?;
    let recipe = source(&config, args.artifact.as_ref());
    let manifest = manifest::read(&config.root.join(&config.function.crate_directory))?;
    check_policy(&config, &manifest)?;
    let cloud = app.cloud(&config).await?;
    let stack = Stack::new(&cloud, &config, &manifest, recipe);
    let ownership = if args.adopt { Ownership::Adopt } else { Ownership::Respect };
    let mut labels = stack.graph.labels();
    labels.push(Label { kind: "proof".into(), name: "the API answers".into() });
    let mut agreed = app.globals.yes;
    let outcome = loop {
        let work = app.ui.watch(labels.clone(), async |events| {
            let plan = app.unless_stopped(planned(&stack, &cloud, ownership, events)).await?;
            let gained = widening::of(&stack.graph, &plan);
            if !agreed && !gained.is_empty() {
                return Ok(Err(gained));
            }
            let outcome = execute(&stack.graph, plan, events, &app.stop).await.into_result()?;
            prove(&stack, &cloud, &config, &outcome, events).await?;
            Ok(Ok(outcome))
        });
        match work.await? {
            Ok(outcome) => break outcome,
            Err(gained) => widening::confirm(app, &gained)?,
        }
        agreed = true;
    };
    let (api, release) = live(&stack, &outcome)?;
    if let Some(path) = &args.write_env {
        env_file::write(path, &api.url)?;
    }
    let mut document = outputs::document(
        &config,
        &cloud.identity().await?,
        Some(api),
        outcome.find(stack.function),
        Some(release),
    );
    document["changes"] = outputs::changes(&stack, &outcome.changes);
    document["seconds"] = json!(since.elapsed().as_secs_f64());
    let text = || text(&config, api, &document, &seconds(since.elapsed()));
    app.ui.result(text, || document.clone())
}

/// Reads everything at once and compares it with what the file says.
pub async fn planned(
    stack: &Stack,
    cloud: &Cloud,
    ownership: Ownership,
    events: &UnboundedSender<Event>,
) -> Result<Plan> {
    let all = stack.all();
    let (reading, _) = tokio::try_join!(read(&stack.graph, &all, events), cloud.identity())?;
    plan_up(&stack.graph, &all, &reading, ownership)
}

/// Waits until the API answers with the version that is live; when anything was changed and it does not,
/// `live` goes back to the version before.
pub async fn prove(
    stack: &Stack,
    cloud: &Cloud,
    config: &Config,
    outcome: &Outcome,
    events: &UnboundedSender<Event>,
) -> Result<Option<Proof>> {
    let changed = |(id, action): &(Id, Action)| *id != stack.code.id && *action != Action::Keep;
    if !outcome.changes.iter().any(changed) {
        return Ok(None);
    }
    let (api, release) = live(stack, outcome)?;
    let progress = Progress::new(Id::after(&stack.graph), events);
    let url = format!("{}/", api.url);
    let endpoint = if release.before.is_some() { Endpoint::Serving } else { Endpoint::New };
    let proof = proof::answers(&url, &release.version, endpoint, &progress);
    let failure = match alone(&progress, proof).await {
        Ok(proof) => {
            prune_versions(cloud, config, release, &progress).await;
            return Ok(Some(proof));
        }
        Err(failure) => failure,
    };
    let Some(before) = &release.before else {
        return Err(failure);
    };
    Release::new(cloud, config, stack.function, stack.code).switch_back(release).await?;
    let cause = failure.cause.clone().unwrap_or_default();
    Err(Error::failed(format!("prove that version {} answers", release.version))
        .cause(cause)
        .hint(format!("`live` points at version {before} again, so nobody is left without an answer; `stackctl logs --errors` may say why")))
}

/// Makes room behind a version that has proved itself. A version too many is no reason to fail.
async fn prune_versions(
    cloud: &Cloud,
    config: &Config,
    release: &LiveRelease,
    progress: &Progress,
) {
    let Some(before) = &release.before else {
        return;
    };
    let keep = usize::try_from(config.function.keep_versions).unwrap_or(usize::MAX);
    let needed = [release.version.as_str(), before];
    if let Err(error) = prune(cloud, &config.names.function, keep, &needed).await {
        progress.output(format!("warning: old versions were left: {error}"));
    }
}

fn live<'a>(stack: &Stack, outcome: &'a Outcome) -> Result<(&'a LiveApi, &'a LiveRelease)> {
    let both = outcome.find(stack.api).zip(outcome.find(stack.release));
    both.ok_or_else(|| {
        Error::failed("find the API and its alias").hint("run the same command again: it continues")
    })
}

fn text(config: &Config, api: &LiveApi, document: &Value, took: &str) -> String {
    let count = |action: &str| {
        let changes = document["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
        changes.iter().filter(|change| change["action"] == action).count()
    };
    let (created, changed) = (count("create"), count("update"));
    let what = match (created, changed) {
        (0, 0) => "nothing to change".to_owned(),
        (created, 0) => format!("{created} created"),
        (0, changed) => format!("{changed} changed"),
        (created, changed) => format!("{created} created, {changed} changed"),
    };
    let version = document["function_version"].as_str().unwrap_or_default();
    let url = format!("{}/", api.url);
    format!(
        "{} is up: {what}, version {version} is live ({took})\n\n  {url}\n\n  curl '{url}?userId=me' -d '{{\"title\":\"Buy milk\"}}'\n  curl '{url}?userId=me'",
        config.names.api
    )
}
