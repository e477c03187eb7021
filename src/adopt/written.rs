//! The text of the file, with the line of the source that shows each fact, and what was assumed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use audit::Audited;
use verify::audit::Candidates;

use super::tables::{IndexDraft, KeyDraft, Keys, Source, TableDraft};
use super::{Draft, FunctionDraft};
use crate::blueprint;
use crate::config::Config;
use engine::error::Result;

/// A file that the configuration accepts, and what people are told with it.
pub struct Written {
    pub text: String,
    pub read: Vec<String>,
    pub assumed: Vec<String>,
    /// What only a person can fill in.
    pub open: Vec<String>,
}

/// Variables of Lambda itself, of the SDK and of loggers, which work without a value.
const OPTIONAL: [&str; 4] = ["RUST_LOG", "RUST_BACKTRACE", "LOG_LEVEL", "PORT"];

/// Comments begin in one column where the values before them leave room.
const COLUMN: usize = 34;

#[derive(Default)]
struct File {
    lines: Vec<String>,
    assumed: Vec<String>,
    open: Vec<String>,
}

impl Draft {
    /// The file.
    pub fn write(&self, name: &str) -> Result<Written> {
        let mut file = File::default();
        file.plain("# Made by `stackctl init` from the source of this project. A comment names the line that shows a value.");
        file.plain("# Every other key has a default.");
        file.line(&format!("name = {}", quoted(name)), "");
        if self.tables.is_empty() {
            file.line("tables = {}", "the code calls no table whose name is known");
        }
        self.tables.iter().for_each(|table| file.table(table));
        for open in &self.unnamed {
            file.open.push(format!("{open}: the name of the table is not known"));
        }
        for function in &self.functions {
            file.function(function, self);
        }
        // What is left open depends on all that comes before.
        let config = Config::from_text(&file.lines.join("\n"), PathBuf::from("."))?;
        for function in &self.functions {
            file.access(function, &config.about(&function.key));
        }
        let text = file.lines.join("\n") + "\n";
        Config::from_text(&text, PathBuf::from("."))?;
        Ok(Written { text, read: self.read(), assumed: file.assumed, open: file.open })
    }

    fn read(&self) -> Vec<String> {
        let mut read: Vec<String> = self.functions.iter().map(FunctionDraft::told).collect();
        for table in &self.tables {
            let name = table.name.as_ref().or(table.env.as_ref()).unwrap_or(&table.key);
            let keys: Vec<&str> = std::iter::once(&table.keys.partition)
                .chain(table.keys.sort.as_ref())
                .map(|key| key.text.as_str())
                .collect();
            read.push(format!("table {name}: {}", keys.join(", ")));
            read.extend(table.indexes.iter().map(|index| format!("index {}", index.name)));
        }
        read
    }

    /// Whether another function before this one takes every path, since no routes of either can be read.
    fn is_second_without_routes(&self, function: &FunctionDraft) -> bool {
        let mut open = self.functions.iter().filter(|one| one.lacks_routes());
        function.lacks_routes() && open.next().is_some_and(|first| first.key != function.key)
    }
}

impl FunctionDraft {
    fn told(&self) -> String {
        let Audited { binary, main, framework, trigger, routes, .. } = &self.found;
        let routes = match routes.as_deref().unwrap_or_default() {
            [] => String::new(),
            [_] => ", 1 route".to_owned(),
            routes => format!(", {} routes", routes.len()),
        };
        format!("function {binary}: {main} ({framework}, {trigger}{routes})")
    }

    fn lacks_routes(&self) -> bool {
        blueprint::takes_every_path(&self.found)
    }
}

