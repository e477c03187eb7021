//! What is known of the handler, from four sides: what it declares, what its source calls, what its zip holds, and what
//! its contract tests were seen to do.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use crate::blueprint::{Blueprint, Form, Reports};
use crate::config::Config;
use crate::manifest;
use crate::recipe::recipe;
use engine::error::{Doing, Error, Result};
use package::{self, Digest, Profile, Recipe};
use verify::audit::Audit;
use verify::check::Evidence;
use verify::linked::{self, Program};
use verify::manifest::{Manifest, Site};
use verify::snapshot::Call;

/// What the contract tests write: `{"operations": ["GetItem", …]}`.
const RECORD: &str = "target/stackctl/operations.json";

/// The handler of a project.
pub struct Handler {
    /// With sites that count from the project's root.
    pub manifest: Manifest,
    pub blueprint: Blueprint,
    pub evidence: Evidence,
    pub linked: Known<Linked>,
    pub recorded: Known<PathBuf>,
    /// Of all sources together: two runs that agree in it judged the same handler.
    pub sources: Digest,
}

/// Something that was looked for, or why it does not count.
pub enum Known<T> {
    Yes(T),
    No(String),
}

/// The zip whose program was read.
pub struct Linked {
    pub path: PathBuf,
    pub sha256: Digest,
    /// Whether it was made from the sources as they are; unknown for a file that the user named.
    pub from_these_sources: bool,
    /// The linker drops what nothing reaches from a quick build, too; it is only said which one was read.
    pub profile: Profile,
    /// The other build of the same sources, when there are both.
    pub others: Vec<Digest>,
}

/// Reads the handler of a project; `binary` is used instead of the zip that `stackctl build` left.
pub fn read(config: &Config, binary: Option<&Path>) -> Result<Handler> {
    let folder = config.root.join(&config.function().settings.crate_directory);
    let sources = manifest::sources(&folder)?;
    let blueprint = Blueprint::of_sources(config, &sources, &mut Reports::default())?;
    let below = |(path, text): (String, String)| {
        (
            format!("{}/{path}", config.function().settings.crate_directory.trim_end_matches('/')),
            text,
        )
    };
    let texts: Vec<(String, String)> = sources.into_iter().map(below).collect();
    let manifest = located(blueprint.manifest.clone(), &config.function().settings.crate_directory);
    let mut evidence = match blueprint.form {
        Form::Declared => {
            Evidence { source: Some(Audit::of_sources(&texts)), ..Evidence::declared_by(&manifest) }
        }
        Form::Audited => Evidence::default(),
    };
    let age = newest(&folder)?;
    let linked = linked(config, binary, age, blueprint.form, &mut evidence)?;
    let recorded = recorded(&config.root.join(RECORD), age, &mut evidence)?;
    let joined = texts.iter().flat_map(|(path, text)| [path.as_str(), text.as_str()]);
    let joined = joined.collect::<Vec<_>>().join("\n");
    Ok(Handler {
        manifest,
        blueprint,
        evidence,
        linked,
        recorded,
        sources: Digest::of(joined.as_bytes()),
    })
}

/// Reads which operations a zip or a program names.
pub fn operations_of(path: &Path) -> Result<(BTreeSet<&'static str>, Digest)> {
    let (program, digest) = package::program(path)?;
    Ok((linked::operations_in(&program), digest))
}

impl Linked {
    /// Whether what is deployed was built from these sources, whichever of the two builds it is.
    pub fn is_or_has(&self, code_sha256: &str) -> bool {
        [&self.sha256].into_iter().chain(&self.others).any(|one| one.base64() == code_sha256)
    }
}

