//! The engine with resources that keep a diary instead of calling anybody.

mod ownership;
mod teardown;
mod up;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::*;
use crate::error::{Error, Kind, Result};

/// What happened when, such as `2s create api`.
#[derive(Clone)]
struct Diary {
    since: Instant,
    entries: Arc<Mutex<Vec<String>>>,
}

impl Diary {
    fn new() -> Self {
        Self { since: Instant::now(), entries: Arc::default() }
    }

    fn write(&self, verb: &str, name: &str) {
        let seconds = self.since.elapsed().as_secs();
        locked(&self.entries).push(format!("{seconds}s {verb} {name}"));
    }

    /// What was written since the last time.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut locked(&self.entries))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics while it holds this")
}

/// Something that is wanted to hold a text.
#[derive(Debug, Clone, PartialEq)]
struct Thing {
    text: String,
    foreign: bool,
}

fn thing(text: &str) -> Thing {
    Thing { text: text.into(), foreign: false }
}

#[allow(clippy::struct_excessive_bools)] // Each is one trait of a resource.
struct Fake {
    name: &'static str,
    needs: Vec<Id>,
    contained_in: Option<Id>,
    belongs_to: Option<Id>,
    slow: bool,
    /// Wants the text of this one instead of its own.
    follows: Option<Handle<Fake>>,
    wanted: &'static str,
    takes: Duration,
    there: Arc<Mutex<Option<Thing>>>,
    /// What the next writes fail with, and whether they are done all the same.
    faults: Mutex<VecDeque<(Kind, bool)>>,
    /// Cannot be changed in place.
    rigid: bool,
    /// What differs is left as it is.
    lax: bool,
    /// The user alone makes it.
    by_hand: bool,
    /// How long it takes to settle, when it does at all, and how that fails.
    settles: Option<(Duration, Option<Kind>)>,
    diary: Diary,
}

impl Fake {
    fn new(name: &'static str, diary: &Diary) -> Self {
        Self {
            name,
            needs: Vec::new(),
            contained_in: None,
            belongs_to: None,
            slow: false,
            follows: None,
            wanted: "new",
            takes: Duration::from_secs(1),
            there: Arc::default(),
            faults: Mutex::default(),
            rigid: false,
            lax: false,
            by_hand: false,
            settles: None,
            diary: diary.clone(),
        }
    }

    fn needing(mut self, needs: &[Handle<Fake>]) -> Self {
        self.needs = needs.iter().map(|need| need.id).collect();
        self
    }

    fn there(self, thing: Thing) -> Self {
        *locked(&self.there) = Some(thing);
        self
    }

    fn failing(self, kind: Kind) -> Self {
        locked(&self.faults).push_back((kind, false));
        self
    }

    fn settling(self, seconds: u64, fault: Option<Kind>) -> Self {
        Self { settles: Some((Duration::from_secs(seconds), fault)), ..self }
    }

    /// The write is done and its answer is lost.
    fn losing(self, kind: Kind) -> Self {
        locked(&self.faults).push_back((kind, true));
        self
    }

    fn wanted(&self, inputs: &Inputs) -> Option<String> {
        match self.follows {
            Some(other) => inputs.find(other).map(|thing| thing.text.clone()),
            None => Some(self.wanted.to_owned()),
        }
    }

    async fn write(&self, verb: &str, thing: Option<Thing>) -> Result<()> {
        self.diary.write(verb, self.name);
        sleep(self.takes).await;
        let fault = locked(&self.faults).pop_front();
        if fault.is_none_or(|(_, done)| done) {
            *locked(&self.there) = thing;
        }
        match fault {
            Some((kind, _)) => Err(Error::new(kind, format!("failed to {verb} {}", self.name))),
            None => Ok(()),
        }
    }
}

impl Resource for Fake {
    type Live = Thing;

