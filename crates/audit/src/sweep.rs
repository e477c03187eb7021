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
    let count = index.functions.len();
    std::mem::forget(index);
    count
}

#[test]
fn no_crate_of_the_registry_breaks_it() {
    let mut slow = Vec::new();
    let only = std::env::var("SWEEP").unwrap_or_default();
    for folder in crates() {
        if !folder.display().to_string().contains(&only) {
            continue;
        }
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let begun = Instant::now();
        let worker = std::thread::Builder::new()
            .stack_size(crate::STACK)
            .spawn(move || follow(&folder))
            .expect("a thread");
        let count = worker.join();
        assert!(count.is_ok(), "{name:?} broke it");
        if begun.elapsed() > Duration::from_secs(20) {
            slow.push(format!("{name:?} {count:?} {:?}", begun.elapsed()));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}
