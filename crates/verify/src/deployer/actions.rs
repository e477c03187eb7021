//! AWS's table of actions: the types of the resources that each is allowed on.
//!
//! `data/actions.txt` has a line a service: the prefix of its actions, and each action with a colon and the types in AWS's
//! words, with dashes for spaces. An action without types is allowed on everything or not at all.

use std::collections::HashMap;
use std::sync::OnceLock;

const DATA: &str = include_str!("../../data/actions.txt");

/// By `service:Action`.
type Types = HashMap<String, Vec<&'static str>>;

fn all() -> &'static Types {
    static ALL: OnceLock<Types> = OnceLock::new();
    ALL.get_or_init(|| {
        let lines = DATA.lines().filter(|line| !line.starts_with('#'));
        let services = lines.filter_map(|line| line.split_once(' '));
        let actions = services.flat_map(|(service, actions)| {
            actions.split(' ').map(move |action| {
                let (name, types) = action.split_once(':').unwrap_or((action, ""));
                let types = types.split(',').filter(|one| !one.is_empty());
                (format!("{service}:{name}"), types.collect())
            })
        });
        actions.collect()
    })
}

/// The types of resources that `service:Action` is allowed on; `None` when AWS has no such action.
pub(super) fn types(action: &str) -> Option<&'static [&'static str]> {
    all().get(action).map(Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_types_of_every_action() {
        assert_eq!(types("dynamodb:CreateTable"), Some(&["table"][..]));
        assert_eq!(types("dynamodb:ListTables"), Some(&[][..]));
        assert_eq!(types("s3:HeadObject"), None, "an operation that is no action");
        assert_eq!(types("nowhere:GetItem"), None);
    }
}
