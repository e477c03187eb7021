//! `stackctl rollback`

use serde_json::{Value, json};
use tokio::time::Instant;

use super::sources::built;
use super::{App, Which, deploy, granted, ship, site};
use crate::cli::examples;
use crate::cloud::Cloud;
use crate::config::Config;
use crate::proof::{Endpoint, MORE, Probe, Proof};
use crate::resources::release::SWITCHING;
use crate::resources::site_files::RESTORING;
use crate::resources::{FORGETTING, LiveApi, LiveRelease, Version, versions};
use crate::stack::Stack;
use crate::ui::{Paint, on_one_line, seconds};
use engine::error::{Error, Result};
use engine::{Events, Id, Label, Progress, alone, read};

/// Point the API back at an earlier version, in one call, and prove that it answers
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl rollback           to the version before the live one",
    "stackctl rollback --list    which versions there are, and which is live",
    "stackctl rollback 3         to version 3, older or newer",
    "stackctl rollback 3 --force    although the role lacks rights that its code uses",
    "stackctl rollback --site    the site to the release before; `--site --list` shows which there are",
))]
pub struct Args {
    /// The number of the version; without it, the one before the live version
    version: Option<u64>,
    /// Show the versions, and change nothing
    #[arg(long, conflicts_with = "version")]
    list: bool,
    /// Go back to this release of the site, or to the one before the one that is served; the code stays
    #[arg(long, value_name = "RELEASE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    #[arg(conflicts_with_all = ["version", "force", "function"])]
    site: Option<String>,
    #[command(flatten)]
    which: Which,
    /// Switch although the role may not do all that the version's code calls
    #[arg(long, conflicts_with = "list")]
    force: bool,
}

/// What there is, and what is live.
struct Found {
    versions: Vec<Version>,
    live: LiveRelease,
    /// Absent when no function takes requests.
    api: Option<LiveApi>,
    /// What the role's own policy allows; `None` where that may not be read.
    policy: Option<String>,
}

/// The operations of AWS that this verb calls.
pub fn calls(stack: &Stack) -> Vec<&'static str> {
    let policy = stack.main().data_policy.map(|policy| policy.id);
    let read: Vec<Id> = looked_at(stack).into_iter().chain(policy).collect();
    let reading = stack.graph.reading(&read);
    let of_site = if stack.site.is_some() { [RESTORING, FORGETTING].concat() } else { Vec::new() };
    let reading = [reading, of_site].concat();
    [reading, versions::CALLS.to_vec(), versions::CODE_CALLS.to_vec(), SWITCHING.to_vec()].concat()
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    if let Some(release) = &args.site {
        return site::roll_back(app, release, args.list).await;
    }
    let since = Instant::now();
    let config = args.which.config(app)?;
    let cloud = app.cloud(&config).await?;
    let stack = Stack::located(&cloud, &config, built);
    let found = app.unless_stopped(find(&cloud, &config, &stack)).await?;
    let live = &found.live.version;
    if args.list {
        let text = || list(&found, app.ui.result_paint);
        return app.ui.result(text, || json!({"live": live, "versions": all(&found)}));
    }
    let version = chosen(&found.versions, live, args.version, &config.function().name)?;
    let number = version.number.to_string();
    if number == *live {
        let text = || format!("version {number} is live already: nothing to do");
        return app.ui.result(text, || document(&found, version, live, None));
    }
    check_users(&config, version)?;
    if let Some(policy) = found.policy.as_deref().filter(|_| !args.force) {
        let version = (version, found.live.commits.of(&number));
        let check = Box::pin(granted::check_version(&cloud, &config, policy, version));
        let unknown = app.unless_stopped(check).await?;
        // The local cloud keeps the code of the newest version alone.
        if let Some(unknown) = unknown.filter(|_| cloud.loopback().is_none()) {
            app.ui.say(&format!(
                "note: whether the role may do what version {number} calls is not known: {unknown}"
            ));
        }
    }
    let release = stack.alias(&cloud, &config);
    release.switch(&found.live, &number).await?;
    let switched = since.elapsed();
    let proof = proved(app, &cloud, &config, &found, &number).await?;
    let text = || {
        let answer = proof.map(|proof| format!("; its first answer took {}", seconds(proof.took)));
        app.ui.repeat(&format!(
            "version {number} is live again after {}: {}{}\n`stackctl rollback {live}` returns to version {live}; `stackctl deploy` ships what is in this folder",
            seconds(switched),
            origin(version, &found.live),
            answer.unwrap_or_default()
        ))
    };
    let took = proof.map(|proof| proof.took.as_secs_f64());
    app.ui.result(text, || document(&found, version, live, took))
}

