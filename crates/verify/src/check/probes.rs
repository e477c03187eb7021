//! The requests that a grant is tried with: neighbours of what is needed, and things that do not exist yet.

use std::collections::BTreeSet;

use super::role::Role;

/// As many names as are tried of those that a role's statements bring: an honest role has a handful.
pub const MOST: usize = 64;

/// An action that AWS may add tomorrow.
pub const FUTURE_ACTION: &str = "dynamodb:ZzFuture";

/// The resources of `DynamoDB` that the role's statements name, made real where they have wildcards.
pub fn named_resources(role: &Role) -> BTreeSet<String> {
    let named = role.allows().flat_map(|placed| placed.resources().collect::<Vec<_>>());
    named
        .filter(|pattern| *pattern == "*" || pattern.contains(":dynamodb:"))
        .map(instance)
        .collect()
}

/// The actions of `DynamoDB` that the role's wildcards would cover though no such action exists.
pub fn future_actions(role: &Role) -> BTreeSet<String> {
    let patterns = role.allows().flat_map(|placed| placed.actions().collect::<Vec<_>>());
    let wild = patterns.filter(|pattern| is_wild(pattern) && service(pattern) == "dynamodb");
    [FUTURE_ACTION.to_owned()].into_iter().chain(wild.map(instance)).collect()
}

/// Text that a pattern matches; `*` alone stays, since it is a resource of its own.
pub fn instance(pattern: &str) -> String {
    if pattern == "*" { pattern.to_owned() } else { pattern.replace('*', "zz").replace('?', "z") }
}

pub fn is_wild(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

/// The service of an action, in lower case; `*` if the pattern has none of its own.
pub fn service(action: &str) -> String {
    action.split_once(':').map_or("*", |(service, _)| service).to_ascii_lowercase()
}
