//! The dependency tree has licences that we may ship, and no package twice without a reason: `deny.toml` says which.
//! This needs no tool that has to be built first, and no network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use toml::Table;

#[test]
fn every_package_has_a_licence_that_we_may_ship() {
    let rules = rules();
    let allowed: BTreeSet<&str> = strings(&rules["licenses"]["allow"]).collect();
    let mut refused = BTreeSet::new();
    let mut used = BTreeSet::new();
    for target in strings(&rules["graph"]["targets"]) {
        for (name, licence) in licences(target) {
            let words = words(&licence);
            used.extend(words.iter().filter_map(|word| allowed.get(word.as_str()).copied()));
            if !Expression(&words).is_allowed(&allowed) {
                refused.insert(format!("{name}: {licence}"));
            }
        }
    }
    assert!(refused.is_empty(), "not allowed in deny.toml: {refused:#?}");
    assert_eq!(used, allowed, "deny.toml allows what nobody has");
}

#[test]
fn no_package_is_there_twice_without_a_reason() {
    let lock: Table = read("Cargo.lock");
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock["package"].as_array().expect("the packages") {
        let told = |member: &str| package[member].as_str().expect("a text").to_owned();
        versions.entry(told("name")).or_default().insert(told("version"));
    }
    let rules = rules();
    let skipped = rules["bans"]["skip"].as_array().expect("the list of reasons");
    let mut unneeded = Vec::new();
    for skip in skipped {
        assert!(skip["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{skip}");
        let (name, version) =
            skip["crate"].as_str().and_then(|text| text.split_once('@')).expect("name@version");
        let of_this = |other: &String| other.starts_with(&format!("{version}."));
        match versions.get_mut(name) {
            Some(all) if all.len() > 1 && all.iter().any(of_this) => {
                all.retain(|other| !of_this(other));
            }
            _ => unneeded.push(skip.to_string()),
        }
    }
    assert!(unneeded.is_empty(), "deny.toml explains what is not there: {unneeded:#?}");
    versions.retain(|_, versions| versions.len() > 1);
    assert!(versions.is_empty(), "there twice: {versions:#?}");
}

/// Ring alone: aws-lc spends 60 ms of the first request on its first random number, and whoever else brings a TLS or an
/// HTTP of its own brings megabytes (<https://github.com/awslabs/aws-lambda-rust-runtime/issues/1101>).
#[test]
fn there_is_one_tls_and_one_http() {
    let lock: Table = read("Cargo.lock");
    let packages = lock["package"].as_array().expect("the packages");
    let names: BTreeSet<&str> = packages.iter().filter_map(|one| one["name"].as_str()).collect();
    for other in
        ["aws-lc-rs", "aws-lc-sys", "native-tls", "openssl-sys", "reqwest", "ureq", "isahc"]
    {
        assert!(!names.contains(other), "{other}");
    }
    for ours in ["hyper", "ring", "rustls"] {
        assert!(names.contains(ours), "{ours}");
    }
}

/// Whoever builds from source compiles all of this before anything answers; `bench/weight.py` says what each package costs.
/// A dependency that is worth its weight raises a limit in the same commit.
#[test]
fn the_first_build_does_not_grow_unnoticed() {
    const MOST_PACKAGES: usize = 230;
    const MOST_SDK_LINES: usize = 990_000;

    let document = metadata("x86_64-unknown-linux-gnu");
    let packages = needed(&document, "stackctl");
    assert!(packages.len() > 100, "{} packages: this does not see them", packages.len());
    assert!(
        packages.len() <= MOST_PACKAGES,
        "{} packages, {MOST_PACKAGES} allowed",
        packages.len()
    );
    let lines: BTreeMap<&str, usize> = packages
        .iter()
        .filter_map(|package| {
            let name = package["name"].as_str().filter(|name| name.starts_with("aws-sdk-"))?;
            let manifest = Path::new(package["manifest_path"].as_str()?);
            Some((name, lines_below(&manifest.parent()?.join("src"))))
        })
        .collect();
    let all: usize = lines.values().sum();
    assert!(all > 100_000, "this does not see the generated code: {lines:?}");
    assert!(all <= MOST_SDK_LINES, "{all} generated lines, {MOST_SDK_LINES} allowed: {lines:#?}");
}

/// `cargo run`, `stackctl up --local` and `cargo test` share what they compile only while the tests switch on no further
/// feature of a package that the programs need.
#[test]
fn tests_switch_on_no_feature_that_programs_do_without() {
    let (programs, with_tests) = (features("normal,build"), features("normal,build,dev"));
    assert!(programs.len() > 100, "{programs:?}");
    let other: Vec<_> = programs
        .iter()
        .filter(|(package, features)| with_tests.get(*package) != Some(*features))
        .map(|(package, features)| format!("{package} {features:?} {:?}", with_tests.get(package)))
        .collect();
    assert!(other.is_empty(), "the AWS crates are compiled twice: {other:#?}");
}

/// The features of every package of the workspace, as `cargo build` and `cargo test` unite them.
fn features(edges: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--edges", edges, "--prefix", "none", "--format", "{p}\t{f}"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("there is cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let line = line.trim_end_matches(" (*)");
        if let Some((package, features)) = line.split_once('\t') {
            // A package can be built twice, for programs and for macros.
            found.entry(package.trim().to_owned()).or_default().insert(features.trim().to_owned());
        }
    }
    found
}

