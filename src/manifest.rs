//! What the handler declares, read from the sources of its crate.

use std::fs;
use std::path::{Path, PathBuf};

use engine::error::{Doing, Error, Result};
use verify::manifest::Manifest;

/// Reads every Rust file below `src/` of the handler's crate.
pub fn read(crate_directory: &Path) -> Result<Manifest> {
    let sources = sources(crate_directory)?;
    Manifest::from_sources(&sources).map_err(|error| {
        Error::usage("the handler does not say what it calls")
            .cause(error)
            .hint("declare its operations and routes as `stackctl init` does: `operations! { … }` and `routes! { … }`")
    })
}

/// The Rust files of a crate, as paths from the crate's folder and texts, in the order of their paths.
pub fn sources(crate_directory: &Path) -> Result<Vec<(String, String)>> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).doing(format!("read `{}`", path.display()))?;
        let name = path.strip_prefix(crate_directory).unwrap_or(&path).display().to_string();
        Ok((name, text))
    };
    files(crate_directory)?.into_iter().map(read).collect()
}

/// Every Rust file below `src/` of a crate, in the order of their paths.
pub fn files(crate_directory: &Path) -> Result<Vec<PathBuf>> {
    if !crate_directory.join("Cargo.toml").is_file() {
        return Err(Error::usage(format!(
            "`{}` is not a crate: it has no `Cargo.toml`",
            crate_directory.display()
        ))
        .hint("set `function.crate` in `stack.toml` to the folder of the handler"));
    }
    let mut files = Vec::new();
    collect(&crate_directory.join("src"), &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let doing = || format!("read folder `{}`", folder.display());
    for entry in fs::read_dir(folder).doing(doing())? {
        let path = entry.doing(doing())?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
