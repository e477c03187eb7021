//! The local cloud: AWS on this machine, installed once, started when needed, stopped without loss.

mod fetch;
mod folder;
mod gate;
mod http;
mod install;
mod key;
mod lock;
mod os;
mod python;
mod record;
#[cfg(test)]
mod scratch;
mod server;
mod sign;
mod status;
mod wait;

use std::path::PathBuf;
use std::time::Duration;

pub use key::Key;
pub use server::End;
pub use status::{State, Status, status};

use engine::Progress;
use engine::error::{Doing, Error, Kind, Result};
use folder::Folder;
use record::{Fate, Record};

/// Where the local cloud listens unless told otherwise.
pub const DEFAULT_PORT: u16 = 4599;

/// The account in which everything on the local cloud is made.
pub const ACCOUNT: &str = "123456789012";
/// The region in which everything on the local cloud is made.
pub const REGION: &str = "us-east-1";

/// The release of the emulator that is installed; `templates/ministack-requirements.txt` pins the same.
pub const VERSION: &str = "1.5.33";

/// A reset is a matter of milliseconds, unless there are many functions to end.
const UNTIL_RESET: Duration = Duration::from_secs(30);

/// Where one local cloud lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Our folder in the user's cache, `~/.cache/stackctl`: what was fetched is kept there, for all local clouds.
    pub cache: PathBuf,
    /// What this local cloud keeps: `local` in the cache, unless told otherwise.
    pub directory: PathBuf,
    /// The port that the user asked for. With none, the one that it runs on or ran on last, or else [`DEFAULT_PORT`].
    pub port: Option<u16>,
    /// Where Node.js is, which runs the functions of distributions.
    pub node: Option<PathBuf>,
}

/// A local cloud that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub endpoint: String,
    pub port: u16,
    pub pid: u32,
    /// What its callers sign with.
    pub key: Key,
    /// Whether it was us who started it, just now.
    pub started: bool,
    /// What is gone because the server before it ended without saving.
    pub lost: Option<&'static str>,
}

impl Running {
    fn new(record: Record, key: Key, started: bool) -> Self {
        let Record { endpoint, port, pid, .. } = record;
        Self { endpoint, port, pid, key, started, lost: None }
    }
}

