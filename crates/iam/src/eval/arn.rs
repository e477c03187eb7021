//! ARN patterns, compared segment by segment.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

use super::context::Context;
use super::pattern::Pattern;
use super::rule::Rule;
use super::truth::Truth;

const SERVICE: usize = 2;
const LAST: usize = SEGMENTS - 1;
const SEGMENTS: usize = 6;

/// Whether a text has the form of an ARN: six fields, of which some may be empty.
pub fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && text.splitn(SEGMENTS, ':').count() == SEGMENTS
}

/// `Resource` and `NotResource`.
///
/// AWS fills the fields that an incomplete ARN lacks with `*`. A `*` at the end of a segment "can expand to match beyond
/// the colon boundaries", the documentation says, and not when: where the segments do not match and the whole text does,
/// nothing is known. Nor is it for a pattern that IAM would refuse: one that is no ARN, one with a wildcard in its service
/// or in a part of its resource type, or one with a variable before the fifth colon.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
pub fn resource_matches(
    pattern: &str,
    resource: &str,
    variables: bool,
    context: &Context,
) -> Truth {
    if pattern == "*" {
        return Truth::Yes;
    }
    let pattern = Pattern::parse(pattern, variables);
    let fold = |text: &str| {
        if Rule::ResourcesMatchCase.holds() { text.to_owned() } else { text.to_lowercase() }
    };
    let matches = |pattern: &Pattern, text: &str| {
        let resolved = pattern.resolve(context);
        if Rule::ResourcesMatchCase.holds() { resolved } else { resolved.lowercase() }
            .matches(&fold(text))
    };
    let whole = matches(&pattern, resource);
    if !Rule::ResourcesMatchBySegment.holds() {
        return whole;
    }
    let refused = |at: usize, segment: &Pattern| {
        at < LAST && segment.has_variables() && Rule::VariablesNameResourcesOnly.holds()
    };
    let segments = filled(&pattern, Rule::IncompleteArnsAreFilled.holds());
    let by_segment = by_segment(&segments, resource, |at, segment, text| {
        if refused(at, segment) { Truth::Unknown } else { matches(segment, text) }
    });
    match by_segment {
        Some(Truth::Yes) if segments[SERVICE].is_literal() && !has_wild_type(&segments) => {
            Truth::Yes
        }
        Some(Truth::Yes | Truth::Unknown) => Truth::Unknown,
        Some(Truth::No) | None => {
            whole.max(repaired(&pattern, resource, matches)).min(Truth::Unknown)
        }
    }
}

/// A pattern that IAM takes for an error, read as its author may have meant it: colons at its end are fields that it lacks,
/// and the fields before the resource have no capitals.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>
fn repaired(pattern: &Pattern, resource: &str, matches: impl Fn(&Pattern, &str) -> Truth) -> Truth {
    let mut written = pattern.split_arn();
    while written.len() > SERVICE + 1 && written.last().is_some_and(|last| last.is_text("")) {
        written.pop();
    }
    if written.len() <= SERVICE {
        return Truth::No;
    }
    for segment in written.iter_mut().take(LAST) {
        *segment = segment.lowercase();
    }
    written.resize(SEGMENTS, Pattern::parse("*", false));
    by_segment(&written, resource, |_, segment, text| matches(segment, text)).unwrap_or(Truth::No)
}

/// `ArnEquals`, `ArnLike` and their opposites: "each of the six colon-delimited components is checked separately".
///
/// The documentation does not say whether an incomplete ARN is filled here as it is in `Resource`: where that decides,
/// nothing is known. `strict` is for the allowances: a pattern that matches only as a whole withholds the right.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
pub fn condition_matches(pattern: &Pattern, value: &str, strict: bool, context: &Context) -> Truth {
    let matches = |pattern: &Pattern, text: &str| pattern.resolve(context).matches(text);
    if !Rule::ArnConditionsMatchBySegment.holds() {
        return matches(pattern, value);
    }
    let compare = |segments: &[Pattern]| {
        by_segment(segments, value, |_, segment, text| matches(segment, text))
    };
    if let Some(truth) = compare(&pattern.split_arn()) {
        return truth;
    }
    let filled = compare(&filled(pattern, true)).unwrap_or(Truth::No);
    let whole = if strict && is_short(pattern) { Truth::No } else { matches(pattern, value) };
    filled.max(whole).min(Truth::Unknown)
}

/// Whether a pattern has fewer segments than an ARN, and is not the `*` that may stand for all of them.
fn is_short(pattern: &Pattern) -> bool {
    (2..SEGMENTS).contains(&pattern.split_arn().len())
}

/// The segments of a pattern, with `*` for those that it lacks. What does not name a service is no ARN, and stays as it is.
fn filled(pattern: &Pattern, fills: bool) -> Vec<Pattern> {
    let mut segments = pattern.split_arn();
    let is_arn = segments.len() > SERVICE && segments[0].is_text("arn");
    if is_arn && fills {
        segments.resize(SEGMENTS, Pattern::parse("*", false));
    }
    segments
}

/// Services whose resources begin with their type, among those that a handler's role speaks of.
const TYPED: [&str; 6] = ["dynamodb", "iam", "kms", "lambda", "logs", "secretsmanager"];

/// "You can't use a wildcard in the portion of the ARN that specifies the resource type": `table/*` is fine, and `t*` is not.
/// One that stands for everything has no type.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
fn has_wild_type(segments: &[Pattern]) -> bool {
    let is_typed = TYPED.iter().any(|service| segments[SERVICE].is_text(service));
    let resource = &segments[LAST];
    is_typed
        && Rule::TypesHaveNoWildcards.holds()
        && !resource.is_text("*")
        && resource.before(&['/', ':']).has_wildcards()
}

/// Nothing if either is no ARN.
fn by_segment(
    patterns: &[Pattern],
    text: &str,
    matches: impl Fn(usize, &Pattern, &str) -> Truth,
) -> Option<Truth> {
    let segments: Vec<&str> = text.splitn(SEGMENTS, ':').collect();
    if patterns.len() < SEGMENTS || segments.len() < SEGMENTS {
        return None;
    }
    let pairs = patterns.iter().zip(segments).enumerate();
    Some(Truth::all(pairs.map(|(at, (pattern, segment))| matches(at, pattern, segment))))
}
