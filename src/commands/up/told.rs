//! What is up, in words and as a document.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Up, no_requests};
use crate::blueprint::Form;
use crate::commands::{domain, outputs, ship, site, sources};
use crate::config::Config;
use crate::env_file;
use crate::resources::LiveApi;
use crate::ui::seconds;
use engine::Outcome;
use engine::error::Result;
use package::Artifact;

impl Up<'_> {
    /// The result of the run that began at `since`; `gone` is what went after the plan.
    pub(super) async fn tell(
        &self,
        outcome: &Outcome,
        gone: Vec<Value>,
        since: Instant,
    ) -> Result<()> {
        let Self { app, config, stack, .. } = self;
        let api = ship::live_api(stack, outcome)?;
        let mut document = self.document(outcome, api).await?;
        self.write_env(outcome, api, &document)?;
        document["changes"] = [outputs::changes(stack, &outcome.changes), gone].concat().into();
        let artifacts = stack.artifacts(outcome);
        document["build"] = json!(sources::document(&artifacts));
        document["seconds"] = json!(since.elapsed().as_secs_f64());
        let form = self.blueprints[&config.function().key].form;
        let text = || text(config, form, api, &document, &artifacts, &seconds(since.elapsed()));
        app.ui.result(text, || document.clone())
    }

    async fn document(&self, outcome: &Outcome, api: Option<&LiveApi>) -> Result<Value> {
        let Self { config, stack, cloud, .. } = self;
        let found = outputs::found(stack, outcome);
        let mut document = outputs::document(config, &cloud.identity().await?, api, &found);
        let distribution = stack.site.and_then(|site| outcome.find(site.distribution));
        site::outputs(&mut document, distribution);
        domain::outputs(&mut document, config, cloud, &domain::found(stack, outcome));
        Ok(document)
    }

    /// Writes what the frontend must know, where `--write-env` says.
    fn write_env(&self, outcome: &Outcome, api: Option<&LiveApi>, document: &Value) -> Result<()> {
        let Some(path) = &self.args.write_env else { return Ok(()) };
        let url = domain::api_url(document, &api.ok_or_else(no_requests)?.url);
        let users = self.stack.http.and_then(|http| http.users);
        let pool = users.and_then(|users| outcome.find(users));
        let sign_in = outputs::sign_in(self.config, self.cloud, pool);
        env_file::write(path, &env_file::values(url, sign_in.as_ref()))
    }
}

/// What is up, and how to try it.
pub(in crate::commands) fn text(
    config: &Config,
    form: Form,
    api: Option<&LiveApi>,
    document: &Value,
    artifacts: &[&Artifact],
    took: &str,
) -> String {
    let count = |action: &str| {
        let changes = document["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
        changes.iter().filter(|change| change["action"] == action).count()
    };
    let (created, changed) = (count("create"), count("update"));
    let what = match (created, changed) {
        (0, 0) => "nothing to change".to_owned(),
        (created, 0) => format!("{created} created"),
        (0, changed) => format!("{changed} changed"),
        (created, changed) => format!("{created} created, {changed} changed"),
    };
    let word = |name: &str| document[name].as_str().unwrap_or_default();
    let place = match word("account") {
        local_cloud::ACCOUNT => String::new(),
        account => format!("in account {account}, {}\n", word("region")),
    };
    let live = live(document);
    let answers = api.map(|api| {
        let url = format!("{}/", api.url);
        let public = if config.auth.is_none() { outputs::PUBLIC } else { "" };
        let public = if public.is_empty() { String::new() } else { format!("\n\n{public}") };
        format!("\n\n  {url}{}{public}", examples_of(config, form, &url))
    });
    let site = document["site_url"].as_str().map(|url| format!("\n\n  {url}/    the site"));
    let api = document["api_domain_url"].as_str().map(|url| format!("\n\n  {url}/    the API"));
    let names = api.unwrap_or_default() + &domain::text(document);
    let answers = answers.unwrap_or_default() + &site.unwrap_or_default() + &names;
    let text = format!(
        "{} is up: {what}, {live} ({took})\n{place}{}",
        config.names.api,
        sources::text(artifacts)
    );
    text.trim_end().to_owned() + &answers
}

/// `version 3 is live`; of several functions, `live: api version 3, worker version 1`.
fn live(document: &Value) -> String {
    let functions = document["functions"].as_object().into_iter().flatten();
    let versions = functions.map(|(key, one)| (key, one["version"].as_str().unwrap_or_default()));
    let versions: Vec<_> = versions.collect();
    match versions.as_slice() {
        [(_, version)] => format!("version {version} is live"),
        several => {
            let each = several.iter().map(|(key, version)| format!("{key} version {version}"));
            format!("live: {}", each.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Requests to paste, where it is known what the handler takes.
fn examples_of(config: &Config, form: Form, url: &str) -> String {
    match form {
        Form::Declared if config.auth.is_some() => {
            let token = "-H \"authorization: Bearer $TOKEN\"";
            format!(
                "\n\n  curl '{url}' {token} -d '{{\"title\":\"Buy milk\"}}'\n  curl '{url}' {token}"
            )
        }
        Form::Declared => format!(
            "\n\n  curl '{url}?userId=me' -d '{{\"title\":\"Buy milk\"}}'\n  curl '{url}?userId=me'"
        ),
        Form::Audited => String::new(),
    }
}