    fn kind(&self) -> &'static str {
        "fake"
    }

    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn needs(&self) -> Vec<Id> {
        self.needs.clone()
    }

    fn made_by(&self) -> Option<String> {
        self.by_hand.then(|| format!("make {}", self.name))
    }

    fn contained_in(&self) -> Option<Id> {
        self.contained_in
    }

    fn belongs_to(&self) -> Option<Id> {
        self.belongs_to.or(self.contained_in)
    }

    fn is_slow_to_read(&self) -> bool {
        self.slow
    }

    async fn read(&self, _: &Progress) -> Result<Option<Thing>> {
        self.diary.write("read", self.name);
        sleep(self.takes).await;
        Ok(locked(&self.there).clone())
    }

    fn is_ours(&self, live: &Thing) -> bool {
        !live.foreign
    }

    fn owner(&self, live: &Thing) -> Option<String> {
        (live.foreign && live.text == "owned").then(|| "`other`".to_owned())
    }

    fn diff(&self, inputs: &Inputs, live: &Thing) -> Vec<Difference> {
        let wanted = self.wanted(inputs).unwrap_or_else(|| live.text.clone());
        let difference = Difference::unless_equal("text", &live.text, &wanted);
        let refused = |difference: Difference| match (self.rigid, self.lax) {
            (true, _) => difference.refused("no way"),
            (false, true) => difference.left("by hand"),
            (false, false) => difference,
        };
        difference.map(refused).into_iter().collect()
    }

    async fn create(&self, inputs: &Inputs, _: &Progress) -> Result<Thing> {
        let made = thing(&self.wanted(inputs).unwrap_or_default());
        self.write("create", Some(made.clone())).await.map(|()| made)
    }

    async fn update(&self, inputs: &Inputs, _: &Thing, _: &Progress) -> Result<Thing> {
        let made = thing(&self.wanted(inputs).unwrap_or_default());
        self.write("update", Some(made.clone())).await.map(|()| made)
    }

    async fn delete(&self, _: &Thing, _: &Progress) -> Result<()> {
        self.write("delete", None).await
    }

    async fn settle(&self, _: Option<&Thing>, _: &Progress) -> Result<()> {
        let Some((takes, fault)) = self.settles else { return Ok(()) };
        sleep(takes).await;
        self.diary.write("settled", self.name);
        match fault {
            Some(kind) => Err(Error::new(kind, format!("failed to settle {}", self.name))),
            None => Ok(()),
        }
    }
}

/// Runs without anybody who watches or stops.
struct Runner {
    events: Events,
    heard: UnboundedReceiver<Event>,
    stop: watch::Sender<bool>,
}

impl Runner {
    fn new() -> Self {
        let (events, heard) = Events::new(None);
        Self { events, heard, stop: watch::channel(false).0 }
    }

    async fn read(&self, graph: &Graph) -> Reading {
        let ids: Vec<Id> = graph.ids().collect();
        read(graph, &ids, &self.events).await.expect("it can be read")
    }

    async fn plan(&self, graph: &Graph) -> Result<Plan> {
        let ids: Vec<Id> = graph.ids().collect();
        plan_up(graph, &ids, &self.read(graph).await, Ownership::Respect)
    }

    async fn execute(&self, graph: &Graph, plan: Plan) -> Outcome {
        execute(graph, plan, &self.events, &self.stop.subscribe()).await
    }

    async fn up(&self, graph: &Graph) -> Outcome {
        self.execute(graph, self.plan(graph).await.expect("a plan")).await
    }

    async fn teardown(&self, graph: &Graph) -> Outcome {
        let ids: Vec<Id> = graph.ids().collect();
        self.execute(graph, plan_teardown(graph, &ids, &self.read(graph).await)).await
    }

    /// What was told of one resource, in a word each.
    fn told(&mut self, id: Id) -> Vec<&'static str> {
        let mut told = Vec::new();
        while let Ok(event) = self.heard.try_recv() {
            let word = match event.happening {
                Happening::Reading => "reading",
                Happening::Read(_) => "read",
                Happening::Started(_) => "started",
                Happening::Note(_) => "note",
                Happening::Output(_) => "output",
                Happening::Done { .. } => "done",
                Happening::Unchanged => "unchanged",
                Happening::Failed(_) => "failed",
                Happening::Skipped => "skipped",
                Happening::Cancelled => "cancelled",
            };
            if event.id == id {
                told.push(word);
            }
        }
        told
    }
}

fn words(outcome: &Outcome) -> Vec<&'static str> {
    outcome.changes.iter().map(|(_, action)| action.word()).collect()
}
