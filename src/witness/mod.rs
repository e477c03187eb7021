//! The witness: a throwaway stack on the local cloud whose role loses one right after the other, to see who misses it.

mod matrix;
mod requests;

use std::collections::BTreeSet;

use tokio::sync::watch;

use crate::blueprint::{Blueprint, Blueprints, Form};
use crate::cloud::{Cloud, trial_policy};
use crate::config::Config;
use crate::proof::{self, Endpoint, Invoked, MORE, Probe};
use crate::resources::{Source, secret_values};
use crate::stack::Stack;
use engine::error::{Error, Kind, Result};
use engine::{Events, Id, Ownership, Progress, Stop, alone, execute, plan_teardown, plan_up, read};
use iam::document::Document;
use matrix::Mutant;
pub use matrix::{Matrix, Mutation};
use requests::{Case, Choice, Ready};
use verify::manifest::Manifest;

/// From this status on, the handler itself did not get what it asked for.
const FAILED: u16 = 500;

/// A stack that is made for one run and taken away at its end, whatever that end is.
pub struct Witness<'a> {
    cloud: &'a Cloud,
    config: Config,
    manifest: &'a Manifest,
    pub stack: Stack,
    cases: Vec<Case>,
}

impl<'a> Witness<'a> {
    /// Nothing is made yet. Refuses everything but an endpoint on this machine.
    pub fn new(
        cloud: &'a Cloud,
        config: &Config,
        blueprint: &'a Blueprint,
        source: impl Fn(&Config) -> Source,
    ) -> Result<Self> {
        if cloud.loopback().is_none() {
            return Err(Error::environment(
                "the witness breaks policies on purpose: it runs on this machine alone",
            )
            .hint("add `--local`"));
        }
        if blueprint.form == Form::Audited {
            return Err(Error::usage("the witness works with handlers that declare their routes")
                .cause("which routes need which right, the source of this one does not say")
                .hint("`stackctl verify-policy` judges its policies without the witness"));
        }
        let cases = requests::read(&config.root.join(&config.function().settings.crate_directory))?;
        let config =
            config.alone().throwaway(format!("witness-{:06}", fastrand::u32(0..1_000_000)));
        let blueprints = Blueprints::from([(config.about.clone(), blueprint.clone())]);
        let stack = Stack::wanted(cloud, &config, &blueprints, source);
        Ok(Self { cloud, config, manifest: &blueprint.manifest, stack, cases })
    }

    /// Makes the stack, tries every mutant, and takes the stack away again.
    pub async fn run(&self, stop: &Stop, events: &Events) -> Result<Matrix> {
        let tried = Box::pin(self.tried(stop, events)).await;
        let removed = self.remove(events).await;
        let matrix = tried?;
        removed.map(|()| matrix)
    }

    async fn tried(&self, stop: &Stop, events: &Events) -> Result<Matrix> {
        let progress = Progress::new(Id::after(&self.stack.graph), events);
        // The handler does not start without its secrets; the values of the real stack stay there.
        for key in self.config.secrets() {
            let value = wire::Secret::new(format!("made by the witness: {}", fastrand::u64(..)));
            secret_values::put(self.cloud, &self.config, key, &value, &progress).await?;
        }
        let all = self.stack.all();
        let reading = read(&self.stack.graph, &all, events).await?;
        self.cloud.identity().await?;
        let plan = plan_up(&self.stack.graph, &all, &reading, Ownership::Respect)?;
        let outcome = execute(&self.stack.graph, plan, events, stop).await.into_result()?;
        let api = self.stack.http.and_then(|http| outcome.find(http.api));
        let found = api.zip(outcome.find(self.stack.main().release));
        let (api, release) = found.ok_or_else(|| Error::failed("find the API of the witness"))?;
        let work = async {
            let path = proof::asked(self.manifest, false).unwrap_or_else(|| "/".to_owned());
            let probe = Probe::new(&release.version, Endpoint::New, Form::Declared);
            let unasked = async || Invoked::Unknown;
            probe.answers(&format!("{}{path}", api.url), MORE, unasked, &progress).await?;
            self.try_all(&api.url, &progress).await
        };
        let mut stop = stop.clone();
        let work = async {
            tokio::select! {
                done = work => done,
                _ = stop.wait_for(|stopped| *stopped) => Err(Error::new(Kind::Interrupted, "stopped: the throwaway stack is gone")),
            }
        };
        Box::pin(alone(&progress, work)).await
    }

