//! The engine with resources that keep a diary instead of calling anybody.

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

    fn diff(&self, inputs: &Inputs, live: &Thing) -> Vec<Difference> {
        let wanted = self.wanted(inputs).unwrap_or_else(|| live.text.clone());
        let difference = Difference::unless_equal("text", &live.text, &wanted);
        let refused = |difference: Difference| {
            if self.rigid { difference.refused("no way") } else { difference }
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

#[tokio::test(start_paused = true)]
async fn what_needs_nothing_starts_together_and_the_rest_when_it_can() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let table = graph.add(Fake { takes: Duration::from_secs(9), ..Fake::new("table", &diary) });
    let role = graph.add(Fake::new("role", &diary));
    let function = graph.add(Fake::new("function", &diary).needing(&[role]));
    graph.add(Fake::new("alias", &diary).needing(&[function]));
    let plan = runner.plan(&graph).await.expect("a plan");
    assert!(!plan.changes_nothing());
    diary.take();
    let outcome = runner.execute(&graph, plan).await;
    assert_eq!(words(&outcome), ["create"; 4]);
    assert_eq!(
        diary.take(),
        ["9s create table", "9s create role", "10s create function", "11s create alias"]
    );
    assert_eq!(outcome.find(table), Some(&thing("new")));
}

#[tokio::test(start_paused = true)]
async fn the_second_run_reads_at_once_and_writes_nothing() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let role = graph.add(Fake::new("role", &diary));
    graph.add(Fake::new("function", &diary).needing(&[role]));
    runner.up(&graph).await;
    diary.take();
    let plan = runner.plan(&graph).await.expect("a plan");
    assert!(plan.changes_nothing());
    assert_eq!(words(&runner.execute(&graph, plan).await), ["keep", "keep"]);
    assert_eq!(diary.take(), ["3s read role", "3s read function"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_skips_only_what_depends_on_it() {
    let (diary, mut runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let role = graph.add(Fake::new("role", &diary).failing(Kind::Failed));
    let function = graph.add(Fake::new("function", &diary).needing(&[role]));
    let alias = graph.add(Fake::new("alias", &diary).needing(&[function]));
    let table = graph.add(Fake::new("table", &diary));
    let outcome = runner.up(&graph).await;
    assert_eq!(outcome.changes, [(table.id, Action::Create)]);
    assert_eq!(outcome.failures.len(), 1);
    assert!(outcome.find(alias).is_none());
    assert_eq!(runner.told(alias.id), ["reading", "read", "skipped"]);
    let error = outcome.into_result().err().expect("a failure");
    assert_eq!(error.message, "failed to create role");
    diary.take();
    assert_eq!(words(&runner.up(&graph).await), ["create", "create", "create", "keep"]);
}

#[tokio::test(start_paused = true)]
async fn after_ctrl_c_nothing_new_starts_and_what_runs_ends() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let role = graph.add(Fake::new("role", &diary));
    let function = graph.add(Fake::new("function", &diary).needing(&[role]));
    let alias = graph.add(Fake::new("alias", &diary).needing(&[function]));
    let plan = runner.plan(&graph).await.expect("a plan");
    let interrupt = async {
        sleep(Duration::from_millis(500)).await;
        runner.stop.send_replace(true);
    };
    let (outcome, ()) = tokio::join!(runner.execute(&graph, plan), interrupt);
    assert_eq!(outcome.changes, [(role.id, Action::Create)]);
    assert_eq!(outcome.cancelled, [function.id]);
    assert!(outcome.find(alias).is_none());
    let error = outcome.into_result().err().expect("interrupted");
    assert_eq!(error.kind, Kind::Interrupted);
    runner.stop.send_replace(false);
    assert_eq!(words(&runner.up(&graph).await), ["keep", "create", "create"]);
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_change_is_compared_again_when_it_is_done() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let api = graph.add(Fake::new("api", &diary));
    let permission = graph.add(
        Fake { follows: Some(api), ..Fake::new("permission", &diary) }
            .needing(&[api])
            .there(thing("old")),
    );
    let other = graph.add(Fake::new("other", &diary).needing(&[api]).there(thing("new")));
    let plan = runner.plan(&graph).await.expect("a plan");
    assert_eq!(plan.steps[1].action, Action::Recheck);
    assert!(!plan.changes_nothing());
    let outcome = runner.execute(&graph, plan).await;
    assert_eq!(words(&outcome), ["create", "update", "keep"]);
    assert_eq!(outcome.find(permission), Some(&thing("new")));
    assert_eq!(outcome.find(other), Some(&thing("new")));
}

#[tokio::test(start_paused = true)]
async fn a_change_that_would_lose_data_ends_the_plan_with_the_way_out() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    graph.add(Fake { rigid: true, ..Fake::new("table", &diary) }.there(thing("old")));
    let error = runner.plan(&graph).await.err().expect("refused");
    assert_eq!(error.message, "refused to change fake `table` (text: old → new)");
    assert_eq!(error.hint.as_deref(), Some("no way"));
}

#[tokio::test(start_paused = true)]
async fn a_change_that_turns_out_to_lose_data_is_refused_then() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let api = graph.add(Fake::new("api", &diary));
    graph.add(
        Fake { follows: Some(api), rigid: true, ..Fake::new("table", &diary) }
            .needing(&[api])
            .there(thing("old")),
    );
    let outcome = runner.up(&graph).await;
    assert_eq!(outcome.failures[0].1.hint.as_deref(), Some("no way"));
    assert!(!diary.take().contains(&"2s update table".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_exists_already_is_looked_at_and_kept_when_it_is_as_wanted() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let role = graph.add(Fake::new("role", &diary).losing(Kind::Exists));
    let outcome = runner.up(&graph).await;
    assert_eq!(diary.take(), ["0s read role", "1s create role", "2s read role"]);
    assert_eq!(outcome.find(role), Some(&thing("new")));
}

#[tokio::test(start_paused = true)]
async fn what_exists_already_is_brought_in_line() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let fake = Fake::new("role", &diary).failing(Kind::Exists);
    let there = fake.there.clone();
    let role = graph.add(fake);
    let plan = runner.plan(&graph).await.expect("a plan");
    *locked(&there) = Some(thing("old"));
    diary.take();
    let outcome = runner.execute(&graph, plan).await;
    assert_eq!(diary.take(), ["1s create role", "2s read role", "3s update role"]);
    assert_eq!(outcome.find(role), Some(&thing("new")));
}

#[tokio::test(start_paused = true)]
async fn what_exists_already_and_is_not_ours_is_left_alone() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let fake = Fake::new("role", &diary).failing(Kind::Exists);
    let there = fake.there.clone();
    graph.add(fake);
    let plan = runner.plan(&graph).await.expect("a plan");
    *locked(&there) = Some(Thing { foreign: true, ..thing("old") });
    diary.take();
    let outcome = runner.execute(&graph, plan).await;
    assert_eq!(diary.take(), ["1s create role", "2s read role"]);
    assert_eq!(
        outcome.failures[0].1.message,
        "fake `role` exists already and does not belong to this stack"
    );
}

#[tokio::test(start_paused = true)]
async fn a_create_without_an_answer_is_looked_for_before_it_is_sent_again() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    graph.add(Fake::new("done", &diary).losing(Kind::Unanswered));
    graph.add(Fake::new("lost", &diary).failing(Kind::Unanswered));
    let plan = runner.plan(&graph).await.expect("a plan");
    diary.take();
    assert_eq!(words(&runner.execute(&graph, plan).await), ["create", "create"]);
    assert_eq!(
        diary.take(),
        ["1s create done", "1s create lost", "2s read done", "2s read lost", "3s create lost"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_without_an_answer_is_looked_at_before_it_is_sent_again() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    graph.add(Fake::new("done", &diary).there(thing("old")).losing(Kind::Unanswered));
    graph.add(Fake::new("lost", &diary).there(thing("old")).failing(Kind::Unanswered));
    let plan = runner.plan(&graph).await.expect("a plan");
    diary.take();
    assert_eq!(words(&runner.execute(&graph, plan).await), ["update", "update"]);
    assert_eq!(
        diary.take(),
        ["1s update done", "1s update lost", "2s read done", "2s read lost", "3s update lost"]
    );
}

#[tokio::test(start_paused = true)]
async fn slow_reads_are_left_running_when_nothing_that_needs_them_is_there() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let slow = Fake { slow: true, takes: Duration::from_mins(1), ..Fake::new("code", &diary) };
    let code = graph.add(slow.there(thing("new")));
    graph.add(Fake::new("function", &diary).needing(&[code]));
    let reading = runner.read(&graph).await;
    assert_eq!(diary.since.elapsed().as_secs(), 1);
    assert!(!reading.is_there(code.id));
    let ids: Vec<Id> = graph.ids().collect();
    let plan = plan_up(&graph, &ids, &reading, Ownership::Respect).expect("a plan");
    assert_eq!(plan.steps[0].action, Action::Create);
}

#[tokio::test(start_paused = true)]
async fn slow_reads_are_awaited_when_something_that_needs_them_is_there() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let slow = Fake { slow: true, takes: Duration::from_mins(1), ..Fake::new("code", &diary) };
    let code = graph.add(slow.there(thing("new")));
    graph.add(Fake::new("function", &diary).needing(&[code]).there(thing("new")));
    let plan = runner.plan(&graph).await.expect("a plan");
    assert_eq!(diary.since.elapsed().as_secs(), 60);
    assert!(plan.changes_nothing());
}

