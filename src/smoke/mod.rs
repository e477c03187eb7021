//! A user's whole loop over HTTP, for a user who is there for a moment: create, list, read, update, delete, preflight; and
//! where the API has users, what one of them must not reach.

pub mod attacks;
mod diagnosis;
mod expect;
mod places;

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

pub use diagnosis::{Diagnosis, Layer, Suspicion, from_the_function, suspect};
pub use places::Places;

use crate::cloud::{Answered, Request, Session};
use crate::cors::Ask;
use engine::error::{Error, Result};

/// What the loop asks, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Connects, and starts the function if it sleeps: its time says nothing of the others.
    First,
    Preflight,
    Create,
    List,
    Read,
    Update,
    Delete,
    Gone,
}

const STAGES: [Stage; 8] = [
    Stage::First,
    Stage::Preflight,
    Stage::Create,
    Stage::List,
    Stage::Read,
    Stage::Update,
    Stage::Delete,
    Stage::Gone,
];

impl Stage {
    pub fn name(self) -> &'static str {
        match self {
            Stage::First => "first request",
            Stage::Preflight => "preflight",
            Stage::Create => "create",
            Stage::List => "list",
            Stage::Read => "read",
            Stage::Update => "update",
            Stage::Delete => "delete",
            Stage::Gone => "gone",
        }
    }

    pub fn method(self) -> &'static str {
        match self {
            Stage::First | Stage::List | Stage::Read | Stage::Gone => "GET",
            Stage::Preflight => "OPTIONS",
            Stage::Create => "POST",
            Stage::Update => "PATCH",
            Stage::Delete => "DELETE",
        }
    }

    fn body(self) -> Option<&'static str> {
        match self {
            Stage::Create => Some(r#"{"title":"stackctl smoke"}"#),
            Stage::Update => Some(r#"{"status":"done"}"#),
            _ => None,
        }
    }
}

/// One request of the loop, and how it ended.
#[derive(Debug)]
pub struct Step {
    pub stage: Stage,
    pub method: String,
    pub took: Duration,
    /// `None` without an answer.
    pub status: Option<u16>,
    /// What was asked, to be asked again elsewhere.
    pub path: String,
    pub query: String,
    pub body: Option<&'static str>,
    pub wrong: Option<Wrong>,
}

/// What came instead of what was expected.
#[derive(Debug)]
pub enum Wrong {
    NoAnswer(Error),
    Answer {
        answer: Answered,
        expected: String,
    },
    /// The browser would refuse: the header, and why.
    Refused(String),
}

/// The loop as far as it has come.
pub struct Loop<'a> {
    session: Session,
    url: &'a str,
    places: Places,
    /// Where a page would come from; without one there is no preflight.
    origin: Option<&'a str>,
    /// Of a user of the API, where it has some; else the request names one.
    token: Option<String>,
    pub user: String,
    item: Option<String>,
    pub steps: Vec<Step>,
}

impl<'a> Loop<'a> {
    pub fn new(url: &'a str, origin: Option<&'a str>) -> Self {
        let user = format!("stackctl-smoke-{:016x}", fastrand::u64(..));
        let session = Session::new();
        let places = Places::default();
        Self { session, url, places, origin, token: None, user, item: None, steps: Vec::new() }
    }

    /// The same for other routes than those of `stackctl init`.
    #[must_use]
    pub fn at(self, places: Places) -> Self {
        Self { places, ..self }
    }

    /// The same for the user of a token.
    #[must_use]
    pub fn with_token(self, token: Option<String>) -> Self {
        Self { token, ..self }
    }

    /// Goes through all stages, up to the first that ends otherwise than it should.
    pub async fn run(&mut self, note: impl Fn(&str)) {
        for stage in STAGES {
            if stage == Stage::Preflight && self.origin.is_none() {
                continue;
            }
            note(stage.name());
            let step = self.take(stage).await;
            let ended = step.wrong.is_some();
            self.steps.push(step);
            if ended {
                return;
            }
        }
    }

