//! `DynamoDB`: what each of its actions is authorised on, and what is close to a table.

use super::{Service, elsewhere};
use crate::catalogue::{Catalogue, ResourceType};
use crate::rights::On;
use crate::snapshot::Stack;

pub struct DynamoDb;

impl Service for DynamoDb {
    fn actions(&self) -> Vec<String> {
        Catalogue::dynamodb().actions().map(|(name, _)| format!("dynamodb:{name}")).collect()
    }

    fn neighbours(&self, stack: &Stack, _needed: &[&str]) -> Vec<String> {
        let of_each = stack.tables().flat_map(|(name, arn)| around(stack, name, arn));
        of_each.chain(["*".to_owned()]).collect()
    }

    /// An action on a type of resource that it cannot take is inert, whatever the policy says.
    fn takes(&self, action: &str, resource: &str) -> bool {
        let Some((_, types)) = Catalogue::dynamodb().find(action) else { return true };
        match ResourceType::of(resource) {
            Some(kind) => types.contains(&kind),
            None => types.is_empty() && resource == "*",
        }
    }

    fn arn(&self, _action: &str, name: &str) -> Option<String> {
        Some(format!("arn:${{partition}}:dynamodb:${{region}}:${{account}}:table/{name}"))
    }
}

/// A table, what is in it, and others that a grant which is wider than it should be reaches.
fn around(stack: &Stack, name: &str, table: &str) -> Vec<String> {
    let Stack { partition, region, account, .. } = stack;
    let arn = |region: &str, account: &str, resource: &str| {
        format!("arn:{partition}:dynamodb:{region}:{account}:{resource}")
    };
    let (other_region, other_account) = elsewhere(stack);
    let sibling = arn(region, account, "table/zz-another-table");
    vec![
        table.to_owned(),
        sibling.clone(),
        format!("{table}-prod"),
        format!("{table}z"),
        arn(other_region, account, &format!("table/{name}")),
        arn(region, other_account, &format!("table/{name}")),
        format!("{table}/index/zz"),
        format!("{sibling}/index/zz"),
        format!("{table}/stream/2026-01-01T00:00:00.000"),
        format!("{table}/backup/01234567890123-zz"),
        format!("{table}/export/01234567890123-zz"),
        format!("{table}/import/01234567890123-zz"),
        format!("arn:{partition}:dynamodb::{account}:global-table/{name}"),
    ]
}

/// What an action, without its `dynamodb:`, is authorised on. A call that names an index is authorised on the index
/// instead of the table.
pub fn on(action: &str, table: &str, index: Option<&str>) -> On {
    let table = || table.to_owned();
    let below = |part: &str| On::Below(table(), part.to_owned());
    match (types(action), index) {
        (Some(types), Some(index)) if types.contains(&ResourceType::Index) => {
            On::Index(table(), index.to_owned())
        }
        (Some([]), _) => On::Arn("*".to_owned()),
        (Some(types), _) if types.contains(&ResourceType::Table) => On::Table(table()),
        (Some([ResourceType::Index]), None) => below("index/*"),
        (Some([ResourceType::Backup]), _) => below("backup/*"),
        (Some([ResourceType::Export]), _) => below("export/*"),
        (Some([ResourceType::Import]), _) => below("import/*"),
        (Some([ResourceType::GlobalTable]), _) => On::GlobalTable(table()),
        _ => On::Table(table()),
    }
}

/// Such an action, without its `dynamodb:`, can be granted on `*` alone.
pub fn takes_no_arn(action: &str) -> bool {
    types(action).is_some_and(<[ResourceType]>::is_empty)
}

fn types(action: &str) -> Option<&'static [ResourceType]> {
    Catalogue::dynamodb().find(&format!("dynamodb:{action}")).map(|(_, types)| types)
}
