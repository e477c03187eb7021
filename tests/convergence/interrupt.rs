//! Ctrl-C: once lets what has begun end, twice ends at once, and the next run goes on from there.

use std::thread;
use std::time::{Duration, Instant};

use crate::lane::{Lane, Verb};
use crate::proxy::{Fault, What, When};
use crate::run::Run;

/// Until the program has taken note of a signal.
const NOTED: Duration = Duration::from_millis(300);

#[test]
fn the_first_ctrl_c_ends_what_has_begun_and_begins_nothing_new() {
    let lane = Lane::take();
    let slow = What::Late(Duration::from_secs(1));
    let fault = Fault::once(When::Operation("iam:CreateRole".into()), slow);
    let ended = lane.until(Verb::Up, fault, |run| run.interrupt()).expect("it makes a role");
    assert_eq!(ended.code, Some(130), "{ended:#?}");
    assert!(ended.stderr.contains("stopped before"), "{ended:#?}");
    let snapshot = lane.snapshot();
    let role = &snapshot["roles"]["my-app-lambda-role"];
    assert!(role.is_object(), "what had begun was ended: {snapshot:#}");
    assert!(role["attached"].is_null(), "nothing new was begun: {snapshot:#}");
    assert!(snapshot["functions"]["my-app-api"].is_null(), "{snapshot:#}");

    lane.run(Verb::Up).0.succeeded();
    let (_, ledger) = lane.run(Verb::Up);
    assert_eq!(ledger.writes(), 0);
}

#[test]
fn the_second_ctrl_c_ends_at_once() {
    let lane = Lane::take();
    let fault = Fault::once(When::Operation("lambda:CreateFunction".into()), What::Held);
    let interrupt_twice = |run: &mut Run| {
        run.interrupt();
        thread::sleep(NOTED);
        run.interrupt();
        let since = Instant::now();
        while !run.has_ended() {
            assert!(since.elapsed() < Duration::from_secs(5), "it still runs");
            thread::sleep(Duration::from_millis(10));
        }
    };
    let ended = lane.until(Verb::Up, fault, interrupt_twice).expect("it makes a function");
    assert_eq!(ended.code, Some(130), "{ended:#?}");
    lane.run(Verb::Up).0.succeeded();
    lane.run(Verb::Teardown).0.succeeded();
}
