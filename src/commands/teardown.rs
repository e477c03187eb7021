//! `stackctl teardown`

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::exporting::{dropped, export, items_kept, opened, tables};
use super::retiring::{Consent, Retiring};
use super::sources::built;
use super::{App, unnamed_site};
use crate::cli::examples;
use crate::cloud::Cloud;
use crate::cloud::wait::{self, Poll};
use crate::config::Config;
use crate::resources::{
    self, LiveFunction, OWNED_CALLS, further_functions, further_roles, further_secrets,
    further_tables, owned,
};
use crate::stack::Stack;
use crate::ui::{Question, seconds};
use engine::error::{Error, Kind, Result};
use engine::{Events, Graph, Id, Label, Progress, Reading, alone, execute, plan_teardown, read};

/// Until lists show that what was deleted is gone: IAM and API Gateway are eventually consistent. A late log line can
/// bring the log group back, too, so what is there is deleted again.
const SPREADING: Duration = Duration::from_mins(1);

/// What finds the parts of the stack that the file does not name.
const FURTHER: [&[&str]; 5] = [
    further_tables::CALLS,
    further_functions::CALLS,
    further_roles::CALLS,
    further_secrets::CALLS,
    unnamed_site::CALLS,
];

/// Delete the stack's resources and check that none are left
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl teardown --export items.jsonl    keep a copy of the items",
    "stackctl teardown --keep-data",
    "stackctl teardown --local --yes",
    "stackctl teardown --name my-app --stage dev --region eu-west-1    when `stack.toml` is gone",
))]
pub struct Args {
    /// Keep what users of the stack put there: tables with their items, pools with their users
    #[arg(long, alias = "keep-table")]
    keep_data: bool,
    /// Delete the secrets, too; without this they stay, and the next `up` finds them
    #[arg(long)]
    secrets: bool,
    /// First write every item to this file, as JSON lines; of several tables each to a file of its own beside it
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Delete even if `deletion_protection` is set
    #[arg(long)]
    force: bool,
    /// Delete the stack of this name, without reading `stack.toml`
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

impl Args {
    /// Whether this stays because the user wants to keep it.
    fn keeps(&self, stack: &Stack, id: Id) -> bool {
        match stack.is_secret(id) {
            true => !self.secrets,
            false => self.keep_data && stack.is_data(id),
        }
    }

