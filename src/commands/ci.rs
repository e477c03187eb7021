//! `stackctl ci`

use clap::Subcommand;
use serde_json::{Value, json};

use super::App;
use super::permissions::{self, Verb};
use crate::cli::examples;
use crate::config::Config;
use crate::ui::quoted;
use engine::error::{Error, Result};

/// Who GitHub Actions says it is (<https://docs.github.com/en/actions/concepts/security/openid-connect>).
const PROVIDER: &str = "token.actions.githubusercontent.com";

/// The stage by which the policy of all previews is made: `pr-17` differs from it in its number alone.
const PREVIEW: &str = "pr-0";

/// Let a pipeline deploy the stack
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("stackctl ci init --repository acme/shop > setup.sh"))]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Init(Init),
}

/// Print the commands that let a repository's workflows deploy this stack, without long-lived keys
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(explained: "Prints a shell script and runs nothing. The script creates GitHub's identity provider and a role with the policy of `stackctl permissions up`. A workflow with this role can put any code into the function, and by that reach all of the stack's data; it can change nothing that has other names.";
    "stackctl ci init --repository acme/shop > setup.sh",
    "stackctl ci init --repository acme/shop --previews    also a role for stages `pr-17` and the like",
))]
struct Init {
    /// The repository on GitHub: `OWNER/NAME`
    #[arg(long, value_name = "OWNER/NAME")]
    repository: String,
    /// The branch whose workflows may deploy
    #[arg(long, value_name = "NAME", default_value = "main")]
    branch: String,
    /// Also print a role with which pull requests create and delete stages named `pr-NUMBER`
    #[arg(long)]
    previews: bool,
}

/// One role of the pipeline.
struct Role {
    name: String,
    /// The workflow that may assume it.
    subject: String,
    policy: Value,
    /// The variable of the repository that holds the ARN.
    variable: &'static str,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let What::Init(init) = &args.what;
    check("--repository", &init.repository, 1)?;
    check("--branch", &init.branch, 0)?;
    let config = app.config()?;
    let Some(account) = &config.account else {
        return Err(Error::usage("the role's trust names the account, and `stack.toml` does not")
            .hint("set `account` in stack.toml"));
    };
    let subject = |of: &str| format!("repo:{}:{of}", init.repository);
    let mut roles = vec![Role {
        name: format!("{}-deployer", config.names.api),
        subject: subject(&format!("ref:refs/heads/{}", init.branch)),
        policy: permissions::policy(app, &config, &[Verb::Up]).await,
        variable: "AWS_ROLE_ARN",
    }];
    if init.previews {
        let stage = Config::load(&app.globals.config, Some(PREVIEW))?;
        let policy = permissions::policy(app, &stage, &[Verb::Up, Verb::Teardown]).await;
        roles.push(Role {
            name: format!("{}-previews", config.names.api),
            subject: subject("pull_request"),
            policy: of_all_previews(&policy)?,
            variable: "AWS_PREVIEW_ROLE_ARN",
        });
    }
    let partition = crate::cloud::partition(config.region.as_deref().unwrap_or_default());
    let roles: Vec<Value> =
        roles.iter().map(|role| document(role, account, partition, &init.repository)).collect();
    app.ui.file(
        &script(&roles),
        || json!({"provider": format!("https://{PROVIDER}"), "roles": roles}),
    )
}

/// What ends up in a script and in a trust policy has no other characters than names have.
fn check(flag: &str, value: &str, slashes: usize) -> Result<()> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let is_whole = value.split('/').all(|part| !["", ".", ".."].contains(&part));
    let has_slashes = slashes == 0 || value.matches('/').count() == slashes;
    if value.chars().all(is_plain) && is_whole && has_slashes {
        return Ok(());
    }
    Err(Error::usage(format!("`{flag} {value}` is not a name on GitHub"))
        .hint("write it as in `--repository acme/shop --branch main`"))
}

/// The policy of one preview, for all: their names differ in the number alone.
fn of_all_previews(policy: &Value) -> Result<Value> {
    let one = format!("-{PREVIEW}");
    serde_json::from_str(&policy.to_string().replace(&one, "-pr-*"))
        .map_err(|error| Error::failed("make the policy of the previews").cause(error))
}

