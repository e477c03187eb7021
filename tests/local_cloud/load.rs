//! What users see while code is deployed: requests go on, a few at a time, whatever happens to `live`.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Behaviour, Stack, try_request};

/// Users at the same time.
const USERS: usize = 3;
/// Between two requests of one user.
const PAUSE: Duration = Duration::from_millis(30);
/// Requests that are begun when the work is done.
const AFTERWARDS: usize = 20;
/// All users together: a test that hangs must not go on for ever.
const MOST: usize = 4000;

/// One answer, with the time at which its request was sent.
#[derive(Debug)]
struct Seen {
    sent: Instant,
    status: u16,
    body: String,
}

impl Seen {
    /// The emulator stops the environments of a function when its code is updated, and answers 502 to what they were
    /// doing; Lambda lets them finish.
    fn is_the_emulators(&self) -> bool {
        self.status == 502
    }
}

/// Lets users ask `url` while `work` goes on, and returns all that they saw.
fn under_load(url: &str, work: impl FnOnce()) -> Vec<Seen> {
    let (over, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let seen = Mutex::new(Vec::new());
    let user = || {
        while !over.load(Ordering::Relaxed) && count.fetch_add(1, Ordering::Relaxed) < MOST {
            let sent = Instant::now();
            let (status, body) = match try_request("GET", url, &[], "") {
                Ok(answer) => (answer.status, answer.body),
                Err(error) => (0, error.to_string()),
            };
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(Seen { sent, status, body });
            thread::sleep(PAUSE);
        }
    };
    thread::scope(|scope| {
        let users: Vec<_> = (0..USERS).map(|_| scope.spawn(user)).collect();
        work();
        // What comes after the work is seen, too.
        let enough = count.load(Ordering::Relaxed) + AFTERWARDS;
        while count.load(Ordering::Relaxed) < enough.min(MOST) {
            thread::sleep(PAUSE);
        }
        over.store(true, Ordering::Relaxed);
        for user in users {
            user.join().expect("a user does not panic");
        }
    });
    seen.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Shown with `--nocapture`.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

struct Case {
    stack: Stack<'static>,
    url: String,
}

impl Case {
    fn new(name: &str) -> Self {
        let stack = Stack::new(name);
        let good = stack.artifact(Behaviour::Good(1));
        let up = stack.run(&["up", "--artifact", good.path()]).succeeded().json();
        let url = format!("{}/", up["api_url"].as_str().expect("the address of the API"));
        Self { stack, url }
    }

    /// Deploys something bad, and returns the error and what users saw.
    fn bad(&self, behaviour: Behaviour, flags: &[&str]) -> (Value, Vec<Seen>, Instant) {
        let bad = self.stack.artifact(behaviour);
        let (mut error, mut ended) = (Value::Null, Instant::now());
        let seen = under_load(&self.url, || {
            let deploy = [&["deploy", "--artifact", bad.path()], flags].concat();
            error = self.stack.run(&deploy).failed(1).error();
            ended = Instant::now();
        });
        (error, seen, ended)
    }
}

/// Whoever was answered was answered by the good version: nobody met the bad one at all.
#[track_caller]
fn only_good_answers(seen: &[Seen], marks: &[&str]) {
    let of_the_emulator = seen.iter().filter(|one| one.is_the_emulators()).count();
    let good = |one: &Seen| one.status == 200 && marks.iter().any(|mark| one.body.contains(mark));
    let bad: Vec<_> = seen.iter().filter(|one| !one.is_the_emulators() && !good(one)).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(seen.len() > AFTERWARDS + USERS, "there was no load: {} requests", seen.len());
    tell(&format!("{} requests, {of_the_emulator} cut off by the emulator", seen.len()));
    assert!(of_the_emulator * 10 < seen.len(), "{of_the_emulator} of {}", seen.len());
}

#[test]
fn a_version_that_crashes_is_met_by_nobody() {
    let case = Case::new("load-crashing");
    let (error, seen, _) = case.bad(Behaviour::Crashing, &[]);
    assert_eq!(error["message"], "failed to start version 2", "{error:#}");
    only_good_answers(&seen, &["good1"]);
    case.stack.teardown();
}

#[test]
fn a_version_that_answers_wrongly_is_met_by_nobody() {
    let case = Case::new("load-wrong");
    let (error, seen, _) = case.bad(Behaviour::Wrong, &[]);
    let cause = error["cause"].as_str().unwrap_or_default();
    assert!(cause.starts_with("it answers 500"), "{error:#}");
    only_good_answers(&seen, &["good1"]);
    case.stack.teardown();
}

#[test]
fn a_version_over_its_budget_is_met_by_nobody() {
    let case = Case::new("load-slow");
    let (error, seen, _) = case.bad(Behaviour::Slow, &["--budget"]);
    assert_eq!(error["message"], "failed to keep version 2 within its budget", "{error:#}");
    only_good_answers(&seen, &["good1"]);
    case.stack.teardown();
}

#[test]
fn a_version_that_fails_after_the_switch_is_taken_back_and_answers_nobody_from_then_on() {
    let case = Case::new("load-tiring");
    let (error, seen, ended) = case.bad(Behaviour::Tiring, &[]);
    assert_eq!(error["message"], "failed to prove that version 2 answers", "{error:#}");
    let hint = error["hint"].as_str().unwrap_or_default();
    assert!(hint.starts_with("`live` points to version 1 again"), "{error:#}");
    let (after, during): (Vec<_>, Vec<_>) = seen.into_iter().partition(|one| one.sent > ended);
    let met = during.iter().filter(|one| one.body.contains("tiring")).count();
    tell(&format!("{met} of {} requests met it before it was taken back", during.len()));
    assert!(after.len() > 5, "nobody asked afterwards: {after:#?}");
    assert!(after.iter().all(|one| one.status == 200 && one.body.contains("good1")), "{after:#?}");
    case.stack.teardown();
}

#[test]
fn a_good_version_takes_over_without_a_failed_request() {
    let case = Case::new("load-good");
    let better = case.stack.artifact(Behaviour::Good(2));
    let mut switched = Instant::now();
    let seen = under_load(&case.url, || {
        let deploy = ["deploy", "--artifact", better.path()];
        let document = case.stack.run(&deploy).succeeded().json();
        switched = Instant::now();
        for phase in ["upload", "trial", "switch", "proof"] {
            assert!(document["phases"][phase].is_number(), "{document:#}");
        }
    });
    only_good_answers(&seen, &["good1", "good2"]);
    let late = seen.iter().filter(|one| one.sent > switched && one.status == 200);
    assert!(late.map(|one| &one.body).all(|body| body.contains("good2")), "the old one answers");
    case.stack.teardown();
}

#[test]
fn old_versions_are_pruned_and_the_two_newest_stay() {
    let case = Case::new("load-prune");
    case.stack.configure("function.keep_versions = 2\n");
    for mark in 2..=4 {
        let next = case.stack.artifact(Behaviour::Good(mark));
        case.stack.run(&["deploy", "--artifact", next.path()]).succeeded();
    }
    let list = case.stack.run(&["rollback", "--list"]).succeeded().json();
    let numbers: Vec<_> = list["versions"]
        .as_array()
        .expect("the versions")
        .iter()
        .map(|version| version["version"].to_string().replace('"', ""))
        .collect();
    assert_eq!(numbers, ["4", "3"], "{list:#}");
    case.stack.teardown();
}
