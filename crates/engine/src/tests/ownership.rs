//! Things of somebody else.

use super::*;

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
async fn what_belongs_to_another_stack_is_not_adopted() {
    let (diary, runner) = (Diary::new(), Runner::new());
    let mut graph = Graph::default();
    graph.add(Fake::new("policy", &diary).there(Thing { foreign: true, ..thing("owned") }));
    let ids: Vec<Id> = graph.ids().collect();
    for ownership in [Ownership::Respect, Ownership::Adopt] {
        let reading = runner.read(&graph).await;
        let error = plan_up(&graph, &ids, &reading, ownership).err().expect("it is refused");
        assert_eq!(error.message, "fake `policy` belongs to the stack `other`");
        assert!(!error.hint.expect("a way out").contains("--adopt"));
    }
}
