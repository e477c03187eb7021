//! An IAM that takes 1 to 20 seconds to spread what it was told: no version may be live without its rights meanwhile.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use iam::document::Document;
use package::{Architecture, Artifact};
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::cloud::replay::{over, told};
use crate::resources::fixture::{
    IAM_TAGS, ROLE, config, configuration, encoded, iam as answer, there,
};
use crate::resources::{Attachments, LogGroup, Policy, Queues, Role, Source};
use engine::Graph;

const ARN: &str = "arn:aws:iam::123456789012:policy/Data";

/// The two versions that alternate need one of these each.
const NEEDS: [&str; 2] = ["dynamodb:GetItem", "dynamodb:Query"];

const NOT_FOUND: &str = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>not found</Message></Error></ErrorResponse>";

/// What happened when.
#[derive(Debug, Default)]
struct History {
    /// Versions of the policy by number, the first is 1; `None` after it was deleted.
    versions: Vec<Option<String>>,
    /// When a version became the default, which, and how long IAM took to spread it.
    defaults: Vec<(Option<Instant>, usize, Duration)>,
    /// When `live` was moved, and to which version of the function.
    lives: Vec<(Option<Instant>, usize)>,
    published: usize,
    /// Digests of the code by version.
    codes: Vec<String>,
}

#[derive(Debug, Clone)]
struct World(Arc<Mutex<History>>);

impl World {
    fn new(document: &str, code: &str) -> Self {
        let history = History {
            versions: vec![Some(document.to_owned())],
            defaults: vec![(None, 1, Duration::ZERO)],
            lives: vec![(None, 1)],
            published: 1,
            codes: vec![code.to_owned()],
        };
        Self(Arc::new(Mutex::new(history)))
    }

    fn answer(&self, call: &str) -> (u16, String) {
        let mut history = self.0.lock().expect("nobody panics here");
        let field = |name: &str| {
            let text =
                call.split(['&', ' ']).find_map(|part| part.strip_prefix(&format!("{name}=")));
            let text = text.unwrap_or_default().replace('+', " ");
            percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let number =
            || field("VersionId").trim_start_matches('v').parse::<usize>().expect("a number");
        let default = history.defaults.last().expect("there is one").1;
        let live = history.lives.last().expect("there is one").1;
        let body = match () {
            () if call.contains("Action=GetPolicyVersion") => {
                let Some(text) = history.versions[number() - 1].clone() else {
                    return (404, NOT_FOUND.into());
                };
                let text = encoded(&text);
                let version = format!("<PolicyVersion><Document>{text}</Document></PolicyVersion>");
                answer("GetPolicyVersion", &version)
            }
            () if call.contains("Action=GetPolicy") => answer(
                "GetPolicy",
                &format!(
                    "<Policy><PolicyName>Data</PolicyName><Arn>{ARN}</Arn><DefaultVersionId>v{default}</DefaultVersionId>{IAM_TAGS}</Policy>"
                ),
            ),
            () if call.contains("Action=ListPolicyVersions") => {
                let there = history.versions.iter().enumerate().filter(|(_, text)| text.is_some());
                let members: String = there.map(|(place, _)| format!("<member><VersionId>v{0}</VersionId><IsDefaultVersion>{1}</IsDefaultVersion><CreateDate>2026-01-01T00:{0:02}:00Z</CreateDate></member>", place + 1, place + 1 == default)).collect();
                answer(
                    "ListPolicyVersions",
                    &format!("<Versions>{members}</Versions><IsTruncated>false</IsTruncated>"),
                )
            }
            () if call.contains("Action=CreatePolicyVersion") => {
                history.versions.push(Some(field("PolicyDocument")));
                let version = history.versions.len();
                answer(
                    "CreatePolicyVersion",
                    &format!("<PolicyVersion><VersionId>v{version}</VersionId></PolicyVersion>"),
                )
            }
            () if call.contains("Action=DeletePolicyVersion") => {
                history.versions[number() - 1] = None;
                answer("DeletePolicyVersion", "")
            }
            () if call.contains("Action=SetDefaultPolicyVersion") => {
                let late = Duration::from_secs(fastrand::u64(1..=20));
                history.defaults.push((Some(Instant::now()), number(), late));
                answer("SetDefaultPolicyVersion", "")
            }
            () if call.starts_with("GET") && call.contains("/aliases/live") => {
                json!({"FunctionVersion": live.to_string(), "RevisionId": "alias"}).to_string()
            }
            () if call.starts_with("PUT") && call.contains("/aliases/live") => {
                let version = history.published;
                history.lives.push((Some(Instant::now()), version));
                json!({"RevisionId": "alias"}).to_string()
            }
            () if call.contains("/configuration?Qualifier=live") => configuration(
                &json!({"CodeSha256": history.codes[live - 1], "Version": live.to_string()}),
            )
            .to_string(),
            () if call.contains("/code") => {
                history.published += 1;
                json!({"Version": history.published.to_string()}).to_string()
            }
            () if call.contains("/invocations") => r#"{"statusCode":400,"body":"{}"}"#.into(),
            () => panic!("unexpected call: {call}"),
        };
        (200, body)
    }

    /// Every moment at which a policy that may be in force does not allow what the live version needs.
    fn denials(&self) -> Vec<String> {
        let history = self.0.lock().expect("nobody panics here");
        let begin = history.defaults.iter().find_map(|one| one.0).expect("something was written");
        let end = history.lives.iter().chain([]).filter_map(|one| one.0).max().expect("it moved");
        let end = end + Duration::from_mins(1);
        let mut denials = Vec::new();
        let mut now = begin;
        while now < end {
            let past = |when: &Option<Instant>| when.is_none_or(|when| when <= now);
            let live = history.lives.iter().rev().find(|one| past(&one.0)).expect("one is live").1;
            let set: Vec<_> = history.defaults.iter().filter(|one| past(&one.0)).collect();
            let spread = |one: &&(Option<Instant>, usize, Duration)| {
                one.0.is_none_or(|when| when + one.2 <= now)
            };
            let oldest = set.iter().rposition(spread).expect("the first has spread");
            for (_, version, _) in &set[oldest..] {
                let text = history.versions[version - 1].as_deref().unwrap_or_default();
                let needed = NEEDS[(live - 1) % 2];
                if !text.is_empty() && !text.contains(needed) {
                    denials.push(format!(
                        "version {live} lacks {needed} at {:?}: {text}",
                        now - begin
                    ));
                }
            }
            now += Duration::from_millis(100);
        }
        denials
    }
}

impl HttpConnector for World {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let world = self.clone();
        HttpConnectorFuture::new(async move {
            let (status, body) = world.answer(&told(request).await);
            Ok(HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body)))
        })
    }
}