impl Handler {
    /// The declared operations, each with the indexes and members that the source shows for it.
    pub fn calls(&self) -> Vec<Call> {
        let mut calls: Vec<Call> = Vec::new();
        for operation in self.manifest.operation_names() {
            let found = self.evidence.source.iter().flat_map(|audit| &audit.calls);
            let mut shown: Vec<Call> = found
                .filter(|found| found.call.operation == operation)
                .map(|found| found.call.clone())
                .collect();
            if shown.is_empty() {
                shown.push(Call { operation: operation.to_owned(), ..Call::default() });
            }
            shown.dedup();
            calls.extend(shown);
        }
        calls
    }
}

/// Sites count from the project's root, where people and CI stand.
fn located(mut manifest: Manifest, folder: &str) -> Manifest {
    let locate =
        |site: &mut Site| site.file = format!("{}/{}", folder.trim_end_matches('/'), site.file);
    manifest.operations.iter_mut().for_each(|declaration| locate(&mut declaration.site));
    manifest.routes.iter_mut().for_each(|route| locate(&mut route.site));
    manifest.keys.iter_mut().for_each(|keys| locate(&mut keys.site));
    manifest
}

fn linked(
    config: &Config,
    binary: Option<&Path>,
    sources: SystemTime,
    form: Form,
    evidence: &mut Evidence,
) -> Result<Known<Linked>> {
    let folders = [Profile::Optimized, Profile::Quick]
        .map(|profile| Recipe { profile, ..recipe(config) }.folder());
    let zips: Vec<PathBuf> = folders.iter().map(|folder| folder.join("bootstrap.zip")).collect();
    if binary.is_none() && !zips.iter().any(|zip| zip.is_file()) {
        return Ok(Known::No("no zip yet: `stackctl build` makes it".into()));
    }
    // The record beside a zip is touched by every build that finds the zip to be right.
    let is_fresh = |folder: &PathBuf| {
        modified(&folder.join("bootstrap.json")).is_some_and(|built| built >= sources)
    };
    let fresh = folders.iter().zip(zips).filter(|(folder, _)| is_fresh(folder));
    let fresh: Vec<PathBuf> = fresh.map(|(_, zip)| zip).filter(|zip| zip.is_file()).collect();
    let Some(path) = binary.map(Path::to_owned).or_else(|| fresh.first().cloned()) else {
        return Ok(Known::No("the zip is older than the sources: `stackctl build`".into()));
    };
    let from_these_sources = binary.is_none();
    let (program, sha256) = package::program(&path)?;
    let others = fresh.iter().filter(|other| from_these_sources && **other != path);
    let others = others.filter_map(|other| Some(package::program(other).ok()?.1)).collect();
    let profile = package::profile(&path).unwrap_or_default();
    match form {
        Form::Declared => evidence.linked = Some(linked::operations_in(&program)),
        Form::Audited => evidence.program = Some(Program::read(&program)),
    }
    Ok(Known::Yes(Linked { path, sha256, from_these_sources, profile, others }))
}

#[derive(Deserialize)]
struct Record {
    operations: BTreeSet<String>,
}

fn recorded(path: &Path, sources: SystemTime, evidence: &mut Evidence) -> Result<Known<PathBuf>> {
    match modified(path) {
        None => return Ok(Known::No("no contract test has recorded any".into())),
        Some(recorded) if recorded < sources => {
            return Ok(Known::No("recorded before the sources changed: test again".into()));
        }
        Some(_) => {}
    }
    let text = machine::read_text(path).doing(format!("read `{}`", path.display()))?;
    let record: Record = serde_json::from_str(&text).map_err(|error| {
        Error::usage(format!("`{}` is not what the contract tests write", path.display()))
            .cause(error)
            .hint("delete it, and run the tests again")
    })?;
    evidence.recorded = Some(record.operations);
    Ok(Known::Yes(path.to_owned()))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

/// When a source or the manifest of the crate was last changed.
fn newest(folder: &Path) -> Result<SystemTime> {
    let files = manifest::files(folder)?;
    let times = files.iter().filter_map(|path| modified(path));
    Ok(times.chain(modified(&folder.join("Cargo.toml"))).max().unwrap_or(SystemTime::UNIX_EPOCH))
}
