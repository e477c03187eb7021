//! Files of the user's project, written whole or not at all.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use engine::error::{Doing, Error, Result};

/// Refuses a file that cannot be written because the folder that `flag` names is not there.
pub fn check_folder(path: &Path, flag: &str) -> Result<()> {
    match path.parent().filter(|folder| *folder != Path::new("")) {
        Some(folder) if !folder.is_dir() => {
            Err(Error::usage(format!("there is no folder `{}`", folder.display()))
                .hint(format!("`{flag}` needs a file in the folder of your frontend")))
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
    machine::read_text(path).doing(format!("read `{shown}`"))
}

/// More than any file that we write for somebody.
const LARGEST: u64 = 64 << 20;

/// Replaces a file, or makes it, so that a reader sees the old text or the new one and never a part. A link stays a
/// link, and the file keeps its permissions. A link that leads out of the folder that was named is refused: a project
/// may have brought it along.
pub fn replace(path: &Path, contents: &[u8]) -> Result<()> {
    let destination = destination(path);
    let written = destination.and_then(|path| machine::replace(&path, contents));
    written.doing(format!("write `{}`", path.display()))
}

/// The same, for a file that is all ours: one that begins otherwise is somebody's, and replaced only with `consent`.
pub fn replace_ours(path: &Path, contents: &[u8], consent: bool) -> Result<()> {
    match machine::read(path, LARGEST) {
        Ok(before) if consent || before.is_empty() || head(&before) == head(contents) => {}
        Ok(_) => {
            let message = format!("`{}` is not a file that stackctl has written", path.display());
            return Err(Error::usage(message)
                .cause("it begins otherwise")
                .hint("name another file, or pass `--yes` to replace this one"));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).doing(format!("read `{}`", path.display())),
    }
    replace(path, contents)
}

/// What tells our files from others: the first line, or the first key of a document in JSON.
fn head(contents: &[u8]) -> &[u8] {
    let start = contents.strip_prefix(b"{\n").unwrap_or(contents);
    let ends = |byte: &u8| *byte == b'\n' || (start.len() < contents.len() && *byte == b':');
    &start[..start.iter().position(ends).unwrap_or(start.len())]
}

/// Refuses a folder, there or still to be made, that a link leads out of the one that was named.
pub fn check_within(directory: &Path) -> Result<()> {
    let there = directory.ancestors().find(|one| *one != Path::new("") && one.exists());
    let within = there.map_or(Ok(()), |there| destination(there).map(drop));
    within.doing(format!("write to `{}`", directory.display()))
}

/// Where a path leads.
fn destination(path: &Path) -> io::Result<PathBuf> {
    let real = match path.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {
            let folder = path.parent().filter(|folder| *folder != Path::new(""));
            let folder = folder.unwrap_or(Path::new(".")).canonicalize()?;
            folder.join(path.file_name().unwrap_or_default())
        }
        real => real?,
    };
    let named = named_folder(path).canonicalize()?;
    if real.starts_with(&named) {
        return Ok(real);
    }
    let text = format!("a link leads out of `{}`, to `{}`", named.display(), real.display());
    Err(io::Error::new(ErrorKind::PermissionDenied, text))
}

/// The folder that whoever wrote the path knows: where he is, or the one that he has spelled out.
fn named_folder(path: &Path) -> PathBuf {
    if path.is_absolute() {
        return path.parent().unwrap_or(path).to_owned();
    }
    let (mut depth, mut highest) = (0_i32, 0_i32);
    for part in path.components() {
        match part {
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
        highest = highest.min(depth);
    }
    let up = (highest..0).map(|_| Component::ParentDir);
    [Component::CurDir].into_iter().chain(up).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_out_of_the_folder_is_refused_and_one_within_it_is_followed() {
        let project = tempfile::tempdir().expect("a folder");
        let elsewhere = tempfile::tempdir().expect("a folder");
        let (inside, outside) = (project.path().join("real"), elsewhere.path().join("rc"));
        for file in [&inside, &outside] {
            fs::write(file, "before").expect("a file");
        }
        let link = |name: &str, to: &Path| {
            symlink(to, project.path().join(name)).expect("a link");
            project.path().join(name)
        };
        replace(&link("within", &inside), b"after").expect("it stays in the folder");
        assert_eq!(fs::read(&inside).ok().as_deref(), Some(&b"after"[..]));
        let error = replace(&link("out", &outside), b"after").expect_err("it leads out");
        assert!(error.cause.is_some_and(|cause| cause.contains("a link leads out of")));
        assert!(replace(&link("nowhere", &elsewhere.path().join("new")), b"after").is_err());
        assert_eq!(fs::read(&outside).ok().as_deref(), Some(&b"before"[..]));
        assert_eq!(fs::read_dir(elsewhere.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn the_folder_that_is_named_is_as_high_as_the_path_goes() {
        for (path, folder) in [("web/a.ts", "."), ("../web/a.ts", "./.."), ("a/../../b", "./..")] {
            assert_eq!(named_folder(Path::new(path)), Path::new(folder), "{path}");
        }
        assert_eq!(named_folder(Path::new("/a/b/c")), Path::new("/a/b"));
    }

    #[test]
    fn a_file_that_begins_otherwise_is_replaced_with_consent_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("client.ts");
        let ours =
            [("// Made by us\nold", "// Made by us\nnew"), ("{\n  \"a\": 1}", "{\n  \"a\": 2}")];
        let others = [("mine", "// Made by us"), ("{\n  \"name\": 1}", "{\n  \"a\": 2}")];
        for (before, after) in ours {
            fs::write(&path, before).expect("a file");
            replace_ours(&path, after.as_bytes(), false).expect("it is ours");
        }
        for (before, after) in others {
            fs::write(&path, before).expect("a file");
            let error = replace_ours(&path, after.as_bytes(), false).expect_err("it is not ours");
            assert!(error.hint.is_some_and(|hint| hint.contains("--yes")));
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some(before));
            replace_ours(&path, after.as_bytes(), true).expect("with consent");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = check_folder(Path::new("/nowhere/client.ts"), "--write").expect_err("refused");
        assert_eq!(error.message, "there is no folder `/nowhere`");
        assert!(error.hint.is_some_and(|hint| hint.contains("`--write`")));
        assert_eq!(check_folder(Path::new("client.ts"), "--write"), Ok(()));
    }
}
