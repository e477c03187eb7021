//! Tables of the stack that the file does not name: the file is gone, or says them no longer. They are found by the names
//! that AWS lists, and their tags say whose they are.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::Client;

use super::Table;
use crate::cloud::pages::Pages;
use crate::cloud::{Cloud, Doing, tags};
use crate::config::{self, Config};
use engine::error::Result;

/// What this asks of AWS.
pub const CALLS: &[&str] = &["dynamodb:ListTables", "dynamodb:ListTagsOfResource"];

/// What AWS says to whoever may not read the tags of a table.
const DENIED: [&str; 2] = ["AccessDeniedException", "AccessDenied"];

/// What was found.
#[derive(Debug, Default)]
pub struct Further {
    pub ours: Vec<String>,
    /// Those whose tags may not be read: they may be ours.
    pub unread: Vec<String>,
}

/// Every table of the account and region.
pub async fn names(cloud: &Cloud) -> Result<BTreeSet<String>> {
    let client = Client::new(&cloud.sdk);
    let mut found = BTreeSet::new();
    let mut pages = Pages::default();
    loop {
        let page = client.list_tables().set_exclusive_start_table_name(pages.token()).send().await;
        let page = page.doing("list the tables")?;
        found.extend(page.table_names.unwrap_or_default());
        if !pages.turn(page.last_evaluated_table_name)? {
            return Ok(found);
        }
    }
}

/// Those of `names` that carry the stack's tags: only tables that are called after the stack, and those of `told`, which
/// the function is told the names of, are looked at. DynamoDB gives the tags of ten tables a second.
pub async fn find(
    cloud: &Cloud,
    config: &Config,
    names: BTreeSet<String>,
    told: &BTreeSet<String>,
) -> Result<Further> {
    let prefix = format!("{}-", config.name);
    let known: BTreeSet<&String> = config.tables.values().map(|table| &table.name).collect();
    let may_be_ours =
        |name: &String| !known.contains(name) && (name.starts_with(&prefix) || told.contains(name));
    let mut found = Further::default();
    for name in names.into_iter().filter(may_be_ours) {
        let table = Table::new(cloud, config, &config::Table::named(&name));
        match table.tags().await {
            Ok(Some(tags)) if tags::is_ours(&table.tags, &tags) => found.ours.push(name),
            Ok(_) => {}
            Err(error) if error.has_code(&DENIED) => {
                found.unread.push(name);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
