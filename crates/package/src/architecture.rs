//! The two kinds of processor that Lambda offers.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What the function runs on; written as Lambda writes it, in `stack.toml` too
/// (<https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html>).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Architecture {
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    #[serde(rename = "arm64")]
    Arm64,
}

impl Architecture {
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    /// Lambda's name for it, as in `Architectures` of `CreateFunction`.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// Rust's name for Linux with glibc on it.
    pub fn target(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// What rustc calls the processor that every one of Lambda's machines is at least.
    pub(super) fn processor(self) -> &'static str {
        match self {
            Self::X86_64 => "x86-64",
            Self::Arm64 => "generic",
        }
    }

    /// The compiler driver that Debian, Ubuntu and Fedora ship for linking from another kind of machine.
    pub(super) fn cross_linker(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-linux-gnu-gcc",
            Self::Arm64 => "aarch64-linux-gnu-gcc",
        }
    }

    /// The package of Debian and Ubuntu that has the [`cross_linker`](Self::cross_linker).
    pub(super) fn cross_linker_package(self) -> &'static str {
        match self {
            Self::X86_64 => "gcc-x86-64-linux-gnu",
            Self::Arm64 => "gcc-aarch64-linux-gnu",
        }
    }

    /// `e_machine` of an ELF file (<https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>).
    pub(super) fn machine(self) -> u16 {
        match self {
            Self::X86_64 => 0x3E,
            Self::Arm64 => 0xB7,
        }
    }

    /// The dynamic loader that Amazon Linux 2023 has.
    pub(super) fn interpreter(self) -> &'static str {
        match self {
            Self::X86_64 => "/lib64/ld-linux-x86-64.so.2",
            Self::Arm64 => "/lib/ld-linux-aarch64.so.1",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_same_in_the_file_and_for_lambda() {
        for architecture in Architecture::ALL {
            let text = format!("\"{architecture}\"");
            assert_eq!(serde_json::to_string(&architecture).expect("a string"), text);
            assert_eq!(
                serde_json::from_str::<Architecture>(&text).expect("the same again"),
                architecture
            );
        }
    }
}
