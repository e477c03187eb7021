//! Which version of each secret a function reads: a name and a number in its environment, and no value.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{LiveFunction, Settings};
use crate::config::{Config, secret};
use crate::resources::Secret;
use engine::{Difference, Handle, Id, Inputs};

/// What new versions of secrets ask of AWS, besides what new code does.
pub const PINNING: &[&str] = &["lambda:UpdateFunctionConfiguration"];

/// The secrets that a function reads.
#[derive(Clone, Default)]
pub struct Pins {
    each: Vec<Pin>,
    /// Whether nothing else of the settings is compared or changed: a deploy ships code, and the secrets that it reads.
    alone: Arc<AtomicBool>,
}

#[derive(Clone)]
struct Pin {
    key: String,
    parameter: String,
    secret: Handle<Secret>,
}

impl Pins {
    /// Those of the function that `config` is about.
    pub fn of(
        config: &Config,
        alone: Arc<AtomicBool>,
        secret: impl Fn(&str) -> Handle<Secret>,
    ) -> Self {
        let keys = config.function().settings.secrets.keys();
        let pin = |key: &String| {
            let (key, parameter) = (key.clone(), config.parameter(key));
            Pin { secret: secret(&key), key, parameter }
        };
        Self { each: keys.map(pin).collect(), alone }
    }

    pub fn ids(&self) -> impl Iterator<Item = Id> {
        self.each.iter().map(|pin| pin.secret.id)
    }

    pub(in crate::resources) fn are_alone(&self) -> bool {
        self.alone.load(Ordering::Relaxed)
    }

    /// The settings with the newest versions; of a secret that is not there yet there is no variable.
    pub(in crate::resources) fn filled_in(
        &self,
        mut settings: Settings,
        inputs: &Inputs,
    ) -> Settings {
        for pin in &self.each {
            if let Some(live) = inputs.find(pin.secret) {
                let value = format!("{}:{}", pin.parameter, live.version);
                settings.environment.insert(secret::variable_of(&pin.key), value);
            }
        }
        settings
    }

    /// The keys that the function has no variable of yet.
    pub fn lacking(&self, function: Option<&LiveFunction>) -> Vec<String> {
        let has = |variable: &str| {
            function.is_some_and(|one| one.settings.environment.contains_key(variable))
        };
        let lacks = |pin: &&Pin| !has(&secret::variable_of(&pin.key));
        self.each.iter().filter(lacks).map(|pin| pin.key.clone()).collect()
    }

    /// What differs in the versions alone.
    pub(in crate::resources) fn diff(&self, now: &Settings, wanted: &Settings) -> Vec<Difference> {
        let differs = |pin: &Pin| {
            let variable = secret::variable_of(&pin.key);
            difference(&variable, now.environment.get(&variable), wanted.environment.get(&variable))
        };
        self.each.iter().filter_map(differs).collect()
    }
}

/// How a variable that pins a secret differs: in the version, which anybody may see.
pub(super) fn difference(
    variable: &str,
    now: Option<&String>,
    wanted: Option<&String>,
) -> Option<Difference> {
    if now == wanted {
        return None;
    }
    let version = |value: Option<&String>| {
        value.map(|value| match secret::pinned(variable, value) {
            Some((_, version)) => format!("version {version}"),
            None => "another value".to_owned(),
        })
    };
    let (key, _) = wanted.or(now).and_then(|value| secret::pinned(variable, value))?;
    let told = |value| version(value).unwrap_or_else(|| "not read".to_owned());
    Some(Difference::new(format!("secret {key}"), told(now), told(wanted)))
}
