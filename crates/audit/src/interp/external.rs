//! Functions of other crates.

use std::rc::Rc;

use super::Interpreter;
use crate::report::Candidates;
use crate::strings::Texts;
use crate::types::Ty;
use crate::value::{Kind, Request, Value};

/// Crates that take a client only to hand it to code of the project.
const CARRIERS: [&str; 34] = [
    "std",
    "tokio",
    "futures",
    "futures_util",
    "axum",
    "axum_core",
    "lambda_http",
    "lambda_runtime",
    "async_graphql",
    "actix_web",
    "once_cell",
    "lazy_static",
    "anyhow",
    "tower",
    "tower_http",
    "tower_service",
    "rocket",
    "warp",
    "poem",
    "parking_lot",
    "async_trait",
    "arc_swap",
    "juniper",
    "salvo",
    "async_once_cell",
    "tracing",
    "hyper",
    "async_std",
    "itertools",
    "serde",
    "serde_json",
    "derive_more",
    "rayon",
    "dashmap",
];

impl<'a> Interpreter<'a> {
    pub fn foreign_call(
        &mut self,
        path: &[String],
        types: Vec<Ty>,
        arguments: &[Value<'a>],
        site: (usize, usize),
    ) -> Value<'a> {
        let krate = path.first().map_or("?", String::as_str).to_owned();
        let last = path.last().map_or("", String::as_str);
        self.note_crate(&krate, path, arguments, site);
        if let Some(at) = path.iter().position(|part| part.starts_with("aws_sdk_")) {
            let service = crate::catalogue::service_of(&path[at]).unwrap_or_default();
            return self.sdk_call(&service, &path[at + 1..], arguments, site);
        }
        if let Some(value) = self.environment_call(path, &types, arguments, site) {
            return value;
        }
        if let Some(value) = self.routing_call(path, arguments) {
            return value;
        }
        if path.iter().any(|part| part == "AssumeRoleProvider") {
            self.assumes_role(site);
        }
        let element = Value::foreign(&krate);
        let mut result = Value::Unit;
        for argument in arguments {
            if let Some(given) = self.give(argument, &element) {
                result = result.or(given);
            } else {
                let passes = argument.is_thing() || (krate == "std" && argument.matters());
                if passes && last != "Err" {
                    result = result.or(argument.clone());
                }
            }
        }
        if let Some(ty) = types.into_iter().find(Ty::matters) {
            let known = self.coerce(result.clone(), &ty);
            return if known.matters() { known } else { result };
        }
        if krate == "std" && last == "new" && path.iter().any(|part| part == "String") {
            return Value::literal("");
        }
        if result.matters() { result } else { element }
    }

    fn note_crate(
        &mut self,
        krate: &str,
        path: &[String],
        arguments: &[Value<'a>],
        site: (usize, usize),
    ) {
        if krate == "std" {
            return;
        }
        if krate == "?" {
            if arguments.iter().any(|one| one.digest().has_client) {
                let reason =
                    format!("a client is given to `{}`, which was not found", path[1..].join("::"));
                self.unresolved(site, &reason, Candidates::Any);
            }
            return;
        }
        self.findings.crates.entry(krate.to_owned()).or_insert(site);
        self.findings.foreign_calls.insert(path.join("::"));
        if krate.starts_with("aws_") || CARRIERS.contains(&krate) {
            return;
        }
        if krate.starts_with("rusoto_") {
            let reason = format!("{krate} is not read: its calls are not known");
            self.unresolved(site, &reason, Candidates::Any);
            return;
        }
        let given = arguments.iter().any(|one| one.digest().has_client);
        match self.lock.services_behind(krate) {
            Some(services) if services.is_empty() => {}
            // Without a client and without credentials it has the SDK's types alone.
            Some(_) if !given && !self.lock.reaches(krate, "aws_config") => {}
            Some(services) => {
                let names: Vec<String> = services.into_iter().collect();
                let reason = format!(
                    "{krate} is not read, and it depends on the SDK for {}",
                    names.join(", ")
                );
                self.unresolved(site, &reason, Candidates::Any);
            }
            None => {
                if given {
                    let reason = format!("a client is given to {krate}, which is not read");
                    self.unresolved(site, &reason, Candidates::Any);
                }
            }
        }
    }

    fn assumes_role(&mut self, site: (usize, usize)) {
        let request = Request::new("sts".into(), Kind::Operation("AssumeRole".into()), site);
        self.send(&Rc::new(request));
    }

    /// A function of a crate of the SDK.
    fn sdk_call(
        &mut self,
        service: &str,
        path: &[String],
        arguments: &[Value<'a>],
        site: (usize, usize),
    ) -> Value<'a> {
        let last = path.last().map_or("", String::as_str);
        let owner = path.len().checked_sub(2).map_or("", |at| path[at].as_str());
        if owner == "Client" {
            return match (last, arguments) {
                // `Client::put_item(&client)`
                (operation, [Value::Client(_)])
                    if self.catalogue.operation(service, operation).is_some() =>
                {
                    self.begin(service, operation, site)
                }
                _ => Value::Client(service.into()),
            };
        }
        let builds = match last {
            "builder" => Some(owner),
            "default" | "new" => owner.strip_suffix("Builder"),
            _ => None,
        };
        if let Some(value) = super::attributes::marked(owner, last) {
            return value;
        }
        let Some(owner) = builds else {
            let mut value = Value::Unit;
            for argument in arguments {
                self.give(argument, &Value::foreign("std"));
                if matches!(argument, Value::Request(_)) {
                    value = value.or(argument.clone());
                }
            }
            return if value.matters() {
                value
            } else {
                Value::foreign(&format!("aws_sdk_{service}"))
            };
        };
        let kind = match owner.strip_suffix("Input") {
            Some(operation) => Kind::Input(operation.into()),
            None => Kind::Part(owner.into()),
        };
        Value::Request(Rc::new(Request::new(service.into(), kind, site)))
    }

    /// Readers of environment variables.
    fn environment_call(
        &mut self,
        path: &[String],
        types: &[Ty],
        arguments: &[Value<'a>],
        site: (usize, usize),
    ) -> Option<Value<'a>> {
        let krate = path.first()?.as_str();
        let last = path.last()?.as_str();
        let texts = match arguments.first() {
            Some(Value::Text(texts)) => Some(texts.clone()),
            _ => None,
        };
        match (krate, last) {
            ("std", "var" | "var_os") if path.iter().any(|part| part == "env") => {
                Some(self.variable(&texts.unwrap_or_else(|| Rc::new(Texts::unknown())), Some(site)))
            }
            ("dotenv" | "dotenvy" | "dotenv_codegen", "var") => {
                Some(self.variable(&texts.unwrap_or_else(|| Rc::new(Texts::unknown())), Some(site)))
            }
            (
                "envy" | "serde_env" | "envconfig" | "serde_envfile" | "config_env",
                "from_env" | "init_from_env" | "prefixed",
            ) => {
                let prefix = texts
                    .as_ref()
                    .and_then(|texts| texts.literals().next())
                    .unwrap_or_default()
                    .to_owned();
                let value = Value::Environment(prefix.as_str().into());
                match types.iter().find(|ty| matches!(ty, Ty::Own(..))) {
                    Some(ty) => Some(self.coerce(value, &ty.clone())),
                    None => Some(value),
                }
            }
            _ => None,
        }
    }
}