    /// The stack, where the command line names it.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// The operations of AWS that this verb calls.
pub fn calls(stack: &Stack) -> Vec<&'static str> {
    let besides = [resources::export::CALLS, OWNED_CALLS, &FURTHER.concat()].concat();
    [stack.graph.deleting(&stack.standing_alone()), besides].concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = match &args.name {
        Some(name) => Config::named(name, app.globals.stage.as_deref())?,
        None => app.config().map_err(|error| without_file(error, app))?,
    };
    let cloud = app.cloud(&config).await?;
    let (config, stack, reading, mut retiring) = Box::pin(surveyed(app, config, &cloud)).await?;
    let ids: Vec<Id> =
        stack.standing_alone().into_iter().filter(|id| !args.keeps(&stack, *id)).collect();
    let ours: Vec<Id> =
        ids.iter().copied().filter(|id| reading.is_ours(&stack.graph, *id)).collect();
    let foreign = ids.iter().filter(|id| reading.is_there(**id) && !ours.contains(id));
    let foreign: Vec<Id> = foreign.copied().collect();
    for id in &foreign {
        app.ui.say(&format!(
            "not deleted, because it lacks the stack's tags: {}",
            stack.graph.label(*id)
        ));
    }
    refuse_protected(args, &stack, &reading, &ids)?;
    let former = retiring.deletions();
    if ours.is_empty() && former.is_empty() {
        let text = || format!("nothing of {} is there", config.names.api);
        let text = || format!("{}{}", kept_lines(&stack, args, &reading), text());
        return app.ui.result(text, || receipt(&stack, args, &reading, (&ours, &former, &foreign)));
    }
    confirm(app, &config.names.api, (&stack, &reading, &retiring), &ids).await?;
    // Whoever thinks about the answer is not waited for.
    let since = Instant::now();
    let mut labels = stack.graph.labels();
    labels.push(Label { kind: "proof".into(), name: "nothing is left".into() });
    app.ui
        .watch(labels, async |events| {
            let mut reading = reading.clone();
            let to = (events, &Progress::new(Id::after(&stack.graph), events));
            retiring.carry_out(&cloud, Consent::Full, to, &app.stop).await?;
            if let Some(file) = args.export.as_deref() {
                let files = opened(&cloud, &tables(&config, &stack, &reading), file).await?;
                // What nobody can write to any more is exported whole.
                let others: Vec<Id> =
                    ids.iter().copied().filter(|id| !stack.is_data(*id)).collect();
                let gone = delete(app, &stack, &cloud, &others, reading, events).await;
                reading = gone.inspect_err(|_| dropped(&files))?;
                export(app, &cloud, &stack, &files, events).await.map_err(items_kept)?;
            }
            delete(app, &stack, &cloud, &ids, reading, events).await.map(|_| ())
        })
        .await?;
    let text = || {
        let ours = ours.iter().map(|id| stack.graph.label(*id).to_string());
        let former = former.iter().map(|one| {
            let word = |member: &str| one[member].as_str().unwrap_or_default();
            format!("{} {}", word("resource"), word("name"))
        });
        let gone: Vec<String> =
            ours.chain(former).map(|label| format!("  deleted {label}")).collect();
        let kept = kept_lines(&stack, args, &reading);
        let left = if kept.is_empty() { "nothing is left" } else { "nothing else is left" };
        let took = seconds(since.elapsed());
        format!(
            "{}\n{kept}{} is gone: {} deleted in {took} with all that belonged to them, and {left}",
            gone.join("\n"),
            config.names.api,
            gone.len()
        )
    };
    app.ui.result(text, || receipt(&stack, args, &reading, (&ours, &former, &foreign)))
}

/// What is there can be deleted though nothing says any more what it was made from.
fn without_file(error: Error, app: &App) -> Error {
    if app.globals.config.exists() {
        return error;
    }
    error.hint(
        "go to the project's folder, name the file with `--config`, or the stack with `--name`",
    )
}

fn wired(config: &Config, cloud: &Cloud) -> Stack {
    Stack::located(cloud, config, built)
}

/// The stack as it is, with the tables and functions that are its own and that the file does not name.
async fn surveyed(
    app: &App,
    mut config: Config,
    cloud: &Cloud,
) -> Result<(Config, Stack, Reading, Retiring)> {
    let stack = wired(&config, cloud);
    let survey = app.ui.watch(stack.graph.labels(), async |events| {
        let (reading, owned, tables, functions, roles, site) = tokio::join!(
            look(&stack, cloud, events),
            owned(cloud, &config),
            further_tables::names(cloud),
            further_functions::names(cloud),
            further_roles::names(cloud),
            unnamed_site::is_there(app, &config, cloud, events)
        );
        let reading = reading?;
        let there = stack.functions.values().filter_map(|parts| reading.find(parts.function));
        let told = there.flat_map(LiveFunction::variables).cloned().collect();
        let (tables, functions, roles) = (tables?, functions?, roles?);
        let found = tokio::try_join!(
            further_tables::find(cloud, &config, tables, &told),
            further_functions::find(cloud, &config, &functions),
            further_roles::find(cloud, &config, &roles),
            further_secrets::find(cloud, &config)
        );
        Ok((reading, owned?, found?, site))
    });
    let (reading, owned, (tables, functions, roles, secrets), has_site) =
        app.unless_stopped(Box::pin(survey)).await?;
    let functions = functions.and(roles);
    for label in tables.unread.iter().chain(&functions.unread).chain(&secrets.unread) {
        app.ui.say(&format!("not deleted, because its tags cannot be read: {label}"));
    }
    let is_whole = [&tables, &functions, &secrets].iter().all(|found| found.ours.is_empty());
    secrets.ours.iter().for_each(|key| config.add_secret(key));
    functions.ours.iter().for_each(|key| config.add_function(key));
    tables.ours.iter().for_each(|name| config.add_table(name));
    if has_site {
        config.add_site()?;
    }
    let (stack, reading) = if is_whole && !has_site {
        (stack, reading)
    } else {
        let stack = wired(&config, cloud);
        let look =
            app.ui.watch(stack.graph.labels(), async |events| look(&stack, cloud, events).await);
        let reading = app.unless_stopped(look).await?;
        (stack, reading)
    };
    let live = |key: &str| reading.find(stack.functions.get(key)?.function);
    let events = Events::default();
    let retiring = Retiring::of(cloud, &config, live, &owned, &events);
    let retiring = app.unless_stopped(Box::pin(retiring)).await?;
    Ok((config, stack, reading, retiring))
}

async fn look(stack: &Stack, cloud: &Cloud, events: &Events) -> Result<Reading> {
    let ids = stack.standing_alone();
    cloud.confirmed(read(&stack.graph, &ids, events)).await
}

fn refuse_protected(args: &Args, stack: &Stack, reading: &Reading, ids: &[Id]) -> Result<()> {
    let is_protected =
        |id: &&Id| reading.holds(&stack.graph, **id).is_some_and(|holding| holding.is_protected);
    if let Some(protected) = ids.iter().find(is_protected).filter(|_| !args.force) {
        let label = stack.graph.label(*protected);
        let (kind, name) = (label.kind, label.name);
        return Err(Error::usage(format!("{kind} `{name}` is protected against deletion"))
            .hint("keep it with `--keep-data`, or delete it all the same with `--force`"));
    }
    Ok(())
}

/// On a terminal the stack's name has to be typed; elsewhere `--yes` says it.
async fn confirm(
    app: &App,
    name: &str,
    (stack, reading, retiring): (&Stack, &Reading, &Retiring),
    ids: &[Id],
) -> Result<()> {
    if app.globals.yes {
        return Ok(());
    }
    let mut items = missed(&stack.graph, reading, ids);
    items.extend(retiring.losses().into_iter().map(|line| format!("its {line}")));
    let items = if items.is_empty() { String::new() } else { format!(" and {}", items.join(", ")) };
    let effect = format!("This deletes stack {name}{items}.");
    let prompt = format!("Type {name} to confirm:");
    let instead = "pass `--yes` to confirm";
    let question = Question { verb: "`teardown`", effect: &effect, prompt: &prompt, instead };
    if app.ask(&question).await? == name {
        return Ok(());
    }
    Err(Error::new(Kind::Interrupted, "stopped: nothing was deleted"))
}

/// What goes with these that nobody can make again.
pub(super) fn missed(graph: &Graph, reading: &Reading, ids: &[Id]) -> Vec<String> {
    let line = |id: &Id| {
        let (holding, label) = (reading.holds(graph, *id)?, graph.label(*id));
        Some(format!("its {} `{}` ({})", label.kind, label.name, holding.amount))
    };
    ids.iter().filter_map(line).collect()
}

/// Deletes, looks again, and deletes what came back, until nothing is left of these. Returns what is there then.
async fn delete(
    app: &App,
    stack: &Stack,
    cloud: &Cloud,
    ids: &[Id],
    reading: Reading,
    events: &Events,
) -> Result<Reading> {
    let proof = Progress::new(Id::after(&stack.graph), events);
    let found = RefCell::new(reading);
    wait::until(&proof, "nothing is left", SPREADING, || async {
        let reading = found.borrow().clone();
        let plan = plan_teardown(&stack.graph, ids, &reading);
        let outcome = execute(&stack.graph, plan, events, &app.stop).await;
        let gone: Vec<Id> = outcome.changes.iter().map(|(id, _)| *id).collect();
        outcome.into_result().map_err(|error| remaining(error, stack, &reading, ids, &gone))?;
        let now = alone(&proof, look(stack, cloud, &events.unheard())).await?;
        let left = ids.iter().filter(|id| now.is_ours(&stack.graph, **id));
        let left: Vec<String> = left.map(|id| stack.graph.label(*id).to_string()).collect();
        found.replace(now);
        Ok(match left.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending(format!("still there: {}", left.join(", "))),
        })
    })
    .await?;
    Ok(found.into_inner())
}

