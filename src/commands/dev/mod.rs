//! `stackctl dev`

mod attempt;
mod complaints;
mod ours;
mod screen;
mod told;

use std::cell::RefCell;
use std::path::PathBuf;

use serde_json::json;
use tokio::sync::Notify;

use super::logs::{document, one_line};
use super::{App, up};
use crate::cli::{Globals, Output, examples};
use crate::config::Config;
use crate::env_file;
use crate::logs::{Line, Reader, Weight, clock};
use crate::resources::{LogSearch, LogTail};
use crate::saves::{Files, Save, Saves, keep_up};
use crate::ui::{Paint, Ui, seconds};
use attempt::{Attempt, Done};
use complaints::Complaints;
use engine::error::{Error, Kind, Result};
use engine::{Label, Stop};
use ours::{Ours, now};
use screen::Screen;

/// Bring the stack up on this machine, and again on every save, with its log beside it
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl dev                               until Ctrl-C; what is in the local cloud stays",
    "stackctl dev --write-env web/.env.local    and write the URL for the frontend",
))]
pub struct Args {
    /// Write the API's address into this file, such as `web/.env.local`, as `VITE_API_URL` and `NEXT_PUBLIC_API_URL`
    #[arg(long, value_name = "FILE")]
    write_env: Option<PathBuf>,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let app = &here(app, app.stop.clone());
    let config = app.config()?;
    args.write_env.as_deref().map_or(Ok(()), env_file::check)?;
    let (cloud, crates) = tokio::join!(app.cloud(&config), crates(&config));
    let cloud = match cloud {
        // Ctrl-C is how it ends, here as well.
        Err(error) if error.kind == Kind::Interrupted => return Ok(()),
        cloud => cloud?,
    };
    let search = LogSearch::new(&cloud, &config.function().log_group, None);
    let session = Session {
        args,
        app,
        config: &config,
        screen: Screen::new(&app.ui),
        complaints: RefCell::default(),
        version: RefCell::default(),
        ours: Ours::default(),
        is_up: Notify::new(),
        crates: RefCell::new(crates),
    };
    let mut saves = Saves::from_now(|| files(&config, &app.globals, &session.crates.borrow()));
    let work = keep_up(&mut saves, &app.stop, async |save, stop| session.work(save, stop).await);
    tokio::select! {
        () = work => {}
        ended = session.log(search) => return ended,
    }
    app.ui.end_the_line();
    app.ui.say(&app.ui.paint.dim(
        "stopped; the local cloud is still running. `stackctl up --local --optimized` deploys the optimized build there",
    ));
    Ok(())
}

/// The same run on the local cloud, ending when this one is stopped.
fn here(app: &App, stop: Stop) -> App {
    let globals = Globals { local: true, ..app.globals.clone() };
    App { ui: Ui::new(&globals), globals, stop, slowed: app.slowed.clone() }
}

/// What a build reads, and what says how the stack shall be.
fn files(config: &Config, globals: &Globals, crates: &[PathBuf]) -> Files {
    let workspace = ["Cargo.toml", "Cargo.lock"].map(|name| config.root.join(name));
    let besides = [workspace.as_slice(), std::slice::from_ref(&globals.config)].concat();
    Files::look(crates, &besides)
}

/// The handler's folder, and those of the packages beside it that it is built from. Where cargo cannot say, the build
/// says why.
async fn crates(config: &Config) -> Vec<PathBuf> {
    let own = config.root.join(&config.function().settings.crate_directory);
    let found = package::beside::folders(&own).await.unwrap_or_default();
    let root = config.root.canonicalize().unwrap_or_default();
    // Cargo gives whole paths; people read them from the project's folder.
    let shown = |folder: PathBuf| match folder.strip_prefix(&root) {
        Ok(below) => config.root.join(below),
        Err(_) => folder,
    };
    let mut crates: Vec<PathBuf> = found.into_iter().map(shown).filter(|one| *one != own).collect();
    crates.push(own);
    crates
}

/// How a build that fails begins to tell of it: the rest was told by the compiler.
const BUILDING: &str = "failed to build the handler";

/// One run of `dev`.
struct Session<'a> {
    args: &'a Args,
    app: &'a App,
    /// As it was at the beginning: which files are looked at, and which log is followed.
    config: &'a Config,
    screen: Screen<'a>,
    complaints: RefCell<Complaints>,
    /// The one that answers, once one does.
    version: RefCell<Option<String>>,
    ours: Ours,
    /// Told when there is something to log.
    is_up: Notify,
    /// The folders of the packages that the program is built from.
    crates: RefCell<Vec<PathBuf>>,
}

