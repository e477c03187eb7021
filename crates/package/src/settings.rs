//! What the user has told cargo already: we add to it and replace nothing.

use std::env;
use std::path::{Path, PathBuf};

use engine::error::Result;

use super::{Architecture, cfg, toolchain};

/// The part of cargo's settings that decides how our own reach rustc
/// (<https://doc.rust-lang.org/cargo/reference/config.html>).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) cargo_home: PathBuf,
    /// What the user tells rustc, one flag after another.
    pub(super) flags: Vec<String>,
    /// The user chose a linker for this target.
    pub(super) has_linker: bool,
    /// The user gave a date to whatever puts one into a program (<https://reproducible-builds.org/specs/source-date-epoch/>).
    pub(super) has_date: bool,
}

impl Settings {
    /// Reads the environment, and the files that cargo reads when it works in this folder.
    pub(super) async fn of_user(directory: &Path, architecture: Architecture) -> Result<Self> {
        let cargo_home = env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(env::home_dir()?.join(".cargo")))
            .unwrap_or_default();
        let said = Said {
            variable: Box::new(|name| env::var(name).ok()),
            files: files(directory, &cargo_home),
            target: architecture.target(),
            facts: Vec::new(),
        };
        let facts = if said.has_conditions() {
            toolchain::facts(directory, architecture).await?
        } else {
            Vec::new()
        };
        let said = Said { facts, ..said };
        let has_date = (said.variable)("SOURCE_DATE_EPOCH").is_some();
        Ok(Self { cargo_home, flags: said.flags(), has_linker: said.has_linker(), has_date })
    }

    /// The user compiles for the processor of this machine, which may know more than Lambda's.
    pub(super) fn has_native_processor(&self) -> bool {
        self.flags.iter().any(|flag| flag.ends_with("target-cpu=native"))
    }
}

/// The environment, by the names of its variables.
type Variables = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// All that says something, by its rank: variables, then files, the nearest first.
struct Said {
    variable: Variables,
    files: Vec<toml::Table>,
    target: &'static str,
    /// What rustc knows of the target, as it prints it: `unix`, `target_os="linux"`.
    facts: Vec<String>,
}

impl Said {
    /// Cargo reads the first of these places that has any
    /// (<https://doc.rust-lang.org/cargo/reference/config.html#buildrustflags>).
    fn flags(&self) -> Vec<String> {
        if let Some(flags) = (self.variable)("CARGO_ENCODED_RUSTFLAGS") {
            let flags = flags.split('\x1f').filter(|flag| !flag.is_empty());
            return flags.map(str::to_owned).collect();
        }
        if let Some(flags) = (self.variable)("RUSTFLAGS") {
            return words(&flags);
        }
        let mut flags =
            self.list(&["target", self.target, "rustflags"], &self.of_target("rustflags"));
        for condition in self.conditions().into_iter().filter(|condition| self.holds(condition)) {
            flags.extend(self.list(&["target", &condition, "rustflags"], ""));
        }
        if flags.is_empty() {
            return self.list(&["build", "rustflags"], "CARGO_BUILD_RUSTFLAGS");
        }
        flags
    }

    fn has_linker(&self) -> bool {
        let conditions = self.conditions().into_iter().filter(|condition| self.holds(condition));
        let mut tables = conditions.chain([self.target.to_owned()]);
        (self.variable)(&self.of_target("linker")).is_some()
            || tables.any(|table| !self.values(&["target", &table, "linker"]).is_empty())
    }

    fn of_target(&self, key: &str) -> String {
        format!("CARGO_TARGET_{}_{key}", self.target).to_uppercase().replace('-', "_")
    }

    fn has_conditions(&self) -> bool {
        !self.conditions().is_empty()
    }

    /// The `cfg(…)` of all files, each once.
    fn conditions(&self) -> Vec<String> {
        let tables = self.files.iter().filter_map(|file| file.get("target")?.as_table());
        let mut conditions: Vec<String> = tables
            .flat_map(toml::Table::keys)
            .filter(|key| key.starts_with("cfg("))
            .cloned()
            .collect();
        conditions.sort();
        conditions.dedup();
        conditions
    }

