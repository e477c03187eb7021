//! Condition operators.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>

use std::cmp::Ordering;

use super::arn;
use super::context::{Context, Lookup};
use super::pattern::{Pattern, Resolved};
use super::rule::Rule;
use super::truth::Truth;
use super::value;
use crate::document::{Condition, Effect, Statement};

/// An operator with its prefix and its suffix: `ForAllValues:StringNotLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operator {
    quantifier: Quantifier,
    test: Test,
    negated: bool,
    if_exists: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    /// The key has one value.
    Single,
    ForAllValues,
    ForAnyValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Comparison),
    Date(Comparison),
    Bool,
    BinaryEquals,
    IpAddress,
    Arn,
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Whether an operator is one that AWS documents.
pub fn is_operator(name: &str) -> bool {
    Operator::parse(name).is_some()
}

/// Whether all conditions of a statement hold; every operator and every key must.
pub fn all_hold(statement: &Statement, variables: bool, context: &Context) -> Truth {
    let conditions = &statement.conditions;
    let truths =
        conditions.iter().map(|condition| holds(condition, statement.effect, variables, context));
    if Rule::ConditionsMustAllHold.holds() || conditions.is_empty() {
        Truth::all(truths)
    } else {
        Truth::any(truths)
    }
}

fn holds(condition: &Condition, effect: Effect, variables: bool, context: &Context) -> Truth {
    let Some(operator) = Operator::parse(&condition.operator) else {
        return if Rule::UnknownOperatorIsUnproven.holds() { Truth::Unknown } else { Truth::Yes };
    };
    if condition.values.is_empty() {
        return Truth::Unknown;
    }
    let request = match context.get(&condition.key) {
        Lookup::Unknown => return Truth::Unknown,
        Lookup::Absent => None,
        Lookup::Values(values) => Some(values),
    };
    if operator.test == Test::Null {
        return null_holds(&condition.values, request);
    }
    let Some(request) = request else {
        return operator.without_a_value();
    };
    let patterns: Vec<Pattern> =
        condition.values.iter().map(|value| Pattern::parse(value, variables)).collect();
    // What matches an ARN as a whole only is certain enough to withhold a right, and not to keep a denial or an exception
    // from applying.
    let strict = effect == Effect::Allow && !operator.negated;
    let against = Against { texts: &condition.values, patterns: &patterns, strict, context };
    let matches = |value: &String| operator.matches(&against, value);
    match operator.quantifier {
        Quantifier::Single if request.len() > 1 && Rule::ListForOneValueIsUnproven.holds() => {
            Truth::Unknown
        }
        Quantifier::Single => Truth::any(request.iter().map(matches)),
        // "Resolves to a null data set, such as an empty string" passes, the documentation says: not on our word.
        Quantifier::ForAllValues if request.iter().any(String::is_empty) => Truth::Unknown,
        Quantifier::ForAllValues if Rule::ForAllValuesNeedsAll.holds() => {
            Truth::all(request.iter().map(matches))
        }
        Quantifier::ForAnyValue if !Rule::ForAnyValueNeedsOne.holds() => {
            Truth::all(request.iter().map(matches))
        }
        Quantifier::ForAllValues | Quantifier::ForAnyValue => {
            Truth::any(request.iter().map(matches))
        }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null>
fn null_holds(values: &[String], request: Option<&[String]>) -> Truth {
    // An empty text may count as no value at all.
    if request.is_some_and(|values| values.iter().all(String::is_empty)) {
        return Truth::Unknown;
    }
    let absent = if Rule::NullTestsAbsence.holds() { request.is_none() } else { request.is_some() };
    Truth::any(values.iter().map(|value| match boolean(value) {
        Some(wanted) => Truth::from(wanted == absent),
        None => Truth::Unknown,
    }))
}

impl Operator {
    fn parse(name: &str) -> Option<Operator> {
        let (quantifier, name) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Quantifier::ForAllValues, rest),
            Some(("ForAnyValue", rest)) => (Quantifier::ForAnyValue, rest),
            Some(_) => return None,
            None => (Quantifier::Single, name),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        let (test, negated) = Test::parse(name)?;
        // Null takes neither a prefix nor a suffix.
        let alone = quantifier == Quantifier::Single && !if_exists;
        (test != Test::Null || alone).then_some(Operator { quantifier, test, negated, if_exists })
    }

    fn without_a_value(self) -> Truth {
        match self.quantifier {
            _ if self.if_exists => Truth::from(Rule::IfExistsPassesAbsence.holds()),
            Quantifier::ForAllValues => Truth::from(Rule::ForAllValuesPassesAbsence.holds()),
            Quantifier::ForAnyValue => Truth::from(!Rule::ForAnyValueFailsAbsence.holds()),
            Quantifier::Single if self.negated => {
                Truth::from(Rule::AbsentKeyPassesNegation.holds())
            }
            Quantifier::Single => Truth::from(!Rule::AbsentKeyFails.holds()),
        }
    }

    /// One value of the request against all values of the policy: one of them, or, negated, none of them.
    fn matches(self, against: &Against, value: &str) -> Truth {
        let mut truths = against
            .texts
            .iter()
            .zip(against.patterns)
            .map(|(text, pattern)| self.test.holds(text, pattern, value, against));
        match self.negated {
            true if Rule::NegatedValuesMustAllDiffer.holds() => !Truth::any(truths),
            true => !Truth::all(truths),
            false if Rule::ValuesAreAlternatives.holds() => Truth::any(truths),
            false => truths.next().unwrap_or(Truth::Unknown),
        }
    }
}

/// The values of a policy, as texts and as patterns, and how they are compared.
struct Against<'a> {
    texts: &'a [String],
    patterns: &'a [Pattern],
    /// Whether a doubtful ARN is taken for one that does not match.
    strict: bool,
    context: &'a Context,
}

