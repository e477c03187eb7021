//! Messages by which AWS refuses a call: who asked for what, and what kind of policy said no.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>

use serde::Serialize;

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Denial {
    pub action: String,
    /// Some services do not name it.
    pub resource: Option<String>,
    pub principal: Option<String>,
    pub cause: Cause,
}

/// What said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Nothing allows it.
    Absent,
    /// A statement denies it.
    ExplicitDeny,
    /// The permissions boundary does not allow it.
    Boundary,
    /// A policy of the organisation, the session or an endpoint.
    Elsewhere,
}

impl Denial {
    /// Reads the first denial in a line of a log, in JSON or plain. For tags there are words of their own:
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>
    pub fn read(line: &str) -> Option<Self> {
        if let Some((_, rest)) = line.split_once("An additional permission \"") {
            let cause = Cause::Absent;
            return Some(Self { action: word(rest), resource: None, principal: None, cause });
        }
        let (before, rest) = line.split_once("is not authorized to perform: ")?;
        let action = word(rest);
        if !action.contains(':') {
            return None;
        }
        let after = |marker: &str| rest.split_once(marker).map(|(_, behind)| word(behind));
        let principal = before.rsplit_once("User: ").map(|(_, name)| word(name));
        Some(Self { action, resource: after("on resource: "), principal, cause: Cause::of(rest) })
    }
}

impl Cause {
    fn of(words: &str) -> Self {
        let says = |fragment: &str| words.contains(fragment);
        if says("permissions boundary") {
            Cause::Boundary
        } else if says("service control policy")
            || says("resource control policy")
            || says("session policy")
            || says("VPC endpoint policy")
        {
            Cause::Elsewhere
        } else if says("with an explicit deny") {
            Cause::ExplicitDeny
        } else {
            Cause::Absent
        }
    }
}

/// Up to white space, or to the end of a sentence or of a JSON text.
fn word(text: &str) -> String {
    let text = text.split(|c: char| c.is_whitespace() || c == '"' || c == '\\').next();
    text.unwrap_or_default().trim_end_matches([',', '.', ')', '}', ';']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_is_read_out_of_a_json_line() {
        let line = r#"{"level":"error","cause":"Scan: AccessDeniedException: User: arn:aws:sts::1:assumed-role/r/f is not authorized to perform: dynamodb:Scan on resource: arn:aws:dynamodb:us-east-1:1:table/t because no identity-based policy allows the dynamodb:Scan action (R)"}"#;
        let denial = Denial::read(line).expect("it is one");
        assert_eq!(denial.action, "dynamodb:Scan");
        assert_eq!(denial.resource.as_deref(), Some("arn:aws:dynamodb:us-east-1:1:table/t"));
        assert_eq!(denial.principal.as_deref(), Some("arn:aws:sts::1:assumed-role/r/f"));
        assert_eq!(denial.cause, Cause::Absent);
    }

    #[test]
    fn the_kind_of_denial_is_told_apart() {
        let cause = |end: &str| {
            Denial::read(&format!("User: u is not authorized to perform: s:A{end}"))
                .map(|one| one.cause)
        };
        assert_eq!(cause(""), Some(Cause::Absent));
        assert_eq!(
            cause(" with an explicit deny in an identity-based policy"),
            Some(Cause::ExplicitDeny)
        );
        assert_eq!(
            cause(" because no permissions boundary allows the s:A action"),
            Some(Cause::Boundary)
        );
        assert_eq!(
            cause(" with an explicit deny in a service control policy"),
            Some(Cause::Elsewhere)
        );
    }

    #[test]
    fn a_resource_may_be_missing_and_another_line_is_none() {
        let denial =
            Denial::read("is not authorized to perform: dynamodb:GetItem").expect("it is one");
        assert_eq!((denial.resource, denial.principal), (None, None));
        assert_eq!(Denial::read("all is well"), None);
        assert_eq!(Denial::read("is not authorized to perform: something"), None);
    }
}
