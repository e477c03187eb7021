//! `stackctl auth`

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use serde_json::json;

use super::{App, token};
use crate::auth::{Check, Keys, Terms, Token, explain, judge_discovery, judge_keys};
use crate::cli::examples;
use crate::cloud::{Cloud, Request, send};
use crate::config::{Auth, Config, Issuer};
use crate::ui::Paint;
use engine::error::{Error, Kind, Result};

/// What API Gateway allows an issuer for an answer; this machine may be further away from it.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const ALLOWED: Duration = Duration::from_millis(1500);

/// Whether API Gateway can verify the tokens of `[auth]`, and why it refuses one
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl auth check",
    "pbpaste | stackctl auth explain",
))]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read the issuer's discovery document and keys as API Gateway does; `up` does so before it changes anything
    #[command(after_help = examples!("stackctl auth check"))]
    Check,
    /// Say which check a token fails, read from standard input; the token is not printed
    #[command(after_help = examples!(
        "pbpaste | stackctl auth explain",
        "stackctl token --local --as alice | stackctl auth explain --local",
    ))]
    Explain,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = app.config()?;
    let auth = config.auth.as_ref().ok_or_else(|| {
        Error::usage("`stack.toml` has no `[auth]`, so the API is open to everybody")
            .hint("add `[auth]` with `issuer` and `audience`")
    })?;
    match args.verb {
        Verb::Check => {
            let (issuer, keys) = app.unless_stopped(Box::pin(trusted(app, &config, auth))).await?;
            let count = keys.len();
            let text =
                || format!("API Gateway can verify the tokens of {}: {count} RSA keys", issuer.0);
            app.ui.result(text, || json!({"issuer": issuer.0, "audience": issuer.1, "keys": count}))
        }
        Verb::Explain => Box::pin(explained(app, &config, auth)).await,
    }
}

/// Reads a token, and what the API says to it.
async fn explained(app: &App, config: &Config, auth: &Auth) -> Result<()> {
    let text = app.standard_input("read the token").await?;
    let token = Token::read(&text)
        .map_err(|why| Error::usage("standard input is not a token").cause(why))?;
    let ((issuer, audience), keys) =
        app.unless_stopped(Box::pin(trusted(app, config, auth))).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let terms = Terms {
        issuer: &issuer,
        audience: &audience,
        scopes: &auth.scopes,
        claim: &auth.claim,
        keys: &keys,
        now: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
    };
    let checks = explain(&token, &terms);
    let document = |check: &Check| json!({"check": check.name, "found": check.found, "ok": check.refused.is_none(), "why": check.refused});
    let paint = app.ui.result_paint;
    app.ui.result(
        || checks.iter().map(|check| line(check, paint)).collect::<Vec<_>>().join("\n"),
        || json!({"checks": checks.iter().map(document).collect::<Vec<_>>()}),
    )?;
    match checks.iter().find(|check| check.refused.is_some()) {
        Some(check) => {
            let why = check.refused.clone().unwrap_or_default();
            Err(Error::new(Kind::Findings, "the API refuses this token")
                .cause(format!("{}: {why}", check.name)))
        }
        None => Ok(()),
    }
}

fn line(check: &Check, paint: Paint) -> String {
    let mark = if check.refused.is_some() { paint.red("✘") } else { paint.green("✔") };
    let why = check.refused.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("{mark} {:10} {}{why}", check.name, check.found)
}

/// Issuer and audience as the gateway has them, and the keys it verifies with.
pub async fn trusted(
    app: &App,
    config: &Config,
    auth: &Auth,
) -> Result<((String, Vec<String>), Keys)> {
    match &auth.issuer {
        Issuer::Given { url, audience } => {
            Ok(((url.clone(), audience.clone()), check(app, url).await?))
        }
        Issuer::Pool(_) => {
            let cloud = app.cloud(config).await?;
            let pool = token::pool(&cloud, config).await?;
            let audience = pool.client_id().map(str::to_owned).into_iter().collect();
            let keys = read(&keys_of(&cloud, &pool.id, &pool.issuer)).await?;
            Ok(((pool.issuer.clone(), audience), judge_keys(&pool.issuer, &keys)?))
        }
    }
}

/// On the local cloud the address of the issuer is AWS's, and its keys are here.
fn keys_of(cloud: &Cloud, pool: &str, issuer: &str) -> String {
    let base = match cloud.loopback() {
        Some(endpoint) => format!("{}/{pool}", endpoint.trim_end_matches('/')),
        None => issuer.to_owned(),
    };
    format!("{base}/.well-known/jwks.json")
}

/// Refuses an issuer whose tokens API Gateway would answer with a bare 401.
pub async fn check(app: &App, issuer: &str) -> Result<Keys> {
    let since = tokio::time::Instant::now();
    let discovery = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let keys = judge_discovery(issuer, &read(&discovery).await?)?;
    let took = since.elapsed();
    if took > ALLOWED {
        app.ui.say(&format!(
            "note: the issuer answered after {} ms; API Gateway waits {} ms",
            took.as_millis(),
            ALLOWED.as_millis()
        ));
    }
    judge_keys(issuer, &read(&keys).await?)
}

async fn read(url: &str) -> Result<String> {
    let answer = send(Request { method: "GET", url, ..Request::default() }).await;
    let hint = "API Gateway reads the issuer's keys over the public internet: check `auth.issuer`";
    let answer = answer.map_err(|error| error.hint(hint))?;
    match answer.status {
        200 => Ok(answer.body),
        status => Err(Error::failed(format!("read {url}"))
            .cause(format!("it answers {status}"))
            .hint(hint)),
    }
}
