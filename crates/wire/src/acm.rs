//! Certificate Manager: certificates that it issues itself.
//!
//! <https://docs.aws.amazon.com/acm/latest/APIReference/API_Operations.html>

use serde::{Deserialize, Serialize};

use crate::Service;
use crate::json::{Nothing, operations};

pub static ACM: Service = Service {
    id: "ACM",
    prefix: "acm",
    target: "CertificateManager",
    plain_is_fips_in_gov: true,
    global: None,
};

operations! { ACM:
    ListCertificates -> ListCertificatesOutput;
    DescribeCertificate -> DescribeCertificateOutput;
    ListTagsForCertificate -> ListTagsForCertificateOutput;
    RequestCertificate -> RequestCertificateOutput;
    AddTagsToCertificate -> Nothing;
    DeleteCertificate -> Nothing;
}

/// A page of the RSA certificates of one region.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListCertificates {
    pub max_items: i32,
    pub next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListCertificatesOutput {
    #[serde(default)]
    pub certificate_summary_list: Vec<CertificateSummary>,
    pub next_token: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CertificateSummary {
    pub certificate_arn: String,
    #[serde(default)]
    pub domain_name: String,
    /// Its names, the first hundred of them.
    #[serde(default)]
    pub subject_alternative_name_summaries: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeCertificate {
    pub certificate_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeCertificateOutput {
    pub certificate: CertificateDetail,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CertificateDetail {
    pub certificate_arn: String,
    #[serde(default)]
    pub domain_name: String,
    #[serde(default)]
    pub subject_alternative_names: Vec<String>,
    /// `PENDING_VALIDATION`, `ISSUED`, `FAILED` and others.
    #[serde(default)]
    pub status: String,
    pub failure_reason: Option<String>,
    #[serde(default)]
    pub domain_validation_options: Vec<DomainValidation>,
    /// The ARNs of what uses it.
    #[serde(default)]
    pub in_use_by: Vec<String>,
}

/// How one of the names is shown to be the account's.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DomainValidation {
    pub domain_name: String,
    /// Absent for the first seconds.
    pub resource_record: Option<ResourceRecord>,
}

/// The record that ACM looks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceRecord {
    pub name: String,
    pub r#type: String,
    pub value: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListTagsForCertificate {
    pub certificate_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListTagsForCertificateOutput {
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// Requests a certificate. The same token and names within an hour are the same certificate.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RequestCertificate {
    pub domain_name: String,
    pub subject_alternative_names: Option<Vec<String>>,
    pub validation_method: &'static str,
    pub idempotency_token: String,
    pub tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RequestCertificateOutput {
    pub certificate_arn: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AddTagsToCertificate {
    pub certificate_arn: String,
    pub tags: Vec<Tag>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteCertificate {
    pub certificate_arn: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    pub key: String,
    #[serde(default)]
    pub value: String,
}
