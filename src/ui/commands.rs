//! The commands in hints: each repeats the flags of this run, so that what is pasted reaches the same stack in the same
//! cloud. Hints are written without them, as `` `stackctl up` ``.

use crate::cli::{self, Globals, Reach, Verb};
use crate::config;
use engine::error::{Error, Kind};

/// The flags that a command of a hint repeats.
#[derive(Debug, Clone, Default)]
pub struct Repeated {
    local: bool,
    /// The stack, where no file names it.
    pub(super) name: Option<String>,
    config: Option<String>,
    /// Each with its value.
    stack: Vec<(&'static str, String)>,
    cloud: Vec<(&'static str, String)>,
}

impl Repeated {
    pub fn of(globals: &Globals) -> Self {
        let config = globals.config.display().to_string();
        // One in a folder above is found again without the flag.
        let is_found = config.trim_start_matches("../") == config::FILE;
        let flag = |name, value: &Option<String>| value.clone().map(|value| (name, value));
        Self {
            local: globals.local,
            name: None,
            config: (!is_found).then_some(config),
            stack: flag("--stage", &globals.stage).into_iter().collect(),
            cloud: [flag("--region", &globals.region), flag("--profile", &globals.profile)]
                .into_iter()
                .flatten()
                .collect(),
        }
    }

    /// The failure with commands that can be pasted.
    pub fn in_error(&self, mut error: Error) -> Error {
        if self.local && error.kind == Kind::Unanswered && error.hint.is_some() {
            error.hint = Some(NOT_RUNNING.into());
        }
        error.hint = error.hint.map(|hint| self.in_text(&hint));
        error
    }

    /// The text with every command in backquotes completed.
    pub fn in_text(&self, text: &str) -> String {
        let parts = text.split('`').enumerate();
        let completed = parts.map(|(index, part)| match index % 2 {
            1 if part.starts_with("stackctl ") => self.completed(part),
            _ => part.to_owned(),
        });
        completed.collect::<Vec<_>>().join("`")
    }

    fn completed(&self, command: &str) -> String {
        let Ok((cli, reach)) = cli::parse(command.split(' ')) else {
            return command.to_owned();
        };
        let given = cli.globals;
        let takes_name = matches!(&cli.verb, Verb::Teardown(args) if args.name().is_none());
        let name = self.name.as_deref().filter(|_| takes_name);
        let mut command = command.to_owned();
        let mut add = |flag: &str, value: Option<&str>| {
            command = format!("{command} {flag}");
            if let Some(value) = value {
                command = format!("{command} {}", quoted(value));
            }
        };
        if let Some(name) = name {
            add("--name", Some(name));
        } else if let Some(config) = self.config.as_deref().filter(|_| reach >= Reach::Stack) {
            add("--config", Some(config));
        }
        for (flag, value) in self.stack.iter().filter(|_| reach >= Reach::Stack) {
            if given.stage.is_none() {
                add(flag, Some(value));
            }
        }
        if reach == Reach::Cloud {
            for (flag, value) in &self.cloud {
                add(flag, Some(value));
            }
            if self.local && !given.local {
                add("--local", None);
            }
        }
        command
    }
}

/// What to do when the local cloud does not answer.
const NOT_RUNNING: &str = "the local cloud does not answer: `stackctl local start` starts it";

/// For a POSIX shell.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn repeated(words: &str) -> Repeated {
        let words = format!("stackctl {words}");
        let (cli, _) = cli::parse(words.split(' ')).expect("a command line");
        Repeated { name: cli.verb.stack_name().map(str::to_owned), ..Repeated::of(&cli.globals) }
    }

    #[test]
    fn a_command_repeats_the_flags_of_the_run() {
        let run = repeated("smoke --local --stage nothere --config web/my.toml --profile work");
        assert_eq!(
            run.in_text("run `stackctl up` first"),
            "run `stackctl up --config web/my.toml --stage nothere --profile work --local` first"
        );
        assert_eq!(
            run.in_text("`stackctl build` makes one; `stackctl local start` and `live` too"),
            "`stackctl build --config web/my.toml --stage nothere` makes one; `stackctl local start` and `live` too"
        );
        assert_eq!(
            run.in_text("`stackctl up --stage dev --local`"),
            "`stackctl up --stage dev --local --config web/my.toml --profile work`"
        );
        let above = repeated("smoke --config ../../stack.toml");
        assert_eq!(above.in_text("`stackctl up`"), "`stackctl up`");
        assert_eq!(repeated("smoke").in_text("run `stackctl up` first"), "run `stackctl up` first");
        let spaced = Globals {
            config: "my file's.toml".into(),
            ..cli::parse(["stackctl", "plan"]).expect("a command line").0.globals
        };
        assert_eq!(
            Repeated::of(&spaced).in_text("`stackctl plan`"),
            r"`stackctl plan --config 'my file'\''s.toml'`"
        );
    }

    #[test]
    fn the_name_of_a_stack_that_no_file_names_is_repeated() {
        let run = repeated("teardown --name shop --stage dev --region eu-west-1");
        assert_eq!(
            run.in_text("`stackctl teardown --keep-data` and `stackctl logs`"),
            "`stackctl teardown --keep-data --name shop --stage dev --region eu-west-1` and `stackctl logs --stage dev --region eu-west-1`"
        );
    }

    #[test]
    fn a_local_cloud_that_does_not_answer_is_to_be_started() {
        let unanswered = Error::new(Kind::Unanswered, "failed").hint("check the network");
        let told = repeated("status --local").in_error(unanswered.clone());
        assert!(told.hint.is_some_and(|hint| hint.contains("`stackctl local start`")));
        assert_eq!(repeated("status").in_error(unanswered.clone()), unanswered);
    }

    /// Every command in backquotes in the program's texts, with something in place of what is filled in.
    fn commands() -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        for folder in ["src", "crates"] {
            collect(&root.join(folder), &mut files);
        }
        let mut found = Vec::new();
        for file in files {
            let text = fs::read_to_string(&file).expect("a source");
            let program = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            for line in program.lines().filter(|line| !line.trim_start().starts_with("//")) {
                let parts = line.split('`').skip(1).step_by(2);
                let is_command = |part: &&str| {
                    part.strip_prefix("stackctl ").is_some_and(|rest| !rest.starts_with("VERB"))
                };
                found.extend(parts.filter(is_command).map(filled));
            }
        }
        found
    }

    /// `{other}` is a number, and `{}` a verb.
    fn filled(command: &str) -> String {
        let words = command.split(' ').map(|word| match word {
            "{}" => "up",
            "{verb}" => "client",
            word if word.starts_with('{') => "1",
            word => word,
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }

    #[test]
    fn every_command_of_a_hint_can_be_typed_and_from_a_local_run_stays_on_this_machine() {
        let run = repeated("up --local --stage dev --region eu-west-1 --config other.toml");
        let commands = commands();
        assert!(commands.len() > 30, "{} commands: this does not see them", commands.len());
        for command in commands {
            let completed = run.completed(&command);
            let parsed = cli::parse(completed.split(' '));
            let (cli, reach) = parsed.unwrap_or_else(|error| panic!("`{completed}`: {error}"));
            if reach == Reach::Cloud {
                assert!(cli.globals.local, "`{completed}` would reach AWS");
                assert_eq!(cli.globals.region.as_deref(), Some("eu-west-1"), "`{completed}`");
            }
            if reach >= Reach::Stack {
                assert!(cli.globals.stage.is_some(), "`{completed}` is about another stage");
                assert_eq!(cli.globals.config, Path::new("other.toml"), "`{completed}`");
            }
        }
    }
}
