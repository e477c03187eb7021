//! `stackctl up`

use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::retiring::Consent;
use super::ship::{self, MAKING_ROOM, Ship};
use super::sources::Artifacts;
use super::widening::{self, Asked};
use super::{App, auth, domain, dropping, outputs, retiring, site, sources};
use crate::blueprint::{self, Form};
use crate::cli::examples;
use crate::cloud::Cloud;
use crate::config::{Auth, Config, DEFAULT_STAGE, Issuer};
use crate::env_file;
use crate::proof::NO_MORE;
use crate::resources::LiveApi;
use crate::saved_plan::{Basis, SavedPlan};
use crate::stack::{self, Stack};
use crate::ui::{self, Question, seconds};
use engine::error::{Error, Result};
use engine::{Action, Events, Id, Ownership, Plan, Progress, plan_up, read};
use package::Artifact;

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

/// What this asks of AWS.
pub fn calls(stack: &Stack) -> Vec<&'static str> {
    let making = stack.graph.making(&stack.all());
    [making, MAKING_ROOM.concat(), retiring::calls(stack)].concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let since = Instant::now();
    let mut config = app.config()?;
    config.opens = args.make_public;
    let saved = args.plan.as_deref().map(SavedPlan::read).transpose()?;
    args.write_env.as_deref().map_or(Ok(()), env_file::check)?;
    let sources = args.artifacts.sources(&config, &app.globals)?;
    let blueprints = app.blueprints(&config).await?;
    stack::check(&config, &blueprints)?;
    site::build(&config, app, args.artifacts.are_all(&config)).await?;
    config.notes().iter().for_each(|note| app.ui.say(note));
    for (key, blueprint) in &blueprints {
        let place = config.functions[key].place();
        blueprint.notes(&place).iter().for_each(|note| app.ui.say(note));
    }
    let cloud = app.cloud(&config).await?;
    // An emulator reads no issuer of the internet.
    if let Some(Auth { issuer: Issuer::Given { url, .. }, .. }) =
        config.auth.as_ref().filter(|_| cloud.loopback().is_none())
    {
        app.unless_stopped(auth::check(app, url)).await?;
    }
    args.artifacts.check(&config, &cloud)?;
    site::check_cloud(&config, &cloud)?;
    let stack = Stack::wanted(&cloud, &config, &blueprints, sources);
    let questions = blueprint::questions(&config, &blueprints);
    let adopt = args.adopt || saved.as_ref().is_some_and(|saved| saved.adopt);
    let ownership = if adopt { Ownership::Adopt } else { Ownership::Respect };
    let basis = Basis { stack: &stack, config: &config, blueprints: &blueprints, cloud: &cloud };
    let labels = ship::labels(&stack);
    let mut agreed = app.globals.yes || saved.is_some();
    let (outcome, gone) = loop {
        let work = app.ui.watch(labels.clone(), async |events| {
            let survey = retiring::surveyed(&stack, &cloud, &config, ownership, events);
            let (plan, mut retiring) = app.unless_stopped(survey).await?;
            if let Some(saved) = saved.as_ref().zip(args.plan.as_deref()) {
                basis.check(saved, (&plan, &retiring.document()), events).await?;
            }
            let asked = Asked::of(&stack.graph, &plan).losing(retiring.losses());
            let begins = begins_a_stage(app, &config, &stack, &plan);
            let mut surplus = dropping::of(&config, &stack, &plan);
            surplus.retain(|_| args.drop_indexes);
            let asks = begins || !asked.is_empty() || !surplus.is_empty();
            if !agreed && asks {
                return Ok(Err((begins, asked, surplus)));
            }
            let progress = Progress::new(Id::after(&stack.graph), events);
            if !args.drop_indexes {
                for left in ui::plan::left(&stack.graph, &plan) {
                    progress.output(format!("note: {left}"));
                }
            }
            retiring.note().into_iter().for_each(|note| progress.output(note));
            if !plan.changes_nothing() || !retiring.is_empty() {
                progress.output(format!("changing {}", place(app, &config, &cloud)));
            }
            let (stack, cloud, questions) = (&stack, &cloud, &questions);
            let ship = Ship { stack, cloud, config: &config, questions, further: NO_MORE, events };
            let (outcome, _) = ship.carry_out(plan, &app.stop).await?;
            let mut gone = Vec::new();
            if !*app.stop.borrow() {
                dropping::carry_out(cloud, &config, stack, &surplus, events).await?;
                let consent = match saved {
                    _ if app.globals.yes => Consent::Full,
                    // Its review saw other messages than there are now.
                    Some(_) => Consent::No,
                    None => Consent::AsAsked,
                };
                gone = retiring.carry_out(cloud, consent, (events, &progress), &app.stop).await?;
            }
            Ok(Ok((outcome, gone)))
        });
        match work.await? {
            Ok(done) => break done,
            Err((begins, asked, surplus)) => {
                if begins {
                    confirm_stage(app, &place(app, &config, &cloud)).await?;
                }
                let keeps = !asked.confirm("`up`", app).await?;
                stack.keep_foreign_rights(keeps);
                dropping::confirm(app, &surplus).await?;
            }
        }
        agreed = true;
    };
    let api = ship::live_api(&stack, &outcome)?;
    let mut document = outputs::document(
        &config,
        &cloud.identity().await?,
        api,
        &outputs::found(&stack, |handle| outcome.find(handle), |handle| outcome.find(handle)),
    );
    let distribution = stack.site.and_then(|site| outcome.find(site.distribution));
    site::outputs(&mut document, distribution);
    domain::outputs(&mut document, &config, &cloud, &domain::found(&stack, &outcome));
    if let Some(path) = &args.write_env {
        let url = domain::api_url(&document, &api.ok_or_else(no_requests)?.url);
        let pool = stack.http.and_then(|http| http.users).and_then(|users| outcome.find(users));
        let sign_in = outputs::sign_in(&config, &cloud, pool);
        env_file::write(path, &env_file::values(url, sign_in.as_ref()))?;
    }
    document["changes"] = [outputs::changes(&stack, &outcome.changes), gone].concat().into();
    let artifacts = stack.artifacts(&outcome);
    document["build"] = json!(sources::document(&artifacts));
    document["seconds"] = json!(since.elapsed().as_secs_f64());
    let form = blueprints[&config.function().key].form;
    let text = || text(&config, form, api, &document, &artifacts, &seconds(since.elapsed()));
    app.ui.result(text, || document.clone())
}