/// Says what a run that has ended early leaves.
fn remaining(error: Error, stack: &Stack, reading: &Reading, ids: &[Id], gone: &[Id]) -> Error {
    let left = ids.iter().filter(|id| reading.is_ours(&stack.graph, **id) && !gone.contains(id));
    let left: Vec<String> = left.map(|id| stack.graph.label(*id).to_string()).collect();
    let hint = match &error.hint {
        Some(hint) => format!("{hint}; not deleted yet: {}", left.join(", ")),
        None => format!("not deleted yet: {}", left.join(", ")),
    };
    if left.is_empty() { error } else { error.hint(hint) }
}

/// What the user wants to keep.
fn kept(stack: &Stack, args: &Args, reading: &Reading) -> Vec<Id> {
    let is_kept = |id: &Id| args.keeps(stack, *id) && reading.is_there(*id);
    stack.graph.ids().filter(is_kept).collect()
}

fn kept_lines(stack: &Stack, args: &Args, reading: &Reading) -> String {
    let line = |id: Id| {
        let way = if stack.is_secret(id) { "; `--secrets` deletes it" } else { "" };
        format!("  kept {}{way}\n", stack.graph.label(id))
    };
    kept(stack, args, reading).into_iter().map(line).collect()
}

/// `{"changes": [{"resource", "name", "action"}], "kept": […], "left": […]}`: what is left is somebody else's.
fn receipt(
    stack: &Stack,
    args: &Args,
    reading: &Reading,
    (gone, former, foreign): (&[Id], &[Value], &[Id]),
) -> Value {
    let entry = |id: Id, action: &str| {
        let label = stack.graph.label(id);
        json!({"resource": label.kind, "name": label.name, "action": action})
    };
    let gone = gone.iter().map(|id| entry(*id, "delete"));
    let deleted: Vec<Value> = gone.chain(former.iter().cloned()).collect();
    let kept = kept(stack, args, reading).into_iter();
    let kept: Vec<Value> = kept.map(|id| entry(id, "keep")).collect();
    let left: Vec<Value> = foreign.iter().map(|id| entry(*id, "keep")).collect();
    json!({"changes": deleted, "kept": kept, "left": left})
}
