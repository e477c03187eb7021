//! The emulator, in a virtual environment of its own: pinned, checked by its hashes, fetched once.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::python::{self, Builder};
use super::{fetch, lock};
use engine::Progress;
use engine::error::{Doing, Result};

/// Every package and the hashes that it may have.
const REQUIREMENTS: &str = include_str!("../../../templates/ministack-requirements.txt");

/// Makes sure that the emulator is installed; the answer is the Python that runs it.
pub async fn ensure(cache: &Path, progress: &Progress) -> Result<PathBuf> {
    let cache = std::path::absolute(cache).doing(format!("find `{}`", cache.display()))?;
    let environment = Environment::of(&cache, REQUIREMENTS);
    // Whoever could write there could put a program where ours is started from.
    machine::make_private(&cache)?;
    machine::check_private(&environment.path)?;
    if !environment.is_complete() {
        let lock = lock::hold(&environment.lock(), "installs the local cloud", progress).await?;
        // The other one has perhaps done it.
        if !environment.is_complete() {
            environment.make(&lock, progress).await?;
        }
    }
    Ok(environment.python())
}

/// The folder in which a package of stackctl brings the pinned packages along. It is as trustworthy as the program itself, and
/// the hashes are checked like those of fetched files.
fn wheels_of(program: &Path) -> Option<PathBuf> {
    let bin = program.canonicalize().ok()?.parent()?.to_owned();
    let wheels = bin.parent()?.join("share/stackctl/wheels");
    (bin.file_name()? == "bin" && wheels.is_dir()).then_some(wheels)
}

/// A virtual environment whose name says what is in it, so that another release gets another one.
struct Environment {
    path: PathBuf,
}

impl Environment {
    fn of(cache: &Path, requirements: &str) -> Self {
        let digest = Sha256::digest(requirements);
        let hash =
            digest[..6].iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"));
        Self { path: cache.join(format!("venv-{hash}")) }
    }

    fn python(&self) -> PathBuf {
        self.path.join("bin/python")
    }

    fn lock(&self) -> PathBuf {
        self.path.with_extension("lock")
    }

    /// Written last, so a folder without it is half made. It names the interpreter that the packages are for:
    /// when that is replaced by another version, they are out of its sight.
    fn seal(&self) -> PathBuf {
        self.path.join("stackctl-complete")
    }

    fn is_complete(&self) -> bool {
        let Ok(interpreter) = self.python().canonicalize() else {
            return false;
        };
        // One that was made when everybody might write into it may hold anything.
        if fs::metadata(&self.path).is_ok_and(|made| made.permissions().mode() & 0o022 != 0) {
            return false;
        }
        fs::read(self.seal())
            .is_ok_and(|sealed| sealed == interpreter.as_os_str().as_encoded_bytes())
    }

