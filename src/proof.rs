//! The proof that a version answers: what a deploy is for.

use std::time::Duration;

use tokio::time::Instant;

use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answered, Request, send};
use crate::engine::Progress;
use crate::error::Result;

/// A new endpoint answers within seconds, once its stage is deployed and the permission has spread.
const PATIENCE: Duration = Duration::from_secs(60);

/// The header by which the handler tells the number that Lambda gave it.
const VERSION: &str = "x-function-version";

/// That a version answered, and how soon.
#[derive(Debug, Clone, Copy)]
pub struct Proof {
    /// From the first request to the answer of the version.
    pub waited: Duration,
    /// The answering request alone: the first one of a new version starts it.
    pub took: Duration,
}

/// Asks `url` until `version` answers. Nothing is read or written: the request lacks what every route needs.
pub async fn answers(url: &str, version: &str, progress: &Progress) -> Result<Proof> {
    let since = Instant::now();
    let what = format!("version {version} answers");
    wait::until(progress, &what, PATIENCE, || async {
        let asked = Instant::now();
        let request = Request { method: "GET", url, ..Request::default() };
        let found = match send(request).await {
            Ok(answer) if answer.header(VERSION) == Some(version) => {
                return Ok(Poll::Ready(Proof { waited: since.elapsed(), took: asked.elapsed() }));
            }
            Ok(answer) => told(&answer),
            Err(error) => error.to_string(),
        };
        Ok(Poll::Pending(found))
    })
    .await
}

fn told(answer: &Answered) -> String {
    match answer.header(VERSION) {
        Some(version) => format!("version {version} still answers"),
        None => {
            let body: String = answer.body.chars().take(200).collect();
            format!("the answer is {} {body}", answer.status)
        }
    }
}
