//! The tutorial's steps in a shell, each guarded so that the script can run twice. It is release 1: `PyPI` has no other.

use super::{PLAIN, Peer, Verb};
use crate::tools::Package;

pub const PEER: Peer = Peer {
    key: "aws-cli",
    name: "AWS CLI 1.46.3",
    project: "aws-cli",
    packages: &[Package::Pip("awscli==1.46.3")],
    verbs: &[
        (Verb::Up, &["sh", "up.sh"]),
        (Verb::Again, &["sh", "up.sh"]),
        (Verb::Changed, &["sh", "code.sh"]),
        (Verb::Unchanged, &["sh", "code.sh"]),
        (Verb::Teardown, &["sh", "teardown.sh"]),
    ],
    note: "a script of ours; what is there is left as it is",
    ..PLAIN
};
