//! Reads from a Linux executable the few things that decide whether Lambda can start it.
//!
//! As the loader does, it follows the program headers: section headers may be stripped
//! (<https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html>).

const PROGRAM_LOAD: u32 = 1;
const PROGRAM_DYNAMIC: u32 = 2;
const PROGRAM_INTERPRETER: u32 = 3;
const DYNAMIC_NEEDED: u64 = 1;
const DYNAMIC_STRINGS: u64 = 5;
const DYNAMIC_VERSIONS_NEEDED: u64 = 0x6fff_fffe;
const WEAK: u16 = 2;

/// No honest executable needs more; a broken one could make us walk for hours.
const MOST_VERSIONS: usize = 4096;

/// What an executable asks of the machine that starts it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Elf {
    pub(super) machine: u16,
    /// The loader it names; none when it is linked statically.
    pub(super) interpreter: Option<String>,
    /// The newest version of the C library it needs, if any.
    pub(super) glibc: Option<Glibc>,
    /// The shared libraries that the loader looks for.
    pub(super) libraries: Vec<String>,
}

/// A version of glibc, by the name that symbols carry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Glibc {
    pub(super) version: Vec<u16>,
    pub(super) name: String,
}

/// Why bytes are not a program for 64-bit Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotAProgram {
    NotElf,
    Not64Bit,
    BigEndian,
    Library,
    Truncated,
}

impl Elf {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, NotAProgram> {
        if !bytes.starts_with(b"\x7fELF") {
            return Err(NotAProgram::NotElf);
        }
        match bytes.get(4..6) {
            Some([2, 1]) => Image(bytes).program(),
            Some([2, _]) => Err(NotAProgram::BigEndian),
            Some(_) => Err(NotAProgram::Not64Bit),
            None => Err(NotAProgram::Truncated),
        }
    }
}

/// Cuts off what no loader reads: symbols and debug information lie behind the last segment. A program that is unusual
/// stays as it is.
pub(super) fn strip(program: &mut Vec<u8>) {
    if let Some(end) = Image(program).end_of_segments() {
        program.truncate(end);
        // Where the table of sections was, how many rows it had and which of them had the names.
        program[40..48].fill(0);
        program[58..64].fill(0);
    }
}

impl Glibc {
    /// `GLIBC_2.34`, or none for a name of another kind such as `GCC_3.0` or `GLIBC_PRIVATE`.
    fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix("GLIBC_")?;
        let version = if rest.starts_with("ABI_") {
            // Markers that refuse an older loader; `GLIBC_ABI_DT_RELR` of 2.36 was the first.
            vec![2, 36]
        } else {
            rest.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?
        };
        Some(Self { version, name: name.to_owned() })
    }
}

/// The whole file. Every read may fail, so that no file can make us panic.
#[derive(Clone, Copy)]
struct Image<'a>(&'a [u8]);

/// One row of the table of program headers.
struct Segment {
    kind: u32,
    offset: usize,
    address: u64,
    size: usize,
}

impl<'a> Image<'a> {
    fn program(self) -> Result<Elf, NotAProgram> {
        const EXECUTABLE: u16 = 2;
        const SHARED: u16 = 3;
        let (kind, machine) = self.u16(16).zip(self.u16(18)).ok_or(NotAProgram::Truncated)?;
        let entry = self.u64(24).ok_or(NotAProgram::Truncated)?;
        if !matches!(kind, EXECUTABLE | SHARED) || entry == 0 {
            return Err(NotAProgram::Library);
        }
        let segments = self.segments().ok_or(NotAProgram::Truncated)?;
        let find = |kind| segments.iter().find(|segment| segment.kind == kind);
        let interpreter = match find(PROGRAM_INTERPRETER) {
            Some(segment) => {
                Some(self.text(segment.offset).ok_or(NotAProgram::Truncated)?.to_owned())
            }
            None => None,
        };
        let glibc = match find(PROGRAM_DYNAMIC) {
            Some(dynamic) => self.glibc(dynamic, &segments).ok_or(NotAProgram::Truncated)?,
            None => Vec::new(),
        };
        let glibc = glibc.into_iter().max();
        let libraries = match find(PROGRAM_DYNAMIC) {
            Some(dynamic) => self.libraries(dynamic, &segments).ok_or(NotAProgram::Truncated)?,
            None => Vec::new(),
        };
        Ok(Elf { machine, interpreter, glibc, libraries })
    }