/// The local cloud that already answers, if one does.
pub async fn running(settings: &Settings) -> Result<Option<Running>> {
    let folder = Folder::at(&settings.directory)?;
    match Fate::of(&folder).await {
        Fate::Alive(record) if record.has_our_gate() => match server::ready(&folder, &record).await
        {
            Some(key) => found(settings, record, key).map(Some),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// Makes sure that the local cloud is installed, runs and answers; quick when it does.
pub async fn ensure(settings: &Settings, progress: &Progress) -> Result<Running> {
    if let Some(running) = running(settings).await? {
        return Ok(running);
    }
    let folder = Folder::at(&settings.directory)?;
    let python = install::ensure(&settings.cache, progress).await?;
    let _lock = folder.hold(progress).await?;
    // Another terminal may have started it while we waited.
    let lost = match Fate::of(&folder).await {
        Fate::Alive(record) if record.has_our_gate() => {
            progress.note(format!("waiting until {} answers", record.endpoint));
            let key = server::until_ready(&folder, &record).await?;
            return found(settings, record, key);
        }
        Fate::Alive(record) => {
            progress.note("starting the local cloud again, which another stackctl has started");
            server::stop(&record).await?;
            forget(&folder)?;
            None
        }
        Fate::Crashed(record) => Some(tell_of_crash(&folder, &record, progress)),
        Fate::Stopped => None,
    };
    let port = settings.port.or_else(|| folder.last_port()).unwrap_or(DEFAULT_PORT);
    progress.note(format!("starting the local cloud on port {port}"));
    let record = server::start(&folder, &python, settings.node.as_deref(), port).await?;
    folder.remember_port(port)?;
    match server::until_ready(&folder, &record).await {
        Ok(key) => Ok(Running { lost, ..Running::new(record, key, true) }),
        Err(error) => {
            // Nobody would know of it otherwise, and it may still hold the port.
            server::stop(&record).await?;
            forget(&folder)?;
            Err(error)
        }
    }
}

/// What was there to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// Nothing ran.
    NotRunning,
    /// It ran and has ended.
    Ended(End),
    /// It had ended by itself, without saving.
    HadCrashed,
}

/// Stops the local cloud and waits until it is gone; its state is kept for the next start.
pub async fn stop(settings: &Settings, progress: &Progress) -> Result<Stopped> {
    let folder = Folder::at(&settings.directory)?;
    if !folder.path().exists() {
        return Ok(Stopped::NotRunning);
    }
    let _lock = folder.hold(progress).await?;
    let stopped = match Fate::of(&folder).await {
        Fate::Stopped => Stopped::NotRunning,
        Fate::Crashed(record) => {
            tell_of_crash(&folder, &record, progress);
            Stopped::HadCrashed
        }
        Fate::Alive(record) => {
            progress.note("waiting until the local cloud has saved its state");
            Stopped::Ended(server::stop(&record).await?)
        }
    };
    forget(&folder)?;
    Ok(stopped)
}

/// Deletes all that is in the local cloud. It goes on running if it ran.
pub async fn reset(settings: &Settings, progress: &Progress) -> Result<()> {
    let folder = Folder::at(&settings.directory)?;
    if !folder.path().exists() {
        return Ok(());
    }
    let _lock = folder.hold(progress).await?;
    let Fate::Alive(record) = Fate::of(&folder).await else {
        folder.wipe()?;
        return forget(&folder);
    };
    let doing = "reset the local cloud";
    let path = "/_ministack/reset";
    let key = folder.key().ok_or_else(|| Error::failed(doing).cause("its key is gone"))?;
    match http::status("POST", record.port, path, &key, UNTIL_RESET).await.doing(doing)? {
        200 => Ok(()),
        status => Err(Error::failed(doing).cause(format!("it answered {status}"))),
    }
}

/// A server that already runs is right, unless the user asked for another port.
fn found(settings: &Settings, record: Record, key: Key) -> Result<Running> {
    match settings.port {
        Some(port) if port != record.port => {
            let message = format!("the local cloud already runs on port {}", record.port);
            let hint = format!("leave out port {port}, or `stackctl local stop` first");
            Err(Error::new(Kind::Usage, message).hint(hint))
        }
        _ => Ok(Running::new(record, key, false)),
    }
}

/// Says what is lost, and returns it.
fn tell_of_crash(folder: &Folder, record: &Record, progress: &Progress) -> &'static str {
    let lost = match folder.saved() {
        Some(_) => "what was changed since its last save is lost",
        None => "nothing of it had been saved before, so all that was in it is lost",
    };
    progress
        .output(format!("the local cloud (process {}) ended without saving: {lost}", record.pid));
    progress.output(format!("its last lines, in `{}`:", folder.log().display()));
    for line in folder.last_words(5) {
        progress.output(format!("  {line}"));
    }
    lost
}

fn forget(folder: &Folder) -> Result<()> {
    match std::fs::remove_file(folder.record()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing("forget the local cloud")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(port: Option<u16>) -> Settings {
        Settings {
            cache: PathBuf::from("/nowhere"),
            directory: PathBuf::from("/nowhere/local"),
            port,
            node: None,
        }
    }

    #[test]
    fn a_running_server_is_taken_unless_another_port_was_asked_for() {
        let record = Record::new(4711, "1".into(), 4600, VERSION);
        let key = Key { id: "id".into(), secret: "secret".into() };
        for port in [None, Some(4600)] {
            let running = found(&settings(port), record.clone(), key.clone()).expect("it fits");
            assert_eq!((running.port, running.started), (4600, false));
            assert_eq!(running.endpoint, "http://127.0.0.1:4600");
        }
        let error = found(&settings(Some(4599)), record, key).expect_err("it does not fit");
        assert_eq!(error.message, "the local cloud already runs on port 4600");
    }

    #[tokio::test]
    async fn where_nothing_was_started_there_is_nothing_to_stop_or_reset() {
        let settings = settings(None);
        assert_eq!(stop(&settings, &Progress::silent()).await, Ok(Stopped::NotRunning));
        assert_eq!(reset(&settings, &Progress::silent()).await, Ok(()));
        assert!(!settings.directory.exists());
    }
}
