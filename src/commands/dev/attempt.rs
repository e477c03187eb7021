//! One `up` of the project as it lies there, from a quick build, on the local cloud alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ours::Ours;
use crate::blueprint::{self, Form};
use crate::cloud::Cloud;
use crate::commands::retiring::{self, Consent};
use crate::commands::ship::{self, Questions, Ship, live, live_api};
use crate::commands::{App, deploy, outputs, sources, widening};
use crate::config::Config;
use crate::env_file::SignIn;
use crate::proof::{NO_MORE, Proof};
use crate::resources::{LiveApi, Source};
use crate::stack::{self, Stack};
use engine::error::{Error, Result};
use engine::{Action, Events, Id, Label, Outcome, Ownership, Phases, Progress};
use package::{self, Artifact, Recipe};

/// The project as it is now, and where it goes.
pub struct Attempt {
    pub config: Config,
    pub cloud: Cloud,
    stack: Stack,
    /// The build of each function.
    recipes: Vec<Recipe>,
    questions: Questions,
    /// Why the declarations of the handler cannot be read, if they cannot.
    undeclared: Option<Error>,
}

/// What answers now.
pub struct Done {
    /// Absent when no function takes requests.
    pub api: Option<LiveApi>,
    /// Where users sign in, when the API has some.
    pub sign_in: Option<SignIn>,
    pub version: String,
    /// Whether another version answered before, or none.
    pub is_new: bool,
    pub form: Form,
    /// What was changed besides the code.
    pub changed: Vec<String>,
    /// What the role may do now and could not before.
    pub gained: Vec<String>,
    pub phases: Phases,
    /// The outputs and the changes, as `up` prints them.
    pub document: Value,
    pub artifacts: Vec<Artifact>,
}

impl Attempt {
    pub async fn new(app: &App) -> Result<Self> {
        let mut config = app.config()?;
        // The bundler's own server stands for the site, and shows a save at once.
        config.site = None;
        let cloud = app.cloud(&config).await?;
        let recipes: Result<Vec<_>> =
            config.each_function().map(|one| sources::for_dev(&cloud, &one)).collect();
        let recipes = recipes?;
        let by_key: BTreeMap<_, _> =
            recipes.iter().map(|recipe| (recipe.function.clone(), recipe.clone())).collect();
        let source = |config: &Config| Source::Build(by_key[&config.function().key].clone());
        let (blueprints, undeclared) = match app.blueprints_if_readable(&config).await? {
            Ok(blueprints) => (Some(blueprints), None),
            Err(error) => (None, Some(error)),
        };
        let (stack, questions) = match &blueprints {
            Some(blueprints) => {
                stack::check(&config, blueprints)?;
                let stack = Stack::wanted(&cloud, &config, blueprints, source);
                (stack, blueprint::questions(&config, blueprints))
            }
            None => (Stack::located(&cloud, &config, source), Questions::new()),
        };
        Ok(Self { config, cloud, stack, recipes, questions, undeclared })
    }

    /// A line for each resource, and one for the proof.
    pub fn labels(&self) -> Vec<Label> {
        ship::labels(&self.stack)
    }

    /// Builds, changes whatever differs, and waits until it answers.
    pub async fn carry_out(&self, app: &App, ours: &Ours, events: &Events) -> Result<Done> {
        if let Some(error) = &self.undeclared {
            // The compiler says better than we what is wrong with a source that is no Rust.
            for recipe in &self.recipes {
                let progress = Progress::new(self.stack.main().code.id, events);
                let building = Box::pin(package::build(recipe, &progress));
                app.unless_stopped(building).await?;
            }
            return Err(error.clone());
        }
        let (stack, cloud, config) = (&self.stack, &self.cloud, &self.config);
        let survey = retiring::surveyed(stack, cloud, config, Ownership::Respect, events);
        let (plan, mut retiring) = app.unless_stopped(Box::pin(survey)).await?;
        let gained = widening::of(&self.stack.graph, &plan);
        let _asking = ours.begin();
        let questions = &self.questions;
        let ship = Ship { stack, cloud, config, questions, further: NO_MORE, events };
        let (outcome, proofs) = ship.carry_out(plan, &app.stop).await?;
        if !*app.stop.borrow() {
            let progress = Progress::new(Id::after(&stack.graph), events);
            // `dev` asks no questions while a file is edited: it keeps a queue that has messages.
            let to = (events, &progress);
            retiring.carry_out(cloud, Consent::No, to, &app.stop).await?;
        }
        self.done(&outcome, proofs.get(&config.about), gained).await
    }

    async fn done(
        &self,
        outcome: &Outcome,
        proof: Option<&Proof>,
        gained: Vec<String>,
    ) -> Result<Done> {
        let stack = &self.stack;
        let (api, release) = (live_api(stack, outcome)?, live(stack, outcome)?);
        let pool = stack.http.and_then(|http| http.users).and_then(|users| outcome.find(users));
        let sign_in = outputs::sign_in(&self.config, &self.cloud, pool);
        let identity = self.cloud.identity().await?;
        let found = outputs::found(stack, outcome);
        let mut document = outputs::document(&self.config, &identity, api, &found);
        document["changes"] = outputs::changes(stack, &outcome.changes).into();
        let phases = deploy::phases(outcome.find(stack.main().code), Some(release), proof);
        document["phases"] = outputs::phases(&phases);
        let artifacts = stack.artifacts(outcome);
        document["build"] = json!(sources::document(&artifacts));
        let releases: Vec<Id> = stack.functions.values().map(|parts| parts.release.id).collect();
        let changed = outcome.changes.iter().filter(|(_, action)| *action != Action::Keep);
        Ok(Done {
            api: api.cloned(),
            sign_in,
            version: release.version.clone(),
            form: self.questions.get(&self.config.about).map_or(Form::default(), |one| one.form),
            is_new: changed.clone().any(|(id, _)| releases.contains(id)),
            changed: changed
                .filter(|(id, _)| !stack.is_code(*id) && !releases.contains(id))
                .map(|(id, _)| stack.graph.label(*id).to_string())
                .collect(),
            gained,
            phases,
            document,
            artifacts: artifacts.into_iter().cloned().collect(),
        })
    }
}