fn document(role: &Role, account: &str, partition: &str, repository: &str) -> Value {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": format!("arn:{partition}:iam::{account}:oidc-provider/{PROVIDER}")},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {
                format!("{PROVIDER}:aud"): "sts.amazonaws.com",
                format!("{PROVIDER}:sub"): role.subject,
            }},
        }],
    });
    json!({
        "name": role.name,
        "arn": format!("arn:{partition}:iam::{account}:role/{}", role.name),
        "trust": trust,
        "policy": role.policy,
        "repository": repository,
        "variable": role.variable,
    })
}

fn script(roles: &[Value]) -> String {
    let mut lines = vec![
        "#!/bin/sh".to_owned(),
        "# Run this once, with credentials that may manage IAM. It can run again: it changes what exists.".into(),
        "set -eu".into(),
        format!("aws iam create-open-id-connect-provider --url https://{PROVIDER} --client-id-list sts.amazonaws.com ||"),
        "    echo 'the identity provider exists already'".into(),
    ];
    for role in roles {
        let text = |member: &str| role[member].as_str().unwrap_or_default().to_owned();
        let name = text("name");
        // A boundary or a path of `stack.toml` may hold a quote.
        let document = |member: &str| quoted(&role[member].to_string());
        let (trust, policy) = (document("trust"), document("policy"));
        lines.extend([
            String::new(),
            format!("trust={trust}"),
            format!("aws iam create-role --role-name {name} --assume-role-policy-document \"$trust\" ||"),
            format!("    aws iam update-assume-role-policy --role-name {name} --policy-document \"$trust\""),
            format!("aws iam put-role-policy --role-name {name} --policy-name stackctl --policy-document {policy}"),
            format!("gh variable set {} --repo {} --body {}", text("variable"), text("repository"), text("arn")),
        ]);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_github_are_plain() {
        assert!(check("--repository", "acme/shop.api", 1).is_ok());
        for bad in ["acme", "acme/", "acme/a/b", "acme/$(x)", "acme/a b", "acme/*", "../..", ""] {
            assert!(check("--repository", bad, 1).is_err(), "{bad}");
        }
        assert!(check("--branch", "release/1", 0).is_ok());
        assert!(check("--branch", "it's", 0).is_err());
    }

    #[test]
    fn a_policy_of_previews_reaches_every_number_and_no_other_stage() {
        let policy = json!({"Resource": ["arn:aws:lambda:r:1:function:shop-api-pr-0:*", "arn:aws:iam::1:role/shop-lambda-role-pr-0"]});
        let all = of_all_previews(&policy).expect("JSON");
        assert_eq!(
            all["Resource"],
            json!([
                "arn:aws:lambda:r:1:function:shop-api-pr-*:*",
                "arn:aws:iam::1:role/shop-lambda-role-pr-*"
            ])
        );
    }

    #[test]
    fn the_script_quotes_documents_and_names_each_role_once() {
        let role = Role {
            name: "shop-deployer".into(),
            subject: "repo:acme/shop:ref:refs/heads/main".into(),
            policy: json!({"Statement": []}),
            variable: "AWS_ROLE_ARN",
        };
        let text = script(&[document(&role, "123456789012", "aws", "acme/shop")]);
        assert!(text.contains("put-role-policy --role-name shop-deployer"), "{text}");
        assert!(text.contains("--policy-document '{\"Statement\":[]}'"), "{text}");
        assert!(text.contains("\"repo:acme/shop:ref:refs/heads/main\""), "{text}");
        assert!(text.contains("--body arn:aws:iam::123456789012:role/shop-deployer"), "{text}");
    }

    #[test]
    fn a_quote_in_a_document_does_not_end_it() {
        let role = Role {
            name: "shop-deployer".into(),
            subject: "repo:acme/shop:pull_request".into(),
            policy: json!({"Resource": "role/it's/$(touch pwned)"}),
            variable: "AWS_ROLE_ARN",
        };
        let text = script(&[document(&role, "123456789012", "aws", "acme/shop")]);
        let shell = text.replace("aws iam", "printf '%s\\n'").replace("gh variable", "true");
        let folder = tempfile::tempdir().expect("a folder");
        let output = std::process::Command::new("sh")
            .args(["-c", &shell])
            .current_dir(folder.path())
            .output()
            .expect("a shell");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains(&role.policy.to_string()), "{told}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
