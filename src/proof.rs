//! The proof that a version answers: what a deploy is for. Only the version's own faults count against it, and only those
//! that last; what the network, DNS and the gateway do says nothing about the code.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answered, Request, Session, is_unresolved};
use engine::Progress;
use engine::error::{Error, Result};
use verify::manifest::{Manifest, Route};

use crate::blueprint::Form;

/// An endpoint that has answered before.
const PATIENCE: Duration = Duration::from_mins(1);
/// A new endpoint, or one with a change: the gateway answers 404, 403 or 5xx until it has spread:
/// <https://github.com/serverless/serverless/issues/13706>
const SPREADING: Duration = Duration::from_mins(2);
/// A name that DNS does not know yet may be remembered as unknown on the way for minutes.
const NAMING: Duration = Duration::from_mins(5);

/// Faults are a version's own when there are so many in a row and they last so long: cold starts under load, and the last
/// seconds of a change, are over by then.
const FAULTS: u32 = 3;
const LASTING: Duration = Duration::from_secs(10);

/// Requests after the first one, for the median.
pub const MORE: usize = 3;

/// Whoever asks for no median waits for the first answer alone.
pub const NO_MORE: usize = 0;

/// The header by which the handler tells the number that Lambda gave it.
const VERSION: &str = "x-function-version";

/// That a version answered, and how soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// All of it.
    pub waited: Duration,
    /// The first request that the version answered.
    pub took: Duration,
    /// The median of the next few, over the same connection; of the first one where there were no more.
    pub p50: Duration,
}

/// What there was at the endpoint before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Nothing yet, nobody knows, or something about it was changed: it may take a while.
    New,
    /// Another version, which answered.
    Serving,
}

/// What Lambda says of a version that is invoked past the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invoked {
    /// It answered, after so long.
    Answered(Duration),
    /// It failed, and how.
    Failed(String),
    /// It may not be invoked, or not now.
    Unknown,
}

/// How a version is proved.
#[derive(Debug, Clone)]
pub struct Question {
    /// Where to send a `GET`; `None` when no route takes one that can be sent at any time.
    pub path: Option<String>,
    pub form: Form,
    /// What takes no requests is not asked: an event that somebody else made would be work for it.
    pub takes_requests: bool,
    /// Whether the gateway wants a token for that request, which a deployer does not have.
    pub needs_token: bool,
}

/// The path of the request that proves a version: a `GET` without parameters, which lacks what every route needs, so that
/// nothing is read or written; of several a public one, where routes ask for tokens. `None` when the handler has no such route.
pub fn asked(manifest: &Manifest, has_users: bool) -> Option<String> {
    let public = |route: &&Route| !has_users || route.public;
    shortest(manifest.routes.iter().filter(public)).or_else(|| shortest(manifest.routes.iter()))
}

fn shortest<'a>(routes: impl Iterator<Item = &'a Route>) -> Option<String> {
    let plain = |path: &str| !path.contains('{');
    let paths = routes.filter(|route| ["GET", "ANY"].contains(&route.method.as_str()));
    let paths = paths.map(|route| route.path.as_str()).filter(|path| plain(path));
    paths.min_by_key(|path| path.len()).map(str::to_owned)
}

/// Asks for one version until it has answered.
pub struct Probe<'a> {
    version: &'a str,
    endpoint: Endpoint,
    form: Form,
    needs_token: bool,
    row: RefCell<Row>,
    at_fault: Cell<bool>,
}

/// Faults one after another.
#[derive(Debug, Default)]
struct Row {
    count: u32,
    since: Option<Instant>,
}

impl Row {
    /// One more; whether they are so many now, and have lasted so long.
    fn lengthen(&mut self) -> bool {
        let since = *self.since.get_or_insert_with(Instant::now);
        self.count += 1;
        self.count >= FAULTS && since.elapsed() >= LASTING
    }
}

impl<'a> Probe<'a> {
    pub fn new(version: &'a str, endpoint: Endpoint, form: Form) -> Self {
        Self {
            version,
            endpoint,
            form,
            needs_token: false,
            row: RefCell::default(),
            at_fault: Cell::new(false),
        }
    }

