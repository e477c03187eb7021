//! The only place that sleeps.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use engine::Progress;
use engine::error::{Error, Result};

/// The first pause between two looks; the next ones grow to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(3);

/// What one look found.
#[derive(Debug)]
pub enum Poll<T> {
    Ready(T),
    /// Not yet, and what was found instead.
    Pending(String),
}

/// Looks again and again until `probe` is ready. Gives up after `patience` with what was found last.
pub async fn until<T, F>(
    progress: &Progress,
    what: &str,
    patience: Duration,
    mut probe: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<Poll<T>>>,
{
    let patience = progress.patience(patience);
    let deadline = Instant::now() + patience;
    let mut pause = SHORTEST;
    loop {
        let found = match probe().await? {
            Poll::Ready(value) => return Ok(value),
            Poll::Pending(found) => found,
        };
        if Instant::now() + pause > deadline {
            return Err(Error::failed(format!("wait until {what}"))
                .cause(format!("after {} s: {found}", patience.as_secs()))
                .hint("run the same command again: it continues where this one stopped"));
        }
        progress.note(format!("waiting until {what}: {found}"));
        sleep(jittered(pause)).await;
        pause = (pause * 3 / 2).min(LONGEST);
    }
}

/// AWS's own last answer, and for how long it was not taken for the last.
fn after_waiting(error: Error, what: &str, patience: Duration) -> Error {
    let told = error.cause.clone().unwrap_or_default();
    error.cause(format!("after {} s of waiting until {what}: {told}", patience.as_secs()))
}

/// Waits until `read` shows what a write has shown to be there.
pub async fn until_read<T, F: Future<Output = Result<Option<T>>>>(
    progress: &Progress,
    patience: Duration,
    mut read: impl FnMut() -> F,
) -> Result<T> {
    until(progress, "AWS shows what is there", patience, || {
        let read = read();
        async { Ok(read.await?.map_or(Poll::Pending("absent".into()), Poll::Ready)) }
    })
    .await
}

/// Runs `attempt` again while it fails in a way that `passes` by itself, such as a role that Lambda
/// cannot assume yet. Gives up after `patience` with AWS's own last answer.
pub async fn while_refused<T, F>(
    progress: &Progress,
    what: &str,
    patience: Duration,
    passes: impl Fn(&Error) -> bool,
    mut attempt: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let patience = progress.patience(patience);
    let deadline = Instant::now() + patience;
    let mut pause = SHORTEST;
    loop {
        let error = match attempt().await {
            Err(error) if passes(&error) => error,
            ended => return ended,
        };
        if Instant::now() + pause > deadline {
            return Err(after_waiting(error, what, patience));
        }
        progress
            .note(format!("waiting until {what}: {}", error.cause.as_deref().unwrap_or("not yet")));
        sleep(jittered(pause)).await;
        pause = (pause * 3 / 2).min(LONGEST);
    }
}

/// Waits for something that cannot be looked up.
pub async fn pause(progress: &Progress, what: &str, time: Duration) {
    progress.note(format!("waiting until {what}"));
    sleep(time).await;
}

/// Waits until `moment`: for whoever looks again and again without an end.
pub async fn pause_until(moment: Instant) {
    sleep_until(moment).await;
}

/// Between half and the whole of `pause`, so that two runs do not keep meeting each other.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use engine::{Events, Id};

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_when_the_probe_is_ready() {
        let (looks, progress) = (Cell::new(0), Progress::silent());
        let found = until(&progress, "it is there", Duration::from_mins(1), || async {
            looks.set(looks.get() + 1);
            Ok(if looks.get() == 5 { Poll::Ready("there") } else { Poll::Pending("absent".into()) })
        });
        assert_eq!(found.await, Ok("there"));
        assert_eq!(looks.get(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_gives_up_with_what_was_found_last() {
        let error = until::<(), _>(
            &Progress::silent(),
            "the table is active",
            Duration::from_secs(10),
            || async { Ok(Poll::Pending("CREATING".into())) },
        )
        .await
        .expect_err("never ready");
        assert_eq!(error.message, "failed to wait until the table is active");
        assert_eq!(error.cause.as_deref(), Some("after 10 s: CREATING"));
    }

    /// Somebody who waits no longer than this for any one thing.
    fn hurried(limit: Duration) -> Progress {
        Progress::new(Id::default(), &Events::new(Some(limit)).0)
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_ends_every_wait_with_what_was_found_last() {
        let (since, progress) = (Instant::now(), hurried(Duration::from_secs(4)));
        let waited = until::<(), _>(&progress, "it is there", Duration::from_mins(10), || async {
            Ok(Poll::Pending("CREATING".into()))
        });
        let error = waited.await.expect_err("never ready");
        assert_eq!(error.cause.as_deref(), Some("after 4 s: CREATING"));
        let refused = || async {
            let mut error = Error::failed("create it").cause("in use");
            error.code = Some("ResourceInUseException".into());
            Err::<(), _>(error)
        };
        let patience = Duration::from_mins(10);
        let error = while_refused(&progress, "it is free", patience, |_| true, refused).await;
        let error = error.expect_err("never free");
        let told = "failed to create it: after 4 s of waiting until it is free: in use (ResourceInUseException)";
        assert_eq!(error.to_string(), told);
        assert!(since.elapsed() <= Duration::from_secs(8));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_prolongs_no_wait() {
        let (since, progress) = (Instant::now(), hurried(Duration::from_mins(10)));
        let budget = Duration::from_secs(4);
        let waited = until::<(), _>(&progress, "it is there", budget, || async {
            Ok(Poll::Pending("absent".into()))
        });
        let error = waited.await.expect_err("never ready");
        assert_eq!(error.cause.as_deref(), Some("after 4 s: absent"));
        assert!(since.elapsed() <= budget);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_passes_is_outlasted_and_another_is_not() {
        let tries = Cell::new(0);
        let attempt = || async {
            tries.set(tries.get() + 1);
            Err::<(), _>(Error::failed("try").cause(if tries.get() < 4 {
                "not yet"
            } else {
                "never"
            }))
        };
        let patience = Duration::from_mins(1);
        let error = while_refused(
            &Progress::silent(),
            "x",
            patience,
            |error| error.says("not yet"),
            attempt,
        )
        .await;
        assert_eq!(error.expect_err("refused for good").cause.as_deref(), Some("never"));
        assert_eq!(tries.get(), 4);
    }
}
