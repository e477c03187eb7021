//! What is found while a program is followed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::Interpreter;
use super::attributes::{Member, Noted};
use crate::report::Candidates;
use crate::strings::Texts;
use crate::value::{Request, Value};

/// What one round found.
#[derive(Default)]
pub struct Findings {
    /// Requests that are sent.
    pub sent: BTreeSet<Rc<Request>>,
    /// Requests that were begun: by place.
    pub begun: HashMap<(usize, usize), Rc<Request>>,
    pub sent_sites: HashSet<(usize, usize)>,
    pub unresolved: BTreeMap<((usize, usize), String), Candidates>,
    /// With the first place where each is read.
    pub variables: BTreeMap<String, Option<(usize, usize)>>,
    pub routes: BTreeSet<String>,
    pub has_router: bool,
    /// Comparisons that were looked at for routes, by address.
    pub read_for_routes: HashSet<usize>,
    pub is_served: bool,
    /// Other crates that code was seen to call, and where first.
    pub crates: BTreeMap<String, (usize, usize)>,
    /// Paths of other crates' functions that were called.
    pub foreign_calls: BTreeSet<String>,
    /// What is known of the names of attributes, by file and name.
    pub attributes: BTreeMap<(usize, String), Noted>,
    pub members: BTreeSet<Member>,
    /// Names of types of events among the parameters of functions that were reached.
    pub events: BTreeSet<String>,
}

impl<'a> Interpreter<'a> {
    pub fn unresolved(&mut self, site: (usize, usize), reason: &str, candidates: Candidates) {
        let known = self
            .findings
            .unresolved
            .entry((site, reason.to_owned()))
            .or_insert_with(|| Candidates::These(BTreeSet::new()));
        match (known, candidates) {
            (Candidates::These(known), Candidates::These(more)) => known.extend(more),
            (known, Candidates::Any) => *known = Candidates::Any,
            (Candidates::Any, _) => {}
        }
    }

    /// Says once that nothing more is followed.
    pub fn note_too_large(&mut self, file: usize, line: usize) {
        if !self.exhausted {
            self.exhausted = true;
            self.unresolved(
                (file, line),
                "the program is too large to be followed further",
                Candidates::Any,
            );
        }
    }

    /// Says that another round would have made other values.
    pub fn note_unsettled(&mut self, file: usize) {
        let reason = "the values of the program do not settle";
        self.unresolved((file, 1), reason, Candidates::Any);
    }

    pub fn note_too_deep(&mut self, file: usize, line: usize) {
        self.unresolved(
            (file, line),
            "the code is nested too deeply to be followed",
            Candidates::Any,
        );
    }

    /// A variable of the environment that is read.
    pub fn variable(&mut self, names: &Texts, site: Option<(usize, usize)>) -> Value<'a> {
        let known: Vec<String> = names.literals().map(str::to_owned).collect();
        if known.is_empty() || known.len() < names.0.len() {
            return Value::text(Texts::unknown());
        }
        let mut texts = Texts::default();
        for name in known {
            texts = texts.or(&Texts::variable(&name));
            let known = self.findings.variables.entry(name).or_default();
            *known = known.or(site);
        }
        Value::text(texts)
    }
}
