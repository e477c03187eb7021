//! Plans that would let a role do more than it may now: they are said to do so, and asked about.

use super::App;
use crate::ui::Question;
use engine::error::{Error, Kind, Result};
use engine::{Action, Graph, Plan};
use iam::change;

/// The rights that the role would gain, one a line. A first create is no widening: nothing was there to be wider than.
pub fn of(graph: &Graph, plan: &Plan) -> Vec<String> {
    documents(graph, plan).iter().flat_map(|(now, wanted)| change::gains(now, wanted)).collect()
}

/// The rights that the role would lose.
pub fn losses(graph: &Graph, plan: &Plan) -> Vec<String> {
    documents(graph, plan).iter().flat_map(|(now, wanted)| change::gains(wanted, now)).collect()
}

/// Asks, unless `--yes` has answered already.
pub async fn confirm(verb: &str, app: &App, gained: &[String]) -> Result<()> {
    if gained.is_empty() {
        return Ok(());
    }
    let effect = text(gained);
    if app.globals.yes {
        app.ui.say(&effect);
        return Ok(());
    }
    let prompt = "Widen what the role may do? (yes/no)";
    let question = Question { verb, effect: &effect, prompt, instead: "pass `--yes` to agree" };
    agreed(app, &question).await
}

/// Asks a question that only `yes` or `y` agrees to.
pub async fn agreed(app: &App, question: &Question<'_>) -> Result<()> {
    match app.ask(question).await?.as_str() {
        "yes" | "y" => Ok(()),
        _ => Err(Error::new(Kind::Interrupted, "stopped: nothing was changed")),
    }
}

/// What is said of a plan.
pub fn text(gained: &[String]) -> String {
    let lines: Vec<String> = gained.iter().map(|right| format!("  + {right}")).collect();
    format!("this widens what the role may do:\n{}", lines.join("\n"))
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