#[tokio::test(start_paused = true)]
async fn dependents_are_deleted_first_and_what_is_contained_goes_with_its_container() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let role = graph.add(Fake::new("role", &diary).there(thing("new")));
    let log = graph.add(Fake::new("log group", &diary).there(thing("new")));
    let function = graph.add(Fake::new("function", &diary).needing(&[role]).there(thing("new")));
    graph.add(
        Fake { contained_in: Some(function.id), ..Fake::new("alias", &diary) }
            .needing(&[function, log])
            .there(thing("new")),
    );
    graph.add(Fake::new("table", &diary).there(thing("new")));
    graph.add(Fake::new("absent", &diary));
    let outcome = runner.teardown(&graph).await;
    assert_eq!(words(&outcome), ["delete"; 4]);
    assert!(outcome.find(role).is_none());
    let mut deletions: Vec<String> =
        diary.take().into_iter().filter(|entry| entry.contains("delete")).collect();
    deletions.sort();
    let order = ["1s delete function", "1s delete table", "2s delete log group", "2s delete role"];
    assert_eq!(deletions, order);
}

#[tokio::test(start_paused = true)]
async fn a_failed_deletion_keeps_only_what_it_depends_on() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let role = graph.add(Fake::new("role", &diary).there(thing("new")));
    graph.add(
        Fake::new("function", &diary).needing(&[role]).there(thing("new")).failing(Kind::Failed),
    );
    graph.add(Fake::new("table", &diary).there(thing("new")));
    let outcome = runner.teardown(&graph).await;
    assert_eq!((outcome.changes.len(), outcome.failures.len()), (1, 1));
    assert!(outcome.find(role).is_some());
}