    fn holds(&self, condition: &str) -> bool {
        let known = |name: &str, value: Option<&str>| {
            let fact = value.map_or(name.to_owned(), |value| format!("{name}=\"{value}\""));
            Some(self.facts.contains(&fact))
        };
        cfg::holds(condition, &known) == Some(true)
    }

    /// The values of a key in all files that have it, the nearest first.
    fn values(&self, path: &[&str]) -> Vec<&toml::Value> {
        self.files.iter().filter_map(|file| at(file, path)).collect()
    }

    /// Lists are joined, that of the nearest file last and the variable after it; the nearest text stands alone.
    fn list(&self, path: &[&str], variable: &str) -> Vec<String> {
        let values = self.values(path);
        let mut flags = if let Some(toml::Value::String(text)) = values.first() {
            words(text)
        } else {
            let lists = values.iter().rev().filter_map(|value| value.as_array());
            lists.flatten().filter_map(toml::Value::as_str).map(str::to_owned).collect()
        };
        flags.extend((self.variable)(variable).iter().flat_map(|text| words(text)));
        flags
    }
}

fn at<'a>(file: &'a toml::Table, path: &[&str]) -> Option<&'a toml::Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(file.get(*first)?, |value, key| value.get(*key))
}

fn words(flags: &str) -> Vec<String> {
    flags.split_whitespace().map(str::to_owned).collect()
}

/// Files that include each other end here.
const DEEPEST: usize = 8;

/// Cargo's configuration files for a folder, the nearest first, as far as they can be read: cargo itself complains about
/// the others.
fn files(directory: &Path, cargo_home: &Path) -> Vec<toml::Table> {
    let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let mut folders: Vec<PathBuf> =
        directory.ancestors().map(|folder| folder.join(".cargo")).collect();
    if !folders.iter().any(|folder| folder == cargo_home) {
        folders.push(cargo_home.to_owned());
    }
    let mut found = Vec::new();
    for folder in folders {
        // Where both are there, cargo reads the older name.
        let names = ["config", "config.toml"].map(|name| folder.join(name));
        if let Some(path) = names.iter().find(|path| path.is_file()) {
            read(path, DEEPEST, &mut found);
        }
    }
    found
}

/// A file, and after it those that it includes: what it says itself counts more.
fn read(path: &Path, depth: usize, found: &mut Vec<toml::Table>) {
    let table = machine::read_text(path).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let Some(table) = table.filter(|_| depth > 0) else {
        return;
    };
    let included: Vec<PathBuf> = match table.get("include") {
        Some(toml::Value::Array(list)) => list.iter().filter_map(included).collect(),
        Some(one) => included(one).into_iter().collect(),
        None => Vec::new(),
    };
    found.push(table);
    let folder = path.parent().unwrap_or(path);
    for path in included.iter().rev() {
        read(&folder.join(path), depth - 1, found);
    }
}

