//! The frontend of a stack: its build, the proof that it is served, and its releases.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::Instant;

use super::sources::built;
use super::{App, domain};
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Cloud, Request, send, sites};
use crate::config::{self, Config, Site};
use crate::env_file;
use crate::resources::{Address, LiveDistribution, LiveSiteFiles, Past};
use crate::site;
use crate::stack::{SiteParts, Stack};
use crate::ui::seconds;
use engine::error::{Doing as _, Error, Result};
use engine::{
    Action, Id, Label, Outcome, Ownership, Progress, Reading, alone, execute, finish, plan_up, read,
};

/// Until a new distribution is known to the first edge and to DNS.
const NEW: Duration = Duration::from_mins(5);

/// Builds the site, where the file says how, and refuses what cannot be served; before the first call. With `as_it_is`,
/// nothing is built: code that was built before comes with a site that was.
pub async fn build(config: &Config, app: &App, as_it_is: bool) -> Result<()> {
    let Some(own) = &config.site else { return Ok(()) };
    match &own.build {
        None => {}
        Some(command) if !as_it_is => {
            app.ui.say(&format!("building the site: {command}"));
            app.unless_stopped(run(config, own, command)).await?;
        }
        Some(command) if config.root.join(&own.directory).exists() => app.ui.say(&format!(
            "note: `{}` is taken as it is: with `--artifact`, `{command}` is not run",
            own.directory.display()
        )),
        Some(command) => {
            let directory = own.directory.display();
            return Err(Error::usage(format!("there is no folder `{directory}`")).hint(format!(
                "run `{command}` first: with `--artifact`, no program of the project is run"
            )));
        }
    }
    check(config, app)
}

/// Refuses files that cannot be served. What is not built yet is no reason to plan nothing.
pub fn check(config: &Config, app: &App) -> Result<()> {
    let Some(own) = &config.site else { return Ok(()) };
    let is_there = config.root.join(&own.directory).exists();
    if let Some(command) = own.build.as_ref().filter(|_| !is_there) {
        app.ui.say(&format!(
            "note: `{}` is not there yet: `up` runs `{command}` first, and then knows what to upload",
            own.directory.display()
        ));
        return Ok(());
    }
    let files = site::survey(&config.root, own)?;
    for note in site::notes(own, &files) {
        app.ui.say(&note);
    }
    Ok(())
}

/// Refuses a cloud on which the site could not be served.
pub fn check_cloud(config: &Config, cloud: &Cloud) -> Result<()> {
    if config.site.is_none() && config.domain.is_none() {
        return Ok(());
    }
    sites::check_partition(cloud)?;
    if config.site.is_some() && cloud.loopback().is_some() && config::node().is_none() {
        return Err(Error::environment(
            "the local cloud cannot serve the site: there is no `node` on the PATH",
        )
        .cause("it runs the functions of distributions in Node.js")
        .hint("install Node.js, then `stackctl local stop` and run the same command again"));
    }
    Ok(())
}

/// Runs the build with the address of the API that the pages shall call: a path of their own host.
async fn run(config: &Config, own: &Site, command: &str) -> Result<()> {
    let folder = package_of(&config.root, &own.directory);
    let mut shell = Command::new("/bin/sh");
    machine::without_secrets(&mut shell);
    shell.args(["-c", command]).current_dir(&folder).stdin(Stdio::null()).kill_on_drop(true);
    if let Some(api) = &own.api {
        for prefix in env_file::PREFIXES {
            shell.env(format!("{prefix}API_URL"), api);
        }
    }
    let doing = format!("run `{command}` in `{}`", folder.display());
    let output = shell.output().await.doing(&doing)?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let last: Vec<&str> = said.lines().rev().take(20).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(Error::failed(doing).cause(format!("{}\n{}", output.status, last.join("\n"))))
}

/// The nearest folder with a `package.json` at or above what the bundler writes, else that of `stack.toml`.
fn package_of(root: &Path, directory: &Path) -> PathBuf {
    let above = directory.ancestors().map(|folder| root.join(folder));
    let mut packages = above.filter(|folder| folder.join("package.json").is_file());
    packages.next().unwrap_or_else(|| root.to_owned())
}

