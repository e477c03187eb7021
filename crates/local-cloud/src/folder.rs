//! The folder of one local cloud: what it keeps, its log, and who runs in it.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::key::Key;
use super::lock;
use engine::Progress;
use engine::error::{Doing, Error, Result};

/// The file that makes a folder ours: made first, never deleted.
const LOCK: &str = "stackctl.lock";

const PORT: &str = "port";

#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    pub fn at(path: &Path) -> Result<Self> {
        // The server has another working directory than we.
        let path = std::path::absolute(path).doing(format!("find `{}`", path.display()))?;
        machine::check_private(&path)?;
        Ok(Self { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What outlives a clean stop; it holds secret keys and is written with lax permissions.
    pub fn state(&self) -> PathBuf {
        self.path.join("state")
    }

    /// The server's temporary files: unpacked functions, mostly.
    pub fn temporary(&self) -> PathBuf {
        self.path.join("tmp")
    }

    pub fn log(&self) -> PathBuf {
        self.path.join("server.log")
    }

    /// What callers sign with: its file is made at the first start, and read by the gate.
    pub fn key_file(&self) -> PathBuf {
        self.path.join("key.json")
    }

    /// The key, once there is one.
    pub fn key(&self) -> Option<Key> {
        Key::read(&self.key_file())
    }

    pub fn record(&self) -> PathBuf {
        self.path.join("server.json")
    }

    /// The port of the last start: addresses that were given out stay right.
    pub fn last_port(&self) -> Option<u16> {
        fs::read_to_string(self.path.join(PORT)).ok()?.trim().parse().ok()
    }

    pub fn remember_port(&self, port: u16) -> Result<()> {
        fs::write(self.path.join(PORT), port.to_string()).doing("remember the port")
    }

    /// The server writes its id here once its port is its own, and deletes the file as the last act of a clean stop.
    pub fn mark(&self, port: u16) -> PathBuf {
        self.temporary().join(format!("ministack-{port}.pid"))
    }

    /// Makes what is missing, readable by its owner alone, and waits until no other `stackctl` works on it.
    pub async fn hold(&self, progress: &Progress) -> Result<File> {
        self.claim()?;
        let lock =
            lock::hold(&self.path.join(LOCK), "starts or stops the local cloud", progress).await?;
        for folder in [self.state(), self.temporary()] {
            machine::make_private(&folder)?;
        }
        Ok(lock)
    }

    /// `reset` deletes folders in here, so a folder that somebody else uses is refused.
    fn claim(&self) -> Result<()> {
        let stranger = match fs::read_dir(&self.path) {
            Ok(mut entries) => entries.next().is_some() && !self.path.join(LOCK).exists(),
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(error).doing(format!("read `{}`", self.path.display())),
        };
        if stranger {
            let message =
                format!("`{}` holds other things than the local cloud", self.path.display());
            return Err(
                Error::usage(message).hint("choose an empty folder, or one that is not there yet")
            );
        }
        machine::make_private(&self.path)
    }

    /// Deletes all that the local cloud keeps. Only while it does not run.
    pub fn wipe(&self) -> Result<()> {
        for folder in [self.state(), self.temporary()] {
            fs::remove_dir_all(&folder).doing(format!("delete `{}`", folder.display()))?;
            machine::make_private(&folder)?;
        }
        Ok(())
    }

    /// A new log; the one before is kept beside it, since it may tell of a crash.
    pub fn new_log(&self) -> Result<File> {
        let log = self.log();
        // There is none before the first start.
        let _ = fs::rename(&log, self.path.join("server.previous.log"));
        let doing = format!("write `{}`", log.display());
        OpenOptions::new().create(true).append(true).mode(0o600).open(&log).doing(doing)
    }

    /// The last `count` lines of the log, oldest first.
    pub fn last_words(&self, count: usize) -> Vec<String> {
        let log = fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(count)..].iter().copied().map(String::from).collect()
    }

    /// When the state was last written: soon after a change, and at a clean stop.
    pub fn saved(&self) -> Option<SystemTime> {
        let files = fs::read_dir(self.state()).ok()?.flatten();
        files.filter_map(|file| file.metadata().ok()?.modified().ok()).max()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::scratch::Scratch;
    use super::*;
    use engine::error::Kind;

    #[tokio::test]
    async fn the_folder_and_all_in_it_are_for_their_owner_alone() {
        let scratch = Scratch::new("private");
        let folder = Folder::at(&scratch.path("cloud")).expect("an absolute path");
        let _lock = folder.hold(&Progress::silent()).await.expect("it can be made");
        for path in [folder.path().to_owned(), folder.state(), folder.temporary()] {
            let mode = fs::metadata(&path).expect("it was made").permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", path.display());
        }
    }

    #[tokio::test]
    async fn a_folder_with_other_things_in_it_is_refused_and_left_as_it_is() {
        let scratch = Scratch::new("stranger");
        fs::create_dir_all(scratch.path("state")).expect("a scratch folder");
        let folder = Folder::at(&scratch.path("")).expect("an absolute path");
        let error = folder.hold(&Progress::silent()).await.expect_err("it is somebody else's");
        assert_eq!(error.kind, Kind::Usage);
        assert!(!scratch.path(LOCK).exists());
    }

    #[tokio::test]
    async fn a_new_log_keeps_the_one_before() {
        let scratch = Scratch::new("log");
        let folder = Folder::at(&scratch.path("cloud")).expect("an absolute path");
        let _lock = folder.hold(&Progress::silent()).await.expect("it can be made");
        assert!(folder.last_words(3).is_empty());
        fs::write(folder.log(), "one\ntwo\n\nthree\n").expect("it can be written");
        assert_eq!(folder.last_words(2), ["two", "three"]);
        folder.new_log().expect("it can be written");
        assert!(folder.last_words(2).is_empty());
        assert!(scratch.path("cloud/server.previous.log").exists());
    }
}
