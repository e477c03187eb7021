//! What `verify-policy` says of one case: to people, to programs, and to the shell.

use serde_json::{Value, json};

use super::Case;
use crate::evidence::{Handler, Known, Linked};
use crate::ui::Paint;
use crate::ui::verdict::{self, Notes, Seen, plural};
use engine::error::{Error, Kind, Result};
use iam::eval::Decision;
use package::Profile;
use verify::catalogue::Catalogue;
use verify::check::{self, Verdict};
use verify::findings::Severity;
use verify::peers::Peers;

pub struct Report<'a> {
    pub case: &'a Case,
    pub verdict: Verdict,
}

impl<'a> Report<'a> {
    pub fn of(case: &'a Case) -> Self {
        let verdict = check::check(&case.snapshot, &case.evidence);
        Self { verdict: verdict.with(case.findings.clone()), case }
    }

    pub fn text(&self, paint: Paint) -> String {
        let seen = Seen {
            verdict: &self.verdict,
            stack: &self.case.snapshot.stack,
            mode: &self.case.mode,
            notes: self.notes(),
            reach: self.reach(),
            witness: self.case.witness.as_ref(),
        };
        verdict::text(&seen, paint)
    }

    /// The verdict, and all that it was made from.
    pub fn document(&self) -> Value {
        let mut document = json!(self.verdict);
        let catalogue = Catalogue::dynamodb();
        let handler = self.case.handler.as_ref();
        let linked = handler.and_then(|handler| match &handler.linked {
            Known::Yes(linked) => Some(linked),
            Known::No(_) => None,
        });
        document["schema"] = json!(1);
        document["mode"] = json!(self.case.mode);
        document["role"] = json!(self.case.snapshot.stack.role_name);
        document["reach"] = self
            .reach()
            .into_iter()
            .map(|(name, count)| (name.replace(' ', "_"), json!(count)))
            .collect();
        document["witness"] = json!(self.case.witness);
        document["digests"] = json!({
            "catalogue": catalogue.sha256,
            "sources": handler.map(|handler| handler.sources.hex()),
            "deployed": self.case.code,
            "linked": linked.map(|linked| linked.sha256.hex()),
        });
        document["peers"] = json!(Peers::measured());
        document
    }

    /// What the shell is told.
    pub fn result(&self, strict: bool) -> Result<()> {
        let count = |severity| {
            self.verdict.findings.iter().filter(|finding| finding.severity == severity).count()
        };
        let errors = count(Severity::Error);
        match self.verdict.exit_code(strict) {
            0 => Ok(()),
            4 => Err(Error::environment(format!(
                "not proven: {} cannot be decided",
                plural(errors, "question")
            ))
            .hint("each finding names what is missing for a decision")),
            _ if errors == 0 => Err(Error::new(
                Kind::Findings,
                format!(
                    "with --strict, {} count",
                    plural(self.verdict.findings.len(), "smaller finding")
                ),
            )),
            _ => Err(Error::new(
                Kind::Findings,
                format!("the role is not what the handler needs: {}", plural(errors, "error")),
            )
            .hint("`stackctl up` writes the policies that fit what the handler declares")),
        }
    }

    /// On how many of the needed actions each neighbour of the table can be reached.
    fn reach(&self) -> Vec<(&'static str, usize)> {
        let stack = &self.case.snapshot.stack;
        let own: Vec<String> = stack.tables().map(|(_, arn)| arn.to_owned()).collect();
        let indexes: Vec<String> = own.iter().map(|arn| format!("{arn}/index/zz")).collect();
        let elsewhere = stack.table_arn.replace(&stack.table_name, "zz-another-table");
        let places = [
            (if own.len() > 1 { "own tables" } else { "own table" }, own),
            ("own index", indexes),
            ("another table", vec![elsewhere]),
            ("any resource", vec!["*".to_owned()]),
        ];
        let needed = self.verdict.needed.iter().filter(|action| action.starts_with("dynamodb:"));
        let needed: Vec<&String> = needed.collect();
        let may = |action: &str, resource: &str| {
            check::explain(&self.case.snapshot, action, resource).decision == Decision::Allowed
        };
        let reached = |arns: &[String]| {
            needed.iter().filter(|action| arns.iter().any(|arn| may(action, arn))).count()
        };
        places.map(|(name, arns)| (name, reached(&arns))).into()
    }

    fn notes(&self) -> Notes {
        let granted = self.case.snapshot.documents.in_force();
        let granted: Vec<String> = granted.into_iter().map(|policy| policy.name).collect();
        let mut notes = Notes { granted: granted.join(", "), ..Notes::default() };
        if let Some(handler) = &self.case.handler {
            describe(handler, self.case.code.as_deref(), &mut notes);
        }
        notes
    }
}

fn describe(handler: &Handler, deployed: Option<&str>, notes: &mut Notes) {
    let first = handler.manifest.operations.first();
    notes.declared = first.map(|first| first.site.to_string()).unwrap_or_default();
    if let Some(audit) = &handler.evidence.source {
        let mut sites = audit.calls.iter().map(|found| &found.site);
        let more = if audit.calls.len() > 1 { " …" } else { "" };
        notes.source = sites.next().map(|site| format!("{site}{more}")).unwrap_or_default();
    }
    notes.linked = match &handler.linked {
        Known::Yes(Linked { path, sha256, from_these_sources, profile, .. }) => {
            let whence = match from_these_sources {
                _ if deployed == Some(sha256.base64().as_str()) => "which is deployed".to_owned(),
                true => "built from these sources".to_owned(),
                false => path.display().to_string(),
            };
            let build = if *profile == Profile::Quick { ", quick build" } else { "" };
            format!("sha256 {}…, {whence}{build}", &sha256.hex()[..8])
        }
        Known::No(why) => why.clone(),
    };
    notes.recorded = match &handler.recorded {
        Known::Yes(path) => path.display().to_string(),
        Known::No(why) => why.clone(),
    };
}
