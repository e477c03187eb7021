//! Carries a plan out and proves that its versions answer: the end of `up` and of `deploy`.

mod one;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::time::Instant;

use crate::blueprint::Form;
use crate::cloud::Cloud;
use crate::config::Config;
use crate::payload::{self, Request};
use crate::proof::{Invoked, Proof, Question};
use crate::resources::{LiveApi, LiveRelease, Version, invoke, prune, versions};
use crate::stack::Stack;
use engine::error::{Error, Result};
use engine::{Action, Events, Id, Label, Outcome, Plan, Progress, Stop, execute, finish};
use one::One;

/// What making room asks of AWS.
pub const MAKING_ROOM: &[&[&str]] = &[versions::CALLS, prune::CALLS];

/// How the versions of the functions are proved, by the keys of `stack.toml`.
pub type Questions = BTreeMap<String, Question>;

/// The proofs that there are, by the same keys.
pub type Proofs = BTreeMap<String, Proof>;

pub struct Ship<'a> {
    pub stack: &'a Stack,
    pub cloud: &'a Cloud,
    pub config: &'a Config,
    pub questions: &'a Questions,
    /// Requests after the first answer, for a median.
    pub further: usize,
    pub events: &'a Events,
}

impl Ship<'_> {
    /// No function has a proof when nothing was changed; one has none when nobody could ask.
    pub async fn carry_out(&self, plan: Plan, stop: &Stop) -> Result<(Outcome, Proofs)> {
        let functions = self.functions();
        let ships = functions.iter().filter(|one| plan.updates(one.parts.release.id));
        let ships: Vec<&One> = ships.collect();
        let executed = execute(&self.stack.graph, plan, self.events, stop);
        let (outcome, published) = tokio::join!(executed, self.published(&ships));
        if !outcome.failures.is_empty() {
            self.look_after(&functions, &outcome).await;
        }
        let outcome = outcome.into_result()?;
        let mut proofs = Proofs::new();
        for one in &functions {
            let proof = one.prove(&outcome).await?;
            proofs.extend(proof.map(|proof| (one.key().to_owned(), proof)));
        }
        super::site::prove(self.stack, self.cloud, self.config, &outcome, &self.progress()).await?;
        if *stop.borrow() {
            return Ok((outcome, proofs));
        }
        finish(&self.stack.graph, &outcome, self.events).await?;
        for (one, published) in
            published.into_iter().filter(|(one, _)| proofs.contains_key(one.key()))
        {
            one.make_room(&outcome, published).await;
        }
        let changed =
            |(id, action): &(Id, Action)| !self.stack.is_code(*id) && *action != Action::Keep;
        if !outcome.changes.iter().any(changed) {
            proofs.clear();
        }
        Ok((outcome, proofs))
    }

    fn functions(&self) -> Vec<One<'_>> {
        let parts = self.stack.functions.iter();
        let parts = parts.filter_map(|(key, parts)| {
            let question = self.questions.get(key)?;
            Some(One { ship: self, parts, config: self.config.about(key), question })
        });
        parts.collect()
    }

    /// What failed elsewhere leaves no version live that does not answer: `live` goes back from one that is at fault.
    async fn look_after(&self, functions: &[One<'_>], outcome: &Outcome) {
        let moved =
            |one: &&One| outcome.find(one.parts.release).is_some_and(|live| live.before.is_some());
        for one in functions.iter().filter(moved) {
            // The failure that the run ends with is the first one; what the proof says is shown on its own line.
            let _ = one.prove(outcome).await;
        }
    }

    /// The old versions, listed while new ones are on their way, so that making room takes no time.
    async fn published<'a>(
        &self,
        ships: &[&'a One<'a>],
    ) -> Vec<(&'a One<'a>, Result<Vec<Version>>)> {
        let mut published = Vec::new();
        for one in ships {
            published.push((*one, versions(self.cloud, &one.config.function().name).await));
        }
        published
    }

    fn progress(&self) -> Progress {
        Progress::new(Id::after(&self.stack.graph), self.events)
    }
}

/// A line for each resource, and one for the proof.
pub fn labels(stack: &Stack) -> Vec<Label> {
    let mut labels = stack.graph.labels();
    let name = if stack.http.is_some() { "the API answers" } else { "the functions are active" };
    labels.push(Label { kind: "proof".into(), name: name.into() });
    labels
}

/// Where requests go; absent when no function takes any.
pub fn live_api<'a>(stack: &Stack, outcome: &'a Outcome) -> Result<Option<&'a LiveApi>> {
    let Some(http) = stack.http else { return Ok(None) };
    outcome.find(http.api).map(Some).ok_or_else(|| lost("the API"))
}

/// Which version of the function that this run is about is live.
pub fn live<'a>(stack: &Stack, outcome: &'a Outcome) -> Result<&'a LiveRelease> {
    outcome.find(stack.main().release).ok_or_else(|| lost("its alias"))
}

fn lost(what: &str) -> Error {
    Error::failed(format!("find {what}")).hint("run the same command again: it continues")
}

/// Runs a version once, past the gateway, with the request of the proof.
pub async fn invoked(
    cloud: &Cloud,
    config: &Config,
    version: &str,
    path: &str,
    form: Form,
) -> Invoked {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let event = |query| {
        let request = Request { method: "GET", path, query, body: None };
        payload::event(&request, &[], now)
    };
    let event = match &config.auth {
        Some(auth) => payload::verified(event(payload::REFUSED), &auth.claim, "stackctl"),
        None => event(""),
    };
    let event = event.to_string();
    let since = Instant::now();
    match invoke(cloud, &config.function().name, version, &event).await {
        Ok(answer) if answer.failed => Invoked::Failed(answer.payload),
        Ok(answer) => match status_of(&answer.payload) {
            Some(status @ 500..) if form == Form::Declared => {
                Invoked::Failed(format!("it answers {status}"))
            }
            _ => Invoked::Answered(since.elapsed()),
        },
        // That it may not be invoked, or was not at this moment, says nothing about the version.
        Err(_) => Invoked::Unknown,
    }
}

fn status_of(payload: &str) -> Option<u64> {
    serde_json::from_str::<Value>(payload).ok()?["statusCode"].as_u64()
}
