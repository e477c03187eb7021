//! The secrets of the function: read once, before the first request, and kept in memory alone.
//!
//! `[function.secrets]` of `stack.toml` names them, and the stack puts which version of which parameter each is into the
//! environment: `SECRET_STRIPE_KEY=/stackctl/app/default/STRIPE_KEY:7`. [`get`] has the values. They are read with two
//! operations of Systems Manager, signed by hand and sent over the connection's own HTTP client: its SDK crate weighs more
//! than all of this program.

mod call;

use std::{collections::BTreeMap, env, error::Error, fmt, sync::OnceLock};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::environment::Missing;
pub use call::Refused;
use call::Service;

/// The most names of one call.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>
const MOST: usize = 10;

static SECRETS: OnceLock<BTreeMap<String, Secret>> = OnceLock::new();

/// A value that is printed nowhere by accident: it has no `Debug`, no `Display`, and is not serialised.
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one call that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The secret that `[function.secrets]` calls `name`; `None` when it calls none so.
pub fn get(name: &str) -> Option<&'static Secret> {
    SECRETS.get()?.get(name)
}

/// Why the function cannot start. No value is in it.
#[derive(Debug)]
pub enum Failure {
    /// A variable of Lambda is missing.
    Environment(Missing),
    /// These secrets cannot be read, for this reason.
    Unread(Vec<String>, String),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(missing) => missing.fmt(formatter),
            Self::Unread(keys, why) => {
                write!(formatter, "cannot read secret {}: {why}", keys.join(", "))
            }
        }
    }
}

impl Error for Failure {}

/// Which version of which parameter a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pin {
    key: String,
    /// With the version.
    parameter: String,
}

/// Reads every secret that the environment names. Does nothing where it names none.
pub async fn load() -> Result<(), Failure> {
    let pins = pins(env::vars());
    if pins.is_empty() {
        return Ok(());
    }
    let service = Service::from_environment().map_err(Failure::Environment)?;
    let read = read(&service, pins).await?;
    // A second call would find the same.
    let _ = SECRETS.set(read);
    Ok(())
}

/// Variables that the function's own settings may have under such a name are none of ours.
fn pins(variables: impl Iterator<Item = (String, String)>) -> Vec<Pin> {
    let pin = |(name, parameter): (String, String)| {
        let key = name.strip_prefix("SECRET_")?.to_owned();
        parameter.starts_with("/stackctl/").then_some(Pin { key, parameter })
    };
    variables.filter_map(pin).collect()
}

async fn read(service: &Service, pins: Vec<Pin>) -> Result<BTreeMap<String, Secret>, Failure> {
    let mut calls = JoinSet::new();
    for pins in pins.chunks(MOST) {
        let (service, pins) = (service.clone(), pins.to_vec());
        calls.spawn(async move { together(&service, pins).await });
    }
    gathered(calls).await
}

type Read = Result<Vec<(String, Secret)>, Failure>;

async fn gathered(mut calls: JoinSet<Read>) -> Result<BTreeMap<String, Secret>, Failure> {
    let mut all = BTreeMap::new();
    while let Some(read) = calls.join_next().await {
        match read {
            Ok(read) => all.extend(read?),
            Err(ended) => return Err(Failure::Unread(Vec::new(), ended.to_string())),
        }
    }
    Ok(all)
}

/// With one call, where that is allowed.
async fn together(service: &Service, pins: Vec<Pin>) -> Read {
    let names: Vec<&str> = pins.iter().map(|pin| pin.parameter.as_str()).collect();
    let answer =
        service.call("GetParameters", &json!({"Names": names, "WithDecryption": true})).await;
    match answer {
        Ok(answer) => found(pins, answer),
        // One that may not be read refuses all of them: asked for one by one, it is known which.
        Err(refused) if refused.is_denied() => {
            Ok(gathered(one_by_one(service, pins)).await?.into_iter().collect())
        }
        Err(refused) => Err(unread(&pins, &refused.to_string())),
    }
}

fn one_by_one(service: &Service, pins: Vec<Pin>) -> JoinSet<Read> {
    let mut calls = JoinSet::new();
    for pin in pins {
        let service = service.clone();
        calls.spawn(async move {
            let asked = json!({"Name": pin.parameter, "WithDecryption": true});
            match service.call("GetParameter", &asked).await {
                Ok(mut answer) => {
                    found(vec![pin], json!({"Parameters": [answer["Parameter"].take()]}))
                }
                Err(refused) => Err(unread(&[pin], &refused.to_string())),
            }
        });
    }
    calls
}

/// The values of an answer, each with its key.
fn found(pins: Vec<Pin>, mut answer: Value) -> Read {
    let mut values = BTreeMap::new();
    for one in answer["Parameters"].as_array_mut().into_iter().flatten() {
        if let (Value::String(name), Value::String(value)) =
            (one["Name"].take(), one["Value"].take())
        {
            let version = &one["Version"];
            values.insert(format!("{name}:{version}"), value);
        }
    }
    let mut read = Vec::new();
    let mut missing = Vec::new();
    for pin in pins {
        match values.get(&pin.parameter) {
            Some(value) => read.push((pin.key, Secret(value.clone()))),
            None => missing.push(pin),
        }
    }
    let versions: Vec<&str> = missing.iter().map(|pin| pin.parameter.as_str()).collect();
    match missing.is_empty() {
        true => Ok(read),
        false => Err(unread(&missing, &format!("there is no {}", versions.join(", ")))),
    }
}

fn unread(pins: &[Pin], why: &str) -> Failure {
    let keys = pins.iter().map(|pin| pin.key.clone()).collect();
    Failure::Unread(keys, why.to_owned())
}

#[cfg(test)]
mod tests;
