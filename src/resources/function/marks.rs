//! The tags of a function that say what starts it. They go when that is gone.

use std::collections::BTreeSet;

use aws_sdk_lambda::Client;

use super::{ABSENT, LiveFunction, SETTLING};
use crate::cloud::tags;
use crate::cloud::{Answer, Cloud, Doing, wait};
use crate::config::{Config, Kind};
use engine::Progress;
use engine::error::{Error, Result};

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["lambda:UntagResource/function"];

impl LiveFunction {
    /// What starts it, as its tags say; nothing of what is not the stack's.
    pub fn triggers(&self, config: &Config) -> BTreeSet<Kind> {
        if tags::is_ours(&tags::ours(config), &self.tags) {
            tags::triggers(&self.tags)
        } else {
            BTreeSet::new()
        }
    }
}

/// Takes the tags of these kinds away.
pub async fn unmark(
    cloud: &Cloud,
    name: &str,
    kinds: &BTreeSet<Kind>,
    progress: &Progress,
) -> Result<()> {
    let client = Client::new(&cloud.sdk);
    let arn = cloud.known_identity().arn("lambda", &format!("function:{name}"));
    let keys: Vec<String> = kinds.iter().map(|kind| tags::trigger_key(*kind)).collect();
    let busy =
        |error: &Error| error.has_code(&["ResourceConflictException", "TooManyRequestsException"]);
    wait::while_refused(progress, "the function takes tags", SETTLING, busy, || async {
        let call = client.untag_resource().resource(&arn).set_tag_keys(Some(keys.clone()));
        let answer = call.send().await.doing(format!("take tags off function `{name}`"));
        answer.absent_if(&ABSENT).map(|_| ())
    })
    .await
}
