//! What the user has told cargo already: we add to it and replace nothing.

use std::env;
use std::path::{Path, PathBuf};

use super::Architecture;

/// The part of cargo's settings that decides how our own reach rustc
/// (<https://doc.rust-lang.org/cargo/reference/config.html>).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) cargo_home: PathBuf,
    pub(super) flags: Flags,
    /// The user chose a linker for this target.
    pub(super) has_linker: bool,
    /// The user compiles for the processor of this machine, which may know more than Lambda's.
    pub(super) has_native_processor: bool,
    /// The user gave a date to whatever puts one into a program (<https://reproducible-builds.org/specs/source-date-epoch/>).
    pub(super) has_date: bool,
}

/// Where the user's rustflags are. Cargo reads one of these places only, the first that has any
/// (<https://doc.rust-lang.org/cargo/reference/config.html#buildrustflags>).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Flags {
    /// In the environment, one by one.
    Environment(Vec<String>),
    /// In a file, under `[target.…]`.
    Target,
    /// In a file, under `[build]`, or nowhere.
    #[default]
    Build,
}

impl Settings {
    /// Reads the environment, and the files that cargo reads when it works in this folder.
    pub(super) fn of_user(directory: &Path, architecture: Architecture) -> Self {
        let cargo_home = env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(env::home_dir()?.join(".cargo")))
            .unwrap_or_default();
        let variable = |name: &str| env::var(name).ok();
        let files = files(directory, &cargo_home);
        let flags = Flags::of_user(variable, &files, architecture);
        Self {
            cargo_home,
            has_linker: has(variable, &files, architecture, "linker"),
            has_native_processor: flags.has_native_processor(&files),
            has_date: variable("SOURCE_DATE_EPOCH").is_some(),
            flags,
        }
    }
}

impl Flags {
    fn of_user(
        variable: impl Fn(&str) -> Option<String>,
        files: &[toml::Table],
        architecture: Architecture,
    ) -> Self {
        if let Some(flags) = variable("CARGO_ENCODED_RUSTFLAGS") {
            return Self::Environment(split(&flags, '\x1f'));
        }
        if let Some(flags) = variable("RUSTFLAGS") {
            return Self::Environment(split(&flags, ' '));
        }
        if has(variable, files, architecture, "rustflags") { Self::Target } else { Self::Build }
    }

    fn has_native_processor(&self, files: &[toml::Table]) -> bool {
        match self {
            Self::Environment(flags) => flags.iter().any(|flag| flag.contains("target-cpu=native")),
            Self::Target | Self::Build => {
                let tables = files.iter().flat_map(|file| [file.get("target"), file.get("build")]);
                tables.flatten().any(|table| table.to_string().contains("target-cpu=native"))
            }
        }
    }
}

fn split(flags: &str, separator: char) -> Vec<String> {
    flags
        .split(separator)
        .map(str::trim)
        .filter(|flag| !flag.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether the environment or a file sets this key for the target. A `cfg(…)` is taken to hold.
fn has(
    variable: impl Fn(&str) -> Option<String>,
    files: &[toml::Table],
    architecture: Architecture,
    key: &str,
) -> bool {
    let target = architecture.target();
    let name = format!("CARGO_TARGET_{target}_{key}").to_uppercase().replace('-', "_");
    variable(&name).is_some()
        || files.iter().filter_map(|file| file.get("target")?.as_table()).flatten().any(
            |(name, settings)| {
                (name == target || name.starts_with("cfg(")) && settings.get(key).is_some()
            },
        )
}

/// Cargo's configuration files for a folder, as far as they can be read: cargo itself complains about the others.
fn files(directory: &Path, cargo_home: &Path) -> Vec<toml::Table> {
    let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let folders =
        directory.ancestors().map(|folder| folder.join(".cargo")).chain([cargo_home.to_owned()]);
    folders
        .flat_map(|folder| [folder.join("config"), folder.join("config.toml")])
        .filter_map(|path| std::fs::read_to_string(path).ok()?.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(variables: &[(&str, &str)], file: &str) -> Flags {
        let variable =
            |name: &str| variables.iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned());
        Flags::of_user(variable, &[file.parse().expect("TOML")], Architecture::X86_64)
    }

    #[test]
    fn nothing_set_leaves_the_build_table_to_us() {
        assert_eq!(flags(&[], ""), Flags::Build);
        assert_eq!(flags(&[], "build.rustflags = ['--cfg', 'tokio_unstable']"), Flags::Build);
    }

    #[test]
    fn flags_of_the_target_hide_those_of_the_build_table() {
        assert_eq!(flags(&[], "target.x86_64-unknown-linux-gnu.rustflags = ['-g']"), Flags::Target);
        assert_eq!(flags(&[], "target.'cfg(unix)'.rustflags = ['-g']"), Flags::Target);
        assert_eq!(
            flags(&[("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "-g")], ""),
            Flags::Target
        );
        assert_eq!(flags(&[], "target.aarch64-unknown-linux-gnu.rustflags = ['-g']"), Flags::Build);
    }

    #[test]
    fn a_processor_of_this_machine_is_noticed_wherever_it_is_asked_for() {
        let native =
            |flags: Flags, file: &str| flags.has_native_processor(&[file.parse().expect("TOML")]);
        let file = "build.rustflags = ['-C', 'target-cpu=native']";
        assert!(native(Flags::Build, file));
        assert!(native(Flags::Target, "target.'cfg(unix)'.rustflags = '-Ctarget-cpu=native'"));
        assert!(native(Flags::Environment(vec!["-Ctarget-cpu=native".into()]), ""));
        assert!(!native(Flags::Environment(vec![]), file), "the file does not count then");
        assert!(!native(Flags::Build, "build.rustflags = ['-C', 'target-cpu=haswell']"));
    }

    #[test]
    fn the_environment_hides_every_file() {
        let file = "target.x86_64-unknown-linux-gnu.rustflags = ['-g']";
        let expected = Flags::Environment(vec!["-g".into(), "--cfg".into(), "x y".into()]);
        assert_eq!(
            flags(&[("CARGO_ENCODED_RUSTFLAGS", "-g\x1f--cfg\x1fx y"), ("RUSTFLAGS", "-O")], file),
            expected
        );
        assert_eq!(
            flags(&[("RUSTFLAGS", " -C  opt-level=1 ")], file),
            Flags::Environment(vec!["-C".into(), "opt-level=1".into()])
        );
    }
}
