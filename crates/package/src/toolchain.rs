//! The compiler and the linker: what is there, and what is missing for which machine, before anything is built.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::Architecture;
use super::cargo;
use engine::error::{Error, Result};

/// Installs the linker that can aim at any version of glibc (<https://github.com/rust-cross/cargo-zigbuild>).
pub(super) const ZIGBUILD: &str = "cargo install cargo-zigbuild && pip install ziglang";

/// The Rust that will do the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Toolchain {
    pub(super) sysroot: PathBuf,
    /// `rustc 1.92.0`
    pub(super) release: String,
    /// The commit that rustc was made from.
    pub(super) commit: String,
    /// The target of this machine.
    pub(super) host: String,
    pub(super) linking: Linking,
}

/// Who links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linking {
    /// Whatever cargo takes by itself.
    Cargo,
    /// A compiler for the other machine.
    Cross(&'static str),
    /// `cargo zigbuild`, which can aim at an older C library than this machine's.
    Zigbuild,
}

/// What a machine lacks to build for an architecture.
#[derive(Debug, Default, PartialEq, Eq)]
struct Missing {
    standard_library: bool,
    linker: bool,
}

/// The file by which rustup, asked in a folder, runs a compiler that lies at a path instead of one that the user installed
/// (<https://rust-lang.github.io/rustup/overrides.html#the-toolchain-file>). One that is no name of a toolchain counts, too.
pub(super) fn brought_by_project(directory: &Path) -> Option<PathBuf> {
    let directory = std::path::absolute(directory).ok()?;
    let files = directory
        .ancestors()
        .flat_map(|folder| ["rust-toolchain", "rust-toolchain.toml"].map(|name| folder.join(name)));
    let file = files.into_iter().find(|file| file.exists())?;
    let text = machine::read_text(&file).unwrap_or_default();
    let channel = match text.parse::<toml::Table>() {
        Ok(table) => table.get("toolchain").and_then(|toolchain| {
            let toolchain = toolchain.as_table().filter(|table| !table.contains_key("path"))?;
            Some(
                toolchain
                    .get("channel")
                    .map_or("stable", |channel| channel.as_str().unwrap_or("/"))
                    .to_owned(),
            )
        }),
        Err(_) => Some(text.trim().to_owned()),
    };
    let is_name = |name: &String| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter))
    };
    Some(file).filter(|_| !channel.as_ref().is_some_and(is_name))
}

/// Finds the toolchain that applies in a folder, or says how to complete it.
pub(super) async fn find(
    directory: &Path,
    architecture: Architecture,
    has_linker: bool,
) -> Result<Toolchain> {
    let (sysroot, version) = tokio::try_join!(
        ask_rustc(directory, &["--print", "sysroot"]),
        ask_rustc(directory, &["-vV"])
    )?;
    let sysroot = PathBuf::from(sysroot.trim());
    let (host, commit) = (line(&version, "host: "), line(&version, "commit-hash: "));
    // Build scripts are linked for this machine, so it is needed also when the handler is for another.
    if !has_linker && !answers("cc", &["--version"]).await {
        return Err(Error::environment("there is no C compiler, which Rust links with")
            .hint("`apt install gcc`, `dnf install gcc`, or `xcode-select --install` on a Mac"));
    }
    let linking = linking(host, architecture, has_linker).await;
    let library = sysroot.join("lib/rustlib").join(architecture.target()).join("lib");
    let missing = Missing { standard_library: !library.is_dir(), linker: linking.is_none() };
    match linking {
        Some(linking) if !missing.standard_library => {
            let release = format!("rustc {}", line(&version, "release: "));
            let (commit, host) = (commit.to_owned(), host.to_owned());
            Ok(Toolchain { sysroot, release, commit, host, linking })
        }
        _ => Err(missing.into_error(host, architecture)),
    }
}

/// The rest of a line in what `rustc -vV` says.
fn line<'a>(version: &'a str, key: &str) -> &'a str {
    version.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default()
}

/// Whether cargo-zigbuild can do its work.
pub(super) async fn has_zigbuild() -> bool {
    answers("cargo-zigbuild", &["--version"]).await
        && (answers("zig", &["version"]).await
            || answers("python3", &["-m", "ziglang", "version"]).await)
}

async fn linking(host: &str, architecture: Architecture, has_linker: bool) -> Option<Linking> {
    if has_linker || host == architecture.target() {
        return Some(Linking::Cargo);
    }
    if answers(architecture.cross_linker(), &["--version"]).await {
        return Some(Linking::Cross(architecture.cross_linker()));
    }
    has_zigbuild().await.then_some(Linking::Zigbuild)
}

impl fmt::Display for Linking {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Linking::Cargo => "cargo",
            Linking::Cross(linker) => linker,
            Linking::Zigbuild => "cargo-zigbuild",
        })
    }
}

