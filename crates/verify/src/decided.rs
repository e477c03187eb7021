//! What a linked program decides of the audit of its source: which operations are called, where the source leaves that
//! open, and which lines are never reached.

use std::collections::{BTreeMap, BTreeSet};

use audit::{Audited, Candidates, Unresolved};

use crate::linked::{self, Program};

/// The operations of a program, with the services that each may be of.
struct Held {
    operations: BTreeMap<String, BTreeSet<String>>,
    /// Those that the credential chain brings into every program are not looked for in the source.
    own: BTreeSet<String>,
    /// Whether other services than `DynamoDB` leave marks in it.
    all_services: bool,
}

/// Settles what the program decides, and says which calls of the source it refutes.
pub fn decide(audited: &mut Audited, program: &[u8]) -> Vec<String> {
    let held = Held::read(program);
    let (kept, refuted) = std::mem::take(&mut audited.calls)
        .into_iter()
        .partition(|call| held.may_call(&call.service, &call.operation));
    audited.calls = kept;
    let refuted: Vec<audit::Call> = refuted;
    let lines = refuted.iter().map(|call| {
        format!("{}: the linked program holds no {} of {}", call.site, call.operation, call.service)
    });
    for open in &mut audited.unresolved {
        open.candidates = held.left(&open.candidates);
    }
    audited.unresolved.retain(|open| open.candidates != Candidates::These(BTreeSet::new()));
    let unseen = held.unseen(audited);
    audited.unresolved.extend(unseen);
    audited.verdict = audited.judged();
    lines.collect()
}

impl Held {
    fn read(program: &[u8]) -> Self {
        let marks = Program::read(program);
        let mut operations = BTreeMap::<String, BTreeSet<String>>::new();
        let dynamodb = linked::operations_in(program);
        for name in &dynamodb {
            operations.entry((*name).to_owned()).or_default().insert("dynamodb".to_owned());
        }
        for held in &marks.held {
            let services = held.services.iter().cloned();
            operations.entry(held.operation.clone()).or_default().extend(services);
        }
        let mut own: BTreeSet<String> =
            marks.of_the_handler().map(|held| held.operation.clone()).collect();
        own.extend(dynamodb.into_iter().map(str::to_owned));
        Self { operations, own, all_services: !marks.held.is_empty() }
    }

    fn may_call(&self, service: &str, operation: &str) -> bool {
        let is_known = self.all_services || service == "dynamodb";
        let services = self.operations.get(operation);
        !is_known || services.is_some_and(|services| services.contains(service))
    }

    /// What the program leaves of the operations that a place may call.
    fn left(&self, candidates: &Candidates) -> Candidates {
        let dynamodb = crate::operations::Operation::named;
        match candidates {
            Candidates::Any if self.all_services => Candidates::These(self.own.clone()),
            Candidates::Any => Candidates::Any,
            Candidates::These(names) => {
                let left = names.iter().filter(|name| {
                    self.operations.contains_key(*name)
                        || !(self.all_services || dynamodb(name).is_some())
                });
                Candidates::These(left.cloned().collect())
            }
        }
    }

    /// Operations that no line shows.
    fn unseen(&self, audited: &Audited) -> Vec<Unresolved> {
        let is_shown = |name: &String| {
            audited.calls.iter().any(|call| call.operation == *name)
                || audited.unresolved.iter().any(|open| match &open.candidates {
                    Candidates::Any => true,
                    Candidates::These(names) => names.contains(name),
                })
        };
        let unseen = self.own.iter().filter(|name| !is_shown(name));
        let told = unseen.map(|name| Unresolved {
            reason: format!("the linked program holds {name}, which no line of the source shows"),
            candidates: Candidates::These(BTreeSet::from([name.clone()])),
            site: format!("{}:1", audited.main),
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audit::{Call, Place, Verdict};

    fn call(operation: &str) -> Call {
        Call {
            service: "dynamodb".to_owned(),
            operation: operation.to_owned(),
            actions: vec![format!("dynamodb:{operation}")],
            table: Some(Place::Literal("t".to_owned())),
            index: None,
            resource: None,
            site: "src/main.rs:3".to_owned(),
        }
    }

    fn open(candidates: Candidates) -> Unresolved {
        Unresolved { reason: "a type".to_owned(), candidates, site: "src/main.rs:9".to_owned() }
    }

    fn these(names: &[&str]) -> Candidates {
        Candidates::These(names.iter().map(|&name| name.to_owned()).collect())
    }

    fn program(names: &[&str]) -> Vec<u8> {
        names
            .iter()
            .map(|name| format!("{name}EndpointParamsInterceptor"))
            .collect::<String>()
            .into()
    }

    #[test]
    fn the_program_decides_what_a_place_may_call() {
        let mut audited = Audited {
            calls: vec![call("GetItem"), call("Scan")],
            unresolved: vec![
                open(these(&["PutItem", "DeleteItem"])),
                open(these(&["BatchGetItem"])),
            ],
            ..Audited::default()
        };
        let refuted = decide(&mut audited, &program(&["GetItem", "PutItem"]));
        assert_eq!(refuted, ["src/main.rs:3: the linked program holds no Scan of dynamodb"]);
        assert_eq!(audited.calls, [call("GetItem")]);
        assert_eq!(audited.unresolved, [open(these(&["PutItem"]))]);
        assert_eq!(audited.verdict, Verdict::Partly);
    }

    #[test]
    fn what_only_the_program_shows_is_open() {
        let mut audited = Audited { calls: vec![call("GetItem")], ..Audited::default() };
        assert!(
            decide(&mut audited, &program(&["GetItem", "SendMessage", "AssumeRole"])).is_empty()
        );
        assert_eq!(audited.unresolved.len(), 1);
        assert_eq!(audited.unresolved[0].candidates, these(&["SendMessage"]));
        let mut audited = Audited { calls: vec![call("GetItem")], ..Audited::default() };
        decide(&mut audited, b"DynamoDB_20120810.GetItem");
        assert_eq!(audited.verdict, Verdict::Resolved);
    }
}