impl Session<'_> {
    /// Makes the stack what lies there now, and tells what became of it. What fails may be mended by the next save.
    async fn work(&self, save: &Save, stop: Stop) {
        let app = here(self.app, stop);
        if save.files.iter().any(|path| path.ends_with("Cargo.toml")) {
            let crates = crates(self.config).await;
            self.crates.replace(crates);
        }
        let saved = told::names(&save.files, &self.config.root);
        let told = match self.attempt(&app, &saved).await {
            Ok((config, done)) => self.tell(&config, &done, save, &saved),
            Err(error) if error.kind == Kind::Interrupted => Ok(()),
            Err(error) => {
                self.complain(&error);
                Ok(())
            }
        };
        if let Err(error) = told {
            self.app.ui.failure(&error);
        }
    }

    async fn attempt(&self, app: &App, saved: &str) -> Result<(Config, Done)> {
        let attempt = Attempt::new(app).await?;
        if attempt.config.names != self.config.names {
            return Err(Error::usage(format!(
                "this is another stack now: {}",
                attempt.config.name
            ))
            .hint("end `dev` with Ctrl-C, and start it again"));
        }
        let labels = match *self.version.borrow() {
            None => attempt.labels(),
            Some(_) => vec![Label { kind: "code".into(), name: saved.to_owned() }],
        };
        let work = async |events: &_| Box::pin(attempt.carry_out(app, &self.ours, events)).await;
        let (ended, said) = self.screen.watch(labels, work).await;
        if !ended.as_ref().is_err_and(|error| error.kind == Kind::Interrupted) {
            for diagnostic in self.complaints.borrow_mut().news(&said) {
                self.app.ui.say(&format!("\n{}", self.painted(&diagnostic)));
            }
        }
        Ok((attempt.config, ended?))
    }

    fn tell(&self, config: &Config, done: &Done, save: &Save, saved: &str) -> Result<()> {
        let (ui, took) = (&self.app.ui, save.since.elapsed());
        if let Some(path) = &self.args.write_env {
            let url = &done.api.as_ref().ok_or_else(up::no_requests)?.url;
            env_file::write(path, &env_file::values(url, done.sign_in.as_ref()))?;
        }
        for right in &done.gained {
            self.screen.line(self.tagged("role", &format!("may now {right}"), Paint::yellow));
        }
        let is_first = self.version.replace(Some(done.version.clone())).is_none();
        self.is_up.notify_one();
        if self.app.globals.output == Output::Json {
            let mut document = done.document.clone();
            document["saved"] = save.files.iter().map(|path| path.display().to_string()).collect();
            document["seconds"] = json!(took.as_secs_f64());
            return ui.line(&document.to_string()).map(|_| ());
        }
        if is_first {
            let form = done.form;
            let artifacts: Vec<_> = done.artifacts.iter().collect();
            let (api, took) = (done.api.as_ref(), seconds(took));
            ui.line(&up::told::text(config, form, api, &done.document, &artifacts, &took))?;
            let crate_directory = &config.function().settings.crate_directory;
            let watching = format!("\nwatching {crate_directory} and stack.toml; Ctrl-C ends it");
            ui.say(&ui.paint.dim(&watching));
            return Ok(());
        }
        self.screen.line(self.tagged("live", &told::live(done, saved, took), Paint::green));
        if done.is_new {
            let parts = told::parts(&done.phases);
            self.screen.line(ui.paint.dim(&format!("{:22}{parts}", "")));
        }
        Ok(())
    }

    fn complain(&self, error: &Error) {
        let ui = &self.app.ui;
        let still = match &*self.version.borrow() {
            Some(version) => format!("version {version} still answers"),
            None => "no version has been deployed yet".to_owned(),
        };
        ui.say("");
        if error.message == BUILDING && self.app.globals.output == Output::Text {
            let why = error.cause.as_deref().unwrap_or_default();
            ui.say(&self.tagged("failed", &format!("{why}; {still}"), Paint::red));
            return;
        }
        ui.failure(error);
        ui.say(&self.tagged("failed", &still, Paint::red));
    }

    /// Tells what the function logs, from when there is a function. Ctrl-C ends it.
    async fn log(&self, search: LogSearch) -> Result<()> {
        self.is_up.notified().await;
        let mut tail = LogTail::start(search, now()).await?;
        let mut reader = Reader::default();
        loop {
            // The local cloud may be stopped and started meanwhile; the next save tells of it.
            let Ok(entries) = tail.next().await else { continue };
            for entry in &entries {
                let Some(line) = reader.read(entry).filter(|line| self.is_news(line)) else {
                    continue;
                };
                if self.app.globals.output == Output::Text {
                    self.screen.line(one_line(&line, self.app.ui.paint));
                } else if !self.app.ui.line(&document(entry, Some(line)).to_string())? {
                    return Ok(());
                }
            }
        }
    }

    /// One line a request is enough, and none for those of the proof; `--verbose` shows what Lambda adds.
    fn is_news(&self, line: &Line) -> bool {
        let quiet = line.weight == Weight::Quiet && !self.app.globals.verbose;
        !quiet && !self.ours.has(line)
    }

    /// `12:03:04.567 live     …`, beneath the lines of the log.
    fn tagged(&self, tag: &str, text: &str, colour: fn(Paint, &str) -> String) -> String {
        let paint = self.app.ui.paint;
        format!("{} {} {text}", paint.dim(&clock(now())), colour(paint, &format!("{tag:8}")))
    }

    fn painted(&self, diagnostic: &str) -> String {
        let paint = self.app.ui.paint;
        match diagnostic.split_once(':') {
            Some((head, rest)) if head.starts_with("error") => {
                format!("{}:{rest}", paint.red(head))
            }
            Some((head, rest)) if head.starts_with("warning") => {
                format!("{}:{rest}", paint.yellow(head))
            }
            _ => diagnostic.to_owned(),
        }
    }
}
