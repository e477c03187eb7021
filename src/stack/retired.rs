//! The wiring of what starts a function no longer: what is deleted after what.

use std::collections::BTreeSet;

use crate::cloud::Cloud;
use crate::config::{Config, Kind, Trigger};
use crate::resources::{EventSource, Queue, Retired, Schedule, ScheduleGroup, ScheduleRole};
use engine::Graph;

/// What the file says no longer, as far as tags tell.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Surplus {
    /// The keys of functions, each with a kind of trigger that it has no more.
    pub triggers: BTreeSet<(String, Kind)>,
    /// The group of schedules, of which the file has none.
    pub group: bool,
}

/// Each resource by itself, before those that need it.
pub fn retired(cloud: &Cloud, config: &Config, surplus: &Surplus) -> Graph {
    let mut graph = Graph::default();
    let group = ScheduleGroup::new(cloud, config);
    let group = surplus.group.then(|| graph.add(Retired::new(group, Vec::new())).id);
    for (key, kind) in &surplus.triggers {
        let now = config.functions.get(key).and_then(|function| function.trigger.as_ref());
        // What reads queues and streams for the function of today looks after its former sources, too.
        let is_read = matches!(now, Some(Trigger::Queue(_) | Trigger::Stream(_)));
        let config = config.with_trigger(key, *kind);
        let reader = |graph: &mut Graph, needs| {
            if !is_read {
                graph.add(Retired::new(EventSource::of_former(cloud, &config, *kind), needs));
            }
        };
        match &config.function().trigger {
            None => {}
            Some(Trigger::Queue(queue)) => {
                let dead = Queue::dead_letters(cloud, &config, queue);
                let dead = graph.add(Retired::new(dead, Vec::new())).id;
                let source = Queue::source(cloud, &config, queue, dead);
                let source = graph.add(Retired::new(source, vec![dead])).id;
                reader(&mut graph, vec![source]);
            }
            Some(Trigger::Stream(_)) => reader(&mut graph, Vec::new()),
            Some(Trigger::Schedule(schedule)) => {
                let group: Vec<_> = group.into_iter().collect();
                let role = ScheduleRole::new(cloud, &config, schedule);
                let role = graph.add(Retired::new(role, group.clone())).id;
                let schedule = Schedule::new(cloud, &config, schedule, group.first().copied());
                let needs = group.into_iter().chain([role]).collect();
                graph.add(Retired::new(schedule, needs));
            }
        }
    }
    graph
}
