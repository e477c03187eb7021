//! Whether this machine can build the handler, and whether the local cloud runs.

use std::path::Path;

use super::check::Check;
use crate::cloud::Local;
use crate::commands::{App, address};
use crate::config::{self, Config};
use crate::recipe::recipe;

/// What a first release build of a handler takes, with room to spare.
const ROOM: u64 = 4 << 30;
/// Less than this, and a build fails.
const LEAST: u64 = 1 << 30;

/// The compiler for the handler of `stack.toml`, and the disk.
pub async fn checks(app: &App, config: Option<&Config>) -> Vec<Check> {
    let mut checks = Vec::new();
    for config in config.into_iter().flat_map(Config::each_function) {
        checks.extend(of_function(&config).await);
    }
    let root = config.map_or(Path::new("."), |config| config.root.as_path());
    checks.push(disk(root));
    if app.globals.local
        && let Ok(settings) = config::local_cloud(None)
    {
        let check = disk(&settings.cache);
        checks.push(Check { name: "disk of the local cloud".into(), ..check });
    }
    checks
}

/// The crate of the function that `config` is about, and the compiler for it.
async fn of_function(config: &Config) -> [Check; 2] {
    let named = |what: &str| match config.functions.len() {
        1 => what.to_owned(),
        _ => format!("{what} of {}", config.about),
    };
    let mut recipe = recipe(config);
    let folder = recipe.crate_directory.display().to_string();
    let handler = if recipe.crate_directory.is_dir() {
        Check::good(&named("handler"), format!("is in {folder}"))
    } else {
        let cure = format!(
            "set `{}.crate` in `stack.toml`, or make a project with `stackctl init`",
            config.function().place()
        );
        // The compiler is asked all the same, where there is a folder to ask it in.
        recipe.crate_directory.clone_from(&config.root);
        Check::bad(&named("handler"), format!("there is no folder `{folder}`"), cure)
    };
    let toolchain = match Box::pin(package::ready(&recipe)).await {
        Ok(found) => Check::good(&named("toolchain"), found),
        Err(error) => Check::of_error(&named("toolchain"), &error),
    };
    [handler, toolchain]
}

fn disk(folder: &Path) -> Check {
    const NAME: &str = "disk";
    // What is not there yet is made in the folder above.
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let there = folder.ancestors().find(|one| one.exists()).unwrap_or(Path::new("/"));
    match machine::free_space(there) {
        Ok(free) => judged(free, there),
        Err(error) => Check::unknown(NAME, error.to_string(), None),
    }
}

fn judged(free: u64, at: &Path) -> Check {
    const NAME: &str = "disk";
    let finding = format!("{} MB are free at {}", free >> 20, at.display());
    if free < LEAST {
        let cure = "a build needs about 1 GB: `cargo clean` in other projects";
        return Check::bad(NAME, finding, cure);
    }
    if free < ROOM {
        return Check::warning(NAME, finding, "a first build may need more");
    }
    Check::good(NAME, finding)
}

/// Where the local cloud answers, when it is meant. It is not started for this.
pub async fn local(app: &App) -> Result<Option<Local>, Check> {
    const NAME: &str = "local cloud";
    if !app.globals.local {
        return Ok(None);
    }
    let running = async {
        let settings = config::local_cloud(None)?;
        local_cloud::running(&settings).await
    };
    match running.await {
        Ok(Some(running)) => Ok(Some(address(&running))),
        Ok(None) => Err(Check::warning(
            NAME,
            "does not run",
            "`up --local` starts it; `stackctl local start` does it alone",
        )),
        Err(error) => Err(Check::of_error(NAME, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Verdict;
    use super::*;

    #[test]
    fn a_full_disk_is_told_before_a_build_fills_it() {
        let verdict = |free| judged(free, Path::new("/")).verdict;
        assert_eq!(verdict(10), Verdict::Bad);
        assert_eq!(verdict(2 << 30), Verdict::Warning);
        assert_eq!(verdict(100 << 30), Verdict::Good);
        assert_ne!(disk(Path::new("is/not/there")).verdict, Verdict::Unknown);
    }
}
