//! `stackctl deploy`

use serde_json::{Value, json};
use tokio::time::Instant;

use super::ship::{self, MAKING_ROOM, Questions, Ship};
use super::sources::Artifacts;
use super::{App, callers, granted, outputs, reading, site, sources};
use crate::blueprint::{self, Blueprints, Form};
use crate::cli::examples;
use crate::cloud::Cloud;
use crate::config::{Budget, Config};
use crate::proof::{MORE, Proof, Question};
use crate::resources::release::SHIPPING;
use crate::resources::{FINDING, LiveRelease, PINNING, Trial};
use crate::stack::{Parts, Stack};
use crate::ui::seconds;
use engine::error::{Error, Kind, Result};
use engine::{Events, Id, Ownership, Phases, Plan, Progress, Reading, plan_up, read};
use package::Artifact;

/// Ship the code and the site alone, and prove that both answer; goes back by itself if the code does not
#[derive(Debug, Default, clap::Args)]
#[command(after_help = examples!(
    "stackctl deploy",
    "stackctl deploy --artifact bootstrap.zip    what `stackctl build` made, here or in CI",
    "stackctl deploy --site                      the frontend alone",
))]
pub struct Args {
    #[command(flatten)]
    artifacts: Artifacts,
    /// Refuse a version whose cold start costs more than `[function.budget]`, or than a common one where that is not set
    #[arg(long)]
    budget: bool,
    /// Ship this function alone, by its key in `stack.toml`; without it, all, and the site
    #[arg(long, value_name = "KEY")]
    function: Option<String>,
    /// Ship the site alone
    #[arg(long, conflicts_with_all = ["function", "budget", "named", "optimized"])]
    site: bool,
}

/// What a small handler stays well below, for `--budget` without keys of its own.
const COMMON: Budget = Budget { init: Some(200), first_request: Some(100), memory: Some(128) };

/// The operations of AWS that this verb calls. Whether the policy allows what the code does is asked, too, where that may be read.
pub fn calls(stack: &Stack) -> Vec<&'static str> {
    let of_function = |parts: &Parts| {
        let policy = parts.data_policy.map(|policy| policy.id);
        [Some(parts.function.id), Some(parts.release.id), policy]
    };
    let api = stack.http.map(|http| http.api.id);
    let read = stack.functions.values().flat_map(of_function).flatten().chain(api);
    let read: Vec<Id> = read.collect();
    let pinning = if stack.secrets.is_empty() { &[] } else { PINNING };
    let secrets: Vec<Id> = stack.secrets.values().map(|secret| secret.id).collect();
    let read = [read, secrets].concat();
    let site: Vec<Id> = stack.site.map(|site| site.files.id).into_iter().collect();
    let of_site = if site.is_empty() { Vec::new() } else { FINDING.to_vec() };
    let site = [stack.graph.making(&site), of_site].concat();
    [stack.graph.reading(&read), SHIPPING.concat(), pinning.to_vec(), MAKING_ROOM.concat(), site]
        .concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    if args.site {
        return site::deploy(app).await;
    }
    let since = Instant::now();
    let mut config = app.config()?.about_named(args.function.as_deref())?;
    if args.function.is_some() {
        config = config.alone();
    }
    if args.budget {
        config.budget_unless_set(COMMON);
    }
    let sources = args.artifacts.sources(&config, &app.globals)?;
    site::build(&config, app, args.artifacts.are_all(&config)).await?;
    let cloud = app.cloud(&config).await?;
    args.artifacts.check(&config, &cloud)?;
    site::check_cloud(&config, &cloud)?;
    // A zip may come without its source.
    let blueprints = app.blueprints_if_readable(&config).await?.ok();
    let stack = match &blueprints {
        Some(blueprints) => Stack::wanted(&cloud, &config, blueprints, sources),
        None => Stack::located(&cloud, &config, sources),
    };
    stack.look_at_contents_alone();
    stack.look_at_pins_alone();
    let questions = questions(&config, blueprints.as_ref());
    let labels = ship::labels(&stack);
    let ((outcome, proofs), broken) = app
        .ui
        .watch(labels, async |events| {
            let planning = Box::pin(planned(&stack, &cloud, &config, blueprints.as_ref(), events));
            let (plan, broken) = app.unless_stopped(planning).await?;
            let (stack, cloud, questions) = (&stack, &cloud, &questions);
            let ship = Ship { stack, cloud, config: &config, questions, further: MORE, events };
            Ok::<_, Error>((ship.carry_out(plan, &app.stop).await?, broken))
        })
        .await?;
    let api = stack.http.and_then(|http| outcome.find(http.api));
    let found = outputs::found(&stack, &outcome);
    let mut document = outputs::document(&config, &cloud.identity().await?, api, &found);
    let parts = stack.main();
    let (release, proof) = (outcome.find(parts.release), proofs.get(&config.about).copied());
    document["changes"] = outputs::changes(&stack, &outcome.changes).into();
    document["breaks"] = json!(broken);
    let artifacts = stack.artifacts(&outcome);
    document["build"] = json!(sources::document(&artifacts));
    let phases = phases(outcome.find(parts.code), release, proof.as_ref());
    document["phases"] = outputs::phases(&phases);
    document["first_answer_seconds"] = json!(proof.map(|proof| proof.took.as_secs_f64()));
    document["p50_seconds"] = json!(proof.map(|proof| proof.p50.as_secs_f64()));
    document["cold_start"] = release.and_then(|release| release.trial).map_or(Value::Null, cold);
    document["seconds"] = json!(since.elapsed().as_secs_f64());
    let version = release.map(|release| release.version.clone()).unwrap_or_default();
    let took = seconds(since.elapsed());
    let text = || {
        let parts: Vec<String> =
            phases.iter().map(|(name, took)| format!("{name} {}", seconds(took))).collect();
        let parts = format!("{}\n{}", parts.join(", "), sources::text(&artifacts));
        let parts = parts.trim_end();
        match proof {
            Some(proof) => format!(
                "version {version} is live after {took}; its first answer took {}, the next ones {} (median)\n{parts}",
                seconds(proof.took),
                seconds(proof.p50)
            ),
            None => format!(
                "nothing to upload: version {version} runs this code already ({took})\n{parts}"
            ),
        }
    };
    app.ui.result(text, || document.clone())
}

