//! Operations of AWS services and the IAM actions that they need.
//!
//! `data/operations.txt` has a line a service: the name of its crate without `aws_sdk_`, the prefix of its actions, its
//! operations, `Operation=action,action` where the action has another name, and `waiter>Operation` for waiters.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

/// The facts of all services.
pub struct Catalogue {
    lines: &'static HashMap<&'static str, &'static str>,
    /// Operations of the services that matter here, by the lower-case name.
    named: HashMap<String, Vec<(&'static str, &'static str)>>,
}

const DATA: &str = include_str!("../data/operations.txt");

fn lines() -> &'static HashMap<&'static str, &'static str> {
    static LINES: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    LINES.get_or_init(|| {
        DATA.lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(' '))
            .collect()
    })
}

/// The services that have an operation of each name.
pub fn operations() -> &'static HashMap<&'static str, Vec<&'static str>> {
    static OPERATIONS: OnceLock<HashMap<&'static str, Vec<&'static str>>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let mut named: HashMap<&str, Vec<&str>> = HashMap::new();
        for (service, line) in lines() {
            for operation in names(line) {
                named.entry(operation).or_default().push(service);
            }
        }
        named
    })
}

/// The IAM actions of one operation.
pub fn actions_of(service: &str, operation: &str) -> Vec<String> {
    Catalogue { lines: lines(), named: HashMap::new() }.actions(service, operation)
}

/// The IAM actions of an operation of the service whose actions have this prefix; `None` when it has no such operation.
/// Of several services with one prefix, such as `s3` and `s3control`, the one with the shortest name is meant.
pub fn actions_under(prefix: &str, operation: &str) -> Option<Vec<String>> {
    let services = operations().get(operation)?;
    let has_prefix =
        |service: &&&str| lines()[**service].split(' ').next().is_some_and(|first| first == prefix);
    let service = services.iter().filter(has_prefix).min_by_key(|one| (one.len(), **one))?;
    Some(actions_of(service, operation))
}

/// The IAM actions of every operation of that name, of whatever service.
pub fn actions_named(operation: &str) -> BTreeSet<String> {
    let services = operations().get(operation).into_iter().flatten();
    services.flat_map(|service| actions_of(service, operation)).collect()
}

/// The prefix of the IAM actions of an SDK crate's service.
pub fn prefix_of(krate: &str) -> Option<String> {
    let line = lines().get(service_of(krate)?.as_str()).copied()?;
    line.split(' ').next().map(str::to_owned)
}

/// The service of a crate of the SDK. Names of crates lack an ending that the service may have, such as `api`.
pub fn service_of(krate: &str) -> Option<String> {
    let name = krate.strip_prefix("aws_sdk_")?;
    let found = ["", "api", "service", "client"]
        .iter()
        .map(|end| format!("{name}{end}"))
        .find(|name| lines().contains_key(name.as_str()));
    Some(found.unwrap_or_else(|| name.to_owned()))
}

impl Catalogue {
    /// The catalogue, with an index of the given services.
    pub fn of(services: &BTreeSet<String>) -> Self {
        let lines = lines();
        let mut named: HashMap<String, Vec<(&str, &str)>> = HashMap::new();
        for (service, line) in lines {
            if services.contains(*service) {
                for operation in names(line) {
                    named.entry(operation.to_lowercase()).or_default().push((service, operation));
                }
            }
        }
        Self { lines, named }
    }

    /// Whether the service is in the catalogue.
    pub fn knows(&self, service: &str) -> bool {
        self.lines.contains_key(service)
    }

