//! `stackctl plan`

use std::path::PathBuf;

use serde_json::json;

use super::retiring;
use super::sources::Artifacts;
use super::widening::Asked;
use super::{App, outputs, site};
use crate::cli::examples;
use crate::resources::OWNED_CALLS;
use crate::saved_plan::{self, Basis};
use crate::stack::{self, Stack};
use crate::ui;
use engine::Ownership;
use engine::error::{Error, Kind, Result};

/// Show what `up` would do, and do nothing
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl plan",
    "stackctl plan --exit-code        3 when there is something to do: for CI",
    "stackctl plan --out plan.json    and later `stackctl up --plan plan.json`: exactly that or nothing",
))]
pub struct Args {
    #[command(flatten)]
    artifacts: Artifacts,
    /// Also show what adopting existing resources without the stack's tags would change
    #[arg(long)]
    adopt: bool,
    /// Exit with 3 when there is something to do
    #[arg(long)]
    exit_code: bool,
    /// Save the plan for `stackctl up --plan FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The operations of AWS that this verb calls.
pub fn calls(stack: &Stack) -> Vec<&'static str> {
    [stack.graph.reading(&stack.all()), OWNED_CALLS.to_vec()].concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = app.config()?;
    args.out.as_deref().map_or(Ok(()), saved_plan::check_place)?;
    let sources = args.artifacts.sources(&config, &app.globals)?;
    let blueprints = app.blueprints(&config).await?;
    stack::check(&config, &blueprints)?;
    site::check(&config, app)?;
    config.notes().iter().for_each(|note| app.ui.say(note));
    let cloud = app.cloud(&config).await?;
    args.artifacts.check(&config, &cloud)?;
    site::check_cloud(&config, &cloud)?;
    let stack = Stack::wanted(&cloud, &config, &blueprints, sources);
    let ownership = if args.adopt { Ownership::Adopt } else { Ownership::Respect };
    let work = app.ui.watch(stack.graph.labels(), async |events| {
        let survey = retiring::surveyed(&stack, &cloud, &config, ownership, events);
        let (plan, retiring) = survey.await?;
        if let Some(path) = &args.out {
            let basis =
                Basis { stack: &stack, config: &config, blueprints: &blueprints, cloud: &cloud };
            basis
                .saved((&plan, &retiring.document()), args.adopt, events)
                .await?
                .write(path, app.globals.yes)?;
        }
        Ok((plan, retiring))
    });
    let (plan, retiring) = app.unless_stopped(Box::pin(work)).await?;
    let asked = Asked::of(&stack.graph, &plan).losing(retiring.losses());
    let is_public = config.auth.is_none() && stack.http.is_some();
    let text = || {
        let plan = ui::plan::text(&stack.graph, &plan, &retiring.names(), app.ui.paint);
        let plan = if asked.is_empty() { plan } else { format!("{plan}\n{}", asked.text()) };
        if is_public { format!("{}\n{plan}", outputs::PUBLIC) } else { plan }
    };
    retiring.note().into_iter().for_each(|note| app.ui.say(note));
    let mut changes = ui::plan::steps(&stack.graph, &plan);
    changes.extend(retiring.document());
    let left = ui::plan::left(&stack.graph, &plan);
    let loses = [asked.losses.clone(), asked.foreign.clone()].concat();
    let document = json!({"public": is_public, "changes": changes, "left": left, "widens": asked.gains, "loses": loses});
    app.ui.result(text, || document)?;
    if args.exit_code && !(plan.changes_nothing() && retiring.is_empty()) {
        return Err(
            Error::new(Kind::Findings, "there is something to do").hint("run `stackctl up`")
        );
    }
    Ok(())
}
