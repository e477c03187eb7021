//! What is shipped: our zip as `stackctl build` makes it, and the tutorial's bundle as esbuild does.

use std::env::consts::ARCH;
use std::fs::{self, File};
use std::io::{self, Cursor, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::environment::Program;
use crate::{Result, run};

/// A program with the size of what is uploaded for it.
#[derive(Debug, Clone)]
pub struct Package {
    pub program: Program,
    /// The zip.
    pub zipped: u64,
    /// What Lambda starts or loads, unzipped.
    pub unzipped: u64,
}

/// Builds our handler with `stackctl build`, and takes `bootstrap` out of the zip.
pub fn ours(repository: &Path, folder: &Path) -> Result<Package> {
    run(Command::new("cargo")
        .args(["run", "--quiet", "--package", "stackctl", "--", "build", "--quiet"])
        .current_dir(repository))?;
    let architecture = if ARCH == "aarch64" { "arm64" } else { ARCH };
    let zip = repository.join("target/stackctl").join(architecture).join("bootstrap.zip");
    let zip = fs::read(&zip).map_err(|error| format!("{}: {error}", zip.display()))?;
    let mut bootstrap = Vec::new();
    ZipArchive::new(Cursor::new(&zip))?.by_name("bootstrap")?.read_to_end(&mut bootstrap)?;
    let path = folder.join("bootstrap");
    let mut file =
        File::options().create(true).write(true).truncate(true).mode(0o755).open(&path)?;
    file.write_all(&bootstrap)?;
    Ok(Package {
        program: Program { name: "stackctl".into(), command: vec![text(&path)] },
        zipped: zip.len() as u64,
        unzipped: bootstrap.len() as u64,
    })
}

/// Another build of our handler, to be compared with the first.
pub fn other(name: &str, path: &Path) -> Result<Package> {
    let path = path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
    let program = Program { name: name.to_owned(), command: vec![text(&path)] };
    let bytes = fs::read(&path)?;
    Ok(Package { program, zipped: zipped("bootstrap", &bytes)?, unzipped: bytes.len() as u64 })
}

/// Installs what the lock file pins, and bundles the tutorial's handler.
pub fn tutorial(folder: &Path) -> Result<Package> {
    run(Command::new("npm").args(["ci", "--silent"]).current_dir(folder))?;
    run(Command::new("npm").args(["run", "--silent", "build"]).current_dir(folder))?;
    let bundle = folder.join("dist/index.js");
    let bytes = fs::read(&bundle)?;
    let command = vec!["node".into(), text(&folder.join("runtime.js")), text(&bundle)];
    Ok(Package {
        program: Program { name: "tutorial".into(), command },
        zipped: zipped("index.js", &bytes)?,
        unzipped: bytes.len() as u64,
    })
}

/// The size of a zip with one file, packed as hard as ours.
fn zipped(name: &str, bytes: &[u8]) -> Result<u64> {
    let options = SimpleFileOptions::default().compression_level(Some(9));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, options)?;
    zip.write_all(bytes)?;
    Ok(zip.finish()?.into_inner().len() as u64)
}

/// The newest symbol version of the C library that a program names; a program built without one needs none.
pub fn glibc(program: &Program) -> io::Result<Option<(u32, u32)>> {
    let bytes = fs::read(&program.command[0])?;
    let names = bytes.split(|byte| *byte == 0).filter_map(|text| text.strip_prefix(b"GLIBC_"));
    let versions = names.filter_map(|name| {
        let (major, minor) = str::from_utf8(name).ok()?.split_once('.')?;
        Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
    });
    Ok(versions.max())
}

fn text(path: &Path) -> String {
    PathBuf::from(path).display().to_string()
}
