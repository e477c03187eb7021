//! Every member that stackctl sends with a write and that AWS's models limit has a rule here, and the limits of
//! `stack.toml` lie within those of AWS. `src/config/names.rs` holds the names to the models' patterns.
//!
//! `models.json` holds facts of the service models that the AWS SDKs are generated from (botocore 1.44): for each operation
//! and structure its members, and what they may be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What makes a value one that AWS takes.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// A name made of the stack's name and stage, at most so long: `config/check.rs` refuses longer ones.
    Name(u64),
    /// A key of `stack.toml`, as the path of the schema.
    Key(&'static str),
    /// The keys and values of `[function.environment]`, the origins and headers of CORS: `config/check.rs`.
    Checked,
    /// A constant of the source.
    Constant,
    /// An identifier, an ARN or a revision that AWS has given.
    Given,
    /// A document or a zip that stackctl makes and measures.
    Made,
}

use Rule::{Checked, Constant, Given, Key, Made, Name};

/// Members by their names: one name means the same everywhere.
const RULES: [(&str, Rule); 44] = [
    ("action", Constant),
    ("additional_version_weights", Constant),
    ("api_id", Given),
    ("architectures", Key("/definitions/function/properties/architecture")),
    ("assume_role_policy_document", Made),
    ("attribute_definitions", Checked),
    ("attribute_name", Checked),
    ("attribute_type", Constant),
    ("authorization_type", Constant),
    ("billing_mode", Constant),
    ("description", Made),
    ("function_name", Name(64)),
    ("function_version", Given),
    ("handler", Constant),
    ("integration_id", Given),
    ("integration_method", Constant),
    ("integration_type", Constant),
    ("integration_uri", Given),
    ("key", Constant),
    ("key_schema", Checked),
    ("key_type", Constant),
    ("log_group_name", Name(76)),
    ("max_age", Key("/definitions/cors/properties/max_age")),
    ("memory_size", Key("/definitions/function/properties/memory")),
    ("name", Name(128)),
    ("payload_format_version", Constant),
    ("policy_arn", Given),
    ("policy_document", Made),
    ("policy_name", Name(128)),
    ("principal", Constant),
    ("protocol_type", Constant),
    ("qualifier", Constant),
    ("resource_arn", Given),
    ("retention_in_days", Key("/definitions/function/properties/log_retention_days")),
    ("revision_id", Given),
    ("role", Given),
    ("role_name", Name(64)),
    ("route_id", Given),
    ("route_key", Checked),
    ("runtime", Constant),
    ("source_arn", Given),
    ("stage_name", Constant),
    ("statement_id", Constant),
    ("table_name", Name(255)),
];

const MORE: [(&str, Rule); 12] = [
    ("ip_address_type", Constant),
    ("path", Checked),
    ("permissions_boundary", Checked),
    ("tags", Checked),
    ("target", Given),
    ("timeout", Key("/definitions/function/properties/timeout")),
    ("value", Checked),
    ("variables", Checked),
    ("version_id", Given),
    ("zip_file", Made),
    ("resource", Given),
    ("code", Made),
];

fn rules() -> BTreeMap<&'static str, Rule> {
    RULES.into_iter().chain(MORE).collect()
}

fn models() -> BTreeMap<String, BTreeMap<String, Value>> {
    serde_json::from_str(include_str!("models.json")).expect("the facts are JSON")
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, into);
        } else if !["tests.rs", "fixture.rs", "replay.rs"].iter().any(|name| path.ends_with(name)) {
            into.push(path);
        }
    }
}

/// The methods that are called between a beginning and an end, as members are named: `set_tags` sets `tags`.
fn methods(text: &str) -> BTreeSet<String> {
    let word = |part: &str| {
        let end = part.find(|one: char| !(one.is_ascii_lowercase() || one == '_'))?;
        part[end..].starts_with('(').then(|| part[..end].trim_start_matches("set_").to_owned())
    };
    text.split('.').skip(1).filter_map(word).collect()
}

/// The limited members that the source sends, as `lambda.create_function.memory_size`, with AWS's limits.
fn sent() -> BTreeMap<String, Value> {
    let mut files = Vec::new();
    for folder in ["src/resources", "src/cloud"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    let mut sent = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source");
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (name, members) in models() {
            let (_, short) = name.split_once('.').expect("service and name");
            let (begin, end) = if short.starts_with(|first: char| first.is_ascii_uppercase()) {
                (format!("{short}::builder()"), ".build()")
            } else {
                (format!(".{short}()"), ".send()")
            };
            for after in text.split(&begin).skip(1) {
                let call = after.split(end).next().unwrap_or_default();
                for method in methods(call) {
                    let limits =
                        members.get(&method).filter(|limits| **limits != serde_json::json!({}));
                    sent.extend(limits.map(|limits| (format!("{name}.{method}"), limits.clone())));
                }
            }
        }
    }
    sent
}

#[test]
fn every_limited_member_has_a_rule() {
    let (sent, rules) = (sent(), rules());
    assert!(sent.len() > 40, "the writes were not found: {:?}", sent.keys());
    let name = |path: &String| path.rsplit('.').next().unwrap_or_default().to_owned();
    let missing: Vec<&String> =
        sent.keys().filter(|path| !rules.contains_key(name(path).as_str())).collect();
    assert!(missing.is_empty(), "which rule keeps these within AWS's limits? {missing:#?}");
}

#[test]
fn the_limits_of_the_file_lie_within_those_of_aws() {
    let schema = include_str!("../templates/stack.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    let rules = rules();
    for (path, limits) in sent() {
        let member = path.rsplit('.').next().unwrap_or_default();
        match rules.get(member) {
            Some(Name(longest)) => {
                let most = limits["max"].as_u64().unwrap_or(u64::MAX);
                assert!(*longest <= most, "{path}: {longest} characters; the AWS limit is {most}");
            }
            Some(Key(place)) => {
                let key = schema.pointer(place).unwrap_or_else(|| panic!("{path}: no {place}"));
                within(&path, key, &limits);
            }
            _ => {}
        }
    }
}

fn within(path: &str, key: &Value, limits: &Value) {
    if let (Some(least), Some(ours)) = (limits["min"].as_i64(), key["minimum"].as_i64()) {
        assert!(ours >= least, "{path}: {ours} is below {least}");
    }
    if let (Some(most), Some(ours)) = (limits["max"].as_i64(), key["maximum"].as_i64()) {
        assert!(ours <= most, "{path}: {ours} is above {most}");
    }
    let words = limits["enum"].as_array().or_else(|| limits["each"]["enum"].as_array());
    if let (Some(words), Some(ours)) = (words, key["enum"].as_array()) {
        let other = ours.iter().find(|word| !words.contains(word));
        assert_eq!(other, None, "{path}");
    }
}
