//! `stackctl user`

use clap::Subcommand;
use serde_json::json;
use wire::cognito::User;

use super::App;
use super::token::{check_local, pool};
use crate::cli::examples;
use crate::resources::local_users;
use engine::error::{Error, Result};

/// The users of the local cloud
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl user list --local",
    "stackctl user add carol --local",
))]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a user, with the password of all users of the local cloud
    #[command(after_help = examples!("stackctl user add carol --local"))]
    Add {
        /// An e-mail address; `carol` is `carol@example.com`
        name: String,
    },
    /// Show every user
    #[command(after_help = examples!("stackctl user list --local"))]
    List,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = app.config()?;
    check_local(app, &config, "`user`")?;
    let cloud = app.cloud(&config).await?;
    let client = local_users::client(&cloud);
    let work = async {
        let pool = pool(&cloud, &config).await?;
        if let Verb::Add { name } = &args.verb {
            if name.contains(char::is_whitespace) || name.is_empty() {
                return Err(Error::usage(format!("`{name}` is not an e-mail address")));
            }
            local_users::ensure(&client, &pool.id, name).await?;
        }
        local_users::all(&client, &pool.id).await
    };
    let all = app.unless_stopped(work).await?;
    let lines: Vec<String> = all.iter().map(|user| address(user).to_owned()).collect();
    let text = || match &args.verb {
        Verb::Add { name } => {
            let (name, password) = (local_users::address(name), local_users::PASSWORD);
            format!("{name} can sign in with the password `{password}`")
        }
        Verb::List if lines.is_empty() => "there are no users".to_owned(),
        Verb::List => lines.join("\n"),
    };
    let document = |user: &User| json!({"user": address(user), "sub": attribute(user, "sub")});
    app.ui.result(text, || json!({"users": all.iter().map(document).collect::<Vec<_>>()}))
}

/// By what a user signs in: the name in the pool is one that nobody remembers.
fn address(user: &User) -> &str {
    attribute(user, "email").unwrap_or(&user.username)
}

fn attribute<'a>(user: &'a User, name: &str) -> Option<&'a str> {
    let found = user.attributes.iter().find(|one| one.name == name);
    found.map(|one| one.value.as_str())
}
