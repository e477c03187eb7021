//! The finished zip on disk: packed again only when the program has changed.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::Profile;
use super::digest::Digest;
use super::package;
use super::runtime::LARGEST_ZIP;
use engine::error::{Doing as _, Result};

pub(super) const ZIP: &str = "bootstrap.zip";
const RECORD: &str = "bootstrap.json";

/// Of three short lines.
const LONGEST_RECORD: u64 = 4096;

/// Which program the zip beside it was made from, and by which stackctl: another may pack otherwise.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    stackctl: String,
    program: String,
    zip: String,
}

/// The zip of a program, from the folder when it is there already.
pub(super) fn zip(folder: &Path, program: &[u8], profile: Profile) -> Result<Vec<u8>> {
    let digest = Digest::of(program);
    if let Some(zip) = kept(folder, program, profile) {
        touch(&folder.join(RECORD));
        return Ok(zip);
    }
    let zip = package::pack(program, profile)?;
    keep(folder, digest, &zip).doing(format!("write the zip into `{}`", folder.display()))?;
    Ok(zip)
}

fn kept(folder: &Path, program: &[u8], profile: Profile) -> Option<Vec<u8>> {
    let record = machine::read(&folder.join(RECORD), LONGEST_RECORD).ok()?;
    let record: Record = serde_json::from_slice(&record).ok()?;
    let zip = machine::read(&folder.join(ZIP), LARGEST_ZIP).ok()?;
    // The record may come with the project, as the zip may: it says what to look for, and proves nothing.
    let is_of_it = record == Record::new(Digest::of(program), &zip);
    (is_of_it && package::holds_only(&zip, program, profile)).then_some(zip)
}

/// The age of the record says when the zip was last found to be that of the sources. Without it, it is only older.
fn touch(record: &Path) {
    let _ = fs::File::options()
        .append(true)
        .open(record)
        .and_then(|record| record.set_modified(SystemTime::now()));
}

/// The record comes last: if we are stopped in between, it fits no zip and the next run packs again.
fn keep(folder: &Path, program: Digest, zip: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    machine::replace(&folder.join(ZIP), zip)?;
    machine::replace(&folder.join(RECORD), &serde_json::to_vec_pretty(&Record::new(program, zip))?)
}

impl Record {
    fn new(program: Digest, zip: &[u8]) -> Self {
        Self {
            stackctl: env!("CARGO_PKG_VERSION").to_owned(),
            program: program.hex(),
            zip: Digest::of(zip).hex(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::Architecture;
    use crate::fixture::Program;

    /// A folder that goes away with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("stackctl-store-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }

        fn age(&self) -> SystemTime {
            fs::metadata(self.0.join(ZIP)).and_then(|zip| zip.modified()).expect("a zip")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_same_program_is_packed_once() {
        let folder = Folder::new("once");
        let program = Program::good(Architecture::X86_64).bytes();
        let first = zip(&folder.0, &program, Profile::Optimized).expect("a zip");
        let age = folder.age();
        assert_eq!(zip(&folder.0, &program, Profile::Optimized).expect("a zip"), first);
        assert_eq!(folder.age(), age);
        assert_eq!(fs::read_dir(&folder.0).expect("a folder").count(), 2, "nothing else is left");
    }

    #[test]
    fn the_same_program_gives_the_same_bytes_in_another_folder() {
        let (one, other) = (Folder::new("one"), Folder::new("other"));
        let program = Program::good(Architecture::Arm64).bytes();
        let first = zip(&one.0, &program, Profile::Optimized).expect("a zip");
        assert_eq!(zip(&other.0, &program, Profile::Optimized).expect("a zip"), first);
    }

    #[test]
    fn a_zip_of_another_program_is_not_taken_whatever_the_record_beside_it_says() {
        let folder = Folder::new("planted");
        let program = Program::needing("GLIBC_2.33");
        let honest = zip(&folder.0, &program, Profile::Optimized).expect("a zip");
        let planted =
            package::pack(&Program::needing("GLIBC_2.32"), Profile::Optimized).expect("a zip");
        // The honest zip with more behind it, and with more before it.
        let (longer, later) = ([&honest[..], b"more"].concat(), [b"more", &honest[..]].concat());
        for planted in [planted, longer, later] {
            fs::write(folder.0.join(ZIP), &planted).expect("a file");
            let record = Record::new(Digest::of(&program), &planted);
            let record = serde_json::to_vec(&record).expect("JSON");
            fs::write(folder.0.join(RECORD), record).expect("a file");
            assert_eq!(zip(&folder.0, &program, Profile::Optimized).expect("a zip"), honest);
        }
    }

    #[test]
    fn nothing_is_written_through_a_link_that_lies_in_the_way() {
        let folder = Folder::new("linked");
        fs::create_dir_all(&folder.0).expect("a folder");
        let victim = folder.0.join("victim");
        fs::write(&victim, "mine").expect("a file");
        for name in [ZIP.to_owned(), format!("{ZIP}.{}", std::process::id())] {
            std::os::unix::fs::symlink(&victim, folder.0.join(name)).expect("a link");
        }
        zip(&folder.0, &Program::good(Architecture::X86_64).bytes(), Profile::Optimized)
            .expect("a zip");
        assert_eq!(fs::read(&victim).ok().as_deref(), Some(&b"mine"[..]));
    }

    #[test]
    fn another_program_or_a_damaged_zip_is_packed_anew() {
        let folder = Folder::new("anew");
        let first =
            zip(&folder.0, &Program::needing("GLIBC_2.33"), Profile::Optimized).expect("a zip");
        let second =
            zip(&folder.0, &Program::needing("GLIBC_2.32"), Profile::Optimized).expect("a zip");
        assert_ne!(first, second);
        fs::write(folder.0.join(ZIP), &first).expect("damage");
        assert_eq!(
            zip(&folder.0, &Program::needing("GLIBC_2.32"), Profile::Optimized).expect("a zip"),
            second
        );
        assert_eq!(fs::read(folder.0.join(ZIP)).expect("a zip"), second);
    }
}
