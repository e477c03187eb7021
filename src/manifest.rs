//! What the handler declares, read from the sources of its crate.

use std::path::{Path, PathBuf};

use engine::error::{Error, Result};
use verify::manifest::Manifest;

use crate::{crate_files, route_keys};

/// Reads every file of the handler's crate that cargo compiles.
pub fn read(crate_directory: &Path) -> Result<Manifest> {
    of_sources(&sources(crate_directory)?)
}

/// What these files declare.
pub fn of_sources(sources: &[(String, String)]) -> Result<Manifest> {
    let manifest = Manifest::from_sources(sources).map_err(|error| {
        Error::usage("the handler declares no operations or routes")
            .cause(error)
            .hint("declare its operations and routes as `stackctl init` does: `operations! { … }` and `routes! { … }`")
    })?;
    route_keys::check(&manifest)?;
    Ok(manifest)
}

/// The compiled files of a crate, as paths from the crate's folder and texts, in the order of their paths.
pub fn sources(crate_directory: &Path) -> Result<Vec<(String, String)>> {
    let named = |(path, text): (PathBuf, String)| {
        (path.strip_prefix(crate_directory).unwrap_or(&path).display().to_string(), text)
    };
    Ok(compiled(crate_directory)?.into_iter().map(named).collect())
}

/// The compiled files of a crate, in the order of their paths.
pub fn files(crate_directory: &Path) -> Result<Vec<PathBuf>> {
    Ok(compiled(crate_directory)?.into_iter().map(|(path, _)| path).collect())
}

fn compiled(crate_directory: &Path) -> Result<Vec<(PathBuf, String)>> {
    if !crate_directory.join("Cargo.toml").is_file() {
        return Err(Error::usage(format!(
            "`{}` is not a crate: it has no `Cargo.toml`",
            crate_directory.display()
        ))
        .hint("set `function.crate` in `stack.toml` to the folder of the handler"));
    }
    crate_files::read(crate_directory)
}
