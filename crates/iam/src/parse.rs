//! Text to [`Document`], failing closed: what the grammar does not know is an error, never ignored.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::fmt;

use super::document::{Condition, Document, Effect, Principal, Scope, Statement, Version};
use super::json::Json;

/// Where a document is used decides which elements it must and must not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A managed or inline policy, or a permissions boundary.
    Identity,
    /// The trust policy of a role: who, but not on what.
    Trust,
    /// The policy of a function: who, and on what.
    Resource,
}

/// Why a text is no policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// One kebab-case word, for machines: `duplicate-key`, `unknown-element`, `policy-version`, `too-large`, `malformed`.
    pub reason: &'static str,
    pub problem: String,
}

/// What IAM's API takes at all; the quotas are lower.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>
const LONGEST: usize = 131_072;

impl Document {
    pub fn parse(kind: Kind, text: &str) -> Result<Self, Malformed> {
        // White space is free, but a text that is mostly white space is still work.
        if text.len() > 8 * LONGEST {
            return Err(too_large());
        }
        let json =
            Json::parse(text).map_err(|problem| malformed(format!("not JSON: {problem}")))?;
        Document::read(kind, &json)
    }

    /// Reads a document that is a part of a larger one, or a text within it.
    pub fn read(kind: Kind, json: &Json) -> Result<Self, Malformed> {
        if let Json::String(text) = json {
            return Document::parse(kind, text);
        }
        if json.compact_length() > LONGEST {
            return Err(too_large());
        }
        let members = members(json, "the document")?;
        let mut version = Version::Absent;
        let mut statements = None;
        for (name, value) in members {
            match name.as_str() {
                "Version" => version = read_version(value)?,
                "Id" => drop(text(value, "Id")?),
                "Statement" => statements = Some(read_statements(kind, value)?),
                other => return Err(unknown_element(other, "the document")),
            }
        }
        let statements = statements.ok_or_else(|| malformed("the document has no Statement"))?;
        let document = Document { version, statements };
        document.refuse_duplicate_sids()?;
        Ok(document)
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html>
    fn refuse_duplicate_sids(&self) -> Result<(), Malformed> {
        let mut sids: Vec<&str> =
            self.statements.iter().filter_map(|statement| statement.sid.as_deref()).collect();
        sids.retain(|sid| !sid.is_empty());
        sids.sort_unstable();
        match sids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => {
                let problem = format!("two statements have the Sid `{}`", pair[0]);
                Err(Malformed { reason: "duplicate-sid", problem })
            }
            None => Ok(()),
        }
    }
}

fn read_version(value: &Json) -> Result<Version, Malformed> {
    match value.as_str() {
        Some("2012-10-17") => Ok(Version::V2012),
        Some("2008-10-17") => Ok(Version::V2008),
        _ => {
            let problem = "the Version is neither 2012-10-17 nor 2008-10-17".to_owned();
            Err(Malformed { reason: "policy-version", problem })
        }
    }
}

fn read_statements(kind: Kind, value: &Json) -> Result<Vec<Statement>, Malformed> {
    match value {
        Json::Array(items) => items.iter().map(|item| read_statement(kind, item)).collect(),
        single => Ok(vec![read_statement(kind, single)?]),
    }
}

