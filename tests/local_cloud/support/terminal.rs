//! A terminal, for what happens only in front of one.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::Outcome;

/// Runs a command with a terminal as all three of its streams; what it wrote to either is in the order it came.
const TERMINAL: &str = "import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/// Runs `command` on a terminal on which somebody types `typed`. What was seen is `stdout`.
pub fn on_a_terminal(command: &Command, typed: &str) -> Outcome {
    let mut terminal = Command::new("python3");
    terminal.args(["-c", TERMINAL]).arg(command.get_program()).args(command.get_args());
    terminal.env_clear();
    terminal.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    terminal.env("TERM", "xterm-256color");
    if let Some(folder) = command.get_current_dir() {
        terminal.current_dir(folder);
    }
    terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut terminal = terminal.spawn().expect("there is Python");
    let mut keyboard = terminal.stdin.take().expect("it is piped");
    keyboard.write_all(typed.as_bytes()).expect("it is read");
    let outcome = terminal.wait_with_output().expect("it was started").into();
    drop(keyboard);
    outcome
}
