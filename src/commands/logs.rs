//! `stackctl logs`

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{App, Which};
use crate::cli::{Output, examples};
use crate::logs::{Entry, Line, Reader, Weight, clock, day, rfc3339, since};
use crate::resources::{LogSearch, LogTail, log_search, log_tail, pattern};
use crate::ui::Paint;
use engine::error::{Error, Kind, Result};

/// What AWS looks for on behalf of `--errors`; what it finds is looked through again.
const ERRORS: [&str; 24] = [
    "ERROR",
    "FATAL",
    "CRITICAL",
    "Task timed out",
    "panicked at",
    "rror",
    "Runtime",
    "tatus",
    "Extension",
    "EXTENSION",
    "Sandbox",
    "Function.",
    "LAMBDA_WARNING",
    "signal",
    "fault",
    "overflowed",
    "memory",
    "Throttling",
    "Exceeded",
    "logsDropped",
    "fatal",
    "required by",
    "Failed to post",
    "decrypt",
];

/// Show what the function logged, and follow it
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl logs                       the last ten minutes",
    "stackctl logs --since 2h --errors   what went wrong in the last two hours",
    "stackctl logs --follow              until Ctrl-C",
    "stackctl logs --raw | jq .          the lines as the handler wrote them",
))]
pub struct Args {
    /// How far back: `90s`, `10m`, `2h`, `3d`, or a date such as `2026-08-30T12:00:00Z`
    #[arg(long, value_name = "TIME", default_value = "10m")]
    since: String,
    /// Only lines that contain this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Only what went wrong
    #[arg(long)]
    errors: bool,
    /// Go on with new lines as they come; Ctrl-C ends it
    #[arg(long, short)]
    follow: bool,
    /// The lines as they were written
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    which: Which,
}

impl Args {
    /// Whether Ctrl-C is how it ends.
    pub fn follows(&self) -> bool {
        self.follow
    }

    fn pattern(&self) -> Option<String> {
        match &self.filter {
            Some(text) => pattern(&[text]),
            None if self.errors => pattern(&ERRORS),
            None => None,
        }
    }
}

/// The operations of AWS that this verb calls.
pub fn calls() -> Vec<&'static str> {
    [log_search::CALLS, log_tail::CALLS].concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let from = since(&args.since, i64::try_from(now).unwrap_or(i64::MAX))?;
    let config = args.which.config(app)?;
    let cloud = app.cloud(&config).await?;
    let search = LogSearch::new(&cloud, &config.function().log_group, args.pattern());
    let mut printer = Printer { args, app, reader: Reader::default(), day: String::new() };
    match (args.follow, app.globals.output) {
        (true, _) => follow(search, from, &mut printer).await,
        (false, Output::Text) => print(&search, from, &mut printer).await,
        (false, Output::Json) => {
            let mut all = Vec::new();
            let work = search.search(from, |page| {
                all.extend(page.iter().filter_map(|entry| printer.document(entry)));
                Ok(true)
            });
            app.unless_stopped(work).await.map_err(explained)?;
            app.ui.result(String::new, || json!({"log_group": search.group(), "lines": all}))
        }
    }
}

/// All lines up to now.
async fn print(search: &LogSearch, from: i64, printer: &mut Printer<'_>) -> Result<()> {
    let mut count = 0_usize;
    let (args, app) = (printer.args, printer.app);
    let work = search.search(from, |page| {
        for entry in &page {
            match printer.print(entry)? {
                Printed::Shown => count += 1,
                Printed::LeftOut => {}
                Printed::NobodyReads => return Ok(false),
            }
        }
        Ok(true)
    });
    app.unless_stopped(work).await.map_err(explained)?;
    if count == 0 {
        let what = if args.errors { "nothing went wrong" } else { "no lines" };
        app.ui.say(&format!("{what} since {}; `--since 1d` reads further back", rfc3339(from)));
    }
    Ok(())
}

/// All lines up to now, and those to come. Ctrl-C is the way to end it, so it ends well.
async fn follow(search: LogSearch, from: i64, printer: &mut Printer<'_>) -> Result<()> {
    let app = printer.app;
    let mut stop = app.stop.clone();
    let group = search.group().to_owned();
    let work = async {
        let mut tail = LogTail::start(search, from).await?;
        let how = if tail.is_live() { "as they come" } else { "every second" };
        app.ui.say(&app.ui.paint.dim(&format!("following {group}, {how}; Ctrl-C ends it")));
        let mut silent = false;
        loop {
            let entries = match tail.next().await {
                Ok(entries) => entries,
                Err(error) if error.kind == Kind::Unanswered => {
                    if !silent {
                        app.ui.say(&format!("{error}; trying again"));
                    }
                    silent = true;
                    continue;
                }
                Err(error) => return Err(error),
            };
            silent = false;
            for entry in &entries {
                if let Printed::NobodyReads = printer.print(entry)? {
                    return Ok(());
                }
            }
        }
    };
    tokio::select! {
        ended = work => ended,
        _ = stop.wait_for(|stopped| *stopped) => Ok(()),
    }
}

