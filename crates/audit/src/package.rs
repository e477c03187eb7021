//! Finds packages, their binaries and what they depend on, from `Cargo.toml` alone.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Component, Path, PathBuf};

use toml::{Table, Value};

use crate::Refused;
use crate::lock::Lock;

/// What one audit reads: the packages asked for, and those that they reach by path.
pub struct Project {
    /// Paths of the report are relative to this folder.
    pub root: PathBuf,
    pub packages: Vec<Package>,
    /// The packages whose binaries are reported.
    pub audited: Vec<usize>,
    pub lock: Lock,
    /// What was not readable, for people.
    pub notes: Vec<String>,
}

pub struct Package {
    pub name: String,
    pub folder: PathBuf,
    pub library: Option<Library>,
    pub binaries: Vec<Binary>,
    /// By the name that the source uses.
    pub dependencies: BTreeMap<String, Dependency>,
}

pub struct Library {
    pub name: String,
    pub path: PathBuf,
}

pub struct Binary {
    pub name: String,
    pub path: PathBuf,
}

pub enum Dependency {
    /// A package that is read, too.
    Member(usize),
    /// A crate of a registry or of git, by its real name with underscores.
    Foreign(String),
}

struct Finder {
    packages: Vec<Package>,
    known: HashMap<PathBuf, Option<usize>>,
    notes: Vec<String>,
}

/// Reads the project of a folder.
///
/// # Errors
/// When the folder has no readable `Cargo.toml`.
pub fn find(folder: &Path) -> Result<Project, Refused> {
    let folder = fs::canonicalize(folder)
        .map_err(|error| Refused::new(format!("{} cannot be opened: {error}", folder.display())))?;
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(Refused::new(format!(
            "{} has no Cargo.toml: give the folder of a Cargo package or workspace",
            folder.display()
        )));
    }
    let table = read(&manifest)?;
    let workspace = workspace_of(&folder, &table);
    let root = workspace.as_ref().map_or_else(|| folder.clone(), |(path, _)| path.clone());
    let mut finder = Finder { packages: Vec::new(), known: HashMap::new(), notes: Vec::new() };
    let shared = workspace.map(|(_, table)| table).unwrap_or_default();
    let mut folders = Vec::new();
    if table.contains_key("package") {
        folders.push(folder.clone());
    }
    if let Some(members) = table.get("workspace").and_then(Value::as_table) {
        folders.extend(member_folders(&folder, members));
    }
    let mut audited = Vec::new();
    for member in folders {
        match finder.load(&member, &root, &shared) {
            Some(index) if !audited.contains(&index) => audited.push(index),
            _ => {}
        }
    }
    Ok(Project {
        lock: Lock::near(&root),
        root,
        packages: finder.packages,
        audited,
        notes: finder.notes,
    })
}

fn read(path: &Path) -> Result<Table, Refused> {
    let text = crate::source::text(path)?;
    text.parse::<Table>().map_err(|error| {
        Refused::new(format!("{} is not valid TOML: {}", path.display(), error.message()))
    })
}

