//! Plans by which the role could do more or less than now, or a protection goes: they say so, and the user is asked.

use super::App;
use crate::ui::Question;
use engine::error::{Error, Kind, Result};
use engine::{Action, Difference, Graph, Plan, Step};
use iam::change;

/// The kind of the resource that holds what is attached to the role.
const ATTACHED: &str = "permissions";

/// What the user is asked about before it is done. A first create is none of it: nothing was there to be wider than.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The rights that the role would gain, one a line.
    pub gains: Vec<String>,
    /// The rights that the role would lose, the protections that would go, and the messages of queues.
    pub losses: Vec<String>,
    /// What others attached to the role, and would be removed.
    pub foreign: Vec<String>,
}

impl Asked {
    pub fn of(graph: &Graph, plan: &Plan) -> Self {
        let is_attached = |step: &&Step| graph.label(step.id).kind == ATTACHED;
        let others = plan.steps.iter().filter(|step| !is_attached(step));
        let going = others.flat_map(|step| {
            let label = graph.label(step.id);
            losing(step).map(move |one| format!("{label}: {one}"))
        });
        let attached = plan.steps.iter().filter(is_attached);
        Self {
            gains: of(graph, plan),
            losses: losses(graph, plan).into_iter().chain(going).collect(),
            foreign: attached.flat_map(losing).map(|one| one.property.clone()).collect(),
        }
    }

    /// The same with more that would go.
    #[must_use]
    pub fn losing(mut self, more: Vec<String>) -> Self {
        self.losses.extend(more);
        self
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is said of it.
    pub fn text(&self) -> String {
        let part = |title: &str, sign: char, lines: &[String]| {
            let lines: Vec<String> = lines.iter().map(|line| format!("  {sign} {line}")).collect();
            (!lines.is_empty()).then(|| format!("{title}:\n{}", lines.join("\n")))
        };
        let parts = [
            part("this widens what the role may do", '+', &self.gains),
            part("this removes", '-', &self.losses),
            part("others attached to the role", '-', &self.foreign),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    /// Asks, unless `--yes` has answered already. `false`: what others attached shall stay.
    pub async fn confirm(&self, verb: &str, app: &App) -> Result<bool> {
        if self.is_empty() {
            return Ok(true);
        }
        let (effect, instead) = (self.text(), "pass `--yes` to agree");
        if app.globals.yes {
            app.ui.say(&effect);
            return Ok(true);
        }
        let prompt = match (self.gains.is_empty(), self.losses.is_empty()) {
            (true, true) => None,
            (false, true) => Some("Widen what the role may do? (yes/no)"),
            (true, false) => Some("Remove it? (yes/no)"),
            (false, false) => Some("Change what the role may do? (yes/no)"),
        };
        if let Some(prompt) = prompt {
            agreed(app, &Question { verb, effect: &effect, prompt, instead }).await?;
        }
        if self.foreign.is_empty() {
            return Ok(true);
        }
        let effect = if prompt.is_some() { "" } else { &effect };
        let prompt = "Detach policies that others attached? `no` keeps them; you are asked only once. (yes/no)";
        is_agreed(app, &Question { verb, effect, prompt, instead }).await
    }
}

/// The rights that the role would gain, one a line.
pub fn of(graph: &Graph, plan: &Plan) -> Vec<String> {
    documents(graph, plan).iter().flat_map(|(now, wanted)| change::gains(now, wanted)).collect()
}

/// The rights that the role would lose.
pub fn losses(graph: &Graph, plan: &Plan) -> Vec<String> {
    documents(graph, plan).iter().flat_map(|(now, wanted)| change::gains(wanted, now)).collect()
}

/// Asks a question that only `yes` or `y` agrees to.
pub async fn agreed(app: &App, question: &Question<'_>) -> Result<()> {
    match is_agreed(app, question).await? {
        true => Ok(()),
        false => Err(Error::new(Kind::Interrupted, "stopped: nothing was changed")),
    }
}

async fn is_agreed(app: &App, question: &Question<'_>) -> Result<bool> {
    Ok(["yes", "y"].contains(&app.ask(question).await?.as_str()))
}

/// The differences of a step by which a right or a protection goes.
fn losing(step: &Step) -> impl Iterator<Item = &Difference> {
    let differences = match &step.action {
        Action::Update(differences) => differences.as_slice(),
        _ => &[],
    };
    differences.iter().filter(|one| one.loses)
}

/// The policies that change: the text now and the text wanted.
fn documents(graph: &Graph, plan: &Plan) -> Vec<(String, String)> {
    let policies = plan.steps.iter().filter(|step| graph.label(step.id).kind == "policy");
    let differences = policies.flat_map(|step| match &step.action {
        Action::Update(differences) => differences.as_slice(),
        _ => &[],
    });
    differences
        .filter(|one| one.property == "document")
        .map(|one| (one.now.clone(), one.wanted.clone()))
        .collect()
}
