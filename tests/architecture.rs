//! The rules of ARCHITECTURE.md that the compiler does not check, checked on the sources: who may know whom, and where
//! waiting, printing, ending and the environment belong.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of one file, tests not counted.
const LONGEST: usize = 400;

/// What the files of one folder, or one file of that name, never mention.
const WALLS: [(&str, &[&str]); 8] = [
    (
        "src/cloud",
        &["crate::resources", "crate::commands", "crate::ui", "crate::stack", "clap", "indicatif"],
    ),
    (
        "src/resources",
        &["crate::ui", "crate::commands", "crate::stack", "crate::cli", "clap", "indicatif"],
    ),
    (
        "src/config",
        &[
            "aws_",
            "crate::resources",
            "crate::cloud",
            "crate::ui",
            "crate::commands",
            "engine::execute",
            "clap",
            "indicatif",
        ],
    ),
    ("src/stack", &["crate::ui", "crate::commands", "aws_sdk_", "clap", "indicatif"]),
    ("src/ui", &["aws_", "crate::resources", "crate::cloud", "crate::commands", "crate::stack"]),
    ("src/commands", &["aws_", "indicatif"]),
    ("src/manifest", &["aws_", "crate::cloud", "crate::resources", "crate::ui", "crate::commands"]),
    ("crates/verify", &["std::fs", "std::process", "std::net::Tcp"]),
];

/// What a crate may depend on, of all that is on this list: the compiler does the rest.
/// In the order of their names.
const CRATES: [(&str, &[&str]); 8] = [
    ("audit", &[]),
    ("engine", &["tokio"]),
    ("iam", &[]),
    ("local-cloud", &["engine", "machine", "tokio"]),
    ("machine", &["engine", "tokio"]),
    ("package", &["engine", "machine", "tokio"]),
    ("verify", &["audit", "iam"]),
    // The runtime of the SDK and no service of it: that is what this crate is for.
    (
        "wire",
        &[
            "aws-runtime",
            "aws-sigv4",
            "aws-smithy-runtime",
            "aws-smithy-runtime-api",
            "aws-smithy-types",
            "aws-types",
        ],
    ),
];

/// What is done in these files and in no other.
const PLACES: [(&str, &[&str], &[&str]); 8] = [
    ("lines are redrawn", &["indicatif::"], &["src/ui/live.rs"]),
    (
        "somebody sleeps",
        &["sleep(", "thread::sleep", "time::interval"],
        &["src/cloud/wait.rs", "crates/local-cloud/src/wait.rs"],
    ),
    (
        "code is built for this machine alone",
        &["profile: Profile::Quick"],
        &["src/commands/sources.rs"],
    ),
    (
        "the process ends",
        &["process::exit", "process::abort", "ExitCode"],
        &["src/lib.rs", "src/main.rs"],
    ),
    // Cargo's own settings are read where they are understood.
    (
        "the environment is read",
        &["env::var", "env::vars"],
        &["src/config/mod.rs", "src/cloud/surroundings.rs", "crates/package/src/settings.rs"],
    ),
    // A project can bring a device, a pipe or a file without an end: `machine::read` has a cap.
    (
        "a file is read without a cap",
        &["fs::read(", "fs::read_to_string("],
        &[
            // What cargo has just linked.
            "crates/package/src/order.rs",
            // The local cloud's own files, and what the kernel says of processes.
            "crates/local-cloud/src/folder.rs",
            "crates/local-cloud/src/install.rs",
            "crates/local-cloud/src/key.rs",
            "crates/local-cloud/src/os.rs",
            "crates/local-cloud/src/record.rs",
            "crates/local-cloud/src/server.rs",
        ],
    ),
    ("standard output is written", &["io::stdout", "println!", "print!("], &["src/ui/mod.rs"]),
    ("standard error is written", &["io::stderr", "eprintln!", "eprint!("], &["src/ui/mod.rs"]),
];

