//! A model of botocore, and whether a value is of one of its shapes.

use serde_json::Value;

pub struct Model(Value);

impl Model {
    pub fn new(text: &str) -> Self {
        Self(serde_json::from_str(text).expect("the model is JSON"))
    }

    pub fn metadata(&self, member: &str) -> &str {
        self.0["metadata"][member].as_str().unwrap_or_default()
    }

    pub fn input(&self, operation: &str) -> &str {
        self.of_operation(operation, "input")
    }

    pub fn output(&self, operation: &str) -> &str {
        self.of_operation(operation, "output")
    }

    /// Whether an answer of the operation has a body.
    pub fn answers(&self, operation: &str) -> bool {
        self.0["operations"][operation]["output"].is_object()
    }

    fn of_operation(&self, operation: &str, part: &str) -> &str {
        let operation = &self.0["operations"][operation];
        assert!(operation.is_object(), "vendor.py has to take this operation, too");
        operation[part]["shape"].as_str().expect("the operation has one")
    }

    pub fn shape(&self, name: &str) -> &Value {
        let shape = &self.0["shapes"][name];
        assert!(shape.is_object(), "there is no shape `{name}`");
        shape
    }

    /// Adds to `wrong` what of `value` is not of `shape`; `null` is a member that is not said.
    pub fn compare(&self, shape: &str, value: &Value, place: &str, wrong: &mut Vec<String>) {
        let shape = self.shape(shape);
        let kind = shape["type"].as_str().expect("every shape has a type");
        let mut say = |what: String| wrong.push(format!("{place} {what}"));
        match (kind, value) {
            ("structure", Value::Object(members)) => {
                for required in shape["required"].as_array().into_iter().flatten() {
                    let required = required.as_str().expect("a name");
                    if members.get(required).is_none_or(Value::is_null) {
                        say(format!("lacks `{required}`"));
                    }
                }
                for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                    match shape["members"][name]["shape"].as_str() {
                        Some(of) => self.compare(of, value, &format!("{place}.{name}"), wrong),
                        None => wrong.push(format!("{place} has no member `{name}`")),
                    }
                }
            }
            ("list", Value::Array(values)) => {
                within(shape, values.len(), &mut say);
                let of = shape["member"]["shape"].as_str().expect("a list of something");
                for value in values {
                    self.compare(of, value, &format!("{place}[]"), wrong);
                }
            }
            ("map", Value::Object(members)) => {
                let of = shape["value"]["shape"].as_str().expect("a map to something");
                for value in members.values() {
                    self.compare(of, value, &format!("{place}{{}}"), wrong);
                }
            }
            ("string", Value::String(text)) => {
                within(shape, text.chars().count(), &mut say);
                if shape["enum"].as_array().is_some_and(|all| !all.contains(value)) {
                    say(format!("`{text}` is not one of {}", shape["enum"]));
                }
            }
            ("boolean", Value::Bool(_)) | ("blob", Value::String(_)) => {}
            ("integer" | "long", Value::Number(number)) if number.is_i64() => {
                within(shape, usize::try_from(number.as_i64().unwrap_or(0)).unwrap_or(0), &mut say);
            }
            ("float" | "double" | "timestamp", Value::Number(_)) => {}
            _ => say(format!("is not a {kind}")),
        }
    }
}

/// Length, count and size have the same two members.
fn within(shape: &Value, amount: usize, say: &mut impl FnMut(String)) {
    let limit = |name: &str| shape[name].as_u64().and_then(|limit| usize::try_from(limit).ok());
    if limit("min").is_some_and(|least| amount < least) {
        say(format!("is shorter than {}", shape["min"]));
    }
    if limit("max").is_some_and(|most| amount > most) {
        say(format!("is longer than {}", shape["max"]));
    }
}
