//! As much of JSON Schema as `openapi.json` uses. A keyword that is not known here is a failure: none is passed over.

use serde_json::Value;

/// A sign that Rust does not trim: JavaScript takes U+0085 for one that shows.
const NOT_BLANK: &str = r"[^\s\u0085]";

/// What an object may hold besides what its schema names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// Anything: the server ignores what it does not know.
    Ignored,
    /// Nothing: an answer that says more than the document is not documented.
    Refused,
}

/// Follows the references of a document to what they name.
pub(crate) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').expect("references stay in the document");
            resolved(document, document.pointer(pointer).expect("references lead somewhere"))
        }
        None => value,
    }
}

/// Whether a value is what a schema of the document says; if not, why.
pub(crate) fn check(
    document: &Value,
    schema: &Value,
    value: &Value,
    others: Others,
) -> Result<(), String> {
    let schema = resolved(document, schema);
    let part = |schema: &Value, value: &Value| check(document, schema, value, others);
    for (keyword, said) in schema.as_object().expect("a schema is an object") {
        let fits = match keyword.as_str() {
            "description" | "default" => true,
            "type" => has_type(said, value),
            "const" => said == value,
            "minLength" => characters(value).is_none_or(|length| length >= number(said)),
            "maxLength" => characters(value).is_none_or(|length| length <= number(said)),
            "minimum" => value.as_u64().is_none_or(|value| value >= number(said)),
            "maximum" => value.as_u64().is_none_or(|value| value <= number(said)),
            "pattern" if said == NOT_BLANK => {
                value.as_str().is_none_or(|text| !text.trim().is_empty())
            }
            "format" if said == "date-time" => value.as_str().is_none_or(is_time),
            "required" => names(said).all(|name| value.get(name).is_some()),
            "anyOf" => list(said).iter().any(|one| part(one, value).is_ok()),
            "oneOf" => list(said).iter().filter(|one| part(one, value).is_ok()).count() == 1,
            "items" => list(value).iter().try_for_each(|one| part(said, one)).map(|()| true)?,
            "properties" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    match said.get(name) {
                        Some(schema) => {
                            part(schema, value).map_err(|why| format!("{name}: {why}"))?;
                        }
                        None if others == Others::Refused => {
                            return Err(format!("{name} is not documented"));
                        }
                        None => {}
                    }
                }
                true
            }
            other => return Err(format!("the test does not know `{other}: {said}`")),
        };
        if !fits {
            return Err(format!("{value:.200} is not as `{keyword}: {said}` says"));
        }
    }
    Ok(())
}

fn has_type(said: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        _ => false,
    };
    said.as_str().map_or_else(|| names(said).any(is), is)
}

/// `2026-01-31T12:00:00.000Z`, as far as its signs go.
fn is_time(text: &str) -> bool {
    let signs = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    signs.eq(*b"0000-00-00T00:00:00.000Z")
}

fn characters(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}

fn number(said: &Value) -> u64 {
    said.as_u64().expect("limits are numbers")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn names(said: &Value) -> impl Iterator<Item = &str> {
    list(said).iter().filter_map(Value::as_str)
}

#[test]
fn what_does_not_fit_is_told() {
    let document = serde_json::json!({});
    let schema = serde_json::json!({"required": ["a"], "properties": {"a": {"type": "string", "maxLength": 1}}});
    let told = |value: Value| check(&document, &schema, &value, Others::Refused);
    assert_eq!(told(serde_json::json!({"a": "é"})), Ok(()));
    for wrong in [
        serde_json::json!({}),
        serde_json::json!({"a": 1}),
        serde_json::json!({"a": "ab"}),
        serde_json::json!({"a": "a", "b": 1}),
    ] {
        assert!(told(wrong.clone()).is_err(), "{wrong}");
    }
    assert!(check(&document, &serde_json::json!({"not": {}}), &document, Others::Ignored).is_err());
}
