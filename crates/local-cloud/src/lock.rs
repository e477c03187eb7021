//! One `stackctl` at a time: a lock on a file, which the operating system lets go of when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use super::wait::Looks;
use engine::Progress;
use engine::error::{Doing, Error, Result};

/// Longer than the slowest download that anybody sits through.
const PATIENCE: Duration = Duration::from_mins(30);

/// Waits until nobody else holds the lock at `path`, then holds it until the file is dropped.
///
/// `doing` says what the other one is busy with: "installs the local cloud".
pub async fn hold(path: &Path, doing: &str, progress: &Progress) -> Result<File> {
    let name = format!("lock `{}`", path.display());
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        .mode(0o600)
        .open(path)
        .doing(&name)?;
    let mut looks = Looks::within(PATIENCE);
    let mut told = false;
    while looks.next().await {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error).doing(&name),
            Err(TryLockError::WouldBlock) if !told => {
                told = true;
                progress.note(format!("waiting while another stackctl {doing}"));
            }
            Err(TryLockError::WouldBlock) => {}
        }
    }
    Err(Error::failed(name).cause(format!("another stackctl process is still running ({doing})")))
}

#[cfg(test)]
mod tests {
    use super::super::scratch::Scratch;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_second_holder_waits_for_the_first() {
        let scratch = Scratch::new("lock");
        let path = scratch.path("lock");
        let first = hold(&path, "tests", &Progress::silent()).await.expect("nobody holds it");
        let refused = hold(&path, "tests", &Progress::silent()).await.expect_err("it is held");
        assert_eq!(
            refused.cause.as_deref(),
            Some("another stackctl process is still running (tests)")
        );
        drop(first);
        hold(&path, "tests", &Progress::silent()).await.expect("it was let go");
    }
}
