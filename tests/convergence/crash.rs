//! The crash matrix: every verb is broken at every call, and run again.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use crate::figures;
use crate::lane::{Lane, MOST, SITE, Verb};
use crate::proxy::{Fault, What, When};
use crate::run::Run;
use crate::snapshot;
use crate::strict::Rules;

/// How a run is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Killed before the call is sent.
    KilledBefore,
    /// Killed after the call was done and before its answer came.
    KilledAfter,
    /// The call is done and its answer is lost; the run goes on.
    Lost,
    /// From this call on nothing gets through; the run goes on.
    Cut,
}

const MODES: [Mode; 4] = [Mode::KilledBefore, Mode::KilledAfter, Mode::Lost, Mode::Cut];

/// One way to break a run, and what is run then.
#[derive(Debug, Clone)]
struct Case {
    verb: Verb,
    mode: Mode,
    at: When,
    then: Verb,
}

/// The ends of uninterrupted runs.
type Ends = HashMap<Verb, Value>;

/// What a stack consists of, and how it is changed.
struct Kind {
    name: &'static str,
    config: &'static str,
    verbs: &'static [Verb],
    /// The services whose calls are broken.
    breaks: fn(&str) -> bool,
}

const FUNCTION: Kind = Kind {
    name: "",
    config: "",
    verbs: &[Verb::Up, Verb::Deploy, Verb::Rollback, Verb::Teardown],
    breaks: |_| true,
};

/// The rest of such a stack is broken without its site.
const WITH_SITE: Kind = Kind {
    name: "with a site ",
    config: SITE,
    verbs: &[Verb::Up, Verb::DeploySite, Verb::RollbackSite, Verb::Teardown],
    breaks: |service| ["s3", "cloudfront"].contains(&service),
};

fn prepare(lane: &Lane, kind: &Kind, verb: Verb) {
    lane.fresh();
    lane.configure(kind.config);
    lane.set_layer(Rules::timeless());
    let before: &[Verb] = match verb {
        Verb::Up => &[],
        Verb::Deploy | Verb::DeploySite | Verb::Teardown | Verb::TeardownAll => &[Verb::Up],
        Verb::Rollback => &[Verb::Up, Verb::Deploy],
        Verb::RollbackSite => &[Verb::Up, Verb::DeploySite],
    };
    for &verb in before {
        lane.run(verb).0.succeeded();
    }
}

/// Breaks a run, runs the verb after it, and compares; `false` when the run ended before it could be broken.
fn check(lane: &Lane, kind: &Kind, case: &Case, ends: &Ends) -> Result<bool, String> {
    prepare(lane, kind, case.verb);
    let killed = |what| lane.until(case.verb, Fault::once(case.at.clone(), what), Run::kill);
    let going_on = |fault| Some(lane.run_with(case.verb, [fault]).0);
    let broken = match case.mode {
        Mode::KilledBefore => killed(What::Held),
        Mode::KilledAfter => killed(What::HeldAfter),
        Mode::Lost => going_on(Fault::once(case.at.clone(), What::Lost)),
        Mode::Cut => going_on(Fault::for_ever(case.at.clone(), What::Reset)),
    };
    let Some(broken) = broken else { return Ok(false) };
    if let Some(code) = broken.code.filter(|code| ![0, 1].contains(code)) {
        return Err(format!("the broken run ended with {code}: {}", broken.stderr));
    }
    // A deploy that was broken may be followed by the same deploy, which ends as if it had been the first.
    let (ended, _) = lane.run(case.then);
    if ended.code != Some(0) {
        return Err(format!("after {}\nthe second run said {}", broken.stderr, ended.stderr));
    }
    let differences = snapshot::differences(&lane.snapshot(), &ends[&case.then]);
    if differences.is_empty() { Ok(true) } else { Err(differences.join("\n")) }
}

/// How the cases ended so far.
#[derive(Default)]
struct Tally {
    /// Converged, ended before they could be broken, failed.
    rows: BTreeMap<String, [usize; 3]>,
    failures: Vec<String>,
}

