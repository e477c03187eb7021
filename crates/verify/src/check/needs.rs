//! What the role must be able to do, from what the handler calls.

use std::collections::BTreeSet;

use crate::audit::{Audit, Candidates};
use crate::catalogue::NEEDED_FOR_LOGS;
use crate::findings::{Finding, Kind};
use crate::manifest::Site;
use crate::operations::{Actions, Operation, TRANSACTION_MEMBERS, partiql_action};
use crate::rights::{On, Origin, Rights};
use crate::services::dynamodb;
use crate::snapshot::{Call, Stack};

/// One right, and the line that needs it. A resource that ends in `*` is any one that begins so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub action: String,
    pub resource: String,
    pub source: Option<Site>,
    pub from: Origin,
}

/// The rights that are needed, those that may be, and what could not be told.
#[derive(Debug, Default)]
pub struct Needs {
    pub required: Vec<Need>,
    /// Names of actions, those of other services than `DynamoDB` with their service.
    pub possible: Candidates,
    pub findings: Vec<Finding>,
}

impl Needs {
    /// From declared calls; `site` knows the line of an operation.
    pub fn of_calls(calls: &[Call], stack: &Stack, site: impl Fn(&str) -> Option<Site>) -> Self {
        let mut needs = Needs::default();
        for call in calls {
            needs.add(call, stack, site(&call.operation));
        }
        needs
    }

    /// From calls that were found in the source, with what the linked binary adds.
    pub fn of_source(
        audit: &Audit,
        linked: Option<&BTreeSet<&'static str>>,
        stack: &Stack,
    ) -> Self {
        let mut needs = Needs::default();
        for found in &audit.calls {
            needs.add(&found.call, stack, Some(found.site.clone()));
        }
        match linked {
            Some(linked) => needs.add_linked(linked, audit, stack),
            None => needs.possible = audit.possible(),
        }
        needs
    }

    /// The rights on the function's own log group, which every function needs.
    pub fn add_logs(&mut self, stack: &Stack) {
        for action in NEEDED_FOR_LOGS {
            let resource = format!("{}:log-stream:*", stack.log_group());
            self.require(action, resource, None, Origin::Stack);
        }
    }

    /// The rights that an audit or the file names; what `access` names only counts where nothing else shows it.
    pub fn add_rights(&mut self, rights: &Rights, stack: &Stack) {
        let by_access = |by: bool| {
            rights.grants.iter().filter(move |grant| (grant.from == Origin::Access) == by)
        };
        for grant in by_access(false).chain(by_access(true)) {
            let arn = stack.arn(&grant.on);
            for action in &grant.actions {
                self.require(action, arn.clone(), grant.sites.first().cloned(), grant.from);
            }
        }
    }

    /// What a line may need that cannot be resolved: it is neither missing nor too much.
    pub fn allow_for(&mut self, candidates: &Candidates) {
        match candidates {
            Candidates::Any => self.possible = Candidates::Any,
            Candidates::These(names) => self
                .possible
                .extend(names.iter().map(|name| name.strip_prefix("dynamodb:").unwrap_or(name))),
        }
    }

    pub fn cover(&self, action: &str, resource: &str) -> bool {
        self.required
            .iter()
            .any(|need| need.action.eq_ignore_ascii_case(action) && need.covers(resource))
    }

    /// Whether a grant of this action, on this resource as it is written, is exactly what is needed.
    pub fn names(&self, action: &str, written: &str) -> bool {
        self.required
            .iter()
            .any(|need| need.action.eq_ignore_ascii_case(action) && need.resource == written)
    }

    pub fn has_action(&self, action: &str) -> bool {
        self.required.iter().any(|need| need.action.eq_ignore_ascii_case(action))
    }

