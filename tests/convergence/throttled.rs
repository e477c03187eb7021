//! AWS is short of breath: every verb still ends well.

use crate::artifact;
use crate::lane::{Lane, Verb};
use crate::proxy::{Fault, What, When};
use crate::run::Run;
use crate::strict::{Rate, Rules};

const VERBS: [Verb; 4] = [Verb::Up, Verb::Up, Verb::Deploy, Verb::Teardown];

#[test]
fn every_verb_ends_well_while_every_third_call_is_throttled() {
    let lane = Lane::take();
    let before = lane.snapshot();
    for verb in VERBS {
        let what = What::Refused(400, "ThrottlingException", "Rate exceeded");
        let (ended, ledger) = lane.run_with(verb, [Fault::for_ever(When::Each(3), what)]);
        ended.succeeded();
        assert!(ledger.calls().len() >= 3, "none was throttled: {:#?}", ledger.calls());
    }
    assert_eq!(lane.snapshot(), before);
}

#[test]
fn a_run_that_was_slowed_down_says_so_once_and_another_says_nothing() {
    const TOLD: &str = "AWS throttled";
    let lane = Lane::take();
    let say = |arguments: &[&str], faults: Vec<Fault>| {
        lane.proxy().reset(faults);
        let ended = Run::start(lane.command(arguments)).wait().succeeded();
        (ended.stderr, lane.proxy().strikes())
    };
    let up = ["up", "--artifact", artifact::first()];
    let throttled = What::Refused(400, "ThrottlingException", "Rate exceeded");
    let (slowed, strikes) = say(&up, vec![Fault::for_ever(When::Each(3), throttled)]);
    assert_eq!(slowed.matches(TOLD).count(), 1, "{slowed}");
    assert!(slowed.contains(&format!("{strikes} calls; they were retried")), "{strikes}: {slowed}");
    let (story, _) = say(&["status"], Vec::new());
    assert!(!story.contains(TOLD), "{story}");
}

#[test]
fn every_verb_ends_well_while_api_gateway_takes_few_calls() {
    let lane = Lane::take();
    let before = lane.snapshot();
    lane.set_layer(Rules::timeless().with(Rate::new("apigateway", 10.0, 5.0)));
    for verb in VERBS {
        lane.run(verb).0.succeeded();
    }
    assert_eq!(lane.snapshot(), before);
}
