//! Flags, environment and `stack.toml` become one checked [`Config`].

pub mod auth;
mod check;
mod cron;
mod domain;
mod file;
mod function;
mod kinds;
mod names;
mod origin;
mod region;
mod schema;
pub mod secret;
mod site;
mod table;
mod trigger;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, io};

pub use auth::{Auth, Issuer, Pool};
pub use check::better_name;
pub use domain::{Domain, SiteNames, Zone};
pub use file::{Cors, nearest};
pub use function::{Budget, Function, FunctionKeys, LogPolicy};
pub use names::{ALIAS, API, DEFAULT_STAGE, LAMBDA, Names};
pub use region::regions;
pub use schema::SCHEMA;
use site::SiteKeys;
pub use site::{Fallback, Site};
pub use table::{Attribute, AttributeKind, DATA, Index, Projection, Table, Word};
pub use trigger::{DEAD_LETTERS, Kind, Queue, Schedule, Trigger};

use engine::error::{Error, Result};
use table::TableKeys;

/// Where a stack is described, unless `--config` says otherwise.
pub const FILE: &str = "stack.toml";

/// How long an HTTP API waits for a function:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const GATEWAY_SECONDS: i32 = 30;

/// What the stack shall be. Everything in it has been checked against the limits of AWS.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder of `stack.toml`: relative paths start here.
    pub root: PathBuf,
    pub name: String,
    pub stage: String,
    pub region: Option<String>,
    /// The only account that may be touched.
    pub account: Option<String>,
    /// The user's own tags, for everything that takes tags.
    pub tags: BTreeMap<String, String>,
    /// By their keys in the file: `data` is that of `[table]`.
    pub tables: BTreeMap<String, Table>,
    /// By their keys in the file: `api` is that of `[function]`. There is at least one.
    pub functions: BTreeMap<String, Function>,
    /// The key of the function that this run is about.
    pub about: String,
    pub cors: Cors,
    /// Absent where the API is open to everybody.
    pub auth: Option<Auth>,
    /// Whether this run may open routes to everybody that need a token now.
    pub opens: bool,
    /// The frontend, where the file says of one.
    pub site: Option<Site>,
    /// Names of the stack's own, where the file says some.
    pub domain: Option<Domain>,
    pub names: Names,
}

impl Config {
    /// Reads and checks the file at `path` for one stage.
    pub fn load(path: &Path, stage: Option<&str>) -> Result<Self> {
        refuse_a_link_out(path)?;
        let text = machine::read_text(path).map_err(|error| unreadable(path, &error))?;
        let root = match path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        Self::parse(&text, stage.unwrap_or(DEFAULT_STAGE), root)
    }

    /// A stack of which nothing but its name is known: enough to find everything.
    pub fn named(name: &str, stage: Option<&str>) -> Result<Self> {
        let text = format!("name = {}", toml::Value::from(name));
        Self::parse(&text, stage.unwrap_or(DEFAULT_STAGE), PathBuf::from("."))
    }

    /// Checks a text that is to become the file of `root`, for the default stage.
    pub fn from_text(text: &str, root: PathBuf) -> Result<Self> {
        Self::parse(text, DEFAULT_STAGE, root)
    }

    fn parse(text: &str, stage: &str, root: PathBuf) -> Result<Self> {
        let file = file::parse(text, stage)?;
        check::name("name", &file.name)?;
        check::name("stage", stage)?;
        let names = Names::of(&file.name, stage);
        let tables = file
            .tables
            .unwrap_or_else(|| BTreeMap::from([(DATA.to_owned(), TableKeys::default())]));
        let tables = tables.into_iter().map(|(key, keys)| {
            check::name("tables", &key)?;
            Ok((key.clone(), Table::of(&key, names.table(&key), keys)?))
        });
        let functions = file
            .functions
            .filter(|functions| !functions.is_empty())
            .unwrap_or_else(|| BTreeMap::from([(API.to_owned(), FunctionKeys::default())]));
        let functions = functions.into_iter().map(|(key, settings)| {
            check::name("functions", &key)?;
            Ok((key.clone(), Function::of(&key, &names, settings)?))
        });
        let functions = functions.collect::<Result<BTreeMap<_, _>>>()?;
        let auth = file.auth.map(Auth::of).transpose()?;
        let mut cors = file.api.cors;
        if auth.is_some() {
            auth::allow_tokens(&mut cors)?;
        }
        let has_site = file.site.is_some();
        let config = Self {
            about: main_function(&functions),
            functions,
            tables: tables.collect::<Result<_>>()?,
            site: file.site.map(|keys| Site::of(&names, keys)).transpose()?,
            domain: file.domain.map(|keys| Domain::of(keys, has_site)).transpose()?,
            names,
            root,
            name: file.name,
            stage: stage.to_owned(),
            region: file.region,
            account: file.account,
            tags: file.tags,
            cors,
            auth,
            opens: false,
        };
        check::limits(&config)?;
        Ok(config)
    }

