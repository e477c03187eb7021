//! The verdict on a role as people read it: a matrix of sources and operations, the findings, and one line that counts.

use std::collections::BTreeSet;

use super::{Paint, columns, on_one_line};
use crate::witness::{Matrix, Mutation};
use verify::check::{Outcome, Verdict};
use verify::findings::{Finding, Severity};
use verify::operations::Operation;
use verify::snapshot::Stack;

/// More columns than these do not fit beside each other; the rest is counted.
const MOST_EXTRA_COLUMNS: usize = 4;
/// Findings of one kind that are shown in full; the rest is named.
const MOST_OF_A_KIND: usize = 3;

/// What is shown of one check.
pub struct Seen<'a> {
    pub verdict: &'a Verdict,
    pub stack: &'a Stack,
    /// `offline`, `live`, or the snapshot's name.
    pub mode: &'a str,
    pub notes: Notes,
    /// How many of the needed actions each kind of resource takes.
    pub reach: Vec<(&'static str, usize)>,
    pub witness: Option<&'a Matrix>,
}

/// What stands behind each row.
#[derive(Default)]
pub struct Notes {
    pub declared: String,
    pub source: String,
    pub linked: String,
    pub recorded: String,
    pub granted: String,
}

pub fn text(seen: &Seen, paint: Paint) -> String {
    let mut parts = vec![head(seen, paint), matrix(seen, paint), reach(seen, paint)];
    parts.extend(seen.witness.map(|matrix| witness(matrix, paint)));
    parts.extend(findings(&seen.verdict.findings, paint));
    parts.extend(by_access(seen.verdict, paint));
    parts.push(conclusion(seen, paint));
    parts.join("\n\n")
}

/// The rights that are needed because the file says so.
fn by_access(verdict: &Verdict, paint: Paint) -> Option<String> {
    if verdict.access.is_empty() {
        return None;
    }
    let head = paint.bold("from `access` in stack.toml, not verified by the source");
    let lines = verdict.access.iter().map(|right| format!("\n  {right}"));
    Some(lines.fold(head, |text, line| text + &line))
}

fn head(seen: &Seen, paint: Paint) -> String {
    let facts = format!("{}, catalogue of {}", seen.mode, seen.verdict.catalogue);
    format!("{}  {}", paint.bold(&seen.stack.role_name), paint.dim(&facts))
}

/// One row a source, one column an operation: `●` names it, `○` does not, `–` was not looked at.
fn matrix(seen: &Seen, paint: Paint) -> String {
    let (operations, verdict) = (&seen.verdict.operations, seen.verdict);
    let (columns, others) = columns(verdict);
    let mut lines = vec![row("", &columns, str::to_owned, "others", "")];
    let sources = [
        ("declared", &operations.declared, &seen.notes.declared),
        ("source", &operations.source, &seen.notes.source),
        ("linked", &operations.linked, &seen.notes.linked),
        ("recorded", &operations.recorded, &seen.notes.recorded),
    ];
    for (name, set, note) in sources {
        let mark = |column: &str| match set {
            None => "–",
            Some(set) if set.contains(column) => "●",
            Some(_) => "○",
        };
        lines.push(row(name, &columns, |column| mark(column).to_owned(), "–", note));
    }
    let extra = extra_actions(verdict);
    let granted = |column: &str| if is_granted(verdict, &extra, column) { "●" } else { "○" };
    let others = if others == 0 { "–".to_owned() } else { format!("+{others}") };
    lines.push(row(
        "granted",
        &columns,
        |column| granted(column).to_owned(),
        &others,
        &seen.notes.granted,
    ));
    let header = lines.remove(0);
    let rows: Vec<String> = lines.into_iter().map(|line| colour_marks(&line, paint)).collect();
    format!("{}\n{}", paint.dim(header.trim_end()), rows.join("\n"))
}

fn row(
    name: &str,
    columns: &[String],
    cell: impl Fn(&str) -> String,
    others: &str,
    note: &str,
) -> String {
    let cells: Vec<String> = columns
        .iter()
        .map(|column| columns::centred(&cell(column), column.chars().count()))
        .collect();
    let line = format!("  {name:9} {} │ {others:^6}  {note}", cells.join("  "));
    line.trim_end().to_owned()
}

fn colour_marks(line: &str, paint: Paint) -> String {
    line.replace('●', &paint.green("●")).replace('○', &paint.red("○"))
}