    async fn take(&mut self, stage: Stage) -> Step {
        let query = self.query(stage);
        let since = Instant::now();
        let answer = self.ask(stage, &query).await;
        let took = since.elapsed();
        let status = answer.as_ref().ok().map(|answer| answer.status);
        let (path, query) = self.places.target(&query);
        let method = self.places.method(stage.method()).to_owned();
        let wrong = match answer {
            Err(error) => Some(Wrong::NoAnswer(error)),
            Ok(answer) => self.judge(stage, answer),
        };
        Step { stage, method, took, status, path, query, body: stage.body(), wrong }
    }

    fn query(&self, stage: Stage) -> String {
        match (stage, &self.item) {
            (Stage::Read | Stage::Update | Stage::Delete | Stage::Gone, Some(item)) => {
                self.query_of(item)
            }
            _ => self.user_query(),
        }
    }

    /// Whose items, where no token says it.
    fn user_query(&self) -> String {
        if self.token.is_some() { String::new() } else { format!("userId={}", self.user) }
    }

    fn query_of(&self, item: &str) -> String {
        let item = format!("itemId={item}");
        [self.user_query(), item]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("&")
    }

    async fn ask(&self, stage: Stage, query: &str) -> Result<Answered> {
        let (path, query) = self.places.target(query);
        let url = format!("{}{path}?{query}", self.url);
        let mut headers: Vec<(&str, String)> = Vec::new();
        match (stage, self.origin) {
            (Stage::Preflight, Some(origin)) => {
                headers = self.preflight(origin).preflight_headers();
            }
            (_, Some(origin)) => headers.push(("origin", origin.to_owned())),
            (_, None) => {}
        }
        if let Some(token) = self.token.as_ref().filter(|_| stage != Stage::Preflight) {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        if stage.body().is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let method = self.places.method(stage.method());
        let request = Request { method, url: &url, headers: &headers, body: stage.body() };
        self.session.send(request).await
    }

    /// What a page asks before it creates an item.
    fn preflight<'o>(&self, origin: &'o str) -> Ask<'o> {
        let mut headers = vec!["content-type"];
        headers.extend(self.token.as_ref().map(|_| "authorization"));
        Ask { origin, method: "POST", headers, credentials: false }
    }

    fn judge(&mut self, stage: Stage, answer: Answered) -> Option<Wrong> {
        let refusal = match (stage, self.origin) {
            (_, None) => None,
            (Stage::Preflight, Some(origin)) => self.preflight(origin).judge_preflight(&answer),
            // A page sees a failure only with this header; the failure itself matters more.
            (_, Some(_)) if answer.status >= 500 => None,
            (_, Some(origin)) => self.preflight(origin).judge(&answer),
        };
        if let Some(refusal) = refusal {
            return Some(Wrong::Refused(format!("{}: {}", refusal.header, refusal.why)));
        }
        if stage == Stage::Preflight {
            return None;
        }
        match expect::expected(stage, &answer, self.item.as_deref()) {
            Ok(body) => {
                if stage == Stage::Create {
                    self.item = body["itemId"].as_str().map(str::to_owned);
                }
                None
            }
            Err(expected) => Some(Wrong::Answer { answer, expected }),
        }
    }

    /// Whether the user may have an item.
    pub fn has_created(&self) -> bool {
        self.steps.iter().any(|step| step.stage == Stage::Create)
    }

    /// Deletes whatever the user has; says whether nothing is left.
    pub async fn clean_up(&self) -> bool {
        let Ok(answer) = self.ask(Stage::List, &self.query(Stage::List)).await else {
            return false;
        };
        let listed: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let Some(items) = listed["items"].as_array() else {
            return false;
        };
        // The user of a token may have items of their own.
        let is_ours = |item: &&Value| self.token.is_none() || item["title"] == attacks::TITLE;
        for item in items.iter().filter(is_ours).filter_map(|item| item["itemId"].as_str()) {
            let query = self.query_of(item);
            let gone = self.ask(Stage::Delete, &query).await;
            if !gone.is_ok_and(|answer| answer.status == 200) {
                return false;
            }
        }
        true
    }
}