impl Test {
    fn parse(name: &str) -> Option<(Test, bool)> {
        Some(match name {
            "StringEquals" => (Test::StringEquals, false),
            "StringNotEquals" => (Test::StringEquals, true),
            "StringEqualsIgnoreCase" => (Test::StringEqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::StringEqualsIgnoreCase, true),
            "StringLike" => (Test::StringLike, false),
            "StringNotLike" => (Test::StringLike, true),
            "Bool" => (Test::Bool, false),
            "BinaryEquals" => (Test::BinaryEquals, false),
            "IpAddress" => (Test::IpAddress, false),
            "NotIpAddress" => (Test::IpAddress, true),
            // "ArnEquals and ArnLike behave identically."
            "ArnEquals" | "ArnLike" => (Test::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
            "Null" => (Test::Null, false),
            other => {
                let (test, comparison): (fn(Comparison) -> Test, _) =
                    match other.strip_prefix("Numeric") {
                        Some(comparison) => (Test::Numeric, comparison),
                        None => (Test::Date, other.strip_prefix("Date")?),
                    };
                let (comparison, negated) = match comparison {
                    "Equals" => (Comparison::Equal, false),
                    "NotEquals" => (Comparison::Equal, true),
                    "LessThan" => (Comparison::Less, false),
                    "LessThanEquals" => (Comparison::LessOrEqual, false),
                    "GreaterThan" => (Comparison::Greater, false),
                    "GreaterThanEquals" => (Comparison::GreaterOrEqual, false),
                    _ => return None,
                };
                (test(comparison), negated)
            }
        })
    }

    /// One value of the policy, as text and as pattern, against one value of the request.
    fn holds(self, text: &str, pattern: &Pattern, value: &str, against: &Against) -> Truth {
        let context = against.context;
        let is_text = matches!(
            self,
            Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringLike | Test::Arn
        );
        // Variables work in operators on strings and ARNs only.
        if pattern.has_variables() && !is_text {
            return Truth::Unknown;
        }
        match self {
            Test::StringEquals if !Rule::StringEqualsMatchesCase.holds() => {
                pattern.resolve_literal(context).lowercase().matches(&value.to_lowercase())
            }
            Test::StringEquals if Rule::StringEqualsHasNoWildcards.holds() => {
                pattern.resolve_literal(context).matches(value)
            }
            Test::StringEqualsIgnoreCase => ignoring_case(&pattern.resolve_literal(context), value),
            Test::StringEquals | Test::StringLike => pattern.resolve(context).matches(value),
            Test::Arn => arn::condition_matches(pattern, value, against.strict, context),
            Test::Numeric(comparison) if Rule::NumbersCompareByValue.holds() => {
                comparison.holds(value::number(value), value::number(text))
            }
            Test::Date(comparison) if Rule::DatesCompareByInstant.holds() => {
                comparison.holds(value::instant(value), value::instant(text))
            }
            Test::Numeric(comparison) | Test::Date(comparison) => {
                comparison.holds(Some(value), Some(text))
            }
            Test::Bool => match (boolean(text), boolean(value)) {
                (Some(wanted), Some(found)) => Truth::from(wanted == found),
                _ => Truth::Unknown,
            },
            Test::BinaryEquals if text == value => Truth::Yes,
            Test::BinaryEquals => {
                value::same_bytes(text, value).map_or(Truth::Unknown, Truth::from)
            }
            Test::IpAddress if !Rule::AddressesMatchByPrefix.holds() => Truth::from(text == value),
            Test::IpAddress => value::address_in(text, value).map_or(Truth::Unknown, Truth::from),
            Test::Null => Truth::Unknown,
        }
    }
}

impl Comparison {
    fn holds<T: Ord>(self, left: Option<T>, right: Option<T>) -> Truth {
        let (Some(left), Some(right)) = (left, right) else {
            return Truth::Unknown;
        };
        let ordering = left.cmp(&right);
        Truth::from(match self {
            Comparison::Equal => ordering == Ordering::Equal,
            Comparison::Less => ordering == Ordering::Less,
            Comparison::LessOrEqual => ordering != Ordering::Greater,
            Comparison::Greater => ordering == Ordering::Greater,
            Comparison::GreaterOrEqual => ordering != Ordering::Less,
        })
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Beyond ASCII, which letters are the same in another case depends on whom one asks.
fn ignoring_case(pattern: &Resolved, value: &str) -> Truth {
    let truth = pattern.clone().lowercase().matches(&lowercase(value));
    let plain = value.is_ascii() && pattern.is_ascii();
    if plain || truth == Truth::Yes { truth } else { truth.max(Truth::Unknown) }
}

/// Character by character, as a pattern is folded: the whole-word rules of Unicode do not apply to it either.
fn lowercase(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}
