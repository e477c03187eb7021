//! The tags that say whose a resource is: the only mark of ownership there is.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;

use crate::config::Config;
use engine::Difference;

/// Tags of one resource, ours or as they were read.
pub type Tags = BTreeMap<String, String>;

const STACK: &str = "stackctl:stack";
const STAGE: &str = "stackctl:stage";
const REGION: &str = "stackctl:region";

/// What every resource of this stack and stage that takes tags carries.
pub fn ours(config: &Config) -> Tags {
    Tags::from([(STACK.to_owned(), config.name.clone()), (STAGE.to_owned(), config.stage.clone())])
}

/// The same for what IAM keeps: it has no region, so the name alone does not say whose it is.
pub fn ours_of_region(config: &Config, region: &str) -> Tags {
    let mut tags = ours(config);
    tags.insert(REGION.to_owned(), region.to_owned());
    tags
}

/// Whether a resource with the tags `live` belongs to the stack with the tags `ours`.
pub fn is_ours(ours: &Tags, live: &Tags) -> bool {
    ours.iter().all(|(key, value)| live.get(key) == Some(value))
}

/// The stack and the stage that a resource with these tags belongs to.
pub fn owner(live: &Tags) -> Option<(String, String)> {
    Some((live.get(STACK)?.clone(), live.get(STAGE)?.clone()))
}

/// Our tags that are missing or say something else. Tags of others are left alone.
pub fn diff(ours: &Tags, live: &Tags) -> Vec<Difference> {
    let wrong = ours.iter().filter(|(key, value)| live.get(*key) != Some(*value));
    wrong
        .map(|(key, value)| {
            Difference::new(
                format!("tag {key}"),
                live.get(key).map_or("none", String::as_str),
                value,
            )
        })
        .collect()
}

/// The tags as roles and policies take them.
pub fn for_iam(tags: &Tags) -> Vec<Tag> {
    let tag =
        |(key, value)| Tag::builder().key(key).value(value).build().expect("both fields are set");
    tags.iter().map(tag).collect()
}
