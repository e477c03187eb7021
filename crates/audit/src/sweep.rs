//! Every crate of the local registry is read and followed: none may crash, hang or exhaust the stack.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::catalogue::Catalogue;
use crate::interp::Interpreter;
use crate::items::FunctionId;
use crate::types::Scope;
use crate::{audited_index, package};

fn crates() -> Vec<PathBuf> {
    let home = std::env::var("CARGO_HOME").map_or_else(
        |_| PathBuf::from(std::env::var("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    );
    let registries = std::fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = registries
        .flat_map(|registry| std::fs::read_dir(registry.path()).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .collect();
    all.sort();
    all
}

/// Reads a library and follows each of its functions; the number of functions.
fn follow(folder: &Path) -> usize {
    let Ok(project) = package::find(folder) else { return 0 };
    let index = audited_index(&project);
    let services = BTreeSet::from(["dynamodb".to_owned(), "s3".to_owned()]);
    let catalogue = Catalogue::of(&services);
    let mut interpreter = Interpreter::new(&index, &catalogue, &project.lock, services);
    for at in 0..index.functions.len() {
        let id = FunctionId(at);
        interpreter.call_typed(id, &Scope::of(index.function(id).module));
    }
    interpreter.roots();
    index.functions.len()
}

/// The most memory that this process has used since the last call, in MiB; 0 where the system does not say.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    kib.unwrap_or(0) / 1024
}

/// A crate that takes longer is one that hangs.
const LONGEST: Duration = Duration::from_secs(60);
/// Memory for each MiB of source, and what every crate may use besides, in MiB.
const MEMORY: (usize, usize) = (110, 100);

#[test]
fn no_crate_of_the_registry_breaks_it() {
    let mut faults = Vec::new();
    let only = std::env::var("SWEEP").unwrap_or_default();
    for folder in crates() {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if !name.contains(&only) {
            continue;
        }
        let size = size(&folder) >> 20;
        let begun = Instant::now();
        let before = peak();
        let (done, answer) = std::sync::mpsc::channel();
        let worker = std::thread::Builder::new()
            .stack_size(crate::STACK)
            .spawn(move || done.send(follow(&folder)))
            .expect("a thread");
        match answer.recv_timeout(LONGEST) {
            Ok(_) => drop(worker.join()),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                faults.push(format!("{name} broke it"));
            }
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                faults.push(format!("{name} is not followed to its end"));
            }
        }
        let used = peak().saturating_sub(before);
        if used > MEMORY.1 + MEMORY.0 * size {
            faults.push(format!("{name}: {used} MiB for {size} MiB of source"));
        }
        if begun.elapsed() > LONGEST / 12 {
            println!("{name}: {:?}, {used} MiB, {size} MiB of source", begun.elapsed());
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Bytes of Rust in a folder.
fn size(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size(&entry.path()),
            _ if entry.path().extension().is_some_and(|end| end == "rs") => {
                entry.metadata().map_or(0, |metadata| usize::try_from(metadata.len()).unwrap_or(0))
            }
            _ => 0,
        })
        .sum()
}
