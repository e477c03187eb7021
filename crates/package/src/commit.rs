//! Which commit the sources are of: what a rollback tells beside the number of a version.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// The short hash of the commit in `directory`, with a `+` when something was changed since; `None` outside of git.
/// <https://git-scm.com/docs/git-describe>
pub(super) async fn of(directory: &Path) -> Option<String> {
    let describe = ["describe", "--always", "--exclude=*", "--abbrev=7", "--dirty=+"];
    let commit = git(directory, &describe).await?.trim().to_owned();
    is_a_hash(&commit).then_some(commit)
}

/// A file of `directory` as it was in a commit, which may be followed by the `+` of [`of`].
pub async fn file_at(directory: &Path, commit: &str, file: &str) -> Option<String> {
    let hash = commit.trim_end_matches('+');
    if !is_a_hash(hash) {
        return None;
    }
    git(directory, &["show", &format!("{hash}:./{file}")]).await
}

/// What git says of `directory`; `None` when it fails, or is not there.
async fn git(directory: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(directory).stdin(Stdio::null()).kill_on_drop(true);
    let answer = command.output().await.ok().filter(|answer| answer.status.success())?;
    String::from_utf8(answer.stdout).ok()
}

fn is_a_hash(commit: &str) -> bool {
    let hash = commit.trim_end_matches('+');
    (4..=40).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hash_is_a_commit() {
        assert!(is_a_hash("ab12cd3") && is_a_hash("ab12cd3+"));
        assert!(!is_a_hash("") && !is_a_hash("v1.0") && !is_a_hash("fatal: not a repository"));
    }

    #[tokio::test]
    async fn a_folder_that_is_no_repository_has_no_commit() {
        assert_eq!(of(Path::new("/")).await, None);
        assert_eq!(file_at(Path::new("/"), "ab12cd3", "etc/hosts").await, None);
    }
}
