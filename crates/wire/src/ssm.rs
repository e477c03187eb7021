//! Systems Manager: its parameters.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html>

use serde::{Deserialize, Serialize};

use crate::json::{Nothing, operations};
use crate::{Secret, Service};

pub static SSM: Service = Service {
    id: "SSM",
    prefix: "ssm",
    target: "AmazonSSM",
    plain_is_fips_in_gov: true,
    global: None,
};

operations! { SSM:
    PutParameter -> PutParameterOutput;
    GetParameter -> GetParameterOutput;
    DescribeParameters -> DescribeParametersOutput;
    DeleteParameter -> Nothing;
    ListTagsForResource -> ListTagsForResourceOutput;
    AddTagsToResource -> Nothing;
}

/// Makes a parameter, or a new version of it. Tags go with `overwrite: false` alone.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutParameter {
    pub name: String,
    pub description: Option<String>,
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub value: Secret,
    pub r#type: &'static str,
    pub key_id: Option<String>,
    pub overwrite: bool,
    pub tags: Option<Vec<Tag>>,
    pub tier: &'static str,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutParameterOutput {
    pub version: i64,
}

/// Reads one parameter, by name or as `NAME:VERSION`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetParameter {
    pub name: String,
    pub with_decryption: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetParameterOutput {
    pub parameter: Parameter,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parameter {
    pub value: Secret,
    pub version: i64,
}

/// Lists parameters without their values.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeParameters {
    pub parameter_filters: Vec<ParameterStringFilter>,
    pub max_results: Option<i32>,
    pub next_token: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParameterStringFilter {
    pub key: String,
    pub option: Option<&'static str>,
    pub values: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeParametersOutput {
    #[serde(default)]
    pub parameters: Vec<ParameterMetadata>,
    pub next_token: Option<String>,
}

/// A parameter without its value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParameterMetadata {
    pub name: String,
    pub r#type: Option<String>,
    pub key_id: Option<String>,
    /// Seconds since 1970.
    pub last_modified_date: Option<f64>,
    pub version: i64,
    pub tier: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteParameter {
    pub name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListTagsForResource {
    pub resource_type: &'static str,
    pub resource_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListTagsForResourceOutput {
    #[serde(default)]
    pub tag_list: Vec<Tag>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AddTagsToResource {
    pub resource_type: &'static str,
    pub resource_id: String,
    pub tags: Vec<Tag>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    pub key: String,
    pub value: String,
}
