//! `stackctl verify-policy`

mod denied;
mod explain;
mod fix;
pub mod live;
mod report;
mod witnessed;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{App, Which};
use crate::cli::examples;
use crate::cloud::denials;
use crate::config::Config;
use crate::evidence::{self, Handler};
use crate::files;
use crate::rendered;
use crate::stack;
use crate::witness::Matrix;
use engine::error::{Doing, Error, Result};
pub use explain::full_name as action_name;
use report::Report;
use verify::check::Evidence;
use verify::findings::Finding;
use verify::sarif;
use verify::snapshot::Snapshot;

/// Prove that the execution role can do what the handler does, and nothing more
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(explained: "Four sources list what the handler does: its declarations, its source, the linked program and its contract tests. stackctl evaluates the role's policies to decide what the role may do. Exit code 0: proven; 3: findings; 4: not provable.";
    "stackctl verify-policy                              the policies that `up` would write",
    "stackctl verify-policy --live                       the policies as they are on AWS",
    "stackctl verify-policy --witness --local            also revoke each permission in turn",
    "stackctl verify-policy --live --fix                 rewrite the policies that differ",
    "stackctl verify-policy --from-logs                  what was refused, and the line that would end it",
    "stackctl verify-policy --explain UpdateItem         who needs an action, and which statement grants it",
    "stackctl verify-policy --sarif findings.sarif       annotations for CI, besides the report",
))]
pub struct Args {
    #[command(flatten)]
    origin: Origin,
    /// Take each right away in turn, on a throwaway stack of the local cloud, and see which routes miss it
    #[arg(long)]
    witness: bool,
    /// Write what is judged to a file, so that others can judge it again
    #[arg(long, value_name = "FILE")]
    save_snapshot: Option<PathBuf>,
    /// Also write the findings as SARIF 2.1.0
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Warnings and notes count, too: exit with 3 on any finding
    #[arg(long)]
    strict: bool,
    /// Read the refusals in the function's log, and say what one line would end each, or why none should
    #[arg(long, conflicts_with_all = ["snapshot", "explain"])]
    from_logs: bool,
    /// Write the stack's policies as the handler declares them, show the effect, and judge again; asks first
    #[arg(long, requires = "live", conflicts_with = "explain")]
    fix: bool,
    /// Say who needs this action and which statement grants it, such as `GetItem`
    #[arg(long, value_name = "ACTION")]
    explain: Option<String>,
}

/// Where the policies come from.
#[derive(Debug, clap::Args)]
pub struct Origin {
    /// Judge what `up` would write, without a network or credentials; this is the default
    #[arg(long)]
    offline: bool,
    /// Judge what is deployed: the role, its policies and boundary, and who may invoke the function
    #[arg(long, conflicts_with = "offline")]
    live: bool,
    /// Judge this file instead, as `--save-snapshot` writes it; neither a project nor an account is needed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["offline", "live"])]
    snapshot: Option<PathBuf>,
    /// The zip or program that is read for linked operations, instead of what `build` made last
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
}

/// What is judged, and all that is known besides.
pub struct Case {
    pub mode: String,
    pub snapshot: Snapshot,
    pub evidence: Evidence,
    /// The project's handler; a snapshot brings its own.
    pub handler: Option<Handler>,
    /// The key of the function in `stack.toml`; a snapshot is of one function.
    pub function: Option<String>,
    /// What was found besides what the documents and the handler say.
    pub findings: Vec<Finding>,
    /// Lambda's digest of the deployed zip, if it was read.
    pub code: Option<String>,
    /// Which routes failed without which right, if that was tried.
    pub witness: Option<Matrix>,
}

/// The operations of AWS that this verb calls. With `--fix` it makes some of what `up` makes.
pub fn calls() -> Vec<&'static str> {
    [live::CALLS, &[denials::CALLS]].concat().concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    if args.origin.means_all(app)? {
        return all(args, app).await;
    }
    let mut case = args.origin.case(app).await?;
    if args.from_logs {
        return denied::run(app, &case).await;
    }
    if args.fix && fix::run(app, &case).await? {
        case = args.origin.case(app).await?;
    }
    if args.witness {
        witnessed::run(args.origin.binary.as_ref(), app, &mut case).await?;
    }
    if let Some(file) = &args.save_snapshot {
        save(&case.snapshot, file, app)?;
        app.ui.say(&format!("wrote {}", file.display()));
    }
    if let Some(action) = &args.explain {
        return explain::run(&case, action, app);
    }
    finish(args, app, &Report::of(&case))
}

