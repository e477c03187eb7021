//! What a role may do: all its policies in force, within its boundary, in the context of a running function.

use super::needs::Need;
use crate::snapshot::{Documents, Stack};
use iam::document::{Effect, Scope, Statement, Version};
use iam::eval::{
    Answer, Context, Decision, Others, Policy, Request, StatementName, applies, evaluate,
};
use iam::eval::{Truth, names_action};

#[derive(Clone)]
pub struct Role<'a> {
    pub stack: &'a Stack,
    /// The policies that can be read.
    pub policies: Vec<Policy>,
    pub boundary: Vec<Policy>,
    /// The policies that cannot: IAM would not have taken them, so they grant nothing that we could claim.
    pub unreadable: Vec<Policy>,
    context: Context,
}

/// A statement of a policy in force, and where it stands.
#[derive(Clone, Copy)]
pub struct Placed<'a> {
    pub policy: &'a str,
    pub index: usize,
    pub version: Version,
    pub statement: &'a Statement,
}

impl<'a> Role<'a> {
    pub fn new(stack: &'a Stack, documents: &Documents) -> Self {
        let (policies, unreadable) =
            documents.in_force().into_iter().partition(|policy| policy.document.is_ok());
        Role {
            stack,
            policies,
            boundary: documents.boundary(),
            unreadable,
            context: context(stack),
        }
    }

    /// The same role without one of its policies.
    pub fn without(&self, policy: usize) -> Self {
        let mut role = self.clone();
        role.policies.remove(policy);
        role
    }

    /// The same role, of whose requests more condition keys are known.
    pub fn knowing(mut self, known: &[(String, String)]) -> Self {
        for (key, value) in known {
            self.context = self.context.set(key, value);
        }
        self
    }

    pub fn may(&self, action: &str, resource: &str) -> Answer {
        evaluate(&self.policies, &self.boundary, &self.request(action, resource))
    }

    /// Whether the policies alone would allow it, were there no boundary.
    pub fn might_without_boundary(&self, need: &Need) -> bool {
        let unbound = Role { boundary: vec![], ..self.clone() };
        unbound.may_all(need).decision == Decision::Allowed
    }

    /// Whether this is allowed, or a statement leaves that open.
    pub fn cannot_exclude(&self, action: &str, resource: &str) -> bool {
        let answer = self.may(action, resource);
        match answer.decision {
            Decision::Allowed => true,
            Decision::Unproven => answer.statement.is_some(),
            Decision::ImplicitDeny | Decision::ExplicitDeny => false,
        }
    }

    /// Whether one statement covers a request, surely or perhaps.
    pub fn covers(&self, placed: &Placed, action: &str, resource: &str) -> bool {
        applies(placed.statement, placed.version, &self.request(action, resource)) != Truth::No
    }

    /// Whether one statement is about an action on some resource, surely or perhaps.
    pub fn covers_action(&self, placed: &Placed, action: &str) -> bool {
        let mut anywhere = placed.statement.clone();
        anywhere.resources = Some(Scope::Only(vec!["*".to_owned()]));
        applies(&anywhere, placed.version, &self.request(action, "*")) != Truth::No
    }

    pub fn statements(&self) -> impl Iterator<Item = Placed<'_>> {
        statements(&self.policies)
    }

    pub fn boundary_statements(&self) -> impl Iterator<Item = Placed<'_>> {
        statements(&self.boundary)
    }

    pub fn allows(&self) -> impl Iterator<Item = Placed<'_>> {
        self.statements().filter(|placed| placed.statement.effect == Effect::Allow)
    }

    /// Whether some statement allows the action, if not here then elsewhere.
    pub fn names(&self, action: &str) -> bool {
        self.allows().any(|placed| names_action(placed.statement, action))
    }

    /// The resource as the deciding statement writes it.
    pub fn written(&self, answer: &Answer, resource: &str) -> Option<String> {
        let name = answer.statement.as_ref()?;
        let placed = self.statements().find(|placed| placed.name() == *name)?;
        placed
            .resources()
            .find(|pattern| iam::eval::names_resource(pattern, resource))
            .map(str::to_owned)
    }

    fn request(&self, action: &str, resource: &str) -> Request {
        Request {
            principal: None,
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: self.context.clone(),
        }
    }
}

fn statements(policies: &[Policy]) -> impl Iterator<Item = Placed<'_>> {
    let readable =
        policies.iter().filter_map(|policy| Some((policy, policy.document.as_ref().ok()?)));
    readable.flat_map(|(policy, document)| {
        document.statements.iter().enumerate().map(|(index, statement)| Placed {
            policy: &policy.name,
            index,
            version: document.version,
            statement,
        })
    })
}

impl<'a> Placed<'a> {
    pub fn name(&self) -> StatementName {
        let sid = self.statement.sid.clone();
        StatementName { policy: self.policy.to_owned(), index: self.index, sid }
    }

    /// The actions as written, whether they are meant or excepted.
    pub fn actions(&self) -> impl Iterator<Item = &'a str> {
        self.statement.actions.items().iter().map(String::as_str)
    }

    pub fn resources(&self) -> impl Iterator<Item = &'a str> {
        self.statement.resources.iter().flat_map(Scope::items).map(String::as_str)
    }
}

/// What is known of every call that a function makes with its role; all other keys may hold anything.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
/// <https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html>
fn context(stack: &Stack) -> Context {
    Context::new(Others::Unknown)
        .with("aws:SecureTransport", "true")
        .with("aws:RequestedRegion", &stack.region)
        .with("aws:PrincipalAccount", &stack.account)
        .with("aws:PrincipalType", "AssumedRole")
        .with("aws:PrincipalIsAWSService", "false")
        .with("aws:ViaAWSService", "false")
        .with("lambda:SourceFunctionArn", &stack.function_arn)
        .without("aws:username")
        .without("aws:MultiFactorAuthPresent")
        .without("aws:MultiFactorAuthAge")
}
