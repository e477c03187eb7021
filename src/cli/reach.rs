//! Which of the global flags mean something to a verb: the others are refused there, and left out of its help.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, Error, FromArgMatches};

use super::Cli;

/// How much of what the global flags name a verb looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Nothing of a stack.
    Machine,
    /// One stage of a stack, without a cloud.
    Stack,
    /// The stack in its cloud.
    Cloud,
}

/// The flags that mean something from this reach on.
const FLAGS: [(&str, Reach); 6] = [
    ("config", Reach::Stack),
    ("stage", Reach::Stack),
    ("region", Reach::Cloud),
    ("profile", Reach::Cloud),
    ("local", Reach::Cloud),
    ("timeout", Reach::Cloud),
];

impl Reach {
    /// Of a verb as it is typed.
    pub fn of(verb: &str) -> Self {
        match verb {
            "init" | "audit" | "local" | "completions" | "man" => Reach::Machine,
            "build" | "api" | "ci" => Reach::Stack,
            _ => Reach::Cloud,
        }
    }
}

fn meaningless(verb: &str) -> impl Iterator<Item = &'static str> {
    let reach = Reach::of(verb);
    FLAGS.into_iter().filter(move |(_, from)| *from > reach).map(|(flag, _)| flag)
}

/// The whole command line. A verb's help has no flag that means nothing to it.
pub fn command() -> Command {
    let mut command = Cli::command();
    let flags: Vec<Arg> = command.get_arguments().cloned().collect();
    let verbs: Vec<String> =
        command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    for verb in verbs {
        let is_hidden = |flag: &&Arg| meaningless(&verb).any(|name| flag.get_id() == name);
        let hidden: Vec<Arg> =
            flags.iter().filter(is_hidden).map(|flag| flag.clone().hide(true)).collect();
        command = command.mut_subcommand(&verb, |verb| verb.args(hidden));
    }
    command
}

/// What was typed, and how much of the stack it is about.
pub fn parse<Word: Into<OsString> + Clone>(
    words: impl IntoIterator<Item = Word>,
) -> Result<(Cli, Reach), Error> {
    let mut matches = command().try_get_matches_from(words)?;
    let reach = matches.subcommand_name().map_or(Reach::Machine, Reach::of);
    refuse(&matches)?;
    let cli = Cli::from_arg_matches_mut(&mut matches);
    Ok((cli.map_err(|error| error.format(&mut command()))?, reach))
}

fn refuse(matches: &ArgMatches) -> Result<(), Error> {
    let Some(verb) = matches.subcommand_name() else { return Ok(()) };
    let is_typed = |flag: &&str| matches.value_source(flag) == Some(ValueSource::CommandLine);
    match meaningless(verb).find(is_typed) {
        Some(flag) => {
            let message = format!("`--{flag}` means nothing to `{verb}`");
            Err(command().error(ErrorKind::ArgumentConflict, message))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(words: &str) -> Option<String> {
        parse(words.split(' ')).err().map(|error| error.to_string())
    }

    #[test]
    fn a_flag_that_means_nothing_to_a_verb_is_refused_wherever_it_stands() {
        for words in [
            "stackctl init --stage x",
            "stackctl --region eu-west-1 init",
            "stackctl local start --local",
            "stackctl --local local start",
            "stackctl build --profile work",
            "stackctl man --timeout 5s there",
            "stackctl audit --config other.toml",
            "stackctl api --region eu-west-1 openapi",
        ] {
            let told = refused(words).unwrap_or_else(|| panic!("`{words}` is taken"));
            assert!(told.contains("means nothing to `"), "{words}: {told}");
        }
        for words in [
            "stackctl build --stage x --config other.toml",
            "stackctl up --stage x --region eu-west-1 --local --timeout 5s",
            "stackctl init --yes --output json --quiet --color never",
            "stackctl local reset --yes",
        ] {
            assert_eq!(refused(words), None, "{words}");
        }
    }

    #[test]
    fn the_flags_arrive_wherever_they_are_typed() {
        let config = |words: &str| parse(words.split(' ')).expect("a command line").0.globals;
        assert_eq!(config("stackctl up --stage x").stage.as_deref(), Some("x"));
        assert_eq!(config("stackctl --stage x up").stage.as_deref(), Some("x"));
        assert!(config("stackctl api client --yes").yes);
        assert_eq!(config("stackctl local start").config.to_str(), Some("stack.toml"));
    }

    #[test]
    fn every_verb_has_a_reach_and_a_help_without_the_rest() {
        let mut command = command();
        command.build();
        for verb in command.get_subcommands_mut() {
            let name = verb.get_name().to_owned();
            let help = verb.render_long_help().to_string();
            for (flag, from) in FLAGS {
                let is_shown = help.contains(&format!("--{flag}"));
                assert_eq!(is_shown, from <= Reach::of(&name), "{name} --{flag}: {help}");
            }
        }
        // A verb of another name would silently reach the cloud.
        for verb in ["init", "audit", "local", "completions", "man", "build", "api", "ci"] {
            assert!(command.find_subcommand(verb).is_some(), "{verb}");
        }
    }
}
