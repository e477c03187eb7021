//! What the role may do with `DynamoDB` and the handler never does.

use std::collections::{BTreeMap, BTreeSet};

use super::missing::conditional;
use super::needs::{Needs, unproven};
use super::probes;
use super::role::Role;
use crate::catalogue::{ResourceType, Risk};
use crate::findings::{Finding, Kind};
use crate::services::Service as _;
use crate::services::dynamodb::DynamoDb;
use iam::eval::{Answer, Decision, StatementName};

/// All requests that were tried, and those that should have been denied.
pub struct Excess {
    pub probed: usize,
    /// How many names of the role's statements were too many to try.
    untried: usize,
    pub requests: Vec<Extra>,
}

/// A request that nobody needs and the role is allowed, or may be.
pub struct Extra {
    pub action: String,
    pub resource: String,
    pub answer: Answer,
    /// The action is not in the catalogue.
    pub future: bool,
}

impl Excess {
    pub fn of(role: &Role, needs: &Needs) -> Excess {
        let (named, future) = (probes::named_resources(role), probes::future_actions(role));
        let untried = named.len().max(future.len()).saturating_sub(probes::MOST);
        let needed = needs.required.iter().map(|need| need.resource.as_str()).collect::<Vec<_>>();
        let mut resources = DynamoDb.neighbours(role.stack, &needed);
        resources.extend(named.into_iter().take(probes::MOST));
        let resources = unique(resources);
        let mut excess = Excess { probed: 0, untried, requests: vec![] };
        for action in DynamoDb.actions() {
            for resource in resources.iter().filter(|resource| DynamoDb.takes(&action, resource)) {
                excess.probed += 1;
                excess.requests.extend(probe(role, needs, &action, resource, false));
            }
        }
        for action in future.into_iter().take(probes::MOST) {
            for resource in resources.iter().filter(|resource| is_dynamodb(resource)) {
                excess.requests.extend(probe(role, needs, &action, resource, true));
            }
        }
        excess
    }

    /// The requests that are surely allowed, of actions that exist.
    pub fn proven(&self) -> impl Iterator<Item = &Extra> {
        self.requests
            .iter()
            .filter(|extra| !extra.future && extra.answer.decision == Decision::Allowed)
    }

    pub fn findings(&self, role: &Role, needs: &Needs) -> Vec<Finding> {
        let mut findings = self.unneeded_actions(role, needs);
        findings.extend(self.unneeded_resources(role, needs));
        findings.extend(self.undecided());
        if self.untried > 0 {
            let message =
                format!("{} names in the role's statements were too many to try", self.untried);
            findings.push(unproven("too-large", message));
        }
        findings
    }

    fn unneeded_actions(&self, role: &Role, needs: &Needs) -> Vec<Finding> {
        let mut first: BTreeMap<&str, &Extra> = BTreeMap::new();
        for extra in self.proven().filter(|extra| !needs.has_action(&extra.action)) {
            // What a line that cannot be resolved may call is in doubt, and no excess.
            if !needs.possible.includes(extra.name()) {
                first.entry(&extra.action).or_insert(extra);
            }
        }
        first.into_values().map(|extra| over_grant(role, extra)).collect()
    }

    fn unneeded_resources(&self, role: &Role, needs: &Needs) -> Vec<Finding> {
        let mut seen = BTreeSet::new();
        let mut findings = vec![];
        for extra in self.proven().filter(|extra| needs.has_action(&extra.action)) {
            let written = role.written(&extra.answer, &extra.resource);
            if !seen.insert((
                extra.action.as_str(),
                written.clone(),
                extra.answer.statement.as_ref(),
            )) {
                continue;
            }
            let resource = written.unwrap_or_else(|| extra.resource.clone());
            let message = format!(
                "{} is granted on {resource}, which the handler never touches",
                extra.action
            );
            let finding = extra.finding(Kind::OverGrantResource, message);
            findings.push(finding.resource(resource).hint("name the exact ARNs only"));
        }
        findings
    }

    fn undecided(&self) -> Vec<Finding> {
        let mut first: BTreeMap<&StatementName, &Extra> = BTreeMap::new();
        let undecided =
            self.requests.iter().filter(|extra| extra.answer.decision == Decision::Unproven);
        for extra in undecided {
            if let Some(statement) = &extra.answer.statement {
                first.entry(statement).or_insert(extra);
            }
        }
        first
            .into_values()
            .map(|extra| conditional(&extra.answer, &extra.action, &extra.resource))
            .collect()
    }
}

impl Extra {
    /// The action without its service.
    pub fn name(&self) -> &str {
        self.action.split_once(':').map_or(&self.action, |(_, name)| name)
    }

    fn finding(&self, kind: Kind, message: String) -> Finding {
        Finding::error(kind, message)
            .action(&self.action)
            .statement(self.answer.statement.clone())
            .request(&self.action, &self.resource)
            .detail("risk", Risk::of(&self.action).as_str())
    }
}

fn over_grant(role: &Role, extra: &Extra) -> Finding {
    // Where a table of the stack is concerned, it says more than the wildcard that reaches it.
    let own = role.stack.tables().any(|(_, arn)| arn == extra.resource);
    let written = role.written(&extra.answer, &extra.resource).filter(|_| !own);
    let resource = written.unwrap_or_else(|| extra.resource.clone());
    let message =
        format!("{} is granted on {resource}, and no call in the handler needs it", extra.action);
    extra
        .finding(Kind::OverGrant, message)
        .resource(resource)
        .hint("remove the action from the policy")
}

fn probe(role: &Role, needs: &Needs, action: &str, resource: &str, future: bool) -> Option<Extra> {
    if needs.cover(action, resource) {
        return None;
    }
    if !role.cannot_exclude(action, resource) {
        return None;
    }
    let answer = role.may(action, resource);
    Some(Extra { action: action.to_owned(), resource: resource.to_owned(), answer, future })
}

fn is_dynamodb(resource: &str) -> bool {
    resource == "*" || ResourceType::of(resource).is_some()
}

fn unique(items: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}
