//! `stackctl completions`

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use serde_json::json;

use super::App;
use crate::cli::{Cli, examples};
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
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "stackctl", &mut script);
    let script = String::from_utf8_lossy(&script).trim_end().to_owned();
    app.ui.file(&script, || json!({"shell": args.shell.to_string(), "script": script}))
}
