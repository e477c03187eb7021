//! Documents that are made from data stay what the data says. `UPDATE_GOLDEN=1 cargo test --test documents` writes them
//! again.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

#[test]
fn the_reference_of_the_configuration_is_made_from_the_schema() {
    let schema: Value = serde_json::from_str(&read("templates/stack.schema.json")).expect("JSON");
    let path = "docs/configuration.md";
    let made = reference(&schema);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(at(path), &made).expect("it can be written");
    }
    let why = format!("{path} is not made from the schema of today; `UPDATE_GOLDEN=1` writes it");
    assert!(read(path) == made, "{why}");
}

/// Every relative link of the documents leads to a file.
#[test]
fn no_link_leads_nowhere() {
    let mut broken = Vec::new();
    for document in documents() {
        let folder = Path::new(&document).parent().expect("a folder").to_owned();
        for link in read(&document).split("](").skip(1) {
            let target = link.split([')', '#', ' ']).next().unwrap_or_default();
            let is_ours = !target.is_empty() && !target.contains("://");
            if is_ours && !at(folder.join(target)).exists() {
                broken.push(format!("{document}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn at(path: impl AsRef<Path>) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(at(path)).unwrap_or_default()
}

fn documents() -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["", "docs/", "bench/", "packaging/"] {
        let Ok(entries) = fs::read_dir(at(folder)) else { continue };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        found.extend(
            names
                .filter(|name| name.strip_suffix(".md").is_some())
                .map(|name| format!("{folder}{name}")),
        );
    }
    assert!(found.len() > 8, "{found:?}");
    found
}

/// The whole page.
fn reference(schema: &Value) -> String {
    let mut page = String::from(
        "# stack.toml\n\n\
         The keys of `stack.toml`. This page is made from `templates/stack.schema.json`, which editors use to complete and check\n\
         the file; `templates/stack.toml` shows every key in place.\n\n",
    );
    section(&mut page, schema, "Top level", schema);
    let sections = schema["properties"].as_object().expect("the sections");
    for (name, node) in sections {
        let node = resolved(schema, node);
        if name == "stage" {
            let said = node["description"].as_str().unwrap_or_default();
            page += &format!("## `[stage.NAME]`\n\n{said}.\n\n");
        } else if node["properties"].is_object() {
            tables(&mut page, schema, name, node);
        } else if node["additionalProperties"].is_object() {
            tables(&mut page, schema, &format!("{name}.NAME"), node);
        }
    }
    page.trim_end().to_owned() + "\n"
}

/// A section and those below it.
fn tables(page: &mut String, schema: &Value, path: &str, node: &Value) {
    let of_each = resolved(schema, &node["additionalProperties"]);
    let (node, said) = if of_each.is_object() {
        (of_each, node["description"].as_str())
    } else {
        (node, node["description"].as_str())
    };
    let has_rows = node["properties"]
        .as_object()
        .is_some_and(|keys| keys.values().any(|key| !is_section(resolved(schema, key))));
    if has_rows {
        section(page, schema, &format!("`[{path}]`"), node);
        if let Some(said) = said {
            let end = page.find(&format!("## `[{path}]`\n\n")).expect("it was just written");
            let after = end + format!("## `[{path}]`\n\n").len();
            page.insert_str(after, &format!("{said}.\n\n"));
        }
    }
    for (name, below) in node["properties"].as_object().into_iter().flatten() {
        let below = resolved(schema, below);
        if below["properties"].is_object() {
            tables(page, schema, &format!("{path}.{name}"), below);
        } else if resolved(schema, &below["additionalProperties"])["properties"].is_object() {
            tables(page, schema, &format!("{path}.{name}.NAME"), below);
        }
    }
}

fn is_section(node: &Value) -> bool {
    node["properties"].is_object()
        || (node["default"].is_null() && node["additionalProperties"].is_object())
}

fn section(page: &mut String, schema: &Value, title: &str, node: &Value) {
    let required: Vec<&str> =
        node["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    writeln!(page, "## {title}\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |")
        .expect("a text");
    for (key, node) in node["properties"].as_object().into_iter().flatten() {
        let node = resolved(schema, node);
        if is_section(node) {
            continue;
        }
        let default = match &node["default"] {
            Value::Null if required.contains(&key.as_str()) => "required".to_owned(),
            Value::Null => String::new(),
            default => format!("`{default}`"),
        };
        let said = node["description"].as_str().unwrap_or_default();
        let row = [format!("`{key}`"), value(node), default, said.to_owned()];
        let row = row.map(|cell| cell.replace('|', "\\|"));
        writeln!(page, "| {} |", row.join(" | ")).expect("a text");
    }
    page.push('\n');
}

/// What a key takes.
fn value(node: &Value) -> String {
    let list = |values: &Value| {
        let all: Vec<String> =
            values.as_array().into_iter().flatten().map(|value| format!("`{value}`")).collect();
        all.join(", ")
    };
    if node["enum"].is_array() {
        return list(&node["enum"]);
    }
    if let Some(choices) = node["oneOf"].as_array() {
        return choices.iter().map(value).collect::<Vec<_>>().join(", or ");
    }
    let kind = node["type"].as_str().unwrap_or("value");
    match kind {
        "array" if node["items"]["enum"].is_array() => {
            format!("list of {}", list(&node["items"]["enum"]))
        }
        "array" => "list of strings".to_owned(),
        "object" => "table".to_owned(),
        "integer" => match (node["minimum"].as_i64(), node["maximum"].as_i64()) {
            (Some(from), Some(to)) => format!("{from} to {to}"),
            (Some(from), None) => format!("{from} or more"),
            _ => kind.to_owned(),
        },
        kind => kind.to_owned(),
    }
}

fn resolved<'a>(schema: &'a Value, node: &'a Value) -> &'a Value {
    match node["$ref"].as_str() {
        Some(reference) => schema.pointer(&reference[1..]).expect("references lead somewhere"),
        None => node,
    }
}
