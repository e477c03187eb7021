//! Resource Groups Tagging: what carries a tag, of every service at once.
//!
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>

use serde::{Deserialize, Serialize};

use crate::Service;
use crate::json::operations;

pub static TAGGING: Service = Service {
    id: "Resource Groups Tagging API",
    prefix: "tagging",
    target: "ResourceGroupsTaggingAPI_20170126",
    plain_is_fips_in_gov: false,
    global: None,
};

/// Lists what carries all of these tags. What was tagged or deleted seconds ago may not show yet.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetResources {
    pub tag_filters: Vec<TagFilter>,
    pub resource_type_filters: Vec<&'static str>,
    pub pagination_token: Option<String>,
}

operations! { TAGGING:
    GetResources -> GetResourcesOutput;
}

/// A tag with one of these values.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TagFilter {
    pub key: String,
    pub values: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetResourcesOutput {
    #[serde(default)]
    pub resource_tag_mapping_list: Vec<ResourceTagMapping>,
    /// Empty on the last page.
    pub pagination_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceTagMapping {
    #[serde(rename = "ResourceARN")]
    pub resource_arn: String,
    #[serde(default)]
    pub tags: Vec<Tag>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    pub key: String,
    pub value: String,
}
