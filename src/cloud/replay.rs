//! For tests: hand-written answers in the place of AWS, for everything that no emulator shows.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::{Cloud, Identity, patient};

/// Calls that are expected now, in any order, and what AWS answers.
#[derive(Debug, Clone)]
pub struct Exchange(Vec<Call>);

#[derive(Debug, Clone)]
struct Call {
    /// Words of `METHOD /path target body`, such as `CreateTable` or `POST /v2/apis`.
    expects: String,
    /// `None`: the connection breaks, and nobody knows whether it was done.
    answer: Option<(u16, String)>,
}

fn exchange(expects: impl Into<String>, answer: Option<(u16, String)>) -> Exchange {
    Exchange(vec![Call { expects: expects.into(), answer }])
}

/// AWS answers `body` to a call that has `expects` in it.
#[expect(clippy::needless_pass_by_value, reason = "a script reads as calls and their answers")]
pub fn ok(expects: impl Into<String>, body: impl ToString) -> Exchange {
    exchange(expects, Some((200, body.to_string())))
}

/// AWS refuses with `code`; IAM in XML, the others in JSON.
pub fn refused(expects: impl Into<String>, status: u16, code: &str, message: &str) -> Exchange {
    let expects = expects.into();
    let body = if expects.starts_with("Action=") {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        )
    } else {
        serde_json::json!({"__type": code, "message": message}).to_string()
    };
    exchange(expects, Some((status, body)))
}

/// A REST service refuses with `code`, in XML.
pub fn refused_in_xml(
    expects: impl Into<String>,
    status: u16,
    code: &str,
    message: &str,
) -> Exchange {
    let body = format!(
        "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    exchange(expects, Some((status, body)))
}

/// The answer is lost.
pub fn lost(expects: impl Into<String>) -> Exchange {
    exchange(expects, None)
}

/// Calls that run at once and so come in any order.
pub fn together(exchanges: impl IntoIterator<Item = Exchange>) -> Exchange {
    Exchange(exchanges.into_iter().flat_map(|exchange| exchange.0).collect())
}

/// The script of a test; it fails when a call is not among the next ones that are expected.
#[derive(Debug, Clone)]
pub struct Replay {
    script: Arc<Mutex<VecDeque<Vec<Call>>>>,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Replay {
    pub fn new(script: impl IntoIterator<Item = Exchange>) -> Self {
        let script = script.into_iter().map(|exchange| exchange.0).collect();
        Self { script: Arc::new(Mutex::new(script)), sent: Arc::default() }
    }

    /// A connection to nowhere that repeats calls as the real one does: account 123456789012 in us-east-1.
    pub fn cloud(&self) -> Cloud {
        self.connected(None)
    }

    /// The same, to a local cloud.
    pub fn local_cloud(&self) -> Cloud {
        self.connected(Some("http://127.0.0.1:4566"))
    }

    fn connected(&self, endpoint: Option<&str>) -> Cloud {
        over(self.clone(), endpoint)
    }

    /// Every call that was made, as `METHOD /path target body`, those that were repeated included.
    pub fn sent(&self) -> Vec<String> {
        locked(&self.sent).clone()
    }

    /// Fails unless every expected call was made.
    pub fn is_over(&self) {
        let script = locked(&self.script);
        let left: Vec<&str> = script.iter().flatten().map(|call| call.expects.as_str()).collect();
        assert!(left.is_empty(), "never called: {left:?}");
    }

    fn answer(&self, call: &str) -> Option<(u16, String)> {
        let mut script = locked(&self.script);
        let Some(group) = script.front_mut() else {
            panic!("unexpected call: {call}");
        };
        let Some(place) = group.iter().position(|next| has_words(call, &next.expects)) else {
            let expected: Vec<&str> = group.iter().map(|next| next.expects.as_str()).collect();
            panic!("expected {expected:?}, got {call}");
        };
        let answer = group.remove(place).answer;
        if group.is_empty() {
            script.pop_front();
        }
        answer
    }
}

/// A connection whose calls `answers` answers: account 123456789012 in us-east-1.
pub fn over(answers: impl HttpConnector + 'static, endpoint: Option<&str>) -> Cloud {
    let connector = SharedHttpConnector::new(answers);
    let mut sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "a", "s", None, None, "test",
        )))
        .http_client(http_client_fn(move |_, _| connector.clone()));
    sdk.set_endpoint_url(endpoint.map(str::to_owned));
    let cloud = Cloud::new(patient(sdk.build(), None, None), None);
    let known = Identity {
        account: "123456789012".into(),
        partition: "aws".into(),
        region: "us-east-1".into(),
    };
    cloud.identity.set(Ok(known)).expect("nobody has asked yet");
    cloud
}

/// Whether `call` has `words` in it and they end there: `GetPolicy` is not in `GetPolicyVersion`.
fn has_words(call: &str, words: &str) -> bool {
    call.match_indices(words).any(|(place, _)| {
        let next = call[place + words.len()..].chars().next();
        next.is_none_or(|next| !next.is_ascii_alphanumeric() && next != '/')
    })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("the test has failed already")
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let replay = self.clone();
        HttpConnectorFuture::new(async move {
            let call = told(request).await;
            locked(&replay.sent).push(call.clone());
            match replay.answer(&call) {
                Some((status, body)) => {
                    let status = status.try_into().expect("a status");
                    Ok(HttpResponse::new(status, SdkBody::from(body)))
                }
                None => Err(ConnectorError::io("connection reset by peer".into())),
            }
        })
    }
}

/// `METHOD /path target body`, however the body is sent.
pub async fn told(mut request: HttpRequest) -> String {
    let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
    let path = request.uri().splitn(4, '/').nth(3).unwrap_or_default();
    let head = format!("{} /{path} {target}", request.method());
    let body = ByteStream::new(request.take_body()).collect().await.expect("it is in memory");
    format!("{head} {}", String::from_utf8_lossy(&body.into_bytes()))
}
