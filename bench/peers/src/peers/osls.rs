//! osls, the maintained fork of Serverless Framework 3.

use super::{PLAIN, Peer, Verb};
use crate::tools::Package;

pub const PEER: Peer = Peer {
    key: "osls",
    name: "osls 4.3.1",
    project: "osls",
    packages: &[Package::Npm(&["osls@4.3.1"])],
    verbs: &[
        (Verb::Up, &["osls", "deploy"]),
        (Verb::Again, &["osls", "deploy"]),
        (Verb::Changed, &["osls", "deploy", "function", "--function", "api"]),
        (Verb::Unchanged, &["osls", "deploy", "function", "--function", "api"]),
        (Verb::Teardown, &["osls", "remove"]),
    ],
    // It sends what is for this machine to a proxy, too.
    environment: &[("NODE_NO_WARNINGS", "1"), ("SLS_NOTIFICATIONS_MODE", "off")],
    note: "has no aliases",
    ..PLAIN
};
