//! Looks at every resource at once, compares, and says what to do. Changes nothing.

use std::collections::HashSet;

use tokio::task::JoinSet;

use super::event::Happening;
use super::graph::AnyLive;
use super::{Difference, Events, Graph, Handle, Holding, Id, Inputs, Node, Progress, Resource};
use crate::error::{Error, Result};

/// The resources that were looked at, as they are.
#[derive(Default, Clone)]
pub struct Reading {
    pub(super) lives: Inputs,
}

impl Reading {
    /// The resource behind `handle`, when it is there.
    pub fn find<R: Resource>(&self, handle: Handle<R>) -> Option<&R::Live> {
        self.lives.find(handle)
    }

    pub fn is_there(&self, id: Id) -> bool {
        self.lives.has(id)
    }

    /// Whether `id` is there and carries our tags, and so does what it belongs to.
    pub fn is_ours(&self, graph: &Graph, id: Id) -> bool {
        self.is_there(id) && self.foreign(graph, id).is_none()
    }

    /// The other stack that has `id`, or what it belongs to, when that is certain.
    pub fn owner(&self, graph: &Graph, id: Id) -> Option<String> {
        let foreign = self.foreign(graph, id)?;
        graph.node(foreign).owner(self.lives.any(foreign)?)
    }

    /// What goes with `id`, when it is there, that nobody can make again.
    pub fn holds(&self, graph: &Graph, id: Id) -> Option<Holding> {
        graph.node(id).holds(self.lives.any(id)?)
    }

    /// What is there without our tags: `id`, or what it belongs to.
    fn foreign(&self, graph: &Graph, id: Id) -> Option<Id> {
        let node = graph.node(id);
        match self.lives.any(id) {
            Some(live) if !node.is_ours(live) => Some(id),
            _ => self.foreign(graph, node.belongs_to()?),
        }
    }
}

/// What is to be done with one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Keep,
    Create,
    Update(Vec<Difference>),
    /// Something this needs will change: compare again when that is done.
    Recheck,
    Delete,
}

impl Action {
    /// The `action` of the JSON output.
    pub fn word(&self) -> &'static str {
        match self {
            Action::Keep => "keep",
            Action::Create => "create",
            Action::Update(_) => "update",
            Action::Recheck => "check",
            Action::Delete => "delete",
        }
    }
}

/// One resource and what is to be done with it.
#[derive(Clone)]
pub struct Step {
    pub id: Id,
    pub action: Action,
    /// The steps that must have ended before this one begins.
    pub after: Vec<Id>,
    pub(super) live: Option<AnyLive>,
}

/// What to do, in an order that respects every need.
#[derive(Clone, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// What differs and is left as it is.
    pub left: Vec<(Id, Difference)>,
    /// What is there and was looked at but is not part of the plan; steps may use it.
    pub(super) given: Inputs,
}

impl Plan {
    /// True exactly when carrying it out writes nothing.
    pub fn changes_nothing(&self) -> bool {
        self.steps.iter().all(|step| step.action == Action::Keep)
    }

    /// The resource behind `handle`, when it was there.
    pub fn find<R: Resource>(&self, handle: Handle<R>) -> Option<&R::Live> {
        self.given.find(handle)
    }

    /// Whether it changes `id`, which is there already.
    pub fn updates(&self, id: Id) -> bool {
        let updates = |step: &Step| matches!(step.action, Action::Update(_));
        self.steps.iter().any(|step| step.id == id && updates(step))
    }
}

/// What to do with a resource under our name that does not carry our tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// Stop with a hint.
    Respect,
    /// Tag it and bring it in line, as `--adopt` says.
    Adopt,
}

