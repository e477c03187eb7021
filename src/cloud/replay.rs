//! For tests: hand-written answers in the place of AWS, for everything that no emulator shows.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;

use super::Cloud;

/// One call that is expected, and what AWS would answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// A part of `METHOD path target body`, such as `CreateTable` or `POST /v2/apis`.
    pub expects: &'static str,
    /// `None`: the connection breaks, and nobody knows whether it was done.
    pub answer: Option<(u16, String)>,
}

/// AWS answers `body` to a call that contains `expects`.
pub fn ok(expects: &'static str, body: impl Into<String>) -> Exchange {
    Exchange { expects, answer: Some((200, body.into())) }
}

/// AWS refuses with `code`; JSON services and IAM alike.
pub fn refused(expects: &'static str, status: u16, code: &str, message: &str) -> Exchange {
    let body = if expects.starts_with("Action=") {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        )
    } else {
        format!("{{\"__type\":\"{code}\",\"message\":\"{message}\"}}")
    };
    Exchange { expects, answer: Some((status, body)) }
}

/// The answer is lost.
pub fn lost(expects: &'static str) -> Exchange {
    Exchange { expects, answer: None }
}

/// The script of a test; it fails when a call is not the next one that was expected.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    script: Arc<Mutex<VecDeque<Exchange>>>,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Replay {
    pub fn new(script: impl IntoIterator<Item = Exchange>) -> Self {
        Self { script: Arc::new(Mutex::new(script.into_iter().collect())), sent: Arc::default() }
    }

    /// A connection to nowhere: account 123456789012, region us-east-1, no retries.
    pub fn cloud(&self) -> Cloud {
        let connector = SharedHttpConnector::new(self.clone());
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "a", "s", None, None, "test",
            )))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let cloud = Cloud::new(sdk, None);
        let known = super::Identity {
            account: "123456789012".into(),
            partition: "aws".into(),
            region: "us-east-1".into(),
        };
        cloud.identity.set(Ok(known)).expect("nobody has asked yet");
        cloud
    }

    /// What was sent, as `METHOD path target body`.
    pub fn sent(&self) -> Vec<String> {
        self.sent.lock().expect("no test panics while it holds this").clone()
    }

    /// Fails unless every expected call was made.
    pub fn is_over(&self) {
        let left = self.script.lock().expect("no test panics while it holds this");
        assert!(
            left.is_empty(),
            "never called: {:?}",
            left.iter().map(|exchange| exchange.expects).collect::<Vec<_>>()
        );
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let path = request.uri().split("amazonaws.com").nth(1).unwrap_or_default();
        let call = format!("{} {path} {target} {body}", request.method());
        let exchange = self.script.lock().expect("no test panics while it holds this").pop_front();
        let exchange = exchange.unwrap_or_else(|| panic!("unexpected call: {call}"));
        assert!(call.contains(exchange.expects), "expected {}, got {call}", exchange.expects);
        self.sent.lock().expect("no test panics while it holds this").push(call);
        HttpConnectorFuture::ready(match exchange.answer {
            Some((status, body)) => {
                let status = status.try_into().expect("a status");
                Ok(HttpResponse::new(status, SdkBody::from(body)))
            }
            None => Err(ConnectorError::io("connection reset by peer".into())),
        })
    }
}