fn read_statement(kind: Kind, value: &Json) -> Result<Statement, Malformed> {
    let (mut sid, mut effect, mut principals) = (None, None, None);
    let (mut actions, mut resources, mut conditions) = (None, None, vec![]);
    for (name, value) in members(value, "a statement")? {
        match name.as_str() {
            "Sid" => sid = Some(text(value, "Sid")?),
            "Effect" => effect = Some(read_effect(value)?),
            "Principal" => {
                set_once(&mut principals, Scope::Only(read_principals(value)?), "Principal")?;
            }
            "NotPrincipal" => {
                let others = Scope::AllBut(not_empty(read_principals(value)?, name)?);
                set_once(&mut principals, others, "Principal")?;
            }
            "Action" => set_once(&mut actions, Scope::Only(read_actions(value)?), "Action")?,
            "NotAction" => set_once(
                &mut actions,
                Scope::AllBut(not_empty(read_actions(value)?, name)?),
                "Action",
            )?,
            "Resource" => {
                set_once(&mut resources, Scope::Only(read_resources(value)?), "Resource")?;
            }
            "NotResource" => {
                set_once(
                    &mut resources,
                    Scope::AllBut(not_empty(read_resources(value)?, name)?),
                    "Resource",
                )?;
            }
            "Condition" => conditions = read_conditions(value)?,
            other => return Err(unknown_element(other, "a statement")),
        }
    }
    match (kind, principals.is_some(), resources.is_some()) {
        (Kind::Identity, true, _) => {
            return Err(malformed("a policy of a role cannot name a Principal"));
        }
        (Kind::Trust | Kind::Resource, false, _) => {
            return Err(malformed("a statement has no Principal"));
        }
        (Kind::Trust, _, true) => return Err(malformed("a trust policy cannot name a Resource")),
        (Kind::Identity | Kind::Resource, _, false) => {
            return Err(malformed("a statement has no Resource"));
        }
        _ => {}
    }
    let effect = effect.ok_or_else(|| malformed("a statement has no Effect"))?;
    // A denial of nothing is not what its author meant; a grant of nothing grants nothing.
    let nothing = actions.as_ref().is_some_and(|scope| scope.items().is_empty())
        || resources.as_ref().is_some_and(|scope| scope.items().is_empty())
        || principals.as_ref().is_some_and(|scope| scope.items().is_empty());
    if effect == Effect::Deny && nothing {
        return Err(malformed("a Deny has an empty list"));
    }
    Ok(Statement {
        sid,
        effect,
        principals,
        actions: actions.ok_or_else(|| malformed("a statement has no Action"))?,
        resources,
        conditions,
    })
}

fn read_effect(value: &Json) -> Result<Effect, Malformed> {
    match value.as_str() {
        Some("Allow") => Ok(Effect::Allow),
        Some("Deny") => Ok(Effect::Deny),
        _ => Err(malformed("an Effect is neither Allow nor Deny")),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
fn read_actions(value: &Json) -> Result<Vec<String>, Malformed> {
    let actions = texts(value, "Action")?;
    for action in &actions {
        let part = |text: &str| {
            let known =
                |character: char| character.is_ascii_alphanumeric() || "-*?".contains(character);
            !text.is_empty() && text.chars().all(known)
        };
        let shaped =
            action.split_once(':').is_some_and(|(service, name)| part(service) && part(name));
        if action != "*" && !shaped {
            return Err(malformed(format!(
                "`{action}` is not an action: it has the form `service:Name`"
            )));
        }
    }
    Ok(actions)
}

fn read_resources(value: &Json) -> Result<Vec<String>, Malformed> {
    let resources = texts(value, "Resource")?;
    if resources.iter().any(String::is_empty) {
        return Err(malformed("a Resource is empty"));
    }
    Ok(resources)
}

fn read_principals(value: &Json) -> Result<Vec<Principal>, Malformed> {
    if let Some(name) = value.as_str() {
        return if name == "*" {
            Ok(vec![Principal::Anyone])
        } else {
            Err(malformed(format!("the Principal `{name}` has no type")))
        };
    }
    let mut principals = vec![];
    for (kind, names) in members(value, "a Principal")? {
        let make = match kind.as_str() {
            "AWS" => Principal::Aws,
            "Service" => Principal::Service,
            "Federated" => Principal::Federated,
            "CanonicalUser" => Principal::CanonicalUser,
            other => return Err(unknown_element(other, "a Principal")),
        };
        for name in texts(names, "Principal")? {
            principals.push(if kind == "AWS" && name == "*" {
                Principal::Anyone
            } else {
                make(name)
            });
        }
    }
    Ok(principals)
}

fn read_conditions(value: &Json) -> Result<Vec<Condition>, Malformed> {
    let mut conditions = vec![];
    for (operator, keys) in members(value, "a Condition")? {
        let keys = members(keys, "a Condition")?;
        if keys.is_empty() {
            return Err(malformed(format!("`{operator}` in a Condition names no key")));
        }
        refuse_keys_of_another_case(keys)?;
        for (key, values) in keys {
            refuse_rounded(operator, values)?;
            let values = values.scalars().ok_or_else(|| {
                malformed(format!("the values of `{key}` are neither a scalar nor a list of them"))
            })?;
            conditions.push(Condition { operator: operator.clone(), key: key.clone(), values });
        }
    }
    Ok(conditions)
}

/// A key has no case, so of two spellings one would be lost, and nobody says which.
fn refuse_keys_of_another_case(keys: &[(String, Json)]) -> Result<(), Malformed> {
    let mut names: Vec<String> = keys.iter().map(|(key, _)| key.to_lowercase()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            let problem = format!("a Condition has the key `{}` twice", pair[0]);
            Err(Malformed { reason: "duplicate-key", problem })
        }
        None => Ok(()),
    }
}

/// `1.10` is the text `1.1` once a JSON reader has had it: where texts are compared, that decides.
fn refuse_rounded(operator: &str, values: &Json) -> Result<(), Malformed> {
    let fraction = |value: &Json| matches!(value, Json::Number(text) if text.contains(['.', 'e']));
    let rounded = match values {
        Json::Array(items) => items.iter().any(fraction),
        single => fraction(single),
    };
    if rounded && !operator.contains("Numeric") {
        return Err(malformed(format!("a number in `{operator}` has a fraction: write a text")));
    }
    Ok(())
}

fn members<'a>(value: &'a Json, place: &str) -> Result<&'a [(String, Json)], Malformed> {
    let Json::Object(members) = value else {
        return Err(malformed(format!("{place} is not an object")));
    };
    match value.duplicate() {
        Some(name) => {
            let problem = format!("{place} has the key `{name}` twice");
            Err(Malformed { reason: "duplicate-key", problem })
        }
        None => Ok(members),
    }
}

