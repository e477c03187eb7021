//! Functions of the stack that the file does not name: the file is gone, or says them no longer. They are found by the
//! names that AWS lists, and their tags say whose they are.

use std::collections::BTreeSet;

use aws_sdk_lambda::Client;

use super::ABSENT;
use crate::cloud::pages::Pages;
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, Doing};
use crate::config::Config;
use crate::resources::further::Further;
use engine::error::Result;

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["lambda:ListFunctions", "lambda:GetFunction"];

/// Every function of the account and region.
pub async fn names(cloud: &Cloud) -> Result<BTreeSet<String>> {
    let client = Client::new(&cloud.sdk);
    let (mut found, mut pages) = (BTreeSet::new(), Pages::default());
    loop {
        let page = client.list_functions().set_marker(pages.token()).send().await;
        let page = page.doing("list the functions")?;
        let functions = page.functions.unwrap_or_default();
        found.extend(functions.into_iter().filter_map(|function| function.function_name));
        if !pages.turn(page.next_marker)? {
            return Ok(found);
        }
    }
}

/// The keys of those of `names` that carry the stack's tags and that the file does not name. Only what is called after
/// the stack is looked at.
pub async fn find(cloud: &Cloud, config: &Config, names: &BTreeSet<String>) -> Result<Further> {
    let ours = tags::ours(config);
    let key = |name: &str| {
        let key = config.names.key_of(name)?;
        (!config.functions.contains_key(key)).then(|| key.to_owned())
    };
    Further::among(names, ("function", key), &ours, async |name| tags_of(cloud, name).await).await
}

async fn tags_of(cloud: &Cloud, name: &str) -> Result<Tags> {
    let client = Client::new(&cloud.sdk);
    let answer = client.get_function().function_name(name).send().await;
    let answer = answer.doing(format!("read function `{name}`")).absent_if(&ABSENT)?;
    Ok(answer.and_then(|answer| answer.tags).unwrap_or_default().into_iter().collect())
}
