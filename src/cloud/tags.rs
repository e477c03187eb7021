//! The tags that say whose a resource is: the only mark of ownership there is.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::Tag;

use crate::config::{ALIAS, Config, DEFAULT_STAGE, Kind, Names, check_name};
use engine::Difference;

/// Tags of one resource, ours or as they were read.
pub type Tags = BTreeMap<String, String>;

const STACK: &str = "stackctl:stack";
const STAGE: &str = "stackctl:stage";
const REGION: &str = "stackctl:region";

/// Begins the keys that say whose a resource is.
const MARK: &str = "stackctl:";

/// Begins the keys that say what starts a function.
const TRIGGER: &str = "stackctl:trigger:";

/// What every resource of this stack and stage that takes tags carries: the tags of the file, and whose it is.
pub fn ours(config: &Config) -> Tags {
    let mut tags = config.tags.clone();
    tags.insert(STACK.to_owned(), config.name.clone());
    tags.insert(STAGE.to_owned(), config.stage.clone());
    tags
}

/// The two that say whose it is.
pub fn of_stack(config: &Config) -> Tags {
    let pairs = [(STACK, &config.name), (STAGE, &config.stage)];
    pairs.map(|(key, value)| (key.to_owned(), value.clone())).into()
}

/// What a function carries: also what starts it, so that this is found when the file says it no longer.
pub fn of_function(config: &Config) -> Tags {
    let mut tags = ours(config);
    let trigger = config.function().trigger.as_ref();
    tags.extend(trigger.map(|one| (trigger_key(one.kind()), ALIAS.to_owned())));
    tags
}

/// The key of the tag that names what starts a function.
pub fn trigger_key(kind: Kind) -> String {
    format!("{TRIGGER}{}", kind.key())
}

/// What starts a function, as its tags say.
pub fn triggers(tags: &Tags) -> BTreeSet<Kind> {
    Kind::ALL.into_iter().filter(|kind| tags.contains_key(&trigger_key(*kind))).collect()
}

/// The same for what IAM keeps: it has no region, so the name alone does not say whose it is.
pub fn ours_of_region(config: &Config, region: &str) -> Tags {
    let mut tags = ours(config);
    tags.insert(REGION.to_owned(), region.to_owned());
    tags
}

/// Whether a resource with the tags `live` belongs to the stack with the tags `ours`.
pub fn is_ours(ours: &Tags, live: &Tags) -> bool {
    let is_mark = |key: &str| key.starts_with(MARK) && !key.starts_with(TRIGGER);
    let mut marks = ours.iter().filter(|(key, _)| is_mark(key));
    marks.all(|(key, value)| live.get(key) == Some(value))
}

/// Whether every tag of ours is there, those of the file, too.
pub fn are_set(ours: &Tags, live: &Tags) -> bool {
    ours.iter().all(|(key, value)| live.get(key) == Some(value))
}

/// The tags of a resource after ours were set: those of others stay.
pub fn set(ours: &Tags, live: &Tags) -> Tags {
    let both = live.iter().chain(ours);
    both.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The stack and the stage that a resource with these tags belongs to.
pub fn owner(live: &Tags) -> Option<(String, String)> {
    Some((live.get(STACK)?.clone(), live.get(STAGE)?.clone()))
}

/// The other stack that a resource of this name belongs to: its tags name one, and that one gives the name, too.
pub fn other_stack(ours: &Tags, live: &Tags, name: &str) -> Option<String> {
    let (stack, stage) = (live.get(STACK)?, live.get(STAGE)?);
    let is_a_stack = check_name(stack).is_ok() && check_name(stage).is_ok();
    if is_ours(ours, live) || !is_a_stack || !Names::of(stack, stage).contains(name) {
        return None;
    }
    let stage = if stage == DEFAULT_STAGE { String::new() } else { format!(" in stage `{stage}`") };
    let region = live.get(REGION).map(|region| format!(" in {region}")).unwrap_or_default();
    Some(format!("`{stack}`{stage}{region}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stack: &str, stage: &str, region: &str) -> Tags {
        let pairs = [(STACK, stack), (STAGE, stage), (REGION, region)];
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn names_that_meet_have_an_owner() {
        let ours = of("app2", "default", "us-east-1");
        let owner = |live: &Tags| other_stack(&ours, live, "App2LambdaDynamoDB");
        assert_eq!(
            owner(&of("app-2", "default", "us-east-1")).as_deref(),
            Some("`app-2` in us-east-1")
        );
        assert_eq!(
            owner(&of("app2", "default", "eu-west-1")).as_deref(),
            Some("`app2` in eu-west-1")
        );
        assert_eq!(owner(&ours), None);
    }

    #[test]
    fn tags_that_no_stack_gives_to_this_name_are_no_owner() {
        let ours = of("app2", "default", "us-east-1");
        for live in
            [of("other", "default", "us-east-1"), of("--", "", ""), of("é", "x", "y"), Tags::new()]
        {
            assert_eq!(other_stack(&ours, &live, "App2LambdaDynamoDB"), None);
        }
        let stages = of("a", "data", "us-east-1");
        let met = other_stack(&of("a-data", "default", "us-east-1"), &stages, "a-data-data");
        assert_eq!(met.as_deref(), Some("`a` in stage `data` in us-east-1"));
    }
}
