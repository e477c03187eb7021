//! What is wrong with a role, in a form that people, scripts and CI can read.

use std::collections::BTreeMap;

use serde::Serialize;

use super::manifest::Site;
use iam::eval::StatementName;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub kind: Kind,
    pub severity: Severity,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementName>,
    /// A request that shows it: allowed though nobody needs it, or denied though the handler makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Witness>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Site>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What only findings of this kind have: `reason`, `cause`, `default`, `policy`, `principal`, …
    #[serde(flatten)]
    pub details: BTreeMap<&'static str, String>,
}

/// The kinds of findings; their names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The role may do what the handler never does.
    OverGrant,
    /// The role may do it on something that the handler never touches.
    OverGrantResource,
    /// The handler does what the role may not do.
    Missing,
    WildcardAction,
    WildcardResource,
    NotAction,
    NotResource,
    UnknownAction,
    /// The action cannot be granted on that type of ARN.
    ResourceMismatch,
    /// No contract test fails without it.
    UnusedAction,
    /// Whether it is granted depends on a condition that cannot be decided.
    ConditionalGrant,
    PolicyVersionOld,
    ExtraAttachedPolicy,
    ExtraInlinePolicy,
    /// The default version of a policy is not the one that fits the handler.
    VersionDrift,
    StaleVersion,
    BoundaryAbsent,
    TrustTooOpen,
    TrustMissing,
    LogScope,
    InvokePublic,
    InvokeSourceMissing,
    InvokeSourceTooWide,
    InvokeSourceStale,
    PrivilegeEscalation,
    RedundantStatement,
    /// Something could not be decided, so nothing is claimed.
    Unproven,
    UndeclaredOperation,
    DeadDeclaration,
    UnmodelledService,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    Note,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witness {
    pub action: String,
    pub resource: String,
}

impl Finding {
    pub fn new(kind: Kind, severity: Severity, message: impl Into<String>) -> Self {
        Finding {
            kind,
            severity,
            message: message.into(),
            action: None,
            resource: None,
            statement: None,
            request: None,
            source: None,
            hint: None,
            details: BTreeMap::new(),
        }
    }

    pub fn error(kind: Kind, message: impl Into<String>) -> Self {
        Finding::new(kind, Severity::Error, message)
    }

    #[must_use]
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    #[must_use]
    pub fn statement(mut self, statement: Option<StatementName>) -> Self {
        self.statement = statement;
        self
    }

    #[must_use]
    pub fn request(mut self, action: impl Into<String>, resource: impl Into<String>) -> Self {
        self.request = Some(Witness { action: action.into(), resource: resource.into() });
        self
    }

    #[must_use]
    pub fn source(mut self, source: Option<Site>) -> Self {
        self.source = source;
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn detail(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.insert(name, value.into());
        self
    }

    /// Whether this says "I cannot tell" and not "this is wrong".
    pub fn is_doubt(&self) -> bool {
        matches!(self.kind, Kind::Unproven | Kind::ConditionalGrant)
    }
}

impl Kind {
    /// The name that is printed, `over-grant` say.
    pub fn name(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}
