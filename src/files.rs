//! Files of the user's project, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use engine::error::{Doing, Error, Result};

/// Refuses a file that cannot be written because the folder that `flag` names is not there.
pub fn check_folder(path: &Path, flag: &str) -> Result<()> {
    match path.parent().filter(|folder| *folder != Path::new("")) {
        Some(folder) if !folder.is_dir() => {
            Err(Error::usage(format!("there is no folder `{}`", folder.display()))
                .hint(format!("`{flag}` takes a file in the folder of your frontend")))
        }
        _ => Ok(()),
    }
}

/// No text that people write is larger.
const LARGEST_TEXT: u64 = 4 << 20;

/// Reads a text of the project. A device, a pipe or a file of gigabytes is refused before it is opened.
pub fn read_text(path: &Path) -> Result<String> {
    let shown = path.display();
    let file = fs::metadata(path).doing(format!("read `{shown}`"))?;
    if !file.is_file() {
        return Err(Error::usage(format!("`{shown}` is not a file of text")));
    }
    if file.len() > LARGEST_TEXT {
        return Err(Error::usage(format!(
            "`{shown}` has {} bytes, and no text that is read here has more than {LARGEST_TEXT}",
            file.len()
        )));
    }
    fs::read_to_string(path).doing(format!("read `{shown}`"))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = check_folder(Path::new("/nowhere/client.ts"), "--write").expect_err("refused");
        assert_eq!(error.message, "there is no folder `/nowhere`");
        assert!(error.hint.is_some_and(|hint| hint.contains("`--write`")));
        assert_eq!(check_folder(Path::new("client.ts"), "--write"), Ok(()));
    }
}