/// Reads the resources of `ids` at once. One that is slow to read is awaited only when something
/// that needs it is there, or nothing else is asked for; otherwise it is left running, to be finished by its step.
pub async fn read(graph: &Graph, ids: &[Id], events: &Events) -> Result<Reading> {
    let mut reads = JoinSet::new();
    let mut slow = JoinSet::new();
    for &id in ids {
        let node = graph.node(id).clone();
        let progress = Progress::new(id, events);
        let tasks = if node.is_slow_to_read() { &mut slow } else { &mut reads };
        tasks.spawn(async move {
            progress.tell(Happening::Reading);
            let live = node.read(&progress).await?;
            progress.tell(Happening::Read(live.is_some()));
            Ok::<_, Error>((id, live))
        });
    }
    let mut reading = Reading::default();
    collect(&mut reads, &mut reading).await?;
    let is_slow = |id: Id| graph.node(id).is_slow_to_read();
    let wanted = ids
        .iter()
        .any(|&id| reading.is_there(id) && graph.node(id).needs().into_iter().any(is_slow));
    if wanted || ids.iter().copied().all(is_slow) {
        collect(&mut slow, &mut reading).await?;
    } else {
        slow.detach_all();
    }
    Ok(reading)
}

type Read = Result<(Id, Option<AnyLive>)>;

async fn collect(tasks: &mut JoinSet<Read>, reading: &mut Reading) -> Result<()> {
    while let Some(read) = tasks.join_next().await {
        let (id, live) = read.map_err(|panic| Error::failed("read the stack").cause(panic))??;
        if let Some(live) = live {
            reading.lives.insert(id, live);
        }
    }
    Ok(())
}

/// What makes the resources of `ids` as the stack wants them.
pub fn plan_up(graph: &Graph, ids: &[Id], reading: &Reading, ownership: Ownership) -> Result<Plan> {
    missing(graph, ids, reading)?;
    let mut plan = Plan { given: reading.lives.clone(), ..Plan::default() };
    let mut changing = HashSet::new();
    for &id in ids {
        let node = graph.node(id);
        let before = node.needs().into_iter().chain(node.follows());
        let after: Vec<Id> = before.filter(|one| ids.contains(one)).collect();
        let live = reading.lives.any(id).cloned();
        let action = match &live {
            None => Action::Create,
            Some(live) => compare(
                graph,
                id,
                live,
                reading,
                ownership,
                after.iter().any(|need| changing.contains(need)),
            )?,
        };
        if action != Action::Keep {
            changing.insert(id);
        }
        let all = live.iter().flat_map(|live| graph.node(id).diff(&reading.lives, live));
        plan.left.extend(all.filter(|one| !one.is_to_be_made()).map(|one| (id, one)));
        plan.steps.push(Step { id, action, after, live });
    }
    Ok(plan)
}

/// Refuses to go on without what the user alone can make; names all of it at once.
fn missing(graph: &Graph, ids: &[Id], reading: &Reading) -> Result<()> {
    let absent = ids.iter().filter(|id| !reading.is_there(**id));
    let absent = absent.filter_map(|&id| Some((graph.label(id), graph.node(id).made_by()?)));
    let (labels, commands): (Vec<_>, Vec<_>) = absent.unzip();
    let [label, ..] = labels.as_slice() else { return Ok(()) };
    let names: Vec<String> = labels.iter().map(|label| format!("`{}`", label.name)).collect();
    let (kind, names) = (&label.kind, names.join(", "));
    let message = match labels.len() {
        1 => format!("{kind} {names} is missing"),
        count => format!("{count} {kind}s are missing: {names}"),
    };
    let commands: Vec<String> = commands.iter().map(|command| format!("`{command}`")).collect();
    Err(Error::usage(message).hint(format!("run {}", commands.join(", then "))))
}

/// What differs, also where [`plan_up`] would refuse to change it: to be looked at, not to be carried out.
pub fn drift(graph: &Graph, ids: &[Id], reading: &Reading) -> Plan {
    let steps = ids.iter().map(|&id| {
        let live = reading.lives.any(id).cloned();
        let action = match &live {
            None => Action::Create,
            Some(live) => match graph.node(id).diff(&reading.lives, live) {
                none if none.is_empty() => Action::Keep,
                differences => Action::Update(differences),
            },
        };
        Step { id, action, after: Vec::new(), live }
    });
    Plan { steps: steps.collect(), given: reading.lives.clone(), left: Vec::new() }
}