/// The operations that any source names, then a few that are granted for nothing; and how many more of those there are.
fn columns(verdict: &Verdict) -> (Vec<String>, usize) {
    let sets = &verdict.operations;
    let named: BTreeSet<&String> = [&sets.declared, &sets.source, &sets.linked, &sets.recorded]
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    let mut columns: Vec<String> = named.into_iter().cloned().collect();
    let extra: Vec<&str> = extra_actions(verdict)
        .into_iter()
        .filter(|name| !columns.iter().any(|one| one == name))
        .collect();
    if extra.len() > MOST_EXTRA_COLUMNS {
        return (columns, extra.len());
    }
    columns.extend(extra.into_iter().map(str::to_owned));
    (columns, 0)
}

/// The actions of `DynamoDB` that the role may do and nobody needs.
fn extra_actions(verdict: &Verdict) -> BTreeSet<&str> {
    let extra = verdict.findings.iter().filter(|finding| finding.kind.name() == "over-grant");
    extra.filter_map(|finding| finding.action.as_deref()?.strip_prefix("dynamodb:")).collect()
}

fn is_granted(verdict: &Verdict, extra: &BTreeSet<&str>, column: &str) -> bool {
    let granted = |action: &str| {
        verdict.granted.contains(&format!("dynamodb:{action}")) || verdict.granted.contains(action)
    };
    let operation = Operation::named(column).map(Operation::possible_actions).unwrap_or_default();
    extra.contains(column)
        || granted(column)
        || (!operation.is_empty() && operation.iter().any(|action| granted(action)))
}

fn reach(seen: &Seen, paint: Paint) -> String {
    let told: Vec<String> = seen
        .reach
        .iter()
        .map(|(name, count)| match count {
            0 => format!("{name} {}", paint.dim("none")),
            count => format!("{name} {count}"),
        })
        .collect();
    format!("  {} {}", "on", told.join(&paint.dim("  ·  ")))
}

/// One row a mutant of the policy, one column a route: `✘` fails, `·` still works.
fn witness(matrix: &Matrix, paint: Paint) -> String {
    let name = |mutation: &Mutation| match mutation {
        Mutation::Without(action) => format!("without {}", action.trim_start_matches("dynamodb:")),
        Mutation::OnlyOn(arn) => match arn.rsplit('/').next() {
            Some("*") => "only on an index".to_owned(),
            _ => "only on another table".to_owned(),
        },
    };
    let width = matrix.mutants.iter().map(|mutant| name(&mutant.mutation).len()).max().unwrap_or(0);
    let mut lines =
        vec![paint.dim(&format!("  {}   {}", " ".repeat(width), matrix.routes.join("   ")))];
    for mutant in &matrix.mutants {
        let cells: Vec<String> = matrix
            .routes
            .iter()
            .enumerate()
            .map(|(place, route)| {
                let mark = if mutant.failed.contains(&place) { "✘" } else { "·" };
                columns::centred(mark, route.chars().count())
            })
            .collect();
        let row =
            format!("  {}   {}", columns::left(&name(&mutant.mutation), width), cells.join("   "));
        lines.push(row.trim_end().replace('✘', &paint.red("✘")));
    }
    let (killed, all) = (matrix.killed, matrix.mutants.len());
    let head = paint.bold("witness");
    format!(
        "{head}  {killed} of {all} wrong policies are noticed, by {} requests\n{}",
        matrix.requests,
        lines.join("\n")
    )
}

fn findings(findings: &[Finding], paint: Paint) -> Option<String> {
    let mut blocks = Vec::new();
    for (place, finding) in findings.iter().enumerate() {
        let before = findings[..place].iter().filter(|other| other.kind == finding.kind).count();
        if before < MOST_OF_A_KIND {
            blocks.push(block(finding, paint));
        }
    }
    let left = findings.len() - blocks.len();
    if left > 0 {
        blocks.push(
            paint.dim(&format!("and {left} more of the same kinds: `--output json` has them all")),
        );
    }
    (!blocks.is_empty()).then(|| blocks.join("\n"))
}

fn block(finding: &Finding, paint: Paint) -> String {
    let severity = match finding.severity {
        Severity::Error => paint.red("error"),
        Severity::Warning => paint.yellow("warning"),
        Severity::Note => paint.dim("note"),
    };
    let mut lines = vec![format!(
        "{severity} {}: {}",
        paint.bold(&finding.kind.name()),
        on_one_line(&finding.message)
    )];
    let mut line = |name: &str, value: String| {
        lines.push(format!("  {} {}", paint.dim(&format!("{name:9}")), on_one_line(&value)));
    };
    if let Some(statement) = &finding.statement {
        line("statement", statement.to_string());
    }
    if let Some(request) = &finding.request {
        line("request", format!("{} on {}", request.action, request.resource));
    }
    if let Some(site) = &finding.source {
        line("source", site.to_string());
    }
    if let Some(hint) = &finding.hint {
        line("to do", hint.clone());
    }
    lines.join("\n")
}