    /// The same for a request that the gateway refuses, when it does what it shall.
    #[must_use]
    pub fn refused_without_token(self, needs_token: bool) -> Self {
        Self { needs_token, ..self }
    }

    /// Whether it is the version itself that failed, and not what is around it.
    pub fn is_at_fault(&self) -> bool {
        self.at_fault.get()
    }

    /// Asks `url` until the version answers, and then `further` times.
    pub async fn answers(
        &self,
        url: &str,
        further: usize,
        invoke: impl AsyncFn() -> Invoked,
        progress: &Progress,
    ) -> Result<Proof> {
        let session = Session::new();
        self.prove(
            further,
            async || ask(&session, url, self.version, self.form).await,
            invoke,
            progress,
        )
        .await
    }

    /// The same for a version that no request through the gateway can prove.
    pub async fn answers_lambda(&self, invoke: impl AsyncFn() -> Invoked) -> Result<Option<Proof>> {
        match invoke().await {
            Invoked::Answered(took) => Ok(Some(Proof { waited: took, took, p50: took })),
            Invoked::Failed(told) => Err(self.fault(&told)),
            Invoked::Unknown => Ok(None),
        }
    }

    async fn prove(
        &self,
        further: usize,
        ask: impl AsyncFn() -> Found,
        invoke: impl AsyncFn() -> Invoked,
        progress: &Progress,
    ) -> Result<Proof> {
        let (since, answers) = (Instant::now(), RefCell::new(Vec::new()));
        let what = format!("version {} answers", self.version);
        let found = wait::until(progress, &what, NAMING, || async {
            loop {
                let found = ask().await;
                let Found::Version(took) = found else {
                    return self.judge(found, since.elapsed(), &invoke).await;
                };
                self.row.take();
                answers.borrow_mut().push(took);
                if answers.borrow().len() > further {
                    return Ok(Poll::Ready(took));
                }
            }
        });
        let last = found.await?;
        let waited = since.elapsed();
        let mut took = answers.into_inner();
        if took.is_empty() {
            return Ok(Proof { waited, took: last, p50: last });
        }
        let first = took.remove(0);
        took.sort();
        Ok(Proof { waited, took: first, p50: took.get(further / 2).copied().unwrap_or(first) })
    }

    /// What follows from anything but an answer of the version.
    async fn judge(
        &self,
        found: Found,
        waited: Duration,
        invoke: &impl AsyncFn() -> Invoked,
    ) -> Result<Poll<Duration>> {
        let (told, patience) = match found {
            Found::Version(took) => return Ok(Poll::Ready(took)),
            Found::Another(told) => {
                self.row.take();
                (told, self.patience())
            }
            Found::Fault(told) => {
                if self.row.borrow_mut().lengthen() {
                    return Err(self.fault(&told));
                }
                (told, self.patience())
            }
            Found::Gateway(told) => {
                if self.row.borrow_mut().lengthen() {
                    match invoke().await {
                        Invoked::Failed(why) => return Err(self.fault(&format!("{told}; {why}"))),
                        // Then it is not the version: the next look at it is as late.
                        _ => drop(self.row.take()),
                    }
                }
                (told, self.patience())
            }
            // No route of the gateway leads there, and none has changed: there is only Lambda to ask.
            Found::NoRoute(_) if self.endpoint == Endpoint::Serving && waited >= LASTING => {
                match invoke().await {
                    Invoked::Answered(took) => return Ok(Poll::Ready(took)),
                    Invoked::Failed(why) => return Err(self.fault(&why)),
                    Invoked::Unknown => ("no route leads there".to_owned(), Duration::ZERO),
                }
            }
            // The gateway does what it shall, and Lambda knows what is behind it.
            Found::Refused(told) if self.needs_token => match invoke().await {
                Invoked::Answered(took) => return Ok(Poll::Ready(took)),
                Invoked::Failed(why) => return Err(self.fault(&why)),
                Invoked::Unknown => (
                    format!(
                        "{told}, as it shall be; to check the version behind it, the deployer needs lambda:InvokeFunction"
                    ),
                    Duration::ZERO,
                ),
            },
            // The function answers, and Lambda knows which version that is.
            Found::Unsigned(told) if self.form == Form::Audited => match invoke().await {
                Invoked::Answered(took) => return Ok(Poll::Ready(took)),
                Invoked::Failed(why) => return Err(self.fault(&why)),
                Invoked::Unknown => (told, self.patience()),
            },
            Found::Unsigned(told) => {
                (format!("{told}, without the header `{VERSION}`"), self.patience())
            }
            Found::NoRoute(told) | Found::Nobody(told) | Found::Refused(told) => {
                (told, self.patience())
            }
            Found::Unnamed(told) if self.endpoint == Endpoint::New => {
                (format!("the new API is not in DNS yet: {told}"), NAMING)
            }
            Found::Unnamed(told) => (told, self.patience()),
        };
        if waited < patience {
            return Ok(Poll::Pending(told));
        }
        let what = format!("wait until version {} answers", self.version);
        Err(Error::failed(what).cause(format!("after {} s: {told}", waited.as_secs())))
    }

