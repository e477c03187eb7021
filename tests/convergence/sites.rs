//! A stack with a frontend, through the rules of AWS that the emulator lacks.

use std::time::Duration;

use serde_json::Value;

use crate::lane::{Lane, SITE, Verb};
use crate::proxy::{Fault, What, When};
use crate::snapshot;
use crate::strict::Rules;

const BUCKET: &str = "my-app-site-123456789012-us-east-1-an";

/// A lane with such a stack.
fn up(rules: Rules) -> Lane {
    let lane = Lane::take();
    lane.configure(SITE);
    lane.set_layer(rules);
    lane.run(Verb::Up).0.succeeded();
    lane
}

fn writes_nothing(lane: &Lane, verb: Verb) {
    let (again, ledger) = lane.run(verb);
    again.succeeded();
    let writes = ledger.calls().iter().filter(|call| call.is_write());
    let writes: Vec<String> = writes.map(|call| call.operation.to_string()).collect();
    assert_eq!(writes, [""; 0]);
}

#[test]
fn every_verb_of_a_stack_with_a_site_ends_well_where_aws_is_stricter_than_the_emulator() {
    let lane = Lane::take();
    let before = lane.snapshot();
    lane.configure(SITE);
    lane.set_layer(Rules::all());
    lane.run(Verb::Up).0.succeeded();
    let one = lane.snapshot();
    let objects = one["buckets"][BUCKET]["objects"].clone();
    assert_eq!(objects.as_object().map(serde_json::Map::len), Some(5), "{objects:#}");
    assert_eq!(one["edge"]["distributions"].as_array().map(Vec::len), Some(2));
    writes_nothing(&lane, Verb::Up);
    lane.run(Verb::DeploySite).0.succeeded();
    writes_nothing(&lane, Verb::DeploySite);
    lane.run(Verb::RollbackSite).0.succeeded();
    let page = |of: &Value| of["buckets"][BUCKET]["objects"]["site/index.html"].clone();
    assert_eq!(page(&lane.snapshot()), page(&one));
    lane.run(Verb::Teardown).0.succeeded();
    let differences = snapshot::differences(&lane.snapshot(), &before);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn a_switch_whose_answer_is_lost_is_known_by_the_release_that_is_served() {
    for (before, verb) in [(None, Verb::DeploySite), (Some(Verb::DeploySite), Verb::RollbackSite)] {
        let prepared = || {
            let lane = up(Rules::timeless());
            before.map(|before| lane.run(before).0.succeeded());
            lane
        };
        let lane = prepared();
        let (_, ledger) = lane.run(verb);
        let calls = ledger.calls().iter().enumerate();
        let puts = calls.filter(|(_, call)| call.operation.name == "PutObject");
        // The last object that is put is the entry page.
        let last = puts.map(|(index, _)| index + 1).next_back().expect("it is put");
        drop(lane);
        let (ended, ledger) =
            prepared().run_with(verb, [Fault::once(When::Call(last), What::Lost)]);
        ended.succeeded();
        assert!(ledger.calls()[last - 1].attempts > 1, "{:#?}", ledger.calls());
    }
}

#[test]
fn two_ups_at_once_make_one_site_and_two_deploys_at_once_end_with_the_release_that_both_ship() {
    let lane = up(Rules::timeless());
    let wanted = lane.snapshot();
    lane.fresh();
    lane.configure(SITE);
    lane.set_layer(Rules::timeless());
    for verb in [Verb::Up, Verb::DeploySite] {
        let runs = [lane.start(verb), lane.start(verb)];
        let ended = runs.map(|run| run.wait_at_most(Duration::from_secs(90)));
        for run in &ended {
            assert!(run.code == Some(0) || run.stderr.contains("hint"), "{run:#?}");
        }
        lane.run(verb).0.succeeded();
        if verb == Verb::Up {
            let differences = snapshot::differences(&lane.snapshot(), &wanted);
            assert!(differences.is_empty(), "{differences:#?} after {ended:#?}");
        }
        writes_nothing(&lane, verb);
    }
}
