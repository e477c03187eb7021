//! Which routes fail without which right.

use std::collections::BTreeSet;

use serde::Serialize;

use verify::findings::{Finding, Kind, Severity};
use verify::manifest::{Manifest, Route};
use verify::operations::Operation;

/// A policy that is wrong on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mutation {
    /// Everything but this action.
    Without(String),
    /// Everything, but on this and not on the table.
    OnlyOn(String),
}

/// What became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Mutant {
    pub mutation: Mutation,
    /// The routes of which a request failed, by their place.
    pub failed: BTreeSet<usize>,
    /// The routes of which every request failed.
    pub failed_wholly: BTreeSet<usize>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Matrix {
    /// `GET /`, in the order of the manifest.
    pub routes: Vec<String>,
    pub mutants: Vec<Mutant>,
    pub killed: usize,
    pub requests: usize,
}

impl Matrix {
    pub fn new(manifest: &Manifest, mutants: Vec<Mutant>, requests: usize) -> Self {
        let killed = mutants.iter().filter(|mutant| mutant.is_killed(&manifest.routes)).count();
        Self { routes: manifest.routes.iter().map(name).collect(), mutants, killed, requests }
    }

    /// A mutant must fail the routes that declare what it lacks, and no other.
    pub fn findings(&self, manifest: &Manifest) -> Vec<Finding> {
        self.mutants.iter().flat_map(|mutant| mutant.findings(&manifest.routes)).collect()
    }
}

impl Mutant {
    /// A route of which only some requests fail without the table needs other things as well.
    pub fn is_killed(&self, routes: &[Route]) -> bool {
        match &self.mutation {
            Mutation::Without(_) => !self.failed.is_empty(),
            Mutation::OnlyOn(_) => self.failed_wholly.len() == routes.len(),
        }
    }

    fn findings(&self, routes: &[Route]) -> Vec<Finding> {
        let action = match &self.mutation {
            Mutation::Without(action) => action,
            Mutation::OnlyOn(_) if self.is_killed(routes) => return Vec::new(),
            Mutation::OnlyOn(resource) => {
                let message = format!("routes work with rights on {resource} alone");
                return vec![
                    Finding::error(Kind::OverGrantResource, message)
                        .resource(resource)
                        .detail("reason", "witness"),
                ];
            }
        };
        if self.failed.is_empty() {
            let message =
                format!("{action} can be taken away, and no request of the contract fails");
            return vec![
                Finding::error(Kind::UnusedAction, message)
                    .action(action)
                    .hint("remove the operation, or add a request to contract.json that needs it"),
            ];
        }
        let mut findings = Vec::new();
        for (place, route) in routes.iter().enumerate() {
            let declared = route.operations.iter().any(|operation| asks_for(operation, action));
            let finding = match (declared, self.failed.contains(&place)) {
                (false, true) => Finding::error(
                    Kind::UndeclaredOperation,
                    format!("{} fails without {action}, which it does not declare", name(route)),
                ),
                (true, false) => Finding::new(
                    Kind::DeadDeclaration,
                    Severity::Warning,
                    format!("{} declares {action}, and works without it", name(route)),
                ),
                _ => continue,
            };
            let finding = finding.action(action).source(Some(route.site.clone()));
            findings.push(finding.detail("reason", "witness"));
        }
        findings
    }
}

/// Whether calling `operation` asks for `action`.
fn asks_for(operation: &str, action: &str) -> bool {
    let actions = Operation::named(operation).map(Operation::possible_actions).unwrap_or_default();
    actions.iter().any(|name| action.strip_prefix("dynamodb:") == Some(name))
}

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let source = "operations! { get: GetItem, put: PutItem }\nroutes! { GET \"/\" => a [GetItem], POST \"/\" => b [PutItem] }";
        Manifest::from_sources(&[("lib.rs", source)]).expect("it declares")
    }

    fn kinds(action: &str, failed: &[usize]) -> Vec<Kind> {
        let failed: BTreeSet<usize> = failed.iter().copied().collect();
        let mutation = Mutation::Without(action.to_owned());
        let mutant = Mutant { mutation, failed_wholly: failed.clone(), failed };
        let matrix = Matrix::new(&manifest(), vec![mutant], 1);
        matrix.findings(&manifest()).iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn a_mutant_fails_the_routes_that_declare_what_it_lacks_and_no_other() {
        assert_eq!(kinds("dynamodb:GetItem", &[0]), []);
        assert_eq!(kinds("dynamodb:GetItem", &[]), [Kind::UnusedAction]);
        assert_eq!(kinds("dynamodb:GetItem", &[0, 1]), [Kind::UndeclaredOperation]);
        assert_eq!(
            kinds("dynamodb:PutItem", &[0]),
            [Kind::UndeclaredOperation, Kind::DeadDeclaration]
        );
    }
}
