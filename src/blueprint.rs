//! What the code of a function asks the stack for: requests and rights. A handler of our own form declares them; of any
//! other program an audit of its source finds them, and `stack.toml` says what the audit cannot see.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use audit::{Audited, Report};
use engine::error::{Error, Result};
use verify::manifest::{Manifest, Route, Site};
use verify::rights::{On, Origin, Place, Rights, Undecided};

use crate::cloud::Identity;
use crate::config::{Config, Function, Trigger};
use crate::proof::{self, Question};
use crate::{manifest, route_keys};
use iam::document::Document;

/// Every request: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>
const EVERY_PATH: [&str; 2] = ["/", "/{proxy+}"];

/// What starts functions that take no requests of an API, in the words of the audit.
const NOT_REQUESTS: [&str; 9] = [
    "cognito",
    "dynamodb-stream",
    "eventbridge",
    "kinesis",
    "s3",
    "schedule",
    "sns",
    "sqs",
    "websocket",
];

/// How the program says what it needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// `operations!` and `routes!`; every answer carries `x-function-version`.
    #[default]
    Declared,
    /// Its source was audited.
    Audited,
}

/// Routes and rights of one function.
#[derive(Debug, Clone, Default)]
pub struct Blueprint {
    pub form: Form,
    /// Of an audited program only the routes are known.
    pub manifest: Manifest,
    pub rights: Rights,
    /// Whether its source mentions what the gateway says of a verified user.
    pub knows_users: bool,
}

/// What the code of each function asks for, by the keys of `stack.toml`.
pub type Blueprints = BTreeMap<String, Blueprint>;

/// Reads the crates of all functions.
pub fn read_all(config: &Config) -> Result<Blueprints> {
    let mut reports = Reports::default();
    let read = |config: Config| {
        let sources = manifest::sources(&folder(&config))?;
        let blueprint = Blueprint::of_sources(&config, &sources, &mut reports)?;
        Ok((config.function().key.clone(), blueprint))
    };
    config.each_function().map(read).collect()
}

/// The audits of this run, by folder: functions may be binaries of one package.
#[derive(Default)]
pub struct Reports(BTreeMap<PathBuf, Report>);

impl Reports {
    fn of(&mut self, folder: &Path, doing: &str) -> Result<&Report> {
        match self.0.entry(folder.to_owned()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let report = audit::audit(folder);
                Ok(new.insert(report.map_err(|refused| Error::failed(doing).cause(refused))?))
            }
        }
    }
}

/// Where the crate of the function is that `config` is about.
fn folder(config: &Config) -> PathBuf {
    config.root.join(&config.function().settings.crate_directory)
}

/// What proves a version of each.
pub fn questions(config: &Config, blueprints: &Blueprints) -> BTreeMap<String, Question> {
    let one = |(key, blueprint): (&String, &Blueprint)| {
        (key.clone(), blueprint.question(&config.about(key)))
    };
    blueprints.iter().map(one).collect()
}

impl Blueprint {
    /// Reads the crate of the function.
    pub fn read(config: &Config) -> Result<Self> {
        let sources = manifest::sources(&folder(config))?;
        Self::of_sources(config, &sources, &mut Reports::default())
    }

    /// The same, from the files of the crate that cargo compiles.
    pub fn of_sources(
        config: &Config,
        sources: &[(String, String)],
        reports: &mut Reports,
    ) -> Result<Self> {
        let mut blueprint = if declares(sources) {
            let manifest = manifest::of_sources(sources)?;
            let rights = Rights::of_manifest(&manifest, &config.main_key());
            Self { form: Form::Declared, manifest, rights, ..Self::default() }
        } else {
            audited(config, reports)?
        };
        blueprint.knows_users = sources.iter().any(|(_, text)| text.contains(CLAIMS));
        if config.function().trigger.is_some() {
            blueprint.manifest.routes.clear();
        }
        if !config.function().settings.routes.is_empty() {
            blueprint.manifest.routes = routes(&config.function().settings.routes, "stack.toml");
        }
        if let Some(trigger) = &config.function().trigger {
            blueprint.rights.add_stack(&fed_by(trigger));
        }
        blueprint.rights.add_stack(&read_secrets(config));
        blueprint.rights = config.with_access(config.function(), blueprint.rights)?;
        Ok(blueprint)
    }

