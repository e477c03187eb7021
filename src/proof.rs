//! The proof that a version answers: what a deploy is for.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answered, Request, Session};
use engine::Progress;
use engine::error::{Error, Result};

/// A new endpoint answers within seconds, once its stage is deployed and the permission has spread.
const PATIENCE: Duration = Duration::from_mins(1);

/// Behind an endpoint that has answered before, so many answers in a row that are nobody's are the new version's own.
const FAULTS: u32 = 3;

/// Requests after the first one, for the median.
pub const MORE: usize = 3;

/// Whoever asks for no median waits for the first answer alone.
pub const NO_MORE: usize = 0;

/// The header by which the handler tells the number that Lambda gave it.
const VERSION: &str = "x-function-version";

/// That a version answered, and how soon.
#[derive(Debug, Clone, Copy)]
pub struct Proof {
    /// All of it.
    pub waited: Duration,
    /// The first request that the version answered.
    pub took: Duration,
    /// The median of the next few, over the same connection; of the first one where there were no more.
    pub p50: Duration,
}

/// What there was at the endpoint before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Nothing yet, or nobody knows: it may take a while.
    New,
    /// Another version, which answered.
    Serving,
}

/// Asks `url` until `version` answers, and then `further` times. Nothing is read or written: the request lacks what
/// every route needs.
pub async fn answers(
    url: &str,
    version: &str,
    endpoint: Endpoint,
    further: usize,
    progress: &Progress,
) -> Result<Proof> {
    let (since, session) = (Instant::now(), Session::new());
    let faults = Cell::new(0);
    let took = wait::until(progress, &format!("version {version} answers"), PATIENCE, || async {
        let told = match ask(&session, url, version).await {
            Found::Version(took) => return Ok(Poll::Ready(took)),
            Found::Another(told) => {
                faults.set(0);
                told
            }
            Found::Fault(told) => {
                faults.set(faults.get() + 1);
                told
            }
        };
        if endpoint == Endpoint::Serving && faults.get() >= FAULTS {
            let error = Error::failed(format!("prove that version {version} answers"));
            return Err(error.cause(format!("{FAULTS} times in a row, {told}")));
        }
        Ok(Poll::Pending(told))
    })
    .await?;
    let mut more = Vec::with_capacity(further);
    while more.len() < further {
        match ask(&session, url, version).await {
            Found::Version(took) => more.push(took),
            Found::Another(told) | Found::Fault(told) => {
                let error = Error::failed(format!("prove that version {version} answers"));
                return Err(error.cause(format!("it did at first, and then {told}")));
            }
        }
    }
    more.sort();
    Ok(Proof { waited: since.elapsed(), took, p50: more.get(further / 2).copied().unwrap_or(took) })
}

/// Who answered one request.
enum Found {
    /// The version, after so long.
    Version(Duration),
    Another(String),
    /// Nobody who would say a version, or the version with a failure.
    Fault(String),
}

async fn ask(session: &Session, url: &str, version: &str) -> Found {
    let asked = Instant::now();
    let request = Request { method: "GET", url, ..Request::default() };
    match session.send(request).await {
        Ok(answer) => match answer.header(VERSION) {
            Some(other) if other != version => {
                Found::Another(format!("version {other} still answers"))
            }
            Some(_) if answer.status < 500 => Found::Version(asked.elapsed()),
            _ => Found::Fault(told(&answer)),
        },
        Err(error) => Found::Fault(error.to_string()),
    }
}

fn told(answer: &Answered) -> String {
    let body: String = answer.body.chars().take(200).collect();
    format!("the answer is {} {body}", answer.status)
}
