//! A log group as it grows. A live tail is quick but may leave lines out and ends by itself; a search that overlaps
//! the one before it tells every line. So both are asked, and every line is shown once.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::operation::start_live_tail::StartLiveTailOutput;
use aws_sdk_cloudwatchlogs::types::{
    LiveTailSessionLogEvent, LiveTailSessionMetadata, LiveTailSessionUpdate,
    StartLiveTailResponseStream,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use tokio::time::Instant;

use super::LogSearch;
use crate::cloud::Doing;
use crate::cloud::wait;
use crate::logs::{Entry, Seen, Source};
use engine::error::Result;

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["logs:StartLiveTail"];

/// Between two searches while there is no live tail, or while it misses lines.
const SHORTEST: Duration = Duration::from_secs(1);
/// Between two searches while a live tail tells everything.
const LONGEST: Duration = Duration::from_secs(15);
/// Lines arrive out of order by less than this; milliseconds.
const OVERLAP: i64 = 15_000;
/// Nobody tells a line again after this; milliseconds.
const MEMORY: i64 = 300_000;

/// What has grown, and where to look next.
pub struct LogTail {
    search: LogSearch,
    live: Option<StartLiveTailOutput>,
    seen: Seen,
    /// The time of the newest line, in AWS's own clock.
    newest: i64,
    next_search: Instant,
    pause: Duration,
}

impl LogTail {
    /// Begins with the lines since `from`.
    pub async fn start(search: LogSearch, from: i64) -> Result<Self> {
        let live = live_tail(&search).await?;
        Ok(Self {
            search,
            live,
            seen: Seen::default(),
            newest: from.saturating_add(OVERLAP),
            next_search: Instant::now(),
            pause: SHORTEST,
        })
    }

    /// Whether lines come by themselves.
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// Waits for the next lines that were not told yet, oldest first; sometimes there are none.
    pub async fn next(&mut self) -> Result<Vec<Entry>> {
        let Some(live) = &mut self.live else {
            wait::pause_until(self.next_search).await;
            return self.searched().await;
        };
        let told = tokio::select! {
            update = live.response_stream.recv() => Some(update),
            () = wait::pause_until(self.next_search) => None,
        };
        match told {
            None => self.searched().await,
            Some(Ok(Some(StartLiveTailResponseStream::SessionUpdate(update)))) => {
                if update.session_metadata().is_some_and(LiveTailSessionMetadata::sampled) {
                    self.search_soon();
                }
                Ok(self.fresh(Source::Tail, entries(update)))
            }
            Some(Ok(Some(_))) => Ok(Vec::new()),
            // A session ends after three hours, or when we read too slowly.
            Some(Ok(None) | Err(_)) => {
                self.live = None;
                self.search_soon();
                self.live = live_tail(&self.search).await?;
                Ok(Vec::new())
            }
        }
    }

    async fn searched(&mut self) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        let from = self.newest.saturating_sub(OVERLAP);
        self.seen.begin_search();
        let search = self.search.search(from, |page| {
            found.extend(page);
            Ok(true)
        });
        let ended = search.await;
        let fresh = self.fresh(Source::Search, found);
        let calm =
            self.live.is_some() && fresh.is_empty() && self.search.cloud.loopback().is_none();
        self.pause = if calm { (self.pause * 2).min(LONGEST) } else { SHORTEST };
        self.next_search = Instant::now() + self.pause;
        match ended {
            // The group is made with the stack, or by the first request.
            Err(error) if !error.has_code(&["ResourceNotFoundException"]) && fresh.is_empty() => {
                Err(error)
            }
            _ => Ok(fresh),
        }
    }

    fn fresh(&mut self, source: Source, mut entries: Vec<Entry>) -> Vec<Entry> {
        entries.retain(|entry| self.seen.is_new(source, entry));
        entries.sort_by_key(|entry| entry.time);
        if let Some(last) = entries.last() {
            self.newest = self.newest.max(last.time);
        }
        self.seen.forget_before(self.newest - MEMORY);
        entries
    }

    fn search_soon(&mut self) {
        self.pause = SHORTEST;
        self.next_search = self.next_search.min(Instant::now() + SHORTEST);
    }
}