/// The packages that the program of one package is made of, and what builds them; not what its tests need.
fn needed<'a>(document: &'a Value, program: &str) -> Vec<&'a Value> {
    let list = |value: &'a Value| value.as_array().expect("a list").iter();
    let by_id: BTreeMap<&str, &Value> = list(&document["packages"])
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let edges: BTreeMap<&str, &Value> = list(&document["resolve"]["nodes"])
        .filter_map(|node| Some((node["id"].as_str()?, &node["deps"])))
        .collect();
    let is_root = |(_, package): &(&&str, &&Value)| package["name"] == program;
    let mut left: Vec<&str> = by_id.iter().filter(is_root).map(|(id, _)| *id).collect();
    let mut found = BTreeSet::new();
    while let Some(id) = left.pop() {
        if !found.insert(id) {
            continue;
        }
        for edge in edges.get(id).copied().into_iter().flat_map(list) {
            if list(&edge["dep_kinds"]).any(|kind| kind["kind"] != "dev") {
                left.extend(edge["pkg"].as_str());
            }
        }
    }
    found.into_iter().filter_map(|id| by_id.get(id).copied()).collect()
}

fn lines_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("the sources of the package");
    let of_entry = |path: std::path::PathBuf| match path.extension() {
        _ if path.is_dir() => lines_below(&path),
        Some(kind) if kind == "rs" => {
            std::fs::read_to_string(&path).expect("a source").lines().count()
        }
        _ => 0,
    };
    entries.map(|entry| of_entry(entry.expect("an entry").path())).sum()
}

fn rules() -> Table {
    read("deny.toml")
}

fn read(file: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(path).expect("it is there").parse().expect("it is TOML")
}

fn strings(list: &toml::Value) -> impl Iterator<Item = &str> {
    list.as_array().expect("a list").iter().map(|entry| entry.as_str().expect("a text"))
}

/// The dependency tree of a target, as cargo resolves it.
fn metadata(target: &str) -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", target]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("there is cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

/// Name and licence of every package that is built for a target.
fn licences(target: &str) -> Vec<(String, String)> {
    let document = metadata(target);
    let nodes = document["resolve"]["nodes"].as_array().expect("the packages that are used");
    let used: BTreeSet<_> = nodes.iter().filter_map(|node| node["id"].as_str()).collect();
    let packages = document["packages"].as_array().expect("the packages");
    let told =
        |package: &Value, member: &str| package[member].as_str().unwrap_or("none").to_owned();
    packages
        .iter()
        .filter(|package| package["id"].as_str().is_some_and(|id| used.contains(id)))
        .map(|package| (told(package, "name"), told(package, "license")))
        .collect()
}

