//! One deployed stack as it is: names, what the handler calls, and every document that decides what its role may do.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::rights::{On, Place, Rights};
use crate::services::pascal;
use iam::document::{Document, INLINE_POLICIES_LIMIT, MANAGED_POLICY_LIMIT};
use iam::eval::Policy;
use iam::json::Json;
use iam::parse::{Kind, Malformed};

/// What `verify-policy` judges. It can be written to a file and judged again by someone without access.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Snapshot {
    #[serde(rename = "context")]
    pub stack: Stack,
    pub handler: Handler,
    pub documents: Documents,
}

/// The names of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Stack {
    pub account: String,
    pub region: String,
    pub partition: String,
    /// The table that a call is on which names none.
    pub table_name: String,
    pub table_arn: String,
    /// Every table by its key in `stack.toml`, the one above among them; absent when that is the only one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<String, Table>,
    pub function_name: String,
    pub function_arn: String,
    pub log_group_arn: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub http_api_id: Option<String>,
    pub role_name: String,
    /// The names of the policies that the stack makes for the role; absent in older snapshots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_policies: Vec<String>,
    /// The account demands a permissions boundary.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_boundary: bool,
    /// The stack chose `AWSLambdaBasicExecutionRole` for its logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_policy: Option<LogPolicy>,
}

/// A table of the stack.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Table {
    pub name: String,
    pub arn: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogPolicy {
    Scoped,
    AwsManaged,
}

/// What is known of the handler: the operations it calls, the rights that its audit shows, or its source. Operations and
/// rights count together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Handler {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<Vec<Call>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<Rights>,
}

/// An operation that the handler calls, and on what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Call {
    pub operation: String,
    /// The key or the ARN of the table; without it, the call is on the stack's main table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The index that is read instead of the table.
    #[serde(default)]
    pub index: Option<String>,
    /// `Put`, `Update`, `Delete`, `ConditionCheck`: what a transaction holds. Without it, it may hold any of them.
    #[serde(default, alias = "items", alias = "kinds", skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<String>>,
    /// The `PartiQL` text, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// Another service than `DynamoDB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Source {
    #[serde(rename = "lang")]
    pub language: String,
    pub text: String,
}

/// The documents, unread: a malformed one spoils what depends on it, not the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Documents {
    pub managed_policies: Vec<ManagedPolicy>,
    pub inline_policies: Vec<InlinePolicy>,
    pub trust_policy: Json,
    pub permissions_boundary: Json,
    pub function_resource_policy: Json,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ManagedPolicy {
    pub policy_name: String,
    pub policy_arn: String,
    pub default_version_id: String,
    /// An object of documents by their version.
    pub versions: Json,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InlinePolicy {
    pub policy_name: String,
    pub document: Json,
}

/// Why a text is no snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotError(String);

impl Snapshot {
    pub fn from_json(text: &str) -> Result<Self, SnapshotError> {
        // Serde would keep the last of two equal keys of a map without a word.
        let json =
            Json::parse(text).map_err(|error| SnapshotError(format!("not JSON: {error}")))?;
        let documents = json.get("documents");
        let boundary = documents.and_then(|documents| documents.get("permissions_boundary"));
        let versions = boundary.and_then(|boundary| boundary.get("Versions"));
        let parts = [json.get("context"), json.get("handler"), documents, boundary, versions];
        for part in [&json].into_iter().chain(parts.into_iter().flatten()) {
            if let Some(name) = part.duplicate() {
                return Err(SnapshotError(format!("the key `{name}` comes twice")));
            }
        }
        let snapshot: Snapshot =
            serde_json::from_str(text).map_err(|error| SnapshotError(error.to_string()))?;
        snapshot.check().map_err(SnapshotError)?;
        Ok(snapshot)
    }

    pub fn to_json(&self) -> Result<String, SnapshotError> {
        serde_json::to_string_pretty(self).map_err(|error| SnapshotError(error.to_string()))
    }

    fn check(&self) -> Result<(), String> {
        let stack = &self.stack;
        let arns = [
            ("table_arn", &stack.table_arn, "dynamodb", format!("table/{}", stack.table_name)),
            (
                "function_arn",
                &stack.function_arn,
                "lambda",
                format!("function:{}", stack.function_name),
            ),
            ("log_group_arn", &stack.log_group_arn, "logs", "log-group:".to_owned()),
        ];
        for (name, arn, service, resource) in arns {
            stack.check_arn(name, arn, service, &resource)?;
        }
        for (key, Table { name, arn }) in &stack.tables {
            stack.check_arn(&format!("tables.{key}"), arn, "dynamodb", &format!("table/{name}"))?;
        }
        let Handler { operations, source, rights } = &self.handler;
        if operations.is_none() && source.is_none() && rights.is_none() {
            return Err("handler has neither `operations` nor `source` nor `rights`".to_owned());
        }
        for policy in &self.documents.managed_policies {
            if !matches!(policy.versions, Json::Object(_)) {
                return Err(format!("Versions of {} is not an object", policy.policy_name));
            }
        }
        Ok(())
    }
}

impl Stack {
    /// The log group without the `:*` that some APIs give it.
    pub fn log_group(&self) -> &str {
        self.log_group_arn.trim_end_matches(":*")
    }

    fn check_arn(
        &self,
        name: &str,
        arn: &str,
        service: &str,
        resource: &str,
    ) -> Result<(), String> {
        let head = format!("arn:{}:{service}:{}:{}:", self.partition, self.region, self.account);
        if arn.strip_prefix(&head).is_some_and(|rest| rest.starts_with(resource)) {
            return Ok(());
        }
        Err(format!("context.{name} is `{arn}`, which does not fit the other names"))
    }

    /// The name and the ARN of each table, the main one first.
    pub fn tables(&self) -> impl Iterator<Item = (&str, &str)> {
        let main = (self.table_name.as_str(), self.table_arn.as_str());
        let all = self.tables.values().map(|table| (table.name.as_str(), table.arn.as_str()));
        [main].into_iter().chain(all.filter(move |one| *one != main))
    }

    /// The ARN of what rights are on.
    pub fn arn(&self, on: &On) -> String {
        let Stack { partition, region, account, .. } = self;
        let names = |(key, table): (&String, &Table)| (key.clone(), table.name.clone());
        let mut tables: BTreeMap<String, String> = self.tables.iter().map(names).collect();
        // A stack that lists none has the main one alone, whatever it is called in the file.
        if let Some(key) = on.table().filter(|key| tables.is_empty() && !key.starts_with("arn:")) {
            tables.insert(key.to_owned(), self.table_name.clone());
        }
        Place { partition, region, account, tables: &tables }.arn(on)
    }

    /// The table of a call: its key, its ARN, or the ARN of the main table; nothing for a key that the stack lacks.
    pub fn table_of<'a>(&'a self, call: &'a Call) -> Option<&'a str> {
        match call.table.as_deref() {
            None => Some(&self.table_arn),
            Some(table) if table.starts_with("arn:") => Some(table),
            Some(_) if self.tables.is_empty() => Some(&self.table_arn),
            Some(key) => self.tables.get(key).map(|table| table.arn.as_str()),
        }
    }

    /// The names of the policies that the stack makes for its role.
    pub fn own_policies(&self) -> Cow<'_, [String]> {
        if !self.own_policies.is_empty() {
            return Cow::Borrowed(&self.own_policies);
        }
        // Older snapshots name the function alone, `STACK-api-STAGE`, and a stage may hold `-api` as well.
        let function = &self.function_name;
        let splits = function.match_indices("-api").map(|(at, word)| (at, at + word.len()));
        let splits =
            splits.filter(|(_, end)| matches!(function[*end..].chars().next(), None | Some('-')));
        let names = |(at, end): (usize, usize)| {
            let (stack, stage) = (pascal(&function[..at]), &function[end..]);
            [format!("{stack}LambdaDynamoDB{stage}"), format!("{stack}LambdaLogs{stage}")]
        };
        Cow::Owned(splits.flat_map(names).collect())
    }
}

