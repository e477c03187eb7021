//! What the user sees: the story on stderr, the result on stdout. Nothing else prints.

pub mod columns;
mod commands;
mod json;
mod live;
mod paint;
mod plain;
pub mod plan;
pub mod verdict;
mod visible;
mod words;
mod wrap;

use std::io::{self, BufRead, IsTerminal, Write};
use std::pin::pin;
use std::time::Duration;

use serde_json::Value;

pub use commands::quoted;
pub use paint::Paint;
pub use visible::on_one_line;
use visible::{Spelling, visible};
pub use words::{LOCAL_CLOUD, seconds};
use wrap::{cut, width, wrapped};

use commands::Repeated;

use crate::cli::{Color, Globals, Output};
use crate::config;
use engine::error::{Doing, Error, Kind, Result};
use engine::{Event, Events, Label};

/// How this run talks.
pub struct Ui {
    repeated: Repeated,
    output: Output,
    quiet: bool,
    verbose: bool,
    /// The most that any one thing is waited for: `--timeout`.
    limit: Option<Duration>,
    /// Whether lines can be redrawn.
    live: bool,
    /// For the story.
    pub paint: Paint,
    /// For the result.
    pub result_paint: Paint,
}

impl Ui {
    pub fn new(globals: &Globals) -> Self {
        let terminal = config::terminal();
        let stderr = io::stderr().is_terminal();
        let colour = |terminal_there: bool| match globals.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal_there && !terminal.no_color,
        };
        Self {
            repeated: Repeated::of(globals),
            output: globals.output,
            quiet: globals.quiet,
            verbose: globals.verbose,
            limit: globals.timeout,
            live: stderr && !terminal.ci,
            paint: Paint::new(colour(stderr)),
            result_paint: Paint::new(colour(io::stdout().is_terminal())),
        }
    }

    /// The same for a stack that no file names: the commands in hints name it.
    pub fn named(mut self, name: Option<&str>) -> Self {
        self.repeated.name = name.map(str::to_owned);
        self
    }

    /// Shows what happens to the resources `labels` while `work` goes on.
    pub async fn watch<T>(&self, labels: Vec<Label>, work: impl AsyncFnOnce(&Events) -> T) -> T {
        let (sender, mut events) = Events::new(self.limit);
        let mut view = self.view(labels);
        let mut work = pin!(work(&sender));
        let done = loop {
            tokio::select! {
                biased;
                Some(event) = events.recv() => view.show(event),
                done = &mut work => break done,
            }
        };
        while let Ok(event) = events.try_recv() {
            view.show(event);
        }
        done
    }

    fn view(&self, labels: Vec<Label>) -> Box<dyn View> {
        match self.output {
            _ if self.quiet => Box::new(Silent),
            Output::Json => Box::new(Silent),
            Output::Text if self.live => Box::new(live::Live::new(&labels, self.paint)),
            Output::Text => Box::new(plain::Plain::new(labels, self.verbose)),
        }
    }

    /// One more line of the story.
    pub fn say(&self, line: &str) {
        if !self.quiet && self.output == Output::Text {
            to_stderr(&self.repeated.in_text(line));
        }
    }

    /// The text with the flags of this run in its commands, for a result.
    pub fn repeat(&self, text: &str) -> String {
        self.repeated.in_text(text)
    }

    /// Prints the result: the whole of stdout.
    pub fn result(
        &self,
        text: impl FnOnce() -> String,
        document: impl FnOnce() -> Value,
    ) -> Result<()> {
        let mut text = match self.output {
            Output::Text => text(),
            Output::Json => format!("{:#}", document()),
        };
        text.push('\n');
        let text = visible(&text, self.spelling());
        match self.output {
            Output::Text => to_stdout(&wrapped(&text, width(io::stdout()))),
            Output::Json => to_stdout(&text),
        }
        .map(|_| ())
    }

    /// Prints one line of a result that has no end; `false` when whoever read us has seen enough.
    pub fn line(&self, line: &str) -> Result<bool> {
        to_stdout(&format!("{}\n", visible(line, self.spelling())))
    }

    /// Prints a result that is a file, for whatever program reads it.
    pub fn file(&self, text: &str, document: impl FnOnce() -> Value) -> Result<()> {
        match self.output {
            Output::Text => self.verbatim(text).map(|_| ()),
            Output::Json => self.result(String::new, document),
        }
    }

    /// Prints text for programs, byte for byte; a terminal gets what is safe to show.
    pub fn verbatim(&self, text: &str) -> Result<bool> {
        if io::stdout().is_terminal() { self.line(text) } else { to_stdout(&format!("{text}\n")) }
    }

    fn spelling(&self) -> Spelling {
        match self.output {
            Output::Text => Spelling::Text,
            Output::Json => Spelling::Json,
        }
    }

    /// Prints why the run failed.
    pub fn failure(&self, error: &Error) {
        let error = self.repeated.in_error(error.clone());
        match self.output {
            Output::Text => to_stderr(&words::failure(&error, self.paint, self.verbose)),
            Output::Json => failure_as_json(&error),
        }
    }

    /// Whether somebody is there to answer.
    #[expect(clippy::unused_self, reason = "who asks has a `Ui`")]
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether standard input is what somebody types.
    #[expect(clippy::unused_self, reason = "who asks has a `Ui`")]
    pub fn is_typed_at(&self) -> bool {
        io::stdin().is_terminal()
    }

    /// Asks on the terminal. Dropping the future gives the question up: it leaves a thread that reads one line more,
    /// which ends with the program.
    pub async fn ask(&self, question: &Question<'_>) -> Result<String> {
        if !self.can_ask() {
            let message = format!("{} needs an answer, and there is no terminal", question.verb);
            let error = Error::usage(message).hint(question.instead);
            return Err(if question.effect.is_empty() {
                error
            } else {
                error.cause(question.effect)
            });
        }
        if !question.effect.is_empty() {
            to_stderr(question.effect);
        }
        Ok(line_typed(question.prompt).await?.trim().to_owned())
    }

    /// Asks on the terminal for a line that the terminal does not show; it comes with the newline that ends it.
    pub async fn ask_unseen(&self, prompt: &str) -> Result<String> {
        let _unseen = machine::Unseen::begin().doing("hide what is typed")?;
        line_typed(prompt).await
    }

    /// Ends the line on which the terminal shows `^C`.
    pub fn end_the_line(&self) {
        if self.can_ask() {
            to_stderr("");
        }
    }
}

