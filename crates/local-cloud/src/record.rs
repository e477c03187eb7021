//! Who runs in a folder: written when the server starts, deleted when it was stopped.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::folder::Folder;
use super::{gate, os};
use engine::error::{Doing, Result};

/// The server that was started last and not stopped since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub pid: u32,
    /// When the process began, in the words of [`os::birth`]: an id alone may by now be another process.
    pub birth: String,
    pub port: u16,
    pub endpoint: String,
    pub version: String,
    /// The digest of the gate that stands before it; none in the records of releases that had no gate.
    #[serde(default)]
    pub gate: String,
    /// Seconds since 1970.
    pub started_at: u64,
}

/// What became of the server of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// None was started, or the last one was stopped.
    Stopped,
    /// Its process lives.
    Alive(Record),
    /// Its process is gone, and it had no time to save anything.
    Crashed(Record),
}

impl Fate {
    /// Looks which it is; changes nothing.
    pub async fn of(folder: &Folder) -> Self {
        let Some(record) = Record::read(&folder.record()) else {
            return Fate::Stopped;
        };
        let birth = os::birth(record.pid).await;
        let marked = folder.mark(record.port).exists();
        decide(record, birth.as_deref(), marked)
    }
}

/// `birth` is that of the process which has the recorded id now.
fn decide(record: Record, birth: Option<&str>, marked: bool) -> Fate {
    if birth == Some(&record.birth) {
        Fate::Alive(record)
    } else if marked {
        Fate::Crashed(record)
    } else {
        // Somebody else ended it, such as a machine that shut down, and it went cleanly.
        Fate::Stopped
    }
}

impl Record {
    pub fn new(pid: u32, birth: String, port: u16, version: &str) -> Self {
        let endpoint = format!("http://127.0.0.1:{port}");
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            pid,
            birth,
            port,
            endpoint,
            version: version.to_owned(),
            gate: gate::digest(),
            started_at: since_1970.as_secs(),
        }
    }

    /// Whether requests to it are decided on as this release decides on them.
    pub fn has_our_gate(&self) -> bool {
        self.gate == gate::digest()
    }

    pub fn uptime(&self) -> Duration {
        let started = UNIX_EPOCH + Duration::from_secs(self.started_at);
        SystemTime::now().duration_since(started).unwrap_or_default()
    }

    /// Writes beside and renames, so that nobody reads half of it.
    pub fn write(&self, path: &Path) -> Result<()> {
        let doing = format!("write `{}`", path.display());
        let text =
            serde_json::to_string_pretty(self).map_err(std::io::Error::from).doing(&doing)?;
        machine::replace_private(path, text.as_bytes()).doing(&doing)
    }

    /// A record that cannot be read is as good as none.
    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::scratch::Scratch;
    use super::*;

    fn record() -> Record {
        Record { started_at: 1_763_812_800, ..Record::new(4711, "987654".into(), 4599, "1.5.33") }
    }

    #[test]
    fn a_process_that_began_at_another_time_is_not_ours() {
        assert_eq!(decide(record(), Some("987654"), true), Fate::Alive(record()));
        assert_eq!(decide(record(), Some("987655"), true), Fate::Crashed(record()));
        assert_eq!(decide(record(), None, true), Fate::Crashed(record()));
    }

    #[test]
    fn a_server_that_cleared_up_behind_itself_did_not_crash() {
        assert_eq!(decide(record(), None, false), Fate::Stopped);
    }

    #[test]
    fn what_was_written_is_read_and_anything_else_is_none() {
        let scratch = Scratch::new("record");
        let path = scratch.path("server.json");
        assert_eq!(Record::read(&path), None);
        record().write(&path).expect("it can be written");
        assert_eq!(Record::read(&path), Some(record()));
        for damaged in ["", "{", "[]", r#"{"pid": "x"}"#, r#"{"pid": 4711}"#] {
            fs::write(&path, damaged).expect("it can be written");
            assert_eq!(Record::read(&path), None, "{damaged}");
        }
    }
}
