//! `stackctl status`

use serde_json::{Value, json};

use super::retiring::Retiring;
use super::sources::built;
use super::{App, domain, outputs, site};
use crate::cli::examples;
use crate::resources::{OWNED_CALLS, owned};
use crate::stack::Stack;
use crate::ui::{self, Paint};
use engine::error::{Error, Kind, Result};
use engine::{Action, Difference, Plan, Reading, Step, drift, read};

/// Show every resource, what drifted, and the outputs; changes nothing
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl status",
    "stackctl status --exit-code    3 when something is missing or has drifted",
    "stackctl status --output json | jq -r .api_url",
))]
pub struct Args {
    /// Exit with 3 when something is missing or has drifted
    #[arg(long)]
    exit_code: bool,
}

/// The operations of AWS that this verb calls.
pub fn calls(stack: &Stack) -> Vec<&'static str> {
    [stack.graph.reading(&stack.in_the_cloud()), OWNED_CALLS.to_vec()].concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = app.config()?;
    let blueprints = app.blueprints(&config).await?;
    let cloud = app.cloud(&config).await?;
    let stack = Stack::wanted(&cloud, &config, &blueprints, built);
    let ids = stack.in_the_cloud();
    let work = app.ui.watch(stack.graph.labels(), async |events| {
        let look =
            async { tokio::try_join!(read(&stack.graph, &ids, events), owned(&cloud, &config)) };
        let (reading, owned) = cloud.confirmed(look).await?;
        let live = |key: &str| reading.find(stack.functions.get(key)?.function);
        let retiring = Retiring::of(&cloud, &config, live, &owned, events).await?;
        Ok((reading, retiring))
    });
    let (reading, retiring) = app.unless_stopped(work).await?;
    retiring.note().into_iter().for_each(|note| app.ui.say(note));
    let plan = drift(&stack.graph, &ids, &reading);
    let api = stack.http.and_then(|http| reading.find(http.api));
    let found = outputs::found(&stack, &reading);
    let mut document = outputs::document(&config, cloud.known_identity(), api, &found);
    let distribution = stack.site.and_then(|site| reading.find(site.distribution));
    site::outputs(&mut document, distribution);
    domain::outputs(&mut document, &config, &cloud, &domain::found(&stack, &reading));
    for (key, found) in &found {
        // Lambda's `$LATEST` is what was uploaded last.
        let uploaded = found.function.map(|function| &function.code_sha256);
        let is_newest = found.release.map(|release| uploaded == Some(&release.code_sha256));
        document["functions"][key]["is_newest_code"] = json!(is_newest);
    }
    let resources = plan.steps.iter().map(|step| resource(&stack, &reading, step));
    document["resources"] = resources.chain(surplus(&retiring)).collect();
    let told = || app.ui.repeat(&text(&document, app.ui.result_paint));
    app.ui.result(told, || document.clone())?;
    if args.exit_code && !(is_as_wanted(&plan) && retiring.is_empty()) {
        return Err(Error::new(Kind::Findings, "something is missing or has drifted")
            .hint("run `stackctl up`"));
    }
    Ok(())
}

fn is_as_wanted(plan: &Plan) -> bool {
    plan.steps.iter().all(|step| matches!(step.action, Action::Keep | Action::Recheck))
}

/// What the file says no longer and `up` deletes.
fn surplus(retiring: &Retiring) -> Vec<Value> {
    let one = |(kind, name)| json!({"resource": kind, "name": name, "state": "surplus", "owner": null, "drift": []});
    retiring.names().into_iter().map(one).collect()
}

/// `{"resource", "name", "state", "owner", "drift"}`: the state is `absent`, `foreign`, `drifted` or `ok`; the owner is
/// the other stack that something foreign belongs to, when that is certain.
pub(super) fn resource(stack: &Stack, reading: &Reading, step: &Step) -> Value {
    let label = stack.graph.label(step.id);
    let drift: Vec<String> = match &step.action {
        Action::Update(differences) => differences.iter().map(line).collect(),
        _ => Vec::new(),
    };
    let state = match step.action {
        Action::Create => "absent",
        _ if !reading.is_ours(&stack.graph, step.id) => "foreign",
        Action::Update(_) => "drifted",
        _ => "ok",
    };
    let owner = reading.owner(&stack.graph, step.id);
    let (kind, name) = (&label.kind, &label.name);
    json!({"resource": kind, "name": name, "state": state, "owner": owner, "drift": drift})
}

/// What `up` would do about a difference.
fn line(difference: &Difference) -> String {
    let line = ui::plan::line(difference);
    match &difference.left {
        Some(left) => format!("{line} (`up` leaves this: {left})"),
        None if difference.refusal.is_some() => format!("{line} (`up` refuses to change this)"),
        None => line,
    }
}

fn text(document: &Value, paint: Paint) -> String {
    let mut lines = Vec::new();
    if let Some(url) = document["api_url"].as_str() {
        lines.push(format!("{url}/\n"));
        if document["public"] == true {
            lines.push(format!("{}\n", outputs::PUBLIC));
        }
    }
    if let Some(url) = document["site_url"].as_str() {
        lines.push(format!("{url}/    the site\n"));
    }
    let records = domain::text(document);
    if !records.is_empty() {
        lines.push(format!("{}\n", records.trim_start()));
    }
    for function in document["functions"].as_object().into_iter().flat_map(|all| all.values()) {
        if function["is_newest_code"] == false {
            let told = |member: &str| function[member].as_str().unwrap_or_default();
            lines.push(format!(
                "{}: version {} is live, and newer code was uploaded: `stackctl rollback --list` shows the versions, and `stackctl deploy` ships what is in this folder\n",
                told("name"),
                told("version")
            ));
        }
    }
    for resource in document["resources"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let told = |member: &str| resource[member].as_str().unwrap_or_default().to_owned();
        let state = match told("state").as_str() {
            "ok" => paint.green("ok"),
            "absent" => paint.red("absent"),
            "surplus" => {
                paint.yellow("surplus: `stack.toml` says it no longer, and `up` deletes it")
            }
            "foreign" => paint.yellow(&match resource["owner"].as_str() {
                Some(owner) => format!("exists, but belongs to the stack {owner}"),
                None => "exists, but does not belong to this stack".to_owned(),
            }),
            other => paint.yellow(other),
        };
        lines.push(format!("{:12} {:44} {state}", told("resource"), told("name")));
        // `up` changes nothing of what is not ours.
        let is_ours = resource["state"] != "foreign";
        let drift = resource["drift"].as_array().filter(|_| is_ours);
        let drift = drift.map(Vec::as_slice).unwrap_or_default();
        lines.extend(
            drift.iter().filter_map(Value::as_str).map(|line| format!("  `up` changes {line}")),
        );
    }
    lines.push(String::new());
    for (name, value) in document.as_object().into_iter().flatten() {
        if let Some(value) = value.as_str() {
            lines.push(format!("{name:16} {value}"));
        }
    }
    lines.join("\n")
}