/// Whether nothing of a stage that was named is there yet: perhaps its name is misspelt.
fn begins_a_stage(app: &App, config: &Config, stack: &Stack, plan: &Plan) -> bool {
    let mut steps = plan.steps.iter().filter(|step| !stack.is_code(step.id));
    config.stage != DEFAULT_STAGE
        && !app.globals.local
        && steps.all(|step| step.action == Action::Create)
}

async fn confirm_stage(app: &App, place: &str) -> Result<()> {
    let effect = format!("This creates a new stage: {place}.");
    let prompt = "Create it? (yes/no)";
    let instead = "pass `--yes` to create it";
    let question = Question { verb: "`up`", effect: &effect, prompt, instead };
    widening::agreed(app, &question).await
}

/// `shop, stage dev, in account 123456789012, eu-north-1`. Only once the account is known.
fn place(app: &App, config: &Config, cloud: &Cloud) -> String {
    let stage = match config.stage.as_str() {
        DEFAULT_STAGE => String::new(),
        stage => format!(", stage {stage},"),
    };
    let at = if app.globals.local {
        "on the local cloud".to_owned()
    } else {
        let identity = cloud.known_identity();
        format!("in account {}, {}", identity.account, identity.region)
    };
    format!("{}{stage} {at}", config.name)
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
    let looks = async { tokio::try_join!(read(&stack.graph, &all, events), names) };
    let (reading, ()) = cloud.confirmed(Box::pin(looks)).await?;
    plan_up(&stack.graph, &all, &reading, ownership)
}

/// What is up, and how to try it.
pub fn text(
    config: &Config,
    form: Form,
    api: Option<&LiveApi>,
    document: &Value,
    artifacts: &[&Artifact],
    took: &str,
) -> String {
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
    let word = |name: &str| document[name].as_str().unwrap_or_default();
    let place = match word("account") {
        local_cloud::ACCOUNT => String::new(),
        account => format!("in account {account}, {}\n", word("region")),
    };
    let live = live(document);
    let answers = api.map(|api| {
        let url = format!("{}/", api.url);
        let public = if config.auth.is_none() { outputs::PUBLIC } else { "" };
        let public = if public.is_empty() { String::new() } else { format!("\n\n{public}") };
        format!("\n\n  {url}{}{public}", examples_of(config, form, &url))
    });
    let site = document["site_url"].as_str().map(|url| format!("\n\n  {url}/    the site"));
    let api = document["api_domain_url"].as_str().map(|url| format!("\n\n  {url}/    the API"));
    let names = api.unwrap_or_default() + &domain::text(document);
    let answers = answers.unwrap_or_default() + &site.unwrap_or_default() + &names;
    let text = format!(
        "{} is up: {what}, {live} ({took})\n{place}{}",
        config.names.api,
        sources::text(artifacts)
    );
    text.trim_end().to_owned() + &answers
}

/// `version 3 is live`; of several functions, `live: api version 3, worker version 1`.
fn live(document: &Value) -> String {
    let functions = document["functions"].as_object().into_iter().flatten();
    let versions = functions.map(|(key, one)| (key, one["version"].as_str().unwrap_or_default()));
    let versions: Vec<_> = versions.collect();
    match versions.as_slice() {
        [(_, version)] => format!("version {version} is live"),
        several => {
            let each = several.iter().map(|(key, version)| format!("{key} version {version}"));
            format!("live: {}", each.collect::<Vec<_>>().join(", "))
        }
    }
}

/// `--write-env` writes the address of the API.
pub fn no_requests() -> Error {
    Error::usage("`--write-env`: no function takes requests, so there is no API")
}

/// Requests to paste, where it is known what the handler takes.
fn examples_of(config: &Config, form: Form, url: &str) -> String {
    match form {
        Form::Declared if config.auth.is_some() => {
            let token = "-H \"authorization: Bearer $TOKEN\"";
            format!(
                "\n\n  curl '{url}' {token} -d '{{\"title\":\"Buy milk\"}}'\n  curl '{url}' {token}"
            )
        }
        Form::Declared => format!(
            "\n\n  curl '{url}?userId=me' -d '{{\"title\":\"Buy milk\"}}'\n  curl '{url}?userId=me'"
        ),
        Form::Audited => String::new(),
    }
}
