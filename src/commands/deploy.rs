//! `stackctl deploy`

use std::path::PathBuf;

use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::up::prove;
use super::{App, granted, outputs, source};
use crate::cli::examples;
use crate::cloud::Cloud;
use crate::config::Config;
use crate::engine::{Event, Label, Ownership, Plan, execute, plan_up, read};
use crate::error::{Error, Result};
use crate::iam::manifest::Manifest;
use crate::stack::Stack;
use crate::ui::seconds;

/// Ship the code alone, and prove that it answers; goes back by itself if it does not
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl deploy",
    "stackctl deploy --artifact bootstrap.zip    what `stackctl build` made, here or in CI",
))]
pub struct Args {
    /// Ship this zip, made earlier by `stackctl build`, instead of building
    #[arg(long, value_name = "FILE")]
    artifact: Option<PathBuf>,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let since = Instant::now();
    let config = app.config()?;
    let cloud = app.cloud(&config).await?;
    let stack =
        Stack::new(&cloud, &config, &Manifest::default(), source(&config, args.artifact.as_ref()));
    let mut labels = stack.graph.labels();
    labels.push(Label { kind: "proof".into(), name: "the API answers".into() });
    let (outcome, proof) = app
        .ui
        .watch(labels, async |events| {
            let plan = app.unless_stopped(planned(&stack, &cloud, &config, events)).await?;
            let outcome = execute(&stack.graph, plan, events, &app.stop).await.into_result()?;
            let proof = prove(&stack, &cloud, &config, &outcome, events).await?;
            Ok::<_, Error>((outcome, proof))
        })
        .await?;
    let (api, release) = (outcome.find(stack.api), outcome.find(stack.release));
    let mut document = outputs::document(
        &config,
        &cloud.identity().await?,
        api,
        outcome.find(stack.function),
        release,
    );
    document["changes"] = outputs::changes(&stack, &outcome.changes);
    document["seconds"] = json!(since.elapsed().as_secs_f64());
    let version = release.map(|release| release.version.clone()).unwrap_or_default();
    let took = seconds(since.elapsed());
    let text = || match proof {
        Some(proof) => {
            let first = seconds(proof.took);
            format!("version {version} is live after {took}; its first answer took {first}")
        }
        None => format!("nothing to upload: version {version} runs this code already ({took})"),
    };
    app.ui.result(text, || document.clone())
}

/// Reads what the code needs and plans the code alone: settings, policies and routes are the business of `up`.
async fn planned(
    stack: &Stack,
    cloud: &Cloud,
    config: &Config,
    events: &UnboundedSender<Event>,
) -> Result<Plan> {
    let looked_at = [stack.code.id, stack.function.id, stack.release.id, stack.api.id];
    let (reading, _) = tokio::try_join!(read(&stack.graph, &looked_at, events), cloud.identity())?;
    let missing = [stack.function.id, stack.release.id, stack.api.id]
        .into_iter()
        .find(|id| !reading.is_there(*id));
    if let Some(missing) = missing {
        return Err(Error::failed("deploy")
            .cause(format!("there is no {}", stack.graph.label(missing)))
            .hint("run `stackctl up` first"));
    }
    let code = [stack.code.id, stack.release.id];
    let plan = plan_up(&stack.graph, &code, &reading, Ownership::Respect)?;
    if let Some(code) = reading.find(stack.code).filter(|_| !plan.changes_nothing()) {
        granted::check(cloud, config, code).await?;
    }
    Ok(plan)
}
