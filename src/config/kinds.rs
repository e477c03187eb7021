//! The kinds of the values in `stack.toml`: a number where a text belongs is told with its line and its right form.

use std::mem::discriminant;

use toml::{Table, Value};

use super::file::short_form;
use engine::error::{Error, Result};

/// Refuses values of another kind than the sample's. The sample has every key.
pub fn check(text: &str, path: &str, table: &Table, known: &Table) -> Result<()> {
    for (key, value) in table {
        let place = format!("{path}{key}");
        match (value, known.get(key)) {
            // Keys of the user's own, whose values are texts.
            (Value::Table(variables), Some(Value::Table(_)))
                if ["cache", "environment", "tags"].contains(&key.as_str()) =>
            {
                for (name, value) in variables {
                    same(text, &format!("{place}.{name}"), value, &Value::from(""))?;
                }
            }
            (Value::Table(named), _) if short_form(key).is_some() => {
                for (name, keys) in named {
                    let known = short_form(key).and_then(|one| known.get(one)).unwrap_or(value);
                    same(text, &format!("{place}.{name}"), keys, known)?;
                    if let (Some(keys), Some(known)) = (keys.as_table(), known.as_table()) {
                        check(text, &format!("{place}.{name}."), keys, known)?;
                    }
                }
            }
            (Value::Table(secrets), Some(Value::Table(_))) if key == "secrets" => {
                for (name, value) in secrets {
                    no_value(&format!("{place}.{name}"), name, value)?;
                }
            }
            // Names of the user's own, whose keys are not in the sample.
            (Value::Table(_), Some(_)) if key == "indexes" => {}
            (Value::Table(inner), Some(Value::Table(known))) => {
                check(text, &format!("{place}."), inner, known)?;
            }
            (Value::Array(items), Some(Value::Array(known))) => {
                let kind = known.first().cloned().unwrap_or_else(|| Value::from(""));
                items.iter().try_for_each(|item| same(text, &place, item, &kind))?;
            }
            (value, Some(known)) => same(text, &place, value, known)?,
            (_, None) => {}
        }
    }
    Ok(())
}

/// A secret has no value in the file. What was written there is not quoted.
fn no_value(place: &str, name: &str, value: &Value) -> Result<()> {
    if value.as_table().is_some_and(Table::is_empty) {
        return Ok(());
    }
    Err(Error::usage(format!("`{place}` takes `{{}}` and nothing else")).hint(format!(
        "the value goes to standard input of `stackctl secret set {name}`; one that has been in a file is to be replaced where it was issued"
    )))
}

fn same(text: &str, place: &str, value: &Value, known: &Value) -> Result<()> {
    if discriminant(value) == discriminant(known) {
        return Ok(());
    }
    let line = line_of(text, place).map(|line| format!("line {line} of ")).unwrap_or_default();
    let message =
        format!("{line}`stack.toml`: `{place}` is {}, and takes {}", kind(value), kind(known));
    let error = Error::usage(message);
    let key = place.rsplit('.').next().unwrap_or(place);
    Err(match (known, value) {
        (
            Value::String(_),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_),
        ) => error.hint(format!(
            "write it in quotes: `{key} = \"{}\"`",
            value.to_string().trim_matches('"')
        )),
        (Value::Array(_), Value::String(one)) => {
            error.hint(format!("write it as a list: `{key} = [\"{one}\"]`"))
        }
        (Value::Integer(_) | Value::Boolean(_), Value::String(word))
            if word.parse::<i64>().is_ok() || word.parse::<bool>().is_ok() =>
        {
            error.hint(format!("write it without quotes: `{key} = {word}`"))
        }
        _ => error,
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a number",
        Value::Float(_) => "a number with a fraction",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

/// The line on which a key has its value, as people write such a file: a table's head, and the keys below it.
fn line_of(text: &str, place: &str) -> Option<usize> {
    let mut table = String::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(head) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            head.trim().clone_into(&mut table);
        } else if let Some((key, _)) = line.split_once('=') {
            let key = key.trim().trim_matches('"');
            let whole = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
            // An inline table holds the keys below its own.
            if whole == place || place.starts_with(&format!("{whole}.")) {
                return Some(at + 1);
            }
        }
    }
    None
}

/// What a text that is no TOML was meant to be, where that is plain: a number that begins with a zero is no number.
pub fn meant(text: &str, place: Option<std::ops::Range<usize>>) -> Option<String> {
    let before = text.get(..place?.start)?;
    let line = text.lines().nth(before.matches('\n').count())?;
    let (key, value) = line.split_once('=')?;
    let value = value.split('#').next()?.trim();
    let is_number =
        value.len() > 1 && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_number.then(|| format!("write it in quotes: `{} = \"{value}\"`", key.trim()))
}

#[cfg(test)]
mod tests {
    use crate::config::tests::config;

    fn refusal(text: &str) -> (String, String) {
        let error = config(text).expect_err("refused");
        (error.message, error.hint.unwrap_or_default())
    }

    #[test]
    fn a_value_of_another_kind_is_told_with_its_line_and_its_right_form() {
        for (text, message, hint) in [
            (
                "name = \"app\"\naccount = 123456789012",
                "line 2 of `stack.toml`: `account` is a number, and takes a text",
                "write it in quotes: `account = \"123456789012\"`",
            ),
            (
                "name = 5",
                "line 1 of `stack.toml`: `name` is a number, and takes a text",
                "write it in quotes: `name = \"5\"`",
            ),
            (
                "name = \"app\"\n[function.environment]\nPORT = 8080",
                "line 3 of `stack.toml`: `function.environment.PORT` is a number, and takes a text",
                "write it in quotes: `PORT = \"8080\"`",
            ),
            (
                "name = \"app\"\n[function]\nenvironment = { ON = true }",
                "line 3 of `stack.toml`: `function.environment.ON` is true or false, and takes a text",
                "write it in quotes: `ON = \"true\"`",
            ),
            (
                "name = \"app\"\n[function]\nmemory = \"256\"",
                "line 3 of `stack.toml`: `function.memory` is a text, and takes a number",
                "write it without quotes: `memory = 256`",
            ),
            (
                "name = \"app\"\n[function]\ntimeout = 1.5",
                "line 3 of `stack.toml`: `function.timeout` is a number with a fraction, and takes a number",
                "",
            ),
            (
                "name = \"app\"\n[api.cors]\nallow_origins = \"*\"",
                "line 3 of `stack.toml`: `api.cors.allow_origins` is a text, and takes a list",
                "write it as a list: `allow_origins = [\"*\"]`",
            ),
            (
                "name = \"app\"\n[api.cors]\nallow_origins = [5]",
                "line 3 of `stack.toml`: `api.cors.allow_origins` is a number, and takes a text",
                "write it in quotes: `allow_origins = \"5\"`",
            ),
            (
                "name = \"app\"\ntable = 1",
                "line 2 of `stack.toml`: `table` is a number, and takes a table",
                "",
            ),
            (
                "name = \"app\"\n[stage.dev.function]\nmemory = true",
                "line 3 of `stack.toml`: `stage.dev.function.memory` is true or false, and takes a number",
                "",
            ),
        ] {
            assert_eq!(refusal(text), (message.to_owned(), hint.to_owned()), "{text}");
        }
    }

    #[test]
    fn an_account_that_begins_with_a_zero_is_written_in_quotes() {
        let (message, hint) = refusal("name = \"app\"\naccount = 012345678901");
        assert_eq!(message, "`stack.toml` cannot be read");
        assert_eq!(hint, "write it in quotes: `account = \"012345678901\"`");
    }
}
