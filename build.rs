//! Lists the files of our own handler, so that `stackctl init` writes the one that is tested here, whole.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let handler = root.join("handler");
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
