//! `stackctl simulate`

use std::path::PathBuf;

use serde_json::{Value, json};

use super::App;
use super::verify_policy::{Case, Origin, action_name, live};
use crate::cli::examples;
use crate::ui::Paint;
use engine::error::{Doing, Error, Kind, Result};
use iam::eval::cases::Case as Listed;
use iam::eval::{Answer, Decision};
use verify::check;

/// Decide whether the execution role may do something, and show the statement that decides
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(explained: "Evaluates the policies that `up` would write, without a network. A decision that depends on something unknown is `unproven`, never `allowed`.";
    "stackctl simulate GetItem",
    "stackctl simulate dynamodb:Query table/other-app-data",
    "stackctl simulate Scan --context aws:SourceIp=203.0.113.7",
    "stackctl simulate --cases cases.json --output json",
))]
pub struct Args {
    /// The action, such as `dynamodb:GetItem`; the service may be left out
    #[arg(required_unless_present = "cases")]
    action: Option<String>,
    /// The ARN, or its end, such as `table/other`; without it, for actions of DynamoDB, the stack's tables
    resource: Option<String>,
    /// A condition key of the request and its value; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<String>,
    /// Decide these cases, each with policies of its own
    #[arg(long, value_name = "FILE", conflicts_with_all = ["action", "resource", "context", "snapshot"])]
    cases: Option<PathBuf>,
    /// Exit with 3 when it is denied, and with 4 when that cannot be decided
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    origin: Origin,
}

/// The operations of AWS that this verb calls.
pub fn calls() -> Vec<&'static str> {
    live::CALLS.concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    if let Some(file) = &args.cases {
        let text = machine::read_text(file).doing(format!("read `{}`", file.display()))?;
        return decide_all(&text, app);
    }
    let action = action_name(args.action.as_deref().unwrap_or_default())?;
    if args.resource.is_none() && !action.starts_with("dynamodb:") {
        return Err(Error::usage(format!("{action} does not act on a table: name the resource"))
            .hint(format!("`stackctl simulate {action} ARN`, or `'*'` for any")));
    }
    let context = args.context.iter().map(|pair| entry(pair)).collect::<Result<Vec<_>>>()?;
    let case = args.origin.case(app).await?;
    let decide = |resource: String| {
        let answer = check::simulate(&case.snapshot, &action, &resource, &context);
        (resource, answer)
    };
    let answers: Vec<(String, Answer)> =
        resources(&case, args.resource.as_deref()).into_iter().map(decide).collect();
    let worst = answers.iter().min_by_key(|(_, answer)| rank(answer.decision));
    let Some((_, worst)) = worst else {
        return Err(Error::usage(format!("{action} is asked of a table, and the stack has none"))
            .hint(format!("name the resource: `stackctl simulate {action} ARN`")));
    };
    let text = || {
        let told = |(on, answer): &(String, Answer)| told(&action, on, answer, app.ui.paint);
        answers.iter().map(told).collect::<Vec<_>>().join("\n")
    };
    app.ui.result(text, || document(&action, &answers, &case.mode))?;
    match worst.decision {
        _ if !args.exit_code => Ok(()),
        Decision::Allowed => Ok(()),
        Decision::Unproven => Err(Error::environment("the decision depends on what is not known")
            .hint("name the condition keys of the request with `--context KEY=VALUE`")),
        _ => Err(Error::new(Kind::Findings, format!("the role may not {action}"))),
    }
}

/// The worst comes first.
fn rank(decision: Decision) -> u8 {
    match decision {
        Decision::ExplicitDeny => 0,
        Decision::ImplicitDeny => 1,
        Decision::Unproven => 2,
        Decision::Allowed => 3,
    }
}

/// The worst decision, and where there are several resources, each of them.
fn document(action: &str, answers: &[(String, Answer)], mode: &str) -> Value {
    let one = |(on, answer): &(String, Answer)| {
        json!({
            "action": action,
            "resource": on,
            "decision": answer.decision,
            "statement": answer.statement,
            "why": answer.why,
        })
    };
    let worst = answers.iter().min_by_key(|(_, answer)| rank(answer.decision));
    let mut document = worst.map(one).unwrap_or_default();
    document["mode"] = json!(mode);
    if answers.len() > 1 {
        document["decisions"] = answers.iter().map(one).collect();
    }
    document
}

/// `{"decisions": [{"id", "decision"}]}`. Deciding is all that is asked, so no decision is a failure.
fn decide_all(text: &str, app: &App) -> Result<()> {
    let cases = Listed::read_all(text).map_err(|error| {
        Error::usage("the cases cannot be read")
            .cause(error)
            .hint("a list of {id, policies, boundary, action, resource, context}")
    })?;
    let decided: Vec<(String, Value)> = cases
        .iter()
        .map(|case| {
            let decision = case.decide().decision;
            let line = format!("{} {}", json!(case.id), decision.as_str());
            (line, json!({"id": case.id, "decision": decision}))
        })
        .collect();
    let lines = || decided.iter().map(|(line, _)| line.as_str()).collect::<Vec<_>>().join("\n");
    let all = || json!({"decisions": decided.iter().map(|(_, one)| one).collect::<Vec<_>>()});
    app.ui.result(lines, all)
}

fn entry(pair: &str) -> Result<(String, String)> {
    let split = pair.split_once('=').filter(|(key, _)| !key.is_empty());
    let split = split.map(|(key, value)| (key.to_owned(), value.to_owned()));
    split.ok_or_else(|| Error::usage(format!("`--context {pair}` is not KEY=VALUE")))
}

/// An ARN as it is; else something of the stack's account and region; without any, the tables of the stack.
fn resources(case: &Case, wanted: Option<&str>) -> Vec<String> {
    let stack = &case.snapshot.stack;
    match wanted {
        None => stack.tables().map(|(_, arn)| arn.to_owned()).collect(),
        Some(whole) if whole == "*" || whole.starts_with("arn:") => vec![whole.to_owned()],
        Some(end) => {
            let head = stack.table_arn.trim_end_matches(&stack.table_name);
            let end = end.trim_start_matches('/');
            vec![format!("{}{end}", head.trim_end_matches("table/"))]
        }
    }
}

fn told(action: &str, resource: &str, answer: &Answer, paint: Paint) -> String {
    let word = match answer.decision {
        Decision::Allowed => paint.green("allowed"),
        Decision::ImplicitDeny => paint.red("implicitDeny"),
        Decision::ExplicitDeny => paint.red("explicitDeny"),
        Decision::Unproven => paint.yellow("unproven"),
    };
    let statement = match &answer.statement {
        Some(statement) => format!("  {} {statement}\n", paint.dim("statement")),
        None => String::new(),
    };
    format!(
        "{word}  {action} on {resource}\n{statement}  {} {}",
        paint.dim("because  "),
        answer.why
    )
}
