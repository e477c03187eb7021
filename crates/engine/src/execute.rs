//! Carries a plan out: each step as soon as the steps it comes after have ended.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::event::Happening;
use super::graph::AnyLive;
use super::plan::{not_ours, refusal, to_be_made};
use super::{Action, Events, Graph, Handle, Id, Inputs, Node, Plan, Progress, Resource, Step};
use crate::error::{Error, Kind, Result};

/// Turns `true` when the user wants no new step to start.
pub type Stop = watch::Receiver<bool>;

/// What became of a plan.
#[derive(Default)]
pub struct Outcome {
    pub(super) lives: Inputs,
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
            let message = format!("stopped before {} steps were started", self.cancelled.len());
            return Err(Error::new(Kind::Interrupted, message)
                .hint("run the same command again: it continues"));
        }
        Ok(self)
    }
}

/// The resource after its step, `None` after a deletion. A step that stops before that drops its promise.
#[derive(Clone)]
struct Made(Option<AnyLive>);

type Keeper = watch::Sender<Option<Made>>;
type Promise = watch::Receiver<Option<Made>>;

/// What a step reports when it has ended.
enum Report {
    Did(Action),
    Failed(Error),
    Skipped,
    Cancelled,
}

/// Runs every step of `plan`, as many at once as its order allows. A failed step stops only what depends on it.
pub async fn execute(graph: &Graph, plan: Plan, events: &Events, stop: &Stop) -> Outcome {
    // Ctrl-C may have been pressed while this thread was busy with the plan: this lets the runtime look.
    tokio::task::yield_now().await;
    let mut tasks = JoinSet::new();
    let mut promises: Vec<(Id, Promise)> = Vec::new();
    let given = Arc::new(plan.given);
    let mut keepers = Vec::new();
    for step in &plan.steps {
        let (keeper, promise) = watch::channel(None);
        keepers.push(keeper);
        promises.push((step.id, promise));
    }
    for (step, keeper) in plan.steps.iter().cloned().zip(keepers) {
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
            (id, run.finish(before, keeper, &events).await)
        });
    }
    let mut reports = tasks.join_all().await;
    reports.sort_by_key(|(id, _)| plan.steps.iter().position(|step| step.id == *id));
    let mut outcome = Outcome { lives: Arc::unwrap_or_clone(given), ..Outcome::default() };
    for (id, promise) in &promises {
        if let Some(made) = &*promise.borrow() {
            made.note(*id, &mut outcome.lives);
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
    /// `promise` is kept as soon as the steps after this one can begin.
    async fn finish(self, before: Vec<(Id, Promise)>, promise: Keeper, events: &Events) -> Report {
        let mut inputs = Inputs::clone(&self.given);
        for (id, mut earlier) in before {
            let Some(made) = kept(&mut earlier).await else {
                Progress::new(self.step.id, events).tell(Happening::Skipped);
                return Report::Skipped;
            };
            made.note(id, &mut inputs);
        }
        let progress = Progress::new(self.step.id, events);
        if *self.stop.borrow() && self.step.action != Action::Keep {
            progress.tell(Happening::Cancelled);
            return Report::Cancelled;
        }
        let done = match self.decide(&inputs) {
            Ok(Action::Keep) => {
                progress.tell(Happening::Unchanged);
                promise.send_replace(Some(Made(self.step.live)));
                return Report::Did(Action::Keep);
            }
            Ok(action) => self.carry_out(action, &inputs, &promise, &progress).await,
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
                let differences = to_be_made(&*self.node, inputs, live);
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
        promise: &Keeper,
        progress: &Progress,
    ) -> Result<Action> {
        progress.tell(Happening::Started(action.clone()));
        let live = self.act(&action, inputs, progress).await?;
        promise.send_replace(Some(Made(live.clone())));
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
            return Err(not_ours(&*self.node, self.node.owner(&live)));
        }
        let differences = to_be_made(&*self.node, inputs, &live);
        match refusal(&*self.node, &differences) {
            Some(refused) => Err(refused),
            None if differences.is_empty() => Ok(live),
            None => self.node.update(inputs, &live, progress).await,
        }
    }
}

impl Made {
    fn note(&self, id: Id, lives: &mut Inputs) {
        match &self.0 {
            Some(live) => lives.insert(id, live.clone()),
            None => lives.remove(id),
        }
    }
}

/// `None` when the step stopped, or panicked, before it could keep its promise.
async fn kept(promise: &mut Promise) -> Option<Made> {
    promise.wait_for(Option::is_some).await.ok()?.clone()
}
