//! `stackctl cors`

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{App, live_api, reading};
use crate::cli::examples;
use crate::cloud::{Answered, Request, Session};
use crate::config::Config;
use crate::cors::{Ask, Layer, Refusal, advice, lookalike, origin};
use crate::stack::Stack;
use crate::ui::Paint;
use engine::error::{Error, Kind, Result};
use engine::{Id, Label, Progress, alone};

/// Send the requests that a browser sends for a page of ORIGIN; report what is refused, and why
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(explained: "Sends a request with every method to every route, without a query and with an empty body: the handler refuses such requests and does nothing.";
    "stackctl cors http://localhost:5173",
    "stackctl cors https://app.example.com --header authorization",
))]
pub struct Args {
    /// Where the page comes from, such as `https://app.example.com`
    origin: String,
    /// A header that the page sends besides `content-type`
    #[arg(long = "header", value_name = "NAME")]
    headers: Vec<String>,
    /// As `fetch` with `credentials: "include"`
    #[arg(long)]
    credentials: bool,
    /// Send the preflights alone, for routes that act without a query and a body
    #[arg(long)]
    preflights_only: bool,
}

/// One route and method.
struct Check<'a> {
    path: &'a str,
    ask: Ask<'a>,
    preflight: Seen,
    request: Option<Seen>,
}

/// One answer, as the browser takes it.
struct Seen {
    status: u16,
    layer: Layer,
    refusal: Option<Refusal>,
}

/// The operations of AWS that this verb calls.
pub fn calls(stack: &Stack) -> Vec<&'static str> {
    stack.graph.reading(&stack.http.map(|http| http.api.id).into_iter().collect::<Vec<_>>())
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let page = origin(&args.origin)?;
    let config = app.config()?;
    let blueprint = app.unless_stopped(reading::blueprint_of(&config)).await?;
    let routes = asked(
        blueprint.manifest.routes.iter().map(|route| (&*route.path, &*route.method)),
        &config,
    );
    let cloud = app.cloud(&config).await?;
    let url = app.unless_stopped(live_api(&cloud, &config)).await?.url;
    if page != args.origin {
        app.ui.say(&format!("a browser sends `{page}` as the origin"));
    }
    let own: Vec<String> = args.headers.iter().map(|name| name.to_lowercase()).collect();
    let label = Label { kind: "browser".into(), name: page.clone() };
    let checks = app.ui.watch(vec![label], async |events| {
        let progress = Progress::new(Id::default(), events);
        let session = Session::new();
        let all = async {
            let mut checks = Vec::new();
            for (path, method) in &routes {
                progress.note(format!("{method} {path}"));
                let mut headers: Vec<&str> = own.iter().map(String::as_str).collect();
                if has_body(method) {
                    headers.insert(0, "content-type");
                }
                let credentials = args.credentials;
                let ask = Ask { origin: &page, method, headers, credentials };
                checks.push(check(&session, &url, path, ask, args.preflights_only).await?);
            }
            Ok(checks)
        };
        alone(&progress, all).await
    });
    let checks = app.unless_stopped(checks).await?;
    let changes = advice(&config.cors, &page, checks.iter().flat_map(findings));
    let changes = if checks.iter().any(Check::is_refused) { changes } else { Vec::new() };
    let text = || text(&checks, &page, &url, app.ui.result_paint);
    app.ui.result(text, || document(&checks, &page, &url, &changes))?;
    verdict(&checks, &page, &config, &changes)
}

/// Every path with the methods of its routes; for `ANY`, those that the file allows. The API has no other routes.
fn asked<'a>(
    routes: impl Iterator<Item = (&'a str, &'a str)>,
    config: &'a Config,
) -> BTreeSet<(&'a str, &'a str)> {
    let allowed = config.cors.allow_methods.iter().map(String::as_str);
    let allowed: Vec<&str> = allowed.filter(|method| !["*", "OPTIONS"].contains(method)).collect();
    let methods = |method| if method == "ANY" { allowed.clone() } else { vec![method] };
    let asked = routes
        .flat_map(|(path, method)| methods(method).into_iter().map(move |method| (path, method)));
    asked.collect()
}

async fn check<'a>(
    session: &Session,
    url: &str,
    path: &'a str,
    ask: Ask<'a>,
    preflight_only: bool,
) -> Result<Check<'a>> {
    let url = format!("{url}{}", filled(path));
    let headers = ask.preflight_headers();
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request = Request { method: "OPTIONS", url: &url, headers: &headers, body: None };
    let answer = session.send(request).await?;
    let preflight = Seen::new(&answer, ask.judge_preflight(&answer));
    if preflight_only {
        return Ok(Check { path, ask, preflight, request: None });
    }
    let mut headers = vec![("origin", ask.origin)];
    let body = has_body(ask.method).then_some("{}");
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    let answer =
        session.send(Request { method: ask.method, url: &url, headers: &headers, body }).await?;
    let request = Some(Seen::new(&answer, ask.judge(&answer)));
    Ok(Check { path, ask, preflight, request })
}

