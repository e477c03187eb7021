//! Rights from the audit of a function's source.

use super::{Known, On, Origin, Rights, Table, Undecided};
use crate::audit::Candidates;
use crate::manifest::Site;
use crate::operations::{Operation, PARTIQL_VERBS};
use crate::services::{self, dynamodb};
use audit::{Audited, Call, Place};

/// A name that cannot be told, and why.
struct Open {
    reason: &'static str,
    message: String,
}

impl Rights {
    /// What the calls of an audited function need; what the audit, or the stack's own names, leave open is undecided.
    pub fn of_audit(function: &Audited, known: &Known) -> Self {
        let mut rights = Rights::default();
        for call in &function.calls {
            rights.add_call(call, known);
        }
        for open in &function.unresolved {
            rights.undecided.push(Undecided {
                reason: "call".to_owned(),
                message: open.reason.clone(),
                candidates: candidates(&open.candidates),
                site: Site::parse(&open.site),
            });
        }
        rights.grants.sort();
        rights.undecided.sort();
        rights.undecided.dedup();
        rights
    }

    fn add_call(&mut self, call: &Call, known: &Known) {
        let site = Site::parse(&call.site);
        if is_any_statement(call) {
            let message = format!("what {} needs depends on its statement", call.operation);
            self.leave_open(call, &site, &Open { reason: "partiql", message });
            return;
        }
        for action in call.actions.iter().filter(|action| services::needs_a_grant(action)) {
            match on(call, action, known) {
                Ok(on) => self.add(Origin::Audit, on, vec![action.clone()], Some(&site)),
                Err(open) => self.leave_open(call, &site, &open),
            }
        }
    }

    fn leave_open(&mut self, call: &Call, site: &Site, open: &Open) {
        self.undecided.push(Undecided {
            reason: open.reason.to_owned(),
            message: open.message.clone(),
            candidates: Candidates::of(call.actions.iter().cloned()),
            site: site.clone(),
        });
    }
}

/// `PartiQL` of which the audit found no verb.
fn is_any_statement(call: &Call) -> bool {
    let verb = |(_, action): &(&str, &str)| call.actions.contains(&format!("dynamodb:{action}"));
    call.service == "dynamodb" && PARTIQL_VERBS.iter().all(verb)
}

/// What an action of a call is authorised on.
fn on(call: &Call, action: &str, known: &Known) -> Result<On, Open> {
    let Some(name) = action.strip_prefix("dynamodb:").filter(|_| call.service == "dynamodb") else {
        return elsewhere(call, action, known);
    };
    if dynamodb::takes_no_arn(name) {
        return Ok(On::Arn("*".to_owned()));
    }
    let table = known.table(call)?;
    let index = match &call.index {
        Some(place) => Some(known.index(place, &table)?),
        None => None,
    };
    let key = table.map_or_else(|arn| arn, |table| table.key.clone());
    Ok(dynamodb::on(name, &key, index.as_deref()))
}

fn elsewhere(call: &Call, action: &str, known: &Known) -> Result<On, Open> {
    if services::takes_no_arn(action) {
        return Ok(On::Arn("*".to_owned()));
    }
    let open = |message| Open { reason: "resource", message };
    let operation = &call.operation;
    let Some(place) = &call.resource else {
        return Err(open(format!("the source does not show on what it calls {operation}")));
    };
    let name = known.value(place).map_err(|why| open(format!("{operation}: {why}")))?;
    services::arn(action, &name).map(On::Arn).ok_or_else(|| {
        open(format!("the ARN of `{name}`, on which it calls {operation}, is not known"))
    })
}

impl Known {
    /// A text that the source names, in its constants or in the environment.
    fn value(&self, place: &Place) -> Result<String, String> {
        match place {
            Place::Literal(text) => Ok(text.clone()),
            Place::Env(variable) => match self.environment.get(variable) {
                Some(value) => Ok(value.clone()),
                None => Err(format!("the stack sets no `{variable}`")),
            },
            Place::Unknown(text) => Err(format!("its name is not known (`{text}`)")),
        }
    }

    /// The table of a call: one of the stack, or an ARN.
    fn table(&self, call: &Call) -> Result<Result<&Table, String>, Open> {
        let open = |message| Open { reason: "table", message };
        let operation = &call.operation;
        let Some(place) = &call.table else {
            return Err(open(format!(
                "the source does not show on which table it calls {operation}"
            )));
        };
        if let Place::Env(variable) = place
            && let Some(table) = self.tables.iter().find(|table| table.env == *variable)
        {
            return Ok(Ok(table));
        }
        let name =
            self.value(place).map_err(|why| open(format!("the table of {operation}: {why}")))?;
        let short = name.rsplit('/').next().unwrap_or_default();
        if name.starts_with("arn:") && !self.tables.iter().any(|table| table.name == short) {
            return Ok(Err(name));
        }
        let table = self.tables.iter().find(|table| table.name == short);
        table.map(Ok).ok_or_else(|| {
            open(format!("{operation} is called on `{name}`, which is no table of the stack"))
        })
    }

    fn index(&self, place: &Place, table: &Result<&Table, String>) -> Result<String, Open> {
        let open = |message| Open { reason: "index", message };
        let name = self.value(place).map_err(|why| open(format!("the index: {why}")))?;
        match table {
            Ok(table) if !table.indexes.contains(&name) => {
                Err(open(format!("`{name}` is no index of the table `{}`", table.key)))
            }
            _ => Ok(name),
        }
    }
}

/// The actions of the operations that a line may call.
fn candidates(of: &audit::Candidates) -> Candidates {
    match of {
        audit::Candidates::Any => Candidates::Any,
        audit::Candidates::These(names) => Candidates::of(names.iter().flat_map(|name| {
            match Operation::named(name) {
                Some(operation) => operation
                    .possible_actions()
                    .into_iter()
                    .map(|action| format!("dynamodb:{action}"))
                    .collect(),
                None => audit::actions_named(name),
            }
        })),
    }
}
