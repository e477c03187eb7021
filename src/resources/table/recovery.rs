//! Point-in-time recovery of a table.

use std::time::Duration;

use aws_sdk_dynamodb::types::PointInTimeRecoverySpecification;

use super::live::is_enabled;
use super::{ABSENT, Table};
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Doing};
use engine::Progress;
use engine::error::{Error, Result};

/// Until a fresh table takes point-in-time recovery.
const BACKUPS: Duration = Duration::from_mins(5);

impl Table {
    pub(super) async fn recovery(&self) -> Result<bool> {
        let answer = self.client.describe_continuous_backups().table_name(&self.name).send().await;
        let answer = answer
            .doing(format!("read the backups of table `{}`", self.name))
            .absent_if(&ABSENT)?;
        Ok(is_enabled(answer.and_then(|answer| answer.continuous_backups_description)))
    }

    /// A fresh table refuses this for a while:
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContinuousBackups.html>
    pub(super) async fn set_recovery(&self, progress: &Progress) -> Result<()> {
        let specification = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(self.wanted.recovery)
            .build()
            .expect("the only required field is set");
        let passes = |error: &Error| {
            error.has_code(&[
                "ContinuousBackupsUnavailableException",
                "ResourceInUseException",
                "TableNotFoundException",
            ])
        };
        let answer = wait::while_refused(
            progress,
            "the table accepts the backup setting",
            BACKUPS,
            passes,
            || async {
                let call = self.client.update_continuous_backups().table_name(&self.name);
                let answer =
                    call.point_in_time_recovery_specification(specification.clone()).send().await;
                answer.doing(format!("set point-in-time recovery of table `{}`", self.name))
            },
        );
        if is_enabled(answer.await?.continuous_backups_description) == self.wanted.recovery {
            return Ok(());
        }
        wait::until(progress, "point-in-time recovery is set", BACKUPS, || async {
            let is_set = self.recovery().await? == self.wanted.recovery;
            Ok(if is_set { Poll::Ready(()) } else { Poll::Pending("not yet".into()) })
        })
        .await
    }
}
