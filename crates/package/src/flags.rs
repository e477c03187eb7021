//! What rustc is told so that the bytes do not depend on where things lie.
//!
//! Panic messages hold the paths of source files. With these flags the same source gives the same program in another
//! folder, with another `CARGO_HOME`, and with or without the `rust-src` component. Cargo already names packages of a
//! workspace by their place in it, and leaves `--remap-path-prefix` out of the hashes that end up in symbols.

use std::path::Path;

use tokio::process::Command;

use super::project::Project;
use super::settings::Settings;
use super::toolchain::Toolchain;

/// The remapped paths; where several fit, rustc takes the last
/// (<https://doc.rust-lang.org/rustc/remap-source-paths.html>).
pub(super) fn remapped(
    project: &Project,
    toolchain: &Toolchain,
    settings: &Settings,
) -> Vec<String> {
    // With `rust-src` installed, rustc shows the standard library where it lies on this machine.
    let library = toolchain.sysroot.join("lib/rustlib/src/rust");
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let mut flags = vec![
        remap(&project.workspace, "/project"),
        remap(&project.target_directory, "/project/target"),
        remap(&project.build_directory, "/project/target"),
        remap(&settings.cargo_home, "/cargo"),
        remap(&library, &format!("/rustc/{}", toolchain.commit)),
    ];
    flags.dedup();
    flags
}

/// Adds flags to the user's own, in the place that cargo reads before all others.
pub(super) fn add(command: &mut Command, ours: &[String], theirs: &[String]) {
    command.env("CARGO_ENCODED_RUSTFLAGS", [theirs, ours].concat().join("\x1f"));
}