fn has_body(method: &str) -> bool {
    ["POST", "PUT", "PATCH"].contains(&method)
}

/// `/items/{id}` names no item; `/items/stackctl` names one that is not there.
fn filled(path: &str) -> String {
    let part =
        |part: &str| if part.starts_with('{') { "stackctl".to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

impl Seen {
    fn new(answer: &Answered, refusal: Option<Refusal>) -> Self {
        Self { status: answer.status, layer: Layer::of(answer), refusal }
    }

    fn document(&self) -> Value {
        let refusal = self.refusal.as_ref();
        json!({
            "status": self.status,
            "layer": self.layer.word(),
            "refused": refusal.is_some(),
            "header": refusal.map(|refusal| refusal.header).filter(|header| !header.is_empty()),
            "why": refusal.map(|refusal| &refusal.why),
        })
    }

    fn text(&self) -> String {
        let word = if self.refusal.is_some() { "refused" } else { "ok" };
        format!("{} {} {word}", self.status, self.layer.word())
    }
}

impl Check<'_> {
    /// The refusal that a page runs into, if any.
    fn refusal(&self) -> Option<&Refusal> {
        let first = self.preflight.refusal.as_ref().filter(|_| self.ask.needs_preflight());
        first.or_else(|| self.request.as_ref()?.refusal.as_ref())
    }

    fn is_refused(&self) -> bool {
        self.refusal().is_some()
    }
}

fn findings<'a>(
    check: &'a Check<'a>,
) -> impl Iterator<Item = (&'a Refusal, &'a str, &'a [&'a str])> {
    check.refusal().map(|refusal| (refusal, check.ask.method, &*check.ask.headers)).into_iter()
}

fn text(checks: &[Check<'_>], page: &str, url: &str, paint: Paint) -> String {
    let mut lines = vec![format!("{page} → {url}/"), String::new()];
    let head = format!("{:22} {:24} {:24}", "route", "preflight", "request");
    lines.push(paint.dim(head.trim_end()));
    for check in checks {
        let needed = check.ask.needs_preflight();
        let preflight = if needed { check.preflight.text() } else { "not needed".to_owned() };
        let request = check.request.as_ref().map(Seen::text).unwrap_or_default();
        let route = format!("{} {}", check.ask.method, check.path);
        let line = format!("{route:22} {preflight:24} {request:24}");
        lines.push(match check.refusal() {
            Some(refusal) => {
                let header = if refusal.header.is_empty() { "status" } else { refusal.header };
                format!("{}\n  {header}: {}", paint.red(line.trim_end()), refusal.why)
            }
            None => line.trim_end().to_owned(),
        });
    }
    lines.join("\n")
}

fn document(checks: &[Check<'_>], page: &str, url: &str, changes: &[String]) -> Value {
    let check = |check: &Check<'_>| {
        json!({
            "method": check.ask.method,
            "path": check.path,
            "preflight_needed": check.ask.needs_preflight(),
            "preflight": check.preflight.document(),
            "request": check.request.as_ref().map(Seen::document),
            "refused": check.is_refused(),
        })
    };
    json!({
        "origin": page,
        "api_url": url,
        "allowed": !checks.iter().any(Check::is_refused),
        "checks": checks.iter().map(check).collect::<Vec<_>>(),
        "changes": changes,
    })
}

fn verdict(checks: &[Check<'_>], page: &str, config: &Config, changes: &[String]) -> Result<()> {
    let refused = checks.iter().filter(|check| check.is_refused()).count();
    if refused == 0 {
        return Ok(());
    }
    let error = Error::new(
        Kind::Findings,
        format!("a browser refuses {refused} of {} requests of {page}", checks.len()),
    );
    let error = match lookalike(&config.cors.allow_origins, page) {
        Some(alike) => error.cause(format!("`{alike}` is allowed, which is another origin")),
        None => error,
    };
    let all = changes.join("; ");
    if changes.iter().any(|change| change.contains(" = ")) {
        let hint = format!("in `stack.toml`, below `[api.cors]`: {all}; then run `stackctl up`");
        return Err(error.hint(hint));
    }
    Err(error.hint(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_asked_with_the_methods_that_it_has() {
        let config = crate::config::tests::config("name = \"app\"").expect("valid");
        let routes = [("/", "GET"), ("/", "PUT"), ("/b/{id}", "ANY")];
        let asked = asked(routes.into_iter(), &config);
        assert!(asked.contains(&("/", "PUT")) && !asked.contains(&("/b/{id}", "PUT")));
        assert!(asked.contains(&("/b/{id}", "PATCH")) && !asked.contains(&("/", "PATCH")));
        assert!(!asked.iter().any(|(_, method)| *method == "ANY"), "{asked:?}");
    }

    #[test]
    fn a_parameter_of_a_path_is_filled_in() {
        assert_eq!(filled("/items/{id}/parts/{proxy+}"), "/items/stackctl/parts/stackctl");
        assert_eq!(filled("/"), "/");
    }
}
