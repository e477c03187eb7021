//! Lists the files of our own handler, so that `stackctl init` writes the one that is tested here, whole; and says from which
//! commit and for which target this program is built.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let handler = root.join("handler");
    say_what_this_is(&root);
    let mut files = Vec::new();
    for part in ["contract.json", "openapi.json", "src", "tests"] {
        collect(&handler.join(part), &mut files)?;
    }
    files.sort();
    let line = |path: &PathBuf| {
        let name = path.strip_prefix(&handler).unwrap_or(path).to_string_lossy().replace('\\', "/");
        let path = path.to_string_lossy();
        format!("    ({name:?}, include_str!({path:?})),\n")
    };
    let lines: String = files.iter().map(line).collect();
    let output = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(output.join("handler.rs"), format!("&[\n{lines}]\n"))
}

/// `STACKCTL_BUILD`, for `--version`.
fn say_what_this_is(root: &Path) {
    let target = env::var("TARGET").unwrap_or_default();
    println!("cargo::rerun-if-env-changed=STACKCTL_COMMIT");
    println!("cargo::rustc-env=STACKCTL_BUILD={}, {target}", commit(root));
}

/// A development build does not name its commit: each new one would compile the whole program again.
fn commit(root: &Path) -> String {
    if let Ok(commit) = env::var("STACKCTL_COMMIT") {
        return commit;
    }
    if env::var("PROFILE").is_ok_and(|profile| profile == "debug") {
        return "development build".to_owned();
    }
    let git = |words: &[&str]| {
        let output = Command::new("git").args(words).current_dir(root).output().ok()?;
        let text = output.status.success().then_some(output.stdout)?;
        Some(String::from_utf8(text).ok()?.trim().to_owned())
    };
    // The file that changes with each commit.
    for path in git(&["rev-parse", "--git-path", "logs/HEAD"]).iter().map(|path| root.join(path)) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    git(&["rev-parse", "--short=9", "HEAD"]).unwrap_or_else(|| "unknown commit".to_owned())
}

/// All files at or below a path. A new one there changes its folder, which cargo looks at.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", path.display());
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