#[test]
fn nobody_knows_what_is_above_them() {
    let mut breaches = Vec::new();
    for (owner, never) in WALLS {
        let files: Vec<_> = sources().into_iter().filter(|file| file.is_of(owner)).collect();
        assert!(!files.is_empty(), "there is no {owner} any more: change the rule");
        for file in &files {
            breaches.extend(file.mentions(never, &format!("`{owner}` never mentions")));
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn a_crate_depends_on_nothing_above_it() {
    let all: Vec<&str> = CRATES.iter().map(|(name, _)| *name).collect();
    assert_eq!(crates(), all, "every crate has its line in `CRATES`");
    for (name, allowed) in CRATES {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates").join(name);
        let manifest = fs::read_to_string(manifest.join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = manifest.parse().expect("it is TOML");
        for dependency in manifest["dependencies"].as_table().expect("dependencies").keys() {
            let watched = all.contains(&dependency.as_str())
                || dependency.starts_with("aws-")
                || ["clap", "indicatif", "tokio"].contains(&dependency.as_str());
            assert!(!watched || allowed.contains(&dependency.as_str()), "{name} → {dependency}");
        }
    }
}

/// The crates of our own, in the order of their names.
fn crates() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    let mut names: Vec<String> =
        entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_resource_speaks_to_one_service() {
    for file in sources().into_iter().filter(|file| file.is_of("src/resources")) {
        let mut services: Vec<&str> = Vec::new();
        for (_, line) in &file.lines {
            for rest in line.split("aws_sdk_").skip(1).chain(line.split("use wire::").skip(1)) {
                let name = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
                // What all services of a protocol share is a type.
                if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
                    services.push(name);
                }
            }
        }
        services.sort_unstable();
        services.dedup();
        assert!(services.len() <= 1, "{} speaks to {services:?}", file.path);
    }
}

/// What serves a resource of any kind.
const GENERAL: [&str; 8] = [
    "crates/engine/src",
    "crates/verify/src/deployer",
    "src/commands/plan",
    "src/commands/status",
    "src/deployer",
    "src/limits",
    "src/saved_plan",
    "src/ui",
];

#[test]
fn what_serves_every_kind_names_no_resource() {
    let sources = sources();
    let of_file = |file: &Source| -> Vec<String> {
        let implemented =
            file.lines.iter().filter_map(|(_, line)| line.strip_prefix("impl Resource for "));
        implemented.map(|rest| rest.trim_end_matches(" {").to_owned()).collect()
    };
    let resources = sources.iter().filter(|file| file.is_of("src/resources"));
    let named: Vec<String> = resources.flat_map(of_file).collect();
    assert!(named.len() > 20, "{named:?}: this does not see them any more");
    let is_word = |line: &str, name: &str| {
        let code = line.split('"').step_by(2);
        code.flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && c != '_'))
            .any(|word| word == name)
    };
    for place in GENERAL {
        assert!(sources.iter().any(|file| file.is_of(place)), "there is no {place} any more");
    }
    let general = |file: &&Source| GENERAL.iter().any(|place| file.is_of(place));
    let mut breaches = Vec::new();
    for file in sources.iter().filter(general) {
        for (number, line) in &file.lines {
            let name = named.iter().find(|name| is_word(line, name));
            breaches.extend(name.map(|name| format!("{}:{number}: `{name}`", file.path)));
        }
    }
    let rule = "a resource describes itself, and these serve every kind";
    assert!(breaches.is_empty(), "{rule}: {}", breaches.join("\n"));
}

#[test]
fn waiting_ending_printing_and_the_environment_each_have_their_place() {
    let mut breaches = Vec::new();
    for (what, signs, places) in PLACES {
        for place in places {
            assert!(sources().iter().any(|file| file.path == *place), "there is no {place}");
        }
        for file in sources().iter().filter(|file| !places.contains(&file.path.as_str())) {
            breaches.extend(file.mentions(signs, &format!("{what} in {places:?} alone:")));
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn every_call_of_aws_is_declared_where_it_is_made() {
    let mut files: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for file in
        sources().iter().filter(|file| file.is_of("src/resources") || file.is_of("src/cloud"))
    {
        let (made, declared) = files.entry(file.thing()).or_default();
        made.extend(file.calls_made());
        declared.extend(file.calls_declared());
    }
    let all: usize = files.values().map(|(made, _)| made.len()).sum();
    assert!(all > 60, "{all} calls: this does not see them any more");
    for (file, (made, declared)) in files {
        // On the local cloud alone, as whoever owns it.
        if !["src/cloud/trial_policy", "src/resources/local_users"].contains(&file.as_str()) {
            assert_eq!(made, declared, "{file} calls the left, and declares the right");
        }
    }
}

#[test]
fn no_file_is_longer_than_anybody_reads() {
    let long = sources().into_iter().filter(|file| file.lines.len() > LONGEST);
    let long: Vec<_> =
        long.map(|file| format!("{}: {} lines", file.path, file.lines.len())).collect();
    assert!(long.is_empty(), "over {LONGEST} lines: {}", long.join(", "));
}

#[test]
fn every_module_begins_with_a_sentence_about_itself() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|file| !file.first.starts_with("//! "))
        .map(|file| file.path)
        .collect();
    assert!(silent.is_empty(), "these do not say what they are: {silent:?}");
}

/// One file of the program, without its tests and comments.
struct Source {
    /// From the root, with slashes.
    path: String,
    first: String,
    /// With their numbers.
    lines: Vec<(usize, String)>,
}

impl Source {
    fn is_of(&self, owner: &str) -> bool {
        self.path.starts_with(&format!("{owner}/")) || self.path == format!("{owner}.rs")
    }

    /// What the file is about: `src/resources/table` for everything in that folder.
    fn thing(&self) -> String {
        let path = self.path.trim_end_matches(".rs").split('/').take(3);
        path.collect::<Vec<_>>().join("/")
    }

    /// The operations that are called, as methods: `client.get_role()`, `client.call(ssm::GetParameter { … })`.
    fn calls_made(&self) -> Vec<String> {
        let text: String =
            self.lines.iter().flat_map(|(_, line)| line.split_whitespace()).collect();
        let clients = ["client.", "Client::new(&cloud.sdk)."];
        let after_clients = clients.iter().flat_map(|client| text.split(client).skip(1));
        let method = |rest: &str| Some(rest.split_once("()")?.0.to_owned());
        let is_call = |name: &String| {
            // Who one is may be asked by everybody.
            !["clone", "get_caller_identity"].contains(&name.as_str())
                && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        let on_the_wire = text.split("client.call(").skip(1).filter_map(|rest| {
            let operation = rest.split(['{', '(', ')']).next()?;
            Some(snake_case(operation.rsplit("::").next()?))
        });
        // Clients of REST services have a method an operation, as the SDK has.
        let site = ["s3.", "cdn.", "dns."].iter().flat_map(|client| text.split(client).skip(1));
        let site = site.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned()));
        let is_method = |name: &String| {
            name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        let site = site.filter(|name| name != "clone" && is_method(name));
        let all = after_clients.filter_map(method).filter(is_call).chain(on_the_wire);
        all.chain(site).collect()
    }

    /// The operations of `CALLS` and its like and of `fn calls`, as the SDK's methods are called.
    fn calls_declared(&self) -> Vec<String> {
        const KNOWN: [&str; 14] = [
            "acm",
            "apigateway",
            "cloudfront",
            "cognito-idp",
            "dynamodb",
            "iam",
            "lambda",
            "logs",
            "route53",
            "s3",
            "scheduler",
            "sqs",
            "ssm",
            "tag",
        ];
        let literals = self.lines.iter().flat_map(|(_, line)| line.split('"').skip(1).step_by(2));
        let operation = |text: &str| {
            let (service, name) = text.split_once(':')?;
            let name = name.split('/').next()?;
            let known = KNOWN.contains(&service);
            let is_name = name.starts_with(|c: char| c.is_ascii_uppercase());
            (known && is_name && text != "lambda:InvokeFunction").then(|| snake_case(name))
        };
        literals.filter_map(operation).collect()
    }

    fn mentions(&self, signs: &[&str], rule: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (number, line) in &self.lines {
            for sign in signs.iter().filter(|sign| is_in(line, sign)) {
                found.push(format!("{}:{number}: {rule} `{sign}`: {}", self.path, line.trim()));
            }
        }
        found
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// Whether `sign` begins where a word begins: `clap` is not in `eclapse`.
fn is_in(line: &str, sign: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(sign).any(|(at, _)| !line[..at].ends_with(inside))
}

/// Every file of `src` and `crates` that is part of the program.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    for name in crates() {
        collect(&root.join("crates").join(name).join("src"), &mut paths);
    }
    paths.sort();
    let below = |path: &Path| {
        let path = path.strip_prefix(root).expect("it was found there");
        path.components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect::<Vec<_>>()
            .join("/")
    };
    let all: Vec<Source> = paths.iter().map(|path| read(below(path), path)).collect();
    // A module that only tests have is declared so in the file above it.
    let only_for_tests: Vec<String> =
        paths.iter().flat_map(|path| test_modules(&below(path), path)).collect();
    all.into_iter()
        .filter(|file| !only_for_tests.contains(&file.path) && !is_of_tests(&file.path))
        .collect()
}

fn is_of_tests(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn read(path: String, file: &Path) -> Source {
    let text = fs::read_to_string(file).expect("the file can be read");
    let first = text.lines().next().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    let mut rest = text.lines().enumerate();
    while let Some((index, line)) = rest.next() {
        if line.starts_with("#[cfg(") && line.contains("test") {
            // Tests come last: `mod tests {` ends the program. What is for tests alone but shorter is skipped whole.
            let mut item = line;
            while item.starts_with("#[") {
                let Some((_, next)) = rest.next() else { break };
                item = next;
            }
            if item.ends_with('{') {
                while rest.next().is_some_and(|(_, line)| line != "}") {}
            }
            continue;
        }
        if !line.trim_start().starts_with("//") {
            lines.push((index + 1, line.to_owned()));
        }
    }
    Source { path, first, lines }
}

/// `#[cfg(test)] mod replay;` in `cloud/mod.rs` means `cloud/replay.rs`.
fn test_modules(path: &str, file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("the file can be read");
    let folder = path.trim_end_matches("mod.rs").trim_end_matches("lib.rs");
    let folder = folder.trim_end_matches(".rs").trim_end_matches('/');
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !(line.starts_with("#[cfg(") && line.contains("test")) {
            continue;
        }
        let next = lines.next().unwrap_or_default();
        let name = next.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        if let Some(name) = name.strip_prefix("mod ").and_then(|name| name.strip_suffix(';')) {
            found.push(format!("{folder}/{name}.rs"));
        }
    }
    found
}

#[test]
fn a_word_is_found_where_it_begins_alone() {
    assert!(is_in("use clap::Parser;", "clap") && is_in("(clap)", "clap"));
    assert!(!is_in("fn eclapse()", "clap") && !is_in("my_clap", "clap"));
}
