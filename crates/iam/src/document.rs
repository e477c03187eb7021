//! IAM policy documents as data: what they say, compared by meaning and written as JSON.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::collections::BTreeSet;

use super::json::Json;

/// A policy document that kept every rule of the grammar; [`super::parse`] makes one from text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub version: Version,
    pub statements: Vec<Statement>,
}

/// Only the newer language knows policy variables; a document that names none is in the older one.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V2012,
    V2008,
    Absent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub sid: Option<String>,
    pub effect: Effect,
    /// Who: in trust policies and policies of resources only.
    pub principals: Option<Scope<Principal>>,
    pub actions: Scope<String>,
    /// On what: absent in trust policies only.
    pub resources: Option<Scope<String>>,
    pub conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    Allow,
    Deny,
}

/// `Action` and `NotAction`, `Resource` and `NotResource`, `Principal` and `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope<T> {
    Only(Vec<T>),
    AllBut(Vec<T>),
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// `"*"` and `{"AWS": "*"}`, which AWS documents as the same.
    Anyone,
    Aws(String),
    Service(String),
    Federated(String),
    CanonicalUser(String),
}

/// One operator on one key: `{"StringEquals": {"aws:PrincipalTag/team": ["web", "ops"]}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub operator: String,
    pub key: String,
    pub values: Vec<String>,
}

/// What a managed policy may hold, white space not counted.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const MANAGED_POLICY_LIMIT: usize = 6_144;
/// What all inline policies of a role may hold together.
pub const INLINE_POLICIES_LIMIT: usize = 10_240;

impl Document {
    pub fn new(statements: Vec<Statement>) -> Self {
        Document { version: Version::V2012, statements }
    }

    /// The permission policy of a function: these actions on these ARNs and nothing else.
    pub fn allow_table<'a>(
        actions: impl IntoIterator<Item = &'a str>,
        arns: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Document::new(vec![Statement::allow("AllowDynamoDBAccess", actions, arns)])
    }

    /// The log permissions of a function: its own group, which it may not create.
    pub fn allow_logs(log_group_arn: &str) -> Self {
        let streams = format!("{}:*", log_group_arn.trim_end_matches(":*"));
        let actions = ["logs:CreateLogStream", "logs:PutLogEvents"];
        Document::new(vec![Statement::allow("AllowOwnLogs", actions, [streams.as_str()])])
    }

    /// The trust policy of an execution role: this service may assume it, and nobody else.
    pub fn trust(service: &str) -> Self {
        Document::new(vec![Statement {
            sid: None,
            effect: Effect::Allow,
            principals: Some(Scope::Only(vec![Principal::Service(service.to_owned())])),
            actions: Scope::Only(vec!["sts:AssumeRole".to_owned()]),
            resources: None,
            conditions: vec![],
        }])
    }

    /// The text to give to IAM; [`Document::same_meaning`] holds for it when IAM gives it back.
    pub fn to_json(&self) -> String {
        self.render().to_string()
    }

    /// The length that [`MANAGED_POLICY_LIMIT`] limits.
    pub fn length(&self) -> usize {
        self.render().compact_length()
    }

    /// Whether both say the same, however it is written: the order of keys and sets, a scalar for a list of one,
    /// the case of actions and condition keys, an account for its root ARN, and `Sid`s do not count.
    pub fn same_meaning(&self, other: &Document) -> bool {
        let variables = |document: &Document| document.version == Version::V2012;
        variables(self) == variables(other) && self.meaning() == other.meaning()
    }

    fn meaning(&self) -> BTreeSet<String> {
        self.statements.iter().map(Statement::meaning).collect()
    }

    fn render(&self) -> Json {
        let mut members = vec![];
        match self.version {
            Version::V2012 => members.push(("Version".to_owned(), Json::from("2012-10-17"))),
            Version::V2008 => members.push(("Version".to_owned(), Json::from("2008-10-17"))),
            Version::Absent => {}
        }
        let statements = self.statements.iter().map(Statement::render).collect();
        members.push(("Statement".to_owned(), Json::Array(statements)));
        Json::Object(members)
    }
}