    /// Makes it where it will be used, since virtual environments do not survive a move.
    async fn make(&self, lock: &File, progress: &Progress) -> Result<()> {
        let builder = python::find().await?;
        let doing = format!("make `{}`", self.path.display());
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).doing(doing),
            _ => progress.note("making a Python environment for the local cloud"),
        }
        fetch::run(&mut self.create(&builder), lock, progress).await?;
        machine::make_private(&self.path)?;
        fs::write(self.requirements(), REQUIREMENTS).doing(&doing)?;
        let wheels = std::env::current_exe().ok().and_then(|program| wheels_of(&program));
        if let Some(wheels) = &wheels {
            progress.note("installing the local cloud from the packages beside stackctl");
            // They may be for other Pythons than the one that was found.
            if fetch::run(&mut self.fill(&builder, Some(wheels)), lock, progress).await.is_ok() {
                return self.finish(&doing);
            }
        }
        progress.note(format!("fetching the local cloud ({} MB, once)", fetch::SIZE_MB));
        fetch::run(&mut self.fill(&builder, None), lock, progress).await?;
        self.finish(&doing)
    }

    fn finish(&self, doing: &str) -> Result<()> {
        let interpreter = self.python().canonicalize().doing(doing)?;
        fs::write(self.seal(), interpreter.as_os_str().as_encoded_bytes()).doing(doing)
    }

    fn requirements(&self) -> PathBuf {
        self.path.join("requirements.txt")
    }

    /// Makes the environment, with nothing in it.
    fn create(&self, builder: &Builder) -> Command {
        let mut command = match builder {
            Builder::Uv => {
                let mut uv = self.beside("uv");
                uv.args(["venv", "--no-project", "--python", &python::fit_versions()]);
                uv
            }
            Builder::Python(name) => {
                let mut python = self.beside(name);
                python.args(["-I", "-m", "venv"]);
                python
            }
        };
        command.arg(&self.path);
        command
    }

    /// Puts the packages into it, each only as the ready-made file that was pinned.
    fn fill(&self, builder: &Builder, wheels: Option<&Path>) -> Command {
        let mut command = match builder {
            Builder::Uv => {
                let mut uv = self.beside("uv");
                uv.args(["pip", "install", "--no-progress", "--python"]).arg(self.python());
                uv
            }
            Builder::Python(_) => {
                let mut pip = self.beside(self.python());
                pip.args([
                    "-I",
                    "-m",
                    "pip",
                    "install",
                    "--disable-pip-version-check",
                    "--no-input",
                    "--no-user",
                ]);
                // Not compiled ahead, since most of it is never imported.
                pip.args(["--no-compile", "--retries", "2"]);
                pip
            }
        };
        command.args(["--require-hashes", "--only-binary", ":all:", "-r"]).arg(self.requirements());
        if let Some(wheels) = wheels {
            command.args(["--no-index", "--find-links"]).arg(wheels);
        }
        command
    }

    /// Run away from the user's project, which may have settings of its own for these programs.
    fn beside(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        machine::without_secrets(&mut command);
        command.current_dir(self.path.parent().unwrap_or(&self.path));
        command
    }
}

#[cfg(test)]
mod tests {
    use super::super::{VERSION, scratch::Scratch};
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_pin_is_the_release_that_we_name() {
        assert!(REQUIREMENTS.contains(&format!("\nministack=={VERSION} ")));
    }

    #[test]
    fn packages_beside_the_program_are_found() {
        let scratch = Scratch::new("wheels");
        let (bin, wheels) = (scratch.path("bin"), scratch.path("share/stackctl/wheels"));
        fs::create_dir_all(&bin).expect("it can be made");
        fs::write(bin.join("stackctl"), "").expect("it can be written");
        assert_eq!(wheels_of(&bin.join("stackctl")), None);
        fs::create_dir_all(&wheels).expect("it can be made");
        let wheels = wheels.canonicalize().expect("it is there");
        assert_eq!(wheels_of(&bin.join("stackctl")), Some(wheels));
    }

    #[test]
    fn other_requirements_get_another_environment() {
        let (one, other) =
            (Environment::of(Path::new("/c"), "one"), Environment::of(Path::new("/c"), "other"));
        assert_eq!(one.path, Path::new("/c/venv-7692c3ad3540"));
        assert_ne!(one.path, other.path);
        assert_eq!(one.lock(), Path::new("/c/venv-7692c3ad3540.lock"));
    }

    #[test]
    fn an_environment_is_complete_once_it_is_sealed_for_the_interpreter_it_has() {
        let scratch = Scratch::new("environment");
        let environment = Environment::of(&scratch.path(""), "any");
        assert!(!environment.is_complete());

        let (before, after) = (scratch.path("python3.11"), scratch.path("python3.13"));
        for interpreter in [&before, &after] {
            fs::write(interpreter, "").expect("it can be written");
        }
        fs::create_dir_all(environment.path.join("bin")).expect("it can be made");
        symlink(&before, environment.python()).expect("it can be linked");
        assert!(!environment.is_complete(), "it is half made");

        let interpreter = before.canonicalize().expect("it is there");
        fs::write(environment.seal(), interpreter.as_os_str().as_encoded_bytes())
            .expect("it can be written");
        assert!(environment.is_complete());

        fs::remove_file(environment.python()).expect("it is there");
        symlink(&after, environment.python()).expect("it can be linked");
        assert!(!environment.is_complete(), "the interpreter was replaced");
        fs::remove_file(after).expect("it is there");
        assert!(!environment.is_complete(), "the interpreter is gone");
    }
}
