//! Executables made by hand for the tests: no toolchain of another machine is needed.

use super::Architecture;

const ADDRESS: u64 = 0x40_0000;
const HEADER: usize = 64;
const SEGMENT: usize = 56;

/// The parts of an executable that decide whether Lambda starts it.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) machine: u16,
    pub(super) kind: u16,
    pub(super) class: u8,
    pub(super) order: u8,
    pub(super) interpreter: Option<&'static str>,
    /// Versions of the C library, and whether each is needed weakly.
    pub(super) versions: Vec<(&'static str, bool)>,
    /// Shared libraries besides the C library.
    pub(super) libraries: Vec<&'static str>,
}

impl Program {
    /// What a build on a good machine gives.
    pub(super) fn good(architecture: Architecture) -> Self {
        Self {
            machine: architecture.machine(),
            kind: 3,
            class: 2,
            order: 1,
            interpreter: Some(architecture.interpreter()),
            versions: vec![("GLIBC_2.2.5", false), ("GLIBC_2.34", false), ("GLIBC_2.17", false)],
            libraries: vec!["libc.so.6"],
        }
    }

    pub(super) fn needing(version: &'static str) -> Vec<u8> {
        let mut program = Self::good(Architecture::X86_64);
        program.versions.push((version, false));
        program.bytes()
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let (strings, names) = self.strings();
        let dynamic_at = HEADER + 3 * SEGMENT;
        let rows = 3 + self.libraries.len();
        let versions_at = dynamic_at + rows * 16;
        let versions = self.version_needs(&names[..self.versions.len()]);
        let strings_at = versions_at + versions.len();
        let size = strings_at + strings.len();
        let interpreter = if self.interpreter.is_some() { 3 } else { 4 };
        [
            self.header(),
            segment(1, 0, size),
            segment(interpreter, strings_at, strings.len()),
            segment(2, dynamic_at, rows * 16),
            names[self.versions.len()..]
                .iter()
                .flat_map(|name| pair(1, u64::from(*name)))
                .collect(),
            pair(5, ADDRESS + strings_at as u64),
            pair(0x6fff_fffe, ADDRESS + versions_at as u64),
            pair(0, 0),
            versions,
            strings,
        ]
        .concat()
    }

    /// The string table, which begins with the interpreter, and where in it each version is.
    fn strings(&self) -> (Vec<u8>, Vec<u32>) {
        let mut strings = format!("{}\0", self.interpreter.unwrap_or_default()).into_bytes();
        let mut names = Vec::new();
        let versions = self.versions.iter().map(|(name, _)| name);
        for name in versions.chain(&self.libraries) {
            names.push(u32::try_from(strings.len()).expect("a short table"));
            strings.extend(format!("{name}\0").bytes());
        }
        (strings, names)
    }

    fn header(&self) -> Vec<u8> {
        let mut header = vec![0; HEADER];
        header[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', self.class, self.order, 1]);
        header[16..18].copy_from_slice(&self.kind.to_le_bytes());
        header[18..20].copy_from_slice(&self.machine.to_le_bytes());
        header[24..32].copy_from_slice(&(ADDRESS + 1).to_le_bytes());
        header[32..40].copy_from_slice(&(HEADER as u64).to_le_bytes());
        header[54] = 56;
        header[56] = 3;
        header
    }

    /// One library, and all versions that are needed of it.
    fn version_needs(&self, names: &[u32]) -> Vec<u8> {
        let count = u16::try_from(names.len()).expect("a few versions");
        let mut table = [1_u16.to_le_bytes(), count.to_le_bytes()].concat();
        table.extend([0_u32, 16, 0].map(u32::to_le_bytes).concat());
        for (index, ((_, weak), name)) in self.versions.iter().zip(names).enumerate() {
            let next = if index + 1 == names.len() { 0_u32 } else { 16 };
            table.extend([0; 4]);
            table.extend([u16::from(*weak) * 2, 0].map(u16::to_le_bytes).concat());
            table.extend([*name, next].map(u32::to_le_bytes).concat());
        }
        table
    }
}

fn segment(kind: u32, offset: usize, size: usize) -> Vec<u8> {
    let (offset, size) = (offset as u64, size as u64);
    let rest = [offset, ADDRESS + offset, 0, size, size, 8].map(u64::to_le_bytes).concat();
    [kind, 4].map(u32::to_le_bytes).concat().into_iter().chain(rest).collect()
}

fn pair(tag: u64, value: u64) -> Vec<u8> {
    [tag, value].map(u64::to_le_bytes).concat()
}
