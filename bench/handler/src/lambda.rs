//! The Runtime API, for one environment at a time
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>), and the clock.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::http::{self, Request, response};

const PREFIX: &str = "/2018-06-01/runtime/";
/// Until an environment is ready, or has answered what it was given.
const PATIENCE: Duration = Duration::from_mins(2);

/// The server's side of one environment.
#[derive(Clone, Default)]
pub struct Lambda {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    events: VecDeque<String>,
    /// How many times an event was asked for.
    asked: usize,
    given: Option<Instant>,
    /// From an event to its answer.
    latencies: Vec<Duration>,
    wrong: Option<String>,
    over: bool,
}

impl Lambda {
    /// Starts the server and returns it with its port.
    pub fn start() -> io::Result<(Self, u16)> {
        let lambda = Self::default();
        let server = lambda.clone();
        let port = http::serve(move |request| server.answer(request))?;
        Ok((lambda, port))
    }

    /// Waits until the environment asks for its first event.
    pub fn until_ready(&self) -> Result<(), String> {
        self.until(|state| state.asked > 0)
    }

    /// Gives events one after another and returns how long each answer took.
    pub fn invoke(
        &self,
        events: impl IntoIterator<Item = String>,
    ) -> Result<Vec<Duration>, String> {
        let mut state = self.state();
        state.events.extend(events);
        let (expected, asked) = (state.events.len(), state.asked);
        state.latencies = Vec::with_capacity(expected);
        drop(state);
        self.shared.1.notify_all();
        // Asking again is part of an invocation: only then could the next one begin.
        self.until(|state| state.latencies.len() == expected && state.asked == asked + expected)?;
        Ok(std::mem::take(&mut self.state().latencies))
    }

    /// Hangs up on whoever waits for an event.
    pub fn end(&self) {
        self.state().over = true;
        self.shared.1.notify_all();
    }

    fn until(&self, wanted: impl Fn(&State) -> bool) -> Result<(), String> {
        let waiting = |state: &mut State| !wanted(state) && state.wrong.is_none();
        let (mut state, timeout) = self
            .shared
            .1
            .wait_timeout_while(self.state(), PATIENCE, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        match state.wrong.take() {
            Some(wrong) => Err(wrong),
            None if timeout.timed_out() => Err("it does not go on".into()),
            None => Ok(()),
        }
    }

    fn answer(&self, request: &Request) -> Option<Vec<u8>> {
        let now = Instant::now();
        let path = request.line.split_once(PREFIX).map_or("", |(_, path)| path);
        if path == "invocation/next" {
            return self.next();
        }
        let mut state = self.state();
        let body = String::from_utf8_lossy(&request.body);
        if path.ends_with("/response") && body.contains("\"statusCode\":20") {
            let took = state.given.take().map(|given| now - given).unwrap_or_default();
            state.latencies.push(took);
        } else {
            state.wrong = Some(format!("{}: {body}", request.line));
            self.shared.1.notify_all();
        }
        Some(response("202 Accepted", "content-type: application/json\r\n", r#"{"status":"OK"}"#))
    }

    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self.state();
        state.asked += 1;
        if state.events.is_empty() {
            self.shared.1.notify_all();
        }
        let waiting = |state: &mut State| state.events.is_empty() && !state.over;
        let mut state =
            self.shared.1.wait_while(state, waiting).unwrap_or_else(PoisonError::into_inner);
        let event = state.events.pop_front()?;
        let headers = format!(
            "content-type: application/json\r\nlambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-{:012}\r\n\
             lambda-runtime-deadline-ms: 4102444800000\r\n\
             lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:123456789012:function:bench:1\r\n",
            state.asked
        );
        state.given = Some(Instant::now());
        Some(response("200 OK", &headers, &event))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