    /// The operation of a client's method.
    pub fn operation(&self, service: &str, method: &str) -> Option<&'static str> {
        let key = method.replace('_', "");
        let line = self.lines.get(service)?;
        if let Some(found) = self.named.get(&key) {
            return found.iter().find_map(|(of, operation)| (*of == service).then_some(*operation));
        }
        names(line).find(|operation| operation.eq_ignore_ascii_case(&key))
    }

    /// The operation's name, also when the catalogue is older than the operation.
    pub fn operation_name(&self, service: &str, method: &str) -> String {
        match self.operation(service, method) {
            Some(name) => name.to_owned(),
            None => method
                .split('_')
                .map(|word| {
                    let mut letters = word.chars();
                    letters
                        .next()
                        .map(|first| first.to_uppercase().chain(letters).collect::<String>())
                        .unwrap_or_default()
                })
                .collect(),
        }
    }

    /// Operations with a method of this name, of the services given.
    pub fn operations_named(&self, method: &str, services: &BTreeSet<String>) -> BTreeSet<String> {
        self.named
            .get(&method.replace('_', ""))
            .into_iter()
            .flatten()
            .filter(|(service, _)| services.contains(*service))
            .map(|(_, operation)| (*operation).to_owned())
            .collect()
    }

    /// The operation that a waiter repeats.
    pub fn waiter(&self, service: &str, waiter: &str) -> Option<&'static str> {
        let key = waiter.replace('_', "");
        self.lines.get(service)?.split(' ').find_map(|word| {
            let (name, operation) = word.split_once('>')?;
            (name == key).then_some(operation)
        })
    }

    /// IAM actions of an operation.
    pub fn actions(&self, service: &str, operation: &str) -> Vec<String> {
        let Some(line) = self.lines.get(service) else {
            return vec![format!("{service}:{operation}")];
        };
        let mut words = line.split(' ');
        let prefix = words.next().unwrap_or(service);
        let other = words.find_map(|word| {
            let (name, actions) = word.split_once('=')?;
            (name == operation).then_some(actions)
        });
        match other {
            Some("") => Vec::new(),
            Some(actions) => actions
                .split(',')
                .map(|action| {
                    if action.contains(':') {
                        action.to_owned()
                    } else {
                        format!("{prefix}:{action}")
                    }
                })
                .collect(),
            None => vec![format!("{prefix}:{operation}")],
        }
    }
}

fn names(line: &'static str) -> impl Iterator<Item = &'static str> {
    line.split(' ')
        .skip(1)
        .filter(|word| !word.contains('>'))
        .map(|word| word.split('=').next().unwrap_or(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::of(&BTreeSet::from(["s3".to_owned(), "dynamodb".to_owned()]))
    }

    #[test]
    fn a_method_is_the_operation_of_its_name() {
        let catalogue = catalogue();
        assert_eq!(catalogue.operation("s3", "list_objects_v2"), Some("ListObjectsV2"));
        assert_eq!(catalogue.operation("rds", "create_db_instance"), Some("CreateDBInstance"));
        assert_eq!(catalogue.operation("dynamodb", "table_name"), None);
        assert_eq!(catalogue.operation_name("dynamodb", "brand_new"), "BrandNew");
    }

    #[test]
    fn of_services_with_one_prefix_the_shortest_is_meant() {
        assert_eq!(
            actions_under("s3", "GetPublicAccessBlock"),
            Some(vec!["s3:GetBucketPublicAccessBlock".to_owned()])
        );
        assert_eq!(actions_under("s3", "NoSuchOperation"), None);
    }

    #[test]
    fn actions_have_the_names_that_iam_uses() {
        let catalogue = catalogue();
        for (service, operation, action) in [
            ("dynamodb", "GetItem", "dynamodb:GetItem"),
            ("s3", "HeadObject", "s3:GetObject"),
            ("s3", "ListObjectsV2", "s3:ListBucket"),
            ("lambda", "Invoke", "lambda:InvokeFunction"),
            ("eventbridge", "PutEvents", "events:PutEvents"),
            ("apigatewaymanagementapi", "PostToConnection", "execute-api:ManageConnections"),
        ] {
            assert!(
                catalogue.actions(service, operation).contains(&action.to_owned()),
                "{service} {operation}"
            );
        }
    }

    #[test]
    fn an_operation_is_found_by_the_prefix_of_its_actions() {
        let of = |prefix, operation| actions_under(prefix, operation).map(|all| all.join(" "));
        assert_eq!(of("logs", "CreateLogGroup").as_deref(), Some("logs:CreateLogGroup"));
        assert_eq!(of("lambda", "Invoke").as_deref(), Some("lambda:InvokeFunction"));
        assert_eq!(of("logs", "Invoke"), None);
        assert_eq!(of("nowhere", "Invoke"), None);
    }

    #[test]
    fn a_waiter_is_its_operation() {
        assert_eq!(catalogue().waiter("dynamodb", "table_exists"), Some("DescribeTable"));
    }
}
