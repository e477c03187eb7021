//! Functions, queues and groups of schedules that carry the stack's tags, whatever its file says: what starts a function
//! goes on doing so when the file says it no longer.

use std::collections::{BTreeMap, BTreeSet};

use wire::tagging::{GetResources, ResourceTagMapping, TAGGING, TagFilter};

use crate::cloud::pages::Pages;
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Cloud, Doing, role_documents};
use crate::config::Config;
use engine::error::Result;

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["tag:GetResources"];

const KINDS: [&str; 3] = ["lambda:function", "sqs", "scheduler:schedule-group"];

/// What the list has. It is some seconds behind: what it names may be gone.
#[derive(Debug, Default, Clone)]
pub struct Owned {
    /// By their names, with their tags.
    pub functions: BTreeMap<String, Tags>,
    pub queues: BTreeSet<String>,
    /// Whether there is a group of schedules.
    pub has_group: bool,
    /// The list may not be read.
    pub is_denied: bool,
}

/// Reads the list.
pub async fn owned(cloud: &Cloud, config: &Config) -> Result<Owned> {
    let client = wire::Client::new(&cloud.sdk, &TAGGING);
    let one = |(key, value)| TagFilter { key, values: vec![value] };
    let filters: Vec<TagFilter> = tags::of_stack(config).into_iter().map(one).collect();
    let (mut owned, mut pages) = (Owned::default(), Pages::default());
    loop {
        let answer = client.call(GetResources {
            tag_filters: filters.clone(),
            resource_type_filters: KINDS.to_vec(),
            pagination_token: pages.token(),
        });
        let page = match answer.await.doing("list what carries the tags of the stack") {
            Err(error) if role_documents::is_denied(&error) => {
                return Ok(Owned { is_denied: true, ..owned });
            }
            answer => answer?,
        };
        page.resource_tag_mapping_list.into_iter().for_each(|one| owned.add(one));
        if !pages.turn(page.pagination_token)? {
            return Ok(owned);
        }
    }
}

impl Owned {
    fn add(&mut self, one: ResourceTagMapping) {
        let parts: Vec<&str> = one.resource_arn.splitn(6, ':').collect();
        let [_, _, service, _, _, resource] = parts.as_slice() else { return };
        match *service {
            "lambda" => {
                let name = resource.strip_prefix("function:").unwrap_or(resource);
                let tags = one.tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
                self.functions.insert(name.to_owned(), tags);
            }
            "sqs" => {
                self.queues.insert((*resource).to_owned());
            }
            _ => self.has_group = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloud::replay::{Replay, ok, refused};
    use crate::resources::fixture::config;

    const GET: &str = "ResourceGroupsTaggingAPI_20170126.GetResources";

    #[tokio::test]
    async fn every_page_is_read_and_the_filter_is_the_stack_and_its_stage() {
        let arn = |rest: &str| format!("arn:aws:{rest}");
        let filter = r#""TagFilters":[{"Key":"stackctl:stack","Values":["app"]},{"Key":"stackctl:stage","Values":["default"]}]"#;
        let tags = json!([{"Key": "stackctl:trigger:queue", "Value": "live"}]);
        let first = json!({"PaginationToken": "next", "ResourceTagMappingList": [
            {"ResourceARN": arn("lambda:us-east-1:123456789012:function:app-worker"), "Tags": tags},
            {"ResourceARN": arn("sqs:us-east-1:123456789012:app-worker")},
        ]});
        let second = json!({"PaginationToken": "", "ResourceTagMappingList": [
            {"ResourceARN": arn("scheduler:us-east-1:123456789012:schedule-group/app")},
        ]});
        let replay = Replay::new([ok(filter, first), ok(r#""PaginationToken":"next""#, second)]);
        let owned = owned(&replay.cloud(), &config()).await.expect("read");
        let marks = tags::triggers(&owned.functions["app-worker"]);
        assert_eq!(marks.into_iter().map(crate::config::Kind::key).collect::<Vec<_>>(), ["queue"]);
        assert!(owned.queues.contains("app-worker") && owned.has_group);
        replay.is_over();
    }

    #[tokio::test]
    async fn a_list_that_may_not_be_read_is_said_to_be_unread() {
        let replay = Replay::new([refused(GET, 400, "AccessDeniedException", "not authorized")]);
        assert!(owned(&replay.cloud(), &config()).await.expect("no failure").is_denied);
    }
}
