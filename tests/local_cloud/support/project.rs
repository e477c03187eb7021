//! A user's project, gone when the test ends.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A folder with a `stack.toml` and the real handler.
pub struct Project {
    folder: PathBuf,
}

impl Project {
    /// One whose stack has this name, which no other test uses.
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("stackctl-{name}-{}", std::process::id()));
        // Left by a process of the same number that was killed.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let handler = Path::new(env!("CARGO_MANIFEST_DIR")).join("handler");
        symlink(handler, folder.join("handler")).expect("it is a new folder");
        let project = Self { folder };
        project.write("stack.toml", &text(name));
        project
    }

    /// The folder in which the user types.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes one of its files anew.
    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.folder.join(path), text).expect("the project can be written");
    }

    /// Reads one of its files.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.join(path)).expect("the file is there")
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // The handler is a link, and only the link goes.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The smallest `stack.toml` for the machine that runs the tests: the local cloud runs the very program.
pub fn text(name: &str) -> String {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    format!("name = \"{name}\"\nfunction.architecture = \"{architecture}\"\n")
}
