//! ARN patterns, compared segment by segment.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

use super::context::Context;
use super::pattern::Pattern;
use super::rule::Rule;
use super::truth::Truth;

const SERVICE: usize = 2;
const SEGMENTS: usize = 6;

/// `Resource` and `NotResource`.
///
/// A `*` at the end of a segment "can expand to match beyond the colon boundaries", the documentation says, and not when:
/// where the segments do not match and the whole text does, nothing is known. Nor is it for a pattern that IAM would
/// refuse: one that is no ARN, or has a wildcard in its service.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
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
    match by_segment(&pattern, resource, matches) {
        Some(Truth::Yes) if service_is_literal(&pattern) => Truth::Yes,
        Some(Truth::Unknown) => Truth::Unknown,
        Some(Truth::Yes | Truth::No) | None => whole.min(Truth::Unknown),
    }
}

/// `ArnEquals`, `ArnLike` and their opposites: "each of the six colon-delimited components is checked separately".
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
pub fn condition_matches(pattern: &Pattern, value: &str, context: &Context) -> Truth {
    let matches = |pattern: &Pattern, text: &str| pattern.resolve(context).matches(text);
    if !Rule::ArnConditionsMatchBySegment.holds() {
        return matches(pattern, value);
    }
    by_segment(pattern, value, matches)
        .unwrap_or_else(|| matches(pattern, value).min(Truth::Unknown))
}

/// Whether a pattern has fewer segments than an ARN, and is not the `*` that may stand for all of them.
pub fn is_short(pattern: &Pattern) -> bool {
    (2..SEGMENTS).contains(&pattern.split_arn().len())
}

/// Nothing if either is no ARN.
fn by_segment(
    pattern: &Pattern,
    text: &str,
    matches: impl Fn(&Pattern, &str) -> Truth,
) -> Option<Truth> {
    let patterns = pattern.split_arn();
    let segments: Vec<&str> = text.splitn(SEGMENTS, ':').collect();
    if patterns.len() < SEGMENTS || segments.len() < SEGMENTS {
        return None;
    }
    Some(Truth::all(
        patterns.iter().zip(segments).map(|(pattern, segment)| matches(pattern, segment)),
    ))
}

fn service_is_literal(pattern: &Pattern) -> bool {
    pattern.split_arn().get(SERVICE).is_some_and(Pattern::is_literal)
}
