//! What started a function before and is in the file no longer: a queue with what reads it, what reads a stream, a
//! schedule with its role. `up` deletes it behind a version that has proved itself; until then it goes on as before.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::up::planned;
use crate::cloud::{Cloud, tags};
use crate::config::{Config, DEAD_LETTERS, Kind};
use crate::resources::{LiveFunction, OWNED_CALLS, Owned, UNMARK_CALLS, owned, unmark};
use crate::stack::{Stack, Surplus, retired};
use engine::error::Result;
use engine::{
    Events, Graph, Id, Ownership, Plan, Progress, Reading, Stop, execute, plan_teardown, read,
};

/// What is there of it.
#[derive(Default)]
pub struct Retiring {
    graph: Graph,
    reading: Reading,
    /// The functions whose tags name it; the tags go last, so that a run that is killed is made up for.
    marks: BTreeMap<String, BTreeSet<Kind>>,
    /// Functions that the file does not say were not looked for.
    is_denied: bool,
}

/// The operations of AWS that retire a trigger, besides those that read the stack. A deployer who may create triggers may
/// also delete them.
pub fn calls(stack: &Stack) -> Vec<&'static str> {
    let starting = stack.starting();
    let mut calls = stack.graph.deleting(&starting);
    calls.extend(OWNED_CALLS);
    if !starting.is_empty() {
        calls.extend(UNMARK_CALLS);
    }
    calls
}

/// How far the user has agreed that messages are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Whatever is in a queue.
    Full,
    /// Those that there were when the user was asked.
    AsAsked,
    /// None at all.
    No,
}

/// The plan of `up`, and what goes after it: all of it is looked at together.
pub async fn surveyed(
    stack: &Stack,
    cloud: &Cloud,
    config: &Config,
    ownership: Ownership,
    events: &Events,
) -> Result<(Plan, Retiring)> {
    let (plan, owned) = tokio::try_join!(
        planned(stack, cloud, ownership, events),
        cloud.confirmed(owned(cloud, config))
    )?;
    let live = |key: &str| plan.find(stack.functions.get(key)?.function);
    let retiring = Retiring::of(cloud, config, live, &owned, events).await?;
    Ok((plan, retiring))
}