/// A live tail, where AWS gives one: it takes a right of its own, and a group of the standard class.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html>
async fn live_tail(search: &LogSearch) -> Result<Option<StartLiveTailOutput>> {
    let group = format!("log-group:{}", search.group());
    let arn = search.cloud.identity().await?.arn("logs", &group);
    let call = search.client.start_live_tail().log_group_identifiers(arn);
    let call = call.set_log_event_filter_pattern(search.pattern.clone());
    let answer = match search.cloud.loopback() {
        Some(_) => call.customize().mutate_request(without_prefix).send().await,
        None => call.send().await,
    };
    Ok(answer.doing("follow the log").ok())
}

/// `http://stream-127.0.0.1:…` is the name of no host.
fn without_prefix(request: &mut HttpRequest) {
    let plain = request.uri().replacen("//stream-", "//", 1);
    // It was a URI before, and still is.
    let _ = request.set_uri(plain);
}

fn entries(update: LiveTailSessionUpdate) -> Vec<Entry> {
    let events = update.session_results.unwrap_or_default();
    let entry = |event: LiveTailSessionLogEvent| Entry {
        time: event.timestamp.unwrap_or_default(),
        stream: event.log_stream_name.unwrap_or_default(),
        message: event.message.unwrap_or_default(),
    };
    events.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Replay, ok, refused};

    fn page(ids: &[(&str, i64)]) -> String {
        let event = |(id, time): &(&str, i64)| {
            format!("{{\"timestamp\":{time},\"logStreamName\":\"s\",\"message\":\"{id}\"}}")
        };
        let events: Vec<String> = ids.iter().map(event).collect();
        format!("{{\"events\":[{}]}}", events.join(","))
    }

    fn messages(entries: Vec<Entry>) -> Vec<String> {
        entries.into_iter().map(|entry| entry.message).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_live_tail_searches_overlap_and_tell_nothing_twice() {
        let replay = Replay::new([
            refused("StartLiveTail", 400, "AccessDeniedException", "no"),
            ok("\"startTime\":1000000,", page(&[("a", 1_000_001), ("b", 1_040_000)])),
            ok("\"startTime\":1025000,", page(&[("b", 1_040_000), ("late", 1_039_000)])),
            refused("FilterLogEvents", 400, "ResourceNotFoundException", "none"),
            ok("\"startTime\":1025000,", page(&[("b", 1_040_000), ("c", 1_050_000)])),
        ]);
        let search = LogSearch::new(&replay.cloud(), "/aws/lambda/app-api", None);
        let mut tail = LogTail::start(search, 1_000_000).await.expect("started");
        assert!(!tail.is_live());
        assert_eq!(messages(tail.next().await.expect("lines")), ["a", "b"]);
        assert_eq!(messages(tail.next().await.expect("lines")), ["late"]);
        assert_eq!(messages(tail.next().await.expect("no group is no failure")), [""; 0]);
        assert_eq!(messages(tail.next().await.expect("lines")), ["c"]);
        replay.is_over();
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_search_is_told_and_the_next_one_goes_on() {
        let replay = Replay::new([
            refused("StartLiveTail", 400, "AccessDeniedException", "no"),
            refused("FilterLogEvents", 400, "AccessDeniedException", "no"),
            ok("FilterLogEvents", page(&[("a", 1)])),
        ]);
        let search = LogSearch::new(&replay.cloud(), "/aws/lambda/app-api", None);
        let mut tail = LogTail::start(search, 0).await.expect("started");
        assert!(tail.next().await.is_err());
        assert_eq!(messages(tail.next().await.expect("lines")), ["a"]);
    }

    #[test]
    fn the_prefix_of_the_host_is_taken_off() {
        let mut request = HttpRequest::empty();
        request.set_uri("http://stream-127.0.0.1:4566/").expect("a URI");
        without_prefix(&mut request);
        assert_eq!(request.uri(), "http://127.0.0.1:4566/");
    }
}