impl Missing {
    fn into_error(self, host: &str, architecture: Architecture) -> Error {
        let target = architecture.target();
        let mut commands = Vec::new();
        if self.standard_library {
            commands.push(format!("rustup target add {target}"));
        }
        if self.linker {
            commands.push(ZIGBUILD.to_owned());
        }
        let mut hint = format!("`{}`", commands.join(" && "));
        let other = Architecture::ALL
            .into_iter()
            .find(|other| *other != architecture && other.target() == host);
        if let Some(other) = other {
            hint =
                format!("{hint}; or `architecture = \"{other}\"` under [function] in stack.toml");
        }
        let cause = match (self.standard_library, self.linker) {
            (true, true) => format!(
                "Rust's standard library for {target} is not installed, and there is no linker for it"
            ),
            (true, false) => format!("Rust's standard library for {target} is not installed"),
            (false, _) => format!(
                "there is no linker for {target}: neither `{}` (package {}) nor cargo-zigbuild with zig",
                architecture.cross_linker(),
                architecture.cross_linker_package()
            ),
        };
        Error::environment(format!("this machine cannot build for {architecture}"))
            .cause(cause)
            .hint(hint)
    }
}

/// What rustc knows of the target: `unix`, `target_os="linux"`.
pub(super) async fn facts(directory: &Path, architecture: Architecture) -> Result<Vec<String>> {
    let facts =
        ask_rustc(directory, &["--print", "cfg", "--target", architecture.target()]).await?;
    Ok(facts.lines().map(str::to_owned).collect())
}

async fn ask_rustc(directory: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("rustc");
    machine::without_secrets(&mut command);
    command.args(arguments).current_dir(directory);
    cargo::ask(command, "query rustc").await
}

/// Whether a program is there and works.
async fn answers(program: &str, arguments: &[&str]) -> bool {
    let silent = || Stdio::null();
    let mut command = Command::new(program);
    machine::without_secrets(&mut command);
    command.args(arguments).stdin(silent()).stdout(silent()).stderr(silent()).kill_on_drop(true);
    command.status().await.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::error::Kind;

    const HOST: &str = "x86_64-unknown-linux-gnu";

    fn words(missing: Missing, host: &str) -> [String; 3] {
        let error = missing.into_error(host, Architecture::Arm64);
        assert_eq!(error.kind, Kind::Environment);
        [error.message, error.cause.unwrap_or_default(), error.hint.unwrap_or_default()]
    }

    #[test]
    fn a_compiler_at_a_path_is_the_projects_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("handler/src");
        std::fs::create_dir_all(&inner).expect("a folder");
        let file = folder.path().join("handler/rust-toolchain.toml");
        for (text, is_own) in [
            ("[toolchain]\nchannel = \"1.92.0\"", false),
            ("[toolchain]\ncomponents = [\"clippy\"]", false),
            ("nightly-2026-01-01\n", false),
            ("[toolchain]\npath = \"/proc/self/cwd/evil\"", true),
            ("[toolchain]\nchannel = \"stable\"\npath = \"evil\"", true),
            ("toolchain = { path = \"evil\" }", true),
            ("[toolchain]\nchannel = \"../evil\"", true),
            ("./evil", true),
            ("", true),
        ] {
            std::fs::write(&file, text).expect("a file");
            let found = brought_by_project(&inner);
            assert_eq!(found, is_own.then(|| file.clone()), "{text}");
        }
        // Of two in a folder, rustup takes the one without an ending.
        std::fs::write(folder.path().join("handler/rust-toolchain"), "stable").expect("a file");
        assert_eq!(brought_by_project(&inner), None);
    }

    #[tokio::test]
    async fn what_this_machine_cannot_do_is_found_before_anything_is_built() {
        for architecture in Architecture::ALL {
            match find(Path::new("."), architecture, false).await {
                Ok(toolchain) => {
                    assert!(
                        toolchain.sysroot.join("lib/rustlib").join(architecture.target()).is_dir()
                    );
                    assert!(!toolchain.commit.is_empty());
                }
                Err(error) => {
                    assert_eq!(
                        error.message,
                        format!("this machine cannot build for {architecture}")
                    );
                    assert!(error.cause.is_some_and(|cause| cause.contains(architecture.target())));
                }
            }
        }
    }

    #[test]
    fn a_missing_standard_library_names_the_command() {
        let missing = Missing { standard_library: true, linker: false };
        assert_eq!(
            words(missing, HOST),
            [
                "this machine cannot build for arm64",
                "Rust's standard library for aarch64-unknown-linux-gnu is not installed",
                "`rustup target add aarch64-unknown-linux-gnu`; or `architecture = \"x86_64\"` under [function] in stack.toml"
            ]
        );
    }

    #[test]
    fn a_missing_linker_names_what_was_looked_for() {
        let missing = Missing { standard_library: false, linker: true };
        assert_eq!(
            words(missing, "aarch64-apple-darwin"),
            [
                "this machine cannot build for arm64",
                "there is no linker for aarch64-unknown-linux-gnu: neither `aarch64-linux-gnu-gcc` (package gcc-aarch64-linux-gnu) nor cargo-zigbuild with zig",
                "`cargo install cargo-zigbuild && pip install ziglang`"
            ]
        );
    }

    #[test]
    fn all_that_is_missing_is_said_at_once() {
        let missing = Missing { standard_library: true, linker: true };
        assert_eq!(
            words(missing, HOST)[2],
            "`rustup target add aarch64-unknown-linux-gnu && cargo install cargo-zigbuild && pip install ziglang`; or `architecture = \"x86_64\"` under [function] in stack.toml"
        );
    }
}
