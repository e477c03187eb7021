//! How many calls each verb makes, how many of them write, and how many come one after another.

use std::fs;
use std::time::Duration;

use crate::figures;
use crate::lane::{Lane, SITE, Verb};
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

/// What a stack with a site may add to the longest chain of calls of an `up` from nothing.
const MORE_WITH_A_PAGE: usize = 25;

#[test]
fn a_page_of_fifty_files_adds_few_calls_one_after_another_and_a_change_of_one_line_hardly_any() {
    let lane = Lane::take();
    let pinned = "account = \"123456789012\"\n";
    lane.configure(pinned);
    let alone = counted(&lane, "up without a page", Verb::Up, &Ceiling(19, 7));
    lane.fresh();
    let page = lane.folder().join("page");
    fs::create_dir_all(page.join("assets")).expect("the project can be written");
    let write = |path: &str, text: &str| fs::write(page.join(path), text).expect("written");
    for number in 0..49 {
        write(&format!("assets/part-Ab12345{number}.js"), &number.to_string());
    }
    write("index.html", "<title>one</title>");
    lane.configure(&[pinned, &SITE.replace("dist", "page")].concat());
    let chain = alone.longest_chain().len() + MORE_WITH_A_PAGE;
    let what = "up with a page of 50 files";
    // The files, their manifest, and what serves them.
    counted(&lane, what, Verb::Up, &Ceiling(19 + 51 + 7, chain));
    counted(&lane, "up again with a page", Verb::Up, &Ceiling(0, chain));
    write("index.html", "<title>two</title>");
    let changed = counted(&lane, "deploy of one line of a page", Verb::DeploySite, &Ceiling(2, 3));
    assert!(changed.calls().len() <= 1 + 3, "{:#?}", changed.calls());
}
