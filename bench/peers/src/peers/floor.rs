//! The fewest calls in the shortest chain (`floor.rs`).

use super::{PLAIN, Peer, Verb};

pub const PEER: Peer = Peer {
    key: "floor",
    name: "floor",
    verbs: &[
        (Verb::Up, &["bench-peers", "floor", "up"]),
        (Verb::Again, &["bench-peers", "floor", "again"]),
        (Verb::Changed, &["bench-peers", "floor", "deploy"]),
        (Verb::Unchanged, &["bench-peers", "floor", "deploy"]),
        (Verb::Teardown, &["bench-peers", "floor", "teardown"]),
    ],
    note: "not a tool: unsigned calls by heart, nothing read first, nothing proven, nothing repaired",
    ..PLAIN
};
