//! Carries a plan out and proves that its version answers: the end of `up` and of `deploy`.

use crate::cloud::Cloud;
use crate::config::Config;
use crate::proof::{self, Endpoint, Proof};
use crate::resources::{LiveApi, LiveRelease, Release, Version, prune, versions};
use crate::stack::Stack;
use engine::error::{Error, Result};
use engine::{Action, Events, Id, Label, Outcome, Plan, Progress, Stop, alone, execute};

/// What making room asks of AWS.
pub const MAKING_ROOM: &[&[&str]] = &[versions::CALLS, prune::CALLS];

pub struct Ship<'a> {
    pub stack: &'a Stack,
    pub cloud: &'a Cloud,
    pub config: &'a Config,
    /// Requests after the first answer, for a median.
    pub further: usize,
    pub events: &'a Events,
}

impl Ship<'_> {
    /// The proof is `None` when nothing was changed.
    pub async fn carry_out(&self, plan: Plan, stop: &Stop) -> Result<(Outcome, Option<Proof>)> {
        let ships = plan.updates(self.stack.release.id);
        let executed = execute(&self.stack.graph, plan, self.events, stop);
        let (outcome, published) = tokio::join!(executed, self.published(ships));
        let outcome = outcome.into_result()?;
        let proof = self.prove(&outcome).await?;
        if let Some((_, published)) = proof.zip(published).filter(|_| !*stop.borrow()) {
            self.make_room(live(self.stack, &outcome)?.1, published).await;
        }
        Ok((outcome, proof))
    }

    /// The old versions, listed while a new one is on its way, so that making room takes no time.
    async fn published(&self, ships: bool) -> Option<Result<Vec<Version>>> {
        if !ships {
            return None;
        }
        Some(versions(self.cloud, &self.config.names.function).await)
    }

    /// Waits until the API answers with the version that is live; when anything was changed and it does not,
    /// `live` goes back to the version before.
    async fn prove(&self, outcome: &Outcome) -> Result<Option<Proof>> {
        let Self { stack, cloud, config, .. } = self;
        let changed = |(id, action): &(Id, Action)| *id != stack.code.id && *action != Action::Keep;
        if !outcome.changes.iter().any(changed) {
            return Ok(None);
        }
        let (api, release) = live(stack, outcome)?;
        let url = format!("{}/", api.url);
        let endpoint = if release.before.is_some() { Endpoint::Serving } else { Endpoint::New };
        let progress = self.progress();
        let proof = proof::answers(&url, &release.version, endpoint, self.further, &progress);
        let failure = match alone(&progress, proof).await {
            Ok(proof) => return Ok(Some(proof)),
            Err(failure) => failure,
        };
        let Some(before) = &release.before else {
            return Err(failure);
        };
        let alias = Release::new(cloud, config, stack.function, stack.log_group, stack.code);
        alias.switch_back(release).await?;
        let cause = failure.cause.clone().unwrap_or_default();
        Err(Error::failed(format!("prove that version {} answers", release.version))
            .cause(cause)
            .hint(format!("`live` points at version {before} again, so nobody is left without an answer; `stackctl logs --errors` may say why")))
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
