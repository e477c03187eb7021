//! The command line: global flags and the verbs.

mod reach;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{
    api, audit, auth, build, ci, completions, cors, deploy, dev, doctor, init, invoke, local, logs,
    man, permissions, plan, rollback, secret, simulate, smoke, status, teardown, token, up, user,
    verify_policy,
};

use engine::error::Error;
use engine::span;

pub use reach::{Reach, command, parse};

/// The end of a verb's help: each line is a command that can be typed as it stands. What has to be explained comes before
/// them; a second paragraph at the top would make clap print every flag on three lines.
macro_rules! examples {
    (explained: $text:literal; $($line:literal),+ $(,)?) => {
        concat!($text, "\n\n", $crate::cli::examples!($($line),+))
    };
    ($($line:literal),+ $(,)?) => {
        concat!("\u{1b}[1m\u{1b}[4mExamples:\u{1b}[0m\n", $("  ", $line, "\n"),+)
    };
}
pub(crate) use examples;

/// The lines of a verb's examples.
pub fn examples_of(verb: &clap::Command) -> Vec<String> {
    let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().skip_while(|line| !line.contains("Examples:")).skip(1);
    lines.map(str::to_owned).collect()
}

/// The release, the commit it was built from, and the machine it is for.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("STACKCTL_BUILD"), ")");

/// One small file and one Rust crate become a running backend for your frontend.
#[derive(Debug, Parser)]
#[command(name = "stackctl", version = VERSION, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub verb: Verb,
}

/// Flags that are read for every verb; `reach` says which of them mean something to it.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Path of the configuration file
    #[arg(long, global = true, value_name = "FILE", default_value = "stack.toml")]
    pub config: PathBuf,
    /// Stage to use; every stage has its own tables, function and URL
    #[arg(long, global = true, value_name = "NAME")]
    pub stage: Option<String>,
    /// AWS region; overrides the configuration file
    #[arg(long, global = true)]
    pub region: Option<String>,
    /// Profile of your AWS configuration
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Use the local cloud instead of AWS; needs no account and no Docker [env: STACKCTL_LOCAL]
    #[arg(long, global = true, env = "STACKCTL_LOCAL", hide_env = true, value_parser = FalseyValueParser::new())]
    pub local: bool,
    /// Limit for each wait, such as for a table that becomes active: `30s`, `5m`
    #[arg(long, global = true, value_name = "SPAN", value_parser = span::limit)]
    pub timeout: Option<Duration>,
    /// Output format: `text`, or `json` (result on stdout, errors on stderr)
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: Output,
    /// Answer yes to every question
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// When to use color; `auto` means on a terminal, unless `NO_COLOR` is set
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
    /// Show unchanged resources and request IDs
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// Print only the result and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    Init(init::Args),
    Doctor(doctor::Args),
    Audit(audit::Args),
    Up(up::Args),
    Dev(dev::Args),
    Deploy(deploy::Args),
    Plan(plan::Args),
    VerifyPolicy(verify_policy::Args),
    Simulate(simulate::Args),
    Build(build::Args),
    Status(status::Args),
    Rollback(rollback::Args),
    Invoke(invoke::Args),
    Logs(logs::Args),
    Smoke(smoke::Args),
    Cors(cors::Args),
    Teardown(teardown::Args),
    Permissions(permissions::Args),
    Ci(ci::Args),
    Local(local::Args),
    Api(api::Args),
    Auth(auth::Args),
    Token(token::Args),
    User(user::Args),
    Secret(secret::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Verb {
    /// The stack that the verb is about where no file names it.
    pub fn stack_name(&self) -> Option<&str> {
        match self {
            Verb::Teardown(args) => args.name(),
            _ => None,
        }
    }

    /// Whether the verb works on the local cloud without `--local`.
    pub fn is_local(&self) -> bool {
        matches!(self, Verb::Dev(_))
    }

    /// Whether Ctrl-C is how the verb ends, and no interruption.
    pub fn ends_at_ctrl_c(&self) -> bool {
        match self {
            Verb::Dev(_) => true,
            Verb::Logs(args) => args.follows(),
            _ => false,
        }
    }
}

/// What other tools call our verbs.
const OTHER_WORDS: [(&[&str], &str); 10] = [
    (&["destroy", "remove", "delete", "rm", "down", "undeploy"], "teardown"),
    (&["ls", "list", "ps"], "local list"),
    (&["info", "outputs", "describe"], "status"),
    (&["new", "create"], "init"),
    (&["diff", "preview"], "plan"),
    (&["watch", "serve", "run"], "dev"),
    (&["start"], "local start"),
    (&["stop"], "local stop"),
    (&["tail", "log"], "logs"),
    (&["publish", "push", "apply"], "up"),
];

/// `help VERB` is `VERB --help`.
pub fn words(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.collect();
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    words
}

/// A verb of another tool leads to ours.
pub fn pointed_at(mut refusal: clap::Error) -> clap::Error {
    let word = match refusal.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => word.clone(),
        _ => return refusal,
    };
    let ours = OTHER_WORDS.iter().find(|(words, _)| words.contains(&word.as_str()));
    if let Some((_, ours)) = ours {
        let ours = ContextValue::Strings(vec![(*ours).to_owned()]);
        refusal.insert(ContextKind::SuggestedSubcommand, ours);
    }
    refusal
}

