//! The zip: written so that the same program always gives the same bytes, and read with suspicion.

use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;

use zip::result::{ZipError, ZipResult};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter};

use super::runtime::{self, LARGEST_UNZIPPED, LARGEST_ZIP};
use super::{Architecture, Profile};
use engine::error::{Doing as _, Error, Result};

/// What Lambda starts: this name, at the root of the zip, with the right to be executed
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html>).
const ENTRY: &str = "bootstrap";
const MODE: u32 = 0o755;

/// Packs a program as its profile says. Nothing of the machine, the day or the umask gets in.
pub(super) fn pack(program: &[u8], profile: Profile) -> Result<Vec<u8>> {
    runtime::fits_unzipped(program.len() as u64)?;
    let zip =
        write(program, profile).map_err(|error| Error::failed("pack `bootstrap`").cause(error))?;
    runtime::fits_zipped(zip.len() as u64)?;
    Ok(zip)
}

fn write(program: &[u8], profile: Profile) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(profile.compression()))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(MODE);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.set_comment(profile.comment())?;
    zip.start_file(ENTRY, options)?;
    zip.write_all(program)?;
    Ok(zip.finish()?.into_inner())
}

/// Reads a zip, but never more than Lambda would take.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let doing = || format!("read `{}`", path.display());
    runtime::fits_zipped(fs::metadata(path).doing(doing())?.len())?;
    machine::read(path, LARGEST_ZIP).doing(doing())
}

/// Checks all that Lambda would only find at the first request. A quick build only ever runs on this machine.
pub(super) fn check(zip: &[u8], architecture: Architecture) -> Result<()> {
    runtime::fits_zipped(zip.len() as u64)?;
    let mut archive = opened(zip)?;
    runtime::fits_unzipped(unzipped(&mut archive).map_err(unreadable)?)?;
    let program = bootstrap(&mut archive)?;
    let obstacle = match Profile::of(zip) {
        Profile::Optimized => runtime::obstacle(&program, architecture),
        Profile::Quick => runtime::obstacle_here(&program, architecture),
    };
    match obstacle {
        Some(unfit) => Err(unfit.into_error(architecture)),
        None => Ok(()),
    }
}

/// Whether a zip is what [`pack`] makes of this program: one entry, and no byte that belongs to no entry, in which
/// another reader of zips could find another program.
pub(super) fn holds_only(zip: &[u8], program: &[u8], profile: Profile) -> bool {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(zip)) else { return false };
    let directory = archive.central_directory_start();
    // One record of 46 bytes and its name, the end of 22 and the comment: nothing before it, nothing behind it.
    let length = directory + (46 + ENTRY.len() + 22 + profile.comment().len()) as u64;
    let is_whole = archive.len() == 1 && archive.offset() == 0 && zip.len() as u64 == length;
    let fills = archive.by_index_raw(0).is_ok_and(|entry| {
        let end = entry.data_start().map(|start| start + entry.compressed_size());
        entry.header_start() == 0 && end == Some(directory)
    });
    // The entry says its name once more before its data: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
    let name = zip.get(30..30 + ENTRY.len());
    is_whole
        && Profile::of(zip) == profile
        && fills
        && name == Some(ENTRY.as_bytes())
        && bootstrap(&mut archive).is_ok_and(|found| found == program)
}

/// The program alone.
pub(super) fn program(zip: &[u8]) -> Result<Vec<u8>> {
    bootstrap(&mut opened(zip)?)
}

fn unzipped(archive: &mut ZipArchive<Cursor<&[u8]>>) -> ZipResult<u64> {
    let mut sum: u64 = 0;
    for index in 0..archive.len() {
        sum = sum.saturating_add(archive.by_index_raw(index)?.size());
    }
    Ok(sum)
}