    async fn try_all(&self, url: &str, progress: &Progress) -> Result<Matrix> {
        let identity = self.cloud.identity().await?;
        let role = &self.config.function().role;
        let policy = identity.iam(&format!("policy/{}", self.config.function().data_policy));
        let table = identity.arn("dynamodb", &format!("table/{}", self.config.main_table()));
        let actions = self.manifest.actions();
        let grant =
            |actions: &[&str], arn: &str| Document::allow_table(actions.iter().copied(), [arn]);
        let every: Vec<&str> = actions.iter().map(String::as_str).collect();
        let full = grant(&every, &table);

        let chosen = requests::choose(&self.cases, &self.manifest.routes);
        let (first, more) = self.split(chosen);
        progress.note("the whole policy");
        trial_policy::put(self.cloud, role, Some(&full)).await?;
        trial_policy::detach(self.cloud, role, &policy).await?;
        let first = self.prepared(first, url, "a").await?;
        self.expect_all_to_work(&first, url).await?;
        progress.note("no policy");
        trial_policy::put(self.cloud, role, None).await?;
        self.expect_enforcement(&first, url).await?;

        let mut sent = first.len() * 2;
        let mut mutants = Vec::new();
        let mut mutations: Vec<Mutation> =
            actions.iter().map(|action| Mutation::Without(action.clone())).collect();
        mutations.push(Mutation::OnlyOn(format!("{table}/index/*")));
        mutations.push(Mutation::OnlyOn(table.replace(&self.config.main_table(), "another-table")));
        for mutation in mutations {
            let document = match &mutation {
                Mutation::Without(action) => {
                    progress.note(format!("without {action}"));
                    let others: Vec<&str> =
                        every.iter().copied().filter(|other| other != action).collect();
                    (!others.is_empty()).then(|| grant(&others, &table))
                }
                Mutation::OnlyOn(arn) => {
                    progress.note(format!("only on {arn}"));
                    Some(grant(&every, arn))
                }
            };
            trial_policy::put(self.cloud, role, document.as_ref()).await?;
            let mut mutant = self.try_one(mutation, &first, url).await?;
            sent += first.len();
            if !mutant.is_killed(&self.manifest.routes) && !more.is_empty() {
                trial_policy::put(self.cloud, role, Some(&full)).await?;
                let rest = self.prepared(more.clone(), url, "b").await?;
                trial_policy::put(self.cloud, role, document.as_ref()).await?;
                let second = self.try_one(mutant.mutation.clone(), &rest, url).await?;
                mutant.failed.extend(second.failed);
                sent += rest.len();
            }
            mutants.push(mutant);
        }
        Ok(Matrix::new(self.manifest, mutants, sent))
    }

    /// One request for each operation that a route declares; the others are tried on mutants that survive these.
    fn split<'c>(&self, chosen: Vec<Choice<'c>>) -> (Vec<Choice<'c>>, Vec<Choice<'c>>) {
        let mut taken = vec![0; self.manifest.routes.len()];
        chosen.into_iter().partition(|choice| {
            taken[choice.route] += 1;
            taken[choice.route] <= self.manifest.routes[choice.route].operations.len()
        })
    }

    async fn prepared(&self, chosen: Vec<Choice<'_>>, url: &str, run: &str) -> Result<Vec<Ready>> {
        let mut ready = Vec::new();
        for (place, choice) in chosen.into_iter().enumerate() {
            ready.push(requests::prepare(choice, url, &format!("{run}{place}")).await?);
        }
        Ok(ready)
    }

    async fn try_one(&self, mutation: Mutation, requests: &[Ready], url: &str) -> Result<Mutant> {
        let (mut failed, mut worked) = (BTreeSet::new(), BTreeSet::new());
        for request in requests {
            let answer = request.send(url).await?;
            let side = if answer.status >= FAILED { &mut failed } else { &mut worked };
            side.insert(request.route);
        }
        let failed_wholly = failed.difference(&worked).copied().collect();
        Ok(Mutant { mutation, failed, failed_wholly })
    }

    async fn expect_all_to_work(&self, requests: &[Ready], url: &str) -> Result<()> {
        let asked = requests.iter().map(|request| request.route).collect::<BTreeSet<_>>();
        if let Some(route) = (0..self.manifest.routes.len()).find(|route| !asked.contains(route)) {
            let route = &self.manifest.routes[route];
            return Err(Error::environment(format!(
                "no request of the contract shows {} {}",
                route.method, route.path
            ))
            .hint("add one to contract.json"));
        }
        let tried = self.try_one(Mutation::OnlyOn("everything".into()), requests, url).await?;
        match tried.failed.first() {
            None => Ok(()),
            Some(route) => {
                let route = &self.manifest.routes[*route];
                Err(Error::failed(format!(
                    "answer {} {} with the whole policy",
                    route.method, route.path
                ))
                .cause("the handler failed")
                .hint("the handler needs a right that it does not declare, or is broken"))
            }
        }
    }

    async fn expect_enforcement(&self, requests: &[Ready], url: &str) -> Result<()> {
        let tried = self.try_one(Mutation::OnlyOn("nothing".into()), requests, url).await?;
        if tried.failed_wholly.len() == self.manifest.routes.len() {
            return Ok(());
        }
        Err(Error::environment(
            "the witness is not enforcing IAM: requests work without any policy",
        )
        .hint("use the local cloud of stackctl: `--local`"))
    }

    /// Runs to its end although the user has pressed Ctrl-C.
    async fn remove(&self, events: &Events) -> Result<()> {
        let (_never, unstopped) = watch::channel(false);
        let ids = self.stack.in_the_cloud();
        // A late log line can bring the log group back.
        for _ in 0..2 {
            let reading = read(&self.stack.graph, &ids, events).await?;
            let plan = plan_teardown(&self.stack.graph, &ids, &reading);
            if plan.steps.is_empty() {
                return Ok(());
            }
            execute(&self.stack.graph, plan, events, &unstopped).await.into_result()?;
        }
        Ok(())
    }
}
