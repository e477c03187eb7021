//! Carries a plan out and proves that its version answers: the end of `up` and of `deploy`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::time::Instant;

use crate::blueprint::Form;
use crate::cloud::Cloud;
use crate::config::Config;
use crate::payload::{self, Request};
use crate::proof::{Endpoint, Invoked, Probe, Proof, Question};
use crate::resources::{LiveApi, LiveRelease, Version, invoke, prune, versions};
use crate::stack::Stack;
use engine::error::{Error, Result};
use engine::{Action, Events, Id, Label, Outcome, Plan, Progress, Stop, alone, execute, finish};

/// What making room asks of AWS.
pub const MAKING_ROOM: &[&[&str]] = &[versions::CALLS, prune::CALLS];

pub struct Ship<'a> {
    pub stack: &'a Stack,
    pub cloud: &'a Cloud,
    pub config: &'a Config,
    pub question: Question,
    /// Requests after the first answer, for a median.
    pub further: usize,
    pub events: &'a Events,
}

impl Ship<'_> {
    /// The proof is `None` when nothing was changed, or nobody could ask.
    pub async fn carry_out(&self, plan: Plan, stop: &Stop) -> Result<(Outcome, Option<Proof>)> {
        let ships = plan.updates(self.stack.release.id);
        let executed = execute(&self.stack.graph, plan, self.events, stop);
        let (outcome, published) = tokio::join!(executed, self.published(ships));
        if !outcome.failures.is_empty() {
            self.look_after(&outcome).await;
        }
        let outcome = outcome.into_result()?;
        let proof = self.prove(&outcome).await?;
        if *stop.borrow() {
            return Ok((outcome, proof));
        }
        finish(&self.stack.graph, &outcome, self.events).await?;
        if let Some((_, published)) = proof.zip(published) {
            self.make_room(live(self.stack, &outcome)?.1, published).await;
        }
        let changed =
            |(id, action): &(Id, Action)| *id != self.stack.code.id && *action != Action::Keep;
        let changed = outcome.changes.iter().any(changed);
        Ok((outcome, proof.filter(|_| changed)))
    }

    /// What failed elsewhere leaves no version live that does not answer: `live` goes back from one that is at fault.
    async fn look_after(&self, outcome: &Outcome) {
        let moved = outcome.find(self.stack.release).is_some_and(|live| live.before.is_some());
        if moved {
            // The failure that the run ends with is the first one; what the proof says is shown on its own line.
            let _ = self.prove(outcome).await;
        }
    }

    /// The old versions, listed while a new one is on its way, so that making room takes no time.
    async fn published(&self, ships: bool) -> Option<Result<Vec<Version>>> {
        if !ships {
            return None;
        }
        Some(versions(self.cloud, &self.config.names.function).await)
    }

    /// Waits until the API answers with the version that is live, whether anything was changed or not: what an earlier
    /// run could not prove is proved by the next one. When the version itself fails, `live` goes back to the one before.
    async fn prove(&self, outcome: &Outcome) -> Result<Option<Proof>> {
        let (api, release) = live(self.stack, outcome)?;
        let probe =
            Probe::new(&release.version, self.endpoint(outcome, release), self.question.form);
        let progress = self.progress();
        let path = self.question.path.as_deref().unwrap_or("/");
        let form = self.question.form;
        let invoke = async || invoked(self.cloud, self.config, &release.version, path, form).await;
        let proof = match &self.question.path {
            Some(path) => {
                let url = format!("{}{path}", api.url);
                let proof = probe.answers(&url, self.further, invoke, &progress);
                alone(&progress, proof).await.map(Some)
            }
            None => alone(&progress, probe.answers_lambda(invoke)).await,
        };
        let failure = match proof {
            Ok(None) => {
                progress.output("warning: nobody could ask whether the version answers: the handler has no `GET` route without parameters, and the deployer may not invoke the function");
                return Ok(None);
            }
            Ok(proof) => return Ok(proof),
            Err(failure) => failure,
        };
        match &release.before {
            Some(before) if probe.is_at_fault() => {
                Err(self.back_to(before, release, &failure).await?)
            }
            before => Err(self.unproven(failure, release, before.as_deref())),
        }
    }

    /// Moves `live` back, and says why.
    async fn back_to(&self, before: &str, release: &LiveRelease, failure: &Error) -> Result<Error> {
        self.stack.alias(self.cloud, self.config).switch_back(release).await?;
        let cause = failure.cause.clone().unwrap_or_default();
        Ok(Error::failed(format!("prove that version {} answers", release.version))
            .cause(cause)
            .hint(format!("`live` points at version {before} again, so nobody is left without an answer; `stackctl logs --errors` may say why")))
    }

    /// A version that is live, and of which nobody knows whether it answers.
    fn unproven(&self, failure: Error, release: &LiveRelease, before: Option<&str>) -> Error {
        let version = &release.version;
        let mut hint = format!(
            "version {version} is live and not proven; run the same command again: it asks again"
        );
        if let Some(before) = before {
            hint += &format!("; `stackctl rollback {before}` goes back to version {before}");
        }
        if self.cloud.region().starts_with("cn-") {
            hint += "; in China an API without authorization answers nobody until its ICP filing is recorded";
        }
        failure.hint(hint)
    }

    /// An endpoint that this run has changed takes its time, whichever version answers there.
    fn endpoint(&self, outcome: &Outcome, release: &LiveRelease) -> Endpoint {
        let Stack { api, routes, permission, .. } = self.stack;
        let parts = [api.id, routes.id, permission.id];
        let changed = |(id, action): &(Id, Action)| parts.contains(id) && *action != Action::Keep;
        let is_new = release.before.is_none()
            && outcome
                .changes
                .iter()
                .any(|(id, action)| *id == self.stack.release.id && *action != Action::Keep);
        if is_new || outcome.changes.iter().any(changed) {
            Endpoint::New
        } else {
            Endpoint::Serving
        }
    }

    /// Deletes old versions behind one that has proved itself. A version too many is no reason to fail.
    async fn make_room(&self, release: &LiveRelease, published: Result<Vec<Version>>) {
        let Some(before) = &release.before else {
            return;
        };
        let keep = usize::try_from(self.config.function.keep_versions).unwrap_or(usize::MAX);
        let needed = [release.version.as_str(), before];
        let function = &self.config.names.function;
        let progress = self.progress();
        let pruned =
            async { prune(self.cloud, function, &published?, keep, &needed, &progress).await };
        if let Err(error) = pruned.await {
            progress.output(format!("warning: old versions were left: {error}"));
        }
    }

    fn progress(&self) -> Progress {
        Progress::new(Id::after(&self.stack.graph), self.events)
    }
}

/// A line for each resource, and one for the proof.
pub fn labels(stack: &Stack) -> Vec<Label> {
    let mut labels = stack.graph.labels();
    labels.push(Label { kind: "proof".into(), name: "the API answers".into() });
    labels
}

/// Where requests go, and which version takes them.
pub fn live<'a>(stack: &Stack, outcome: &'a Outcome) -> Result<(&'a LiveApi, &'a LiveRelease)> {
    let both = outcome.find(stack.api).zip(outcome.find(stack.release));
    both.ok_or_else(|| {
        Error::failed("find the API and its alias").hint("run the same command again: it continues")
    })
}

/// Runs a version once, past the gateway, with the request of the proof.
pub async fn invoked(
    cloud: &Cloud,
    config: &Config,
    version: &str,
    path: &str,
    form: Form,
) -> Invoked {
    let request = Request { method: "GET", path, query: "", body: None };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let event = payload::event(&request, now).to_string();
    let since = Instant::now();
    match invoke(cloud, &config.names.function, version, &event).await {
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