impl Retiring {
    /// Compares the tags of functions, queues and the group with the file, and looks at what only the tags know.
    pub async fn of<'a>(
        cloud: &Cloud,
        config: &Config,
        live: impl Fn(&str) -> Option<&'a LiveFunction>,
        owned: &Owned,
        events: &Events,
    ) -> Result<Self> {
        let marks = marks(config, live, owned);
        let surplus = surplus(config, &marks, owned);
        let graph = retired(cloud, config, &surplus);
        let ids: Vec<Id> = graph.ids().collect();
        let reading = read(&graph, &ids, &events.unheard()).await?;
        let by_name = |(key, kinds)| (config.names.function(key).function, kinds);
        let marks = marks.iter().map(|(key, kinds)| by_name((key, kinds.clone())));
        Ok(Self { graph, reading, marks: marks.collect(), is_denied: owned.is_denied })
    }

    fn plan(&self, without: &BTreeSet<Id>) -> Plan {
        let ids: Vec<Id> = self.graph.ids().filter(|id| !without.contains(id)).collect();
        plan_teardown(&self.graph, &ids, &self.reading)
    }

    pub fn is_empty(&self) -> bool {
        self.marks.is_empty() && self.plan(&BTreeSet::new()).steps.is_empty()
    }

    /// What goes, in the order in which it goes: the kind and the name.
    pub fn names(&self) -> Vec<(String, String)> {
        self.told(&self.plan(&BTreeSet::new()))
    }

    fn told(&self, plan: &Plan) -> Vec<(String, String)> {
        let label = |id| {
            let label = self.graph.label(id);
            (label.kind, label.name)
        };
        let steps = plan.steps.iter().map(|step| label(step.id));
        let mark = |(name, kinds): (&String, &BTreeSet<Kind>)| {
            let name = name.clone();
            let tag = move |kind: &Kind| {
                (TAG.to_owned(), format!("{} of {name}", tags::trigger_key(*kind)))
            };
            kinds.iter().map(tag).collect::<Vec<_>>()
        };
        steps.chain(self.marks.iter().flat_map(mark)).collect()
    }

    /// As `plan --output json` has steps.
    pub fn document(&self) -> Vec<Value> {
        let mut steps = self.deletions();
        for step in &mut steps {
            step["differences"] = json!([]);
        }
        steps
    }

    /// As `up` and `teardown` say what they did.
    pub fn deletions(&self) -> Vec<Value> {
        documents(&self.names())
    }

    /// What could not be looked at.
    pub fn note(&self) -> Option<&'static str> {
        self.is_denied.then_some(
            "note: what starts functions that `stack.toml` says no longer was not looked for: `tag:GetResources` is denied",
        )
    }

    /// The queues with messages in them.
    fn holding(&self) -> Vec<(Id, String)> {
        let holds = |id| {
            let amount = self.reading.holds(&self.graph, id)?.amount;
            let ours = self.reading.is_ours(&self.graph, id);
            ours.then(|| (id, format!("{} ({amount})", self.graph.label(id))))
        };
        self.graph.ids().filter_map(holds).collect()
    }

    /// What would be lost, one a line.
    pub fn losses(&self) -> Vec<String> {
        self.holding().into_iter().map(|(_, line)| line).collect()
    }

    /// Deletes it, and returns what was deleted. A queue in which messages are without the user's consent stays, with what
    /// it needs and the tag that names it: the next `up` asks.
    pub async fn carry_out(
        &mut self,
        cloud: &Cloud,
        consent: Consent,
        (events, progress): (&Events, &Progress),
        stop: &Stop,
    ) -> Result<Vec<Value>> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let mut agreed: BTreeSet<Id> = self.holding().into_iter().map(|(id, _)| id).collect();
        let ids: Vec<Id> = self.graph.ids().collect();
        let events = events.unheard();
        self.reading = read(&self.graph, &ids, &events).await?;
        let mut holding = self.holding();
        match consent {
            Consent::Full => holding.clear(),
            Consent::AsAsked => holding.retain(|(id, _)| !agreed.contains(id)),
            Consent::No => agreed.clear(),
        }
        for (_, line) in &holding {
            progress
                .output(format!("note: {line} stays, and nothing reads it: `up` asks about it"));
        }
        let kept = self.with_needs(holding.into_iter().map(|(id, _)| id));
        let plan = self.plan(&kept);
        let names: BTreeSet<String> = kept.iter().map(|id| self.graph.label(*id).name).collect();
        self.marks.retain(|name, _| !names.contains(name) && !names.contains(&dead_letters(name)));
        let told = self.told(&plan);
        execute(&self.graph, plan, &events, stop).await.into_result()?;
        for (name, kinds) in &self.marks {
            unmark(cloud, name, kinds, progress).await?;
        }
        for (kind, name) in told.iter().filter(|(kind, _)| kind != TAG) {
            progress.output(format!("deleted {kind} {name}, which `stack.toml` says no longer"));
        }
        Ok(documents(&told))
    }

    /// These, and what they need.
    fn with_needs(&self, ids: impl Iterator<Item = Id>) -> BTreeSet<Id> {
        let mut all: BTreeSet<Id> = BTreeSet::new();
        let mut next: Vec<Id> = ids.collect();
        while let Some(id) = next.pop() {
            if all.insert(id) {
                next.extend(self.graph.node(id).needs());
            }
        }
        all
    }
}

/// What a tag is among resources.
const TAG: &str = "tag";

fn documents(told: &[(String, String)]) -> Vec<Value> {
    let one = |(kind, name): &(String, String)| json!({"resource": kind, "name": name, "action": "delete"});
    told.iter().map(one).collect()
}

