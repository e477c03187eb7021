//! `[function.secrets]`: the names of secrets, whose values are in Parameter Store alone.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::check::variable;
use super::{Config, Function};
use engine::error::{Error, Result};

/// What an entry of `[function.secrets]` holds: nothing, because a value has no place in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretKeys {}

/// Begins the variable in which a function finds which version of a secret it reads.
const PREFIX: &str = "SECRET_";

/// Begins the name of every parameter of every stack.
const ROOT: &str = "/stackctl/";

/// What the names of parameters are made of, and variables, too.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html>
const LONGEST: usize = 128;

/// Such as `SECRET_STRIPE_KEY`.
pub fn variable_of(key: &str) -> String {
    format!("{PREFIX}{key}")
}

/// The key and the version of the secret that a variable pins: `STRIPE_KEY` and `7`.
pub fn pinned<'a>(variable: &'a str, value: &'a str) -> Option<(&'a str, &'a str)> {
    let key = variable.strip_prefix(PREFIX)?;
    let (name, version) = value.rsplit_once(':')?;
    name.starts_with(ROOT).then_some((key, version))
}

/// Refuses what Parameter Store or Lambda would not take, and what would hide another variable.
pub(super) fn check(config: &Config, function: &Function) -> Result<()> {
    for key in function.settings.secrets.keys() {
        let place = format!("{}.secrets.{key}", function.place());
        check_key(&place, key)?;
        let variable = variable_of(key);
        let of_table = |name: &str| config.tables.values().any(|table| table.env == name);
        let of_queue = |name: &str| config.queues().any(|(_, queue)| queue.env == name);
        let is_said = |name: &str| function.settings.environment.contains_key(name);
        let taken = [key, &variable].into_iter().find(|name| {
            let name = name.as_str();
            of_table(name) || of_queue(name) || is_said(name)
        });
        if let Some(name) = taken {
            return Err(Error::usage(format!("`{place}`: `{name}` is a variable already"))
                .hint("give the secret or the variable another name"));
        }
    }
    Ok(())
}

/// Refuses a key that no parameter and no variable can be called by.
pub fn check_key(place: &str, key: &str) -> Result<()> {
    variable(place, key)?;
    if key.len() > LONGEST {
        return Err(Error::usage(format!("`{place}` has {} characters", key.len()))
            .hint(format!("the longest name of a secret has {LONGEST}")));
    }
    Ok(())
}

impl Config {
    /// The keys of all secrets that functions of the stack read.
    pub fn secrets(&self) -> BTreeSet<&str> {
        let functions = self.functions.values();
        functions.flat_map(|one| one.settings.secrets.keys()).map(String::as_str).collect()
    }

    /// Adds a secret of the stack that the file does not say.
    pub fn add_secret(&mut self, key: &str) {
        if let Some(function) = self.functions.get_mut(&self.about) {
            function.settings.secrets.insert(key.to_owned(), SecretKeys {});
        }
    }

    /// The name of a secret's parameter: `/stackctl/app/default/STRIPE_KEY`.
    pub fn parameter(&self, key: &str) -> String {
        format!("{}/{key}", self.parameters())
    }

    /// What the names of the parameters of the stack begin with, without the slash before the key.
    pub fn parameters(&self) -> String {
        format!("{ROOT}{}/{}", self.name, self.stage)
    }

    /// The variable that pins a secret, with the longest version that there can be.
    pub(super) fn longest_pin(&self, key: &str) -> (String, String) {
        (variable_of(key), format!("{}:{}", self.parameter(key), i64::MAX))
    }

    /// The ARN of a secret, with `${partition}`, `${region}` and `${account}` for what only the cloud knows.
    pub fn secret_arn(&self, key: &str) -> String {
        let name = self.parameter(key);
        format!("arn:${{partition}}:ssm:${{region}}:${{account}}:parameter{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{config, of_stage};
    use super::*;

    #[test]
    fn a_secret_is_a_parameter_below_its_stack_and_stage() {
        let text = "name = \"app\"\n[function.secrets]\nSTRIPE_KEY = {}\n[functions.worker.secrets]\nSTRIPE_KEY = {}\nMAIL_KEY = {}";
        let config = of_stage(text, "dev").expect("valid");
        assert_eq!(config.secrets().into_iter().collect::<Vec<_>>(), ["MAIL_KEY", "STRIPE_KEY"]);
        assert_eq!(config.parameter("STRIPE_KEY"), "/stackctl/app/dev/STRIPE_KEY");
        let pin = format!("{}:7", config.parameter("STRIPE_KEY"));
        assert_eq!(pinned(&variable_of("STRIPE_KEY"), &pin), Some(("STRIPE_KEY", "7")));
        assert_eq!(pinned("SECRET_MODE", "quiet:1"), None);
        assert_eq!(pinned("STRIPE_KEY", &pin), None);
    }

    #[test]
    fn a_name_that_is_taken_reserved_or_no_name_is_refused() {
        let refusal = |text: &str| {
            let text = format!("name = \"app\"\n{text}");
            config(&text).expect_err("refused").message
        };
        for name in ["AWS_SESSION_TOKEN", "AUTH", "_HANDLER"] {
            let message = refusal(&format!("[function.secrets]\n{name} = {{}}"));
            assert_eq!(message, format!("`function.secrets.{name}` is reserved"));
        }
        for name in ["TABLE_NAME", "MODE", "SECRET_A", "JOBS"] {
            let message = refusal(&format!(
                "[function.environment]\nMODE = \"x\"\n[table]\nenv = \"SECRET_A\"\n[tables.more]\npartition_key = \"id\"\nenv = \"TABLE_NAME\"\n[functions.worker]\nqueue = {{ env = \"JOBS\" }}\n[function.secrets]\n{name} = {{}}"
            ));
            assert!(message.ends_with("is a variable already"), "{message}");
        }
        let hidden = "[function.environment]\nSECRET_KEY = \"x\"\n[function.secrets]\nKEY = {}";
        let told = "`function.secrets.KEY`: `SECRET_KEY` is a variable already";
        assert_eq!(refusal(hidden), told);
        assert!(
            refusal("[function.secrets]\nA-B = {}").ends_with("is not a valid name for Lambda")
        );
        assert!(
            refusal(&format!("[function.secrets]\n{} = {{}}", "A".repeat(129))).contains("129")
        );
        for value in ["\"sk_live\"", "{ value = \"sk_live\" }", "[\"sk_live\"]"] {
            let text = format!("name = \"app\"\n[function.secrets]\nKEY = {value}");
            let error = config(&text).expect_err("a value has no place there");
            assert_eq!(error.message, "`function.secrets.KEY` takes `{}` and nothing else");
            assert!(!format!("{error:?}").contains("sk_live"), "{error:?}");
        }
    }
}