/// A version that takes the user from the request would give everybody with a token what is another's, and one that wants
/// claims would refuse everybody where the API asks for no token.
fn check_users(config: &Config, version: &Version) -> Result<()> {
    let number = version.number;
    let cause = match &config.auth {
        Some(auth) if version.auth != auth.setting() => {
            "the API asks for tokens, and it takes the user from the request or from another claim"
        }
        None if version.auth.starts_with("claim:") => {
            "the API is open, and it wants a verified user"
        }
        _ => return Ok(()),
    };
    Err(Error::usage(format!("version {number} does not fit `[auth]`")).cause(cause).hint(
        "put `[auth]` into `stack.toml` as it was when that version was made, or ship this folder: `stackctl deploy`",
    ))
}

/// Waits until the API answers with the version; `None` when the function takes no requests.
async fn proved(
    app: &App,
    cloud: &Cloud,
    config: &Config,
    found: &Found,
    number: &str,
) -> Result<Option<Proof>> {
    let question = deploy::question(config).await;
    let Some(api) = found.api.as_ref().filter(|_| question.takes_requests) else {
        return Ok(None);
    };
    let (path, live) = (question.path.unwrap_or_else(|| "/".to_owned()), &found.live.version);
    let url = format!("{}{path}", api.url);
    let label = Label { kind: "proof".into(), name: format!("version {number} answers") };
    let proof = app.ui.watch(vec![label], async |events| {
        let progress = Progress::new(Id::default(), events);
        let probe = Probe::new(number, Endpoint::Serving, question.form)
            .refused_without_token(question.needs_token);
        let invoked = async || ship::invoked(cloud, config, number, &path, question.form).await;
        alone(&progress, probe.answers(&url, MORE, invoked, &progress)).await
    });
    proof.await.map(Some).map_err(|error| {
        Error::failed(format!("prove that version {number} answers"))
            .cause(error.cause.unwrap_or(error.message))
            .hint(format!("`live` points at version {number} now; `stackctl logs --errors` may show why, and `stackctl rollback {live}` goes back to version {live}"))
    })
}

fn looked_at(stack: &Stack) -> Vec<Id> {
    let api = stack.http.map(|http| http.api.id);
    [stack.main().release.id].into_iter().chain(api).collect()
}

/// All lookups at once.
async fn find(cloud: &Cloud, config: &Config, stack: &Stack) -> Result<Found> {
    let (both, unheard) = (looked_at(stack), Events::default());
    let progress = Progress::new(stack.main().release.id, &unheard);
    let looks = async {
        tokio::try_join!(
            read(&stack.graph, &both, &unheard),
            versions(cloud, &config.function().name),
            granted::policy(cloud, config, &progress)
        )
    };
    let (reading, versions, policy) = Box::pin(cloud.confirmed(looks)).await?;
    let Some(live) = reading.find(stack.main().release) else {
        return Err(Error::failed("roll back")
            .cause(format!("{} is not up", config.names.api))
            .hint("run `stackctl up` first"));
    };
    let api = stack.http.and_then(|http| reading.find(http.api)).cloned();
    Ok(Found { versions, live: live.clone(), api, policy })
}

/// The version that is meant: the one that is named, else the newest below the live one.
fn chosen<'a>(
    versions: &'a [Version],
    live: &str,
    wanted: Option<u64>,
    function: &str,
) -> Result<&'a Version> {
    let numbers: Vec<String> = versions.iter().map(|version| version.number.to_string()).collect();
    let there = format!("there is: {}", numbers.join(", "));
    if let Some(wanted) = wanted {
        let named = versions.iter().find(|version| version.number == wanted);
        return named.ok_or_else(|| {
            Error::usage(format!("function `{function}` has no version {wanted}")).hint(there)
        });
    }
    let live: u64 = live.parse().unwrap_or(u64::MAX);
    let older = versions.iter().filter(|version| version.number < live);
    older.max_by_key(|version| version.number).ok_or_else(|| {
        Error::usage(format!("there is no version before {live}, which is live")).hint(there)
    })
}

