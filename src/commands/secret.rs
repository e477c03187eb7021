//! `stackctl secret`

use clap::Subcommand;
use serde_json::{Value, json};
use wire::Secret as Hidden;

use super::{App, deploy, widening};
use crate::cli::examples;
use crate::cloud::Cloud;
use crate::config::{Config, nearest, secret::check_key};
use crate::logs::rfc3339;
use crate::resources::{Secret, further_secrets, secret_values as values};
use crate::ui::Question;
use engine::error::{Error, Result};
use engine::{Events, Graph, Id, Progress, Resource as _};

/// Set, list, delete or show the secrets that functions read
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    explained: "`[function.secrets]` of `stack.toml` names them; Parameter Store keeps the values, encrypted. A value comes from standard input or a prompt that does not show it.";
    "stackctl secret set STRIPE_KEY",
    "cat key.txt | stackctl secret set STRIPE_KEY --local",
    "stackctl secret list --stage dev",
))]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Set a secret: its value is all of standard input, or what is typed at the prompt
    #[command(after_help = examples!(
        explained: "One newline at the end is no part of the value. Functions read it from the next `stackctl up` or `stackctl deploy` on.";
        "stackctl secret set STRIPE_KEY",
        "cat key.txt | stackctl secret set STRIPE_KEY --deploy",
    ))]
    Set {
        /// As `[function.secrets]` calls it
        name: String,
        /// Deploy at once, so that functions read it
        #[arg(long)]
        deploy: bool,
    },
    /// Show the names, versions and dates of all secrets, without values
    #[command(after_help = examples!("stackctl secret list"))]
    List,
    /// Delete a secret with all its versions
    #[command(after_help = examples!("stackctl secret rm STRIPE_KEY"))]
    Rm {
        /// As `[function.secrets]` calls it
        name: String,
    },
    /// Print the value of a secret
    #[command(after_help = examples!("stackctl secret get STRIPE_KEY --reveal"))]
    Get {
        /// As `[function.secrets]` calls it
        name: String,
        /// Print it, although others may see the terminal or the log
        #[arg(long)]
        reveal: bool,
    },
}

/// The operations of AWS that this verb calls.
pub fn calls() -> Vec<&'static str> {
    [values::CALLS, further_secrets::CALLS].concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = app.config()?;
    match &args.verb {
        Verb::Set { name, deploy } => set(app, &config, name, *deploy).await,
        Verb::List => list(app, &config).await,
        Verb::Rm { name } => remove(app, &config, name).await,
        Verb::Get { name, reveal } => get(app, &config, name, *reveal).await,
    }
}

async fn set(app: &App, config: &Config, key: &str, deploys: bool) -> Result<()> {
    check_key(&format!("secret {key}"), key)?;
    let value = value(app, key).await?;
    let bytes = value.reveal().len();
    let cloud = app.cloud(config).await?;
    let version = stored(app, &cloud, config, key, &value).await?;
    drop(value);
    let readers = readers(config, key);
    let effect = match readers.as_slice() {
        [] => undeclared(config, key),
        _ if deploys => String::new(),
        keys => {
            format!("{} it from the next `stackctl up` or `stackctl deploy` on", reading(keys))
        }
    };
    let text = format!("{key} is set: {bytes} bytes, version {version}");
    if deploys {
        app.ui.say(&text);
        return Box::pin(deploy::run(&deploy::Args::default(), app)).await;
    }
    let document = json!({
        "secret": key,
        "parameter": config.parameter(key),
        "version": version,
        "bytes": bytes,
        "functions": readers,
    });
    app.ui.result(|| format!("{text}\n{effect}"), || document)
}

/// What the terminal of Linux cuts a line at: <https://man7.org/linux/man-pages/man3/termios.3.html>
const LONGEST_LINE: usize = 4095;

/// What is typed unseen, or all of standard input; without the newline that ends it.
async fn value(app: &App, key: &str) -> Result<Hidden> {
    let text = if app.ui.is_typed_at() {
        let line = app.ask_unseen(&format!("Value of {key} (not shown):")).await?;
        if line.len() >= LONGEST_LINE {
            let message =
                format!("a terminal passes on no more than {LONGEST_LINE} bytes of a line");
            return Err(Error::usage(message)
                .hint(format!("pipe the value in: `cat FILE | stackctl secret set {key}`")));
        }
        line
    } else {
        app.standard_input("read the value").await?
    };
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    values::check(value)?;
    Ok(Hidden::new(value))
}

async fn stored(
    app: &App,
    cloud: &Cloud,
    config: &Config,
    key: &str,
    value: &Hidden,
) -> Result<i64> {
    let progress = Progress::new(Id::after(&Graph::default()), &Events::default());
    app.unless_stopped(values::put(cloud, config, key, value, &progress)).await
}

