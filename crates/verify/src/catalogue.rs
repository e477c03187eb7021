//! All actions of `DynamoDB` that AWS documents, and the few of other services that a function's role touches.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The vendored list, with where it is from. `sha256` is of the lines `Action:type,type` in the order of the alphabet.
#[derive(Debug, Deserialize)]
pub struct Catalogue {
    pub date: String,
    pub sha256: String,
    actions: BTreeMap<String, Vec<ResourceType>>,
}

/// What kind of ARN an action can be granted on. An action without any can be granted on `*` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceType {
    Table,
    Index,
    Stream,
    Backup,
    Export,
    Import,
    GlobalTable,
}

/// What an action that nobody needs could be used for.
///
/// The four classes are those of cloudsplaining: <https://cloudsplaining.readthedocs.io/>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    DataExfiltration,
    ResourceExposure,
    PrivilegeEscalation,
    InfrastructureModification,
}

/// What the code of a function must be able to do with its log group; making the group is the stack's business.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html>
pub const NEEDED_FOR_LOGS: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];

/// Actions on logs that a wide grant is probed with.
pub const OTHER_LOG_ACTIONS: [&str; 8] = [
    "logs:CreateLogGroup",
    "logs:DeleteLogGroup",
    "logs:DeleteLogStream",
    "logs:DescribeLogGroups",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:PutRetentionPolicy",
    "logs:PutSubscriptionFilter",
];

/// Actions with which a role can gain rights that it was not given.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>
pub const ESCALATIONS: [&str; 15] = [
    "iam:PassRole",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:AttachGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:PutGroupPolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:UpdateAssumeRolePolicy",
    "iam:CreateAccessKey",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "sts:AssumeRole",
];

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    serde_json::from_str(include_str!("dynamodb-actions.json"))
        .expect("the vendored catalogue is tested")
});

impl Catalogue {
    pub fn dynamodb() -> &'static Catalogue {
        &CATALOGUE
    }

    /// The names without `dynamodb:`, in the order of the alphabet, with the types of resource that each takes.
    pub fn actions(&self) -> impl Iterator<Item = (&str, &[ResourceType])> {
        self.actions.iter().map(|(name, types)| (name.as_str(), types.as_slice()))
    }

    /// The documented spelling of an action, and what it can be granted on. Actions have no case.
    pub fn find(&self, action: &str) -> Option<(&str, &[ResourceType])> {
        let (service, name) = action.split_once(':')?;
        if !service.eq_ignore_ascii_case("dynamodb") {
            return None;
        }
        self.actions().find(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// The action that was probably meant.
    pub fn nearest(&self, action: &str) -> Option<String> {
        let name = action.split_once(':').map_or(action, |(_, name)| name).to_ascii_lowercase();
        let distance =
            |known: &str| strsim::damerau_levenshtein(&known.to_ascii_lowercase(), &name);
        let (known, _) = self.actions().min_by_key(|(known, _)| distance(known))?;
        (distance(known) <= name.len() / 2).then(|| format!("dynamodb:{known}"))
    }
}

impl ResourceType {
    /// The type of an ARN of `DynamoDB`; nothing for `*` and for what is no such ARN.
    pub fn of(arn: &str) -> Option<ResourceType> {
        let mut parts = arn.splitn(6, ':');
        let (service, resource) = (parts.nth(2)?, parts.nth(2)?);
        let mut path = resource.split('/');
        match (service, path.next()?, path.nth(1)) {
            ("dynamodb", "global-table", _) => Some(ResourceType::GlobalTable),
            ("dynamodb", "table", None) => Some(ResourceType::Table),
            ("dynamodb", "table", Some("index")) => Some(ResourceType::Index),
            ("dynamodb", "table", Some("stream")) => Some(ResourceType::Stream),
            ("dynamodb", "table", Some("backup")) => Some(ResourceType::Backup),
            ("dynamodb", "table", Some("export")) => Some(ResourceType::Export),
            ("dynamodb", "table", Some("import")) => Some(ResourceType::Import),
            _ => None,
        }
    }
}

impl Risk {
    pub fn of(action: &str) -> Risk {
        let (service, name) = action.split_once(':').unwrap_or(("", action));
        let reads = ["Get", "Batch", "Query", "Scan", "PartiQLSelect", "Export", "Search"];
        match (service, name) {
            ("iam" | "sts", _)
            | ("lambda", "UpdateFunctionCode" | "UpdateFunctionConfiguration") => {
                Risk::PrivilegeEscalation
            }
            (_, name) if name.ends_with("ResourcePolicy") || name.ends_with("Permission") => {
                Risk::ResourceExposure
            }
            (_, "BatchWriteItem") => Risk::InfrastructureModification,
            (_, name) if reads.iter().any(|prefix| name.starts_with(prefix)) => {
                Risk::DataExfiltration
            }
            _ => Risk::InfrastructureModification,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Risk::DataExfiltration => "data-exfiltration",
            Risk::ResourceExposure => "resource-exposure",
            Risk::PrivilegeEscalation => "privilege-escalation",
            Risk::InfrastructureModification => "infrastructure-modification",
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::operations::{OPERATIONS, Operation};

    #[test]
    fn the_digest_is_that_of_the_list() {
        let text = include_str!("dynamodb-actions.json");
        let raw: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
        let mut digest = Sha256::new();
        for (name, types) in raw["actions"].as_object().expect("actions are an object") {
            let types = types.as_array().expect("types are a list").iter();
            let types: Vec<_> = types.filter_map(serde_json::Value::as_str).collect();
            digest.update(format!("{name}:{}\n", types.join(",")));
        }
        let hex = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
        };
        assert_eq!(hex(&digest.finalize()), Catalogue::dynamodb().sha256);
        assert_eq!(Catalogue::dynamodb().actions().count(), 79);
    }

    #[test]
    fn every_operation_asks_for_actions_that_exist() {
        for action in OPERATIONS.iter().flat_map(Operation::possible_actions) {
            assert!(
                Catalogue::dynamodb().find(&format!("dynamodb:{action}")).is_some(),
                "{action}"
            );
        }
    }

    #[test]
    fn a_misspelt_action_has_a_nearest_name() {
        let nearest = |action| Catalogue::dynamodb().nearest(action);
        assert_eq!(nearest("dynamodb:GetItems").as_deref(), Some("dynamodb:GetItem"));
        assert_eq!(nearest("dynamodb:scann").as_deref(), Some("dynamodb:Scan"));
        assert_eq!(nearest("dynamodb:X"), None);
    }

    #[test]
    fn an_arn_shows_its_type() {
        let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/t";
        assert_eq!(ResourceType::of(arn), Some(ResourceType::Table));
        assert_eq!(ResourceType::of(&format!("{arn}/index/i")), Some(ResourceType::Index));
        assert_eq!(ResourceType::of("*"), None);
        assert_eq!(ResourceType::of("arn:aws:s3:::table/t"), None);
    }
}
