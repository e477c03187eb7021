//! `stackctl smoke`

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{App, auth, live_api, reading, token};
use crate::cli::examples;
use crate::cloud::{Cloud, Session};
use crate::config::{self, ALIAS, Config};
use crate::payload;
use crate::resources::{invocation, invoke, local_users};
use crate::smoke::attacks::{self, Forged, Tried, Users};
use crate::smoke::{Diagnosis, Layer, Loop, Places, Step, Suspicion, from_the_function, suspect};
use crate::stack::Stack;
use crate::ui::Paint;
use engine::error::{Doing, Error, Kind, Result};
use engine::{Id, Label, Progress, alone};
use verify::manifest::Route;

/// Go through a user's whole loop over HTTP, and name the layer that fails
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl smoke                           create, list, read, update, delete, preflight",
    "stackctl smoke --local",
    "stackctl smoke --stage dev --output json",
    "stackctl smoke --token tokens.txt        with `[auth]`: tokens of two users, one a line",
))]
pub struct Args {
    /// Origin to send; defaults to the first entry of `allow_origins`
    #[arg(long)]
    origin: Option<String>,
    /// Access tokens of two users, one a line, where `[auth]` asks for them; `-` for standard input. On the local cloud
    /// stackctl has users of its own
    #[arg(long, value_name = "FILE")]
    token: Option<String>,
}

/// The operations of AWS that this verb calls. The function itself is asked where the gateway keeps its reasons.
pub fn calls(stack: &Stack) -> Vec<&'static str> {
    [
        stack.graph.reading(&stack.http.map(|http| http.api.id).into_iter().collect::<Vec<_>>()),
        invocation::CALLS.to_vec(),
    ]
    .concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = app.config()?;
    let cloud = app.cloud(&config).await?;
    let url = app.unless_stopped(live_api(&cloud, &config)).await?.url;
    let origin = args.origin.as_deref().or_else(|| first_origin(&config));
    let tokens = app.unless_stopped(tokens(args, app, &cloud, &config)).await?;
    let routes = app.unless_stopped(routes(&config)).await?;
    let places = Places::of(&routes);
    let one = tokens.as_ref().map(|[one, _]| one.clone());
    let mut all = Loop::new(&url, origin).at(places.clone()).with_token(one);
    let label = Label { kind: "smoke".into(), name: format!("{url}/") };
    let (diagnosis, clean, tried) = app
        .ui
        .watch(vec![label], async |events| {
            let progress = Progress::new(Id::default(), events);
            let work = async {
                // Ctrl-C ends the loop, and what it made is deleted all the same.
                let stopped = app.unless_stopped(async {
                    all.run(|stage| progress.note(stage)).await;
                    Ok(())
                });
                let stopped = stopped.await;
                let diagnosis = diagnose(&cloud, &config, &routes, &all.steps).await;
                progress.note("cleaning up");
                let finished = !all.has_created() || (diagnosis.is_none() && stopped.is_ok());
                let clean = finished || all.clean_up().await;
                let tried = match &tokens {
                    Some(tokens) if diagnosis.is_none() && stopped.is_ok() => {
                        let attacks =
                            attacked(app, (&cloud, &config), (&url, &places), tokens, &progress);
                        Box::pin(app.unless_stopped(attacks)).await?
                    }
                    _ => Vec::new(),
                };
                stopped.map(|()| (diagnosis, clean, tried))
            };
            alone(&progress, work).await
        })
        .await?;
    if !clean {
        app.ui.say(&format!("an item of user `{}` may be left in the table", all.user));
    }
    let paint = app.ui.result_paint;
    let text = || text(&all.steps, diagnosis.as_ref(), paint) + &told(&tried, paint);
    app.ui.result(text, || {
        let mut document = document(&all.steps, &url, origin, diagnosis.as_ref());
        document["ok"] = json!(document["ok"] == true && !tried.iter().any(Tried::is_open));
        document["attacks"] = tried.iter().map(Tried::document).collect();
        document
    })?;
    if let Some(open) = tried.iter().find(|one| one.is_open()) {
        let why = open.wrong.clone().unwrap_or_default();
        return Err(Error::new(Kind::Findings, format!("not refused: {}", open.name)).cause(why).hint(
            "take the user from `request.user()` alone, and run `stackctl status`: it shows a route without a token",
        ));
    }
    match (diagnosis, all.steps.last()) {
        (Some(diagnosis), Some(step)) => Err(failure(&diagnosis, step)),
        _ => Ok(()),
    }
}

/// Those of the source; none where it cannot be read: the API runs without it, too.
async fn routes(config: &Config) -> Result<Vec<Route>> {
    Ok(reading::blueprint_of(config).await.map(|read| read.manifest.routes).unwrap_or_default())
}

/// The tokens of two users; none where the API is open.
async fn tokens(
    args: &Args,
    app: &App,
    cloud: &Cloud,
    config: &Config,
) -> Result<Option<[String; 2]>> {
    if config.auth.is_none() {
        return Ok(None);
    }
    if let Some(path) = &args.token {
        let text = match path.as_str() {
            "-" => app.standard_input("read the tokens").await?,
            path => machine::read_text(path.as_ref()).doing("read the tokens")?,
        };
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let found: Vec<String> = lines.map(str::to_owned).collect();
        return <[String; 2]>::try_from(found).map(Some).map_err(|found| {
            Error::usage(format!(
                "`--token` has {} tokens, and needs those of 2 users",
                found.len()
            ))
            .hint("write the access tokens of two different users, one a line")
        });
    }
    if !app.globals.local {
        return Err(Error::usage("the API asks for tokens, and `smoke` has none")
            .hint("sign in as two users of the issuer, and pass their access tokens: `--token FILE`, one a line"));
    }
    let user = |name| token::of(cloud, config, name);
    let (one, other) = (user("stackctl-smoke-1").await?, user("stackctl-smoke-2").await?);
    Ok(Some([one, other]))
}

