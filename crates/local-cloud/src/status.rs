//! How the local cloud is, asked without changing anything.

use std::path::PathBuf;
use std::time::Duration;

use super::folder::Folder;
use super::record::{Fate, Record};
use super::{Settings, VERSION, os, server};
use engine::error::Result;

/// Whether the local cloud can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It answers.
    Running,
    /// Its process lives and does not answer: it is starting, or hangs.
    Silent,
    /// It was not started, or was stopped.
    Stopped,
    /// It ended without saving.
    Crashed,
}

/// All there is to say about a local cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub state: State,
    pub directory: PathBuf,
    pub log: PathBuf,
    /// The release that runs, or that would be started.
    pub version: String,
    pub endpoint: Option<String>,
    pub port: Option<u16>,
    pub pid: Option<u32>,
    pub uptime: Option<Duration>,
    /// Bytes of memory, without those of the functions.
    pub memory: Option<u64>,
    /// The end of the log of a server that has crashed.
    pub last_words: Vec<String>,
}

/// Looks how the local cloud is.
pub async fn status(settings: &Settings) -> Result<Status> {
    let folder = Folder::at(&settings.directory)?;
    let nothing = Status {
        state: State::Stopped,
        directory: folder.path().to_owned(),
        log: folder.log(),
        version: VERSION.to_owned(),
        endpoint: None,
        port: None,
        pid: None,
        uptime: None,
        memory: None,
        last_words: Vec::new(),
    };
    Ok(match Fate::of(&folder).await {
        Fate::Stopped => nothing,
        Fate::Crashed(record) => Status {
            state: State::Crashed,
            pid: Some(record.pid),
            version: record.version,
            last_words: folder.last_words(5),
            ..nothing
        },
        Fate::Alive(record) => alive(&folder, record, nothing).await,
    })
}

async fn alive(folder: &Folder, record: Record, nothing: Status) -> Status {
    let ready = server::ready(folder, &record).await;
    let state = if ready.is_some() { State::Running } else { State::Silent };
    Status {
        state,
        uptime: Some(record.uptime()),
        memory: os::memory(record.pid).await,
        endpoint: Some(record.endpoint),
        port: Some(record.port),
        pid: Some(record.pid),
        version: record.version,
        ..nothing
    }
}
