//! Counts the calls that AWS refused because they came too fast: the SDK sends them again without a word.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::bounded::bounded;

/// What the services call it, in a header or in the body: IAM's is `Throttling`.
const CODES: [&str; 4] = ["Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"];

/// How often AWS refused a call of this run because it came too fast.
#[derive(Debug, Clone, Default)]
pub struct Slowed(Arc<AtomicU32>);

impl Slowed {
    pub fn times(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// `client`, with an eye on what comes back.
    pub(super) fn watch(&self, client: impl HttpClient + 'static) -> SharedHttpClient {
        let slowed = self.clone();
        http_client_fn(move |settings, components| {
            let inner = client.http_connector(settings, components);
            SharedHttpConnector::new(Watched { inner, slowed: slowed.clone() })
        })
    }

    async fn look_at(&self, mut answer: HttpResponse) -> Result<HttpResponse, ConnectorError> {
        let is_throttled = match answer.status().as_u16() {
            429 => true,
            400 | 503 => {
                let body = ByteStream::new(answer.take_body()).collect().await;
                let body = body.map_err(|error| ConnectorError::io(error.into()))?.into_bytes();
                let kind = answer.headers().get("x-amzn-errortype").unwrap_or_default();
                let told = format!("{kind} {}", String::from_utf8_lossy(&body));
                *answer.body_mut() = SdkBody::from(body);
                CODES.iter().any(|code| told.contains(code))
            }
            _ => false,
        };
        self.0.fetch_add(is_throttled.into(), Ordering::Relaxed);
        Ok(answer)
    }
}

#[derive(Debug)]
struct Watched {
    inner: SharedHttpConnector,
    slowed: Slowed,
}

impl HttpConnector for Watched {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, slowed) = (self.inner.call(request), self.slowed.clone());
        HttpConnectorFuture::new(async move { slowed.look_at(bounded(answer.await?)).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn seen(status: u16, body: &'static str) -> (u32, Vec<u8>) {
        let slowed = Slowed::default();
        let status = status.try_into().expect("a status");
        let answer = HttpResponse::new(status, SdkBody::from(body));
        let answer = slowed.look_at(answer).await.expect("the body is in memory");
        (slowed.times(), answer.body().bytes().expect("it is still there").to_vec())
    }

    #[tokio::test]
    async fn a_refusal_for_haste_is_counted_and_passed_on_whole() {
        let iam = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";
        let dynamodb = r#"{"__type":"com.amazon.coral.availability#ThrottlingException"}"#;
        for (status, body) in [(400, iam), (400, dynamodb), (429, "{}"), (503, "SlowDown")] {
            assert_eq!(seen(status, body).await, (1, body.as_bytes().to_vec()), "{status} {body}");
        }
    }

    #[tokio::test]
    async fn another_answer_is_not() {
        let absent = r#"{"__type":"ResourceNotFoundException"}"#;
        for (status, body) in [(200, "Throttling"), (400, absent), (500, ""), (404, absent)] {
            assert_eq!(seen(status, body).await, (0, body.as_bytes().to_vec()), "{status} {body}");
        }
    }
}