    fn segments(self) -> Option<Vec<Segment>> {
        let table = self.offset(32)?;
        let row = usize::from(self.u16(54)?);
        let rows = usize::from(self.u16(56)?);
        (0..rows).map(|index| self.segment(table.checked_add(index * row)?)).collect()
    }

    /// Where the last byte lies that is loaded, or that says what is.
    fn end_of_segments(self) -> Option<usize> {
        self.program().ok()?;
        let table = self.offset(32)?;
        let rows = usize::from(self.u16(54)?).checked_mul(usize::from(self.u16(56)?))?;
        let ends = self.segments()?.into_iter().map(|segment| segment.offset + segment.size);
        ends.chain([table.checked_add(rows)?, 64]).max().filter(|end| *end <= self.0.len())
    }

    fn segment(self, at: usize) -> Option<Segment> {
        let (offset, size) = (self.offset(at.checked_add(8)?)?, self.offset(at.checked_add(32)?)?);
        self.0.get(offset..offset.checked_add(size)?)?;
        Some(Segment { kind: self.u32(at)?, offset, address: self.u64(at.checked_add(16)?)?, size })
    }

    /// The names of the shared libraries, from the dynamic section.
    fn libraries(self, dynamic: &Segment, segments: &[Segment]) -> Option<Vec<String>> {
        let Some(strings) = self.dynamic(dynamic, DYNAMIC_STRINGS) else {
            return Some(Vec::new());
        };
        let strings = in_file(segments, strings)?;
        let rows = self.rows(dynamic)?.filter(|(tag, _)| *tag == DYNAMIC_NEEDED);
        let names = rows.map(|(_, name)| {
            let at = strings.checked_add(usize::try_from(name).ok()?)?;
            self.text(at).map(str::to_owned)
        });
        names.collect()
    }

    /// Every version of the C library that is needed, from `.gnu.version_r`
    /// (<https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html>).
    fn glibc(self, dynamic: &Segment, segments: &[Segment]) -> Option<Vec<Glibc>> {
        let strings = self.dynamic(dynamic, DYNAMIC_STRINGS);
        let needed = self.dynamic(dynamic, DYNAMIC_VERSIONS_NEEDED);
        let (Some(strings), Some(needed)) = (strings, needed) else {
            return Some(Vec::new());
        };
        let strings = in_file(segments, strings)?;
        let mut versions = Vec::new();
        for name in self.needed_versions(in_file(segments, needed)?)? {
            versions.extend(Glibc::parse(self.text(strings.checked_add(name)?)?));
        }
        Some(versions)
    }

    /// Where in the string table each needed version has its name.
    fn needed_versions(self, mut library: usize) -> Option<Vec<usize>> {
        let mut names = Vec::new();
        let mut left = MOST_VERSIONS;
        loop {
            let mut version = library.checked_add(self.size(library.checked_add(8)?)?)?;
            for _ in 0..self.u16(library.checked_add(2)?)? {
                left = left.checked_sub(1)?;
                // The loader lets a version be missing that is needed weakly.
                let weak = self.u16(version.checked_add(4)?)? & WEAK != 0;
                if !weak {
                    names.push(self.size(version.checked_add(8)?)?);
                }
                match self.size(version.checked_add(12)?)? {
                    0 => break,
                    next => version = version.checked_add(next)?,
                }
            }
            left = left.checked_sub(1)?;
            match self.size(library.checked_add(12)?)? {
                0 => return Some(names),
                next => library = library.checked_add(next)?,
            }
        }
    }

