//! `verify-policy --explain`: who needs an action, and which statement grants it.

use serde_json::{Value, json};

use super::{App, Case};
use crate::ui::Paint;
use engine::error::{Error, Kind, Result};
use iam::eval::{Answer, Decision};
use verify::catalogue::Catalogue;
use verify::check::{self, Need};
use verify::operations::Operation;

/// One action in the eyes of the code and of the role.
struct Explained {
    action: String,
    resource: String,
    needs: Vec<Need>,
    declared: Vec<String>,
    called: Vec<String>,
    routes: Vec<String>,
    answer: Answer,
}

/// Fails when what the code needs and what the role may do differ.
pub fn run(case: &Case, action: &str, app: &App) -> Result<()> {
    let explained = explain(case, &full_name(action)?);
    app.ui.result(|| explained.text(app.ui.paint), || explained.document())?;
    match (explained.needs.is_empty(), explained.answer.decision) {
        (_, Decision::Unproven) => {
            Err(Error::environment("whether it is granted cannot be decided"))
        }
        (true, Decision::Allowed) => {
            Err(Error::new(Kind::Findings, "it is granted, and nothing needs it"))
        }
        (false, Decision::ImplicitDeny | Decision::ExplicitDeny) => {
            Err(Error::new(Kind::Findings, "it is needed, and not granted"))
        }
        _ => Ok(()),
    }
}

/// `GetItem` is `dynamodb:GetItem`; a name that nobody knows is an error, with the nearest one.
pub fn full_name(action: &str) -> Result<String> {
    let action =
        if action.contains(':') { action.to_owned() } else { format!("dynamodb:{action}") };
    if !action.to_ascii_lowercase().starts_with("dynamodb:") {
        return Ok(action);
    }
    if let Some((name, _)) = Catalogue::dynamodb().find(&action) {
        return Ok(format!("dynamodb:{name}"));
    }
    let error = Error::usage(format!("`{action}` is no action of DynamoDB"));
    Err(match Catalogue::dynamodb().nearest(&action) {
        Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
        None => error,
    })
}

fn explain(case: &Case, action: &str) -> Explained {
    let needs = check::needed(&case.snapshot, &case.evidence).required;
    let needs: Vec<Need> = needs.into_iter().filter(|need| need.action == action).collect();
    let resource =
        needs.first().map_or_else(|| case.snapshot.stack.table_arn.clone(), Need::witness);
    let asks = |operation: &str| {
        let actions = Operation::named(operation).map(Operation::possible_actions);
        actions.unwrap_or_default().iter().any(|name| action == format!("dynamodb:{name}"))
    };
    let mut explained = Explained {
        answer: check::explain(&case.snapshot, action, &resource),
        action: action.to_owned(),
        resource,
        needs,
        declared: Vec::new(),
        called: Vec::new(),
        routes: Vec::new(),
    };
    if let Some(handler) = &case.handler {
        let declared = handler.manifest.operations.iter().filter(|one| asks(one.operation));
        explained.declared = declared
            .map(|one| format!("{}  {}: {}", one.site, one.method, one.operation))
            .collect();
        let routes = handler.manifest.routes.iter();
        let routes = routes.filter(|route| route.operations.iter().any(|one| asks(one)));
        explained.routes = routes.map(|route| format!("{} {}", route.method, route.path)).collect();
    }
    let calls = case.evidence.source.iter().flat_map(|audit| &audit.calls);
    let calls = calls.filter(|found| asks(&found.call.operation));
    explained.called = calls.map(|found| found.site.to_string()).collect();
    explained
}

impl Explained {
    fn text(&self, paint: Paint) -> String {
        let needed = if self.needs.is_empty() { "not needed" } else { "needed" };
        let decision = match self.answer.decision {
            Decision::Allowed => "granted",
            Decision::ImplicitDeny => "not granted",
            Decision::ExplicitDeny => "denied",
            Decision::Unproven => "in doubt",
        };
        let joint = if (needed == "needed") == (decision == "granted") { "and" } else { "but" };
        let mut lines = vec![format!("{}  {needed} {joint} {decision}", paint.bold(&self.action))];
        let mut list = |name: &str, values: &[String], none: &str| {
            let values = if values.is_empty() { vec![none.to_owned()] } else { values.to_vec() };
            for (place, value) in values.iter().enumerate() {
                let name = if place == 0 { name } else { "" };
                lines.push(format!("  {} {value}", paint.dim(&format!("{name:9}"))));
            }
        };
        list("declared", &self.declared, "nowhere");
        list("called", &self.called, "nowhere that can be seen");
        list("routes", &self.routes, "none");
        let statement = self.answer.statement.as_ref().map(ToString::to_string);
        list("decided", &statement.into_iter().collect::<Vec<_>>(), &self.answer.why);
        list("on", std::slice::from_ref(&self.resource), "");
        lines.join("\n")
    }

    fn document(&self) -> Value {
        json!({
            "action": self.action,
            "resource": self.resource,
            "needed": !self.needs.is_empty(),
            "decision": self.answer.decision,
            "statement": self.answer.statement,
            "why": self.answer.why,
            "declared": self.declared,
            "called": self.called,
            "routes": self.routes,
        })
    }
}
