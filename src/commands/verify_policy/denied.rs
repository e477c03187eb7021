//! `verify-policy --from-logs`: each refusal in the function's log becomes the one line that would end it, or the reason
//! why no line should.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{App, Case};
use crate::cloud::{denials, role_documents};
use crate::evidence::Handler;
use crate::ui::Paint;
use crate::ui::verdict::plural;
use engine::error::{Error, Kind, Result};
use iam::denial::{Cause, Denial};
use iam::eval::Decision;
use verify::check::{self, Need};
use verify::manifest::Site;
use verify::operations::{Operation, snake_case};

/// One kind of refusal, and what to do about it.
struct Advice {
    denial: Denial,
    times: usize,
    source: Option<Site>,
    words: String,
    /// The line to add, and where.
    change: Option<String>,
}

pub async fn run(app: &App, case: &Case) -> Result<()> {
    let Some(handler) = &case.handler else {
        return Err(Error::usage("the log is that of a project, and not of a snapshot"));
    };
    let config = case.config(app)?;
    let cloud = app.cloud(&config).await?;
    let lines = app.unless_stopped(denials::read(&cloud, &config.function().log_group)).await;
    let lines = lines.map_err(role_documents::unreadable)?;
    let mut counted: BTreeMap<Denial, usize> = BTreeMap::new();
    for denial in lines.iter().filter_map(|line| Denial::read(line)) {
        *counted.entry(denial).or_default() += 1;
    }
    let advice: Vec<Advice> =
        counted.into_iter().map(|(denial, times)| advise(case, handler, denial, times)).collect();
    let group = &config.function().log_group;
    let text = || text(&advice, group, app.ui.paint);
    app.ui.result(
        text,
        || json!({"denials": advice.iter().map(Advice::document).collect::<Vec<_>>()}),
    )?;
    match advice.len() {
        0 => Ok(()),
        count => Err(Error::new(
            Kind::Findings,
            format!("the function was refused {}", plural(count, "kind of call")),
        )),
    }
}

/// Widening is offered only for what the code is seen to call.
fn advise(case: &Case, handler: &Handler, denial: Denial, times: usize) -> Advice {
    let audit = handler.evidence.source.iter().flat_map(|audit| &audit.calls);
    let called = audit.clone().find(|found| asks_for(&found.call.operation, &denial.action));
    let declared =
        handler.manifest.operations.iter().find(|one| asks_for(one.operation, &denial.action));
    let rights = &handler.blueprint.rights;
    let granted = rights.grants.iter().find(|grant| grant.actions.contains(&denial.action));
    let open = rights.undecided.iter().find(|open| open.candidates.includes(&denial.action));
    let source = called
        .map(|found| found.site.clone())
        .or_else(|| declared.map(|one| one.site.clone()))
        .or_else(|| granted?.sites.first().cloned())
        .or_else(|| open.map(|open| open.site.clone()));
    let (words, change) = match (denial.cause, called, declared) {
        (Cause::ExplicitDeny, ..) => ("a statement denies it, and no Allow can override that: find and narrow the Deny".to_owned(), None),
        (Cause::Boundary, ..) => ("the permissions boundary does not allow it, and no policy can widen that: ask the owner of the boundary".to_owned(), None),
        (Cause::Elsewhere, ..) => ("a policy outside of this stack denies it: ask the administrator of the account".to_owned(), None),
        (_, None, None) if granted.is_none() && open.is_some() => name_it(&denial),
        (_, None, None) if granted.is_none() => (format!("no line of the handler calls {}, so nothing is widened: find out who made this call", denial.action), None),
        (_, Some(found), None) => declare(handler, &found.call.operation),
        _ if !concerns_table(case, &denial) => ("the handler does this, but on another resource: correct the name it uses, and grant nothing".to_owned(), None),
        _ if case_grants(case, &denial) => ("the policies grant it now: the denial is from before, or the change has not spread yet".to_owned(), None),
        _ => ("the handler needs it, and the role may not do it".to_owned(), Some("stackctl up".to_owned())),
    };
    Advice { denial, times, source, words, change }
}

/// A line that may have made the call, and of which the audit cannot tell.
fn name_it(denial: &Denial) -> (String, Option<String>) {
    let on = denial.resource.as_deref().unwrap_or("arn:…");
    let change = format!("stack.toml:  [function.access]  \"{}\" = [\"{on}\"]", denial.action);
    (
        "the source does not show what this line calls: name the right, then `stackctl up`"
            .to_owned(),
        Some(change),
    )
}

fn declare(handler: &Handler, operation: &str) -> (String, Option<String>) {
    let place = handler
        .manifest
        .operations
        .last()
        .map(|last| format!("{}:{}", last.site.file, last.site.line + 1));
    let change =
        format!("{}:  + {}: {operation},", place.unwrap_or_default(), snake_case(operation));
    (
        "the handler calls it and does not declare it: declare it, then `stackctl up`".to_owned(),
        Some(change),
    )
}

fn concerns_table(case: &Case, denial: &Denial) -> bool {
    let name = |arn: &str| {
        arn.rsplit_once(":table/")
            .map(|(_, rest)| rest.split('/').next().unwrap_or_default().to_owned())
    };
    let stack = &case.snapshot.stack;
    let ours = |resource: &str| {
        let needs = check::needed(&case.snapshot, &case.evidence).required;
        stack.tables().any(|(_, table)| name(table) == name(resource))
            || needs.iter().any(|need| need.action == denial.action && need.covers(resource))
    };
    denial.resource.as_deref().is_none_or(ours)
}

fn case_grants(case: &Case, denial: &Denial) -> bool {
    case.mode == "live" && {
        let needs = check::needed(&case.snapshot, &case.evidence).required;
        let need = needs.into_iter().find(|need| need.action == denial.action);
        let resource =
            need.as_ref().map_or_else(|| case.snapshot.stack.table_arn.clone(), Need::witness);
        check::explain(&case.snapshot, &denial.action, &resource).decision == Decision::Allowed
    }
}

fn asks_for(operation: &str, action: &str) -> bool {
    let actions = Operation::named(operation).map(Operation::possible_actions).unwrap_or_default();
    actions.iter().any(|name| action.strip_prefix("dynamodb:") == Some(name))
}

fn text(advice: &[Advice], group: &str, paint: Paint) -> String {
    if advice.is_empty() {
        return format!("no denied calls in {group}");
    }
    advice.iter().map(|one| one.text(paint)).collect::<Vec<_>>().join("\n\n")
}

impl Advice {
    fn text(&self, paint: Paint) -> String {
        let Denial { action, resource, principal, .. } = &self.denial;
        let on = resource.as_ref().map(|resource| format!(" on {resource}")).unwrap_or_default();
        let mut lines =
            vec![format!("{}{on}, refused {}", paint.bold(action), plural(self.times, "time"))];
        let mut line = |name: &str, value: &str| {
            lines.push(format!("  {} {value}", paint.dim(&format!("{name:9}"))));
        };
        if let Some(principal) = principal {
            line("principal", principal);
        }
        if let Some(source) = &self.source {
            line("source", &source.to_string());
        }
        line("because", &self.words);
        if let Some(change) = &self.change {
            line("to do", change);
        }
        lines.join("\n")
    }

    fn document(&self) -> Value {
        let mut document = json!(self.denial);
        document["times"] = json!(self.times);
        document["source"] = json!(self.source);
        document["advice"] = json!(self.words);
        document["change"] = json!(self.change);
        document
    }
}
