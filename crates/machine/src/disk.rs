//! Files, read with a cap and written whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// More than any text that a person writes.
const LONGEST_TEXT: u64 = 8 << 20;

/// The bytes that this user can still write where `path` lies.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// A text file; what is longer than any text is refused.
pub fn read_text(path: &Path) -> io::Result<String> {
    let bytes = read(path, LONGEST_TEXT)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

/// A file of at most so many bytes. A device or a pipe may never end, so only regular files are read.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Before it is opened, because to open a pipe is to wait for somebody who writes.
    check_regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    check_regular(&file.metadata()?)?;
    let mut contents = Vec::new();
    file.take(most + 1).read_to_end(&mut contents)?;
    if contents.len() as u64 > most {
        let text = format!("it is longer than {} MB", most >> 20);
        return Err(io::Error::new(ErrorKind::FileTooLarge, text));
    }
    Ok(contents)
}

fn check_regular(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if metadata.is_file() {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"))
}

/// Replaces a file, or makes it, so that a reader sees the old contents or the new ones and never a part.
///
/// The new file lies beside it until then, under a name that nobody can guess. A link of this name is replaced, not
/// followed. The file keeps its permissions.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let before = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
    // A new one gets what the umask leaves of this.
    written(
        path,
        contents,
        before.map_or_else(|| Permissions::from_mode(0o666), |before| before.permissions()),
    )
}

/// The same for a file that its owner alone may read.
pub fn replace_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    written(path, contents, Permissions::from_mode(0o600))
}

fn written(path: &Path, contents: &[u8], permissions: Permissions) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut beside = tempfile::Builder::new()
        .prefix(".stackctl-")
        .permissions(permissions)
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    beside.write_all(contents)?;
    beside.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn only_regular_files_are_read_and_no_more_than_the_cap() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("text"), "abc").expect("a file");
        assert_eq!(read(&path("text"), 3).ok().as_deref(), Some(&b"abc"[..]));
        assert_eq!(
            read(&path("text"), 2).map_err(|error| error.kind()),
            Err(ErrorKind::FileTooLarge)
        );
        symlink("/dev/zero", path("endless")).expect("a link");
        assert!(read(&path("endless"), 3).is_err());
        let made = Command::new("mkfifo").arg(path("pipe")).status();
        assert!(made.is_ok_and(|status| status.success()));
        assert!(read(&path("pipe"), 3).is_err());
        assert!(read(folder.path(), 3).is_err());
        File::create(path("sparse")).and_then(|file| file.set_len(1 << 30)).expect("a file");
        assert!(read_text(&path("sparse")).is_err());
    }

    #[test]
    fn a_link_is_replaced_and_what_it_leads_to_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("victim"), "mine").expect("a file");
        for link in ["link", "old.4711"] {
            symlink(path("victim"), path(link)).expect("a link");
        }
        fs::write(path("old"), "old").expect("a file");
        fs::set_permissions(path("old"), Permissions::from_mode(0o640)).expect("ours");
        for name in ["link", "old", "new"] {
            replace(&path(name), b"new").expect("it can be written");
            assert_eq!(fs::read(path(name)).ok().as_deref(), Some(&b"new"[..]), "{name}");
        }
        replace_private(&path("secret"), b"new").expect("it can be written");
        let mode = |name: &str| {
            fs::symlink_metadata(path(name)).expect("it is there").permissions().mode()
        };
        assert_eq!((mode("old") & 0o777, mode("secret") & 0o777), (0o640, 0o600));
        assert_eq!(fs::read(path("victim")).ok().as_deref(), Some(&b"mine"[..]));
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            6,
            "nothing else is left"
        );
    }
}