/// The next line of standard input.
async fn line_typed(prompt: &str) -> Result<String> {
    write!(io::stderr(), "{} ", visible(prompt, Spelling::Text)).doing("ask")?;
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    let answer = answer.await.map_err(|error| Error::failed("ask").cause(error))?;
    let answer = answer.doing("read the answer")?;
    if answer.is_empty() {
        to_stderr("");
        return Err(Error::new(Kind::Interrupted, "stopped: no answer"));
    }
    Ok(answer)
}

/// A question on the terminal.
pub struct Question<'a> {
    /// The verb that asks.
    pub verb: &'a str,
    /// What a yes would do, as a sentence; may be empty.
    pub effect: &'a str,
    /// What is asked.
    pub prompt: &'a str,
    /// What to type where there is no terminal.
    pub instead: &'a str,
}

/// Prints why the run failed before it was known how it talks.
pub fn failure_as_json(error: &Error) {
    put_to_stderr(&visible(&json::failure(error).to_string(), Spelling::Json));
}

/// Draws events. Dropped when there are no more.
trait View {
    fn show(&mut self, event: Event);
}

struct Silent;

impl View for Silent {
    fn show(&mut self, _: Event) {}
}

/// `false` when whoever read us has seen enough.
fn to_stdout(text: &str) -> Result<bool> {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        written => written.doing("print the result").map(|()| true),
    }
}

/// A terminal that has gone away must not stop the work.
fn to_stderr(line: &str) {
    put_to_stderr(&wrapped(&visible(line, Spelling::Text), stderr_width()));
}

/// How many characters fit on a line there.
fn stderr_width() -> Option<usize> {
    width(io::stderr())
}

fn put_to_stderr(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints what the parser of the command line says.
pub fn refusal(error: &clap::Error) {
    let (stdout, stderr) = (io::stdout().is_terminal(), io::stderr().is_terminal());
    let text = error.render();
    let is_terminal = if error.use_stderr() { stderr } else { stdout };
    let coloured = is_terminal && !config::terminal().no_color;
    let text = if coloured { text.ansi().to_string() } else { text.to_string() };
    let text = visible(text.trim_end_matches('\n'), Spelling::Text);
    if error.use_stderr() {
        put_to_stderr(&text);
    } else {
        // A closed pipe is all that can go wrong.
        let _ = to_stdout(&format!("{text}\n"));
    }
}