/// Each function whose tags name a kind of trigger that the file does not give it.
fn marks<'a>(
    config: &Config,
    live: impl Fn(&str) -> Option<&'a LiveFunction>,
    owned: &Owned,
) -> BTreeMap<String, BTreeSet<Kind>> {
    let known = config.functions.iter().filter_map(|(key, function)| {
        let mut kinds = live(key)?.triggers(config);
        if let Some(trigger) = &function.trigger {
            kinds.remove(&trigger.kind());
        }
        Some((key.clone(), kinds))
    });
    let unknown = owned.functions.iter().filter_map(|(name, tags)| {
        let key = config.names.key_of(name).filter(|key| !config.functions.contains_key(*key))?;
        Some((key.to_owned(), tags::triggers(tags)))
    });
    known.chain(unknown).filter(|(_, kinds)| !kinds.is_empty()).collect()
}

/// What to look for: what the tags of functions name, queues of no function, and a group without schedules.
fn surplus(config: &Config, marks: &BTreeMap<String, BTreeSet<Kind>>, owned: &Owned) -> Surplus {
    let all = marks.iter().flat_map(|(key, kinds)| kinds.iter().map(|kind| (key.clone(), *kind)));
    let wanted: BTreeSet<&String> =
        config.queues().flat_map(|(_, queue)| [&queue.name, &queue.dead_letters]).collect();
    let queues = owned.queues.iter().filter(|name| !wanted.contains(name)).filter_map(|name| {
        let key = config.names.key_of(name.strip_suffix(DEAD_LETTERS).unwrap_or(name))?;
        Some((key.to_owned(), Kind::Queue))
    });
    let has_schedule = config.functions.values().any(|function| {
        function.trigger.as_ref().is_some_and(|trigger| trigger.kind() == Kind::Schedule)
    });
    let triggers: BTreeSet<(String, Kind)> = all.chain(queues).collect();
    let scheduled = triggers.iter().any(|(_, kind)| *kind == Kind::Schedule);
    Surplus { triggers, group: !has_schedule && (owned.has_group || scheduled) }
}

fn dead_letters(queue: &str) -> String {
    format!("{queue}{DEAD_LETTERS}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    const TEXT: &str = "name = \"app\"\n[functions.worker]\nbin = \"worker\"\n";

    /// What the list has: functions with the triggers that their tags name, and queues.
    fn listed(functions: &[(&str, &[Kind])], queues: &[&str]) -> Owned {
        let tagged = |kinds: &[Kind]| {
            kinds.iter().map(|kind| (tags::trigger_key(*kind), "live".to_owned())).collect()
        };
        let functions = functions.iter().map(|(name, kinds)| ((*name).to_owned(), tagged(kinds)));
        Owned {
            functions: functions.collect(),
            queues: queues.iter().map(ToString::to_string).collect(),
            ..Owned::default()
        }
    }

    fn found(text: &str, owned: &Owned) -> (Vec<String>, bool) {
        let config = config(text).expect("a valid file");
        let marks = marks(&config, |_| None, owned);
        let surplus = surplus(&config, &marks, owned);
        let told = surplus.triggers.iter().map(|(key, kind)| format!("{key} {}", kind.key()));
        (told.collect(), surplus.group)
    }

    #[test]
    fn what_a_function_that_is_gone_from_the_file_was_started_by_is_found() {
        let owned = listed(&[("app-old", &[Kind::Stream]), ("app-night", &[Kind::Schedule])], &[]);
        let (told, group) = found(TEXT, &owned);
        assert_eq!(told, ["night schedule", "old stream"]);
        assert!(group, "no function of the file has a schedule");
        let scheduled = format!("{TEXT}schedule = \"rate(1 day)\"\n");
        assert!(!found(&scheduled, &owned).1, "the group has a schedule of another function");
    }

    #[test]
    fn a_queue_that_no_function_is_started_by_is_found_by_either_of_its_two_names() {
        let owned = listed(&[], &["app-worker", "app-worker-dlq", "app-gone-dlq", "other"]);
        assert_eq!(found(TEXT, &owned).0, ["gone queue", "worker queue"]);
        assert_eq!(found(&format!("{TEXT}queue = {{}}\n"), &owned).0, ["gone queue"]);
    }
}
