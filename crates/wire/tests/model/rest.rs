//! Whether a document that is written by hand is one of the model's shapes.

use super::Element;
use serde_json::Value;

/// What of `document` the shape does not have, or has otherwise.
pub fn compare(model: &Value, shape: &str, document: &Element, path: &str) -> Vec<String> {
    let known = &model["shapes"][shape];
    let text = document.text.as_str();
    let mut wrong = Vec::new();
    match known["type"].as_str() {
        Some("structure") => {
            let members = known["members"].as_object().expect("a structure has members");
            for child in &document.children {
                let path = format!("{path}/{}", child.name);
                match members.get(&child.name) {
                    None => wrong.push(format!("{path}: {shape} has no such member")),
                    Some(member) => wrong.extend(member_of(model, member, child, &path)),
                }
            }
            let required = known["required"].as_array().cloned().unwrap_or_default();
            let missing = required.iter().filter_map(Value::as_str);
            let missing = missing.filter(|name| {
                members[*name]["location"].is_null() && document.child(name).is_none()
            });
            wrong.extend(missing.map(|name| format!("{path}/{name} is missing")));
        }
        Some("list") => {
            let (name, member) =
                (known["member"]["name"].as_str(), known["member"]["shape"].as_str());
            for child in &document.children {
                if Some(child.name.as_str()) != name {
                    wrong.push(format!("{path}: a list of {name:?}, not of {}", child.name));
                }
                wrong.extend(compare(model, member.unwrap_or_default(), child, path));
            }
        }
        Some("boolean") if !["true", "false"].contains(&text) => {
            wrong.push(format!("{path}: \"{text}\" is no boolean"));
        }
        Some("integer" | "long") if text.parse::<i64>().is_err() => {
            wrong.push(format!("{path}: \"{text}\" is no number"));
        }
        Some("string") => {
            let allowed = known["enum"].as_array();
            if allowed.is_some_and(|allowed| !allowed.iter().any(|one| one == text)) {
                wrong.push(format!("{path}: \"{text}\" is none of {allowed:?}"));
            }
            let length = text.chars().count() as u64;
            let is_long = known["max"].as_u64().is_some_and(|max| length > max);
            let is_short = known["min"].as_u64().is_some_and(|min| length < min);
            if is_long || is_short {
                wrong.push(format!("{path}: {length} characters"));
            }
        }
        Some("boolean" | "integer" | "long" | "blob" | "timestamp") => {}
        other => wrong.push(format!("{path}: {shape} is {other:?}")),
    }
    wrong
}

fn member_of(model: &Value, member: &Value, child: &Element, path: &str) -> Vec<String> {
    let shape = member["shape"].as_str().expect("a member has a shape");
    let known = &model["shapes"][shape];
    if known["flattened"] == true {
        return compare(model, known["member"]["shape"].as_str().unwrap_or_default(), child, path);
    }
    compare(model, shape, child, path)
}
