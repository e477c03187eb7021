//! Tools that others wrote in Python.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::Outcome;
use super::cloud::{alone, cache_folder};

/// The Python that has `requirements`: a virtual environment of its own, made once, named after what is in it.
pub fn python_with(name: &str, requirements: &str) -> PathBuf {
    let digest = Sha256::digest(requirements);
    let name =
        digest[..6].iter().fold(format!("{name}-"), |name, byte| name + &format!("{byte:02x}"));
    let folder = cache_folder().join(name);
    let python = folder.join("bin/python");
    if folder.join("complete").exists() {
        return python;
    }
    // Two test runs at once each make their own, and the first one stays.
    let making = folder.with_extension(std::process::id().to_string());
    let _ = fs::remove_dir_all(&making);
    succeeded(alone("python3").args(["-m", "venv"]).arg(&making));
    let listed = making.join("requirements.txt");
    fs::write(&listed, requirements).expect("the cache can be written");
    let mut pip = alone(making.join("bin/python").to_str().expect("the path is text"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]);
    pip.args(["--require-hashes", "--only-binary", ":all:", "-r"]).arg(&listed);
    succeeded(&mut pip);
    fs::write(making.join("complete"), "").expect("the cache can be written");
    if fs::rename(&making, &folder).is_err() {
        let _ = fs::remove_dir_all(&making);
    }
    python
}

fn succeeded(command: &mut Command) {
    Outcome::from(command.stdin(Stdio::null()).output().expect("there is Python")).succeeded();
}
