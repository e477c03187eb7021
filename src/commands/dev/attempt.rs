//! One `up` of the project as it lies there, from code that is quick to link, on the local cloud alone.

use serde_json::Value;

use super::ours::Ours;
use crate::blueprint::Blueprint;
use crate::cloud::Cloud;
use crate::commands::ship::{self, Ship, live};
use crate::commands::{App, deploy, outputs, recipe, up, widening};
use crate::config::Config;
use crate::proof::{NO_MORE, Proof};
use crate::resources::{LiveApi, Source};
use crate::stack::{self, Stack};
use engine::error::{Error, Result};
use engine::{Action, Events, Label, Outcome, Ownership, Phases, Progress};
use package::{self, Profile, Recipe};

/// The project as it is now, and where it goes.
pub struct Attempt {
    pub config: Config,
    pub cloud: Cloud,
    stack: Stack,
    recipe: Recipe,
    /// Why the declarations of the handler cannot be read, if they cannot.
    undeclared: Option<Error>,
}

/// What answers now.
pub struct Done {
    pub api: LiveApi,
    pub version: String,
    /// Whether another version answered before, or none.
    pub is_new: bool,
    /// What was changed besides the code.
    pub changed: Vec<String>,
    /// What the role may do now and could not before.
    pub gained: Vec<String>,
    pub phases: Phases,
    /// The outputs and the changes, as `up` prints them.
    pub document: Value,
}

impl Attempt {
    pub async fn new(app: &App) -> Result<Self> {
        let config = app.config()?;
        let cloud = app.cloud(&config).await?;
        let recipe = quick(&cloud, &config)?;
        let (declared, undeclared) = match Blueprint::read(&config) {
            Ok(declared) => (declared, None),
            Err(error) => (Blueprint::default(), Some(error)),
        };
        stack::check(&config, &declared)?;
        let stack = Stack::new(&cloud, &config, &declared, Source::Build(recipe.clone()));
        Ok(Self { config, cloud, stack, recipe, undeclared })
    }

    /// A line for each resource, and one for the proof.
    pub fn labels(&self) -> Vec<Label> {
        ship::labels(&self.stack)
    }

    /// Builds, changes whatever differs, and waits until it answers.
    pub async fn carry_out(&self, app: &App, ours: &Ours, events: &Events) -> Result<Done> {
        if let Some(error) = &self.undeclared {
            // The compiler says better than we what is wrong with a source that is no Rust.
            let progress = Progress::new(self.stack.code.id, events);
            let building = Box::pin(package::build(&self.recipe, &progress));
            app.unless_stopped(building).await?;
            return Err(error.clone());
        }
        let planned = up::planned(&self.stack, &self.cloud, Ownership::Respect, events);
        let plan = app.unless_stopped(planned).await?;
        let gained = widening::of(&self.stack.graph, &plan);
        let _asking = ours.begin();
        let Self { stack, cloud, config, .. } = self;
        let question = deploy::question(config);
        let ship = Ship { stack, cloud, config, question, further: NO_MORE, events };
        let (outcome, proof) = ship.carry_out(plan, &app.stop).await?;
        self.done(&outcome, proof.as_ref(), gained).await
    }

    async fn done(
        &self,
        outcome: &Outcome,
        proof: Option<&Proof>,
        gained: Vec<String>,
    ) -> Result<Done> {
        let stack = &self.stack;
        let (api, release) = live(stack, outcome)?;
        let identity = self.cloud.identity().await?;
        let function = outcome.find(stack.function);
        let mut document =
            outputs::document(&self.config, &identity, Some(api), function, Some(release));
        document["changes"] = outputs::changes(stack, &outcome.changes);
        let phases = deploy::phases(outcome.find(stack.code), Some(release), proof);
        document["phases"] = outputs::phases(&phases);
        let of_the_code = [stack.code.id, stack.release.id];
        let changed = outcome.changes.iter().filter(|(_, action)| *action != Action::Keep);
        Ok(Done {
            api: api.clone(),
            version: release.version.clone(),
            is_new: changed.clone().any(|(id, _)| *id == stack.release.id),
            changed: changed
                .filter(|(id, _)| !of_the_code.contains(id))
                .map(|(id, _)| stack.graph.label(*id).to_string())
                .collect(),
            gained,
            phases,
            document,
        })
    }
}

/// What is quick to link is not what users shall meet: it goes nowhere but to this machine.
fn quick(cloud: &Cloud, config: &Config) -> Result<Recipe> {
    match cloud.loopback() {
        Some(_) => Ok(Recipe { profile: Profile::Watch, ..recipe(config) }),
        None => Err(Error::usage("`dev` works on the local cloud alone")
            .hint("`stackctl deploy` ships the handler as users shall meet it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::Replay;
    use crate::config::tests::config;

    #[test]
    fn what_is_quick_to_link_never_leaves_this_machine() {
        let config = config("name = \"app\"").expect("valid");
        let aws = Replay::new([]).cloud();
        assert!(aws.loopback().is_none());
        assert_eq!(quick(&aws, &config).expect_err("refused").kind, engine::error::Kind::Usage);
    }
}