fn conclusion(seen: &Seen, paint: Paint) -> String {
    let verdict = seen.verdict;
    let count =
        |severity| verdict.findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let needed = verdict.needed.iter().filter(|action| action.starts_with("dynamodb:")).count();
    let mut sources = sources(verdict);
    if let Some(matrix) = seen.witness {
        sources =
            format!("{sources}; {} of {} mutants killed", matrix.killed, matrix.mutants.len());
    }
    match verdict.outcome {
        Outcome::Proven => format!(
            "{}  {} and nothing else; 0 excess of {} probed pairs; {sources}",
            paint.green("PROVEN"),
            reached(seen),
            verdict.probed - needed.min(verdict.probed),
        ),
        Outcome::Sampled => format!(
            "{}  no excess found in {} probed pairs, but the grants have wildcards or conditions; {sources}",
            paint.yellow("SAMPLED"),
            verdict.probed,
        ),
        Outcome::Findings => format!(
            "{}  {}, {}; {} excess of {} probed pairs",
            paint.red("FINDINGS"),
            plural(errors, "error"),
            plural(warnings, "warning"),
            verdict.excess,
            verdict.probed,
        ),
        Outcome::Unproven => format!(
            "{}  nothing is known to be wrong, and {} cannot be decided",
            paint.yellow("UNPROVEN"),
            plural(errors, "question"),
        ),
    }
}

/// `5 actions on 2 tables and 1 action of other services`
fn reached(seen: &Seen) -> String {
    let needed =
        |of: fn(&str) -> bool| seen.verdict.needed.iter().filter(|action| of(action)).count();
    let own = needed(|action| action.starts_with("dynamodb:"));
    let others = needed(|action| !action.starts_with("dynamodb:") && !action.starts_with("logs:"));
    let tables = plural(seen.stack.tables().count(), "table");
    match (own, others) {
        (own, 0) => format!("{} on {tables}", plural(own, "action")),
        (0, others) => format!("{} of other services", plural(others, "action")),
        (own, others) => {
            let (own, others) = (plural(own, "action"), plural(others, "action"));
            format!("{own} on {tables} and {others} of other services")
        }
    }
}

/// How many of those who can say it say which operations the handler calls; nothing but the source and the linked
/// program can for one that declares nothing.
fn sources(verdict: &Verdict) -> String {
    let sets = &verdict.operations;
    let (found, all) = match &sets.declared {
        Some(_) => (vec![&sets.declared, &sets.source, &sets.linked, &sets.recorded], 4),
        None => (vec![&sets.source, &sets.linked], 2),
    };
    match found.into_iter().flatten().count() {
        0 => "no source but `stack.toml`".to_owned(),
        1 => format!("1 of {all} sources"),
        known => format!("{known} of {all} sources, and they agree"),
    }
}

pub fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use verify::check::{Evidence, check};
    use verify::snapshot::Snapshot;

    fn shown(text: &str) -> String {
        let snapshot = Snapshot::from_json(text).expect("it is complete");
        let verdict = check(&snapshot, &Evidence::default());
        let notes = Notes::default();
        let reach = vec![("the own table", 5), ("another table", 0)];
        super::text(
            &Seen {
                verdict: &verdict,
                stack: &snapshot.stack,
                mode: "snapshot",
                notes,
                reach,
                witness: None,
            },
            Paint::new(false),
        )
    }

    #[test]
    fn a_clean_role_is_proven_in_a_matrix() {
        let text = shown(include_str!("../../crates/verify/src/snapshots/01-clean-seed.json"));
        assert!(
            text.contains("  declared      ●          ●        ●       ●        ●      │   –"),
            "{text}"
        );
        assert!(
            text.contains("  linked        –          –        –       –        –      │   –"),
            "{text}"
        );
        assert!(
            text.contains("PROVEN  5 actions on 1 table and nothing else; 0 excess of "),
            "{text}"
        );
    }

    #[test]
    fn a_right_too_many_is_a_column_that_only_the_role_has() {
        let text = shown(include_str!("../../crates/verify/src/snapshots/02-unused-update.json"));
        assert!(text.contains("  PutItem  Query  UpdateItem │ others"), "{text}");
        assert!(text.contains("error over-grant: dynamodb:UpdateItem is granted on "), "{text}");
        assert!(text.contains("FINDINGS  1 error, 0 warnings; 1 excess of "), "{text}");
    }
}