    /// What is allowed, and seldom meant.
    pub fn notes(&self) -> Vec<String> {
        let late = self.functions.values().filter(|one| one.settings.timeout > GATEWAY_SECONDS);
        let note = |function: &Function| {
            format!(
                "note: `{}.timeout` is {} s, and API Gateway gives up after {GATEWAY_SECONDS} s",
                function.place(),
                function.settings.timeout
            )
        };
        late.map(note).collect()
    }

    /// The function that this run is about: the one that was named, else `api`, else the first.
    pub fn function(&self) -> &Function {
        &self.functions[&self.about]
    }

    /// The same stack, for work on one of its functions.
    #[must_use]
    pub fn about(&self, key: &str) -> Self {
        Self { about: key.to_owned(), ..self.clone() }
    }

    /// The same stack, for work on the function that `--function` names.
    pub fn about_named(self, key: Option<&str>) -> Result<Self> {
        let Some(key) = key else { return Ok(self) };
        if self.functions.contains_key(key) {
            return Ok(self.about(key));
        }
        let keys: Vec<&str> = self.functions.keys().map(String::as_str).collect();
        Err(Error::usage(format!("`stack.toml` has no function `{key}`"))
            .hint(format!("its functions are: {}", keys.join(", "))))
    }

    /// Sets the budget of each function that has none.
    pub fn budget_unless_set(&mut self, budget: Budget) {
        let unset = |function: &&mut Function| function.settings.budget == Budget::default();
        for function in self.functions.values_mut().filter(unset) {
            function.settings.budget = budget;
        }
    }

    /// Forgets the boundaries: where the account is another one, the policies that they name are not there.
    pub fn unbound(&mut self) {
        for function in self.functions.values_mut() {
            function.settings.boundary.clear();
        }
    }

    /// Forgets what is in the account alone: the zone and the certificate that the file names.
    pub fn name_locally(&mut self) {
        let Some(domain) = &mut self.domain else { return };
        if let Zone::Given(_) = domain.zone {
            domain.zone = Zone::Found;
        }
        if let Some(site) = &mut domain.site {
            site.certificate = None;
        }
    }

    /// Lets a pool of the local cloud issue the tokens: the issuer of the file does not reach this machine.
    pub fn authenticate_locally(&mut self) {
        let local = || Auth::locally(self.names.users(), &self.cors);
        self.auth = self.auth.as_ref().map(|_| local());
    }

    /// Adds a function of the stack that the file does not say.
    pub fn add_function(&mut self, key: &str) {
        let function = Function::untriggered(key, &self.names, FunctionKeys::default());
        self.functions.entry(key.to_owned()).or_insert(function);
    }

    /// The same about a function that this starts, whatever the file says.
    #[must_use]
    pub fn with_trigger(&self, key: &str, kind: Kind) -> Self {
        let mut config = self.about(key);
        config.add_function(key);
        if let Some(function) = config.functions.get_mut(key) {
            function.trigger = Some(Trigger::named(kind, &self.names.function(key)));
        }
        config
    }

    /// The stack as if the function that this run is about were its only one.
    #[must_use]
    pub fn alone(&self) -> Self {
        let mut alone = self.clone();
        alone.functions.retain(|key, _| *key == self.about);
        alone.site = None;
        alone.domain = None;
        alone
    }