/// The functions that read a secret.
fn readers<'a>(config: &'a Config, key: &str) -> Vec<&'a str> {
    let functions = config.functions.values();
    let reads = functions.filter(|one| one.settings.secrets.contains_key(key));
    reads.map(|function| function.key.as_str()).collect()
}

/// `api reads`, `api and worker read`
fn reading(keys: &[&str]) -> String {
    match keys {
        [one] => format!("{one} reads"),
        several => format!("{} read", several.join(" and ")),
    }
}

fn undeclared(config: &Config, key: &str) -> String {
    let meant = nearest(key, config.secrets().into_iter());
    let meant = meant.map(|meant| format!(" (did you mean `{meant}`?)")).unwrap_or_default();
    format!(
        "no function reads it{meant}: add `{key} = {{}}` below `[function.secrets]` of `stack.toml`, then run `stackctl up`"
    )
}

async fn list(app: &App, config: &Config) -> Result<()> {
    let cloud = app.cloud(config).await?;
    let found = app.unless_stopped(values::list(&cloud, config)).await?;
    let begin = format!("{}/", config.parameters());
    let mut rows: Vec<Value> = Vec::new();
    for one in &found {
        let key = one.name.strip_prefix(&begin).unwrap_or(&one.name);
        let changed = one.last_modified_date.map(date);
        let functions = readers(config, key);
        rows.push(json!({"secret": key, "version": one.version, "changed": changed, "functions": functions}));
    }
    let is_set = |key: &&str| !found.iter().any(|one| one.name == config.parameter(key));
    for key in config.secrets().into_iter().filter(is_set) {
        let functions = readers(config, key);
        rows.push(json!({"secret": key, "version": null, "changed": null, "functions": functions}));
    }
    let text = || match rows.is_empty() {
        true => "there are no secrets".to_owned(),
        false => rows.iter().map(line).collect::<Vec<_>>().join("\n"),
    };
    app.ui.result(text, || json!({"secrets": rows}))
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds of this era fit")]
fn date(seconds: f64) -> String {
    rfc3339((seconds * 1000.0) as i64)
}

fn line(row: &Value) -> String {
    let word = |name: &str| row[name].as_str().unwrap_or_default();
    let state = match row["version"].as_i64() {
        Some(version) => format!("version {version:<4} {}", word("changed")),
        None => format!("missing: run `stackctl secret set {}`", word("secret")),
    };
    let functions: Vec<&str> =
        row["functions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let read = match functions.as_slice() {
        [] => "read by no function".to_owned(),
        keys => format!("read by {}", keys.join(", ")),
    };
    format!("{:24} {state}  {read}", word("secret"))
}

async fn remove(app: &App, config: &Config, key: &str) -> Result<()> {
    check_key(&format!("secret {key}"), key)?;
    let cloud = app.cloud(config).await?;
    let secret = Secret::new(&cloud, config, key);
    let progress = Progress::new(Id::after(&Graph::default()), &Events::default());
    let Some(live) = app.unless_stopped(secret.read(&progress)).await? else {
        return app.ui.result(
            || format!("there is no secret {key}"),
            || json!({"secret": key, "deleted": false}),
        );
    };
    if !secret.is_ours(&live) {
        let message =
            format!("parameter `{}` does not belong to this stack", config.parameter(key));
        return Err(
            Error::usage(message).hint("it lacks the stack's tags: delete it where it is from")
        );
    }
    if !app.globals.yes {
        let loses = match readers(config, key).as_slice() {
            [] => String::new(),
            keys => format!(" {} it and does not start without it.", reading(keys)),
        };
        let effect = format!("This deletes every version of secret {key}.{loses}");
        let (prompt, instead) = ("Delete it? (yes/no)", "pass `--yes` to delete it");
        let question = Question { verb: "`secret rm`", effect: &effect, prompt, instead };
        widening::agreed(app, &question).await?;
    }
    app.unless_stopped(secret.delete(&live, &progress)).await?;
    app.ui.result(|| format!("{key} is deleted"), || json!({"secret": key, "deleted": true}))
}

async fn get(app: &App, config: &Config, key: &str, reveals: bool) -> Result<()> {
    check_key(&format!("secret {key}"), key)?;
    if !reveals {
        return Err(Error::usage("`secret get` prints the value")
            .hint(format!("run `stackctl secret get {key} --reveal` where nobody looks on; `stackctl secret list` shows what is set")));
    }
    let cloud = app.cloud(config).await?;
    let found = app.unless_stopped(values::get(&cloud, config, key)).await?;
    let (value, version) = found.ok_or_else(|| {
        Error::failed(format!("read secret `{key}`"))
            .cause("it is not set")
            .hint(format!("run `stackctl secret set {key}`"))
    })?;
    let value = value.reveal();
    app.ui.file(value, || json!({"secret": key, "version": version, "value": value}))
}
