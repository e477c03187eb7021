//! What is read on this machine and may take long: a large program, or standard input. It is read on a thread of its own, so
//! that the runtime listens for Ctrl-C meanwhile.

use std::io::{self, Read as _};
use std::path::Path;

use super::App;
use crate::blueprint::{self, Blueprint, Blueprints};
use crate::config::Config;
use crate::evidence::{self, Handler};
use crate::manifest;
use engine::error::{Doing, Error, Kind, Result};
use verify::manifest::Manifest;

/// More than any text that is piped to a verb.
const LONGEST: u64 = 8 << 20;

impl App {
    /// What the code of each function asks for.
    pub async fn blueprints(&self, config: &Config) -> Result<Blueprints> {
        let config = config.clone();
        self.unless_stopped(apart("read the source", move || blueprint::read_all(&config))).await
    }

    /// The same, where a verb does without: `None` when it cannot be read. A stop ends the verb all the same.
    pub async fn blueprints_if_readable(&self, config: &Config) -> Result<Result<Blueprints>> {
        match self.blueprints(config).await {
            Err(error) if error.kind == Kind::Interrupted => Err(error),
            read => Ok(read),
        }
    }

    /// What the handler declares.
    pub async fn manifest(&self, config: &Config) -> Result<Manifest> {
        let folder = config.root.join(&config.function().settings.crate_directory);
        self.unless_stopped(apart("read the source", move || manifest::read(&folder))).await
    }

    /// What is known of the handler of a project.
    pub async fn evidence(&self, config: &Config, binary: Option<&Path>) -> Result<Handler> {
        let (config, binary) = (config.clone(), binary.map(Path::to_owned));
        let read = move || evidence::read(&config, binary.as_deref());
        self.unless_stopped(apart("read the source", read)).await
    }

    /// All of standard input.
    pub async fn standard_input(&self, doing: &'static str) -> Result<String> {
        let read = move || {
            let mut text = String::new();
            let read =
                io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text).doing(doing)?;
            if read as u64 > LONGEST {
                return Err(Error::usage(format!("{doing}: it is longer than 8 MiB")));
            }
            Ok(text)
        };
        self.unless_stopped(apart(doing, read)).await
    }
}

/// What the code of the function asks for that `config` is about. A stop does not end it: the caller has begun to write.
pub async fn blueprint_of(config: &Config) -> Result<Blueprint> {
    let config = config.clone();
    apart("read the source", move || Blueprint::read(&config)).await
}

async fn apart<T: Send + 'static>(
    doing: &str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|ended| Error::failed(doing).cause(ended))?
}
