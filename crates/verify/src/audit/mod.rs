//! Which calls of `DynamoDB` a handler's source makes, by file and line.
//!
//! A source reader without the compiler's types cannot see everything. What it cannot resolve it says: a call on a
//! receiver whose type it does not know, a call inside of a macro, a text that it cannot parse. It never stays silent.

mod collect;
mod index;
mod kinds;
mod macros;
mod scope;
mod walk;

use std::collections::BTreeSet;

use index::Index;
use serde::{Deserialize, Serialize};
use syn::visit::Visit;
use walk::Walk;

use super::manifest::{Manifest, Site};
use super::operations::{Operation, TRANSACTION_MEMBERS};
use super::snapshot::Call;
use super::source;

/// What a source was seen to call, and what could not be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    pub calls: Vec<Found>,
    pub unresolved: Vec<Doubt>,
    /// SDK crates of other services, and the first line that names each.
    pub services: Vec<(String, Site)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub call: Call,
    pub site: Site,
}

/// A line that may call something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// One word: `macro`, `dyn`, `receiver`, `index`, `transaction`, `syntax`, `language`.
    pub reason: &'static str,
    pub message: String,
    pub site: Site,
    /// The operations that it may call.
    pub candidates: Candidates,
}

/// Names that something may stand for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Candidates {
    These(BTreeSet<String>),
    Any,
}

impl Audit {
    /// Reads all files of a handler, each given as its path and its text.
    pub fn of_sources<P: AsRef<str>, T: AsRef<str>>(sources: &[(P, T)]) -> Audit {
        let mut audit = Audit::default();
        let mut files = vec![];
        for (path, text) in sources {
            let (path, text) = (path.as_ref(), text.as_ref());
            match source::parse(text) {
                Ok(file) => files.push((path.to_owned(), file)),
                Err(problem) => audit.doubt_file(path, "syntax", problem.to_string()),
            }
        }
        // A handler without declarations is read without them: every call is then made on the client itself.
        let all_parsed = files.len() == sources.len();
        let manifest = all_parsed.then(|| Manifest::from_files(&files).ok()).flatten();
        let manifest = manifest.unwrap_or_default();
        let texts: Vec<&str> = sources.iter().map(|(_, text)| text.as_ref()).collect();
        let index = Index::of(&files, &texts, &manifest);
        for (place, (path, file)) in
            files.iter().enumerate().filter(|(_, (path, _))| !index.is_test_file(path))
        {
            let mut walk = Walk::new(&index, place, path, &mut audit);
            walk.visit_file(file);
        }
        audit.services.clone_from(&index.services);
        audit.settle_transactions(&collect::transaction_members(&index, &files));
        audit
    }

    /// Reads a single text that somebody gave, in whatever language.
    pub fn of_snippet(language: &str, text: &str) -> Audit {
        if language.eq_ignore_ascii_case("rust") {
            return Audit::of_sources(&[("handler", text)]);
        }
        let mut audit = Audit::default();
        audit.doubt_file("handler", "language", format!("{language} is not read, only Rust"));
        audit
    }

    /// The operations that are surely called.
    pub fn operations(&self) -> BTreeSet<String> {
        self.calls.iter().map(|found| found.call.operation.clone()).collect()
    }

    /// The operations that unresolved lines may call.
    pub fn possible_operations(&self) -> Candidates {
        self.unresolved
            .iter()
            .fold(Candidates::default(), |all, doubt| all.or(doubt.candidates.clone()))
    }

    /// The actions, without `dynamodb:`, that unresolved lines may need.
    pub fn possible(&self) -> Candidates {
        match self.possible_operations() {
            Candidates::Any => Candidates::Any,
            Candidates::These(names) => {
                let mut actions = Candidates::default();
                for operation in names.iter().filter_map(|name| Operation::named(name)) {
                    actions.extend(operation.possible_actions());
                }
                actions
            }
        }
    }

    fn doubt_file(&mut self, path: &str, reason: &'static str, message: String) {
        let site = Site { file: path.to_owned(), line: 1 };
        self.unresolved.push(Doubt { reason, message, site, candidates: Candidates::Any });
    }

    /// The members of a transaction are built elsewhere than it is sent: all that the source builds may be in each.
    fn settle_transactions(&mut self, members: &BTreeSet<&'static str>) {
        let mut doubts = vec![];
        for found in
            self.calls.iter_mut().filter(|found| found.call.operation == "TransactWriteItems")
        {
            if members.is_empty() {
                let message = "what the transaction holds is not built in this source".to_owned();
                let candidates = Candidates::of(TRANSACTION_MEMBERS.map(|(_, action)| action));
                doubts.push(Doubt {
                    reason: "transaction",
                    message,
                    site: found.site.clone(),
                    candidates,
                });
            }
            found.call.members = Some(members.iter().map(|member| (*member).to_owned()).collect());
        }
        self.unresolved.extend(doubts);
    }
}

impl Default for Candidates {
    fn default() -> Self {
        Candidates::These(BTreeSet::new())
    }
}

impl Candidates {
    pub fn of<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Candidates::These(names.into_iter().map(Into::into).collect())
    }

    pub fn includes(&self, name: &str) -> bool {
        match self {
            Candidates::These(names) => names.contains(name),
            Candidates::Any => true,
        }
    }

    pub fn extend<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        if let Candidates::These(known) = self {
            known.extend(names.into_iter().map(str::to_owned));
        }
    }

    fn or(self, other: Candidates) -> Candidates {
        match (self, other) {
            (Candidates::These(mut names), Candidates::These(more)) => {
                names.extend(more);
                Candidates::These(names)
            }
            _ => Candidates::Any,
        }
    }
}

#[cfg(test)]
mod tests;