impl Statement {
    pub fn allow<'a>(
        sid: &str,
        actions: impl IntoIterator<Item = &'a str>,
        resources: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Statement {
            sid: Some(sid.to_owned()),
            effect: Effect::Allow,
            principals: None,
            actions: Scope::Only(actions.into_iter().map(str::to_owned).collect()),
            resources: Some(Scope::Only(resources.into_iter().map(str::to_owned).collect())),
            conditions: vec![],
        }
    }

    pub(crate) fn meaning(&self) -> String {
        let principals = self.principals.as_ref().map(|scope| scope.sorted(Principal::normal));
        let actions = self.actions.sorted(|action| action.to_ascii_lowercase());
        let resources = self.resources.as_ref().map(|scope| scope.sorted(Clone::clone));
        let conditions: BTreeSet<_> = self.conditions.iter().map(Condition::normal).collect();
        format!("{:?} {principals:?} {actions:?} {resources:?} {conditions:?}", self.effect)
    }

    fn render(&self) -> Json {
        let mut members = vec![];
        let mut put = |name: &str, value: Json| members.push((name.to_owned(), value));
        if let Some(sid) = &self.sid {
            put("Sid", Json::from(sid.as_str()));
        }
        put("Effect", Json::from(if self.effect == Effect::Allow { "Allow" } else { "Deny" }));
        match &self.principals {
            Some(Scope::Only(principals)) => put("Principal", render_principals(principals)),
            Some(Scope::AllBut(principals)) => put("NotPrincipal", render_principals(principals)),
            None => {}
        }
        match &self.actions {
            Scope::Only(actions) => put("Action", one_or_many(actions)),
            Scope::AllBut(actions) => put("NotAction", one_or_many(actions)),
        }
        match &self.resources {
            Some(Scope::Only(resources)) => put("Resource", one_or_many(resources)),
            Some(Scope::AllBut(resources)) => put("NotResource", one_or_many(resources)),
            None => {}
        }
        if !self.conditions.is_empty() {
            put("Condition", render_conditions(&self.conditions));
        }
        Json::Object(members)
    }
}

impl<T> Scope<T> {
    pub fn items(&self) -> &[T] {
        match self {
            Scope::Only(items) | Scope::AllBut(items) => items,
        }
    }

    fn sorted<U: Ord>(&self, normal: impl Fn(&T) -> U) -> (bool, BTreeSet<U>) {
        (matches!(self, Scope::Only(_)), self.items().iter().map(normal).collect())
    }
}

impl Principal {
    /// IAM gives an account id back as the ARN of its root.
    fn normal(&self) -> Principal {
        let Principal::Aws(name) = self else {
            return self.clone();
        };
        let mut parts = name.splitn(6, ':');
        match (parts.next(), parts.next(), parts.nth(2), parts.next()) {
            (Some("arn"), Some(_), Some(account), Some("root")) => {
                Principal::Aws(account.to_owned())
            }
            _ => self.clone(),
        }
    }
}

impl Condition {
    fn normal(&self) -> (String, String, BTreeSet<&str>) {
        let values = self.values.iter().map(String::as_str).collect();
        (self.operator.clone(), self.key.to_ascii_lowercase(), values)
    }
}

fn one_or_many(items: &[String]) -> Json {
    match items {
        [only] => Json::from(only.as_str()),
        many => Json::Array(many.iter().map(|item| Json::from(item.as_str())).collect()),
    }
}

fn render_principals(principals: &[Principal]) -> Json {
    let mut kinds: Vec<(&str, Vec<String>)> = vec![];
    for principal in principals {
        let (kind, name) = match principal {
            Principal::Anyone => return Json::from("*"),
            Principal::Aws(name) => ("AWS", name),
            Principal::Service(name) => ("Service", name),
            Principal::Federated(name) => ("Federated", name),
            Principal::CanonicalUser(name) => ("CanonicalUser", name),
        };
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, names)) => names.push(name.clone()),
            None => kinds.push((kind, vec![name.clone()])),
        }
    }
    Json::Object(
        kinds.into_iter().map(|(kind, names)| (kind.to_owned(), one_or_many(&names))).collect(),
    )
}

fn render_conditions(conditions: &[Condition]) -> Json {
    let mut operators: Vec<(String, Vec<(String, Json)>)> = vec![];
    for condition in conditions {
        let member = (condition.key.clone(), one_or_many(&condition.values));
        match operators.iter_mut().find(|(known, _)| *known == condition.operator) {
            Some((_, members)) => members.push(member),
            None => operators.push((condition.operator.clone(), vec![member])),
        }
    }
    Json::Object(
        operators.into_iter().map(|(name, members)| (name, Json::Object(members))).collect(),
    )
}