/// An SPDX expression; `/` is how some still write `OR`.
fn words(licence: &str) -> Vec<String> {
    let spaced = licence.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

struct Expression<'a>(&'a [String]);

impl Expression<'_> {
    fn is_allowed(&self, allowed: &BTreeSet<&str>) -> bool {
        let mut rest = self.0;
        either(&mut rest, allowed) && rest.is_empty()
    }
}

fn either(rest: &mut &[String], allowed: &BTreeSet<&str>) -> bool {
    let mut good = both(rest, allowed);
    while take(rest, "OR") {
        good |= both(rest, allowed);
    }
    good
}

fn both(rest: &mut &[String], allowed: &BTreeSet<&str>) -> bool {
    let mut good = one(rest, allowed);
    while take(rest, "AND") {
        good &= one(rest, allowed);
    }
    good
}

fn one(rest: &mut &[String], allowed: &BTreeSet<&str>) -> bool {
    if take(rest, "(") {
        return either(rest, allowed) & take(rest, ")");
    }
    let Some((name, behind)) = rest.split_first() else {
        return false;
    };
    *rest = behind;
    // An exception is another licence: it has to be allowed by its whole name.
    if take(rest, "WITH") {
        let Some((exception, behind)) = rest.split_first() else {
            return false;
        };
        *rest = behind;
        return allowed.contains(format!("{name} WITH {exception}").as_str());
    }
    allowed.contains(name.as_str())
}

fn take(rest: &mut &[String], word: &str) -> bool {
    match rest.split_first() {
        Some((first, behind)) if first == word => {
            *rest = behind;
            true
        }
        _ => false,
    }
}

#[test]
fn an_expression_is_read_as_spdx_means_it() {
    let allowed = BTreeSet::from(["MIT", "ISC"]);
    let is_allowed = |text: &str| Expression(&words(text)).is_allowed(&allowed);
    for good in [
        "MIT",
        "GPL-3.0 OR MIT",
        "GPL-3.0/MIT",
        "MIT AND ISC",
        "(GPL-3.0 OR MIT) AND ISC",
        "Apache-2.0 WITH LLVM-exception OR MIT",
    ] {
        assert!(is_allowed(good), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "ISC AND (GPL-3.0 OR LGPL-3.0)",
        "MIT WITH exception",
        "(MIT",
        "MIT ISC",
    ] {
        assert!(!is_allowed(bad), "{bad}");
    }
}

/// What the public CI runs is named by what cannot be moved, and it may read the sources and nothing else.
#[test]
fn the_public_ci_looks_for_advisories_and_takes_nothing_that_moves() {
    let recipe = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows/ci.yml"),
    );
    let recipe = recipe.expect("a recipe");
    assert!(recipe.contains("\npermissions:\n  contents: read\n\njobs:\n"), "{recipe}");
    assert_eq!(recipe.matches("permissions:").count(), 1, "{recipe}");
    for command in ["- run: .ci/run\n", "cargo deny --locked check advisories\n", "pip-audit "] {
        assert!(recipe.contains(command), "{command}");
    }
    let (_, tool) = recipe.split_once("cargo install --locked cargo-deny@").expect("a version");
    assert!(tool.lines().next().is_some_and(|version| version.split('.').count() == 3), "{tool}");
    let actions: Vec<&str> = recipe.split("uses: ").skip(1).collect();
    for action in &actions {
        let commit = action.split_once('@').map_or("", |(_, version)| version);
        let commit = commit.split_whitespace().next().unwrap_or_default();
        assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{action}");
    }
    assert_eq!(recipe.matches("persist-credentials: false").count(), actions.len());
}
