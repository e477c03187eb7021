//! Deleting things.

use super::*;

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

#[tokio::test(start_paused = true)]
async fn what_takes_long_to_go_keeps_nothing_else_waiting() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let role = graph.add(Fake::new("role", &diary).there(thing("new")));
    let function = Fake::new("function", &diary).needing(&[role]).settling(5, None);
    graph.add(function.there(thing("new")));
    runner.teardown(&graph).await;
    let entries = diary.take();
    assert_eq!(entries[2..], ["1s delete function", "2s delete role", "7s settled function"]);
}
