//! Folders from which programs are started, or which hold keys: the user's own, and nobody else's to change.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use engine::error::{Doing, Error, Result};

const GROUP_WRITES: u32 = 0o020;
const ALL_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Makes a folder that its owner alone may enter, whatever the umask, below folders that nobody else can exchange.
pub fn make_private(folder: &Path) -> Result<()> {
    check_private(folder)?;
    let doing = || format!("make `{}`", folder.display());
    DirBuilder::new().recursive(true).mode(0o700).create(folder).doing(doing())?;
    fs::set_permissions(folder, Permissions::from_mode(0o700)).doing(doing())
}

/// Refuses a path of which any part that exists belongs to somebody else, or can be changed by somebody else.
///
/// The folder itself may be too open when it is ours: whoever makes it private closes it.
pub fn check_private(path: &Path) -> Result<()> {
    let path = std::path::absolute(path).doing(format!("find `{}`", path.display()))?;
    check_parts(&path)?;
    // Where the links of the path lead, as far as there is something.
    let real = path.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    match real.map(|(part, real)| real.join(path.strip_prefix(part).unwrap_or(Path::new("")))) {
        Some(real) if real != path => check_parts(&real),
        _ => Ok(()),
    }
}

fn check_parts(path: &Path) -> Result<()> {
    let mut so_far = PathBuf::new();
    for part in path.components() {
        so_far.push(part);
        let metadata = match fs::symlink_metadata(&so_far) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).doing(format!("check `{}`", so_far.display())),
        };
        let is_last = so_far == path;
        if let Some(why) = fault(&metadata, is_last) {
            let error = Error::environment(format!("`{}` is not safe to use", path.display()));
            let hint = "use a folder of your own: `XDG_CACHE_HOME`, `STACKCTL_CACHE_DIR` and `STACKCTL_LOCAL_DIR` name one";
            return Err(error.cause(format!("`{}` {why}", so_far.display())).hint(hint));
        }
    }
    Ok(())
}

/// What is wrong with one part of a path.
fn fault(metadata: &Metadata, is_last: bool) -> Option<String> {
    let (ours, owner, mode) =
        (rustix::process::geteuid().as_raw(), metadata.uid(), metadata.mode());
    if owner != ours && owner != 0 {
        return Some(format!("belongs to another user (uid {owner})"));
    }
    if is_last && owner != ours {
        return Some("belongs to root".to_owned());
    }
    // Who may write into a sticky folder may not exchange what others have there. A link has no mode of its own.
    if metadata.is_symlink() || is_last || mode & STICKY != 0 {
        return None;
    }
    // Where every user has a group of the same number, the group is the user.
    let by_group = mode & GROUP_WRITES != 0 && metadata.gid() != owner;
    (mode & ALL_WRITE != 0 || by_group).then(|| "can be written by other users".to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    }

    #[test]
    fn what_is_made_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/b");
        for _ in 0..2 {
            make_private(&path).expect("it can be made");
            for made in [&path, &folder.path().join("a")] {
                let mode = fs::metadata(made).expect("it was made").permissions().mode();
                assert_eq!(mode & 0o777, 0o700, "{}", made.display());
            }
            chmod(&path, 0o777);
        }
    }

    #[test]
    fn a_folder_below_one_that_others_can_write_is_refused_unless_that_is_sticky() {
        let folder = tempfile::tempdir().expect("a folder");
        let shared = folder.path().join("shared");
        fs::create_dir(&shared).expect("a folder");
        let link = folder.path().join("link");
        symlink(&shared, &link).expect("a link");
        chmod(&shared, 0o777);
        for path in [shared.join("cache"), link.join("cache")] {
            let error = make_private(&path).expect_err("others can exchange it");
            assert!(
                error.cause.is_some_and(|cause| cause.ends_with("can be written by other users"))
            );
            assert!(!path.exists());
        }
        chmod(&shared, 0o1777);
        make_private(&link.join("cache")).expect("nobody else can exchange it");
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("theirs");
        fs::create_dir(&path).expect("a folder");
        // Only root can give a folder away.
        if std::os::unix::fs::chown(&path, Some(65534), None).is_ok() {
            for path in [path.join("below"), path] {
                let error = check_private(&path).expect_err("it is not ours");
                assert!(error.cause.is_some_and(|cause| cause.contains("uid 65534")));
            }
        }
    }
}
