//! How many calls each verb makes, how many of them write, and how many come one after another.

use std::time::Duration;

use crate::figures;
use crate::lane::{Lane, Verb};
use crate::proxy::{Fault, Ledger, What, When};

/// Much longer than the emulator and a busy machine take, so that calls that need no other begin together.
const ROUND_TRIP: Duration = Duration::from_secs(1);

/// At most this many writes, and this many calls one after another.
struct Ceiling(usize, usize);

fn counted(lane: &Lane, what: &str, verb: Verb, ceiling: &Ceiling) -> Ledger {
    let slow = Fault::for_ever(When::From(1), What::Late(ROUND_TRIP));
    let (ended, ledger) = lane.run_with(verb, [slow]);
    ended.succeeded();
    let chain: Vec<String> = ledger.longest_chain().iter().map(ToString::to_string).collect();
    let polls = ledger.calls().iter().filter(|call| call.is_poll).count();
    let (calls, writes) = (ledger.calls().len() - polls, ledger.writes());
    let told = format!(
        "{what}: {calls} calls and {polls} polls, {writes} writes, chain of {}: {}",
        chain.len(),
        chain.join(" > ")
    );
    figures::note("calls", &told);
    assert!(writes <= ceiling.0 && chain.len() <= ceiling.1, "{told}");
    ledger
}

#[test]
fn no_verb_makes_more_calls_one_after_another_than_it_has_to() {
    let lane = Lane::take();
    // Where the account is not pinned, some reads wait for who we are: one more each.
    lane.configure("account = \"123456789012\"\n");
    // What is there, API, a look for a second one, integration, all routes, stage and a second look.
    counted(&lane, "up", Verb::Up, &Ceiling(19, 7));
    counted(&lane, "up again", Verb::Up, &Ceiling(0, 2));
    // What is there, upload, trial, switch.
    counted(&lane, "deploy", Verb::Deploy, &Ceiling(3, 4));
    counted(&lane, "deploy again", Verb::Deploy, &Ceiling(0, 1));
    // Which tables there are, whose they are, the table, the log group, the role, a look for what is left.
    counted(&lane, "teardown", Verb::Teardown, &Ceiling(9, 6));
}
