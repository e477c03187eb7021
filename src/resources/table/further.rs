//! Tables of the stack that the file does not name: the file is gone, or says them no longer. They are found by the names
//! that AWS lists, and their tags say whose they are.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::Client;

use super::Table;
use crate::cloud::pages::Pages;
use crate::cloud::{Cloud, Doing};
use crate::config::{self, Config};
use crate::resources::further::Further;
use engine::error::Result;

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["dynamodb:ListTables", "dynamodb:ListTagsOfResource"];

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
        let tags = table.tags().await.map(Option::unwrap_or_default);
        found.sort_in(&table.tags, &name, format!("table {name}"), tags)?;
    }
    Ok(found)
}
