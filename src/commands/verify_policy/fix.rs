//! `verify-policy --fix`: the policies of the stack become what `up` writes, and are judged again.
//!
//! They are made from what the handler declares, so the fix is `up` for the policies, their attachments, the role and the
//! permission alone. Denials and boundaries are never answered with an Allow, and what others own is only taken off the
//! role, not changed.

use super::{App, Case};
use crate::blueprint::Blueprints;
use crate::commands::sources::built;
use crate::commands::widening::{self, Asked};
use crate::stack::Stack;
use crate::ui::Question;
use engine::error::{Error, Result};
use engine::{Action, Id, Ownership, Plan, execute, finish, plan_up, read};

/// The kinds of resources that decide what a role may do, and who may invoke its function.
const POLICIES: [&str; 4] = ["role", "policy", "permissions", "permission"];

/// Whether anything was changed.
pub async fn run(app: &App, case: &Case) -> Result<bool> {
    let Some(handler) = &case.handler else {
        return Err(
            Error::usage("a snapshot cannot be fixed").hint("use `--live --fix` in the project")
        );
    };
    let config = case.config(app)?.alone();
    let cloud = app.cloud(&config).await?;
    let blueprints = Blueprints::from([(config.about.clone(), handler.blueprint.clone())]);
    let stack = Stack::wanted(&cloud, &config, &blueprints, built);
    let fixed: Vec<Id> = stack
        .in_the_cloud()
        .into_iter()
        .filter(|id| POLICIES.contains(&stack.graph.label(*id).kind.as_str()))
        .collect();
    let looked_at = stack.in_the_cloud();
    let reading = app.ui.watch(stack.graph.labels(), async |events| {
        app.unless_stopped(cloud.confirmed(read(&stack.graph, &looked_at, events))).await
    });
    let reading = reading.await?;
    let plan = plan_up(&stack.graph, &fixed, &reading, Ownership::Respect)?;
    if plan.changes_nothing() {
        app.ui.say("nothing to fix: the stack's policies are as the handler declares");
        return Ok(false);
    }
    app.ui.say(&effect(&stack, &plan));
    let verb = "`verify-policy --fix`";
    let gains = widening::of(&stack.graph, &plan);
    Asked { gains, ..Asked::default() }.confirm(verb, app).await?;
    if !app.globals.yes {
        let prompt = "Write these policies? (yes/no)";
        let question = Question { verb, effect: "", prompt, instead: "pass `--yes` to agree" };
        widening::agreed(app, &question).await?;
    }
    let work = app.ui.watch(stack.graph.labels(), async |events| {
        let outcome = execute(&stack.graph, plan.clone(), events, &app.stop).await.into_result()?;
        finish(&stack.graph, &outcome, events).await
    });
    work.await?;
    Ok(true)
}

/// The change as texts, and what the role loses and gains by it.
fn effect(stack: &Stack, plan: &Plan) -> String {
    let mut lines = Vec::new();
    for step in &plan.steps {
        let Action::Update(differences) = &step.action else {
            if step.action != Action::Keep {
                lines.push(format!("{} {}", step.action.word(), stack.graph.label(step.id)));
            }
            continue;
        };
        for difference in differences {
            lines.push(format!("{}: {}", stack.graph.label(step.id), difference.property));
            lines.push(format!("  - {}", difference.now));
            lines.push(format!("  + {}", difference.wanted));
        }
    }
    let lost = widening::losses(&stack.graph, plan);
    lines.extend(lost.iter().map(|right| format!("loses {right}")));
    lines.join("\n")
}
