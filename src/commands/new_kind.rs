//! A resource of a kind that the program does not have, an SNS topic: what `plan`, `up`, `status`, the question of
//! `teardown` and the permissions say of it. What it takes is the resource and the line that adds it.

use std::sync::Mutex;

use super::{status, teardown};
use crate::cloud::{Cloud, Identity};
use crate::config::tests::config;
use crate::deployer;
use crate::resources::Source;
use crate::stack::Stack;
use crate::ui::{self, Paint};
use engine::error::Result;
use engine::{
    Arn, Calls, Difference, Events, Holding, Id, Inputs, Limit, Ownership, Progress, Resource,
    execute, plan_teardown, plan_up, read,
};

struct Topic {
    cloud: Cloud,
    name: String,
    /// How many messages it keeps, where it exists.
    there: Mutex<Option<u32>>,
}

impl Topic {
    fn there(&self) -> std::sync::MutexGuard<'_, Option<u32>> {
        self.there.lock().expect("no test panics while it holds this")
    }
}

impl Resource for Topic {
    type Live = u32;

    fn kind(&self) -> &'static str {
        "topic"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["sns:GetTopicAttributes"])
            .making(&["sns:CreateTopic", "sns:SetTopicAttributes"])
            .deleting(&["sns:DeleteTopic"])
    }

    fn arns(&self) -> Vec<Arn> {
        vec![Arn::new("topic", self.cloud.known_identity().arn("sns", &self.name))]
    }

    fn limits(&self) -> Vec<Limit> {
        let values = vec!["shop".to_owned()];
        let key = "aws:RequestTag/stackctl:stack";
        vec![Limit { action: "sns:CreateTopic", operator: "StringEquals", key, values }]
    }

    fn holds(&self, live: &u32) -> Option<Holding> {
        Some(Holding { amount: format!("{live} messages"), is_protected: false })
    }

    async fn read(&self, _: &Progress) -> Result<Option<u32>> {
        Ok(*self.there())
    }

    fn diff(&self, _: &Inputs, live: &u32) -> Vec<Difference> {
        Difference::unless_equal("messages", live, &3).into_iter().collect()
    }

    async fn create(&self, _: &Inputs, _: &Progress) -> Result<u32> {
        *self.there() = Some(3);
        Ok(3)
    }

    async fn update(&self, inputs: &Inputs, _: &u32, progress: &Progress) -> Result<u32> {
        self.create(inputs, progress).await
    }

    async fn delete(&self, _: &u32, _: &Progress) -> Result<()> {
        *self.there() = None;
        Ok(())
    }
}

/// A stack with a topic that exists as it is given, and its place in the graph.
fn stack(there: Option<u32>) -> (Stack, Id) {
    let config = config("name = \"shop\"").expect("a valid file");
    let source = |_: &_| Source::File("bootstrap.zip".into(), package::Architecture::Arm64);
    let cloud = Cloud::nowhere(place());
    let mut stack = Stack::located(&cloud, &config, source);
    let topic = Topic { cloud, name: "shop-events".into(), there: Mutex::new(there) };
    let handle = stack.graph.add(topic);
    (stack, handle.id)
}

fn place() -> Identity {
    Identity { account: "1".into(), partition: "aws".into(), region: "eu-north-1".into() }
}

#[tokio::test]
async fn plan_up_status_and_teardown_speak_of_a_new_kind() {
    let (stack, topic) = stack(None);
    let (graph, events) = (&stack.graph, Events::default());
    let (_stopping, stop) = tokio::sync::watch::channel(false);
    let reading = read(graph, &[topic], &events).await.expect("it can be read");
    let plan = plan_up(graph, &[topic], &reading, Ownership::Respect).expect("a plan");
    let text = ui::plan::text(graph, &plan, &[], Paint::new(false));
    assert_eq!(text, "+ topic shop-events\n1 to create");
    execute(graph, plan, &events, &stop).await.into_result().expect("it is made");

    let reading = read(graph, &[topic], &events).await.expect("it can be read");
    let drift = engine::drift(graph, &[topic], &reading);
    let shown = status::resource(&stack, &reading, &drift.steps[0]);
    assert_eq!(shown["resource"], "topic");
    assert_eq!(shown["state"], "ok");
    let missed = teardown::missed(graph, &reading, &[topic]);
    assert_eq!(missed, ["its topic `shop-events` (3 messages)"]);
    let plan = plan_teardown(graph, &[topic], &reading);
    execute(graph, plan, &events, &stop).await.into_result().expect("it is deleted");
    let reading = read(graph, &[topic], &events).await.expect("it can be read");
    assert!(!reading.is_there(topic));
}

#[tokio::test]
async fn a_new_kind_that_drifted_is_shown_with_what_differs() {
    let (stack, topic) = stack(Some(1));
    let reading = read(&stack.graph, &[topic], &Events::default()).await.expect("it can be read");
    let drift = engine::drift(&stack.graph, &[topic], &reading);
    let shown = status::resource(&stack, &reading, &drift.steps[0]);
    assert_eq!(shown["state"], "drifted");
    assert_eq!(shown["drift"][0], "messages: 1 → 3");
}

#[test]
fn the_permissions_have_a_new_kind_by_its_own_words() {
    let (stack, topic) = stack(None);
    let graph = &stack.graph;
    let operations = [graph.making(&[topic]), graph.deleting(&[topic])].concat();
    let place = deployer::place(place(), &[graph]);
    assert!(verify::deployer::unplaced(operations.iter().copied(), &place).is_empty());
    let policy = verify::deployer::document(operations, &place);
    let lines = policy.statements.iter().map(|one| {
        let resources = one.resources.as_ref().map(|all| all.items().join(" "));
        let sid = one.sid.as_deref().unwrap_or_default();
        format!("{sid}: {} on {}", one.actions.items().join(" "), resources.unwrap_or_default())
    });
    let arn = "arn:aws:sns:eu-north-1:1:shop-events";
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            format!("CreateTopic: sns:CreateTopic on {arn}"),
            format!(
                "SnsTopic: sns:DeleteTopic sns:GetTopicAttributes sns:SetTopicAttributes on {arn}"
            ),
        ]
    );
}
