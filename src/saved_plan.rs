//! A plan as a file: `plan --out` saves it with all that it rests on, and `up --plan` carries out no other.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::blueprint::{Blueprint, Blueprints};
use crate::cloud::Cloud;
use crate::config::Config;
use crate::files;
use crate::stack::Stack;
use crate::ui;
use engine::error::{Doing, Error, Kind, Result};
use engine::{Events, Graph, Id, Plan, read};
use package::Digest;

/// What was planned, where, and from what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPlan {
    /// The version of the program that planned.
    stackctl: String,
    stack: String,
    stage: String,
    account: String,
    region: String,
    /// Whether resources without our tags are taken over.
    pub adopt: bool,
    /// SHA-256 of what `stack.toml` and the handler ask for: a creation does not list its properties.
    wanted: String,
    /// Lambda's `CodeSha256` of the zip of each function.
    code: String,
    /// The version of each secret: a creation does not list which it pins.
    #[serde(default)]
    secrets: String,
    /// The steps, as `plan --output json` prints them.
    changes: Vec<Value>,
}

/// What a plan rests on.
pub struct Basis<'a> {
    pub stack: &'a Stack,
    pub config: &'a Config,
    pub blueprints: &'a Blueprints,
    pub cloud: &'a Cloud,
}

impl Basis<'_> {
    /// `plan` as it can be saved, with what goes after it. Waits for the code, if that is still being built.
    pub async fn saved(
        &self,
        (plan, going): (&Plan, &[Value]),
        adopt: bool,
        events: &Events,
    ) -> Result<SavedPlan> {
        let Self { stack, config, blueprints, cloud } = self;
        let identity = cloud.known_identity();
        let codes = stack.functions.values().map(|parts| parts.code);
        let ids: Vec<Id> = codes.clone().map(|code| code.id).collect();
        let reading = read(&stack.graph, &ids, events).await?;
        let codes = codes.filter_map(|code| reading.find(code)).map(|code| code.sha256.base64());
        let secrets = stack.secrets.iter();
        let secrets = secrets.filter_map(|(key, secret)| Some((key, plan.find(*secret)?)));
        let versions = secrets.map(|(key, live)| format!("{key} version {}", live.version));
        Ok(SavedPlan {
            stackctl: env!("CARGO_PKG_VERSION").to_owned(),
            stack: config.name.clone(),
            stage: config.stage.clone(),
            account: identity.account.clone(),
            region: identity.region.clone(),
            adopt,
            wanted: wanted(config, blueprints),
            code: codes.collect::<Vec<_>>().join(" "),
            secrets: versions.collect::<Vec<_>>().join(", "),
            changes: changes(&stack.graph, plan).into_iter().chain(going.to_vec()).collect(),
        })
    }

    /// Refuses unless `plan` is the very one that was `saved` in the file at `path`.
    pub async fn check(
        &self,
        (saved, path): (&SavedPlan, &Path),
        plan: (&Plan, &[Value]),
        events: &Events,
    ) -> Result<()> {
        let differences = saved.differences(&self.saved(plan, saved.adopt, events).await?);
        if differences.is_empty() {
            return Ok(());
        }
        let path = path.display();
        let message = format!("the plan in `{path}` is out of date: nothing was changed");
        Err(Error::new(Kind::Findings, message)
            .cause(differences.join("\n    "))
            .hint(format!("create it again with `stackctl plan --out {path}`")))
    }
}

