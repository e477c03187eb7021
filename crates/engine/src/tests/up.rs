//! Making things and bringing them in line.

use super::*;

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
async fn what_the_user_alone_makes_ends_the_plan_while_it_is_missing() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    for name in ["one", "other"] {
        graph.add(Fake { by_hand: true, ..Fake::new(name, &diary) });
    }
    graph.add(Fake::new("role", &diary));
    let refused = runner.plan(&graph).await.err().expect("they are missing");
    assert_eq!(refused.kind, Kind::Usage);
    assert_eq!(refused.message, "2 fakes are missing: `one`, `other`");
    assert_eq!(refused.hint.as_deref(), Some("run `make one`, then `make other`"));
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_in_the_plan_and_nothing_is_done_about_it() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let lax = Fake { lax: true, ..Fake::new("table", &diary) };
    let table = graph.add(lax.there(thing("old")));
    let role = graph.add(Fake::new("role", &diary).there(thing("old")));
    graph.add(
        Fake { lax: true, ..Fake::new("function", &diary) }.there(thing("old")).needing(&[role]),
    );
    let plan = runner.plan(&graph).await.expect("a plan");
    assert_eq!(plan.left.len(), 2);
    assert_eq!((plan.left[0].0, plan.left[0].1.left.as_deref()), (table.id, Some("by hand")));
    diary.take();
    let outcome = runner.execute(&graph, plan).await;
    assert_eq!(words(&outcome), ["keep", "update", "keep"]);
    assert_eq!(outcome.find(table), Some(&thing("old")));
}

#[tokio::test(start_paused = true)]
async fn what_settles_is_waited_for_by_the_run_and_not_by_what_comes_after() {
    let (diary, mut runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let alias = graph.add(Fake::new("alias", &diary).settling(5, None));
    graph.add(Fake::new("permission", &diary).needing(&[alias]));
    let plan = runner.plan(&graph).await.expect("a plan");
    diary.take();
    let outcome = runner.execute(&graph, plan).await;
    assert_eq!(diary.take(), ["1s create alias", "2s create permission", "7s settled alias"]);
    assert_eq!(words(&outcome), ["create"; 2]);
    assert_eq!(runner.told(alias.id), ["reading", "read", "started", "done"]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_settle_has_failed_though_others_went_on() {
    let (diary, runner, mut graph) = (Diary::new(), Runner::new(), Graph::default());
    let alias = graph.add(Fake::new("alias", &diary).settling(5, Some(Kind::Failed)));
    let permission = graph.add(Fake::new("permission", &diary).needing(&[alias]));
    let outcome = runner.up(&graph).await;
    assert_eq!(outcome.changes, [(permission.id, Action::Create)]);
    let error = outcome.into_result().err().expect("a failure");
    assert_eq!(error.message, "failed to settle alias");
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
