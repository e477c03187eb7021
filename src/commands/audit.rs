//! `stackctl audit`

use std::path::{Path, PathBuf};

use audit::{Audited, Call, Candidates, Place, Report, Verdict};
use serde_json::{Map, Value, json};

use super::App;
use crate::cli::examples;
use crate::ui::{Paint, columns};
use engine::error::{Error, Kind, Result};
use engine::{Graph, Id, Label, Progress, alone};
use package::{Architecture, Profile, Recipe};

/// List what a Cargo project calls on AWS, and which permissions it needs
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(explained: "Reads the source of every Lambda function of a package or workspace, from its `main`: operations, IAM actions, tables, indexes, environment variables and routes. It needs no `stack.toml`, no cloud, and no build unless you ask for one. Code that the audit cannot follow is listed with what it may call.";
    "stackctl audit                           the project of this folder",
    "stackctl audit services/orders           a package or workspace elsewhere",
    "stackctl audit --policy > policy.json    the IAM policy that the code needs",
    "stackctl audit --build                   and what its linked programs decide; this compiles them",
    "stackctl audit --check                   in CI: 3 when something cannot be followed",
))]
pub struct Args {
    /// The folder of a Cargo package or workspace
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Print the IAM policy of each function
    #[arg(long)]
    policy: bool,
    /// Build the functions as `stackctl build` does, and let the linked programs decide which operations they can call
    #[arg(long)]
    build: bool,
    /// Exit with 3 when a call or its resource cannot be resolved
    #[arg(long)]
    check: bool,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let mut report = app.unless_stopped(read(args.folder.clone())).await?;
    for note in &report.notes {
        app.ui.say(note);
    }
    if args.build {
        for function in &mut report.functions {
            built(function, &args.folder, app).await?;
        }
    }
    if args.policy {
        let policies = || policies(&report);
        app.ui.result(|| format!("{:#}", policies()), policies)?;
    } else {
        let document = || json!({"functions": report.functions});
        app.ui.result(|| told(&report, app.ui.paint), document)?;
    }
    let open: Vec<&str> = report
        .functions
        .iter()
        .filter(|function| function.verdict != Verdict::Resolved)
        .map(|function| function.binary.as_str())
        .collect();
    if !args.check || open.is_empty() {
        return Ok(());
    }
    let names = open.join(", ");
    Err(Error::new(Kind::Findings, format!("not everything is resolved in {names}"))
        .hint("the places are marked `unresolved` and `unknown`"))
}

/// Builds a function, and takes what its program decides.
async fn built(function: &mut Audited, root: &Path, app: &App) -> Result<()> {
    let recipe = Recipe {
        root: root.to_owned(),
        crate_directory: function.folder.clone(),
        binary: Some(function.binary.clone()),
        function: format!("{}-{}", function.package, function.binary),
        architecture: Architecture::default(),
        profile: Profile::default(),
    };
    let label = Label { kind: "code".into(), name: function.binary.clone() };
    let work = app.ui.watch(vec![label], async |events| {
        let progress = Progress::new(Id::after(&Graph::default()), events);
        alone(&progress, Box::pin(package::build(&recipe, &progress))).await
    });
    let artifact = app.unless_stopped(Box::pin(work)).await?;
    for line in verify::decided::decide(function, &artifact.program()?) {
        app.ui.say(&line);
    }
    Ok(())
}

/// On a thread of its own: a large program takes seconds, and Ctrl-C ends the command meanwhile.
async fn read(folder: PathBuf) -> Result<Report> {
    let report = tokio::task::spawn_blocking(move || audit::audit(&folder)).await;
    report.map_err(|error| Error::failed("audit").cause(error))?.map_err(|refused| {
        Error::usage("this project cannot be audited")
            .cause(refused)
            .hint("give the folder of a Cargo package or workspace")
    })
}

/// The policy itself when there is one function, else the policies by the names of the binaries.
fn policies(report: &Report) -> Value {
    match report.functions.as_slice() {
        [function] => audit::policy(function),
        functions => {
            let by_name = |function: &Audited| (function.binary.clone(), audit::policy(function));
            Value::Object(functions.iter().map(by_name).collect::<Map<_, _>>())
        }
    }
}

fn told(report: &Report, paint: Paint) -> String {
    if report.functions.is_empty() {
        return "no binary of this project is a Lambda function".to_owned();
    }
    let functions: Vec<String> =
        report.functions.iter().map(|function| function_told(function, paint)).collect();
    functions.join("\n\n")
}

fn function_told(function: &Audited, paint: Paint) -> String {
    let verdict = match function.verdict {
        Verdict::Resolved => paint.green("resolved"),
        Verdict::Partly => paint.yellow("partly resolved"),
        Verdict::None => paint.red("not resolved"),
    };
    let Audited { binary, main, framework, trigger, .. } = function;
    let mut lines = vec![format!("{binary}  {main}  {framework}, {trigger}  {verdict}")];
    if function.calls.is_empty() && function.unresolved.is_empty() {
        lines.push("  calls nothing on AWS".to_owned());
    }
    let calls: Vec<(String, String, &str)> = function
        .calls
        .iter()
        .map(|call| (call.actions.join(", "), resource(call), call.site.as_str()))
        .collect();
    let wide =
        |part: fn(&(String, String, &str)) -> usize| calls.iter().map(part).max().unwrap_or(0);
    let (first, second) = (wide(|call| call.0.len()), wide(|call| call.1.len()));
    for (actions, on, site) in &calls {
        let (actions, on) = (columns::left(actions, first), columns::left(on, second));
        lines.push(format!("  {actions}  {on}  {}", paint.dim(site)));
    }
    for place in &function.unresolved {
        let may = match &place.candidates {
            Candidates::Any => "any operation".to_owned(),
            Candidates::These(names) => names.iter().cloned().collect::<Vec<_>>().join(", "),
        };
        let word = paint.yellow("unresolved");
        lines.push(format!(
            "  {word}  {}  {}: may call {may}",
            paint.dim(&place.site),
            place.reason
        ));
    }
    if !function.env.is_empty() {
        let names: Vec<&str> = function.env.iter().map(String::as_str).collect();
        lines.push(format!("  {} {}", paint.dim("env   "), names.join(", ")));
    }
    if let Some(routes) = &function.routes {
        lines.push(format!("  {} {}", paint.dim("routes"), routes.join(", ")));
    }
    lines.join("\n")
}

/// What a call acts on, as a phrase.
fn resource(call: &Call) -> String {
    let place = |place: &Place| match place {
        Place::Env(name) => format!("${name}"),
        Place::Literal(name) => name.clone(),
        Place::Unknown(why) => format!("unknown ({why})"),
    };
    match (&call.table, &call.index, &call.resource) {
        (Some(table), Some(index), _) => format!("table {} index {}", place(table), place(index)),
        (Some(table), None, _) => format!("table {}", place(table)),
        (None, _, Some(resource)) => place(resource),
        (None, _, None) => "*".to_owned(),
    }
}
