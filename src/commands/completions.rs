//! `stackctl completions`

use std::collections::BTreeSet;

use clap::Command;
use clap_complete::{Shell, generate};
use serde_json::json;

use super::App;
use crate::cli::{self, examples};
use engine::error::Result;

/// Print the script that lets a shell complete verbs and flags
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl completions bash > ~/.local/share/bash-completion/completions/stackctl",
    "stackctl completions zsh > \"${fpath[1]}/_stackctl\"",
    "stackctl completions fish > ~/.config/fish/completions/stackctl.fish",
    "stackctl completions powershell >> $PROFILE",
))]
pub struct Args {
    /// Which shell
    shell: Shell,
}

pub fn run(args: &Args, app: &App) -> Result<()> {
    let script = script(args.shell);
    let script = script.trim_end();
    app.ui.file(script, || json!({"shell": args.shell.to_string(), "script": script}))
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    generate(shell, &mut cli::command(), "stackctl", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    if shell == Shell::Bash { without_values(&script) } else { script }
}

/// Where the script for Bash takes one word after the other for a verb.
const LOOP: &str = "    do\n        case \"${cmd},${i}\" in\n";

/// The script for Bash, which would take the value of a flag for a verb, as in `--stage dev`: it passes over them.
fn without_values(script: &str) -> String {
    let mut flags = BTreeSet::new();
    collect(&cli::command(), &mut flags);
    let flags = flags.into_iter().collect::<Vec<_>>().join("|");
    // Bash makes three words of `--stage=dev`.
    let passing_over = format!(
        "    do\n        \
         if [[ -n ${{value}} ]]; then\n            \
         [[ ${{i}} == \"=\" ]] || value=\"\"\n            \
         continue\n        \
         fi\n        \
         case \"${{i}}\" in\n            \
         {flags})\n                \
         value=1\n                \
         continue\n                \
         ;;\n        \
         esac\n        \
         case \"${{cmd}},${{i}}\" in\n"
    );
    script.replacen(LOOP, &passing_over, 1).replacen(
        "    cmd=\"\"\n",
        "    cmd=\"\"\n    local value=\"\"\n",
        1,
    )
}

/// The flags of a command, and of those below it, that take a value.
fn collect(command: &Command, into: &mut BTreeSet<String>) {
    for flag in command.get_arguments().filter(|one| one.get_action().takes_values()) {
        into.extend(flag.get_long().map(|name| format!("--{name}")));
        into.extend(flag.get_short().map(|name| format!("-{name}")));
    }
    command.get_subcommands().for_each(|below| collect(below, into));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What Bash offers after these words, of which the last is being typed.
    fn offered(words: &[&str]) -> Vec<String> {
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let run = format!(
            "{}\nCOMP_WORDS=({})\nCOMP_CWORD={}\n_stackctl stackctl '{}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
            script(Shell::Bash),
            quoted.join(" "),
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        let output = Command::new("bash").args(["-c", &run]).output().expect("there is bash");
        assert!(output.stderr.is_empty(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_value_of_a_flag_is_no_verb() {
        for words in [
            &["stackctl", ""][..],
            &["stackctl", "--stage", "dev", ""],
            &["stackctl", "--stage", "=", "dev", ""],
            &["stackctl", "--config", "up", "-v", ""],
        ] {
            let offered = offered(words);
            for verb in ["up", "dev", "teardown"] {
                assert!(offered.iter().any(|word| word == verb), "{words:?}: {offered:?}");
            }
        }
        let of_up = offered(&["stackctl", "--stage", "dev", "up", "--ad"]);
        assert_eq!(of_up, ["--adopt"]);
        let stages = offered(&["stackctl", "--output", ""]);
        assert_eq!(stages, ["text", "json"]);
        let below = offered(&["stackctl", "--region", "local", "local", "st"]);
        assert_eq!(below, ["start", "stop", "status"]);
    }
}
