//! `stackctl doctor`

mod access;
mod check;
mod machine;
mod quotas;
mod rights;

use serde_json::{Value, json};

use super::App;
use super::sources::built;
use crate::cli::examples;
use crate::cloud::{Cloud, caller, quotas as quotas_of, simulation};
use crate::config::Config;
use crate::stack::Stack;
use crate::ui::{Paint, columns};
use check::{Check, Verdict};
use engine::error::{Error, Kind, Result};
use engine::{Graph, Id, Label, Progress, alone};

/// Look at all that `up` needs before it is run: credentials, network, quotas, rights, this machine
///
/// Nothing is written. What may not be asked is said. Exit code 3 when something has to be done first.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl doctor",
    "stackctl doctor --local",
    "stackctl doctor --output json",
))]
pub struct Args {}

/// The operations of AWS that this verb calls; it does without what it may not ask.
pub fn calls(stack: &Stack) -> Vec<&'static str> {
    let services: Vec<Id> = access::asked(stack).map(|(_, id)| id).collect();
    let account = [caller::CALLS, quotas_of::CALLS, simulation::OF_CALLER].concat();
    [stack.graph.reading(&services), account].concat()
}

pub async fn run(_: &Args, app: &App) -> Result<()> {
    let label = Label { kind: "doctor".into(), name: "looks at account and machine".into() };
    let work = app.ui.watch(vec![label], async |events| {
        let progress = Progress::new(Id::after(&Graph::default()), events);
        let examined = Box::pin(examined(app, &progress));
        alone(&progress, async { Ok(examined.await) }).await
    });
    let checks = app.unless_stopped(Box::pin(work)).await?;
    let text = || app.ui.repeat(&text(&checks, app.ui.result_paint));
    app.ui.result(text, || document(&checks))?;
    let wrong: Vec<&str> = checks
        .iter()
        .filter(|one| one.verdict == Verdict::Bad)
        .map(|one| one.name.as_str())
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let message = format!("`up` would fail; see: {}", wrong.join(", "));
    Err(Error::new(Kind::Findings, message)
        .hint("do what stands beside each line, then run `stackctl doctor` again"))
}

/// Every check, in the order in which things are needed.
async fn examined(app: &App, progress: &Progress) -> Vec<Check> {
    let config = app.config();
    let mut checks = vec![of_file(&config)];
    progress.note("looking at this machine");
    let machine = machine::checks(app, config.as_ref().ok()).await;
    // Without a file, the account can be looked at all the same.
    let known = config.is_ok();
    match config.or_else(|_| Config::named("app", None)) {
        Ok(config) => checks.extend(of_cloud(app, &config, known, progress).await),
        Err(error) => checks.push(Check::of_error("account", &error)),
    }
    checks.extend(machine);
    checks
}

fn of_file(config: &Result<Config>) -> Check {
    match config {
        Ok(config) => Check::good("stack.toml", format!("describes {}", config.names.api)),
        Err(error) => Check::of_error("stack.toml", error),
    }
}

async fn of_cloud(app: &App, config: &Config, known: bool, progress: &Progress) -> Vec<Check> {
    let target = match machine::local(app).await {
        Ok(local) => crate::cloud::Target { local, ..app.target(config) },
        Err(check) => return vec![check],
    };
    let mut checks = vec![access::region(app, config, &target).await, access::network()];
    let cloud = match Cloud::connect(target).await {
        Ok(cloud) => cloud,
        Err(error) => {
            checks.push(Check::of_error("account", &error));
            return checks;
        }
    };
    progress.note("asking AWS who we are");
    let (caller, who) = access::caller(&cloud, config).await;
    checks.extend(who);
    let Some(caller) = caller else { return checks };
    progress.note("reaching every service");
    let stack = Stack::located(&cloud, config, built);
    checks.extend(access::services(&cloud, &stack, progress).await);
    checks.extend(quotas::checks(&cloud).await);
    if known {
        checks.extend(rights::checks(&cloud, config, &caller, progress).await);
    }
    checks
}

fn text(checks: &[Check], paint: Paint) -> String {
    let widest = checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
    let line = |check: &Check| {
        let mark = match check.verdict {
            Verdict::Good => paint.green("✔"),
            Verdict::Warning => paint.yellow("!"),
            Verdict::Bad => paint.red("✘"),
            Verdict::Unknown => paint.dim("?"),
        };
        let cure = check.cure.as_ref().map(|cure| format!("; {cure}")).unwrap_or_default();
        format!("{mark} {}  {}{cure}", columns::left(&check.name, widest), check.finding)
    };
    checks.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn document(checks: &[Check]) -> Value {
    let entry = |check: &Check| {
        json!({
            "check": check.name,
            "verdict": check.verdict.word(),
            "finding": check.finding,
            "cure": check.cure,
        })
    };
    json!({
        "ok": checks.iter().all(|check| check.verdict != Verdict::Bad),
        "checks": checks.iter().map(entry).collect::<Vec<_>>(),
    })
}
