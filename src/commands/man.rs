//! `stackctl man`

use std::fs;
use std::path::{Path, PathBuf};

use clap_mangen::Man;
use serde_json::json;

use super::App;
use crate::cli::{self, examples, examples_of};
use crate::files;
use engine::error::{Doing, Result};

/// Write the manual, a page for each verb, into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("stackctl man ~/.local/share/man/man1"))]
pub struct Args {
    /// Folder; created if it does not exist
    directory: PathBuf,
}

pub fn run(args: &Args, app: &App) -> Result<()> {
    let directory = &args.directory;
    files::check_within(directory)?;
    fs::create_dir_all(directory).doing(format!("create `{}`", directory.display()))?;
    let mut command = cli::command();
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
    let examples = examples_of(command);
    let mut text = Vec::new();
    Man::new(command.clone().after_help(None::<&str>)).render(&mut text).doing(doing())?;
    let is_first = pages.is_empty();
    let sections = [
        section("EXAMPLES", examples.iter().map(String::as_str)),
        section("EXIT STATUS", EXIT_STATUS.lines()),
        if is_first { section("ENVIRONMENT", ENVIRONMENT.lines()) } else { String::new() },
        if is_first { section("FILES", FILES.lines()) } else { String::new() },
    ];
    text.extend(sections.concat().into_bytes());
    machine::replace(&path, &text).doing(doing())?;
    pages.push(page);
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    below.into_iter().try_for_each(|below| write(below, directory, pages))
}

/// A section whose lines stay as they are.
fn section<'a>(title: &str, lines: impl Iterator<Item = &'a str>) -> String {
    let line = |line: &str| {
        let line = line.replace('\\', "\\\\").replace('-', "\\-");
        // A line of roff that begins with one of these is a command.
        let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
        format!("{guard}{line}\n")
    };
    let lines: String = lines.map(line).collect();
    if lines.trim().is_empty() {
        return String::new();
    }
    format!(".SH \"{title}\"\n.nf\n{lines}.fi\n")
}

const EXIT_STATUS: &str = "\
0    done
1    failed
2    usage or configuration
3    findings, changes or drift
4    not provable, or the environment lacks something
130  interrupted";

const ENVIRONMENT: &str = "\
STACKCTL_LOCAL=1     makes --local the default
STACKCTL_LOCAL_PORT  where the local cloud listens
STACKCTL_LOCAL_DIR   what the local cloud keeps
STACKCTL_CACHE_DIR   what was fetched, and the local cloud unless STACKCTL_LOCAL_DIR is set
NO_COLOR             no colour, unless --color says otherwise
CI                   no lines that are redrawn
AWS_PROFILE, AWS_REGION and the rest of the AWS SDK's variables";

const FILES: &str = "\
stack.toml           what the stack shall be; looked for in the folders above, too
~/.cache/stackctl    the local cloud; ~/Library/Caches/stackctl on macOS";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_section_stay_as_they_are() {
        let text = section("EXAMPLES", ["  stackctl up --local", ".x \\ y"].into_iter());
        assert_eq!(text, ".SH \"EXAMPLES\"\n.nf\n  stackctl up \\-\\-local\n\\&.x \\\\ y\n.fi\n");
        assert_eq!(section("EMPTY", [].into_iter()), "");
    }

    #[test]
    fn every_kind_of_failure_has_its_exit_status() {
        use engine::error::Kind;
        let kinds =
            [Kind::Failed, Kind::Usage, Kind::Findings, Kind::Environment, Kind::Interrupted];
        for kind in kinds {
            let code = format!("{:<5}", kind.exit_code());
            assert!(EXIT_STATUS.lines().any(|line| line.starts_with(&code)), "{code}");
        }
    }
}
