//! Carries a plan out: each step as soon as the steps it comes after have ended.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::event::Happening;
use super::graph::AnyLive;
use super::plan::{not_ours, refusal};
use super::{Action, Events, Graph, Handle, Id, Inputs, Node, Plan, Progress, Resource, Step};
use crate::error::{Error, Kind, Result};

/// Turns `true` when the user wants no new step to start.
pub type Stop = watch::Receiver<bool>;

/// What became of a plan.
#[derive(Default)]
pub struct Outcome {
    lives: Inputs,
    /// What was done with each resource, in the order of the plan.
    pub changes: Vec<(Id, Action)>,
    /// What failed, in the order of the plan. Steps that depend on these were skipped.
    pub failures: Vec<(Id, Error)>,
    /// What was not begun because the user stopped the run.
    pub cancelled: Vec<Id>,
}

impl Outcome {
    /// The resource behind `handle` as it is now.
    pub fn find<R: Resource>(&self, handle: Handle<R>) -> Option<&R::Live> {
        self.lives.find(handle)
    }

    /// The first failure, or the interruption, as an error.
    pub fn into_result(mut self) -> Result<Self> {
        if !self.failures.is_empty() {
            return Err(self.failures.swap_remove(0).1);
        }
        if !self.cancelled.is_empty() {
            let message = format!("stopped before {} steps were begun", self.cancelled.len());
            return Err(Error::new(Kind::Interrupted, message)
                .hint("run the same command again: it continues"));
        }
        Ok(self)
    }
}

/// How a step ended as far as the steps after it are concerned.
#[derive(Clone)]
enum Ended {
    /// Well: the resource as it is now, `None` after a deletion.
    Made(Option<AnyLive>),
    /// Not: it failed, was skipped or was cancelled.
    Stopped,
}

type Sender = watch::Sender<Option<Ended>>;
type Promise = watch::Receiver<Option<Ended>>;

/// What a step reports when it has ended.
enum Report {
    Did(Action),
    Failed(Error),
    Skipped,
    Cancelled,
}

/// Runs every step of `plan`, as many at once as its order allows. A failed step stops only what depends on it.
pub async fn execute(graph: &Graph, plan: Plan, events: &Events, stop: &Stop) -> Outcome {
    let mut tasks = JoinSet::new();
    let mut promises: Vec<(Id, Promise)> = Vec::new();
    let given = Arc::new(plan.given);
    let mut senders = Vec::new();
    for step in &plan.steps {
        let (sender, promise) = watch::channel(None);
        senders.push(sender);
        promises.push((step.id, promise));
    }
    for (step, sender) in plan.steps.iter().cloned().zip(senders) {
        let before = promises.iter().filter(|(id, _)| step.after.contains(id)).cloned().collect();
        let run = Run {
            node: graph.node(step.id).clone(),
            given: given.clone(),
            stop: stop.clone(),
            step,
        };
        let events = events.clone();
        tasks.spawn(async move {
            let id = run.step.id;
            let report = run.finish(before, &sender, &events).await;
            sender.send_if_modified(|ended| {
                ended.is_none() && ended.replace(Ended::Stopped).is_none()
            });
            (id, report)
        });
    }
    let mut reports = tasks.join_all().await;
    reports.sort_by_key(|(id, _)| plan.steps.iter().position(|step| step.id == *id));
    let mut outcome = Outcome { lives: Arc::unwrap_or_clone(given), ..Outcome::default() };
    for (id, promise) in &promises {
        match &*promise.borrow() {
            Some(Ended::Made(Some(live))) => outcome.lives.insert(*id, live.clone()),
            Some(Ended::Made(None)) => outcome.lives.remove(*id),
            _ => {}
        }
    }
    for (id, report) in reports {
        match report {
            Report::Did(action) => outcome.changes.push((id, action)),
            Report::Failed(error) => outcome.failures.push((id, error)),
            Report::Cancelled => outcome.cancelled.push(id),
            Report::Skipped => {}
        }
    }
    outcome
}

/// One step with all it needs.
struct Run {
    node: Arc<dyn Node>,
    step: Step,
    given: Arc<Inputs>,
    stop: Stop,
}

