//! A plan as a text like a diff, and as JSON.

use serde_json::{Value, json};

use super::{Paint, on_one_line};
use engine::{Action, Difference, Graph, Id, Plan, Step};
use iam::change;

/// One line a step that does something, its differences below it, and what goes after the steps; then the count.
pub fn text(graph: &Graph, plan: &Plan, going: &[(String, String)], paint: Paint) -> String {
    let mut lines = Vec::new();
    for step in &plan.steps {
        let label = graph.label(step.id);
        match &step.action {
            Action::Keep => {}
            Action::Create => lines.push(paint.green(&format!("+ {label}"))),
            Action::Delete => lines.push(paint.red(&format!("- {label}"))),
            Action::Recheck => lines.push(format!(
                "? {label} {}",
                paint.dim("(depends on a change above; checked again during `up`)")
            )),
            Action::Update(differences) => {
                lines.push(paint.yellow(&format!("~ {label}")));
                lines.extend(differences.iter().map(|one| format!("    {}", line(one))));
            }
        }
    }
    lines.extend(left(graph, plan).iter().map(|left| format!("= {left}")));
    lines.extend(going.iter().map(|(kind, name)| paint.red(&format!("- {kind} {name}"))));
    lines.push(summary(graph, plan, going.len()));
    lines.join("\n")
}

/// One difference on one line: of a policy, the rights.
pub fn line(difference: &Difference) -> String {
    let line = match difference.property.as_str() {
        "document" => format!("document: {}", change::words(&difference.now, &difference.wanted)),
        _ => difference.to_string(),
    };
    let line = if difference.exposes { format!("SECURITY {line}") } else { line };
    on_one_line(&line).into_owned()
}

/// What differs and is left as it is, one a line.
pub fn left(graph: &Graph, plan: &Plan) -> Vec<String> {
    let told = |(id, one): &(Id, Difference)| {
        let why = one.left.as_deref().unwrap_or_default();
        format!("{} has {}, which is left: {why}", graph.label(*id), left_line(one))
    };
    plan.left.iter().map(told).collect()
}

fn left_line(one: &Difference) -> String {
    on_one_line(&format!("{} ({})", one.property, one.now)).into_owned()
}

/// `3 to create, 1 to change`, or `no changes`. Code is on this machine: it is not counted, as in the result of `up`.
fn summary(graph: &Graph, plan: &Plan, going: usize) -> String {
    let steps = || plan.steps.iter().filter(|step| graph.label(step.id).kind != "code");
    let count = |wanted: fn(&Action) -> bool| steps().filter(|step| wanted(&step.action)).count();
    let counts = [
        (count(|action| matches!(action, Action::Create)), "to create"),
        (count(|action| matches!(action, Action::Update(_))), "to change"),
        (count(|action| matches!(action, Action::Recheck)), "to check again"),
        (count(|action| matches!(action, Action::Delete)) + going, "to delete"),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if told.is_empty() { "no changes".to_owned() } else { told.join(", ") }
}

/// `[{"resource", "name", "action", "differences": [{"property", "now", "wanted"}]}]`, every step.
pub fn steps(graph: &Graph, plan: &Plan) -> Vec<Value> {
    plan.steps.iter().map(|step| step_document(graph, step)).collect()
}

fn step_document(graph: &Graph, step: &Step) -> Value {
    let differences: Vec<Value> = match &step.action {
        Action::Update(differences) => differences
            .iter()
            .map(|one| json!({"property": one.property, "now": one.now, "wanted": one.wanted}))
            .collect(),
        _ => Vec::new(),
    };
    let label = graph.label(step.id);
    json!({"resource": label.kind, "name": label.name, "action": step.action.word(), "differences": differences})
}