/// What one user tries to reach of the other, and what nobody may.
async fn attacked(
    app: &App,
    (cloud, config): (&Cloud, &Config),
    (url, places): (&str, &Places),
    [alice, bob]: &[String; 2],
    progress: &Progress,
) -> Result<Vec<Tried>> {
    let Some(auth) = &config.auth else { return Ok(Vec::new()) };
    let (_, keys) = auth::trusted(app, config, auth).await?;
    let mut forged = attacks::forged(bob, alice, &keys);
    if app.globals.local {
        let pool = token::pool(cloud, config).await?;
        forged.extend(expired(bob, &pool.id)?);
        let [audience, issuer] =
            local_users::strangers(cloud, config, &pool.id, "stackctl-smoke-2").await?;
        forged.push(Forged { name: "a good token for another client", token: audience });
        forged.push(Forged { name: "a good token of another issuer", token: issuer });
    }
    let users = Users { url, alice, bob, places };
    users.run(&Session::new(), &forged, |name| progress.note(name)).await
}

/// The keys of the local cloud's pools are files, so that a token can be let expire.
fn expired(token: &str, pool: &str) -> Result<Option<Forged>> {
    let folder = config::local_cloud(None)?.directory;
    let key = folder.join("state/cognito-pool-keys").join(format!("{pool}-access.pem"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let Ok(key) = machine::read_text(&key) else { return Ok(None) };
    Ok(attacks::expired(token, &key, now))
}

/// A line for everything that was tried.
fn told(tried: &[Tried], paint: Paint) -> String {
    let line = |one: &Tried| {
        let mark = if one.is_open() { paint.red("✘") } else { paint.green("✔") };
        let why = one.wrong.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        format!("\n{mark} {:9} {} {}{why}", one.by.word(), one.status, one.name)
    };
    let lines: String = tried.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("\n\ntwo users, and who answered:{lines}") }
}

/// The first that a page can have: a pattern is none.
fn first_origin(config: &Config) -> Option<&str> {
    let origin = config.cors.allow_origins.first()?;
    Some(if origin.contains('*') { "https://app.example.com" } else { origin })
}

/// Which layer is at fault; when the gateway keeps that to itself, the function is asked without it.
async fn diagnose(
    cloud: &Cloud,
    config: &Config,
    routes: &[Route],
    steps: &[Step],
) -> Option<Diagnosis> {
    let step = steps.last()?;
    let cause = match suspect(step.wrong.as_ref()?) {
        Suspicion::Certain(diagnosis) => return Some(diagnosis),
        Suspicion::AskTheFunction { cause } => cause,
    };
    let request = payload::Request {
        method: &step.method,
        path: &step.path,
        query: &step.query,
        body: step.body,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let event = payload::event(&request, routes, now).to_string();
    Some(match invoke(cloud, &config.function().name, ALIAS, &event).await {
        Ok(invocation) => from_the_function(&invocation, cause),
        Err(error) => Diagnosis {
            layer: Layer::Function,
            cause: format!("{cause}; without the gateway: {error}"),
            hint: "`stackctl logs --errors` may show more",
        },
    })
}

fn failure(diagnosis: &Diagnosis, step: &Step) -> Error {
    let (step, layer) = (step.stage.name(), diagnosis.layer.word());
    Error::new(Kind::Findings, format!("`{step}` fails; the layer at fault: {layer}"))
        .cause(&diagnosis.cause)
        .hint(diagnosis.hint)
}

fn text(steps: &[Step], diagnosis: Option<&Diagnosis>, paint: Paint) -> String {
    let line = |step: &Step| {
        let status = step.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let mark = if step.wrong.is_some() { paint.red("✘") } else { paint.green("✔") };
        let took = milliseconds(step.took);
        let (name, method) = (step.stage.name(), &step.method);
        format!("{mark} {name:14} {method:7} {status:3} {took:>8}")
    };
    let mut lines: Vec<String> = steps.iter().map(line).collect();
    if let (Some(first), None) = (lines.first_mut(), diagnosis) {
        *first += &paint.dim("  connection and cold start included");
        let rest: Duration = steps.iter().skip(1).map(|step| step.took).sum();
        lines.push(format!(
            "the whole loop works: {} requests in {} after the first",
            steps.len() - 1,
            milliseconds(rest)
        ));
    }
    lines.join("\n")
}

fn milliseconds(took: Duration) -> String {
    format!("{:.0} ms", took.as_secs_f64() * 1000.0)
}

fn document(
    steps: &[Step],
    url: &str,
    origin: Option<&str>,
    diagnosis: Option<&Diagnosis>,
) -> Value {
    let step = |step: &Step| {
        json!({
            "step": step.stage.name(),
            "method": step.method,
            "status": step.status,
            "ok": step.wrong.is_none(),
            "milliseconds": step.took.as_secs_f64() * 1000.0,
        })
    };
    json!({
        "api_url": url,
        "origin": origin,
        "ok": diagnosis.is_none(),
        "steps": steps.iter().map(step).collect::<Vec<_>>(),
        "layer": diagnosis.map(|diagnosis| diagnosis.layer.word()),
        "cause": diagnosis.map(|diagnosis| &diagnosis.cause),
        "hint": diagnosis.map(|diagnosis| diagnosis.hint),
    })
}