impl Run {
    /// `made` is told as soon as the steps after this one can begin.
    async fn finish(self, before: Vec<(Id, Promise)>, made: &Sender, events: &Events) -> Report {
        let mut inputs = Inputs::clone(&self.given);
        for (id, mut promise) in before {
            match ended(&mut promise).await {
                Ended::Made(Some(live)) => inputs.insert(id, live),
                Ended::Made(None) => inputs.remove(id),
                Ended::Stopped => {
                    Progress::new(self.step.id, events).tell(Happening::Skipped);
                    return Report::Skipped;
                }
            }
        }
        let progress = Progress::new(self.step.id, events);
        if *self.stop.borrow() && self.step.action != Action::Keep {
            progress.tell(Happening::Cancelled);
            return Report::Cancelled;
        }
        let done = match self.decide(&inputs) {
            Ok(Action::Keep) => {
                progress.tell(Happening::Unchanged);
                made.send_replace(Some(Ended::Made(self.step.live)));
                return Report::Did(Action::Keep);
            }
            Ok(action) => self.carry_out(action, &inputs, made, &progress).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(action) => {
                progress.tell(Happening::Done { action: action.clone(), took: progress.took() });
                Report::Did(action)
            }
            Err(error) => {
                progress.tell(Happening::Failed(error.clone()));
                Report::Failed(error)
            }
        }
    }

    /// What to do now that everything before this step has ended.
    fn decide(&self, inputs: &Inputs) -> Result<Action> {
        match (&self.step.action, &self.step.live) {
            (Action::Recheck, Some(live)) => {
                let differences = self.node.diff(inputs, live);
                match refusal(&*self.node, &differences) {
                    Some(refused) => Err(refused),
                    None if differences.is_empty() => Ok(Action::Keep),
                    None => Ok(Action::Update(differences)),
                }
            }
            (action, _) => Ok(action.clone()),
        }
    }

    async fn carry_out(
        &self,
        action: Action,
        inputs: &Inputs,
        made: &Sender,
        progress: &Progress,
    ) -> Result<Action> {
        progress.tell(Happening::Started(action.clone()));
        let live = self.act(&action, inputs, progress).await?;
        made.send_replace(Some(Ended::Made(live.clone())));
        self.node.settle(live.as_ref(), progress).await?;
        Ok(action)
    }

    async fn act(
        &self,
        action: &Action,
        inputs: &Inputs,
        progress: &Progress,
    ) -> Result<Option<AnyLive>> {
        let made = match (action, &self.step.live) {
            (Action::Delete, Some(live)) => {
                return self.node.delete(live, progress).await.map(|()| None);
            }
            (Action::Update(_), Some(live)) => self.node.update(inputs, live, progress).await,
            _ => self.node.create(inputs, progress).await,
        };
        match made {
            Err(error) if matches!(error.kind, Kind::Exists | Kind::Unanswered) => {
                self.look_again(error, inputs, progress).await.map(Some)
            }
            made => made.map(Some),
        }
    }

    /// What was `refused` may have been done already, by a call whose answer was lost or by somebody
    /// else at this moment: what is there now is looked at, and brought in line.
    async fn look_again(
        &self,
        refused: Error,
        inputs: &Inputs,
        progress: &Progress,
    ) -> Result<AnyLive> {
        progress.note("looking at what is there");
        let Some(live) = self.node.read(progress).await? else {
            return match refused.kind {
                Kind::Unanswered => self.node.create(inputs, progress).await,
                _ => Err(refused),
            };
        };
        let is_new = self.step.live.is_none();
        if is_new && !self.node.is_ours(&live) {
            return Err(not_ours(&*self.node));
        }
        let differences = self.node.diff(inputs, &live);
        match refusal(&*self.node, &differences) {
            Some(refused) => Err(refused),
            None if differences.is_empty() => Ok(live),
            None => self.node.update(inputs, &live, progress).await,
        }
    }
}

async fn ended(promise: &mut Promise) -> Ended {
    match promise.wait_for(Option::is_some).await {
        Ok(ended) => ended.clone().unwrap_or(Ended::Stopped),
        // The step panicked before it could say how it ended.
        Err(_) => Ended::Stopped,
    }
}