/// `published 2026-08-30 12:00:00 UTC from commit ab12cd3`.
fn origin(version: &Version, live: &LiveRelease) -> String {
    let commit = live.commits.of(&version.number.to_string());
    let commit = commit.map(|commit| format!(" from commit {commit}")).unwrap_or_default();
    format!("published {}{commit}", time(version))
}

fn time(version: &Version) -> String {
    version.published_at.replace('T', " ").replace('Z', " UTC")
}

fn list(found: &Found, paint: Paint) -> String {
    let mut lines = vec![paint.dim(&format!(
        "{:9} {:24} {:>8}  {:12}  commit",
        "version", "published", "size", "sha256"
    ))];
    for version in &found.versions {
        let number = version.number.to_string();
        let digest: String = version.sha256().chars().take(12).collect();
        let line = format!(
            "{number:9} {:24} {:>5} KB  {digest:12}  {}",
            time(version),
            version.bytes / 1000,
            on_one_line(found.live.commits.of(&number).unwrap_or("-"))
        );
        let is_live = number == found.live.version;
        lines.push(if is_live { format!("{line}  {}", paint.green("live")) } else { line });
    }
    lines.join("\n")
}

fn all(found: &Found) -> Value {
    found.versions.iter().map(|version| entry(version, &found.live)).collect()
}

fn entry(version: &Version, live: &LiveRelease) -> Value {
    let number = version.number.to_string();
    json!({
        "version": number,
        "published_at": version.published_at,
        "bytes": version.bytes,
        "sha256": version.sha256(),
        "code_sha256": version.code_sha256,
        "commit": live.commits.of(&number),
        "live": number == live.version,
    })
}

fn document(found: &Found, now: &Version, before: &str, first_answer: Option<f64>) -> Value {
    json!({
        "function_version": now.number.to_string(),
        "before": before,
        "published_at": now.published_at,
        "commit": found.live.commits.of(&now.number.to_string()),
        "code_sha256": now.code_sha256,
        "changed": now.number.to_string() != before,
        "first_answer_seconds": first_answer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    fn versions(numbers: &[u64]) -> Vec<Version> {
        let version = |number: &u64| Version {
            number: *number,
            published_at: "2026-08-30T12:00:00Z".into(),
            bytes: 1,
            code_sha256: "/w==".into(),
            auth: String::new(),
        };
        numbers.iter().map(version).collect()
    }

    fn choice(numbers: &[u64], live: &str, wanted: Option<u64>) -> Result<u64> {
        chosen(&versions(numbers), live, wanted, "app-api").map(|version| version.number)
    }

    #[test]
    fn without_a_number_it_is_the_newest_below_the_live_one() {
        assert_eq!(choice(&[10, 9, 7, 2], "9", None), Ok(7));
        assert_eq!(choice(&[10, 9, 7, 2], "10", None), Ok(9));
    }

    #[test]
    fn any_version_that_exists_can_be_named() {
        assert_eq!(choice(&[3, 2, 1], "2", Some(3)), Ok(3));
        assert_eq!(choice(&[3, 2, 1], "2", Some(2)), Ok(2));
    }

    #[test]
    fn a_version_that_is_not_there_names_those_that_are() {
        let error = choice(&[3, 1], "3", Some(2)).expect_err("not there");
        assert_eq!(error.message, "function `app-api` has no version 2");
        assert_eq!(error.hint.as_deref(), Some("there is: 3, 1"));
    }

    #[test]
    fn the_first_version_has_none_before_it() {
        let error = choice(&[1], "1", None).expect_err("nothing older");
        assert_eq!(error.message, "there is no version before 1, which is live");
    }

    #[test]
    fn the_digest_is_told_as_build_tells_it() {
        assert_eq!(versions(&[1])[0].sha256(), "ff");
    }

    #[test]
    fn a_version_that_knows_its_caller_in_another_way_is_not_gone_back_to() {
        let open = config("name = \"app\"").expect("valid");
        let auth = "[auth]\nissuer = \"https://a.example\"\naudience = [\"api\"]";
        let closed = config(&format!("name = \"app\"\n{auth}")).expect("valid");
        let fits = |config: &Config, auth: &str| {
            check_users(config, &Version { auth: auth.into(), ..Version::default() }).is_ok()
        };
        // A version from before there were users says nothing.
        let all = ["", "none", "claim:sub", "claim:uid"];
        assert_eq!(all.map(|auth| fits(&open, auth)), [true, true, false, false]);
        assert_eq!(all.map(|auth| fits(&closed, auth)), [false, false, true, false]);
    }
}
