//! Roles of functions that the file does not name: a role can outlive its function when a teardown is killed.

use std::collections::BTreeSet;

use aws_sdk_iam::Client;

use crate::cloud::pages::Pages;
use crate::cloud::spreading::ABSENT;
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, Doing};
use crate::config::Config;
use crate::resources::further::Further;
use engine::error::Result;

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["iam:ListRoles", "iam:GetRole"];

/// Every role of the account.
pub async fn names(cloud: &Cloud) -> Result<BTreeSet<String>> {
    let client = Client::new(&cloud.sdk);
    let (mut found, mut pages) = (BTreeSet::new(), Pages::default());
    loop {
        let page = client.list_roles().set_marker(pages.token()).send().await;
        let page = page.doing("list the roles")?;
        found.extend(page.roles.into_iter().map(|role| role.role_name));
        if !pages.turn_if(page.is_truncated, page.marker)? {
            return Ok(found);
        }
    }
}

/// The keys of the functions whose roles carry the stack's tags and that the file does not name. Only roles that are called
/// after the stack are looked at.
pub async fn find(cloud: &Cloud, config: &Config, names: &BTreeSet<String>) -> Result<Further> {
    let ours = tags::ours_of_region(config, cloud.region());
    let key = |name: &str| {
        let key = config.names.key_of_role(name)?;
        (!config.functions.contains_key(key)).then(|| key.to_owned())
    };
    Further::among(names, ("role", key), &ours, async |name| tags_of(cloud, name).await).await
}

async fn tags_of(cloud: &Cloud, name: &str) -> Result<Tags> {
    let client = Client::new(&cloud.sdk);
    let answer = client.get_role().role_name(name).send().await;
    let answer = answer.doing(format!("read role `{name}`")).absent_if(&ABSENT)?;
    let tags = answer.and_then(|answer| answer.role).and_then(|role| role.tags);
    Ok(tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
}