fn compare(
    graph: &Graph,
    id: Id,
    live: &AnyLive,
    reading: &Reading,
    ownership: Ownership,
    needs_change: bool,
) -> Result<Action> {
    let node = graph.node(id);
    if let Some(foreign) = reading.foreign(graph, id) {
        let owner = reading.owner(graph, id);
        if owner.is_some() || ownership == Ownership::Respect {
            return Err(not_ours(&**graph.node(foreign), owner));
        }
    }
    let differences = to_be_made(&**node, &reading.lives, live);
    match refusal(&**node, &differences) {
        Some(refused) => Err(refused),
        None if !differences.is_empty() => Ok(Action::Update(differences)),
        None if needs_change => Ok(Action::Recheck),
        None => Ok(Action::Keep),
    }
}

/// What differs and a step takes away.
pub(super) fn to_be_made(node: &dyn Node, inputs: &Inputs, live: &AnyLive) -> Vec<Difference> {
    node.diff(inputs, live).into_iter().filter(Difference::is_to_be_made).collect()
}

/// `owner` is the other stack that has it, when that is certain.
pub(super) fn not_ours(node: &dyn Node, owner: Option<String>) -> Error {
    let (kind, name) = (node.kind(), node.name());
    if let Some(owner) = owner {
        let message = format!("{kind} `{name}` belongs to the stack {owner}");
        return Error::usage(message)
            .hint("both stacks give it this name: choose another `name` or `--stage`");
    }
    Error::usage(format!("{kind} `{name}` exists already and does not belong to this stack"))
        .hint("choose another `name` or `--stage`, or adopt it with `--adopt`")
}

/// The first of `differences` that cannot be taken away in place, as an error with the way out.
pub(super) fn refusal(node: &dyn Node, differences: &[Difference]) -> Option<Error> {
    let (refused, way_out) = differences
        .iter()
        .find_map(|difference| Some((difference, difference.refusal.clone()?)))?;
    let (kind, name) = (node.kind(), node.name());
    Some(Error::usage(format!("refused to change {kind} `{name}` ({refused})")).hint(way_out))
}

/// What deletes the resources of `ids` that are there and ours; dependents go first.
pub fn plan_teardown(graph: &Graph, ids: &[Id], reading: &Reading) -> Plan {
    let goes: Vec<Id> = ids.iter().copied().filter(|&id| deletes(graph, reading, id)).collect();
    let steps = goes.iter().rev().map(|&id| {
        let after = goes.iter().copied().filter(|&other| other != id && uses(graph, other, id));
        Step {
            id,
            action: Action::Delete,
            after: after.collect(),
            live: reading.lives.any(id).cloned(),
        }
    });
    Plan { steps: steps.collect(), given: reading.lives.clone(), left: Vec::new() }
}

/// Whether `user` needs `id`, or something does that goes with `user`. What needs `user` itself goes before it: the
/// distribution before its bucket, though the bucket's policy needs the distribution.
fn uses(graph: &Graph, user: Id, id: Id) -> bool {
    let is_part = |one: Id| graph.node(one).contained_in() == Some(user);
    let needs_user = graph.node(id).needs().contains(&user);
    let goes = |&one: &Id| one == user || is_part(one) && !needs_user;
    graph.ids().filter(goes).any(|one| graph.node(one).needs().contains(&id))
}

/// Whether `id` is there, ours, and not deleted together with what it is part of.
fn deletes(graph: &Graph, reading: &Reading, id: Id) -> bool {
    graph.node(id).contained_in().is_none() && reading.is_ours(graph, id)
}
