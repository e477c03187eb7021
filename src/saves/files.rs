//! The files that a build reads, as they were at one look.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders of a crate that no build of its program reads.
const NOT_BUILT: [&str; 4] = ["target", "tests", "benches", "examples"];

/// Each file with what changes when it is saved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<PathBuf, Stamp>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl Files {
    /// Everything below the folders of these crates that the program may be built from, and these files besides. What
    /// cannot be read is not there.
    pub fn look(crates: &[PathBuf], besides: &[PathBuf]) -> Self {
        let mut files = Self::default();
        for folder in crates {
            files.add_folder(folder, &NOT_BUILT);
        }
        for path in besides {
            files.add(path);
        }
        files
    }

    /// The files that are new, gone or different, in the order of their paths.
    pub fn changed_since(&self, before: &Self) -> Vec<PathBuf> {
        let mut paths: Vec<&PathBuf> = self.0.keys().chain(before.0.keys()).collect();
        paths.sort();
        paths.dedup();
        let changed = paths.into_iter().filter(|path| self.0.get(*path) != before.0.get(*path));
        changed.cloned().collect()
    }

    fn add_folder(&mut self, folder: &Path, without: &[&str]) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if is_of_an_editor(&name) || without.contains(&&*name) {
                continue;
            }
            let path = entry.path();
            if path.is_dir() { self.add_folder(&path, &[]) } else { self.add(&path) }
        }
    }

    fn add(&mut self, path: &Path) {
        if let Ok(file) = fs::metadata(path) {
            let stamp = Stamp { modified: file.modified().ok(), bytes: file.len() };
            self.0.insert(path.to_owned(), stamp);
        }
    }
}

#[cfg(test)]
impl Files {
    /// Files of these sizes.
    pub fn of_sizes<'a>(sizes: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        let stamp = |bytes| Stamp { modified: None, bytes };
        Self(sizes.into_iter().map(|(path, bytes)| (path.into(), stamp(bytes))).collect())
    }
}

/// Hidden files, backups, and what Vim and Emacs keep beside a file that is open.
fn is_of_an_editor(name: &str) -> bool {
    name.starts_with(['.', '#']) || name.ends_with('~') || name == "4913"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crate that goes away with the test.
    struct Crate(PathBuf);

    impl Crate {
        fn new(name: &str) -> Self {
            let name = format!("stackctl-watch-{name}-{}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            let _ = fs::remove_dir_all(&folder);
            let made = Self(folder);
            made.save("Cargo.toml", "[package]");
            made.save("src/main.rs", "fn main() {}");
            made
        }

        fn save(&self, path: &str, text: &str) {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }

        fn look(&self) -> Files {
            Files::look(std::slice::from_ref(&self.0), &[self.0.join("stack.toml")])
        }

        fn changed_since(&self, before: &Files) -> Vec<String> {
            let names = self.look().changed_since(before).into_iter();
            names
                .map(|path| path.strip_prefix(&self.0).expect("ours").display().to_string())
                .collect()
        }
    }

    impl Drop for Crate {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_a_build_reads_is_looked_at() {
        let project = Crate::new("read");
        let before = project.look();
        assert_eq!(project.changed_since(&before), [""; 0]);
        project.save("src/main.rs", "fn main() { }");
        project.save("src/routes/new.rs", "");
        project.save("stack.toml", "name = 'x'");
        assert_eq!(
            project.changed_since(&before),
            ["src/main.rs", "src/routes/new.rs", "stack.toml"]
        );
        let before = project.look();
        fs::remove_file(project.0.join("stack.toml")).expect("it was there");
        assert_eq!(project.changed_since(&before), ["stack.toml"]);
    }

    #[test]
    fn what_no_build_reads_is_no_save() {
        let project = Crate::new("unread");
        let before = project.look();
        for path in [
            "target/watch/x",
            "tests/contract.rs",
            "src/.main.rs.swp",
            "src/main.rs~",
            "src/4913",
            "src/#main.rs#",
        ] {
            project.save(path, "new");
        }
        assert_eq!(project.changed_since(&before), [""; 0]);
    }
}
