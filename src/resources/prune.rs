//! Deletes published versions that nobody will go back to.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_lambda::Client;

use super::versions::Version;
use crate::cloud::Doing;
use crate::cloud::{Answer, Cloud, wait};
use engine::Progress;
use engine::error::{Error, Result};

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["lambda:DeleteFunction/function-version"];

/// Until the update that brought the newest version has ended.
const SETTLING: Duration = Duration::from_secs(30);

/// Deletes all versions of `function` but the newest `keep` and those of `needed`, which `found` need not list yet.
/// Returns the numbers of the deleted.
pub async fn prune(
    cloud: &Cloud,
    function: &str,
    found: &[Version],
    keep: usize,
    needed: &[&str],
    progress: &Progress,
) -> Result<Vec<u64>> {
    let client = Client::new(&cloud.sdk);
    let superfluous = superfluous(found, keep, needed);
    let busy = |error: &Error| error.says("in progress");
    let what = "the function can lose a version";
    for version in &superfluous {
        let answer = wait::while_refused(progress, what, SETTLING, busy, || async {
            let call = client.delete_function().function_name(function);
            let answer = call.qualifier(version.to_string()).send().await;
            answer.doing(format!("delete version {version}"))
        });
        // Another alias of the user's may point at it.
        answer.await.absent_if(&["ResourceNotFoundException", "ResourceConflictException"])?;
    }
    Ok(superfluous)
}

/// The newest first.
fn superfluous(found: &[Version], keep: usize, needed: &[&str]) -> Vec<u64> {
    let needed: BTreeSet<u64> = needed.iter().filter_map(|number| number.parse().ok()).collect();
    let mut all = needed.clone();
    all.extend(found.iter().map(|version| version.number));
    all.into_iter().rev().skip(keep).filter(|number| !needed.contains(number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Replay, ok, refused};

    fn published(numbers: impl IntoIterator<Item = u64>) -> Vec<Version> {
        let version = |number| Version { number, ..Version::default() };
        numbers.into_iter().map(version).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_stay_and_so_do_those_that_are_needed() {
        let busy = "An update is in progress for resource: app-api";
        let fourth = "DELETE /2015-03-31/functions/app-api?Qualifier=4";
        let replay = Replay::new([
            refused(fourth, 409, "ResourceConflictException", busy),
            ok(fourth, ""),
            refused(
                "DELETE /2015-03-31/functions/app-api?Qualifier=3",
                409,
                "ResourceConflictException",
                "an alias",
            ),
            ok("DELETE /2015-03-31/functions/app-api?Qualifier=1", ""),
        ]);
        let (cloud, progress) = (replay.cloud(), Progress::silent());
        let deleted = prune(&cloud, "app-api", &published(1..=8), 4, &["8", "2"], &progress).await;
        assert_eq!(deleted, Ok(vec![4, 3, 1]));
        replay.is_over();
    }

    #[test]
    fn the_new_version_counts_whether_it_was_listed_already_or_not() {
        for listed in [1..=4, 1..=5] {
            assert_eq!(superfluous(&published(listed), 4, &["5", "4"]), [1]);
        }
        assert!(superfluous(&published(1..=3), 4, &["4", "3"]).is_empty());
    }
}
