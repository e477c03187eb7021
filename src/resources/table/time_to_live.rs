//! Time to live: the attribute with the second since 1970 after which DynamoDB deletes an item.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html>

use aws_sdk_dynamodb::types::{TimeToLiveSpecification, TimeToLiveStatus};

use super::{ABSENT, Table};
use crate::cloud::{Answer, Doing};
use engine::error::{Error, Result};
use engine::{Difference, Progress};

/// What differs.
pub(super) fn diff(table: &Table, live: Option<&str>) -> Option<Difference> {
    let wanted = table.wanted.ttl.as_deref();
    let written = |attribute: Option<&str>| attribute.unwrap_or("none").to_owned();
    let difference = Difference::unless_equal("time to live", &written(live), &written(wanted))?;
    if live.is_none() || wanted.is_none() {
        return Some(difference);
    }
    let place = table.wanted.place();
    Some(difference.refused(format!(
        "DynamoDB changes the attribute in two steps, an hour apart: set `{place}.ttl = \"\"` and run `stackctl up`, and an hour later set the new one"
    )))
}

impl Table {
    /// The attribute, when items expire by one. What DynamoDB is still enabling counts, for that takes up to an hour.
    pub(super) async fn time_to_live(&self) -> Result<Option<String>> {
        let answer = self.client.describe_time_to_live().table_name(&self.name).send().await;
        let answer = answer
            .doing(format!("read the time to live of table `{}`", self.name))
            .absent_if(&ABSENT)?;
        let description = answer.and_then(|answer| answer.time_to_live_description);
        let is_on = |status: &TimeToLiveStatus| {
            matches!(status, TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
        };
        Ok(description
            .filter(|description| description.time_to_live_status.as_ref().is_some_and(is_on))
            .and_then(|description| description.attribute_name))
    }

    /// Turns it on, or off. DynamoDB takes one such change an hour; the refusal of a second one is handed back to be
    /// reported at the end of the run, because nothing else has to wait for it.
    pub(super) async fn set_time_to_live(
        &self,
        live: Option<&str>,
        progress: &Progress,
    ) -> Result<Option<Error>> {
        let wanted = self.wanted.ttl.as_deref();
        let Some(attribute) = wanted.or(live).filter(|_| wanted != live) else {
            return Ok(None);
        };
        let specification = TimeToLiveSpecification::builder()
            .enabled(wanted.is_some())
            .attribute_name(attribute)
            .build()
            .expect("both fields are set");
        let set = self.when_free(progress, || async {
            let call = self.client.update_time_to_live().table_name(&self.name);
            let answer = call.time_to_live_specification(specification.clone()).send().await;
            answer.doing(format!("set the time to live of table `{}`", self.name)).map(|_| ())
        });
        match set.await {
            Err(error) if is_done(&error, wanted.is_some()) => Ok(None),
            Err(error) if error.says("multiple times within a fixed interval") => {
                Ok(Some(error.hint(
                    "DynamoDB accepts one such change an hour; everything else is done. Run the same command again in an hour",
                )))
            }
            set => set.map(|()| None),
        }
    }
}

/// Another run has done it, or a call whose answer was lost.
fn is_done(error: &Error, enabled: bool) -> bool {
    error.says(if enabled { "already enabled" } else { "already disabled" })
}
