//! What a role gains and loses when one document takes the place of another.

use std::collections::BTreeSet;

use super::document::{Document, Effect, Scope, Statement};
use super::eval::{Context, Decision, Others, Policy, Request, evaluate};
use super::parse::Kind;

/// The rights that `after` grants and `before` does not, as `action on resource`. A document that cannot be read grants
/// nothing that could be claimed.
pub fn gains(before: &str, after: &str) -> Vec<String> {
    let read = |text: &str| Document::parse(Kind::Identity, text);
    let Ok(new) = read(after) else {
        return vec!["something: the new document cannot be read".into()];
    };
    let old = Policy { name: "before".into(), document: read(before) };
    let mut gained = Vec::new();
    for (action, resource) in grants(&new) {
        if !allows(&old, &action, &resource) {
            gained.push(format!("{action} on {resource}"));
        }
    }
    // Where a denial was, anything may come of its end.
    let denials = |document: &Document| -> BTreeSet<String> {
        let denials = document.statements.iter().filter(|one| one.effect == Effect::Deny);
        denials.map(Statement::meaning).collect()
    };
    if let Ok(old) = &old.document
        && !denials(old).is_subset(&denials(&new))
    {
        gained.push("whatever a statement denied that goes away".into());
    }
    gained.dedup();
    gained
}

/// What becomes of the rights when `after` takes the place of `before`, on one line.
pub fn words(before: &str, after: &str) -> String {
    let told = |verb: &str, rights: Vec<String>| {
        (!rights.is_empty()).then(|| format!("{verb} {}", rights.join(", ")))
    };
    let parts = [told("gains", gains(before, after)), told("loses", gains(after, before))];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "the same rights, written otherwise".into() } else { parts.join("; ") }
}

/// The grants as they are written.
fn grants(document: &Document) -> Vec<(String, String)> {
    let allows = document.statements.iter().filter(|one| one.effect == Effect::Allow);
    let mut pairs = Vec::new();
    for statement in allows {
        let (Scope::Only(actions), Some(Scope::Only(resources))) =
            (&statement.actions, &statement.resources)
        else {
            pairs.push(("all but some actions".into(), "all but some resources".into()));
            continue;
        };
        for action in actions {
            pairs.extend(resources.iter().map(|resource| (action.clone(), resource.clone())));
        }
    }
    pairs
}

/// A pattern counts as allowed when the old policy allows one request that nothing narrower would.
fn allows(policy: &Policy, action: &str, resource: &str) -> bool {
    let concrete = |pattern: &str| pattern.replace('*', "zzq").replace('?', "z");
    let request = Request {
        principal: None,
        action: concrete(action),
        resource: if resource == "*" { "*".into() } else { concrete(resource) },
        context: Context::new(Others::Unknown),
    };
    evaluate(std::slice::from_ref(policy), &[], &request).decision == Decision::Allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(actions: &str, resource: &str) -> String {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": {actions}, "Resource": "{resource}"}}]}}"#
        )
    }

    #[test]
    fn an_action_more_is_a_gain_and_an_action_less_is_none() {
        let (one, two) = (
            policy(r#""dynamodb:GetItem""#, "arn:aws:dynamodb:us-east-1:1:table/t"),
            policy(
                r#"["dynamodb:GetItem", "dynamodb:Scan"]"#,
                "arn:aws:dynamodb:us-east-1:1:table/t",
            ),
        );
        assert_eq!(gains(&one, &two), ["dynamodb:Scan on arn:aws:dynamodb:us-east-1:1:table/t"]);
        assert_eq!(gains(&two, &one), Vec::<String>::new());
    }

    #[test]
    fn another_denial_in_the_place_of_one_is_a_gain() {
        let with = |denied: &str| {
            format!(
                r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}},
                    {{"Effect": "Deny", "Action": "{denied}", "Resource": "*"}}]}}"#
            )
        };
        let (scans, deletes) = (with("dynamodb:Scan"), with("dynamodb:DeleteTable"));
        assert_eq!(gains(&scans, &deletes), ["whatever a statement denied that goes away"]);
        assert_eq!(gains(&scans, &scans), Vec::<String>::new());
    }

    #[test]
    fn a_change_is_told_on_one_line() {
        let policy = |actions: &str| policy(actions, "arn:aws:dynamodb:us-east-1:1:table/t");
        let (one, other) = (policy(r#""dynamodb:GetItem""#), policy(r#""dynamodb:Scan""#));
        assert_eq!(
            words(&one, &other),
            "gains dynamodb:Scan on arn:aws:dynamodb:us-east-1:1:table/t; loses dynamodb:GetItem on arn:aws:dynamodb:us-east-1:1:table/t"
        );
        assert_eq!(words(&one, &one), "the same rights, written otherwise");
    }

    #[test]
    fn a_wildcard_covers_what_is_narrower_and_not_the_other_way() {
        let (wide, narrow) = (
            policy(r#""dynamodb:*""#, "*"),
            policy(r#""dynamodb:GetItem""#, "arn:aws:dynamodb:us-east-1:1:table/t"),
        );
        assert_eq!(gains(&wide, &narrow), Vec::<String>::new());
        assert_eq!(gains(&narrow, &wide), ["dynamodb:* on *"]);
    }
}
