//! `stack.toml` as it is written: its keys, their defaults, and the overrides of a stage.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::{Table, Value};

use super::auth::AuthKeys;
use super::domain::DomainKeys;
use super::function::FunctionKeys;
use super::kinds;
use super::names::API;
use super::site::SiteKeys;
use super::table::{DATA, TableKeys};
use engine::error::{Error, Result};

/// Every key that exists, as the sample shows them. What is not in it is unknown.
pub const SAMPLE: &str = include_str!("../../templates/stack.toml");

#[derive(Debug, Deserialize)]
pub struct File {
    pub name: String,
    pub region: Option<String>,
    pub account: Option<String>,
    /// Tags of the user's own for everything that takes tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// By their keys; absent when the file says nothing of any table.
    pub tables: Option<BTreeMap<String, TableKeys>>,
    /// By their keys; absent when the file says nothing of any function.
    pub functions: Option<BTreeMap<String, FunctionKeys>>,
    #[serde(default)]
    pub api: ApiKeys,
    /// Absent where the API is open to everybody.
    pub auth: Option<AuthKeys>,
    pub site: Option<SiteKeys>,
    pub domain: Option<DomainKeys>,
}

/// `[api]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ApiKeys {
    pub cors: Cors,
}

/// `[api.cors]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Cors {
    pub allow_origins: Vec<String>,
    pub allow_methods: Vec<String>,
    pub allow_headers: Vec<String>,
    pub expose_headers: Vec<String>,
    pub allow_credentials: bool,
    /// Seconds.
    pub max_age: i32,
}

impl Default for Cors {
    fn default() -> Self {
        let strings = |values: &[&str]| values.iter().map(ToString::to_string).collect();
        Self {
            allow_origins: strings(&["http://localhost:5173"]),
            allow_methods: strings(&["GET", "POST", "PATCH", "DELETE"]),
            allow_headers: strings(&["content-type"]),
            expose_headers: Vec::new(),
            allow_credentials: false,
            max_age: 300,
        }
    }
}

/// Reads `text`, refuses unknown keys, and lays the keys of `[stage.<stage>]` over the others.
pub fn parse(text: &str, stage: &str) -> Result<File> {
    let wrong = |error: &toml::de::Error| {
        let refused =
            Error::usage("`stack.toml` cannot be read").cause(error.to_string().trim_end());
        match kinds::meant(text, error.span()) {
            Some(hint) => refused.hint(hint),
            None => refused,
        }
    };
    let mut table: Table = text.parse().map_err(|error| wrong(&error))?;
    let known: Table = SAMPLE.parse().map_err(|error| wrong(&error))?;
    let stages = table.remove("stage");
    refuse_unknown("", &table, &known)?;
    kinds::check(text, "", &table, &known)?;
    key_sections("", &mut table)?;
    if let Some(Value::Table(stages)) = stages {
        for (name, keys) in &stages {
            let Value::Table(keys) = keys else {
                return Err(Error::usage(format!("`stage.{name}` in `stack.toml` is not a table")));
            };
            let path = format!("stage.{name}.");
            refuse_unknown(&path, keys, &known)?;
            kinds::check(text, &path, keys, &known)?;
            if name == stage {
                let mut keys = keys.clone();
                key_sections(&path, &mut keys)?;
                lay_over(&mut table, &keys);
            }
        }
    }
    inherit(&mut table);
    Value::Table(table).try_into().map_err(|error| wrong(&error))
}

/// Sections with a name of the user's own for each thing, their short form for a single one, and the key of that one.
const NAMED: [(&str, &str, &str); 2] = [("tables", "table", DATA), ("functions", "function", API)];

/// The section that has the keys of each thing in a section of named ones.
pub fn short_form(section: &str) -> Option<&'static str> {
    NAMED.iter().find(|(many, ..)| *many == section).map(|(_, one, _)| *one)
}

/// `[table]` is short for `[tables.data]`, and `[function]` for `[functions.api]`.
fn key_sections(path: &str, table: &mut Table) -> Result<()> {
    for (many, one, key) in NAMED {
        let Some(keys) = table.remove(one) else { continue };
        let named = table.entry(many).or_insert_with(|| Value::Table(Table::new()));
        match named.as_table_mut() {
            Some(named) if !named.contains_key(key) => {
                named.insert(key.to_owned(), keys);
            }
            _ => {
                let message = format!("`{path}{one}` and `{path}{many}.{key}` are the same {one}");
                return Err(Error::usage(message).hint("write its keys in one of the two sections"));
            }
        }
    }
    Ok(())
}

/// What further functions have from `[function]` unless they say it themselves: they are usually binaries of one crate.
const INHERITED: [&str; 2] = ["crate", "architecture"];

fn inherit(table: &mut Table) {
    let Some(functions) = table.get_mut("functions").and_then(Value::as_table_mut) else { return };
    let Some(first) = functions.get(API).and_then(Value::as_table).cloned() else { return };
    for keys in functions.iter_mut().filter_map(|(_, keys)| keys.as_table_mut()) {
        for key in INHERITED {
            if let Some(value) = first.get(key) {
                keys.entry(key).or_insert_with(|| value.clone());
            }
        }
    }
}

/// Sections whose keys are names of the user's own.
const FREE: [&str; 6] = ["access", "cache", "environment", "indexes", "secrets", "tags"];