impl SavedPlan {
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            machine::read_text(path).doing(format!("read the plan in `{}`", path.display()))?;
        serde_json::from_str(&text).map_err(|error| {
            Error::usage(format!("`{}` is not a saved plan", path.display()))
                .cause(error)
                .hint("save one with `stackctl plan --out FILE`")
        })
    }

    /// `consent` is to replace a file that is no plan.
    pub fn write(&self, path: &Path, consent: bool) -> Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(|error| {
            Error::failed(format!("write the plan to `{}`", path.display())).cause(error)
        })?;
        files::replace_ours(path, (text + "\n").as_bytes(), consent)
    }

    /// Where `now` is another plan, one line a place.
    fn differences(&self, now: &Self) -> Vec<String> {
        let told = [
            ("stackctl", &self.stackctl, &now.stackctl),
            ("stack", &self.stack, &now.stack),
            ("stage", &self.stage, &now.stage),
            ("account", &self.account, &now.account),
            ("region", &self.region, &now.region),
            ("code", &self.code, &now.code),
            ("secrets", &self.secrets, &now.secrets),
        ];
        let told = told.into_iter().filter(|(_, planned, now)| planned != now);
        let mut lines: Vec<String> =
            told.map(|(what, planned, now)| line(what, planned, now)).collect();
        if self.wanted != now.wanted {
            lines.push("`stack.toml` or the handler has changed".to_owned());
        }
        let steps: BTreeSet<String> = self.changes.iter().chain(&now.changes).map(label).collect();
        for step in steps {
            let (planned, now) = (action(&self.changes, &step), action(&now.changes, &step));
            if planned != now {
                lines.push(line(&step, &planned, &now));
            }
        }
        lines
    }
}

/// Refuses to write a plan over something else.
pub fn check_place(path: &Path) -> Result<()> {
    if !path.exists() || SavedPlan::read(path).is_ok() {
        return Ok(());
    }
    Err(Error::usage(format!("`{}` already exists and is not a saved plan", path.display()))
        .hint("name a file that does not exist yet"))
}

fn line(what: &str, planned: &str, now: &str) -> String {
    format!("{what}: planned {planned}, now {now}")
}

fn wanted(config: &Config, blueprints: &Blueprints) -> String {
    // What the file says of the stack; its name and stage are members of the plan.
    let Config {
        tables,
        functions,
        site,
        domain,
        about: _,
        cors,
        auth,
        opens: _,
        tags,
        root: _,
        name: _,
        stage: _,
        region: _,
        account: _,
        names: _,
    } = config;
    let asked: Vec<String> = blueprints.values().map(asked).collect();
    let text = format!(
        "{tables:?} {functions:?} {site:?} {domain:?} {cors:?} {auth:?} {tags:?} {asked:?}"
    );
    Digest::of(text.as_bytes()).hex()
}

/// What the code of a function asks for.
fn asked(blueprint: &Blueprint) -> String {
    let Blueprint { form: _, manifest, rights, knows_users: _ } = blueprint;
    let routes = manifest.routes.iter().map(|route| (&route.method, &route.path, route.public));
    let routes: BTreeSet<_> = routes.collect();
    let grants: Vec<_> = rights.grants.iter().map(|grant| (&grant.on, &grant.actions)).collect();
    format!("{grants:?} {routes:?}")
}

/// The steps in the cloud: of the code its digest is compared, wherever it lies.
fn changes(graph: &Graph, plan: &Plan) -> Vec<Value> {
    ui::plan::steps(graph, plan).into_iter().filter(|step| step["resource"] != "code").collect()
}

fn label(step: &Value) -> String {
    let told = |member: &str| step[member].as_str().unwrap_or_default();
    format!("{} {}", told("resource"), told("name"))
}

/// What is to be done with one resource: `update (memory: 512 → 256)`.
fn action(steps: &[Value], wanted: &str) -> String {
    let Some(step) = steps.iter().find(|step| label(step) == wanted) else {
        return "nothing".to_owned();
    };
    let action = step["action"].as_str().unwrap_or_default().to_owned();
    let differences = step["differences"].as_array().map(Vec::as_slice).unwrap_or_default();
    let told: Vec<String> = differences
        .iter()
        .map(|one| {
            let told = |member: &str| one[member].as_str().unwrap_or_default();
            format!("{}: {} → {}", told("property"), told("now"), told("wanted"))
        })
        .collect();
    if told.is_empty() { action } else { format!("{action} ({})", told.join(", ")) }
}
