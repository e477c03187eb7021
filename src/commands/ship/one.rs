//! One function of a stack whose plan is carried out: its version is proved, or `live` goes back.

use super::{Ship, invoked, live_api, lost};
use crate::config::Config;
use crate::proof::{Endpoint, Probe, Proof, Question};
use crate::resources::{LiveRelease, Version, prune};
use crate::stack::Parts;
use engine::error::{Error, Result};
use engine::{Action, Id, Outcome, alone};

pub(super) struct One<'a> {
    pub ship: &'a Ship<'a>,
    pub parts: &'a Parts,
    /// About this function.
    pub config: Config,
    pub question: &'a Question,
}

impl One<'_> {
    pub fn key(&self) -> &str {
        &self.config.function().key
    }

    fn release<'a>(&self, outcome: &'a Outcome) -> Result<&'a LiveRelease> {
        outcome.find(self.parts.release).ok_or_else(|| lost("its alias"))
    }

    /// Waits until the API answers with the version that is live, whether anything was changed or not: what an earlier
    /// run could not prove is proved by the next one. When the version itself fails, `live` goes back to the one before.
    pub async fn prove(&self, outcome: &Outcome) -> Result<Option<Proof>> {
        let Some(api) =
            live_api(self.ship.stack, outcome)?.filter(|_| self.question.takes_requests)
        else {
            return Ok(None);
        };
        let release = self.release(outcome)?;
        let probe =
            Probe::new(&release.version, self.endpoint(outcome, release), self.question.form)
                .refused_without_token(self.question.needs_token);
        let progress = self.ship.progress();
        let path = self.question.path.as_deref().unwrap_or("/");
        let form = self.question.form;
        let invoke =
            async || invoked(self.ship.cloud, &self.config, &release.version, path, form).await;
        let proof = match &self.question.path {
            Some(path) => {
                let url = format!("{}{path}", api.url);
                let proof = probe.answers(&url, self.ship.further, invoke, &progress);
                alone(&progress, proof).await.map(Some)
            }
            None => alone(&progress, probe.answers_lambda(invoke)).await,
        };
        let failure = match proof {
            Ok(None) => {
                progress.output("warning: the version was not checked: the handler has no `GET` route without parameters, and the deployer lacks lambda:InvokeFunction");
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
        self.ship.stack.alias(self.ship.cloud, &self.config).switch_back(release).await?;
        let cause = failure.cause.clone().unwrap_or_default();
        Ok(Error::failed(format!("prove that version {} answers", release.version))
            .cause(cause)
            .hint(format!("`live` points to version {before} again, which serves all requests; `stackctl logs --errors` may show why")))
    }

    /// A version that is live, and of which nobody knows whether it answers.
    fn unproven(&self, failure: Error, release: &LiveRelease, before: Option<&str>) -> Error {
        let version = &release.version;
        let mut hint = format!(
            "version {version} is live, but not proven; run the same command again to check it"
        );
        if let Some(before) = before {
            hint += &format!("; `stackctl rollback {before}` goes back to version {before}");
        }
        if self.ship.cloud.region().starts_with("cn-") {
            hint += "; in China an API without authorization does not answer until its ICP filing is recorded";
        }
        failure.hint(hint)
    }

    /// An endpoint that this run has changed takes its time, whichever version answers there.
    fn endpoint(&self, outcome: &Outcome, release: &LiveRelease) -> Endpoint {
        let http = self.ship.stack.http.map(|http| [http.api.id, http.routes.id]);
        let parts: Vec<Id> = http
            .into_iter()
            .flatten()
            .chain(self.parts.permission.map(|permission| permission.id))
            .collect();
        let changed = |(id, action): &(Id, Action)| parts.contains(id) && *action != Action::Keep;
        let is_new = release.before.is_none()
            && outcome
                .changes
                .iter()
                .any(|(id, action)| *id == self.parts.release.id && *action != Action::Keep);
        if is_new || outcome.changes.iter().any(changed) {
            Endpoint::New
        } else {
            Endpoint::Serving
        }
    }

    /// Deletes old versions behind one that has proved itself. A version too many is no reason to fail.
    pub async fn make_room(&self, outcome: &Outcome, published: Result<Vec<Version>>) {
        let Ok(release) = self.release(outcome) else { return };
        let Some(before) = &release.before else {
            return;
        };
        let keep =
            usize::try_from(self.config.function().settings.keep_versions).unwrap_or(usize::MAX);
        let needed = [release.version.as_str(), before];
        let function = &self.config.function().name;
        let progress = self.ship.progress();
        let pruned =
            async { prune(self.ship.cloud, function, &published?, keep, &needed, &progress).await };
        if let Err(error) = pruned.await {
            progress.output(format!("warning: old versions were left: {error}"));
        }
    }
}
