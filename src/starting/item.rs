//! Plain JSON as DynamoDB writes an item: `{"id": "1"}` is `{"id": {"S": "1"}}`.

use serde_json::{Map, Value, json};

/// One value.
pub(super) fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(yes) => json!({"BOOL": yes}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(values) => json!({"L": values.iter().map(attribute).collect::<Vec<_>>()}),
        Value::Object(members) => json!({"M": item(members)}),
    }
}

/// A whole item.
pub(super) fn item(members: &Map<String, Value>) -> Value {
    members.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_has_its_type() {
        let value =
            json!({"s": "a", "n": 1.5, "b": true, "x": null, "l": ["a", 2], "m": {"k": "v"}});
        let wanted = json!({"M": {
            "s": {"S": "a"}, "n": {"N": "1.5"}, "b": {"BOOL": true}, "x": {"NULL": true},
            "l": {"L": [{"S": "a"}, {"N": "2"}]}, "m": {"M": {"k": {"S": "v"}}},
        }});
        assert_eq!(attribute(&value), wanted);
    }
}
