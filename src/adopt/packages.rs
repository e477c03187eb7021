//! Where a folder has Cargo packages.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::FILE;

/// Repositories keep their Rust in a folder or two: `backend`, `services/orders/api`.
const DEEPEST: usize = 6;

/// The folder itself if it has a `Cargo.toml`, else the nearest folders below it that have one. Those of another stack are
/// none of its.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    look(folder, 0, &mut found);
    found
}

fn look(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if folder.join("Cargo.toml").is_file() {
        found.push(folder.to_owned());
        return;
    }
    if depth == DEEPEST {
        return;
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries
        // A link may lead out of the project, or around in it.
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            !name.starts_with('.') && name != "target" && name != "node_modules"
        })
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    for folder in folders.into_iter().filter(|folder| !folder.join(FILE).is_file()) {
        look(&folder, depth + 1, found);
    }
}