    /// The policy of the function's role, once the account is known; `None` when it needs no rights but those of its log.
    pub fn policy(&self, config: &Config) -> Option<impl Fn(&Identity) -> Document + use<>> {
        let rights = self.rights.clone();
        let tables = config.tables.values();
        let tables: BTreeMap<String, String> =
            tables.map(|table| (table.key.clone(), table.name.clone())).collect();
        (!rights.is_empty()).then_some(move |identity: &Identity| {
            let Identity { account, partition, region } = identity;
            rights.document(&Place { partition, region, account, tables: &tables })
        })
    }

    /// What proves a version of it: the request of the file, else the shortest `GET` without parameters.
    pub fn question(&self, config: &Config) -> Question {
        let health =
            config.function().settings.health.split_once(' ').map(|(_, path)| path.to_owned());
        let has_users = config.auth.is_some();
        let path = health.or_else(|| proof::asked(&self.manifest, has_users));
        let is_public = |path: &String| {
            let taken = route_keys::of_request(&self.manifest.routes, "GET", path);
            taken.is_some_and(|(at, _)| self.manifest.routes[at].public)
        };
        Question {
            needs_token: has_users && !path.as_ref().is_some_and(is_public),
            path,
            form: self.form,
            takes_requests: self.takes_requests(),
        }
    }

    /// The rights that no declaration names.
    pub fn beyond_the_declaration(&self) -> Rights {
        let mut rights = self.rights.clone();
        rights.grants.retain(|grant| grant.from != Origin::Declaration);
        rights
    }

    /// Whether requests of the API reach it.
    pub fn takes_requests(&self) -> bool {
        !self.manifest.routes.is_empty()
    }

    /// The lines whose rights nothing decides; the keys of the function are at `place` in `stack.toml`.
    pub fn notes(&self, place: &str) -> Vec<String> {
        let line = |open: &Undecided| {
            format!(
                "note: {}: {}; if it needs a right, name it under `[{place}.access]`",
                open.site, open.message
            )
        };
        self.rights.undecided.iter().map(line).collect()
    }
}

/// The member of an event with the verified user, which code that reads it names.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>
const CLAIMS: &str = "authorizer";

/// Whether the files have a declaration of our own form.
fn declares(sources: &[(String, String)]) -> bool {
    sources.iter().any(|(_, text)| text.contains("operations!"))
}

fn audited(config: &Config, reports: &mut Reports) -> Result<Blueprint> {
    let doing = format!("audit `{}`", config.function().settings.crate_directory);
    let report = reports.of(&folder(config), &doing)?;
    let function = chosen(&report.functions, config.function(), &doing)?;
    let found: Vec<String> = if takes_every_path(function) {
        EVERY_PATH.iter().map(|path| format!("ANY {path}")).collect()
    } else {
        function.routes.clone().unwrap_or_default()
    };
    let found: BTreeSet<String> = found.iter().flat_map(|route| each_method(route)).collect();
    let found: Vec<String> = found.into_iter().collect();
    let manifest = Manifest { routes: routes(&found, &function.main), ..Manifest::default() };
    route_keys::check(&manifest)?;
    Ok(Blueprint {
        form: Form::Audited,
        manifest,
        rights: Rights::of_audit(function, &config.known(config.function())),
        knows_users: false,
    })
}

/// Whether a program takes requests and its source does not show which.
pub fn takes_every_path(function: &Audited) -> bool {
    function.routes.as_ref().is_none_or(Vec::is_empty) && !NOT_REQUESTS.contains(&function.trigger)
}

/// A route for each method that a program takes on a path; the gateway answers `OPTIONS` itself.
fn each_method(route: &str) -> Vec<String> {
    match route.split_once(' ') {
        Some(("ANY", path)) => {
            route_keys::METHODS.iter().map(|method| format!("{method} {path}")).collect()
        }
        Some(("OPTIONS", _)) | None => Vec::new(),
        Some(_) => vec![route.to_owned()],
    }
}

