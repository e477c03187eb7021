//! The same program twice, with other bytes: as a zip for those who ship zips, and unpacked for cargo-lambda.

use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::Result;

#[derive(Debug, Clone)]
pub struct Artifact {
    pub zip: Vec<u8>,
    program: Vec<u8>,
}

impl Artifact {
    /// One that `stackctl build` has made.
    pub fn read(path: &Path) -> Result<Self> {
        let zip = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut program = Vec::new();
        let mut archive = ZipArchive::new(Cursor::new(&zip))?;
        archive.by_name("bootstrap")?.read_to_end(&mut program)?;
        Ok(Self { zip, program })
    }

    /// Behaves alike: Linux does not read what follows the last section.
    pub fn changed(&self) -> Result<Self> {
        let mut program = self.program.clone();
        program.push(0);
        Self::pack(program)
    }

    /// A program that nobody calls.
    pub fn idle() -> Result<Self> {
        Self::pack(b"#!/bin/sh\n".to_vec())
    }

    fn pack(program: Vec<u8>) -> Result<Self> {
        let options = SimpleFileOptions::default().unix_permissions(0o755);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("bootstrap", options)?;
        zip.write_all(&program)?;
        Ok(Self { zip: zip.finish()?.into_inner(), program })
    }

    /// Writes `bootstrap.zip` and `bootstrap`.
    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::write(folder.join("bootstrap.zip"), &self.zip)?;
        let program = folder.join("bootstrap");
        fs::write(&program, &self.program)?;
        Ok(fs::set_permissions(program, fs::Permissions::from_mode(0o755))?)
    }
}

#[test]
fn a_changed_artifact_is_the_same_program_and_other_bytes() {
    let first = Artifact { zip: Vec::new(), program: vec![7; 100] }.changed().expect("it packs");
    let second = first.changed().expect("it packs");
    assert_ne!(first.zip, second.zip);
    assert_eq!(first.program[..100], second.program[..100]);
}
