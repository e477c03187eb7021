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

/// A file of `directory` as it was in a commit, which may be followed by the `+` of `of`.
pub async fn file_at(directory: &Path, commit: &str, file: &str) -> Option<String> {
    let hash = commit.trim_end_matches('+');
    if !is_a_hash(hash) {
        return None;
    }
    git(directory, &["show", &format!("{hash}:./{file}")]).await
}

/// A repository can name programs that git runs, and a project can carry a repository within it: git asks nobody for
/// changed files, runs no hook, and takes no bare repository that it only stumbles upon.
/// <https://git-scm.com/docs/git-config#Documentation/git-config.txt-safebareRepository>
const CAREFUL: [&str; 6] = [
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "safe.bareRepository=explicit",
];

/// It fetches nothing that is missing, writes nothing, and asks nothing.
const ALONE: [(&str, &str); 4] = [
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", ""),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
];

/// What git says of `directory`; `None` when it fails, or is not there.
async fn git(directory: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    machine::without_secrets(&mut command);
    command.args(CAREFUL).envs(ALONE).args(arguments);
    command.current_dir(directory).stdin(Stdio::null()).kill_on_drop(true);
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
    async fn git_runs_no_program_of_the_project() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = std::env::temp_dir().join(format!("stackctl-git-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let (mark, script) = (folder.join("mark"), folder.join("evil"));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(&script, format!("#!/bin/sh\ntouch '{}'\n", mark.display()))
            .expect("a file");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&script, executable).expect("it is ours");
        let git = |arguments: &[&str]| {
            let mut command = std::process::Command::new("git");
            command.args(["-c", "user.name=t", "-c", "user.email=t@t"]).args(arguments);
            let output = command.current_dir(&folder).output().expect("there is a git");
            assert!(output.status.success(), "{output:?}");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        git(&["init", "-q", "."]);
        git(&["commit", "-q", "--allow-empty", "-m", "m"]);
        let script = script.to_str().expect("text");
        for setting in ["core.fsmonitor", "core.sshCommand", "remote.origin.uploadpack"] {
            git(&["config", setting, script]);
        }
        git(&["config", "extensions.partialClone", "origin"]);
        git(&["config", "remote.origin.promisor", "true"]);
        git(&["config", "remote.origin.url", "ssh://nowhere.invalid/x"]);
        let _ = std::fs::remove_file(&mark);
        assert!(of(&folder).await.is_some(), "the commit is known");
        file_at(&folder, "1234567890123456789012345678901234567890", "x").await;
        assert!(!mark.exists(), "git ran it");

        // A folder of the project that is a repository to git, though nobody made it one.
        let bare = folder.join("handler");
        git(&["init", "-q", "--bare", "handler"]);
        assert_eq!(super::git(&bare, &["rev-parse", "--is-bare-repository"]).await, None);
        let _ = std::fs::remove_dir_all(&folder);
    }

    #[tokio::test]
    async fn a_folder_that_is_no_repository_has_no_commit() {
        assert_eq!(of(Path::new("/")).await, None);
        assert_eq!(file_at(Path::new("/"), "ab12cd3", "etc/hosts").await, None);
    }
}
