//! Two runs at once: one stack, never two and never half of one.

use std::time::Duration;

use crate::lane::{Lane, Verb};
use crate::run::Ended;
use crate::snapshot;
use crate::strict::Rules;

/// Runs both at once; whoever fails has to say why and what to do.
fn race(lane: &Lane, one: Verb, other: Verb) -> [Ended; 2] {
    let runs = [lane.start(one), lane.start(other)];
    // A run waits for what the other one does to the same resource, and gives up by itself.
    let ended = runs.map(|run| run.wait_at_most(Duration::from_mins(5)));
    for run in &ended {
        assert!(matches!(run.code, Some(0 | 1)), "{run:#?}");
        assert!(run.code == Some(0) || run.stderr.contains("hint"), "{run:#?}");
    }
    ended
}

/// What `verb` leaves when nobody disturbs it.
fn alone(lane: &Lane, verb: Verb) -> serde_json::Value {
    lane.fresh();
    lane.set_layer(Rules::timeless());
    lane.run(Verb::Up).0.succeeded();
    if verb != Verb::Up {
        lane.run(verb).0.succeeded();
    }
    lane.snapshot()
}

#[test]
fn two_ups_at_once_make_one_stack() {
    let lane = Lane::take();
    let wanted = alone(&lane, Verb::Up);
    lane.fresh();
    lane.set_layer(Rules::timeless());
    let ended = race(&lane, Verb::Up, Verb::Up);
    lane.run(Verb::Up).0.succeeded();
    let differences = snapshot::differences(&lane.snapshot(), &wanted);
    assert!(differences.is_empty(), "{differences:#?} after {ended:#?}");
}

#[test]
fn two_deploys_at_once_end_with_the_code_that_both_ship() {
    let lane = Lane::take();
    let wanted = alone(&lane, Verb::Deploy);
    alone(&lane, Verb::Up);
    let ended = race(&lane, Verb::Deploy, Verb::Deploy);
    lane.run(Verb::Deploy).0.succeeded();
    let differences = snapshot::differences(&lane.snapshot(), &wanted);
    assert!(differences.is_empty(), "{differences:#?} after {ended:#?}");
}

#[test]
fn after_an_up_and_a_teardown_at_once_each_of_them_still_does_what_it_says() {
    let lane = Lane::take();
    let wanted = alone(&lane, Verb::Up);
    for (last, wanted) in [(Verb::Up, Some(wanted)), (Verb::Teardown, None)] {
        alone(&lane, Verb::Up);
        let ended = race(&lane, Verb::Up, Verb::Teardown);
        lane.run(last).0.succeeded();
        let left = lane.snapshot();
        let wanted = wanted.unwrap_or_else(|| {
            lane.fresh();
            lane.snapshot()
        });
        let differences = snapshot::differences(&left, &wanted);
        assert!(differences.is_empty(), "{differences:#?} after {ended:#?}");
    }
}