    fn add(&mut self, call: &Call, stack: &Stack, source: Option<Site>) {
        if let Some(service) =
            call.service.as_deref().filter(|service| !service.eq_ignore_ascii_case("dynamodb"))
        {
            let message =
                format!("the handler calls {} of {service}, which is not modelled", call.operation);
            self.findings.push(
                Finding::error(Kind::UnmodelledService, message)
                    .source(source)
                    .detail("service", service),
            );
            return;
        }
        let Some(operation) = Operation::named(&call.operation) else {
            let message = format!("`{}` is no operation of DynamoDB that is known", call.operation);
            self.findings.push(unproven("unknown-operation", message).source(source));
            return;
        };
        let call = &of_its_text(call, operation, stack);
        let Some(table) = stack.table_of(call) else {
            let name = call.table.as_deref().unwrap_or_default();
            let message =
                format!("{} is called on `{name}`, which is no table of the stack", call.operation);
            self.findings.push(unproven("table", message).source(source));
            return;
        };
        for action in self.actions(operation, call, source.as_ref()) {
            let resource = stack.arn(&dynamodb::on(action, table, call.index.as_deref()));
            let action = format!("dynamodb:{action}");
            self.require(&action, resource, source.clone(), Origin::Declaration);
        }
    }

    fn require(&mut self, action: &str, resource: String, source: Option<Site>, from: Origin) {
        let known = |other: &Need| other.action == action && other.resource == resource;
        if !self.required.iter().any(known) {
            self.required.push(Need { action: action.to_owned(), resource, source, from });
        }
    }

    fn actions(
        &mut self,
        operation: &Operation,
        call: &Call,
        source: Option<&Site>,
    ) -> Vec<&'static str> {
        match (&operation.actions, &call.members, &call.statement) {
            (Actions::Transaction, Some(members), _) => {
                let action = |member: &String| {
                    TRANSACTION_MEMBERS
                        .iter()
                        .find(|(kind, action)| kind == member || action == member)
                        .map(|(_, action)| *action)
                };
                match members.iter().map(action).collect() {
                    Some(actions) => actions,
                    None => operation.possible_actions(),
                }
            }
            (Actions::PartiQl, _, Some(statement)) if partiql_action(statement).is_some() => {
                partiql_action(statement).into_iter().collect()
            }
            (Actions::PartiQl, ..) => {
                let message = format!(
                    "what {} asks for depends on its text, which is not known",
                    operation.name
                );
                let hint = "use the item operations, or a literal statement";
                self.findings.push(unproven("partiql", message).source(source.cloned()).hint(hint));
                self.possible.extend(operation.possible_actions());
                vec![]
            }
            _ => operation.possible_actions(),
        }
    }

    /// What the binary holds and the source does not show is needed where the source leaves room for it, and is doubtful
    /// where it does not: a branch that never runs is linked, too.
    fn add_linked(&mut self, linked: &BTreeSet<&'static str>, audit: &Audit, stack: &Stack) {
        let possible = audit.possible_operations();
        for name in linked
            .iter()
            .filter(|name| !audit.calls.iter().any(|found| found.call.operation == **name))
        {
            if possible.includes(name) {
                let call = Call { operation: (*name).to_owned(), ..Call::default() };
                self.add(&call, stack, None);
            } else {
                let message =
                    format!("the linked binary names {name}, which no line of the source calls");
                self.findings.push(unproven("linked", message));
                self.possible.extend(
                    Operation::named(name).map(Operation::possible_actions).unwrap_or_default(),
                );
            }
        }
    }
}

/// The call on the table and the index that the text of its statement names.
fn of_its_text(call: &Call, operation: &Operation, stack: &Stack) -> Call {
    let statement = call.statement.as_deref().filter(|_| operation.actions == Actions::PartiQl);
    let Some((_, table, index)) = statement.and_then(audit::partiql) else { return call.clone() };
    let arn = match stack.tables().find(|(name, _)| *name == table) {
        Some((_, arn)) => arn.to_owned(),
        None => stack.arn(&On::Table(format!(
            "arn:{}:dynamodb:{}:{}:table/{table}",
            stack.partition, stack.region, stack.account
        ))),
    };
    Call { table: Some(arn), index, ..call.clone() }
}

impl Need {
    pub fn covers(&self, resource: &str) -> bool {
        match self.resource.strip_suffix('*') {
            Some(prefix) if !prefix.is_empty() => resource.starts_with(prefix),
            _ => self.resource == resource,
        }
    }

    /// A resource that a request could name.
    pub fn witness(&self) -> String {
        match self.resource.strip_suffix('*') {
            Some(prefix) if !prefix.is_empty() => format!("{prefix}0"),
            _ => self.resource.clone(),
        }
    }
}

pub fn unproven(reason: &str, message: impl Into<String>) -> Finding {
    Finding::error(Kind::Unproven, message).detail("reason", reason)
}
