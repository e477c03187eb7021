//! DynamoDB: what each of its actions is authorised on.

use crate::catalogue::{Catalogue, ResourceType};
use crate::rights::On;

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
