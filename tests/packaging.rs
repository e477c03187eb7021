//! The wheel carries the program: installed into an empty environment without a network, it makes a project.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TARGET: &str = if cfg!(target_arch = "aarch64") {
    "aarch64-unknown-linux-gnu"
} else {
    "x86_64-unknown-linux-gnu"
};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("stackctl-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(command: &mut Command) -> Output {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}

fn script(name: &str) -> Command {
    let mut python = Command::new("python3");
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name));
    python
}

/// The program without its symbols: nobody packs those.
fn program(folder: &Path) -> PathBuf {
    let stripped = folder.join("program");
    let mut strip = Command::new("strip");
    run(strip.arg("-o").arg(&stripped).arg(env!("CARGO_BIN_EXE_stackctl")));
    stripped
}

#[test]
#[cfg(target_os = "linux")]
fn an_installed_wheel_makes_a_project() {
    let folder = Folder::new("wheel");
    let (out, environment) = (folder.0.join("out"), folder.0.join("venv"));
    let program = program(&folder.0);
    let mut wheel = script("wheel.py");
    wheel.args(["program", "--target", TARGET, "--binary"]).arg(&program).arg("--out").arg(&out);
    let made = run(&mut wheel);
    let path = String::from_utf8(made.stdout).expect("text").trim().to_owned();
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
    let mut pip = Command::new(environment.join("bin/pip"));
    run(pip.args(["install", "--quiet", "--no-index", "--no-deps", &path]));
    let stackctl = || {
        let mut stackctl = Command::new(environment.join("bin/stackctl"));
        stackctl.current_dir(&folder.0).env_remove("PYTHONPATH");
        stackctl
    };
    let version = run(stackctl().arg("--version")).stdout;
    assert!(version.starts_with(concat!("stackctl ", env!("CARGO_PKG_VERSION")).as_bytes()));
    run(stackctl().args(["init", "shop"]));
    assert!(folder.0.join("shop/stack.toml").is_file());

    // npm's packages carry the same program.
    let npm = folder.0.join("npm");
    let pair = format!("{TARGET}={}", program.display());
    run(script("npm.py").args(["--binary", &pair, "--out"]).arg(&npm));
    let system = if cfg!(target_arch = "aarch64") { "linux-arm64" } else { "linux-x64" };
    let carried = npm.join(system).join("bin/stackctl");
    assert_eq!(fs::read(carried).expect("it is there"), fs::read(&program).expect("it is there"));
    let manifest = fs::read(npm.join("stackctl/package.json")).expect("it is there");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let needed = &manifest["optionalDependencies"][format!("@stackctl/{system}")];
    assert_eq!(needed, env!("CARGO_PKG_VERSION"));
}

/// What the installer fetches is checked, and nothing is installed from an archive that is not what was listed.
#[test]
#[cfg(target_os = "linux")]
fn the_shell_installer_checks_what_it_fetches() {
    let folder = Folder::new("installer");
    let releases = folder.0.join("releases/download/v0");
    fs::create_dir_all(&releases).expect("a folder");
    let program = folder.0.join("stackctl");
    fs::write(&program, "#!/bin/sh\necho it runs: $1\n").expect("a file");
    run(Command::new("chmod").arg("755").arg(&program));
    let archive = format!("stackctl-{TARGET}.tar.gz");
    let mut tar = Command::new("tar");
    run(tar.arg("-czf").arg(releases.join(&archive)).arg("-C").arg(&folder.0).arg("stackctl"));
    let sums = run(Command::new("sha256sum").arg(&archive).current_dir(&releases)).stdout;
    let into = folder.0.join("bin");
    let install = || {
        let mut shell = Command::new("sh");
        shell.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/install.sh"));
        shell.env("STACKCTL_VERSION", "v0").env("STACKCTL_INSTALL", &into);
        shell.env("STACKCTL_RELEASES", format!("file://{}", folder.0.join("releases").display()));
        shell.output().expect("there is a shell")
    };
    let sums_of_others = format!("{}  {archive}\n", "0".repeat(64));
    fs::write(releases.join("SHA256SUMS"), sums_of_others).expect("a file");
    let refused = install();
    assert!(!refused.status.success() && !into.join("stackctl").exists(), "{refused:?}");
    fs::write(releases.join("SHA256SUMS"), sums).expect("a file");
    let installed = install();
    let said = String::from_utf8_lossy(&installed.stdout).into_owned();
    assert!(installed.status.success() && said.contains("it runs: --version"), "{installed:?}");
}