    /// The value of one tag in the dynamic section.
    fn dynamic(self, section: &Segment, tag: u64) -> Option<u64> {
        self.rows(section)?.find(|row| row.0 == tag).map(|row| row.1)
    }

    /// The rows of the dynamic section, up to the one that ends it.
    fn rows(self, section: &Segment) -> Option<impl Iterator<Item = (u64, u64)>> {
        let rows =
            self.0.get(section.offset..section.offset.checked_add(section.size)?)?.chunks_exact(16);
        let rows = rows.filter_map(|row| Image(row).u64(0).zip(Image(row).u64(8)));
        Some(rows.take_while(|row| row.0 != 0))
    }

    /// The text at an offset, up to its closing zero.
    fn text(self, at: usize) -> Option<&'a str> {
        let rest = self.0.get(at..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(&rest[..end]).ok()
    }

    fn u16(self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    fn u32(self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    fn u64(self, at: usize) -> Option<u64> {
        self.array(at).map(u64::from_le_bytes)
    }

    fn size(self, at: usize) -> Option<usize> {
        self.u32(at)?.try_into().ok()
    }

    fn offset(self, at: usize) -> Option<usize> {
        self.u64(at)?.try_into().ok()
    }

    fn array<const LENGTH: usize>(self, at: usize) -> Option<[u8; LENGTH]> {
        self.0.get(at..)?.first_chunk().copied()
    }
}

/// Where in the file the byte lies that is loaded at an address.
fn in_file(segments: &[Segment], address: u64) -> Option<usize> {
    segments.iter().filter(|segment| segment.kind == PROGRAM_LOAD).find_map(|segment| {
        let distance = usize::try_from(address.checked_sub(segment.address)?).ok()?;
        (distance < segment.size).then(|| segment.offset.checked_add(distance))?
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Architecture;
    use crate::fixture::Program;

    fn newest(versions: &[(&'static str, bool)]) -> Option<String> {
        let program =
            Program { versions: versions.to_vec(), ..Program::good(Architecture::X86_64) };
        Elf::read(&program.bytes()).expect("a program").glibc.map(|glibc| glibc.name)
    }

    #[test]
    fn a_program_is_read() {
        let elf = Elf::read(&Program::good(Architecture::Arm64).bytes()).expect("a program");
        assert_eq!(elf.machine, 0xB7);
        assert_eq!(elf.interpreter.as_deref(), Some("/lib/ld-linux-aarch64.so.1"));
        assert_eq!(elf.glibc, Some(Glibc { version: vec![2, 34], name: "GLIBC_2.34".into() }));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_very_program_is_read() {
        let program = std::fs::read(std::env::current_exe().expect("a path")).expect("ourselves");
        let elf = Elf::read(&program).expect("a program");
        assert!(Architecture::ALL.iter().any(|architecture| architecture.machine() == elf.machine));
        assert!(elf.glibc.is_some_and(|glibc| glibc.version.starts_with(&[2])));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_stripped_program_runs_and_is_smaller() {
        use std::io::Write as _;
        use std::os::unix::fs::PermissionsExt as _;

        let mut program =
            std::fs::read(std::env::current_exe().expect("a path")).expect("ourselves");
        let (before, elf) = (program.len(), Elf::read(&program).expect("a program"));
        strip(&mut program);
        assert!(program.len() < before * 9 / 10, "{} of {before} bytes", program.len());
        assert_eq!(Elf::read(&program).as_ref(), Ok(&elf));
        let path = std::env::temp_dir().join(format!("stackctl-stripped-{}", std::process::id()));
        // A thread of another test that starts a program while this file is open for writing keeps it open in its child,
        // and Linux starts no such file: another process writes it.
        let mut copy = std::process::Command::new("tee");
        let copy = copy.arg(&path).stdin(std::process::Stdio::piped());
        let mut copy = copy.stdout(std::process::Stdio::null()).spawn().expect("it starts");
        copy.stdin.take().expect("piped").write_all(&program).expect("it reads");
        assert!(copy.wait().expect("it ends").success());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))
            .expect("it is ours");
        let output = std::process::Command::new(&path).arg("--list").output().expect("it starts");
        let _ = std::fs::remove_file(&path);
        assert!(output.status.success() && !output.stdout.is_empty(), "{output:?}");
    }

    #[test]
    fn what_is_no_program_is_not_stripped() {
        for bytes in [&b"#!/bin/sh\n"[..], b"\x7fELF\x02\x01", b""] {
            let mut stripped = bytes.to_vec();
            strip(&mut stripped);
            assert_eq!(stripped, bytes);
        }
    }

    #[test]
    fn versions_are_numbers_and_not_text() {
        assert_eq!(
            newest(&[("GLIBC_2.9", false), ("GLIBC_2.34", false)]).as_deref(),
            Some("GLIBC_2.34")
        );
        assert_eq!(
            newest(&[("GLIBC_2.2.5", false), ("GLIBC_2.2", false)]).as_deref(),
            Some("GLIBC_2.2.5")
        );
    }

    #[test]
    fn names_of_another_kind_do_not_count() {
        assert_eq!(newest(&[("GCC_3.0", false), ("GLIBC_PRIVATE", false)]), None);
        assert_eq!(newest(&[]), None);
    }

    #[test]
    fn a_version_that_is_needed_weakly_may_be_missing() {
        let versions = [("GLIBC_2.39", true), ("GLIBC_2.17", false)];
        assert_eq!(newest(&versions).as_deref(), Some("GLIBC_2.17"));
    }

    #[test]
    fn a_mark_against_old_loaders_counts_as_its_version() {
        let versions = [("GLIBC_ABI_DT_RELR", false), ("GLIBC_2.34", false)];
        assert_eq!(newest(&versions).as_deref(), Some("GLIBC_ABI_DT_RELR"));
    }

    #[test]
    fn a_static_program_asks_for_nothing() {
        let program =
            Program { interpreter: None, versions: vec![], ..Program::good(Architecture::X86_64) };
        let elf = Elf::read(&program.bytes()).expect("a program");
        assert_eq!((elf.interpreter, elf.glibc), (None, None));
    }

    #[test]
    fn what_is_no_program_is_refused() {
        let good = Program::good(Architecture::X86_64);
        let read = |program: Program| Elf::read(&program.bytes()).expect_err("no program");
        assert_eq!(read(Program { class: 1, ..good.clone() }), NotAProgram::Not64Bit);
        assert_eq!(read(Program { order: 2, ..good.clone() }), NotAProgram::BigEndian);
        assert_eq!(read(Program { kind: 1, ..good.clone() }), NotAProgram::Library);
        assert_eq!(Elf::read(b"#!/bin/sh\n"), Err(NotAProgram::NotElf));
        assert_eq!(Elf::read(b""), Err(NotAProgram::NotElf));
        assert_eq!(Elf::read(b"\x7fELF"), Err(NotAProgram::Truncated));
        let bytes = good.bytes();
        assert_eq!(Elf::read(&bytes[..bytes.len() - 1]), Err(NotAProgram::Truncated));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Elf::read(&[b"\x7fELF\x02\x01", bytes.as_slice()].concat());
        }

        #[test]
        fn no_damage_makes_it_panic(damage: Vec<(prop::sample::Index, u8)>, cut: prop::sample::Index) {
            let mut bytes = Program::good(Architecture::X86_64).bytes();
            for (place, value) in damage {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            bytes.truncate(cut.index(bytes.len() * 2));
            let _ = Elf::read(&bytes);
            strip(&mut bytes);
        }
    }
}
