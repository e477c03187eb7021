//! The lines of a log group, searched page by page.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;

use crate::cloud::Cloud;
use crate::cloud::Doing;
use crate::cloud::pages::Pages;
use crate::logs::Entry;
use engine::error::Result;

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["logs:FilterLogEvents"];

/// Lines of one page at most; an emulator stops there without saying that there is more.
const PAGE: i32 = 10_000;

/// One log group, and which of its lines are asked for.
#[derive(Clone)]
pub struct LogSearch {
    pub(super) cloud: Cloud,
    pub(super) client: Client,
    group: String,
    pub(super) pattern: Option<String>,
}

impl LogSearch {
    /// `pattern` is sent to AWS, which takes regular expressions; on a loopback endpoint every line is asked for.
    pub fn new(cloud: &Cloud, group: &str, pattern: Option<String>) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            pattern: pattern.filter(|_| cloud.loopback().is_none()),
            cloud: cloud.clone(),
            group: group.to_owned(),
        }
    }

    pub fn group(&self) -> &str {
        &self.group
    }

    /// Hands over the lines since `from`, oldest first, a page at a time, until `each` says that it is enough. A group
    /// that is not there is a failure with the code `ResourceNotFoundException`.
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>
    pub async fn search(
        &self,
        mut from: i64,
        mut each: impl FnMut(Vec<Entry>) -> Result<bool>,
    ) -> Result<()> {
        let (mut pages, mut again) = (Pages::default(), 0);
        loop {
            let call = self
                .client
                .filter_log_events()
                .log_group_name(&self.group)
                .set_filter_pattern(self.pattern.clone())
                .start_time(from)
                .limit(PAGE)
                .set_next_token(pages.token());
            let answer = call.send().await.doing(format!("read log group `{}`", self.group))?;
            let mut page: Vec<Entry> =
                answer.events.unwrap_or_default().into_iter().map(entry).collect();
            page.sort_by_key(|entry| entry.time);
            let full = page.len() >= PAGE as usize;
            let last = page.last().map_or(from, |entry| entry.time);
            let of_last = page.iter().filter(|entry| entry.time == last).count();
            page.drain(..again.min(page.len()));
            again = 0;
            // An empty page with a token only says that the search has not come far yet.
            if !page.is_empty() && !each(page)? {
                return Ok(());
            }
            if !pages.turn(answer.next_token)? {
                pages = Pages::default();
                if !full || last == from {
                    return Ok(());
                }
                (from, again) = (last, of_last);
            }
        }
    }
}

fn entry(event: FilteredLogEvent) -> Entry {
    Entry {
        time: event.timestamp.unwrap_or_default(),
        stream: event.log_stream_name.unwrap_or_default(),
        message: event.message.unwrap_or_default(),
    }
}

/// A pattern for every line that holds one of `texts`, and for some that do not: what AWS's regular expressions
/// cannot say becomes any character. `None` when that would say nothing.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html>
pub fn pattern(texts: &[&str]) -> Option<String> {
    let plain = |character: char| {
        character.is_ascii_alphanumeric()
            || ['_', '#', '=', '@', '/', ',', '-'].contains(&character)
    };
    let one = |text: &&str| -> String {
        text.chars().map(|character| if plain(character) { character } else { '.' }).collect()
    };
    let good = |text: &&str| text.is_ascii() && text.chars().any(plain);
    texts
        .iter()
        .all(good)
        .then(|| format!("%{}%", texts.iter().map(one).collect::<Vec<_>>().join("|")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Replay, ok, refused};

    fn page(events: &str, token: &str) -> String {
        format!("{{\"events\":[{events}],\"nextToken\":{token}}}")
    }

    fn event(id: &str, time: i64) -> String {
        format!("{{\"timestamp\":{time},\"logStreamName\":\"s\",\"message\":\"{id}\"}}")
    }

    async fn found(replay: &Replay) -> Vec<String> {
        let mut ids = Vec::new();
        let search = LogSearch::new(&replay.cloud(), "/aws/lambda/app-api", None);
        let each = |page: Vec<Entry>| {
            ids.extend(page.into_iter().map(|entry| entry.message));
            Ok(true)
        };
        search.search(5, each).await.expect("read");
        ids
    }

    #[tokio::test]
    async fn empty_pages_are_gone_through_to_the_last() {
        let replay = Replay::new([
            ok("FilterLogEvents", page("", "\"one\"")),
            ok("\"nextToken\":\"one\"", page(&[event("b", 7), event("a", 6)].join(","), "\"two\"")),
            ok("\"nextToken\":\"two\"", page("", "\"three\"")),
            ok("\"nextToken\":\"three\"", page(&event("c", 8), "null")),
        ]);
        assert_eq!(found(&replay).await, ["a", "b", "c"]);
        replay.is_over();
    }

    #[tokio::test]
    async fn a_full_page_without_a_token_is_not_the_end() {
        let mut full: Vec<String> = (0..9_998).map(|_| event("x", 8)).collect();
        full.extend([event("y", 9), event("z", 9)]);
        let rest = [event("y", 9), event("z", 9), event("last", 9)];
        let replay = Replay::new([
            ok("\"startTime\":5", page(&full.join(","), "null")),
            ok("\"startTime\":9", page(&rest.join(","), "null")),
        ]);
        let found = found(&replay).await;
        assert_eq!(found.len(), 10_001);
        assert_eq!(found[9_998..], ["y", "z", "last"]);
        replay.is_over();
    }

    #[tokio::test]
    async fn a_group_that_is_not_there_is_a_failure_with_its_code() {
        let replay =
            Replay::new([refused("FilterLogEvents", 400, "ResourceNotFoundException", "none")]);
        let search = LogSearch::new(&replay.cloud(), "/aws/lambda/app-api", None);
        let error = search.search(0, |_| Ok(true)).await.expect_err("not there");
        assert!(error.has_code(&["ResourceNotFoundException"]));
    }

    #[test]
    fn a_pattern_finds_at_least_what_is_asked_for() {
        assert_eq!(pattern(&["user-1"]).as_deref(), Some("%user-1%"));
        assert_eq!(pattern(&["timed out (x)"]).as_deref(), Some("%timed.out..x.%"));
        assert_eq!(pattern(&["ERROR", "a\"b"]).as_deref(), Some("%ERROR|a.b%"));
        assert_eq!((pattern(&["é"]), pattern(&["..."])), (None, None));
    }
}