fn included(entry: &toml::Value) -> Option<PathBuf> {
    entry.as_str().or_else(|| entry.get("path")?.as_str()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: [&str; 3] = ["unix", "target_os=\"linux\"", "target_arch=\"x86_64\""];

    /// What the variables and the files say, the nearest file first.
    fn said(variables: &[(&'static str, &'static str)], files: &[&str]) -> Said {
        let variables = variables.to_vec();
        Said {
            variable: Box::new(move |name| {
                let pair = variables.iter().find(|pair| pair.0 == name);
                pair.map(|pair| pair.1.to_owned())
            }),
            files: files.iter().map(|file| file.parse().expect("TOML")).collect(),
            target: Architecture::X86_64.target(),
            facts: LINUX.map(str::to_owned).to_vec(),
        }
    }

    fn flags(variables: &[(&'static str, &'static str)], files: &[&str]) -> String {
        said(variables, files).flags().join(" ")
    }

    const TARGET: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS";
    const BUILD: &str = "build.rustflags = ['--cfg', 'built']";

    #[test]
    fn cargo_reads_the_first_place_that_has_any() {
        let of_target = "target.x86_64-unknown-linux-gnu.rustflags = ['-Ctarget']";
        let of_condition =
            "target.'cfg(all(unix, target_arch = \"x86_64\"))'.rustflags = '-Ccondition'";
        assert_eq!(flags(&[], &[]), "");
        assert_eq!(flags(&[], &[BUILD]), "--cfg built");
        assert_eq!(flags(&[], &[BUILD, of_target]), "-Ctarget");
        assert_eq!(flags(&[], &[of_condition, BUILD, of_target]), "-Ctarget -Ccondition");
        assert_eq!(
            flags(&[(TARGET, "-Cvariable  -g")], &[BUILD, of_target]),
            "-Ctarget -Cvariable -g"
        );
        assert_eq!(flags(&[("RUSTFLAGS", " -C  opt-level=1 ")], &[of_target]), "-C opt-level=1");
        assert_eq!(flags(&[("RUSTFLAGS", "")], &[BUILD]), "", "empty is not absent");
        let encoded = ("CARGO_ENCODED_RUSTFLAGS", "--cfg\x1fx y");
        assert_eq!(said(&[encoded, ("RUSTFLAGS", "-O")], &[]).flags(), ["--cfg", "x y"]);
        assert_eq!(flags(&[("CARGO_BUILD_RUSTFLAGS", "-g")], &[BUILD]), "--cfg built -g");
    }

    #[test]
    fn what_is_for_another_machine_hides_nothing() {
        for other in
            ["'cfg(windows)'", "'cfg(not(unix))'", "aarch64-unknown-linux-gnu", "'cfg(own)'"]
        {
            let file =
                format!("{BUILD}\ntarget.{other}.rustflags = ['-g']\ntarget.{other}.linker = 'x'");
            assert_eq!(flags(&[], &[&file]), "--cfg built", "{other}");
            assert!(!said(&[], &[&file]).has_linker(), "{other}");
        }
        assert!(said(&[], &["target.'cfg(unix)'.linker = 'mold'"]).has_linker());
    }

    #[test]
    fn lists_are_joined_and_the_nearest_text_stands_alone() {
        let far = "build.rustflags = ['-Cfar']";
        assert_eq!(flags(&[], &[BUILD, far]), "-Cfar --cfg built");
        let (near, far) = ("build.rustflags = '-Cnear  -g'", "build.rustflags = '-Cfar'");
        assert_eq!(flags(&[], &[near, far]), "-Cnear -g");
    }

    #[test]
    fn a_processor_of_this_machine_is_noticed_where_it_counts() {
        let native = |flags: &str| Settings { flags: words(flags), ..Settings::default() };
        assert!(native("-C target-cpu=native").has_native_processor());
        assert!(native("-Ctarget-cpu=native").has_native_processor());
        assert!(!native("-Ctarget-cpu=haswell").has_native_processor());
    }

    #[test]
    fn files_are_found_as_cargo_finds_them() {
        let root = env::temp_dir().join(format!("stackctl-settings-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        let home = root.join(".cargo");
        for (path, text) in [
            (
                ".cargo/config.toml",
                "include = ['more.toml', { path = 'none.toml', optional = true }]\na = 1",
            ),
            (".cargo/more.toml", "b = 2"),
            ("h/.cargo/config", "c = 3"),
            ("h/.cargo/config.toml", "d = 4"),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let found = files(&root.join("h"), &home.canonicalize().expect("it is there"));
        let keys: Vec<String> = found.iter().flat_map(toml::Table::keys).cloned().collect();
        assert_eq!(keys, ["c", "a", "include", "b"]);
        let _ = std::fs::remove_dir_all(&root);
    }
}
