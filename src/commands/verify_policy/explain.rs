//! `verify-policy --explain`: who needs an action, and which statement grants it.

use serde_json::{Value, json};

use super::{App, Case};
use crate::blueprint::Form;
use crate::ui::Paint;
use engine::error::{Error, Kind, Result};
use iam::eval::{Answer, Decision};
use verify::catalogue::Catalogue;
use verify::check::{self, Need};
use verify::operations::Operation;
use verify::rights::Origin;

/// One action in the eyes of the code and of the role.
struct Explained {
    action: String,
    needs: Vec<Need>,
    declared: Vec<String>,
    called: Vec<String>,
    /// Lines of which nobody can tell whether they need it.
    open: Vec<String>,
    /// Absent where the source does not say which route needs what.
    routes: Option<Vec<String>>,
    /// What the role may do, on each resource that needs it; where nothing does, on the tables of the stack.
    answers: Vec<(String, Answer)>,
}

/// Fails when what the code needs and what the role may do differ.
pub fn run(case: &Case, action: &str, app: &App) -> Result<()> {
    let explained = explain(case, &full_name(action)?);
    app.ui.result(|| explained.text(app.ui.paint), || explained.document())?;
    match (explained.needs.is_empty(), explained.decision()) {
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
    let stack = &case.snapshot.stack;
    let resources: Vec<String> = match needs.is_empty() {
        false => needs.iter().map(Need::witness).collect(),
        true if action.starts_with("dynamodb:") => {
            stack.tables().map(|(_, arn)| arn.to_owned()).collect()
        }
        true => vec!["*".to_owned()],
    };
    let answer = |on: String| {
        let answer = check::explain(&case.snapshot, action, &on);
        (on, answer)
    };
    let mut explained = Explained {
        answers: resources.into_iter().map(answer).collect(),
        action: action.to_owned(),
        needs,
        declared: Vec::new(),
        called: Vec::new(),
        open: Vec::new(),
        routes: None,
    };
    explained.seen_in(case);
    explained
}

/// Whether an operation of DynamoDB may need an action.
fn asks(operation: &str, action: &str) -> bool {
    let actions = Operation::named(operation).map(Operation::possible_actions);
    actions.unwrap_or_default().iter().any(|name| action.strip_prefix("dynamodb:") == Some(name))
}

impl Explained {
    /// The lines that need the action, by the declaration, the source and the file.
    fn seen_in(&mut self, case: &Case) {
        let action = &self.action;
        if let Some(handler) = &case.handler {
            let manifest = &handler.manifest;
            let declared = manifest
                .operations
                .iter()
                .filter(|one| asks(one.operation, action))
                .map(|one| format!("{}  {}: {}", one.site, one.method, one.operation));
            self.declared = declared.collect();
            let routes = manifest.routes.iter();
            let routes =
                routes.filter(|route| route.operations.iter().any(|one| asks(one, action)));
            let routes = routes.map(|route| format!("{} {}", route.method, route.path));
            self.routes = (handler.blueprint.form == Form::Declared).then(|| routes.collect());
        }
        let calls = case.evidence.source.iter().flat_map(|audit| &audit.calls);
        let calls = calls.filter(|found| asks(&found.call.operation, action));
        self.called = calls.map(|found| found.site.to_string()).collect();
        let Some(rights) = &case.snapshot.handler.rights else { return };
        for grant in rights.grants.iter().filter(|grant| grant.actions.contains(action)) {
            match grant.from {
                Origin::Access => {
                    self.declared.push(format!("stack.toml  access, on {}", grant.on));
                }
                _ => self
                    .called
                    .extend(grant.sites.iter().map(|site| format!("{site}  on {}", grant.on))),
            }
        }
        let open = rights.undecided.iter().filter(|open| open.candidates.includes(action));
        self.open = open.map(|open| format!("{}: {}", open.site, open.message)).collect();
    }

    /// The worst of all.
    fn decision(&self) -> Decision {
        let found = |wanted: Decision| self.answers.iter().any(|(_, one)| one.decision == wanted);
        let worst = [Decision::ExplicitDeny, Decision::ImplicitDeny, Decision::Unproven];
        // What nothing needs is granted as soon as it is granted on one of the tables.
        if self.needs.is_empty() && found(Decision::Allowed) {
            return Decision::Allowed;
        }
        worst.into_iter().find(|one| found(*one)).unwrap_or(Decision::Allowed)
    }

    fn text(&self, paint: Paint) -> String {
        let needed = if self.needs.is_empty() { "not needed" } else { "needed" };
        let decision = match self.decision() {
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
        if !self.open.is_empty() {
            list("maybe", &self.open, "");
        }
        if let Some(routes) = &self.routes {
            list("routes", routes, "none");
        }
        for (on, answer) in &self.answers {
            let statement = answer.statement.as_ref().map(ToString::to_string);
            list("decided", &statement.into_iter().collect::<Vec<_>>(), &answer.why);
            list("on", std::slice::from_ref(on), "");
        }
        lines.join("\n")
    }

    fn document(&self) -> Value {
        let one = |(on, answer): &(String, Answer)| {
            json!({
                "resource": on,
                "decision": answer.decision,
                "statement": answer.statement,
                "why": answer.why,
            })
        };
        let worst = self.answers.iter().find(|(_, one)| one.decision == self.decision());
        let mut document = worst.map(one).unwrap_or_default();
        document["action"] = json!(self.action);
        document["needed"] = json!(!self.needs.is_empty());
        document["declared"] = json!(self.declared);
        document["called"] = json!(self.called);
        document["maybe"] = json!(self.open);
        document["routes"] = json!(self.routes.as_deref().unwrap_or_default());
        document["answers"] = self.answers.iter().map(one).collect();
        document
    }
}