fn allowing(action: &str) -> Document {
    Document::allow_table([action], ["arn:aws:dynamodb:us-east-1:123456789012:table/app-data"])
}

fn code(number: usize) -> Artifact {
    Artifact::new("bootstrap.zip".into(), Architecture::X86_64, format!("{number}").into_bytes())
}

#[tokio::test(start_paused = true)]
async fn two_versions_with_different_rights_alternate_and_neither_is_ever_denied() {
    let world = World::new(&allowing(NEEDS[0]).to_json(), &code(1).sha256.base64());
    let (cloud, config, progress) = (over(world.clone(), None), config(), Progress::silent());
    for round in 2..22 {
        let mut graph = Graph::default();
        let role = graph.add(Role::new(&cloud, &config));
        let log_group = graph.add(LogGroup::new(&cloud, &config));
        let wanted = allowing(NEEDS[(round - 1) % 2]);
        let data = move |_: &crate::cloud::Identity| wanted.clone();
        let policy = Policy::new(&cloud, &config, "Data", data.clone());
        let handle = graph.add(Policy::new(&cloud, &config, "Data", data));
        let keeps: Arc<std::sync::atomic::AtomicBool> = Arc::default();
        let attachments =
            Attachments::new(&cloud, &config, role, vec![handle], None, keeps.clone());
        let attachments = graph.add(attachments);
        let code_handle =
            graph.add(Code::new(&cloud, Source::File("zip".into(), Architecture::X86_64)));
        let function =
            graph.add(Function::new(&cloud, &config, role, code_handle, Queues::default()));
        let rights = Rights { policies: vec![handle], attachments, keeps };
        assert!(rights.ids().count() == 2);
        let release =
            Release::new(&cloud, &config, function, log_group, code_handle, rights.clone());
        for id in rights.ids() {
            assert!(Resource::follows(&release).contains(&id), "the alias waits for every right");
        }

        let before = there(&policy).await;
        let widened = policy.update(&Inputs::default(), &before, &progress).await.expect("widened");
        let inputs = Inputs::default()
            .with(handle, widened.clone())
            .with(
                function,
                LiveFunction {
                    role: ROLE.into(),
                    settings: Settings::wanted(&config),
                    code_sha256: "another".into(),
                    architecture: "x86_64".into(),
                    ..LiveFunction::default()
                },
            )
            .with(code_handle, code(round));
        world.0.lock().expect("nobody panics here").codes.push(code(round).sha256.base64());
        let live = there(&release).await;
        release.update(&inputs, &live, &progress).await.expect("shipped");
        policy.finish(&inputs, &widened, &progress).await.expect("narrowed");
    }
    assert_eq!(world.0.lock().expect("nobody panics here").lives.len(), 21);
    assert_eq!(world.denials(), [""; 0]);
}