/// What the parser refused, for `--output json`; `None` for text, and for help and the version.
pub fn usage(refusal: &clap::Error, words: impl Iterator<Item = String>) -> Option<Error> {
    let words: Vec<String> = words.collect();
    let json = words.windows(2).any(|pair| pair == ["--output", "json"])
        || words.iter().any(|word| word == "--output=json");
    if !json || !refusal.use_stderr() {
        return None;
    }
    let text = refusal.to_string();
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts = text.split("\n\n").map(one_line);
    let message = parts.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let is_hint = |part: &String| part.starts_with("tip: ") || part.starts_with("Usage: ");
    let hints: Vec<String> = parts.filter(is_hint).collect();
    Some(Error::usage(message).hint(hints.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every verb, the ones below `local` included, with the words that lead to it.
    fn verbs(command: &clap::Command, words: &str) -> Vec<(String, clap::Command)> {
        let below =
            command.get_subcommands().map(|verb| (format!("{words} {}", verb.get_name()), verb));
        below
            .flat_map(|(words, verb)| {
                let mut all = verbs(verb, &words);
                all.push((words, verb.clone()));
                all
            })
            .collect()
    }

    /// The examples at the end of a verb's help: up to two spaces before what they are good for.
    fn lines(verb: &clap::Command) -> Vec<String> {
        let lines = examples_of(verb);
        let lines = lines.iter();
        let lines =
            lines.map(|line| line.trim().split("   ").next().unwrap_or_default().to_owned());
        lines.filter(|line| !line.is_empty()).collect()
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn the_verbs_of_others_lead_to_ours() {
        let told = |word: &str| {
            let refusal = parse(["stackctl", word]).expect_err("no verb of ours");
            pointed_at(refusal).to_string()
        };
        for (words, ours) in OTHER_WORDS {
            for word in words {
                assert!(told(word).contains(&format!("'{ours}'")), "{}", told(word));
            }
            let command = ["stackctl"].into_iter().chain(ours.split(' '));
            assert!(parse(command).is_ok(), "there is no `{ours}`");
        }
        assert!(told("depoly").contains("'deploy'"));
    }

    #[test]
    fn help_is_a_word_too() {
        let line = |text: &str| words(text.split(' ').map(OsString::from));
        assert_eq!(line("stackctl help up"), ["stackctl", "up", "--help"]);
        assert_eq!(line("stackctl help"), ["stackctl", "--help"]);
        assert_eq!(line("stackctl init help"), ["stackctl", "init", "help"]);
    }

    #[test]
    fn every_verb_has_examples_of_itself() {
        for (words, verb) in verbs(&command(), "stackctl") {
            let lines = lines(&verb);
            assert!(!lines.is_empty(), "`{words}` has no examples");
            assert!(lines.iter().all(|line| line.contains(&words)), "{words}: {lines:?}");
        }
    }

    #[test]
    fn every_example_can_be_typed() {
        for (_, verb) in verbs(&command(), "stackctl") {
            for line in lines(&verb) {
                let start = line.find("stackctl").expect("an example");
                let command = line[start..].split(['|', '>', ')']).next().unwrap_or_default();
                let words = command.split_whitespace().map(|word| word.trim_matches('\''));
                let parsed = parse(words);
                assert!(
                    parsed.is_ok(),
                    "`{line}`: {}",
                    parsed.err().map_or_else(String::new, |error| error.to_string())
                );
            }
        }
    }
}
