//! A panic costs its own request and nothing more, and what it says about a user stays out of the log.

use std::{
    any::Any,
    borrow::Cow,
    cell::RefCell,
    fmt,
    future::{Future, poll_fn},
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    pin::pin,
    task::Poll,
};

use crate::environment;

thread_local! {
    /// Where the last panic of a request happened; `None` while no request is being polled.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panic {
    location: String,
    message: Cow<'static, str>,
}

impl fmt::Display for Panic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "panicked at {}: {}", self.location, self.message)
    }
}

/// Keeps the standard report of a panic, which may quote what a user sent, for panics outside of requests.
pub fn record_locations() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !record(panic) {
            report(panic);
        }
    }));
}

/// Runs a future to its end, or to its panic.
pub async fn caught<F: Future>(future: F) -> Result<F::Output, Panic> {
    let mut future = pin!(future);
    poll_fn(|context| {
        LOCATION.set(Some("an unknown place".into()));
        // The future is dropped and never polled again after a panic, so what it left half done is seen by nobody.
        let polled = panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        let location = LOCATION.take().unwrap_or_default();
        match polled {
            Ok(poll) => poll.map(Ok),
            Err(payload) => {
                let message = message(&*payload, environment::is_local());
                Poll::Ready(Err(Panic { location, message }))
            }
        }
    })
    .await
}

fn record(panic: &PanicHookInfo<'_>) -> bool {
    LOCATION.with_borrow_mut(|location| {
        let (Some(location), Some(place)) = (location, panic.location()) else {
            return false;
        };
        *location = place.to_string();
        true
    })
}

/// A literal message is part of the source; a formatted one may hold what a user sent, and is shown on the developer's
/// machine alone.
fn message(payload: &(dyn Any + Send), local: bool) -> Cow<'static, str> {
    match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
        (Some(literal), _) => Cow::Borrowed(*literal),
        (None, Some(formatted)) if local => Cow::Owned(formatted.clone()),
        _ => Cow::Borrowed("(the message is withheld: it may hold personal data)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fail(formatted: Option<&str>) {
        tokio::task::yield_now().await;
        match formatted {
            Some(text) => panic!("{text} is not expected"),
            None => panic!("a literal message"),
        }
    }

    #[tokio::test]
    async fn what_does_not_panic_is_given_through() {
        assert_eq!(caught(async { 5 }).await, Ok(5));
    }

    #[tokio::test]
    async fn a_panic_after_an_await_is_caught_with_its_place() {
        record_locations();
        let panic = caught(fail(None)).await.expect_err("it panics");
        assert_eq!(panic.message, "a literal message");
        assert!(panic.location.contains("panics.rs:"), "{panic}");
    }

    #[tokio::test]
    async fn what_a_user_sent_is_not_in_the_words_of_a_panic() {
        let panic = caught(fail(Some("alice@example.com"))).await.expect_err("it panics");
        assert!(!panic.to_string().contains("alice"), "{panic}");
    }

    #[test]
    fn on_the_developers_machine_it_is() {
        let payload: Box<dyn Any + Send> = Box::new("alice is not expected".to_owned());
        assert_eq!(message(&*payload, true), "alice is not expected");
        assert!(message(&*payload, false).contains("withheld"));
    }
}
