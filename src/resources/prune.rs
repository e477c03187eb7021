//! Deletes published versions that nobody will go back to.

use aws_sdk_lambda::Client;

use super::versions::{Version, versions};
use crate::cloud::{Answer, Cloud};
use crate::error::{Doing, Result};

/// Deletes all versions of `function` but the newest `keep` and those of `needed`. Returns the numbers of the deleted.
pub async fn prune(
    cloud: &Cloud,
    function: &str,
    keep: usize,
    needed: &[&str],
) -> Result<Vec<u64>> {
    let client = Client::new(&cloud.sdk);
    let found = versions(cloud, function).await?;
    let superfluous = superfluous(&found, keep, needed);
    for version in &superfluous {
        let call = client.delete_function().function_name(function).qualifier(version.to_string());
        let answer = call.send().await.doing(format!("delete version {version}"));
        // Another alias of the user's may point at it.
        answer.absent_if(&["ResourceNotFoundException", "ResourceConflictException"])?;
    }
    Ok(superfluous)
}

/// `found` is sorted, the newest first.
fn superfluous(found: &[Version], keep: usize, needed: &[&str]) -> Vec<u64> {
    let old = found.iter().skip(keep).map(|version| version.number);
    old.filter(|number| !needed.contains(&number.to_string().as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Replay, ok, refused};

    fn page(numbers: impl IntoIterator<Item = u64>) -> String {
        let versions: Vec<_> = numbers
            .into_iter()
            .map(|number| serde_json::json!({"Version": number.to_string(), "CodeSize": 1}))
            .collect();
        serde_json::json!({"Versions": versions}).to_string()
    }

    #[tokio::test]
    async fn the_newest_stay_and_so_do_those_that_are_needed() {
        let versions = "/2015-03-31/functions/app-api/versions";
        let replay = Replay::new([
            ok(format!("GET {versions}"), page(1..=8)),
            ok("DELETE /2015-03-31/functions/app-api?Qualifier=4", ""),
            refused(
                "DELETE /2015-03-31/functions/app-api?Qualifier=3",
                409,
                "ResourceConflictException",
                "an alias",
            ),
            ok("DELETE /2015-03-31/functions/app-api?Qualifier=1", ""),
        ]);
        let deleted = prune(&replay.cloud(), "app-api", 4, &["8", "2"]).await;
        assert_eq!(deleted, Ok(vec![4, 3, 1]));
        replay.is_over();
    }

    #[tokio::test]
    async fn few_versions_are_left_alone() {
        let replay = Replay::new([ok("GET", page(1..=4))]);
        assert_eq!(prune(&replay.cloud(), "app-api", 4, &["1"]).await, Ok(Vec::new()));
        replay.is_over();
    }
}
