//! `stackctl man`

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_mangen::Man;
use serde_json::json;

use super::App;
use crate::cli::{Cli, examples};
use engine::error::{Doing, Result};

/// Write the manual, a page for each verb, into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("stackctl man ~/.local/share/man/man1"))]
pub struct Args {
    /// The folder; made when it is not there
    directory: PathBuf,
}

pub fn run(args: &Args, app: &App) -> Result<()> {
    let directory = &args.directory;
    fs::create_dir_all(directory).doing(format!("create `{}`", directory.display()))?;
    let mut command = Cli::command();
    command.build();
    let mut pages = Vec::new();
    write(&command, directory, &mut pages)?;
    let text = || format!("{} pages in {}", pages.len(), directory.display());
    app.ui.result(text, || json!({"directory": directory, "pages": pages}))
}

/// One page for the command and each below it: `stackctl-local-start.1`.
fn write(command: &clap::Command, directory: &Path, pages: &mut Vec<String>) -> Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let page = format!("{name}.1");
    let path = directory.join(&page);
    let doing = || format!("write `{}`", path.display());
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text).doing(doing())?;
    fs::write(&path, text).doing(doing())?;
    pages.push(page);
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    below.into_iter().try_for_each(|below| write(below, directory, pages))
}
