//! cargo-lambda: a function and its role, nothing else of the stack; so the stack is there, and the code alone is its part.

use super::{PLAIN, Peer, Verb};
use crate::tools::Package;

const DEPLOY: &[&str] =
    &["cargo-lambda", "lambda", "deploy", "bench-app-api", "--binary-path", "bootstrap"];

pub const PEER: Peer = Peer {
    key: "cargo-lambda",
    name: "cargo-lambda 1.9.2",
    project: "cargo-lambda",
    // It asks cargo for the package's metadata.
    packages: &[Package::Pip("cargo-lambda==1.9.2"), Package::Rust],
    prepare: &[&["bench-peers", "floor", "up"]],
    verbs: &[(Verb::Changed, DEPLOY), (Verb::Unchanged, DEPLOY)],
    note: "code of the function alone: no version, no alias, no proof; zips the binary itself",
    ..PLAIN
};