/// Refuses a zip in which another reader could find another `bootstrap`: what is judged here must be what Lambda starts.
fn opened(zip: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>> {
    let archive = ZipArchive::new(Cursor::new(zip)).map_err(unreadable)?;
    let end = zip.len().checked_sub(22 + archive.comment().len());
    let end = end.and_then(|start| zip.get(start..)).unwrap_or_default();
    // https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.16: how many entries there are is said at 10.
    let entries =
        end.get(10..12).map(|count| usize::from(u16::from_le_bytes([count[0], count[1]])));
    // The end lies in the last 22 bytes and a comment of at most 65,535.
    let tail = &zip[zip.len().saturating_sub(22 + 65_535)..];
    let ends = tail.windows(4).filter(|bytes| bytes == b"PK\x05\x06").count();
    let is_whole = end.starts_with(b"PK\x05\x06") && archive.offset() == 0 && ends == 1;
    let cause = if !is_whole || entries != Some(archive.len()) {
        "it has two entries of one name, or more than one list of its entries".to_owned()
    } else if let Some(name) = archive.file_names().flatten().find(|name| !is_plain(name)) {
        format!("its entry `{name}` has another name for some programs")
    } else {
        return Ok(archive);
    };
    Err(Error::usage("what Lambda would start from this zip is not certain")
        .cause(cause)
        .hint("pack it again with plain names, or let `stackctl build` make it"))
}

/// Whether every program that unpacks it puts an entry of this name in the same place.
fn is_plain(name: &str) -> bool {
    let name = name.strip_suffix('/').unwrap_or(name);
    !name.contains(['\\', '\0']) && name.split('/').all(|part| !["", ".", ".."].contains(&part))
}

fn bootstrap(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Vec<u8>> {
    let missing = without_bootstrap(archive);
    let entry = archive.by_name(ENTRY).map_err(|error| match error {
        ZipError::FileNotFound => missing,
        error => unreadable(error),
    })?;
    if entry.unix_mode().is_none_or(|mode| mode & 0o111 != 0o111) {
        return Err(Error::usage("`bootstrap` in the zip is not executable")
            .cause("its Unix mode is not 0755")
            .hint(
                "`chmod 755 bootstrap` before packing it, or let `stackctl build` make the zip",
            ));
    }
    let mut program = Vec::new();
    // The size that a zip claims may be a lie.
    match entry.take(LARGEST_UNZIPPED + 1).read_to_end(&mut program) {
        Ok(read) => runtime::fits_unzipped(read as u64).map(|()| program),
        Err(error) => Err(unreadable(error.into())),
    }
}

fn without_bootstrap(archive: &ZipArchive<Cursor<&[u8]>>) -> Error {
    let words = if archive.file_names().flatten().any(|name| name.ends_with("/bootstrap")) {
        "`bootstrap` is in a folder of the zip, but Lambda expects it at the root"
    } else {
        "the zip has no `bootstrap`, which is what Lambda starts"
    };
    Error::usage(words).hint("`stackctl build` makes a zip that Lambda accepts")
}

fn unreadable(error: ZipError) -> Error {
    Error::usage("the file is not a zip that can be read")
        .cause(error)
        .hint("`stackctl build` makes one")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Digest;
    use crate::fixture::Program;
    use Architecture::{Arm64, X86_64};

    fn zip(name: &str, mode: u32, program: &[u8]) -> Vec<u8> {
        let options = SimpleFileOptions::default().unix_permissions(mode);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file(name, options).expect("an entry");
        zip.write_all(program).expect("its bytes");
        zip.finish().expect("a zip").into_inner()
    }

    fn refusal(zip: &[u8]) -> Error {
        check(zip, X86_64).expect_err("a refusal")
    }

    #[test]
    fn the_entry_is_as_lambda_wants_it_and_knows_no_date() {
        let packed = pack(&Program::good(X86_64).bytes(), Profile::Optimized).expect("a zip");
        let mut archive = ZipArchive::new(Cursor::new(&packed)).expect("a zip");
        assert_eq!(archive.len(), 1);
        let entry = archive.by_index(0).expect("an entry");
        assert_eq!(entry.name().expect("a name"), "bootstrap");
        assert_eq!(entry.unix_mode(), Some(0o100_755));
        assert_eq!(entry.last_modified(), Some(DateTime::DEFAULT));
        assert_eq!(entry.compression(), CompressionMethod::Deflated);
        assert!(entry.extra_data().is_none_or(|data| data.is_empty()));
    }

    /// A new version of the compressor may pack otherwise, and every deploy would then upload once: say so in the
    /// changelog, and change this.
    #[test]
    fn the_bytes_are_those_of_the_last_release() {
        let mut state: u32 = 1;
        let mut step = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 24
        };
        let program: Vec<u8> = (0..300_000).map(|_| (step() & step() & 0x3f) as u8).collect();
        let digest = Digest::of(&pack(&program, Profile::Optimized).expect("a zip"));
        assert_eq!(
            digest.hex(),
            "eb68ea916161cd94f0c6acb9c6d1cd88c2ff0e7dff6de5a26b6dcbace013781d"
        );
    }

    #[test]
    fn what_is_packed_passes_the_check() {
        for architecture in Architecture::ALL {
            let packed =
                pack(&Program::good(architecture).bytes(), Profile::Optimized).expect("a zip");
            check(&packed, architecture).expect("fit for Lambda");
        }
    }

    #[test]
    fn a_quick_build_says_so_and_nothing_else_is_taken_for_it() {
        let program = Program::needing("GLIBC_2.99");
        let (quick, optimized) = (Profile::Quick, Profile::Optimized);
        let packed = pack(&program, quick).expect("a zip");
        assert_eq!(Profile::of(&packed), quick);
        check(&packed, X86_64).expect("fit for this machine");
        assert!(holds_only(&packed, &program, quick) && !holds_only(&packed, &program, optimized));
        let shipped = pack(&program, optimized).expect("a zip");
        assert_eq!(Profile::of(&shipped), optimized);
        assert!(!holds_only(&shipped, &program, quick));
        assert!(check(&shipped, X86_64).is_err(), "Lambda has an older C library");
    }

    #[test]
    fn the_machine_within_is_looked_at() {
        let packed = pack(&Program::good(Arm64).bytes(), Profile::Optimized).expect("a zip");
        assert_eq!(
            refusal(&packed).message,
            "`bootstrap` is for arm64, and the function is x86_64"
        );
    }

    #[test]
    fn the_right_to_execute_is_needed() {
        let expected = Error::usage("`bootstrap` in the zip is not executable")
            .cause("its Unix mode is not 0755")
            .hint("`chmod 755 bootstrap` before packing it, or let `stackctl build` make the zip");
        assert_eq!(refusal(&zip("bootstrap", 0o644, &Program::good(X86_64).bytes())), expected);
    }

    #[test]
    fn a_zip_in_which_another_program_may_be_found_is_refused() {
        let program = Program::good(X86_64).bytes();
        let with = |names: &[&str], comment: &[u8]| {
            let options = SimpleFileOptions::default().unix_permissions(0o755);
            let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
            zip.set_raw_comment(comment.into()).expect("a comment");
            for name in names {
                zip.start_file(*name, options).expect("an entry");
                zip.write_all(&program).expect("its bytes");
            }
            zip.finish().expect("a zip").into_inner()
        };
        check(&with(&["bootstrap", "data/a.json"], b"any"), X86_64).expect("one program");
        for name in ["./bootstrap", "x/../bootstrap", "/bootstrap", ".\\bootstrap", "x//a"] {
            let error = refusal(&with(&["bootstrap", name], b""));
            assert!(error.cause.is_some_and(|cause| cause.contains("another name")), "{name}");
        }
        let doubled = with(&["bootstrap", "bootstrax"], b"");
        let renamed = replaced(&doubled, b"bootstrax", b"bootstrap");
        for zip in [renamed, with(&["bootstrap"], b"PK\x05\x06"), [b"x", &doubled[..]].concat()] {
            assert_eq!(
                refusal(&zip).message,
                "what Lambda would start from this zip is not certain"
            );
        }
    }

    fn replaced(bytes: &[u8], before: &[u8; 9], after: &[u8; 9]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for at in 0..bytes.len() - before.len() {
            if bytes[at..].starts_with(before) {
                bytes[at..at + after.len()].copy_from_slice(after);
            }
        }
        bytes
    }

    #[test]
    fn bootstrap_must_lie_at_the_root() {
        let expected = Error::usage(
            "`bootstrap` is in a folder of the zip, but Lambda expects it at the root",
        )
        .hint("`stackctl build` makes a zip that Lambda accepts");
        assert_eq!(refusal(&zip("release/bootstrap", 0o755, b"")), expected);
    }

    #[test]
    fn without_bootstrap_there_is_nothing_to_start() {
        let expected = Error::usage("the zip has no `bootstrap`, which is what Lambda starts")
            .hint("`stackctl build` makes a zip that Lambda accepts");
        assert_eq!(refusal(&zip("main", 0o755, b"")), expected);
    }

    #[test]
    fn a_file_that_is_no_zip_is_said_to_be_none() {
        assert_eq!(refusal(b"no zip").message, "the file is not a zip that can be read");
    }

    proptest! {
        #[test]
        fn no_damage_makes_it_panic(damage: Vec<(prop::sample::Index, u8)>) {
            let mut zip = pack(&Program::good(X86_64).bytes(), Profile::Optimized).expect("a zip");
            for (place, value) in damage {
                let place = place.index(zip.len());
                zip[place] = value;
            }
            let _ = check(&zip, X86_64);
        }
    }
}
