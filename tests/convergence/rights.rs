//! Which version may be live with which rights.

use crate::drift::hand::{OTHER_POLICY, policy_version};
use crate::lane::{Lane, Verb};
use crate::run::Run;
use crate::strict::Rules;

fn live(lane: &Lane) -> String {
    let path = "/2015-03-31/functions/my-app-api/aliases/live";
    lane.aws().get("lambda", path)["FunctionVersion"].as_str().expect("it is live").to_owned()
}

#[test]
fn rollback_refuses_a_version_whose_rights_were_taken_away_meanwhile() {
    let lane = Lane::take();
    lane.set_layer(Rules::timeless());
    lane.run(Verb::Up).0.succeeded();
    lane.run(Verb::Deploy).0.succeeded();
    lane.run(Verb::Rollback).0.succeeded();
    assert_eq!(live(&lane), "1", "it has all its rights");
    lane.run(Verb::Deploy).0.succeeded();
    assert_eq!(live(&lane), "2", "the same code is the same version");

    policy_version(lane.aws(), OTHER_POLICY);
    let (refused, ledger) = lane.run(Verb::Rollback);
    assert_eq!((refused.code, ledger.writes()), (Some(1), 0), "{refused:#?}");
    for part in ["refused to switch to version 1", "dynamodb:Query", "--force"] {
        assert!(refused.stderr.contains(part), "{part}: {refused:#?}");
    }
    assert_eq!(live(&lane), "2");

    let forced = ["rollback", "1", "--force", "--yes"];
    Run::start(lane.command(&forced)).wait().succeeded();
    assert_eq!(live(&lane), "1");
}