    fn patience(&self) -> Duration {
        if self.endpoint == Endpoint::New { SPREADING } else { PATIENCE }
    }

    fn fault(&self, told: &str) -> Error {
        self.at_fault.set(true);
        Error::failed(format!("prove that version {} answers", self.version)).cause(told)
    }
}

/// Who answered one request.
#[derive(Debug, Clone)]
enum Found {
    /// The version, after so long.
    Version(Duration),
    Another(String),
    /// The version, with a failure of its own.
    Fault(String),
    /// The gateway, with a failure: of the version, of Lambda, or of its own.
    Gateway(String),
    /// The gateway, which has no such route, or not yet.
    NoRoute(String),
    /// The gateway, which wants a token, or another one.
    Refused(String),
    /// A function, which does not say its version.
    Unsigned(String),
    /// The gateway with something else, or nobody at all.
    Nobody(String),
    /// DNS does not know the host.
    Unnamed(String),
}

async fn ask(session: &Session, url: &str, version: &str, form: Form) -> Found {
    let asked = Instant::now();
    let request = Request { method: "GET", url, ..Request::default() };
    match session.send(request).await {
        Ok(answer) => found(&answer, version, form, asked.elapsed()),
        Err(error) if is_unresolved(&error) => Found::Unnamed(error.to_string()),
        Err(error) => Found::Nobody(error.to_string()),
    }
}

fn found(answer: &Answered, version: &str, form: Form, took: Duration) -> Found {
    let body: String = answer.body.chars().take(200).collect();
    let told = format!("the answer is {} {body}", answer.status);
    let of_the_gateway = is_of_the_gateway(&answer.body);
    match (answer.header(VERSION), answer.status) {
        (Some(other), _) if other != version => {
            Found::Another(format!("version {other} still answers"))
        }
        (Some(_), ..500) => Found::Version(took),
        (Some(_), _) => Found::Fault(told),
        (None, 404) if of_the_gateway || form == Form::Declared => Found::NoRoute(told),
        (None, 500..) if of_the_gateway || form == Form::Declared => Found::Gateway(told),
        (None, 401 | 403) if of_the_gateway => Found::Refused(told),
        (None, 429) => Found::Nobody(told),
        (None, _) if of_the_gateway => Found::Nobody(told),
        (None, _) => Found::Unsigned(told),
    }
}