impl Tally {
    fn count(&mut self, kind: &Kind, case: &Case, ended: Result<bool, String>) {
        let (column, word) = match ended {
            Ok(true) => (0, "converged"),
            Ok(false) => (1, "ended before"),
            Err(_) => (2, "failed"),
        };
        let row = format!("{}{:?} {:?} then {:?}", kind.name, case.verb, case.mode, case.then);
        figures::note("cases", &format!("{row}, {:?}: {word}", case.at));
        self.rows.entry(row).or_default()[column] += 1;
        self.failures.extend(ended.err().map(|why| format!("{case:?}: {why}")));
    }
}

/// Runs every case in the lanes, and fails with all that went wrong.
fn check_all(kind: &Kind, cases: Vec<Case>, ends: &Ends) {
    let (count, queue, tally) = (cases.len(), Mutex::new(cases), Mutex::new(Tally::default()));
    let next = || queue.lock().expect("nobody panics here").pop();
    thread::scope(|scope| {
        for _ in 0..MOST {
            scope.spawn(|| {
                let lane = Lane::take();
                while let Some(case) = next() {
                    let ended = check(&lane, kind, &case, ends);
                    tally.lock().expect("nobody panics here").count(kind, &case, ended);
                }
            });
        }
    });
    let Tally { rows, failures } = tally.into_inner().expect("nobody panics here");
    for (row, [converged, before, failed]) in rows {
        let told = format!("{converged} converged, {before} ended before, {failed} failed");
        figures::note("matrix", &format!("{row}: {told}"));
    }
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n\n"));
}

/// A verb with its calls: the numbers of those that are broken, and the operations that write.
type Calls = (Verb, Vec<usize>, Vec<String>);

/// Uninterrupted runs: how they end, and the calls that they make.
fn uninterrupted(kind: &Kind) -> (Ends, Vec<Calls>) {
    let lane = Lane::take();
    let (mut ends, mut verbs) = (Ends::new(), Vec::new());
    for &verb in kind.verbs {
        prepare(&lane, kind, verb);
        let (ended, ledger) = lane.run(verb);
        ended.succeeded();
        let calls = ledger.calls().iter().enumerate();
        let broken: Vec<_> =
            calls.filter(|(_, call)| (kind.breaks)(&call.operation.service)).collect();
        let writes = broken.iter().filter(|(_, call)| call.is_write());
        let mut writes: Vec<String> = writes.map(|(_, call)| call.operation.to_string()).collect();
        writes.sort();
        writes.dedup();
        verbs.push((verb, broken.iter().map(|(index, _)| index + 1).collect(), writes));
        ends.insert(verb, lane.snapshot());
    }
    (ends, verbs)
}

/// Every call in every way, or a sample.
fn cases(verbs: Vec<Calls>) -> Vec<Case> {
    let mut cases = Vec::new();
    for (verb, calls, writes) in verbs {
        if env::var_os("STACKCTL_TEST_MATRIX").is_some() {
            for (mode, number) in
                MODES.iter().flat_map(|mode| calls.iter().map(move |number| (*mode, *number)))
            {
                let at = if mode == Mode::Cut { When::From(number) } else { When::Call(number) };
                cases.push(Case { verb, mode, at: at.clone(), then: verb });
                cases.push(Case { verb, mode, at, then: verb.opposite() });
            }
            continue;
        }
        for (index, write) in writes.into_iter().enumerate() {
            let then = if index % 3 == 2 { verb.opposite() } else { verb };
            let mode = if index % 2 == 1 { Mode::Lost } else { Mode::KilledAfter };
            cases.push(Case { verb, mode, at: When::Operation(write), then });
        }
        for number in calls.into_iter().skip(2).step_by(16) {
            cases.push(Case { verb, mode: Mode::KilledBefore, at: When::Call(number), then: verb });
            cases.push(Case { verb, mode: Mode::Cut, at: When::From(number + 4), then: verb });
        }
    }
    cases
}

fn converges(kind: &Kind) {
    let (ends, verbs) = uninterrupted(kind);
    check_all(kind, cases(verbs), &ends);
}

#[test]
fn whatever_breaks_a_run_the_next_one_ends_as_if_nothing_had() {
    converges(&FUNCTION);
}

#[test]
fn whatever_breaks_a_run_with_a_site_the_next_one_ends_as_if_nothing_had() {
    converges(&WITH_SITE);
}
