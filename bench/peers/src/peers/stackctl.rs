//! This project.

use super::{PLAIN, Peer, Verb};

pub const PEER: Peer = Peer {
    key: "stackctl",
    name: "**stackctl**",
    project: "stackctl",
    verbs: &[
        (Verb::Up, &["stackctl", "up", "--artifact", "bootstrap.zip", "--yes"]),
        (Verb::Again, &["stackctl", "up", "--artifact", "bootstrap.zip", "--yes"]),
        (Verb::Changed, &["stackctl", "deploy", "--artifact", "bootstrap.zip", "--yes"]),
        (Verb::Unchanged, &["stackctl", "deploy", "--artifact", "bootstrap.zip", "--yes"]),
        (Verb::Teardown, &["stackctl", "teardown", "--yes"]),
    ],
    note: "proves over HTTP that the new version answers; reads back what teardown left",
    ..PLAIN
};