/// Waits until viewers get the entry page of this release, and the API where it is to be.
pub async fn prove(
    stack: &Stack,
    cloud: &Cloud,
    config: &Config,
    outcome: &Outcome,
    progress: &Progress,
) -> Result<()> {
    let Some((parts, own)) = stack.site.zip(config.site.as_ref()) else { return Ok(()) };
    let Some(entry) = outcome.find(parts.files).and_then(LiveSiteFiles::entry) else {
        return Ok(());
    };
    let found = outcome.find(parts.distribution);
    let url = match found {
        Some(distribution) => Some(distribution.url.clone()),
        None => match stack.distribution(cloud, config, own) {
            Some(distribution) => distribution.address().await?.map(|at| at.url),
            None => None,
        },
    };
    let url = url.ok_or_else(|| {
        Error::failed("prove that the site is served")
            .cause("there is no distribution in front of its bucket")
            .hint("run `stackctl up`")
    })?;
    let proof = alone(progress, served(&url, own, entry, progress)).await;
    match proof {
        // The first minutes of a distribution are AWS's own business.
        Err(error) if found.is_some_and(|one| !one.deployed) => {
            progress.output(format!(
                "note: {url}/ does not answer everywhere yet: a new distribution takes minutes ({error})"
            ));
            Ok(())
        }
        proof => proof,
    }
}

/// Looks until the entry page is the one whose content S3 calls `entry`.
async fn served(url: &str, own: &Site, entry: &str, progress: &Progress) -> Result<()> {
    let page = format!("{url}/");
    let is_entry = |etag: Option<&str>| etag.is_some_and(|etag| etag.contains(entry));
    wait::until(progress, "the site answers with this release", NEW, || async {
        let answer = send(Request { method: "GET", url: &page, ..Request::default() }).await;
        Ok(match answer {
            Err(error) => Poll::Pending(error.to_string()),
            Ok(answer) if answer.status == 200 && is_entry(answer.header("etag")) => {
                Poll::Ready(())
            }
            Ok(answer) => {
                Poll::Pending(format!("{page} answers {}", told(answer.status, &answer.body)))
            }
        })
    })
    .await?;
    let Some(api) = &own.api else { return Ok(()) };
    let nothing = format!("{url}{api}/stackctl-looks-for-nothing");
    let answer = send(Request { method: "GET", url: &nothing, ..Request::default() }).await?;
    if answer.status == 200 && is_entry(answer.header("etag")) {
        return Err(Error::failed("prove that the API answers behind the site")
            .cause(format!("{nothing} is answered with the entry page"))
            .hint("run `stackctl status`: a behavior of the distribution is missing"));
    }
    Ok(())
}

/// What is served instead, in words of what refuses it.
fn told(status: u16, body: &str) -> String {
    let first: String = body.chars().take(120).collect();
    match status {
        200 => "200 with another release".to_owned(),
        403 if body.contains("AccessDenied") => {
            "403: the bucket refuses the distribution, as long as its policy is not known"
                .to_owned()
        }
        503 => "503: the edge function fails".to_owned(),
        other => format!("{other}: {first}"),
    }
}

/// The outputs of the site.
pub fn outputs(document: &mut Value, distribution: Option<&LiveDistribution>) {
    document["site_url"] = json!(distribution.map(|one| &one.url));
    document["distribution_id"] = json!(distribution.map(|one| &one.id));
}

/// Ships the site alone: what has changed of it, and the entry page last.
pub async fn deploy(app: &App) -> Result<()> {
    let since = Instant::now();
    let config = app.config()?;
    let own = config.site.as_ref().ok_or_else(no_site)?;
    build(&config, app, false).await?;
    let cloud = app.cloud(&config).await?;
    check_cloud(&config, &cloud)?;
    let stack = Stack::located(&cloud, &config, built);
    stack.look_at_contents_alone();
    let parts = stack.site.ok_or_else(no_site)?;
    let ids = [parts.files.id];
    let work = app.ui.watch(stack.graph.labels(), async |events| {
        let progress = Progress::new(parts.files.id, events);
        let address = async {
            match stack.distribution(&cloud, &config, own) {
                Some(distribution) => distribution.address().await,
                None => Ok(None),
            }
        };
        let looks = async { tokio::try_join!(read(&stack.graph, &ids, events), address) };
        let looked = app.unless_stopped(Box::pin(found(&cloud, &parts, looks)));
        let (reading, at) = looked.await?.ok_or_else(|| {
            Error::failed("deploy the site")
                .cause(format!("{} has no site yet", config.names.api))
                .hint("run `stackctl up` first")
        })?;
        let plan = plan_up(&stack.graph, &ids, &reading, Ownership::Respect)?;
        let outcome = execute(&stack.graph, plan, events, &app.stop).await.into_result()?;
        if let Some(entry) = outcome.find(parts.files).and_then(LiveSiteFiles::entry) {
            alone(&progress, served(&at.url, own, entry, &progress)).await?;
        }
        finish(&stack.graph, &outcome, events).await?;
        Ok::<_, Error>((outcome, at))
    });
    let (outcome, at) = work.await?;
    let url = domain::site_url(&config, &cloud, &at.aliases).unwrap_or(at.url);
    let changed = outcome.changes.iter().any(|(_, action)| *action != Action::Keep);
    let release = outcome.find(parts.files).and_then(LiveSiteFiles::release).unwrap_or_default();
    let text = || {
        let took = seconds(since.elapsed());
        match changed {
            true => format!("release {release} is served after {took}\n\n  {url}/"),
            false => format!("nothing to upload: release {release} is served already ({took})"),
        }
    };
    let document = json!({
        "site_url": url,
        "release": release,
        "changes": super::outputs::changes(&stack, &outcome.changes),
        "seconds": since.elapsed().as_secs_f64(),
    });
    app.ui.result(text, || document)
}

