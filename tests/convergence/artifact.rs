//! Two zips of the handler: the same program and other bytes, so that a deploy has something to do.

use std::path::Path;
use std::sync::OnceLock;

use crate::support::Artifact;

/// What `up` ships.
pub fn first() -> &'static str {
    Artifact::handler().path()
}

/// What `deploy` ships.
pub fn second() -> &'static str {
    static CHANGED: OnceLock<Artifact> = OnceLock::new();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    CHANGED.get_or_init(|| Artifact::changed(folder)).path()
}
