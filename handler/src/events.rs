//! What the code traces (`tracing::info!("paid", amount)`): lines of the log like all others, with the id of their request.
//!
//! A subscriber of a few lines, because those that are on offer weigh more than all of this crate. What libraries trace
//! is left out: it may hold what users sent.

use std::{cell::RefCell, fmt};

use serde_json::{Map, Value};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
};

use crate::log::{Level, Log};

/// The crates whose events are written; a crate of yours beside this one belongs here.
const OURS: &[&str] = &[env!("CARGO_CRATE_NAME"), "bootstrap"];

thread_local! {
    /// The request that is being served: one at a time, all on one thread.
    static REQUEST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Writes the events of this program from here on.
pub fn write_to(log: Log) {
    // Somebody else's subscriber stays where it is.
    let _ = tracing::subscriber::set_global_default(Events { log });
}

/// A request is being served, until this is dropped.
#[derive(Debug)]
pub struct Serving(());

/// Events belong to this request from here on.
pub fn serving(request: &str) -> Serving {
    REQUEST.set(Some(request.into()));
    Serving(())
}

impl Drop for Serving {
    fn drop(&mut self) {
        REQUEST.set(None);
    }
}

struct Events {
    log: Log,
}

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let of = metadata.target().split("::").next().unwrap_or_default();
        metadata.is_event() && OURS.contains(&of) && self.log.writes(level(*metadata.level()))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let least = [Level::Debug, Level::Info, Level::Warn, Level::Error];
        let least = least.into_iter().find(|level| self.log.writes(*level));
        Some(match least {
            Some(Level::Debug) => LevelFilter::TRACE,
            Some(Level::Info) => LevelFilter::INFO,
            Some(Level::Warn) => LevelFilter::WARN,
            Some(Level::Error) => LevelFilter::ERROR,
            Some(Level::Silent) | None => LevelFilter::OFF,
        })
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if let Some(request) = REQUEST.with_borrow(Clone::clone) {
            fields.others.insert("requestId".into(), request.into());
        }
        self.log.write(level(*event.metadata().level()), &fields.message, fields.others.into());
    }

    // Spans are not enabled.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn level(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        _ => Level::Debug,
    }
}

/// The message of an event, and its other fields by their names.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn take(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (name, value) => {
                self.others.insert(name.into(), value);
            }
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.take(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.take(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.take(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.take(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;

    /// Takes an event apart as `Events` does, and keeps what would be written.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<(String, Value)>>>);

    impl Subscriber for Kept {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            Events { log: Log::from_environment() }.enabled(metadata)
        }

        fn event(&self, event: &Event<'_>) {
            let mut fields = Fields::default();
            event.record(&mut fields);
            let kept = (fields.message, fields.others.into());
            self.0.lock().expect("no test panics while it holds this").push(kept);
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn an_event_has_its_message_and_its_fields_and_those_of_libraries_are_left_out() {
        let kept = Kept::default();
        let dispatch = tracing::Dispatch::new(kept.clone());
        tracing::dispatcher::with_default(&dispatch, || {
            tracing::info!(items = 3_u64, who = "somebody", "{} found", "three");
            tracing::error!(late = true, ratio = 0.5, list = ?[1]);
            tracing::info!(target: "hyper::client", "of a library");
            tracing::debug!("below the level");
        });
        let kept = kept.0.lock().expect("no test panics while it holds this");
        assert_eq!(
            *kept,
            [
                ("three found".into(), json!({"items": 3, "who": "somebody"})),
                (String::new(), json!({"late": true, "ratio": 0.5, "list": "[1]"})),
            ]
        );
    }

    #[test]
    fn a_request_ends_with_its_service() {
        let serving = serving("r-1");
        assert_eq!(REQUEST.with_borrow(Clone::clone).as_deref(), Some("r-1"));
        drop(serving);
        assert_eq!(REQUEST.with_borrow(Clone::clone), None);
    }
}