fn set_once<T>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), Malformed> {
    match slot.replace(value) {
        Some(_) => Err(malformed(format!("a statement has both {name} and Not{name}"))),
        None => Ok(()),
    }
}

fn not_empty<T>(items: Vec<T>, name: &str) -> Result<Vec<T>, Malformed> {
    // "All but nothing" would be everything; no author means that.
    if items.is_empty() { Err(malformed(format!("{name} is empty"))) } else { Ok(items) }
}

fn text(value: &Json, name: &str) -> Result<String, Malformed> {
    value.as_str().map(str::to_owned).ok_or_else(|| malformed(format!("{name} is not a text")))
}

fn texts(value: &Json, name: &str) -> Result<Vec<String>, Malformed> {
    match value {
        Json::Array(items) => items.iter().map(|item| text(item, name)).collect(),
        single => Ok(vec![text(single, name)?]),
    }
}

fn malformed(problem: impl Into<String>) -> Malformed {
    Malformed { reason: "malformed", problem: problem.into() }
}

fn unknown_element(name: &str, place: &str) -> Malformed {
    Malformed {
        reason: "unknown-element",
        problem: format!("{place} has the unknown element `{name}`"),
    }
}

fn too_large() -> Malformed {
    Malformed {
        reason: "too-large",
        problem: format!("the document is longer than {LONGEST} characters"),
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.problem)
    }
}