    /// One for each function of the stack.
    pub fn each_function(&self) -> impl Iterator<Item = Self> {
        self.functions.keys().map(|key| self.about(key))
    }

    /// The table that our own form of handler works on: `data`, else the first.
    pub fn main(&self) -> Option<&Table> {
        self.tables.get(DATA).or_else(|| self.tables.values().next())
    }

    /// The queues of the stack, by the keys of the functions that they start.
    pub fn queues(&self) -> impl Iterator<Item = (&str, &Queue)> {
        self.functions.values().filter_map(|function| match &function.trigger {
            Some(Trigger::Queue(queue)) => Some((function.key.as_str(), queue)),
            _ => None,
        })
    }

    /// Whether the changes of a table start a function.
    pub fn is_streamed(&self, table: &str) -> bool {
        let stream = |function: &Function| matches!(&function.trigger, Some(Trigger::Stream(key)) if key == table);
        self.functions.values().any(stream)
    }

    /// Adds a table of the stack that the file does not say.
    pub fn add_table(&mut self, name: &str) {
        let mut table = Table::named(name);
        while self.tables.contains_key(&table.key) {
            table.key.push_str("-table");
        }
        self.tables.insert(table.key.clone(), table);
    }

    /// Adds the site that a stack of this name would have, where the file says of none.
    pub fn add_site(&mut self) -> Result<()> {
        if self.site.is_none() {
            self.site = Some(Site::of(&self.names, SiteKeys::default())?);
        }
        Ok(())
    }

    /// What the file calls that table.
    pub fn main_key(&self) -> String {
        self.main().map_or_else(|| DATA.to_owned(), |table| table.key.clone())
    }

    /// The name of that table; where there is none, the name that it would have.
    pub fn main_table(&self) -> String {
        self.main().map_or_else(|| self.names.table(DATA), |table| table.name.clone())
    }

    /// The same stack under another name, in the default stage, where the account's boundary is not there and no token is
    /// asked for; the data in it is nobody's.
    #[must_use]
    pub fn throwaway(&self, name: String) -> Self {
        let names = Names::of(&name, DEFAULT_STAGE);
        let table = |(key, table): (&String, &Table)| {
            let name = names.table(key);
            (key.clone(), Table { name, recovery: false, protection: false, ..table.clone() })
        };
        let function = |(key, function): (&String, &Function)| {
            let settings = FunctionKeys { boundary: String::new(), ..function.settings.clone() };
            (key.clone(), Function::untriggered(key, &names, settings))
        };
        Self {
            tables: self.tables.iter().map(table).collect(),
            functions: self.functions.iter().map(function).collect(),
            site: None,
            domain: None,
            name,
            names,
            stage: DEFAULT_STAGE.to_owned(),
            auth: None,
            ..self.clone()
        }
    }

    /// The environment of the function: what the file says, the names of the tables, and how it knows its caller.
    pub fn environment(&self) -> impl Iterator<Item = (&str, String)> {
        let setting = self.auth.as_ref().map_or_else(|| auth::OPEN.to_owned(), Auth::setting);
        let said = self.environment_of(self.function());
        said.map(|(name, value)| (name, value.to_owned())).chain([(auth::VARIABLE, setting)])
    }

