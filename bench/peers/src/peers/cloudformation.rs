//! `aws cloudformation package` and `deploy`.

use super::{PLAIN, Peer, Verb};
use crate::tools::Package;

pub const PEER: Peer = Peer {
    key: "cloudformation",
    name: "aws cloudformation deploy 1.46.3",
    project: "cloudformation",
    packages: &[Package::Pip("awscli==1.46.3")],
    verbs: &[
        (Verb::Up, &["sh", "up.sh"]),
        (Verb::Again, &["sh", "up.sh"]),
        (Verb::Changed, &["sh", "up.sh"]),
        (Verb::Unchanged, &["sh", "up.sh"]),
        (Verb::Teardown, &["sh", "teardown.sh"]),
    ],
    note: "has no way for the code alone",
    ..PLAIN
};
