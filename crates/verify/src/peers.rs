//! What other tools grant to the same handler, to see a figure beside others.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// The table, with what was measured and when.
#[derive(Debug, Deserialize, Serialize)]
pub struct Peers {
    pub what: String,
    pub when: String,
    /// The most that anybody could grant too much.
    pub probed: usize,
    /// The least first.
    #[serde(rename = "peers")]
    pub tools: Vec<Peer>,
}

/// One tool, by its documented default.
#[derive(Debug, Deserialize, Serialize)]
pub struct Peer {
    pub name: String,
    pub version: String,
    pub excess: usize,
    /// Actions that the handler needs and the tool does not grant.
    pub missing: usize,
}

static PEERS: LazyLock<Peers> = LazyLock::new(|| {
    serde_json::from_str(include_str!("peers.json")).expect("a test reads the table")
});

impl Peers {
    pub fn measured() -> &'static Peers {
        &PEERS
    }

    pub fn named(&self, name: &str) -> Option<&Peer> {
        self.tools.iter().find(|peer| peer.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_within_what_was_probed() {
        let peers = Peers::measured();
        assert!(peers.tools.is_sorted_by_key(|peer| peer.excess));
        assert!(peers.tools.iter().all(|peer| peer.excess <= peers.probed));
    }
}
