//! `stackctl token`

use serde_json::json;

use super::App;
use super::sources::built;
use crate::cli::examples;
use crate::cloud::Cloud;
use crate::config::Config;
use crate::resources::{LiveUserPool, local_users};
use crate::stack::Stack;
use engine::error::{Error, Result};
use engine::{Events, read};

/// Print an access token of a user of the local cloud
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    explained: "The local cloud has the users `alice` and `bob` from the start, and makes others when they are named.";
    "stackctl token --local --as alice",
    "curl -H \"authorization: Bearer $(stackctl token --local --as alice -q)\" \"$URL\"",
))]
pub struct Args {
    /// The user
    #[arg(long, value_name = "USER", default_value = "alice")]
    r#as: String,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = app.config()?;
    check_local(app, &config, "`token`")?;
    let cloud = app.cloud(&config).await?;
    let token = app.unless_stopped(of(&cloud, &config, &args.r#as)).await?;
    app.ui.file(&token, || json!({"token": token, "user": local_users::address(&args.r#as)}))
}

/// A token of a user of the local cloud, who is made when there is no user of that name.
pub async fn of(cloud: &Cloud, config: &Config, user: &str) -> Result<String> {
    let pool = pool(cloud, config).await?;
    let client = local_users::client(cloud);
    local_users::ensure(&client, &pool.id, user).await?;
    let id = pool.client_id().unwrap_or_default();
    Ok(local_users::token(&client, id, user).await?.reveal().to_owned())
}

/// The pool of the stack.
pub async fn pool(cloud: &Cloud, config: &Config) -> Result<LiveUserPool> {
    let stack = Stack::located(cloud, config, built);
    let handle = stack.http.and_then(|http| http.users);
    let found = match handle {
        Some(users) => {
            let reading = read(&stack.graph, &[users.id], &Events::default()).await?;
            reading.find(users).cloned()
        }
        None => None,
    };
    found.ok_or_else(|| {
        Error::failed("find the user pool")
            .cause(format!("{} is not up", config.names.api))
            .hint("run `stackctl up` first")
    })
}

/// Refuses what only a pool of the local cloud has.
pub fn check_local(app: &App, config: &Config, verb: &str) -> Result<()> {
    if config.auth.is_none() {
        return Err(Error::usage(format!("{verb}: the API has no users"))
            .hint("add `[auth]` to `stack.toml`: without it, everybody may call every route"));
    }
    if !app.globals.local {
        return Err(Error::usage(format!("{verb} works on the local cloud"))
            .cause("on AWS, the issuer of `[auth]` has the users and gives their tokens")
            .hint("add `--local`"));
    }
    Ok(())
}