/// The site and its address, where both are there. The bucket has the account in its name, and the distribution is one of the
/// deployer's own account: so a pinned account needs no call of STS, unless something is missing.
async fn found(
    cloud: &Cloud,
    parts: &SiteParts,
    looks: impl Future<Output = Result<(Reading, Option<Address>)>>,
) -> Result<Option<(Reading, Address)>> {
    let there = |(reading, at): (Reading, Option<Address>)| {
        let at = at.filter(|_| reading.is_there(parts.files.id))?;
        Some((reading, at))
    };
    match looks.await.map(there) {
        Ok(Some(found)) => Ok(Some(found)),
        other => cloud.heed_pin().await.and(other),
    }
}

/// Goes back to an earlier release of the site: the one that is named, else the one before.
pub async fn roll_back(app: &App, wanted: &str, list: bool) -> Result<()> {
    let since = Instant::now();
    let config = app.config()?;
    let own = config.site.as_ref().ok_or_else(no_site)?;
    let cloud = app.cloud(&config).await?;
    let stack = Stack::located(&cloud, &config, built);
    let files = stack.site_files(&cloud, &config, own).ok_or_else(no_site)?;
    let distribution = stack.distribution(&cloud, &config, own).ok_or_else(no_site)?;
    let looks = async { tokio::try_join!(files.releases(), distribution.address()) };
    let (releases, at) = app.unless_stopped(Box::pin(cloud.confirmed(looks))).await?;
    if list {
        let text = || releases.iter().map(line).collect::<Vec<_>>().join("\n");
        return app
            .ui
            .result(text, || json!({"releases": releases.iter().map(entry).collect::<Vec<_>>()}));
    }
    let chosen = chosen(&releases, wanted)?;
    let at = at.ok_or_else(|| {
        Error::failed("roll the site back")
            .cause("it has no distribution")
            .hint("run `stackctl up`")
    })?;
    let before = releases.iter().find(|one| one.is_live).map(|one| one.id.clone());
    let label = Label { kind: "proof".into(), name: format!("release {} is served", chosen.id) };
    app.ui
        .watch(vec![label], async |events| {
            let progress = Progress::new(Id::default(), events);
            let work = async {
                let page = files.restore(&chosen.id, &progress).await?;
                served(&at.url, own, &page, &progress).await
            };
            alone(&progress, work).await
        })
        .await?;
    let url = domain::site_url(&config, &cloud, &at.aliases).unwrap_or(at.url);
    let text = || {
        let back = before.as_ref().map(|id| {
            format!("\n`stackctl rollback --site={id}` returns to release {id}; `stackctl deploy --site` ships what is in this folder")
        });
        format!(
            "release {} is served again after {}{}",
            chosen.id,
            seconds(since.elapsed()),
            app.ui.repeat(&back.unwrap_or_default())
        )
    };
    app.ui.result(text, || json!({"release": chosen.id, "before": before, "site_url": url}))
}

fn chosen<'a>(releases: &'a [Past], wanted: &str) -> Result<&'a Past> {
    let ids: Vec<&str> = releases.iter().map(|one| one.id.as_str()).collect();
    let there = format!("there is: {}", ids.join(", "));
    if !wanted.is_empty() {
        let named = releases.iter().find(|one| one.id == wanted);
        return named
            .ok_or_else(|| Error::usage(format!("the site has no release {wanted}")).hint(there));
    }
    // The newest first; where none says that it is served, the newest is not what is meant.
    let live = releases.iter().position(|one| one.is_live).unwrap_or(0);
    releases.get(live + 1).ok_or_else(|| {
        Error::usage("the site has no release before the one that is served").hint(there)
    })
}

fn line(release: &Past) -> String {
    let at = release.at.replace('T', " ").replace('Z', " UTC");
    format!("{:14} {at}{}", release.id, if release.is_live { "  served" } else { "" })
}

fn entry(release: &Past) -> Value {
    json!({"release": release.id, "uploaded_at": release.at, "live": release.is_live})
}

fn no_site() -> Error {
    Error::usage("`stack.toml` says of no site")
        .hint("add `[site]` with the folder of the frontend, then run `stackctl up`")
}