/// A role of somebody else with permissions that carry no tags, and a table of ours.
fn with_a_foreign_role(diary: &Diary) -> Graph {
    let mut graph = Graph::default();
    let role = graph.add(Fake::new("role", diary).there(Thing { foreign: true, ..thing("old") }));
    graph.add(
        Fake { belongs_to: Some(role.id), ..Fake::new("permissions", diary) }
            .needing(&[role])
            .there(thing("old")),
    );
    graph.add(Fake::new("table", diary).there(thing("old")));
    graph
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_is_not_deleted_and_neither_is_what_belongs_to_it() {
    let (diary, runner) = (Diary::new(), Runner::new());
    let outcome = runner.teardown(&with_a_foreign_role(&diary)).await;
    assert_eq!(words(&outcome), ["delete"]);
    assert_eq!(diary.take().last().map(String::as_str), Some("1s delete table"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_stops_the_plan_even_when_only_a_part_of_it_is_planned() {
    let (diary, runner) = (Diary::new(), Runner::new());
    let graph = with_a_foreign_role(&diary);
    let reading = runner.read(&graph).await;
    for ids in [vec![Id::default()], graph.ids().skip(1).take(1).collect()] {
        let error = plan_up(&graph, &ids, &reading, Ownership::Respect).err().expect("foreign");
        assert_eq!(error.message, "fake `role` exists already and does not belong to this stack");
        assert!(error.hint.expect("a way out").contains("--adopt"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_is_brought_in_line_when_it_is_adopted() {
    let (diary, runner) = (Diary::new(), Runner::new());
    let graph = with_a_foreign_role(&diary);
    let ids: Vec<Id> = graph.ids().collect();
    let plan = plan_up(&graph, &ids, &runner.read(&graph).await, Ownership::Adopt);
    assert_eq!(words(&runner.execute(&graph, plan.expect("a plan")).await), ["update"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_ends_the_reading() {
    struct Unreadable;
    impl Resource for Unreadable {
        type Live = ();
        fn kind(&self) -> &'static str {
            "fake"
        }
        fn name(&self) -> String {
            "unreadable".into()
        }
        async fn read(&self, _: &Progress) -> Result<Option<()>> {
            Err(Error::failed("read it"))
        }
        fn diff(&self, _: &Inputs, (): &()) -> Vec<Difference> {
            Vec::new()
        }
        async fn create(&self, _: &Inputs, _: &Progress) -> Result<()> {
            Ok(())
        }
        async fn update(&self, _: &Inputs, (): &(), _: &Progress) -> Result<()> {
            Ok(())
        }
        async fn delete(&self, (): &(), _: &Progress) -> Result<()> {
            Ok(())
        }
    }
    let (runner, mut graph) = (Runner::new(), Graph::default());
    let unreadable = graph.add(Unreadable);
    let error = read(&graph, &[unreadable.id], &runner.events).await.err().expect("unreadable");
    assert_eq!(error.message, "failed to read it");
}
