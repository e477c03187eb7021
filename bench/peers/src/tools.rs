//! The peers' programs: each release pinned, fetched once from the public registry into a folder of its own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, run};

/// Something that a registry has.
#[derive(Debug, Clone, Copy)]
pub enum Package {
    /// From `PyPI`, into a virtual environment: `name==version`.
    Pip(&'static str),
    /// From npm: `name@version`, all into one folder.
    Npm(&'static [&'static str]),
    /// The toolchain of this machine, past rustup's shims, which know it only in its user's home.
    Rust,
}

/// The folder of all that was fetched.
pub struct Tools {
    folder: PathBuf,
}

/// What a program that runs needs in order to find its tools.
#[derive(Debug, Clone, Default)]
pub struct Found {
    pub path: Vec<PathBuf>,
    /// Where Node looks for modules.
    pub modules: Option<PathBuf>,
}

impl Tools {
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Installs what is not there yet.
    pub fn find(&self, packages: &[Package]) -> Result<Found> {
        let mut found = Found::default();
        for package in packages {
            match package {
                Package::Pip(pin) => {
                    found.path.push(self.python(pin, |pip| pip.arg(pin))?.join("bin"));
                }
                Package::Npm(pins) => {
                    let modules = self.npm(pins)?.join("node_modules");
                    found.path.push(modules.join(".bin"));
                    found.path.push(folder_of("node")?);
                    found.modules = Some(modules);
                }
                Package::Rust => {
                    let rustc = Command::new("rustc").args(["--print", "sysroot"]).output()?;
                    found.path.push(Path::new(str::from_utf8(&rustc.stdout)?.trim()).join("bin"));
                }
            }
        }
        Ok(found)
    }

    /// The Python that has the emulator: the packages and hashes that `stackctl local` uses, and SAM's translator.
    pub fn emulator(&self, requirements: &Path) -> Result<PathBuf> {
        let pinned = |pip: &mut Command| {
            pip.args(["--require-hashes", "--only-binary", ":all:", "-r"]).arg(requirements);
        };
        let folder = self.python("ministack", |pip| {
            pinned(pip);
            pip
        })?;
        let python = folder.join("bin/python");
        let translator = folder.join("translator");
        if !translator.exists() {
            let with = ["aws-sam-translator==1.115.0", "boto3==1.43.106"];
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(with))?;
            fs::write(translator, "")?;
        }
        Ok(python)
    }

    /// A virtual environment of this name, filled by pip.
    fn python(
        &self,
        name: &str,
        what: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<PathBuf> {
        self.once(name, |folder| {
            run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
            let mut pip = Command::new(folder.join("bin/python"));
            run(what(pip.args(["-m", "pip", "install", "--quiet"])))
        })
    }

    fn npm(&self, pins: &[&str]) -> Result<PathBuf> {
        self.once(&pins.join("+"), |folder| {
            let quiet = ["--no-audit", "--no-fund", "--silent"];
            run(Command::new("npm")
                .arg("install")
                .args(quiet)
                .arg("--prefix")
                .arg(folder)
                .args(pins))
        })
    }

    /// Fills a folder that is not complete.
    fn once(&self, name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let name = name.replace('/', "-");
        let (folder, seal) =
            (self.folder.join(&name), self.folder.join(format!("{name}.complete")));
        if !seal.exists() {
            crate::tell(&format!("installing {name}"))?;
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder)?;
            fill(&folder)?;
            fs::write(seal, "")?;
        }
        Ok(folder)
    }
}

/// The folder of the search path that has this program.
fn folder_of(program: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).find(|folder| folder.join(program).is_file());
    found.ok_or_else(|| format!("`{program}` is not installed").into())
}
