//! One peer's turn: an empty account, a folder of its own, and every verb in order.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Result;
use crate::artifact::Artifact;
use crate::emulator::Emulator;
use crate::inventory;
use crate::measure::{Cost, Surroundings, measured};
use crate::peers::{Peer, Verb};
use crate::proxy::Proxy;
use crate::stack::{self, Names};
use crate::tools::Found;

/// What all turns share.
pub struct Bench {
    pub repository: PathBuf,
    /// Where the turns write.
    pub folder: PathBuf,
    pub emulator: Emulator,
    pub proxy: Proxy,
    pub first: Artifact,
    pub second: Artifact,
}

/// What one turn has shown.
#[derive(Debug, Default)]
pub struct Turn {
    /// An error tells why a verb failed; verbs that the peer does not have are absent.
    pub costs: Vec<(Verb, std::result::Result<Cost, String>)>,
    /// Parts of the stack that the peer has not made.
    pub missing: Vec<&'static str>,
    /// What is there after teardown and was not there before `up`.
    pub left: Vec<String>,
}

impl Bench {
    /// Runs all verbs of a peer, with `round_trip` added to each call.
    pub fn turn(&self, peer: &Peer, found: &Found, round_trip: Duration) -> Result<Turn> {
        self.emulator.reset()?;
        let surroundings = self.surroundings(peer, found)?;
        let log = |name: &str| surroundings.folder.join(format!("{name}.log"));
        self.proxy.begin(Duration::ZERO);
        for words in peer.prepare {
            measured(surroundings.command(words)?, peer.stdin, &log("prepare"), &self.proxy)
                .map_err(|error| format!("{}: {error}", words.join(" ")))?;
        }
        let before = inventory::everything(&self.emulator.cloud)?;
        let mut turn = Turn::default();
        for verb in Verb::ALL {
            let Some(words) = peer.command(verb) else { continue };
            if verb == Verb::Changed {
                self.second.write(&surroundings.folder)?;
            }
            inventory::settle(&self.emulator.cloud, &Names::of("bench-app"))?;
            self.proxy.begin(round_trip);
            let command = surroundings.command(words)?;
            let cost = measured(command, peer.stdin, &log(&format!("{verb:?}")), &self.proxy);
            turn.costs.push((verb, cost.map_err(|error| error.to_string())));
            if verb == Verb::Up {
                turn.missing = inventory::missing(&self.emulator.cloud, &Names::of("bench-app"))?;
            }
        }
        if peer.command(Verb::Teardown).is_some() {
            let after = inventory::everything(&self.emulator.cloud)?;
            turn.left = after.difference(&before).cloned().collect();
        }
        Ok(turn)
    }

    /// An empty folder with the peer's project, the handler and the first artifact.
    pub fn surroundings(&self, peer: &Peer, found: &Found) -> Result<Surroundings> {
        let folder = self.folder.join(peer.key);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let project = self.repository.join("bench/peers/projects").join(peer.project);
        if !peer.project.is_empty() {
            copy(&project, &folder)?;
        }
        symlink(self.repository.join("handler"), folder.join("handler"))?;
        self.first.write(&folder)?;
        let (endpoint, found, extra) = (self.proxy.endpoint(), found.clone(), peer.environment);
        Ok(Surroundings { folder, endpoint, key: self.emulator.key.clone(), found, extra })
    }
}

/// Copies a folder, and fills in what depends on this machine.
fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            let text = fs::read_to_string(entry.path())?;
            fs::write(target, text.replace("{{architecture}}", stack::architecture()))?;
        }
    }
    Ok(())
}
