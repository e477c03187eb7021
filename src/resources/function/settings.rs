//! What of a function can be set without touching its code.

use std::collections::BTreeMap;

use aws_sdk_lambda::types::{Architecture, EnvironmentResponse, LogFormat, LoggingConfig, Runtime};

use super::pins;
use crate::config::{Config, auth};
use crate::resources::Queue;
use engine::{Difference, Handle, Id, Inputs};

/// What can be set without touching the code; versions remember it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    pub runtime: String,
    pub handler: String,
    /// Megabytes.
    pub memory: i32,
    /// Seconds.
    pub timeout: i32,
    pub environment: BTreeMap<String, String>,
    /// `Text`; in another format the lines that the log is read by are not there.
    pub log_format: String,
    /// Empty for the group that is called after the function.
    pub log_group: String,
    /// Why the environment is not known.
    unreadable: Option<String>,
}

/// The queues whose addresses a function finds in its environment, by the variables.
#[derive(Clone, Default)]
pub struct Queues(pub Vec<(String, Handle<Queue>)>);

impl Queues {
    pub fn ids(&self) -> impl Iterator<Item = Id> {
        self.0.iter().map(|(_, queue)| queue.id)
    }

    /// The settings with the addresses; of a queue that is not there yet the variable is empty.
    pub fn filled_in(&self, settings: &Settings, inputs: &Inputs) -> Settings {
        let mut settings = settings.clone();
        for (variable, queue) in &self.0 {
            let url = inputs.find(*queue).map(|queue| queue.url.clone()).unwrap_or_default();
            settings.environment.insert(variable.clone(), url);
        }
        settings
    }
}

/// The one of the list, which Lambda leaves out when it was never set.
pub fn architecture(list: &[Architecture]) -> String {
    list.first().unwrap_or(&Architecture::X8664).to_string()
}

impl Settings {
    pub fn wanted(config: &Config) -> Self {
        let environment = config.environment();
        Self {
            runtime: Runtime::Providedal2023.to_string(),
            handler: "bootstrap".to_owned(),
            memory: config.function().settings.memory,
            timeout: config.function().settings.timeout,
            environment: environment.map(|(name, value)| (name.to_owned(), value)).collect(),
            log_format: LogFormat::Text.to_string(),
            log_group: String::new(),
            unreadable: None,
        }
    }

    /// The claim that the handler takes for the user; `None` where the API is open.
    pub fn claim(&self) -> Option<&str> {
        self.environment.get(auth::VARIABLE)?.strip_prefix("claim:")
    }

    /// Where the log goes, when it shall go elsewhere than in `found`.
    pub fn logging(&self, found: &Self, group: &str) -> Option<LoggingConfig> {
        let same = self.log_format == found.log_format && self.log_group == found.log_group;
        let wanted = LoggingConfig::builder().log_format(LogFormat::Text).log_group(group);
        (!same).then(|| wanted.build())
    }

    /// From an answer of Lambda, which leaves out what was never set.
    pub fn of(
        runtime: Option<Runtime>,
        handler: Option<String>,
        memory: Option<i32>,
        timeout: Option<i32>,
        environment: Option<EnvironmentResponse>,
        (function, logging): (Option<&str>, Option<LoggingConfig>),
    ) -> Self {
        let own = format!("/aws/lambda/{}", function.unwrap_or_default());
        let (format, group) = match logging {
            Some(logging) => (logging.log_format, logging.log_group),
            None => (None, None),
        };
        let (variables, error) = match environment {
            Some(environment) => (environment.variables, environment.error),
            None => (None, None),
        };
        Self {
            runtime: runtime.map(|runtime| runtime.to_string()).unwrap_or_default(),
            handler: handler.unwrap_or_default(),
            memory: memory.unwrap_or(128),
            timeout: timeout.unwrap_or(3),
            environment: variables.unwrap_or_default().into_iter().collect(),
            log_format: format.unwrap_or(LogFormat::Text).to_string(),
            log_group: group.filter(|group| *group != own).unwrap_or_default(),
            unreadable: error
                .map(|error| error.message.unwrap_or_else(|| "AWS gave no reason".to_owned())),
        }
    }

    /// What differs between `self`, as it is, and `wanted`.
    pub fn diff(&self, wanted: &Self) -> Vec<Difference> {
        let differences = [
            Difference::unless_equal("runtime", &self.runtime, &wanted.runtime),
            Difference::unless_equal("handler", &self.handler, &wanted.handler),
            Difference::unless_equal("memory", &self.memory, &wanted.memory),
            Difference::unless_equal("timeout", &self.timeout, &wanted.timeout),
            Difference::unless_equal("log format", &self.log_format, &wanted.log_format),
            (self.log_group != wanted.log_group)
                .then(|| Difference::new("log group", &self.log_group, "its own")),
        ];
        let mut differences: Vec<Difference> = differences.into_iter().flatten().collect();
        match &self.unreadable {
            Some(reason) => {
                let difference = Difference::new("environment", "not readable", "as in the file");
                differences.push(difference.refused(format!(
                    "let the deployer use the key of the environment (`kms:Decrypt`): {reason}"
                )));
            }
            None => differences.extend(self.environment_differences(wanted)),
        }
        differences
    }

    /// Values of variables may be secret, so only names are told, and versions of secrets.
    fn environment_differences(&self, wanted: &Self) -> Vec<Difference> {
        let extra = self.environment.keys().filter(|name| !wanted.environment.contains_key(*name));
        let names = wanted.environment.keys().chain(extra);
        names.filter_map(|name| self.variable_difference(wanted, name)).collect()
    }

    fn variable_difference(&self, wanted: &Self, name: &str) -> Option<Difference> {
        let (now, value) = (self.environment.get(name), wanted.environment.get(name));
        let (told, wanted) = match (now, value) {
            (now, value) if now == value => return None,
            (Some(_), Some(_)) => ("another value", "set"),
            (None, _) => ("not set", "set"),
            (Some(_), None) => ("set", "not set"),
        };
        let pin = pins::difference(name, now, value);
        Some(pin.unwrap_or_else(|| Difference::new(format!("environment {name}"), told, wanted)))
    }
}
