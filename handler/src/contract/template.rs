//! The placeholders of the contract, and the comparison of an answer with what was expected.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What is called how: the run, and what was taken from earlier answers.
pub(super) type Names = BTreeMap<String, String>;

/// Fills in `{name}` and `{3000*x}`.
pub(super) fn expand(text: &str, names: &Names) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) =
            behind.split_once('}').ok_or(format!("{text}: a brace is left open"))?;
        expanded.push_str(before);
        match name.split_once('*') {
            Some((count, part)) => {
                let count = count.parse().map_err(|_| format!("{count} is not a number"))?;
                expanded.push_str(&part.repeat(count));
            }
            None => expanded.push_str(names.get(name).ok_or(format!("nothing is called {name}"))?),
        }
        rest = after;
    }
    Ok(expanded + rest)
}

/// Fills in the placeholders in every text of a document, but not in the names of its fields.
pub(super) fn expand_document(document: &Value, names: &Names) -> Result<Value, String> {
    match document {
        Value::String(text) => expand(text, names).map(Value::String),
        Value::Array(values) => values.iter().map(|value| expand_document(value, names)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| Ok((name.clone(), expand_document(value, names)?)))
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object),
        other => Ok(other.clone()),
    }
}

/// Whether a value is what was expected; names what was asked to be named.
pub(super) fn matches(expected: &Value, actual: &Value, names: &mut Names) -> Result<(), String> {
    match (expected, actual) {
        (Value::String(pattern), _) if pattern == "*" => Ok(()),
        (Value::String(pattern), Value::String(text)) => matches_text(pattern, text, names),
        (Value::Array(patterns), Value::Array(values)) if patterns.len() == values.len() => {
            patterns
                .iter()
                .zip(values)
                .try_for_each(|(pattern, value)| matches(pattern, value, names))
        }
        (Value::Object(patterns), Value::Object(fields)) if patterns.keys().eq(fields.keys()) => {
            patterns.iter().zip(fields.values()).try_for_each(|((name, pattern), value)| {
                matches(pattern, value, names).map_err(|difference| format!("{name}: {difference}"))
            })
        }
        _ if expected == actual => Ok(()),
        _ => Err(format!("this is not {expected}")),
    }
}

fn matches_text(pattern: &str, text: &str, names: &mut Names) -> Result<(), String> {
    let Some(name) = pattern.strip_prefix('$') else {
        let pattern = expand(pattern, names)?;
        return is_like(&pattern, text).then_some(()).ok_or(format!("this is not {pattern:.100}"));
    };
    if text.is_empty() {
        return Err(format!("{name} is empty"));
    }
    match names.insert(name.into(), text.into()) {
        Some(before) if before != text => Err(format!("{name} was {before} before")),
        _ => Ok(()),
    }
}

/// `*` in the pattern stands for any characters.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    text.strip_prefix(start).is_some_and(|behind| {
        let mut ends = behind.char_indices().map(|(index, _)| index).chain([behind.len()]);
        ends.any(|index| is_like(rest, &behind[index..]))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names() -> Names {
        Names::from([("run".into(), "7".into())])
    }

    #[test]
    fn placeholders_are_filled_in() {
        assert_eq!(expand("a-{run}-{3*xy}", &names()), Ok("a-7-xyxyxy".into()));
        assert!(expand("{nobody}", &names()).is_err());
        assert!(expand("{run", &names()).is_err());
        assert_eq!(
            expand_document(&json!({"a": ["{run}", 1]}), &names()),
            Ok(json!({"a": ["7", 1]}))
        );
    }

    #[test]
    fn a_name_is_taken_once_and_must_then_be_the_same() {
        let mut names = names();
        assert_eq!(matches(&json!("$item"), &json!("a"), &mut names), Ok(()));
        assert_eq!(matches(&json!("{item}$"), &json!("a$"), &mut names), Ok(()));
        assert!(matches(&json!("$item"), &json!("b"), &mut names).is_err());
        assert!(matches(&json!("$other"), &json!(""), &mut names).is_err());
        assert!(matches(&json!("$other"), &json!(1), &mut names).is_err());
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text) in [("item-*", "item-é"), ("a*b*c", "abbc"), ("*", ""), ("*Z", "ZZ")] {
            assert!(is_like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("item-*", "item"), ("a*b*c", "acb"), ("*Z", "Zz"), ("", "a")] {
            assert!(!is_like(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_field_too_many_or_too_few_is_a_difference() {
        let expected = json!({"a": "*", "b": [1]});
        assert_eq!(matches(&expected, &json!({"a": null, "b": [1]}), &mut names()), Ok(()));
        for actual in [
            json!({"a": 1}),
            json!({"a": 1, "b": [1], "c": 1}),
            json!({"a": 1, "b": [1, 2]}),
            json!({"a": 1, "b": [2]}),
            json!([]),
        ] {
            assert!(matches(&expected, &actual, &mut names()).is_err(), "{actual}");
        }
    }
}
