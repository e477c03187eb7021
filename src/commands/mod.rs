//! One file a verb. What they share is here: how a run is set up, stopped and told.

pub mod api;
pub mod audit;
pub mod auth;
pub mod build;
mod callers;
pub mod ci;
pub mod completions;
pub mod cors;
pub mod deploy;
pub mod dev;
pub mod doctor;
mod domain;
mod dropping;
mod exporting;
mod granted;
pub mod init;
pub mod invoke;
pub mod local;
pub mod logs;
pub mod man;
#[cfg(test)]
mod new_kind;
mod outputs;
pub mod permissions;
pub mod plan;
mod reading;
mod retiring;
pub mod rollback;
pub mod secret;
mod ship;
pub mod simulate;
mod site;
pub mod smoke;
mod sources;
pub mod status;
pub mod teardown;
pub mod token;
mod unnamed_site;
pub mod up;
pub mod user;
pub mod verify_policy;
mod widening;

use tokio::sync::watch;

use crate::cli::{Cli, Globals, Verb};
use crate::cloud::{Cloud, Local, Slowed, Target};
use crate::config::{self, Config};
use crate::resources::LiveApi;
use crate::stack::Stack;
use crate::ui::{Question, Ui};
use engine::error::{Error, Kind, Result};
use engine::{Events, Graph, Id, Label, Progress, Stop, alone, read};
use sources::built;

/// One run of the program.
pub struct App {
    pub globals: Globals,
    pub ui: Ui,
    /// Turns `true` at the first Ctrl-C.
    pub stop: Stop,
    slowed: Slowed,
}

/// Does what the command line says.
pub async fn run(cli: Cli, ui: Ui, stop: watch::Receiver<bool>) -> (Ui, Result<()>) {
    let app = App { globals: cli.globals, ui, stop, slowed: Slowed::default() };
    let result = match &cli.verb {
        Verb::Init(args) => init::run(args, &app).await,
        Verb::Audit(args) => audit::run(args, &app).await,
        Verb::Up(args) => Box::pin(up::run(args, &app)).await,
        Verb::Dev(args) => Box::pin(dev::run(args, &app)).await,
        Verb::Deploy(args) => Box::pin(deploy::run(args, &app)).await,
        Verb::Doctor(args) => Box::pin(doctor::run(args, &app)).await,
        Verb::Plan(args) => Box::pin(plan::run(args, &app)).await,
        Verb::Build(args) => Box::pin(build::run(args, &app)).await,
        Verb::Status(args) => status::run(args, &app).await,
        Verb::Rollback(args) => rollback::run(args, &app).await,
        Verb::Invoke(args) => invoke::run(args, &app).await,
        Verb::Logs(args) => logs::run(args, &app).await,
        Verb::Smoke(args) => smoke::run(args, &app).await,
        Verb::Cors(args) => cors::run(args, &app).await,
        Verb::Teardown(args) => Box::pin(teardown::run(args, &app)).await,
        Verb::Local(args) => local::run(args, &app).await,
        Verb::Completions(args) => completions::run(args, &app),
        Verb::Man(args) => man::run(args, &app),
        Verb::VerifyPolicy(args) => verify_policy::run(args, &app).await,
        Verb::Simulate(args) => simulate::run(args, &app).await,
        Verb::Api(args) => api::run(args, &app).await,
        Verb::Auth(args) => Box::pin(auth::run(args, &app)).await,
        Verb::Token(args) => token::run(args, &app).await,
        Verb::User(args) => user::run(args, &app).await,
        Verb::Secret(args) => secret::run(args, &app).await,
        Verb::Permissions(args) => permissions::run(args, &app).await,
        Verb::Ci(args) => ci::run(args, &app).await,
    };
    if app.slowed.times() > 0 {
        app.ui.say(&format!("AWS throttled {} calls; they were retried", app.slowed.times()));
    }
    (app.ui, result.map_err(|error| permissions::pointed_at(error, &cli.verb)))
}