    fn environment_of<'a>(
        &'a self,
        function: &'a Function,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let own = self.tables.values().map(|table| (table.env.as_str(), table.name.as_str()));
        let said = function.settings.environment.iter();
        own.chain(said.map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// The key of `api`, else of the first.
fn main_function(functions: &BTreeMap<String, Function>) -> String {
    let first = functions.keys().next().cloned().unwrap_or_default();
    if functions.contains_key(API) { API.to_owned() } else { first }
}

/// Whether `--region` can name a region.
pub fn check_region(region: &str) -> Result<()> {
    region::check("--region", region)
}

/// Whether a stack can be called so, and everything in the cloud after it.
pub fn check_name(name: &str) -> Result<()> {
    Config::named(name, None).map(|_| ())
}

/// The file that is meant: `stack.toml` is looked for in the folders above, too, as cargo and git look for theirs.
pub fn found(path: &Path) -> PathBuf {
    if path != Path::new(FILE) || path.exists() {
        return path.to_owned();
    }
    let above = env::current_dir().ok().and_then(|here| {
        let depth = here.ancestors().skip(1).position(|folder| folder.join(FILE).is_file())?;
        Some(Path::new(&"../".repeat(depth + 1)).join(FILE))
    });
    above.unwrap_or_else(|| path.to_owned())
}

/// A project that was only looked at has no say in which files are read: errors quote them.
fn refuse_a_link_out(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    match (path.canonicalize(), folder.canonicalize()) {
        (Ok(file), Ok(folder)) if path.is_symlink() && !file.starts_with(&folder) => {
            let message = format!("`{}` is a link that leads out of its folder", path.display());
            let hint = format!("name the file itself: `--config {}`", file.display());
            Err(Error::usage(message).hint(hint))
        }
        _ => Ok(()),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    let path = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        return Error::usage(format!("there is no `{path}` here or in a folder above"))
            .hint("go to the project's folder, name the file with `--config`, or create a project with `stackctl init`");
    }
    Error::usage(format!("`{path}` cannot be read")).cause(error)
}

/// Where Node.js is, if it is on the `PATH`.
pub fn node() -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join("node")).find(|node| node.is_file())
}

/// Where the local cloud lives, from the environment: `STACKCTL_CACHE_DIR`, `STACKCTL_LOCAL_DIR`,
/// `STACKCTL_LOCAL_PORT`, else a folder of ours in the user's cache folder.
pub fn local_cloud(port: Option<u16>) -> Result<local_cloud::Settings> {
    let cache = match path_from("STACKCTL_CACHE_DIR") {
        Some(cache) => cache,
        None => cache_folder()?.join("stackctl"),
    };
    let directory = path_from("STACKCTL_LOCAL_DIR").unwrap_or_else(|| cache.join("local"));
    let port = match (port, env::var("STACKCTL_LOCAL_PORT")) {
        (None, Ok(text)) => Some(
            text.parse()
                .map_err(|_| Error::usage(format!("`STACKCTL_LOCAL_PORT={text}` is not a port")))?,
        ),
        (port, _) => port,
    };
    Ok(local_cloud::Settings { cache, directory, port, node: node() })
}

fn cache_folder() -> Result<PathBuf> {
    // "All paths must be absolute": https://specifications.freedesktop.org/basedir/latest
    if let Some(folder) = path_from("XDG_CACHE_HOME").filter(|folder| folder.is_absolute()) {
        return Ok(folder);
    }
    let home = path_from("HOME");
    let home = home
        .ok_or_else(|| Error::environment("`HOME` is not set").hint("set `STACKCTL_CACHE_DIR`"))?;
    Ok(home.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }))
}

/// What the environment says of the terminal.
pub struct Terminal {
    /// <https://no-color.org>
    pub no_color: bool,
    /// Nobody watches lines that are redrawn.
    pub ci: bool,
}

/// `NO_COLOR` and `CI`.
pub fn terminal() -> Terminal {
    Terminal { no_color: path_from("NO_COLOR").is_some(), ci: path_from("CI").is_some() }
}

fn path_from(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A checked config for tests of other modules.
    pub fn config(text: &str) -> Result<Config> {
        of_stage(text, DEFAULT_STAGE)
    }

    /// The same for another stage.
    pub fn of_stage(text: &str, stage: &str) -> Result<Config> {
        Config::parse(text, stage, PathBuf::from("."))
    }

    #[test]
    fn the_function_learns_its_table_from_the_environment() {
        let config =
            config("name = \"app\"\n[function.environment]\nMODE = \"quiet\"").expect("valid");
        let environment: Vec<_> = config.environment().collect();
        let expected = [("TABLE_NAME", "app-data"), ("MODE", "quiet"), ("AUTH", "none")];
        assert_eq!(environment, expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn a_function_that_the_gateway_does_not_wait_for_is_noted() {
        let notes = |seconds: i32| {
            config(&format!("name = \"app\"\nfunction.timeout = {seconds}")).expect("valid").notes()
        };
        assert!(notes(30).is_empty());
        assert!(notes(31)[0].contains("31 s"));
    }
}
