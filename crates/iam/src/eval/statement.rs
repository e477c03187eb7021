//! Whether a statement is about a request.

use super::rule::Rule;
use super::truth::Truth;
use super::{Context, Others, Request, arn, condition};
use crate::document::{Principal, Scope, Statement, Version};
use crate::eval::pattern::Pattern;

/// Whether a statement is about an action at all, on whatever resource.
pub fn names_action(statement: &Statement, action: &str) -> bool {
    let request = Request {
        principal: None,
        action: action.to_owned(),
        resource: String::new(),
        context: Context::new(Others::Unknown),
    };
    action_in(&statement.actions, &request) != Truth::No
}

/// Whether one pattern of a statement covers a resource.
pub fn names_resource(pattern: &str, resource: &str) -> bool {
    arn::resource_matches(pattern, resource, true, &Context::new(Others::Unknown)) != Truth::No
}

pub fn applies(statement: &Statement, version: Version, request: &Request) -> Truth {
    // "If you don't include the Version, variables are treated as literal strings."
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    let variables = version == Version::V2012 || !Rule::VariablesNeedTheNewVersion.holds();
    let action = action_in(&statement.actions, request);
    if action == Truth::No {
        return Truth::No;
    }
    let resource = statement
        .resources
        .as_ref()
        .map_or(Truth::Yes, |scope| resource_in(scope, variables, request));
    if resource == Truth::No {
        return Truth::No;
    }
    let principal =
        statement.principals.as_ref().map_or(Truth::Yes, |scope| principal_in(scope, request));
    let conditions = condition::all_hold(statement, variables, &request.context);
    Truth::all([action, resource, principal, conditions])
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>
fn action_in(scope: &Scope<String>, request: &Request) -> Truth {
    let listed = |actions: &[String]| {
        Truth::any(actions.iter().map(|pattern| action_matches(pattern, &request.action, request)))
    };
    match scope {
        Scope::AllBut(actions) if Rule::NotActionInverts.holds() => !listed(actions),
        Scope::Only(actions) | Scope::AllBut(actions) => listed(actions),
    }
}

/// Without regard to case; wildcards are for the name, and IAM refuses one in the service unless it is the whole of it.
fn action_matches(pattern: &str, action: &str, request: &Request) -> Truth {
    let fold = |text: &str| {
        if Rule::ActionsIgnoreCase.holds() { text.to_ascii_lowercase() } else { text.to_owned() }
    };
    let matched =
        Pattern::parse(&fold(pattern), false).resolve(&request.context).matches(&fold(action));
    let service = pattern.split_once(':').map_or("", |(service, _)| service);
    if service.contains(['*', '?']) && pattern != "*:*" {
        matched.min(Truth::Unknown)
    } else {
        matched
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html>
fn resource_in(scope: &Scope<String>, variables: bool, request: &Request) -> Truth {
    let listed = |resources: &[String]| {
        let matches = |pattern: &String| {
            arn::resource_matches(pattern, &request.resource, variables, &request.context)
        };
        Truth::any(resources.iter().map(matches))
    };
    match scope {
        Scope::AllBut(resources) if Rule::NotResourceInverts.holds() => !listed(resources),
        Scope::Only(resources) | Scope::AllBut(resources) => listed(resources),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
fn principal_in(scope: &Scope<Principal>, request: &Request) -> Truth {
    let matches = |principal: &Principal| match (principal, &request.principal) {
        (Principal::Anyone, Some(_)) => Truth::Yes,
        (listed, Some(asking)) if listed == asking => Truth::Yes,
        // An account stands for all of its roles and users, and a role for its sessions.
        (Principal::Aws(_), Some(Principal::Aws(_))) | (_, None) => Truth::Unknown,
        _ => Truth::No,
    };
    match scope {
        Scope::Only(principals) => Truth::any(principals.iter().map(matches)),
        Scope::AllBut(principals) => !Truth::any(principals.iter().map(matches)),
    }
}
