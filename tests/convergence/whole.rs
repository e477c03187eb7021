//! Every verb whole, through all the rules of AWS that the emulator lacks.

use crate::lane::{Lane, Verb};
use crate::strict::Rules;

#[test]
fn every_verb_ends_well_where_aws_takes_its_time_and_refuses_what_it_refuses() {
    let lane = Lane::take();
    let before = lane.snapshot();
    lane.set_layer(Rules::all());
    lane.run(Verb::Up).0.succeeded();
    let (again, ledger) = lane.run(Verb::Up);
    again.succeeded();
    assert_eq!(ledger.writes(), 0, "{ledger:#?}");
    let (deployed, _) = lane.run(Verb::Deploy);
    assert_eq!(deployed.succeeded().json()["function_version"], "2");
    lane.run(Verb::Teardown).0.succeeded();
    assert_eq!(lane.snapshot(), before);
}