impl Documents {
    /// What is in force: every attached policy in its default version, and every inline policy.
    pub fn in_force(&self) -> Vec<Policy> {
        let managed = self.managed_policies.iter().map(ManagedPolicy::in_force);
        let inline = self.inline_policies.iter().map(|policy| {
            let document = read_within(INLINE_POLICIES_LIMIT, &policy.document);
            Policy { name: policy.policy_name.clone(), document }
        });
        managed.chain(inline).collect()
    }

    /// The boundary, as a document or as a managed policy; nothing is no boundary.
    pub fn boundary(&self) -> Vec<Policy> {
        let json = &self.permissions_boundary;
        let name = json
            .get("PolicyName")
            .and_then(Json::as_str)
            .unwrap_or("permissions boundary")
            .to_owned();
        let document = match json {
            Json::Null => return vec![],
            _ if json.get("Versions").is_some() => {
                let default = json.get("DefaultVersionId").and_then(Json::as_str);
                default
                    .and_then(|version| json.get("Versions")?.get(version))
                    .unwrap_or(&Json::Null)
            }
            other => other.get("Document").or_else(|| other.get("PolicyDocument")).unwrap_or(other),
        };
        vec![Policy { name, document: Document::read(Kind::Identity, document) }]
    }
}

impl ManagedPolicy {
    fn in_force(&self) -> Policy {
        Policy { name: self.policy_name.clone(), document: self.version(&self.default_version_id) }
    }

    /// The document of one version.
    pub fn version(&self, id: &str) -> Result<Document, Malformed> {
        if self.versions.duplicate().is_some() {
            return Err(Malformed {
                reason: "duplicate-key",
                problem: "a version comes twice".to_owned(),
            });
        }
        let Some(document) = self.versions.get(id) else {
            return Err(Malformed {
                reason: "no-default-version",
                problem: format!("there is no version {id}"),
            });
        };
        // What AWS writes itself is not bound by the quota.
        let limit = if self.policy_arn.contains(":iam::aws:policy/") {
            usize::MAX
        } else {
            MANAGED_POLICY_LIMIT
        };
        read_within(limit, document)
    }

    /// The documents that can be read, by version.
    pub fn documents(&self) -> BTreeMap<&str, Document> {
        let Json::Object(versions) = &self.versions else { return BTreeMap::new() };
        let read = |id: &str| self.version(id).ok();
        versions.iter().filter_map(|(id, _)| Some((id.as_str(), read(id)?))).collect()
    }
}

/// A document over its quota cannot be in force, whatever the snapshot says.
fn read_within(limit: usize, json: &Json) -> Result<Document, Malformed> {
    let length = json.compact_length();
    if length > limit {
        let problem = format!("the document has {length} characters; the limit of IAM is {limit}");
        return Err(Malformed { reason: "too-large", problem });
    }
    Document::read(Kind::Identity, json)
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for SnapshotError {}
