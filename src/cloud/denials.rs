//! What the function was refused, from its own log.

use aws_sdk_cloudwatchlogs::Client;

use super::error::Doing;
use super::pages::Pages;
use super::{Answer, Cloud};
use engine::error::{Error, Result};

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["logs:FilterLogEvents"];

/// Both spellings of the code, and the words of every denial.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>
const PATTERN: &str = "\"is not authorized to perform\"";

/// More lines than these say nothing new.
const MOST: usize = 1_000;

/// The lines of a log group that tell of a denial, the oldest first.
pub async fn read(cloud: &Cloud, log_group: &str) -> Result<Vec<String>> {
    let client = Client::new(&cloud.sdk);
    let (mut lines, mut pages) = (Vec::new(), Pages::default());
    loop {
        let call = client.filter_log_events().log_group_name(log_group).filter_pattern(PATTERN);
        let page = call.set_next_token(pages.token()).send().await;
        let page = page
            .doing(format!("read log group `{log_group}`"))
            .absent_if(&["ResourceNotFoundException"])?
            .ok_or_else(|| {
                Error::environment(format!("there is no log group `{log_group}`"))
                    .hint("run `stackctl up` first")
            })?;
        lines.extend(page.events.unwrap_or_default().into_iter().filter_map(|event| event.message));
        if lines.len() >= MOST || !pages.turn(page.next_token)? {
            return Ok(lines);
        }
    }
}