/// What proves a version of each function: as its source says, where it is there.
fn questions(config: &Config, blueprints: Option<&Blueprints>) -> Questions {
    match blueprints {
        Some(blueprints) => blueprint::questions(config, blueprints),
        None => config.functions.keys().map(|key| (key.clone(), unread(config))).collect(),
    }
}

/// What proves a version of the function that `config` is about.
pub async fn question(config: &Config) -> Question {
    match reading::blueprint_of(config).await {
        Ok(blueprint) => blueprint.question(config),
        Err(_) => unread(config),
    }
}

/// The question to a function whose source is not there.
fn unread(config: &Config) -> Question {
    Question {
        path: Some("/".to_owned()),
        form: Form::Declared,
        takes_requests: true,
        needs_token: config.auth.is_some(),
    }
}

/// Refuses to ship to a function whose role may not read a secret yet, or that does not know of it.
fn lack_no_secret(stack: &Stack, reading: &Reading) -> Result<()> {
    for parts in stack.functions.values() {
        let lacking = parts.pins.lacking(reading.find(parts.function));
        if let Some(key) = lacking.first() {
            let function = stack.graph.label(parts.function.id);
            return Err(Error::new(Kind::Failed, "refused to deploy")
                .cause(format!("{function} does not read secret {key} yet"))
                .hint("`stackctl up` gives it the secret, and its role the right to read it"));
        }
    }
    Ok(())
}

/// Where the time went, in the order of the work.
pub fn phases(
    code: Option<&Artifact>,
    release: Option<&LiveRelease>,
    proof: Option<&Proof>,
) -> Phases {
    let parts = [code.map(|code| &code.phases), release.map(|release| &release.phases)];
    let mut phases = Phases::default();
    for (name, took) in parts.into_iter().flatten().flat_map(Phases::iter) {
        phases.add(name, took);
    }
    if let Some(proof) = proof {
        phases.add("proof", proof.waited);
    }
    phases
}

/// The cold start of the new version, before any user met it.
fn cold(trial: Trial) -> Value {
    let report = trial.report;
    json!({
        "seconds": trial.took.as_secs_f64(),
        "init_ms": report.and_then(|report| report.init),
        "first_request_ms": report.map(|report| report.duration),
        "memory_mb": report.map(|report| report.memory),
    })
}

/// Reads what the code needs and plans the code alone: settings, policies and routes are the business of `up`. Says
/// which callers of the live version the new contract breaks.
async fn planned(
    stack: &Stack,
    cloud: &Cloud,
    config: &Config,
    blueprints: Option<&Blueprints>,
    events: &Events,
) -> Result<(Plan, Vec<String>)> {
    let parts = || stack.functions.values();
    let code = parts().flat_map(|parts| [parts.code.id, parts.release.id]);
    let code: Vec<Id> = code.chain(stack.site.map(|site| site.files.id)).collect();
    let functions: Vec<Id> = parts().map(|parts| parts.function.id).collect();
    let secrets: Vec<Id> = stack.secrets.values().map(|secret| secret.id).collect();
    let api: Vec<Id> = stack.http.map(|http| http.api.id).into_iter().collect();
    let looked_at = [code.as_slice(), &functions, &secrets, &api].concat();
    let progress = Progress::new(stack.main().release.id, events);
    let looks = async {
        tokio::try_join!(
            read(&stack.graph, &looked_at, events),
            granted::policies(cloud, config, &progress)
        )
    };
    let (reading, policies) = Box::pin(cloud.confirmed(looks)).await?;
    let missing = functions.iter().chain(&code).find(|id| !reading.is_there(**id)).copied();
    if let Some(missing) = missing {
        return Err(Error::failed("deploy")
            .cause(format!("there is no {}", stack.graph.label(missing)))
            .hint("run `stackctl up` first"));
    }
    let mut shipped = code.clone();
    if !secrets.is_empty() {
        lack_no_secret(stack, &reading)?;
        shipped = [secrets, functions, code].concat();
    }
    let plan = plan_up(&stack.graph, &shipped, &reading, Ownership::Respect)?;
    let mut broken = Vec::new();
    for (config, policy) in config.each_function().zip(policies) {
        let parts = &stack.functions[&config.about];
        if !plan.updates(parts.release.id) {
            continue;
        }
        if let Some((code, policy)) = reading.find(parts.code).zip(policy) {
            let audited = blueprints.map(|blueprints| &blueprints[&config.about]);
            let audited = audited.filter(|one| one.form == Form::Audited);
            let rights = audited.map(|one| &one.rights);
            granted::check(cloud, &config, rights, &policy, code).await?;
        }
        if let Some(live) = reading.find(parts.release) {
            broken.extend(callers::broken(&config, live).await);
        }
    }
    if !broken.is_empty() {
        progress.output(callers::text(&broken));
    }
    Ok((plan, broken))
}