/// Puts lines on stdout.
struct Printer<'a> {
    args: &'a Args,
    app: &'a App,
    reader: Reader,
    /// Of the line before.
    day: String,
}

/// A line for people; one that another line tells too has none.
struct Read {
    line: Option<Line>,
}

enum Printed {
    Shown,
    LeftOut,
    /// Whoever read us has seen enough.
    NobodyReads,
}

impl Printer<'_> {
    fn print(&mut self, entry: &Entry) -> Result<Printed> {
        let text = match self.app.globals.output {
            Output::Json => self.document(entry).map(|document| document.to_string()),
            Output::Text if self.args.raw => {
                self.wanted(entry).map(|_| entry.message.trim_end().to_owned())
            }
            Output::Text => {
                self.wanted(entry).and_then(|read| read.line).map(|line| self.shown(&line))
            }
        };
        let Some(text) = text else {
            return Ok(Printed::LeftOut);
        };
        let ui = &self.app.ui;
        let raw = self.args.raw && self.app.globals.output == Output::Text;
        let is_read = if raw { ui.verbatim(&text) } else { ui.line(&text) };
        Ok(if is_read? { Printed::Shown } else { Printed::NobodyReads })
    }

    /// `entry` as it was read, if it is asked for.
    fn wanted(&mut self, entry: &Entry) -> Option<Read> {
        let line = self.reader.read(entry);
        let error = line.as_ref().is_some_and(|line| line.weight == Weight::Error);
        let found = self.args.filter.as_ref().is_none_or(|text| entry.message.contains(text));
        (found && (error || !self.args.errors)).then_some(Read { line })
    }

    fn document(&mut self, entry: &Entry) -> Option<Value> {
        self.wanted(entry).map(|read| document(entry, read.line))
    }

    fn shown(&mut self, line: &Line) -> String {
        let paint = self.app.ui.result_paint;
        let mut text = String::new();
        let today = day(line.time);
        if today != self.day {
            text = format!("{}\n", paint.dim(&format!("{today} (UTC)")));
            self.day = today;
        }
        text + &one_line(line, paint)
    }
}

/// An entry for programs; `line` is what was read of it.
pub fn document(entry: &Entry, line: Option<Line>) -> Value {
    let message = entry.message.trim_end();
    json!({
        "time": rfc3339(entry.time),
        "request_id": line.and_then(|line| line.request),
        "message": serde_json::from_str(message).unwrap_or_else(|_| Value::from(message)),
        "log_stream": entry.stream,
    })
}

/// `12:03:04.567 8f3c1a2b GET / → 200 in 1.5 ms`.
pub fn one_line(line: &Line, paint: Paint) -> String {
    let request: String = line.request.iter().flat_map(|id| id.chars().take(8)).collect();
    let front = paint.dim(&format!("{} {request:8}", clock(line.time)));
    let text = match line.weight {
        Weight::Quiet => paint.dim(&line.text),
        Weight::Normal => line.text.clone(),
        Weight::Error => paint.red(&line.text),
    };
    format!("{front} {text}")
}

fn explained(error: Error) -> Error {
    if error.has_code(&["ResourceNotFoundException"]) {
        return error.hint("there is no log yet: run `stackctl up` first");
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::ALARMS;

    #[test]
    fn what_aws_looks_for_is_in_all_that_is_an_alarm() {
        for alarm in ALARMS {
            let is_found = ERRORS.iter().any(|error| alarm.contains(error));
            assert!(is_found, "{alarm}");
        }
    }

    #[test]
    fn a_line_begins_with_its_time_and_the_start_of_its_request() {
        let line = Line {
            time: 1_788_091_384_567,
            request: Some("8f3c1a2b-0000-0000-0000-000000000000".into()),
            weight: Weight::Normal,
            text: "GET / → 200 in 1.5 ms".into(),
        };
        let text = one_line(&line, Paint::new(false));
        assert_eq!(text, "12:03:04.567 8f3c1a2b GET / → 200 in 1.5 ms");
        let early = one_line(&Line { request: None, ..line }, Paint::new(false));
        assert_eq!(early, "12:03:04.567          GET / → 200 in 1.5 ms");
    }
}