impl File {
    fn plain(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    fn line(&mut self, line: &str, comment: &str) {
        let comment = if comment.is_empty() { String::new() } else { format!("  # {comment}") };
        self.lines.push(format!("{line:COLUMN$}{comment}").trim_end().to_owned());
    }

    fn section(&mut self, name: &str) {
        self.plain("");
        self.plain(&format!("[{name}]"));
    }

    fn table(&mut self, table: &TableDraft) {
        let place = table.place();
        self.section(&place);
        self.keys(&place, &table.keys);
        if let Some(name) = &table.name {
            self.line(&format!("name = {}", quoted(name)), &table.site);
        }
        if let Some(variable) = &table.env {
            self.line(&format!("env = {}", quoted(variable)), &table.site);
        }
        if let Some(expiry) = &table.expiry {
            let line = format!("ttl = {}", quoted(&expiry.attribute));
            if expiry.is_set {
                self.line(&line, &expiry.site);
            } else {
                self.line(
                    &format!("# {line}"),
                    &format!("{}: is it when an item expires?", expiry.site),
                );
            }
        }
        for index in &table.indexes {
            self.index(&place, index);
        }
    }

    fn keys(&mut self, place: &str, keys: &Keys) {
        self.key(place, "partition_key", &keys.partition);
        match &keys.sort {
            Some(sort) => self.key(place, "sort_key", sort),
            None if keys.is_whole => {
                self.line("sort_key = \"\"", "the code names keys without one");
            }
            None => {
                self.line("sort_key = \"\"", "assumed: no line shows one");
                self.assumed.push(format!("`{place}` has no sort key"));
            }
        }
    }

    fn key(&mut self, place: &str, key: &str, draft: &KeyDraft) {
        let line = format!("{key} = {}", quoted(&draft.text));
        match &draft.source {
            Source::Line(site) => self.line(&line, site),
            Source::Asked => self.line(&line, "as you said"),
            Source::Guess(site) => {
                self.line(&line, &format!("assumed: {site} writes it in an item"));
                self.assumed.push(format!("`{place}.{line}`"));
            }
            Source::Nothing => {
                self.line(&line, "assumed: no line shows it");
                self.assumed.push(format!("`{place}.{line}`"));
            }
        }
    }

    fn index(&mut self, place: &str, index: &IndexDraft) {
        let place = format!("{place}.indexes.{}", bare_or_quoted(&index.name));
        if index.keys.partition.source == Source::Nothing {
            self.plain("");
            self.plain(&format!("# [{place}]  # {}", index.site));
            self.plain("# partition_key = \"\"");
            self.open.push(format!(
                "{}: the keys of the index `{}` are not known",
                index.site, index.name
            ));
            return;
        }
        self.section(&place);
        self.key(&place, "partition_key", &index.keys.partition);
        if let Some(sort) = &index.keys.sort {
            self.key(&place, "sort_key", sort);
        }
    }

    fn function(&mut self, function: &FunctionDraft, draft: &Draft) {
        let FunctionDraft { crate_directory, found, key } = function;
        self.section(&function.place());
        let package = format!("package {}", found.package);
        self.line(&format!("crate = {}", quoted(crate_directory)), &package);
        self.line(&format!("bin = {}", quoted(&found.binary)), &found.main);
        if draft.is_second_without_routes(function) {
            let line = format!("routes = [\"GET /{key}\", \"POST /{key}\"]");
            self.line(&line, "assumed: none could be read, and another function has the rest");
            self.assumed.push(format!("`{}.{line}`", function.place()));
        } else if function.lacks_routes() {
            self.line("# routes = [\"GET /\"]", "none could be read: it gets every path");
        } else if found.routes.as_ref().is_none_or(Vec::is_empty) {
            self.plain(&format!(
                "# It gets no requests of the API. Its source says what starts it: {}",
                found.trigger
            ));
            self.open.push(format!("{}: what starts it ({})", function.place(), found.trigger));
        }
        if found.is_server {
            self.plain("# It is a web server: Lambda starts it with an adapter's layer alone, which stackctl does not add.");
            self.open.push(format!(
                "{}: `{}` is a web server and no Lambda function; `lambda_http::run` makes it one",
                found.main, found.binary
            ));
        }
        self.environment(function, draft);
    }

    fn environment(&mut self, function: &FunctionDraft, draft: &Draft) {
        let indexes = draft.tables.iter().flat_map(|table| &table.indexes);
        let set: BTreeMap<&String, &String> =
            indexes.filter_map(|index| Some((index.env.as_ref()?, &index.name))).collect();
        let tables: BTreeSet<&String> =
            draft.tables.iter().filter_map(|table| table.env.as_ref()).collect();
        let found = &function.found;
        let names = found.env.iter().filter(|name| !tables.contains(name));
        let names: Vec<&String> = names
            .filter(|name| !name.starts_with("AWS_") && !OPTIONAL.contains(&name.as_str()))
            .collect();
        if names.is_empty() {
            return;
        }
        self.section(&format!("{}.environment", function.place()));
        for name in names {
            let site = found.env_sites.get(name).unwrap_or(&found.main);
            if let Some(value) = set.get(name) {
                self.line(&format!("{name} = {}", quoted(value)), site);
                continue;
            }
            self.line(&format!("# {name} = \"\""), &format!("{site} reads it"));
            self.open.push(format!(
                "{site} reads the variable `{name}`: set it if it must have a value"
            ));
        }
    }

    /// Rights that the audit leaves open, as lines to fill in.
    fn access(&mut self, function: &FunctionDraft, config: &Config) {
        let undecided = blueprint::undecided(config, &function.found);
        if undecided.is_empty() {
            return;
        }
        let place = format!("{}.access", function.place());
        self.section(&place);
        let mut seen = BTreeSet::new();
        for one in &undecided {
            let told = format!("{}: {}", one.site, one.message);
            self.plain(&format!("# {told}"));
            self.open.push(format!("{told}; name its right under `[{place}]`"));
            if let Candidates::These(actions) = &one.candidates {
                for action in actions.iter().filter(|action| seen.insert((*action).clone())) {
                    self.plain(&format!("# {} = [\"arn:…\"]", quoted(action)));
                }
            }
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A key of a section's name.
fn bare_or_quoted(key: &str) -> String {
    let is_bare = key.bytes().all(|one| one.is_ascii_alphanumeric() || b"_-".contains(&one));
    if is_bare { key.to_owned() } else { quoted(key) }
}
