//! Who calls the live version by its contract, and would be surprised by the next one.

use crate::config::Config;
use crate::contract::{self, Contract};
use crate::manifest;
use crate::resources::LiveRelease;

/// One line for each way in which the contract in this folder breaks callers of the version that is live. That one's
/// contract is in its commit; without a commit, or without git, there is nothing to compare with.
pub async fn broken(config: &Config, live: &LiveRelease) -> Vec<String> {
    let found = async {
        let folder = config.root.join(&config.function().settings.crate_directory);
        let commit = live.commits.of(&live.version)?;
        let before = package::file_at(&folder, commit, contract::FILE).await?;
        let now = Contract::read(&folder, &manifest::read(&folder).ok()?).ok()?;
        now.breaks(&before).ok()
    };
    found.await.unwrap_or_default()
}

/// What is said of it.
pub fn text(broken: &[String]) -> String {
    let lines: Vec<String> = broken.iter().map(|one| format!("  - {one}")).collect();
    format!("warning: callers of the live version may break:\n{}", lines.join("\n"))
}
