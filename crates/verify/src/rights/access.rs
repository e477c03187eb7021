//! Rights that `[function.access]` of `stack.toml` names: those of tables by their operations, others by action and ARN.

use std::collections::BTreeMap;
use std::fmt;

use super::{Known, On, Origin, Rights, Table};
use crate::operations::Operation;
use crate::services::dynamodb;

/// Why a line of `access` grants nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessError {
    /// What is before the `=`.
    pub key: String,
    pub problem: String,
    pub hint: String,
}

impl Rights {
    /// The same rights, with those that the file names; they count where source and declaration do not decide.
    ///
    /// # Errors
    /// When a key is neither a table of the stack nor an action, or a value is not one that its key takes.
    pub fn with_access(
        mut self,
        access: &BTreeMap<String, Vec<String>>,
        known: &Known,
    ) -> Result<Self, AccessError> {
        for (key, values) in access {
            let error = |(problem, hint): (String, &str)| AccessError {
                key: key.clone(),
                problem,
                hint: hint.to_owned(),
            };
            let to = To::read(key, known).map_err(error)?;
            for value in values {
                let (on, actions) = match &to {
                    To::Action => grant_by_arn(key, value),
                    To::Table(table) => grant_on_table(table, value),
                }
                .map_err(error)?;
                for (on, action) in on.into_iter().zip(actions) {
                    self.add(Origin::Access, on, vec![action], None);
                }
            }
        }
        Ok(self)
    }
}

type Granted = Result<(Vec<On>, Vec<String>), (String, &'static str)>;

/// What is before the `=`.
enum To<'a> {
    Action,
    Table(&'a Table),
}

impl<'a> To<'a> {
    fn read(key: &str, known: &'a Known) -> Result<Self, (String, &'static str)> {
        let Some((service, name)) = key.split_once(':') else {
            let table = known.tables.iter().find(|table| table.key == *key);
            return table.map(Self::Table).ok_or_else(|| {
                (
                    "it is neither a table of this file nor an action such as `sqs:SendMessage`"
                        .to_owned(),
                    "write `\"service:Action\" = [\"arn:…\"]`, or `TABLE = [\"GetItem\"]`",
                )
            });
        };
        let word = |text: &str| {
            !text.is_empty() && text.chars().all(|one| one.is_ascii_alphanumeric() || one == '-')
        };
        if word(service) && word(name) {
            return Ok(Self::Action);
        }
        Err((
            format!("`{key}` is not one action"),
            "name each action, for example `sqs:SendMessage`, without wildcards",
        ))
    }
}

fn grant_by_arn(action: &str, arn: &str) -> Granted {
    if arn != "*" && (!arn.starts_with("arn:") || arn.splitn(6, ':').count() < 6) {
        return Err((
            format!("`{arn}` is no ARN"),
            "write the whole ARN, or \"*\" for an action that has no resource",
        ));
    }
    Ok((vec![On::Arn(arn.to_owned())], vec![action.to_owned()]))
}

fn grant_on_table(table: &Table, text: &str) -> Granted {
    let (name, index) = match text.split_once(':') {
        Some((name, index)) => (name, Some(index)),
        None => (text, None),
    };
    let Some(operation) = Operation::named(name) else {
        return Err((
            format!("`{name}` is no operation of DynamoDB"),
            "name operations as DynamoDB does: `GetItem`, or `Query:INDEX`",
        ));
    };
    if let Some(index) = index.filter(|index| !table.indexes.contains(*index)) {
        return Err((
            format!("`{index}` is no index of the table `{}`", table.key),
            "name an index that this file declares",
        ));
    }
    let actions = operation.possible_actions();
    let on = actions.iter().map(|action| dynamodb::on(action, &table.key, index)).collect();
    Ok((on, actions.into_iter().map(|action| format!("dynamodb:{action}")).collect()))
}

impl fmt::Display for AccessError {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "`access.{}`: {}", self.key, self.problem)
    }
}

impl std::error::Error for AccessError {}
