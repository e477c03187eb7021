//! The program in front of the emulator, which decides what reaches it.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::folder::Folder;
use super::key::hex;
use engine::error::{Doing, Result};

const PROGRAM: &str = include_str!("gate.py");
/// The listeners of sites, which it starts.
const SITES: &str = include_str!("sites.py");

/// Which gate this is.
pub fn digest() -> String {
    hex(&Sha256::new().chain_update(PROGRAM).chain_update(SITES).finalize()[..6])
}

/// Writes the program into the folder of a local cloud, which is private. The caller holds the folder.
pub fn write(folder: &Folder) -> Result<PathBuf> {
    let written = |name: &str, program: &str| {
        let path = folder.path().join(name);
        let doing = format!("write `{}`", path.display());
        machine::replace_private(&path, program.as_bytes()).doing(doing).map(|()| path)
    };
    written("sites.py", SITES)?;
    written("gate.py", PROGRAM)
}