impl App {
    pub fn config(&self) -> Result<Config> {
        self.globals.region.as_deref().map_or(Ok(()), config::check_region)?;
        let mut config = Config::load(&self.globals.config, self.globals.stage.as_deref())?;
        if self.globals.local {
            config.unbound();
            config.authenticate_locally();
            config.name_locally();
        }
        Ok(config)
    }

    /// Connects to AWS, or to the local cloud, which is started when it does not run.
    pub async fn cloud(&self, config: &Config) -> Result<Cloud> {
        let mut target = self.target(config);
        if self.globals.local {
            target.local = Some(address(&self.local_cloud(None).await?));
        }
        self.unless_stopped(Cloud::connect(target)).await
    }

    /// Where the calls go, as far as flags and the file say it.
    fn target(&self, config: &Config) -> Target {
        let region = self.globals.region.clone().or_else(|| config.region.clone());
        let local = self.globals.local;
        Target {
            region: region.or_else(|| local.then(|| local_cloud::REGION.to_owned())),
            profile: self.globals.profile.clone(),
            local: None,
            account: config.account.clone().filter(|_| !local),
            limit: self.globals.timeout,
            slowed: self.slowed.clone(),
        }
    }

    /// Makes sure that the local cloud runs; tells of it only when that takes something.
    pub async fn local_cloud(&self, port: Option<u16>) -> Result<local_cloud::Running> {
        let settings = config::local_cloud(port)?;
        if let Some(running) = self.unless_stopped(local_cloud::running(&settings)).await? {
            return Ok(running);
        }
        let label = Label {
            kind: crate::ui::LOCAL_CLOUD.into(),
            name: settings.directory.display().to_string(),
        };
        let first = Id::after(&Graph::default());
        self.unless_stopped(self.ui.watch(vec![label], async |events| {
            let progress = Progress::new(first, events);
            alone(&progress, local_cloud::ensure(&settings, &progress)).await
        }))
        .await
    }

    /// Ends `work` at the first Ctrl-C: for work that changes nothing.
    pub async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => Err(stopped()),
            done = work => done,
        }
    }

    /// Asks, and ends at the first Ctrl-C.
    pub async fn ask(&self, question: &Question<'_>) -> Result<String> {
        self.answered(self.ui.ask(question)).await
    }

    /// Asks for a line that nobody shall see, and ends at the first Ctrl-C.
    pub async fn ask_unseen(&self, prompt: &str) -> Result<String> {
        self.answered(self.ui.ask_unseen(prompt)).await
    }

    async fn answered(&self, asked: impl Future<Output = Result<String>>) -> Result<String> {
        let answer = self.unless_stopped(asked).await;
        if !*self.stop.borrow() {
            // A line that was typed right after Ctrl-C can be read before the signal is: this lets the runtime look.
            tokio::task::yield_now().await;
        }
        if *self.stop.borrow() {
            self.ui.end_the_line();
            return Err(stopped());
        }
        answer
    }
}

fn stopped() -> Error {
    Error::new(Kind::Interrupted, "stopped: nothing was changed")
}

/// Where a local cloud answers, and what it wants to be asked with.
fn address(running: &local_cloud::Running) -> Local {
    let local_cloud::Running { endpoint, key, .. } = running.clone();
    Local { endpoint, key_id: key.id, secret: key.secret }
}

/// The API as it is; a failure when there is none.
async fn live_api(cloud: &Cloud, config: &Config) -> Result<LiveApi> {
    let stack = Stack::located(cloud, config, built);
    let found = match stack.http {
        Some(http) => {
            let reading = read(&stack.graph, &[http.api.id], &Events::default()).await?;
            reading.find(http.api).cloned()
        }
        None => None,
    };
    found.ok_or_else(|| {
        Error::failed("find the API")
            .cause(format!("{} is not up", config.names.api))
            .hint("run `stackctl up` first")
    })
}

/// The function of a verb that works on one.
#[derive(Debug, Default, clap::Args)]
pub struct Which {
    /// The function, by its key in `stack.toml`; without it `api`, or the first
    #[arg(long, value_name = "KEY")]
    function: Option<String>,
}

impl Which {
    /// The stack, for work on that function.
    fn config(&self, app: &App) -> Result<Config> {
        app.config()?.about_named(self.function.as_deref())
    }
}
