//! Functions of the stack that the file does not name: the file is gone, or says them no longer. They are found by the
//! names that AWS lists, and their tags say whose they are. A role can outlive its function, so roles are looked at, too.

use std::collections::BTreeSet;

use aws_sdk_iam::Client as Iam;
use aws_sdk_lambda::Client as Lambda;

use crate::cloud::spreading::ABSENT as NO_ROLE;
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, Doing};
use crate::config::Config;
use engine::error::Result;

use super::ABSENT;

/// What this asks of AWS.
pub const CALLS: &[&str] =
    &["lambda:ListFunctions", "lambda:GetFunction", "iam:ListRoles", "iam:GetRole"];

/// Every function of the account and region, and every role of the account.
#[derive(Debug, Default)]
pub struct Names {
    functions: BTreeSet<String>,
    roles: BTreeSet<String>,
}

/// Lists them, both at once.
pub async fn names(cloud: &Cloud) -> Result<Names> {
    let (functions, roles) = tokio::try_join!(functions(cloud), roles(cloud))?;
    Ok(Names { functions, roles })
}

async fn functions(cloud: &Cloud) -> Result<BTreeSet<String>> {
    let mut pages = Lambda::new(&cloud.sdk).list_functions().into_paginator().send();
    let mut found = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let functions = page.doing("list the functions")?.functions.unwrap_or_default();
        found.extend(functions.into_iter().filter_map(|function| function.function_name));
    }
    Ok(found)
}

async fn roles(cloud: &Cloud) -> Result<BTreeSet<String>> {
    let mut pages = Iam::new(&cloud.sdk).list_roles().into_paginator().send();
    let mut found = BTreeSet::new();
    while let Some(page) = pages.next().await {
        found.extend(page.doing("list the roles")?.roles.into_iter().map(|role| role.role_name));
    }
    Ok(found)
}

/// The keys of those that carry the stack's tags and that the file does not name. Only what is called after the stack is
/// looked at.
pub async fn find(cloud: &Cloud, config: &Config, names: &Names) -> Result<BTreeSet<String>> {
    let is_further = |key: &&str| !config.functions.contains_key(*key);
    let mut found = BTreeSet::new();
    for name in &names.functions {
        let Some(key) = config.names.key_of(name).filter(is_further) else { continue };
        if tags::is_ours(&tags::ours(config), &function_tags(cloud, name).await?) {
            found.insert(key.to_owned());
        }
    }
    for name in &names.roles {
        let Some(key) = config.names.key_of_role(name).filter(is_further) else { continue };
        let ours = tags::ours_of_region(config, cloud.region());
        if !found.contains(key) && tags::is_ours(&ours, &role_tags(cloud, name).await?) {
            found.insert(key.to_owned());
        }
    }
    Ok(found)
}

async fn function_tags(cloud: &Cloud, name: &str) -> Result<Tags> {
    let answer = Lambda::new(&cloud.sdk).get_function().function_name(name).send().await;
    let answer = answer.doing(format!("read function `{name}`")).absent_if(&ABSENT)?;
    Ok(answer.and_then(|answer| answer.tags).unwrap_or_default().into_iter().collect())
}

async fn role_tags(cloud: &Cloud, name: &str) -> Result<Tags> {
    let answer = Iam::new(&cloud.sdk).get_role().role_name(name).send().await;
    let answer = answer.doing(format!("read role `{name}`")).absent_if(&NO_ROLE)?;
    let tags = answer.and_then(|answer| answer.role).and_then(|role| role.tags);
    Ok(tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
}