/// The workspace that a folder belongs to: its own, or that of a folder above.
fn workspace_of(folder: &Path, table: &Table) -> Option<(PathBuf, Table)> {
    if table.contains_key("workspace") {
        return Some((folder.to_owned(), table.clone()));
    }
    for above in folder.ancestors().skip(1).take(12) {
        let manifest = above.join("Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        let Ok(table) = read(&manifest) else { continue };
        let Some(workspace) = table.get("workspace").and_then(Value::as_table) else {
            continue;
        };
        if member_folders(above, workspace).iter().any(|member| member == folder) {
            return Some((above.to_owned(), table));
        }
    }
    None
}

/// More than any workspace has.
const MOST_MEMBERS: usize = 1_000;
/// Each star multiplies the work of a comparison.
const MOST_STARS: usize = 4;

/// The folders of a workspace's members, globs expanded.
fn member_folders(root: &Path, workspace: &Table) -> Vec<PathBuf> {
    let texts = |key: &str| -> Vec<String> {
        workspace
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect()
    };
    let excluded: Vec<PathBuf> = texts("exclude").iter().map(|path| root.join(path)).collect();
    let mut found = Vec::new();
    for pattern in texts("members") {
        let mut folders = vec![root.to_owned()];
        for part in Path::new(&pattern).components() {
            let next = folders.iter().flat_map(|folder| step(root, folder, part));
            folders = next.take(MOST_MEMBERS).collect();
        }
        found.extend(folders);
    }
    found.retain(|folder| {
        folder.join("Cargo.toml").is_file() && !excluded.iter().any(|out| folder.starts_with(out))
    });
    found.sort();
    found.dedup();
    found
}

fn step(root: &Path, folder: &Path, part: Component) -> Vec<PathBuf> {
    let Component::Normal(name) = part else {
        return vec![normal(&folder.join(part))];
    };
    let name = name.to_string_lossy();
    if !name.contains(['*', '?']) {
        return vec![folder.join(name.as_ref())];
    }
    // A pattern that leads out of the workspace would have all of the disk read.
    let is_short = name.matches('*').count() <= MOST_STARS;
    let entries = fs::read_dir(folder).ok().filter(|_| is_short && folder.starts_with(root));
    entries
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_dir() && glob(&name, &entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect()
}

/// `*` and `?` of one component of a path.
fn glob(pattern: &str, name: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    match pattern_rest.next() {
        None => name.is_empty(),
        Some('*') => (0..=name.len())
            .filter(|at| name.is_char_boundary(*at))
            .any(|at| glob(pattern_rest.as_str(), &name[at..])),
        Some(expected) => {
            let mut name_rest = name.chars();
            name_rest.next().is_some_and(|found| expected == '?' || found == expected)
                && glob(pattern_rest.as_str(), name_rest.as_str())
        }
    }
}

/// Without `.` and `..`, so that a folder has one name.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

impl Finder {
    /// The package of a folder; `None` when it cannot be read, with a note.
    fn load(&mut self, folder: &Path, root: &Path, shared: &Table) -> Option<usize> {
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| normal(folder));
        if let Some(known) = self.known.get(&folder) {
            return *known;
        }
        self.known.insert(folder.clone(), None);
        let table = match read(&folder.join("Cargo.toml")) {
            Ok(table) => table,
            Err(refused) => {
                self.notes.push(refused.to_string());
                return None;
            }
        };
        let name = table.get("package")?.get("name")?.as_str()?.to_owned();
        let (binaries, library) = targets(&folder, &name, &table);
        let index = self.packages.len();
        self.packages.push(Package {
            name,
            folder: folder.clone(),
            library,
            binaries,
            dependencies: BTreeMap::new(),
        });
        self.known.insert(folder.clone(), Some(index));
        // A package outside the workspace inherits from its own.
        let own;
        let (root, shared) = if folder.starts_with(root) {
            (root, shared)
        } else {
            own = workspace_of(&folder, &table).unwrap_or_else(|| (folder.clone(), Table::new()));
            (own.0.as_path(), &own.1)
        };
        let dependencies = self.dependencies(&folder, &table, root, shared);
        self.packages[index].dependencies = dependencies;
        Some(index)
    }

    fn dependencies(
        &mut self,
        folder: &Path,
        table: &Table,
        root: &Path,
        shared: &Table,
    ) -> BTreeMap<String, Dependency> {
        let mut found = BTreeMap::new();
        let inherited = shared
            .get("workspace")
            .and_then(|workspace| workspace.get("dependencies"))
            .and_then(Value::as_table);
        for (key, value) in dependency_tables(table) {
            let of_workspace = value.get("workspace").and_then(Value::as_bool) == Some(true);
            let (base, value) = match inherited.and_then(|all| all.get(key)) {
                Some(inherited) if of_workspace => (root, inherited),
                _ => (folder, value),
            };
            let text = |field: &str| value.get(field).and_then(Value::as_str);
            let package = text("package").unwrap_or(key);
            let member = text("path").and_then(|path| self.load(&base.join(path), root, shared));
            let dependency = match member {
                Some(member) => Dependency::Member(member),
                None => Dependency::Foreign(package.replace('-', "_")),
            };
            let name = match (&dependency, text("package")) {
                (Dependency::Member(member), None) => self.packages[*member]
                    .library
                    .as_ref()
                    .map_or_else(|| key.replace('-', "_"), |library| library.name.clone()),
                _ => key.replace('-', "_"),
            };
            found.insert(name, dependency);
        }
        found
    }
}

fn dependency_tables(table: &Table) -> Vec<(&String, &Value)> {
    let direct = table.get("dependencies").and_then(Value::as_table);
    let targets = table.get("target").and_then(Value::as_table);
    let of_targets = targets.into_iter().flat_map(|targets| {
        targets.values().filter_map(|target| target.get("dependencies").and_then(Value::as_table))
    });
    direct.into_iter().chain(of_targets).flatten().collect()
}

fn targets(folder: &Path, package: &str, table: &Table) -> (Vec<Binary>, Option<Library>) {
    let library_table = table.get("lib");
    let of_library = |key: &str| library_table?.get(key)?.as_str();
    let path = folder.join(of_library("path").unwrap_or("src/lib.rs"));
    let library = path
        .is_file()
        .then(|| Library { name: of_library("name").unwrap_or(package).replace('-', "_"), path });
    let mut binaries: Vec<Binary> = Vec::new();
    for binary in table.get("bin").and_then(Value::as_array).into_iter().flatten() {
        let Some(name) = binary.get("name").and_then(Value::as_str) else {
            continue;
        };
        let path = match binary.get("path").and_then(Value::as_str) {
            Some(path) => Some(folder.join(path)),
            None => default_paths(folder, name, package).into_iter().find(|path| path.is_file()),
        };
        binaries.extend(path.map(|path| Binary { name: name.to_owned(), path: normal(&path) }));
    }
    let automatic =
        table.get("package").and_then(|package| package.get("autobins")).and_then(Value::as_bool)
            != Some(false);
    if automatic {
        for found in automatic_binaries(folder, package) {
            if !binaries.iter().any(|known| known.path == found.path || known.name == found.name) {
                binaries.push(found);
            }
        }
    }
    (binaries, library)
}

fn default_paths(folder: &Path, name: &str, package: &str) -> Vec<PathBuf> {
    let bin = folder.join("src/bin");
    let mut paths = vec![bin.join(format!("{name}.rs")), bin.join(name).join("main.rs")];
    if name == package {
        paths.insert(0, folder.join("src/main.rs"));
    } else {
        paths.push(folder.join("src/main.rs"));
    }
    paths
}

fn automatic_binaries(folder: &Path, package: &str) -> Vec<Binary> {
    let mut found = Vec::new();
    let main = folder.join("src/main.rs");
    if main.is_file() {
        found.push(Binary { name: package.to_owned(), path: main });
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(folder.join("src/bin"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    for entry in entries {
        let name = |text: Option<&std::ffi::OsStr>| text.map(|text| text.to_string_lossy().into());
        let (name, path) = if entry.is_dir() {
            (name(entry.file_name()), entry.join("main.rs"))
        } else if entry.extension().is_some_and(|end| end == "rs") {
            (name(entry.file_stem()), entry.clone())
        } else {
            continue;
        };
        if let (Some(name), true) = (name, path.is_file()) {
            found.push(Binary { name, path });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_looked_for_within_the_workspace() {
        let above = std::env::temp_dir().join(format!("stackctl-members-{}", std::process::id()));
        for folder in ["ws/a", "ws/b", "beside"] {
            fs::create_dir_all(above.join(folder)).expect("a folder");
            fs::write(above.join(folder).join("Cargo.toml"), "").expect("a file");
        }
        let members = |patterns: &str| {
            let table: Table = format!("members = {patterns}").parse().expect("TOML");
            let root = above.join("ws");
            let found = member_folders(&root, &table).into_iter();
            found.map(|path| path.strip_prefix(&above).map(Path::to_owned)).collect::<Vec<_>>()
        };
        let paths = |paths: &[&str]| paths.iter().map(|path| Ok(path.into())).collect::<Vec<_>>();
        assert_eq!(members(r#"["*"]"#), paths(&["ws/a", "ws/b"]));
        assert_eq!(members(r#"["a", "../beside"]"#), paths(&["beside", "ws/a"]));
        let disk = r#"["/*", "/**/*", "../*", "../../**", "*a*a*a*a*a*a*a*a*a*a*a*a*"]"#;
        assert_eq!(members(disk), paths(&[]));
        fs::remove_dir_all(&above).expect("it is ours");
    }
}
