//! What Lambda's `provided.al2023` can start, and what it can hold.
//!
//! Lambda accepts any upload and fails at the first request, so all this is checked here
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html>).

use std::fmt;

use super::Architecture;
use super::elf::{Elf, Glibc, NotAProgram};
use super::toolchain::ZIGBUILD;
use engine::error::{Error, Result};

/// The C library of Amazon Linux 2023
/// (<https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html>).
pub(super) const GLIBC: [u16; 2] = [2, 34];

/// The largest zip that can be sent within a request
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub(super) const LARGEST_ZIP: u64 = 50 * 1024 * 1024;

/// The largest sum of files in a zip, from the same page.
pub(super) const LARGEST_UNZIPPED: u64 = 250 * 1024 * 1024;

/// Shared libraries of `provided.al2023`: the C library's own, and those that its few tools bring.
const LIBRARIES: [&str; 15] = [
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "librt.so.1",
    "libpthread.so.0",
    "libutil.so.1",
    "libresolv.so.2",
    "libgcc_s.so.1",
    "libstdc++.so.6",
    "libz.so.1",
    "libssl.so.3",
    "libcrypto.so.3",
    "libcurl.so.4",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
];

/// Why a program would not start on Lambda.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    NotAProgram(NotAProgram),
    Machine(u16),
    Interpreter(String),
    Glibc(Glibc),
    /// A shared library that is not there.
    Library(String),
}

/// What keeps Lambda from starting a program on machines of this architecture, if anything does.
pub(super) fn obstacle(program: &[u8], architecture: Architecture) -> Option<Unfit> {
    let elf = match Elf::read(program) {
        Ok(elf) => elf,
        Err(why) => return Some(Unfit::NotAProgram(why)),
    };
    if elf.machine != architecture.machine() {
        return Some(Unfit::Machine(elf.machine));
    }
    let known = |interpreter: &String| interpreter == architecture.interpreter();
    if let Some(interpreter) = elf.interpreter.filter(|interpreter| !known(interpreter)) {
        return Some(Unfit::Interpreter(interpreter));
    }
    if let Some(glibc) = elf.glibc.filter(|glibc| glibc.version.as_slice() > &GLIBC) {
        return Some(Unfit::Glibc(glibc));
    }
    let mut libraries = elf.libraries.into_iter();
    libraries.find(|library| !LIBRARIES.contains(&library.as_str())).map(Unfit::Library)
}

/// What keeps this machine, which has built it, from starting a program: its own loader and libraries are there.
pub(super) fn obstacle_here(program: &[u8], architecture: Architecture) -> Option<Unfit> {
    let of_the_program = |unfit: &Unfit| matches!(unfit, Unfit::NotAProgram(_) | Unfit::Machine(_));
    obstacle(program, architecture).filter(of_the_program)
}

/// Whether Lambda takes a zip of so many bytes in one request.
pub(super) fn fits_zipped(bytes: u64) -> Result<()> {
    if bytes <= LARGEST_ZIP {
        return Ok(());
    }
    Err(Error::usage(format!("the zip has {bytes} bytes; the limit of Lambda is {LARGEST_ZIP}"))
        .hint(
            "`strip = true` and `lto = \"fat\"` in [profile.lambda] of Cargo.toml make it smaller",
        ))
}

/// Whether Lambda takes files of so many bytes in all.
pub(super) fn fits_unzipped(bytes: u64) -> Result<()> {
    if bytes <= LARGEST_UNZIPPED {
        return Ok(());
    }
    Err(Error::usage(format!("the files in the zip have {bytes} bytes; the limit of Lambda is {LARGEST_UNZIPPED}"))
        .hint("`strip = true` and `lto = \"fat\"` in [profile.lambda] of Cargo.toml make `bootstrap` smaller"))
}

impl Unfit {
    /// What the program wants of this machine's C library that an older one would not have given it.
    pub(super) fn newer_library(&self) -> Option<&str> {
        match self {
            Self::Glibc(glibc) => Some(&glibc.name),
            Self::Interpreter(interpreter) => Some(interpreter),
            Self::NotAProgram(_) | Self::Machine(_) | Self::Library(_) => None,
        }
    }

    /// Says it to the user, with what helps.
    pub(super) fn into_error(self, architecture: Architecture) -> Error {
        match self {
            Self::NotAProgram(why) => not_for(architecture, why.words()),
            Self::Machine(machine) => another_machine(machine, architecture),
            Self::Interpreter(interpreter) => Error::environment(format!(
                "`bootstrap` needs the loader `{interpreter}`, which Lambda does not provide"
            ))
            .hint(format!("build for {}: `{ZIGBUILD}`", architecture.target())),
            Self::Glibc(glibc) => Error::environment(format!(
                "`bootstrap` needs {}, and Lambda has GLIBC_2.34",
                glibc.name
            ))
            .cause("the C library of the machine that built it is newer than Amazon Linux 2023's")
            .hint(format!("install what builds for the older one, and build again: `{ZIGBUILD}`")),
            Self::Library(library) => Error::usage(format!(
                "`bootstrap` needs the shared library `{library}`, which Lambda does not have"
            ))
            .hint("link it into the program: its crate has a feature such as `vendored`, `bundled` or `static`"),
        }
    }
}