/// Whether API Gateway itself wrote the body: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting.html>
fn is_of_the_gateway(body: &str) -> bool {
    const WORDS: [&str; 6] = [
        "Not Found",
        "Forbidden",
        "Unauthorized",
        "Internal Server Error",
        "Service Unavailable",
        "Too Many Requests",
    ];
    let Ok(Value::Object(document)) = serde_json::from_str::<Value>(body) else { return false };
    let message = document.get("message").and_then(Value::as_str);
    document.len() == 1 && message.is_some_and(|message| WORDS.contains(&message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(5);

    fn version() -> Found {
        Found::Version(SOON)
    }

    /// Gives `answers` one after another, the last one for ever.
    async fn proved(
        endpoint: Endpoint,
        answers: &[Found],
        further: usize,
        invoked: Invoked,
    ) -> (Result<Proof>, bool, Duration) {
        let (since, next) = (Instant::now(), Cell::new(0));
        let probe = Probe::new("7", endpoint, Form::Declared);
        let ask = async || {
            let index = next.replace(next.get() + 1);
            answers[index.min(answers.len() - 1)].clone()
        };
        let invoke = async || invoked.clone();
        let proof = probe.prove(further, ask, invoke, &Progress::silent()).await;
        (proof, probe.is_at_fault(), since.elapsed())
    }

    fn all(make: fn(String) -> Found, told: &str) -> Vec<Found> {
        vec![make(told.to_owned())]
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_network_and_the_gateway_do_is_never_the_versions_fault() {
        let fine = Invoked::Answered(SOON);
        for found in [
            all(Found::Nobody, "connection reset"),
            all(Found::Nobody, "the answer is 429"),
            all(Found::Gateway, "the answer is 503"),
            all(Found::Unnamed, "no such host"),
        ] {
            for endpoint in [Endpoint::New, Endpoint::Serving] {
                let (proof, at_fault, took) = proved(endpoint, &found, 0, fine.clone()).await;
                assert!(proof.is_err() && !at_fault, "{endpoint:?} {found:?}");
                assert!(took >= PATIENCE, "{took:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn faults_that_pass_within_seconds_are_outlasted() {
        for fault in [Found::Fault as fn(String) -> Found, Found::Gateway] {
            let mut answers = vec![fault("503".to_owned()); 5];
            answers.push(version());
            let failing = Invoked::Failed("it exits".into());
            let (proof, ..) = proved(Endpoint::Serving, &answers, 0, failing).await;
            assert_eq!(proof.expect("it answers in the end").took, SOON);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_version_that_fails_for_ten_seconds_is_at_fault() {
        let faults = all(Found::Fault, "the answer is 500");
        let (proof, at_fault, took) = proved(Endpoint::Serving, &faults, 0, Invoked::Unknown).await;
        assert!(proof.is_err() && at_fault);
        assert!(took >= LASTING && took < PATIENCE, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_of_the_gateway_is_the_versions_when_lambda_says_so() {
        let faults = all(Found::Gateway, "the answer is 500");
        let failing = Invoked::Failed("it exits".into());
        let (proof, at_fault, took) = proved(Endpoint::New, &faults, 0, failing).await;
        let error = proof.expect_err("it fails");
        assert!(at_fault && took >= LASTING, "{took:?}");
        assert!(error.cause.is_some_and(|cause| cause.ends_with("; it exits")));
    }

    #[tokio::test(start_paused = true)]
    async fn one_fault_among_further_answers_is_allowed() {
        let answers = [version(), Found::Fault("500".into()), version(), version(), version()];
        let (proof, at_fault, _) =
            proved(Endpoint::Serving, &answers, MORE, Invoked::Unknown).await;
        assert!(proof.is_ok() && !at_fault);
    }

    fn answer(status: u16, body: &str) -> Answered {
        Answered { status, headers: Vec::new(), body: body.to_owned() }
    }

    #[test]
    fn an_answer_of_a_function_is_told_from_one_of_the_gateway() {
        let kind = |status, body, form| found(&answer(status, body), "7", form, SOON);
        let own = r#"{"message":"Not Found"}"#;
        assert!(matches!(kind(404, own, Form::Audited), Found::NoRoute(_)));
        for (status, body) in [(200, "hi"), (404, r#"{"error":"no such link"}"#), (500, "oh")] {
            assert!(matches!(kind(status, body, Form::Audited), Found::Unsigned(_)), "{status}");
        }
        assert!(matches!(kind(500, "oh", Form::Declared), Found::Gateway(_)));
        let broken = r#"{"message":"Internal Server Error"}"#;
        assert!(matches!(kind(500, broken, Form::Audited), Found::Gateway(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_route_lambda_is_asked() {
        let missing = all(Found::NoRoute, "the answer is 404");
        let (proof, ..) = proved(Endpoint::Serving, &missing, 0, Invoked::Answered(SOON)).await;
        assert_eq!(proof.expect("Lambda says so").took, SOON);
        let (proof, at_fault, took) =
            proved(Endpoint::New, &missing, 0, Invoked::Answered(SOON)).await;
        assert!(proof.is_err() && !at_fault && took >= SPREADING, "the gateway has to learn of it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_dns_learns_late_is_waited_for() {
        // By the clock and not by the number of looks: the pauses between them are random.
        let since = Instant::now();
        let learnt = SPREADING + Duration::from_secs(30);
        let ask = async || match since.elapsed() < learnt {
            true => Found::Unnamed("no such host".into()),
            false => version(),
        };
        let probe = Probe::new("7", Endpoint::New, Form::Declared);
        let proof = probe.prove(0, ask, async || Invoked::Unknown, &Progress::silent()).await;
        assert!(proof.is_ok_and(|proof| proof.waited >= learnt));
    }

    #[test]
    fn who_answered_is_told_by_the_header_alone() {
        let answer = |status, version: Option<&str>| {
            let headers = version.map(|version| (VERSION.to_owned(), version.to_owned()));
            let answer =
                Answered { status, headers: headers.into_iter().collect(), body: String::new() };
            found(&answer, "7", Form::Declared, SOON)
        };
        assert!(matches!(answer(400, Some("7")), Found::Version(_)));
        assert!(matches!(answer(500, Some("7")), Found::Fault(_)));
        assert!(matches!(answer(500, Some("6")), Found::Another(_)));
        assert!(matches!(answer(500, None), Found::Gateway(_)));
        assert!(matches!(answer(404, None), Found::NoRoute(_)));
        assert!(matches!(answer(429, None), Found::Nobody(_)));
    }

    #[test]
    fn a_handler_without_a_root_is_asked_for_what_it_has() {
        let manifest = |routes: &str| {
            let text = format!("operations! {{ get: GetItem }} routes! {{ {routes} }}");
            Manifest::from_sources(&[("routes.rs", text.as_str())]).expect("it is valid")
        };
        let plain = manifest(r#"GET "/items" => a [GetItem], POST "/" => a [GetItem]"#);
        let asked = |manifest: &Manifest| asked(manifest, false);
        assert_eq!(asked(&plain).as_deref(), Some("/items"));
        let root = manifest(r#"GET "/items" => a [GetItem], GET "/" => a [GetItem]"#);
        assert_eq!(asked(&root).as_deref(), Some("/"));
        assert_eq!(asked(&manifest(r#"POST "/" => a [GetItem]"#)), None);
    }

    #[test]
    fn a_route_that_needs_no_token_is_asked_first() {
        let lines = r#"GET "/" => a [], public GET "/health" => b []"#;
        let text = format!("operations! {{ get: GetItem }} routes! {{ {lines} }}");
        let manifest = Manifest::from_sources(&[("routes.rs", text)]).expect("it is valid");
        assert_eq!(asked(&manifest, true).as_deref(), Some("/health"));
        assert_eq!(asked(&manifest, false).as_deref(), Some("/"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_gateway_that_wants_a_token_is_right_and_lambda_is_asked_for_the_version() {
        let refused = answer(401, r#"{"message":"Unauthorized"}"#);
        let ask = async || found(&refused, "7", Form::Declared, SOON);
        for (needs_token, invoked, is_proved, is_at_fault) in [
            (true, Invoked::Answered(SOON), true, false),
            (true, Invoked::Failed("it exits".into()), false, true),
            (true, Invoked::Unknown, false, false),
            (false, Invoked::Answered(SOON), false, false),
        ] {
            let probe = Probe::new("7", Endpoint::Serving, Form::Declared);
            let probe = probe.refused_without_token(needs_token);
            let invoke = async || invoked.clone();
            let proof = probe.prove(0, ask, invoke, &Progress::silent()).await;
            assert_eq!(
                (proof.is_ok(), probe.is_at_fault()),
                (is_proved, is_at_fault),
                "{invoked:?}"
            );
        }
    }
}