impl std::error::Error for Malformed {}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/my-frontend-app-data";

    fn identity(text: &str) -> Result<Document, &'static str> {
        Document::parse(Kind::Identity, text).map_err(|error| error.reason)
    }

    fn read(text: &str) -> Document {
        identity(text).expect("the document is well-formed")
    }

    #[test]
    fn what_we_write_is_what_we_read() {
        let document = Document::allow_table(["dynamodb:GetItem", "dynamodb:Query"], [TABLE]);
        assert_eq!(identity(&document.to_json()), Ok(document));
        let trust = Document::trust("lambda.amazonaws.com");
        assert_eq!(Document::parse(Kind::Trust, &trust.to_json()), Ok(trust));
    }

    #[test]
    fn a_policy_is_written_in_the_order_that_people_read() {
        let text = Document::allow_logs("arn:aws:logs:r:1:log-group:/aws/lambda/f").to_json();
        let places: Vec<_> = ["Version", "Sid", "Effect", "Action", "Resource"]
            .iter()
            .map(|name| text.find(name))
            .collect();
        assert!(places.is_sorted() && places[0].is_some(), "{text}");
    }

    #[test]
    fn meaning_ignores_how_a_document_is_written() {
        let one = read(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:getitem","Resource":["a","b"],
               "Condition":{"Bool":{"aws:SecureTransport":true}}}}"#,
        );
        let other = read(
            r#"{"Statement":[{"Resource":["b","a"],"Action":["dynamodb:GetItem"],"Sid":"x","Effect":"Allow",
               "Condition":{"Bool":{"AWS:SecureTransport":["true"]}}}],"Version":"2012-10-17"}"#,
        );
        assert!(one.same_meaning(&other));
    }

    #[test]
    fn meaning_sees_an_action_and_the_version() {
        let one = Document::allow_table(["dynamodb:GetItem"], [TABLE]);
        assert!(!one.same_meaning(&Document::allow_table(["dynamodb:PutItem"], [TABLE])));
        assert!(!one.same_meaning(&Document { version: Version::V2008, ..one.clone() }));
        assert!(one.same_meaning(&one.clone()));
    }

    #[test]
    fn an_account_is_its_root() {
        let trust = |principal: &str| {
            let statement = format!(
                r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}"#
            );
            Document::parse(Kind::Trust, &format!(r#"{{"Statement":[{statement}]}}"#))
                .expect("it is well-formed")
        };
        assert!(trust("123456789012").same_meaning(&trust("arn:aws:iam::123456789012:root")));
        assert!(!trust("123456789012").same_meaning(&trust("arn:aws:iam::123456789012:user/root")));
    }

    #[test]
    fn what_the_grammar_does_not_know_is_refused() {
        let cases = [
            ("{", "malformed"),
            ("[]", "malformed"),
            (r#"{"Version":"2012-10-17"}"#, "malformed"),
            (r#"{"Version":"2013-10-17","Statement":[]}"#, "policy-version"),
            (r#"{"Version":20121017,"Statement":[]}"#, "policy-version"),
            (r#"{"Statement":[],"Statement":[]}"#, "duplicate-key"),
            (r#"{"Statement":[],"Extra":1}"#, "unknown-element"),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Foo":1}]}"#,
                "unknown-element",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Effect":"Deny","Action":"a:B","Resource":"*"}]}"#,
                "duplicate-key",
            ),
            (r#"{"Statement":[{"Effect":"allow","Action":"a:B","Resource":"*"}]}"#, "malformed"),
            (r#"{"Statement":[{"Effect":"Allow","Action":"a:B"}]}"#, "malformed"),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"GetItem","Resource":"*"}]}"#,
                "malformed",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"a:B","NotAction":"a:C","Resource":"*"}]}"#,
                "malformed",
            ),
            (r#"{"Statement":[{"Effect":"Allow","NotAction":[],"Resource":"*"}]}"#, "malformed"),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Principal":"*"}]}"#,
                "malformed",
            ),
            (r#"{"Statement":[{"Effect":"Allow","Action":[1],"Resource":"*"}]}"#, "malformed"),
            (r#"{"Statement":[{"Effect":"Deny","Action":[],"Resource":"*"}]}"#, "malformed"),
            (r#"{"Statement":[{"Effect":"Deny","Action":"a:B","Resource":[]}]}"#, "malformed"),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"Fits":{}}}]}"#,
                "malformed",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"StringEquals":{"a:k":"1","A:K":"2"}}}]}"#,
                "duplicate-key",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"StringEquals":{"a:k":[1.10]}}}]}"#,
                "malformed",
            ),
        ];
        for (text, reason) in cases {
            assert_eq!(identity(text).err(), Some(reason), "{text}");
        }
    }

    #[test]
    fn a_huge_document_is_refused() {
        let filler = "x".repeat(LONGEST);
        let text = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Action":"a:B","Resource":"{filler}"}}]}}"#
        );
        assert_eq!(identity(&text).err(), Some("too-large"));
    }

    #[test]
    fn white_space_does_not_count_towards_the_quota() {
        let text = r#"{ "Statement" : [ ] , "Version" : "2012-10-17" }"#;
        assert_eq!(read(text).length(), r#"{"Version":"2012-10-17","Statement":[]}"#.len());
    }
}