fn not_for(architecture: Architecture, why: impl fmt::Display) -> Error {
    Error::usage(format!("`bootstrap` is not a program for {architecture}"))
        .cause(why)
        .hint(format!("`stackctl build` makes one for {architecture}"))
}

fn another_machine(machine: u16, architecture: Architecture) -> Error {
    let Some(other) = Architecture::ALL.into_iter().find(|other| other.machine() == machine) else {
        return not_for(architecture, format!("it is for another machine (ELF number {machine})"));
    };
    Error::usage(format!("`bootstrap` is for {other}, and the function is {architecture}")).hint(
        format!(
            "set `architecture = \"{other}\"` under [function] in stack.toml, \
         or `stackctl build` makes one for {architecture}"
        ),
    )
}

impl NotAProgram {
    fn words(self) -> &'static str {
        match self {
            Self::NotElf => "it is not an ELF file",
            Self::Not64Bit => "it is a 32-bit program",
            Self::BigEndian => "its bytes are in big-endian order",
            Self::Library => "it is a library or an object file, not a program",
            Self::Truncated => "it is cut off or damaged",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Program;
    use Architecture::{Arm64, X86_64};
    use engine::error::Kind;

    fn refusal(program: &[u8], architecture: Architecture) -> Error {
        obstacle(program, architecture).expect("a refusal").into_error(architecture)
    }

    #[test]
    fn a_library_that_lambda_does_not_have_is_named() {
        let mut program = Program::good(Architecture::X86_64);
        program.libraries.extend(["libssl.so.3", "libpq.so.5"]);
        let unfit = obstacle(&program.bytes(), Architecture::X86_64).expect("it does not start");
        assert_eq!(unfit, Unfit::Library("libpq.so.5".into()));
        let error = unfit.into_error(Architecture::X86_64);
        assert_eq!(
            error.message,
            "`bootstrap` needs the shared library `libpq.so.5`, which Lambda does not have"
        );
    }

    #[test]
    fn a_good_program_starts_on_its_own_machine() {
        for architecture in Architecture::ALL {
            assert_eq!(obstacle(&Program::good(architecture).bytes(), architecture), None);
        }
    }

    #[test]
    fn what_was_built_here_finds_its_libraries_here() {
        assert_eq!(obstacle_here(&Program::needing("GLIBC_2.99"), X86_64), None);
        assert!(obstacle_here(&Program::good(Arm64).bytes(), X86_64).is_some());
        assert!(obstacle_here(b"#!/bin/sh", X86_64).is_some());
    }

    #[test]
    fn another_machine_is_named_as_in_the_file() {
        let error = refusal(&Program::good(Arm64).bytes(), X86_64);
        let expected = Error::usage("`bootstrap` is for arm64, and the function is x86_64").hint(
            "set `architecture = \"arm64\"` under [function] in stack.toml, or `stackctl build` makes one for x86_64",
        );
        assert_eq!(error, expected);
    }

    #[test]
    fn a_machine_that_lambda_never_had_is_a_number() {
        let program = Program { machine: 0xF3, ..Program::good(Arm64) };
        let expected = Error::usage("`bootstrap` is not a program for arm64")
            .cause("it is for another machine (ELF number 243)")
            .hint("`stackctl build` makes one for arm64");
        assert_eq!(refusal(&program.bytes(), Arm64), expected);
    }

    #[test]
    fn a_script_is_not_a_program() {
        let expected = Error::usage("`bootstrap` is not a program for x86_64")
            .cause("it is not an ELF file")
            .hint("`stackctl build` makes one for x86_64");
        assert_eq!(refusal(b"#!/bin/sh\necho hello\n", X86_64), expected);
    }

    #[test]
    fn a_newer_c_library_names_the_tool_that_builds_for_the_older_one() {
        let expected = Error::environment("`bootstrap` needs GLIBC_2.38, and Lambda has GLIBC_2.34")
            .cause("the C library of the machine that built it is newer than Amazon Linux 2023's")
            .hint("install what builds for the older one, and build again: `cargo install cargo-zigbuild && pip install ziglang`");
        assert_eq!(refusal(&Program::needing("GLIBC_2.38"), X86_64), expected);
    }

    #[test]
    fn another_loader_is_refused() {
        let program =
            Program { interpreter: Some("/lib/ld-musl-x86_64.so.1"), ..Program::good(X86_64) };
        let expected = Error::environment(
            "`bootstrap` needs the loader `/lib/ld-musl-x86_64.so.1`, which Lambda does not provide",
        )
        .hint("build for x86_64-unknown-linux-gnu: `cargo install cargo-zigbuild && pip install ziglang`");
        assert_eq!(refusal(&program.bytes(), X86_64), expected);
    }

    #[test]
    fn the_limits_are_those_of_lambda() {
        assert!(fits_zipped(52_428_800).is_ok() && fits_unzipped(262_144_000).is_ok());
        let error = fits_zipped(52_428_801).expect_err("too large");
        assert_eq!(error.kind, Kind::Usage);
        assert_eq!(error.message, "the zip has 52428801 bytes; the limit of Lambda is 52428800");
        let error = fits_unzipped(262_144_001).expect_err("too large");
        assert_eq!(
            error.message,
            "the files in the zip have 262144001 bytes; the limit of Lambda is 262144000"
        );
    }
}
