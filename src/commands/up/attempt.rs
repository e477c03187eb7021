//! From the plan to what was changed. What needs an answer is asked before anything is changed, and planned again.

use serde_json::Value;

use super::Up;
use crate::blueprint;
use crate::commands::dropping::{self, Surplus};
use crate::commands::retiring::{self, Consent, Retiring};
use crate::commands::ship::{self, Ship};
use crate::commands::widening::{self, Asked};
use crate::config::DEFAULT_STAGE;
use crate::proof::NO_MORE;
use crate::saved_plan::Basis;
use crate::ui::{self, Question};
use engine::error::Result;
use engine::{Action, Events, Id, Outcome, Ownership, Plan, Progress};

/// How far one attempt came.
enum Attempt<'a> {
    /// What was changed, and what went after it.
    Done(Outcome, Vec<Value>),
    /// Nothing was changed, because the user is to be asked first.
    Asks(Asks<'a>),
}

/// What the user is asked.
struct Asks<'a> {
    begins_a_stage: bool,
    asked: Asked,
    surplus: Surplus<'a>,
}

impl Asks<'_> {
    fn is_empty(&self) -> bool {
        !self.begins_a_stage && self.asked.is_empty() && self.surplus.is_empty()
    }
}

impl Up<'_> {
    /// Carries out what the user agrees to.
    pub(super) async fn carried_out(&self) -> Result<(Outcome, Vec<Value>)> {
        let labels = ship::labels(self.stack);
        let mut agreed = self.app.globals.yes || self.saved.is_some();
        loop {
            let attempt = async |events: &Events| self.attempt(agreed, events).await;
            match self.app.ui.watch(labels.clone(), attempt).await? {
                Attempt::Done(outcome, gone) => return Ok((outcome, gone)),
                Attempt::Asks(asks) => self.ask(&asks).await?,
            }
            agreed = true;
        }
    }

    async fn attempt<'a>(&'a self, agreed: bool, events: &Events) -> Result<Attempt<'a>> {
        let Self { app, stack, cloud, config, .. } = self;
        let survey = retiring::surveyed(stack, cloud, config, self.ownership(), events);
        let (plan, retiring) = app.unless_stopped(Box::pin(survey)).await?;
        self.check_saved(&plan, &retiring, events).await?;
        let asks = self.asks(&plan, &retiring);
        if !agreed && !asks.is_empty() {
            return Ok(Attempt::Asks(asks));
        }
        let progress = Progress::new(Id::after(&stack.graph), events);
        self.announce(&plan, &retiring, &progress);
        let questions = &blueprint::questions(config, &self.blueprints);
        let ship = Ship { stack, cloud, config, questions, further: NO_MORE, events };
        let (outcome, _) = Box::pin(ship.carry_out(plan, &app.stop)).await?;
        let gone = self.take_away(asks.surplus, retiring, (events, &progress)).await?;
        Ok(Attempt::Done(outcome, gone))
    }

    fn ownership(&self) -> Ownership {
        let adopts = self.args.adopt || self.saved.as_ref().is_some_and(|saved| saved.adopt);
        if adopts { Ownership::Adopt } else { Ownership::Respect }
    }

    /// Refuses a plan that is not the saved one.
    async fn check_saved(&self, plan: &Plan, retiring: &Retiring, events: &Events) -> Result<()> {
        let Self { stack, cloud, config, blueprints, .. } = self;
        let basis = Basis { stack, config, blueprints, cloud };
        match self.saved.as_ref().zip(self.args.plan.as_deref()) {
            Some(saved) => basis.check(saved, (plan, &retiring.document()), events).await,
            None => Ok(()),
        }
    }

    fn asks(&self, plan: &Plan, retiring: &Retiring) -> Asks<'_> {
        let surplus = match self.args.drop_indexes {
            true => dropping::of(self.config, self.stack, plan),
            false => Surplus::new(),
        };
        let asked = Asked::of(&self.stack.graph, plan).losing(retiring.losses());
        Asks { begins_a_stage: self.begins_a_stage(plan), asked, surplus }
    }

    async fn ask(&self, asks: &Asks<'_>) -> Result<()> {
        if asks.begins_a_stage {
            let effect = format!("This creates a new stage: {}.", self.place());
            let (prompt, instead) = ("Create it? (yes/no)", "pass `--yes` to create it");
            let question = Question { verb: "`up`", effect: &effect, prompt, instead };
            widening::agreed(self.app, &question).await?;
        }
        let keeps = !asks.asked.confirm("`up`", self.app).await?;
        self.stack.keep_foreign_rights(keeps);
        dropping::confirm(self.app, &asks.surplus).await
    }

    /// Whether nothing of a stage that was named is there yet: perhaps its name is misspelt.
    fn begins_a_stage(&self, plan: &Plan) -> bool {
        let mut steps = plan.steps.iter().filter(|step| !self.stack.is_code(step.id));
        self.config.stage != DEFAULT_STAGE
            && !self.app.globals.local
            && steps.all(|step| step.action == Action::Create)
    }

    /// Says what is left as it is, and where something is about to change.
    fn announce(&self, plan: &Plan, retiring: &Retiring, progress: &Progress) {
        if !self.args.drop_indexes {
            for left in ui::plan::left(&self.stack.graph, plan) {
                progress.output(format!("note: {left}"));
            }
        }
        if let Some(note) = retiring.note() {
            progress.output(note);
        }
        if !plan.changes_nothing() || !retiring.is_empty() {
            progress.output(format!("changing {}", self.place()));
        }
    }

    /// Takes away what only the version before needed; nothing after Ctrl-C.
    async fn take_away(
        &self,
        surplus: Surplus<'_>,
        mut retiring: Retiring,
        (events, progress): (&Events, &Progress),
    ) -> Result<Vec<Value>> {
        let Self { app, stack, cloud, config, .. } = self;
        if *app.stop.borrow() {
            return Ok(Vec::new());
        }
        dropping::carry_out(cloud, config, stack, &surplus, events).await?;
        let consent = match self.saved {
            _ if app.globals.yes => Consent::Full,
            // Its review saw other messages than there are now.
            Some(_) => Consent::No,
            None => Consent::AsAsked,
        };
        retiring.carry_out(cloud, consent, (events, progress), &app.stop).await
    }

    /// `shop, stage dev, in account 123456789012, eu-north-1`. Only once the account is known.
    fn place(&self) -> String {
        let Self { config, cloud, .. } = self;
        let stage = match config.stage.as_str() {
            DEFAULT_STAGE => String::new(),
            stage => format!(", stage {stage},"),
        };
        let at = if self.app.globals.local {
            "on the local cloud".to_owned()
        } else {
            let identity = cloud.known_identity();
            format!("in account {}, {}", identity.account, identity.region)
        };
        format!("{}{stage} {at}", config.name)
    }
}