/// The function that the file names; without a name the one that Lambda would start, or the only one.
fn chosen<'a>(functions: &'a [Audited], of: &Function, doing: &str) -> Result<&'a Audited> {
    let (bin, place) = (of.settings.bin.as_str(), of.place());
    let name = if bin.is_empty() { "bootstrap" } else { bin };
    let named = functions.iter().find(|function| function.binary == name);
    let only = || functions.first().filter(|_| bin.is_empty() && functions.len() == 1);
    named.or_else(only).ok_or_else(|| {
        let names: BTreeSet<&str> = functions.iter().map(|one| one.binary.as_str()).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let error = Error::usage(format!("failed to {doing}"));
        if functions.is_empty() {
            return error.cause("no binary of it is a Lambda function").hint(
                "a Lambda function calls `lambda_runtime::run` or `lambda_http::run` from `main`",
            );
        }
        error
            .cause(format!("its Lambda functions are: {names}"))
            .hint(format!("set `{place}.bin` in `stack.toml` to one of them"))
    })
}

/// Such as `GET /items/{id}`, which the configuration or the audit has read already.
fn routes(keys: &[String], file: &str) -> Vec<Route> {
    let route = |key: &String| {
        let (public, key) = public_or_not(key);
        let (method, path) = key.split_once(' ')?;
        let (method, path) = (method.to_owned(), path.to_owned());
        let site = Site { file: file.to_owned(), line: 1 };
        Some(Route { method, path, public, operations: Vec::new(), site })
    };
    keys.iter().filter_map(route).collect()
}

/// `public GET /health` takes requests without a token.
fn public_or_not(route: &str) -> (bool, &str) {
    match route.strip_prefix("public ") {
        Some(route) => (true, route),
        None => (false, route),
    }
}

/// What Lambda does with the role to feed the function:
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html>. A schedule has a role of its own.
fn fed_by(trigger: &Trigger) -> Vec<(On, &'static [&'static str])> {
    match trigger {
        Trigger::Schedule(_) => Vec::new(),
        Trigger::Queue(queue) => vec![(
            On::Arn(queue.arn()),
            &["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
        )],
        Trigger::Stream(table) => vec![
            (
                On::Below(table.clone(), "stream/*".to_owned()),
                &["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            ),
            (On::Arn("*".to_owned()), &["dynamodb:ListStreams"]),
        ],
    }
}

/// What a function needs to read its secrets, the newest version of each and the one that its environment pins: AWS may ask
/// for the right on `NAME:VERSION`. No name has a colon, so this reaches nothing else. The key is AWS's own, which needs no
/// statement: <https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html>
fn read_secrets(config: &Config) -> Vec<(On, &'static [&'static str])> {
    const ACTIONS: &[&str] = &["ssm:GetParameter", "ssm:GetParameters"];
    let arns = config.function().settings.secrets.keys().map(|key| config.secret_arn(key));
    let arns = arns.flat_map(|arn| [arn.clone(), format!("{arn}:*")]);
    arns.map(|arn| (On::Arn(arn), ACTIONS)).collect()
}

/// The lines of an audited program whose rights the stack of `config` does not decide.
pub fn undecided(config: &Config, function: &Audited) -> Vec<Undecided> {
    Rights::of_audit(function, &config.known(config.function())).undecided
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_whose_routes_cannot_be_read_takes_every_path_with_each_method() {
        let found: Vec<String> =
            EVERY_PATH.iter().flat_map(|path| each_method(&format!("ANY {path}"))).collect();
        assert_eq!(found.len(), 12);
        let manifest = Manifest { routes: routes(&found, "main.rs"), ..Manifest::default() };
        assert_eq!(route_keys::check(&manifest), Ok(()));
        assert_eq!(each_method("OPTIONS /x"), Vec::<String>::new());
        assert_eq!(each_method("GET /x"), ["GET /x"]);
    }
}
