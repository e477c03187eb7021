//! The program in front of the emulator, which decides what reaches it.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::folder::Folder;
use super::key::hex;
use engine::error::{Doing, Result};

const PROGRAM: &str = include_str!("gate.py");

/// Which gate this is.
pub fn digest() -> String {
    hex(&Sha256::digest(PROGRAM)[..6])
}

/// Writes the program into the folder of a local cloud, which is private. The caller holds the folder.
pub fn write(folder: &Folder) -> Result<PathBuf> {
    let path = folder.path().join("gate.py");
    machine::replace_private(&path, PROGRAM.as_bytes())
        .doing(format!("write `{}`", path.display()))?;
    Ok(path)
}
