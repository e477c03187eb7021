//! `stackctl up`

mod attempt;
pub(super) mod told;

use std::path::PathBuf;

use tokio::time::Instant;

use super::ship::MAKING_ROOM;
use super::sources::Artifacts;
use super::{App, auth, retiring, site};
use crate::blueprint::Blueprints;
use crate::cli::examples;
use crate::cloud::Cloud;
use crate::config::{Auth, Config, Issuer};
use crate::env_file;
use crate::saved_plan::SavedPlan;
use crate::stack::{self, Stack};
use engine::error::{Error, Result};
use engine::{Events, Ownership, Plan, plan_up};

/// Make the stack what the file says, and prove that it answers
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl up --local                       on this machine: no account, no Docker, a quick build",
    "stackctl up --local --optimized           the same with the program that AWS gets",
    "stackctl up                               on AWS",
    "stackctl up --stage dev                   another stage, with its own tables and URL",
    "stackctl up --plan plan.json              apply exactly the reviewed plan, or nothing",
    "stackctl up --write-env web/.env.local    and write the URL for the frontend",
))]
pub struct Args {
    #[command(flatten)]
    artifacts: Artifacts,
    /// Adopt existing resources that have the stack's names but not its tags
    #[arg(long)]
    adopt: bool,
    /// Apply a plan that `stackctl plan --out FILE` saved, without asking; if it is out of date, change nothing and exit
    /// with 3
    #[arg(long, value_name = "FILE", conflicts_with = "adopt")]
    plan: Option<PathBuf>,
    /// Delete the indexes that the tables have and `stack.toml` does not say, after the new version has proved itself
    #[arg(long, conflicts_with = "plan")]
    drop_indexes: bool,
    /// Let everybody call routes that need a token now, because `stack.toml` has no `[auth]` any more
    #[arg(long)]
    make_public: bool,
    /// Write the API's address into this file, such as `web/.env.local`, as `VITE_API_URL` and `NEXT_PUBLIC_API_URL`
    #[arg(long, value_name = "FILE")]
    write_env: Option<PathBuf>,
}

/// The operations of AWS that this verb calls.
pub fn calls(stack: &Stack) -> Vec<&'static str> {
    let making = stack.graph.making(&stack.all());
    [making, MAKING_ROOM.concat(), retiring::calls(stack)].concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let since = Instant::now();
    let mut config = app.config()?;
    config.opens = args.make_public;
    let saved = args.plan.as_deref().map(SavedPlan::read).transpose()?;
    let sources = args.artifacts.sources(&config, &app.globals)?;
    let blueprints = checked(args, app, &config).await?;
    let cloud = connected(args, app, &config).await?;
    let stack = Stack::wanted(&cloud, &config, &blueprints, sources);
    let up = Up { args, app, saved, config: &config, blueprints, cloud: &cloud, stack: &stack };
    let (outcome, gone) = Box::pin(up.carried_out()).await?;
    up.tell(&outcome, gone, since).await
}

/// What the code of each function asks for, when nothing that is known on this machine speaks against it.
async fn checked(args: &Args, app: &App, config: &Config) -> Result<Blueprints> {
    args.write_env.as_deref().map_or(Ok(()), env_file::check)?;
    let blueprints = app.blueprints(config).await?;
    stack::check(config, &blueprints)?;
    site::build(config, app, args.artifacts.are_all(config)).await?;
    let of_code = blueprints.iter().flat_map(|(key, blueprint)| {
        let place = config.functions[key].place();
        blueprint.notes(&place)
    });
    config.notes().iter().cloned().chain(of_code).for_each(|note| app.ui.say(&note));
    Ok(blueprints)
}

/// The cloud, when it can hold the stack.
async fn connected(args: &Args, app: &App, config: &Config) -> Result<Cloud> {
    let cloud = app.cloud(config).await?;
    // An emulator reads no issuer of the internet.
    if let Some(Auth { issuer: Issuer::Given { url, .. }, .. }) =
        config.auth.as_ref().filter(|_| cloud.loopback().is_none())
    {
        app.unless_stopped(auth::check(app, url)).await?;
    }
    args.artifacts.check(config, &cloud)?;
    site::check_cloud(config, &cloud)?;
    Ok(cloud)
}

/// A run of which is known what the file wants, and where.
struct Up<'a> {
    args: &'a Args,
    app: &'a App,
    saved: Option<SavedPlan>,
    config: &'a Config,
    blueprints: Blueprints,
    cloud: &'a Cloud,
    stack: &'a Stack,
}

/// Reads everything at once and compares it with what the file says.
pub async fn planned(
    stack: &Stack,
    cloud: &Cloud,
    ownership: Ownership,
    events: &Events,
) -> Result<Plan> {
    let all = stack.all();
    let names = async {
        match &stack.domain {
            Some(domain) => domain.check(cloud).await,
            None => Ok(()),
        }
    };
    let looks = async { tokio::try_join!(engine::read(&stack.graph, &all, events), names) };
    let (reading, ()) = cloud.confirmed(Box::pin(looks)).await?;
    plan_up(&stack.graph, &all, &reading, ownership)
}

/// `--write-env` writes the address of the API.
pub fn no_requests() -> Error {
    Error::usage("`--write-env`: no function takes requests, so there is no API")
}
