//! Files of the user's project, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::error::{Doing, Result};

/// Replaces a file, or makes it, so that a reader sees the old text or the new one and never a part. A link stays a
/// link, and the file keeps its permissions.
pub fn replace(path: &Path, contents: &[u8]) -> Result<()> {
    let doing = || format!("write `{}`", path.display());
    let path = match path.canonicalize() {
        Ok(path) => path,
        Err(error) if error.kind() == ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error).doing(doing()),
    };
    let beside = path.with_added_extension(std::process::id().to_string());
    let written = write_beside(&path, &beside, contents).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.doing(doing())
}

/// The new file is never readable by more people than the old one.
fn write_beside(path: &Path, beside: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = File::create(beside)?;
    if let Ok(before) = fs::metadata(path) {
        file.set_permissions(before.permissions())?;
    }
    file.write_all(contents)
}
