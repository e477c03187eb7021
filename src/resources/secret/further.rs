//! Secrets of the stack that the file does not name: it names them no longer, or not yet.

use std::collections::BTreeSet;

use super::{Secret, values};
use crate::cloud::{Cloud, role_documents};
use crate::config::{Config, secret::check_key};
use crate::resources::further::Further;
use engine::error::Result;

/// The operations of AWS that this file calls, with the deletion of what is found.
pub const CALLS: &[&str] =
    &["ssm:DescribeParameters", "ssm:ListTagsForResource", "ssm:DeleteParameter"];

/// The keys of those below the name of the stack and stage that carry its tags.
pub async fn find(cloud: &Cloud, config: &Config) -> Result<Further> {
    let all = match values::list(cloud, config).await {
        // Who may delete a stack without secrets need not be allowed to list any.
        Err(error) if role_documents::is_denied(&error) => {
            let unread = BTreeSet::from([format!("secrets below {}", config.parameters())]);
            return Ok(Further { unread, ..Further::default() });
        }
        all => all?,
    };
    let known = config.secrets();
    let begin = format!("{}/", config.parameters());
    let mut found = Further::default();
    for parameter in all {
        let Some(key) = parameter.name.strip_prefix(&begin) else { continue };
        if known.contains(key) || check_key("secret", key).is_err() {
            continue;
        }
        let secret = Secret::new(cloud, config, key);
        let tags = secret.tags().await.map(Option::unwrap_or_default);
        found.sort_in(&secret.tags, key, format!("secret {}", parameter.name), tags)?;
    }
    Ok(found)
}