fn refuse_unknown(path: &str, table: &Table, known: &Table) -> Result<()> {
    for (key, value) in table {
        match (value, known.get(key)) {
            (Value::Table(named), _) if short_form(key).is_some() => {
                let known =
                    short_form(key).and_then(|one| known.get(one)).and_then(Value::as_table);
                for (name, keys) in named {
                    if let Some((keys, known)) = keys.as_table().zip(known) {
                        refuse_unknown(&format!("{path}{key}.{name}."), keys, known)?;
                    }
                }
            }
            (Value::Table(inner), Some(Value::Table(known))) if !FREE.contains(&key.as_str()) => {
                refuse_unknown(&format!("{path}{key}."), inner, known)?;
            }
            (_, Some(_)) => {}
            (_, None) => return Err(unknown(path, key, known)),
        }
    }
    Ok(())
}

fn unknown(path: &str, key: &str, known: &Table) -> Error {
    let error = Error::usage(format!("unknown key `{path}{key}` in `stack.toml`"));
    let names = || known.keys().map(String::as_str);
    match nearest(key, names()).or_else(|| sharing_words(key, names())) {
        Some(name) => error.hint(format!("did you mean `{path}{name}`?")),
        None => error.hint(format!("the keys here are {}", list(known))),
    }
}

/// The name whose words are all in `key`, as in `permissions_boundary` and `boundary`, or that has all of its words.
fn sharing_words<'a>(key: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let words =
        |text: &'_ str| -> BTreeSet<String> { text.split('_').map(str::to_owned).collect() };
    let wanted = words(key);
    let shared = |name: &str| {
        let name = words(name);
        (name.is_subset(&wanted) || wanted.is_subset(&name)).then_some(name.len())
    };
    names.filter_map(|name| Some((shared(name)?, name))).max().map(|(_, name)| name)
}

/// The name that was probably meant.
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

fn list(known: &Table) -> String {
    known.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn lay_over(table: &mut Table, keys: &Table) {
    for (key, value) in keys {
        match (table.get_mut(key), value) {
            (Some(Value::Table(inner)), Value::Table(keys)) => lay_over(inner, keys),
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_is_required() {
        let file = parse("name = \"app\"", "default").expect("a name is enough");
        assert_eq!(
            (file.name.as_str(), file.functions.is_none(), file.tables.is_none()),
            ("app", true, true)
        );
    }

    #[test]
    fn the_sample_says_the_defaults() {
        let sample = parse(SAMPLE, "default").expect("the sample is valid");
        assert_eq!(sample.api.cors, Cors::default());
        let functions = sample.functions.expect("the sample has one");
        assert_eq!(functions[API].memory, FunctionKeys::default().memory);
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let error =
            parse("name = \"app\"\n[function]\nmemmory = 1", "default").expect_err("no such key");
        assert_eq!(error.message, "unknown key `function.memmory` in `stack.toml`");
        assert_eq!(error.hint.as_deref(), Some("did you mean `function.memory`?"));
        for (typed, meant) in
            [("permissions_boundary", "boundary"), ("environment_variables", "environment")]
        {
            let text = format!("name = \"app\"\n[function]\n{typed} = \"x\"");
            let error = parse(&text, "default").expect_err("no such key");
            let hint = format!("did you mean `function.{meant}`?");
            assert_eq!(error.hint, Some(hint));
        }
    }

    #[test]
    fn an_unknown_key_of_any_stage_is_refused() {
        let error =
            parse("name = \"app\"\n[stage.dev.tabel]\nx = 1", "default").expect_err("no such key");
        assert_eq!(error.hint.as_deref(), Some("did you mean `stage.dev.table`?"));
    }

    #[test]
    fn a_stage_lays_its_keys_over_the_others() {
        let text = "name = \"app\"\n[function]\ntimeout = 3\n[stage.dev.function]\nmemory = 128";
        let keys = |stage| {
            parse(text, stage).map(|file| {
                let functions = file.functions.expect("the text has one");
                (functions[API].memory, functions[API].timeout)
            })
        };
        assert_eq!(keys("dev"), Ok((128, 3)));
        assert_eq!(keys("default"), Ok((256, 3)));
    }

    #[test]
    fn environment_variables_are_free_to_be_named() {
        let file =
            parse("name = \"app\"\n[function.environment]\nLOG_LEVEL = \"debug\"", "default")
                .expect("valid");
        assert_eq!(file.functions.expect("one")[API].environment["LOG_LEVEL"], "debug");
    }

    #[test]
    fn a_wrong_type_is_told_with_its_key() {
        let error = parse("name = \"app\"\n[function]\nmemory = \"big\"", "default")
            .expect_err("not a number");
        assert_eq!(
            error.message,
            "line 3 of `stack.toml`: `function.memory` is a text, and takes a number"
        );
        assert_eq!(error.hint, None, "it is no number in quotes");
    }

    #[test]
    fn further_functions_are_of_the_crate_of_the_first() {
        let text = "name = \"app\"\n[function]\ncrate = \".\"\nmemory = 512\n[functions.worker]\nbin = \"worker\"\n[functions.other]\ncrate = \"other\"";
        let functions = parse(text, "default").expect("valid").functions.expect("three");
        let crates = ["api", "worker", "other"].map(|key| functions[key].crate_directory.as_str());
        assert_eq!(crates, [".", ".", "other"]);
        assert_eq!(functions["worker"].memory, 256, "a size is of one function alone");
    }

    #[test]
    fn a_function_is_described_once() {
        let text = "name = \"app\"\n[function]\nmemory = 512\n[functions.api]\nmemory = 512";
        let error = parse(text, "default").expect_err("twice");
        assert_eq!(error.message, "`function` and `functions.api` are the same function");
    }
}