/// Judges every function of the stack; the first that fails decides how the program ends.
async fn all(args: &Args, app: &App) -> Result<()> {
    let of_one = args.witness || args.fix || args.from_logs || args.origin.binary.is_some();
    let files = args.save_snapshot.is_some() || args.sarif.is_some();
    if of_one || files || args.explain.is_some() {
        return Err(Error::usage("the stack has several functions, and this is about one")
            .hint("name it with `--function`"));
    }
    let mut cases = Vec::new();
    for config in app.config()?.each_function() {
        cases.push((config.about.clone(), args.origin.case_of(app, &config).await?));
    }
    let reports: Vec<_> = cases.iter().map(|(key, case)| (key, Report::of(case))).collect();
    let text = || {
        let texts = reports.iter().map(|(key, report)| {
            let title = app.ui.paint.bold(&format!("function {key}"));
            format!("{title}\n{}", report.text(app.ui.paint))
        });
        texts.collect::<Vec<_>>().join("\n\n")
    };
    let document = || {
        let documents = reports.iter().map(|(key, report)| ((*key).clone(), report.document()));
        json!({"functions": documents.collect::<serde_json::Map<_, _>>()})
    };
    app.ui.result(text, document)?;
    reports.iter().try_for_each(|(_, report)| report.result(args.strict))
}

/// Writes, prints and judges.
fn finish(args: &Args, app: &App, report: &Report) -> Result<()> {
    if let Some(file) = &args.sarif {
        let config = app.globals.config.display().to_string();
        let log = sarif::log(&report.verdict.findings, &config, env!("CARGO_PKG_VERSION"));
        files::replace_ours(file, format!("{log:#}\n").as_bytes(), app.globals.yes)?;
    }
    app.ui.result(|| report.text(app.ui.paint), || report.document())?;
    report.result(args.strict)
}

impl Origin {
    pub async fn case(&self, app: &App) -> Result<Case> {
        let binary = self.binary.as_deref();
        if let Some(file) = &self.snapshot {
            return from_snapshot(file, binary);
        }
        self.case_of(app, &self.which.config(app)?).await
    }

    /// Whether it is about every function of a stack that has several.
    fn means_all(&self, app: &App) -> Result<bool> {
        let one = self.snapshot.is_some() || self.which.function.is_some();
        Ok(!one && app.config()?.functions.len() > 1)
    }

    async fn case_of(&self, app: &App, config: &Config) -> Result<Case> {
        let handler = app.evidence(config, self.binary.as_deref()).await?;
        stack::check_function(config, &handler.blueprint)?;
        if !self.live {
            return Ok(offline(app, config, handler));
        }
        let cloud = app.cloud(config).await?;
        app.unless_stopped(Box::pin(live::read(&cloud, config, handler))).await
    }
}

impl Case {
    /// The stack, for work on the function that was judged.
    fn config(&self, app: &App) -> Result<Config> {
        app.config()?.about_named(self.function.as_deref())
    }
}

fn offline(app: &App, config: &Config, handler: Handler) -> Case {
    let snapshot = rendered::snapshot(config, &handler, app.globals.region.as_deref());
    let evidence = handler.evidence.clone();
    Case {
        mode: "offline".into(),
        snapshot,
        evidence,
        handler: Some(handler),
        function: Some(config.about.clone()),
        findings: vec![],
        code: None,
        witness: None,
    }
}

/// Reads the file of `--snapshot`.
fn from_snapshot(file: &Path, binary: Option<&Path>) -> Result<Case> {
    let text = machine::read_text(file).doing(format!("read `{}`", file.display()))?;
    let snapshot = Snapshot::from_json(&text).map_err(|error| {
        Error::usage(format!("`{}` is not a snapshot of a stack", file.display()))
            .cause(error)
            .hint("`stackctl verify-policy --save-snapshot FILE` writes one")
    })?;
    let mut evidence = Evidence::default();
    if let Some(binary) = binary {
        evidence.linked = Some(evidence::operations_of(binary)?.0);
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(Case {
        mode: format!("snapshot {name}"),
        snapshot,
        evidence,
        handler: None,
        function: None,
        findings: vec![],
        code: None,
        witness: None,
    })
}

fn save(snapshot: &Snapshot, file: &Path, app: &App) -> Result<()> {
    let text =
        snapshot.to_json().map_err(|error| Error::failed("write the snapshot").cause(error))?;
    files::replace_ours(file, (text + "\n").as_bytes(), app.globals.yes)
}
