//! Plain HTTP requests to the API that we made, over the same TLS as everything else.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector as _, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::network::{self, Network};
use engine::error::{Error, Kind, Result};

/// An API answers within 30 s or not at all:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const PATIENCE: Duration = Duration::from_secs(31);
/// The longest answer of an API is 10 MB, says the same page.
const LONGEST: usize = 10 << 20;
const CONNECTING: Duration = Duration::from_secs(5);

/// The code of a failure to find the host: DNS does not know it, or does not know it yet.
const UNRESOLVED: &str = "NameNotResolved";

/// What to ask.
#[derive(Debug, Default, Clone)]
pub struct Request<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: Option<&'a str>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answered {
    pub status: u16,
    /// Names are lower-case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answered {
    /// The first header of that lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every header of that lower-case name: a browser refuses some that come twice.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Requests one after another, over one connection where the server keeps it, as a browser does.
pub struct Session {
    connector: SharedHttpConnector,
}

impl Session {
    pub fn new() -> Self {
        let settings = HttpConnectorSettings::builder();
        let settings = settings.connect_timeout(CONNECTING).read_timeout(PATIENCE).build();
        Self { connector: Network::chosen().connector(&settings) }
    }

    /// Sends one request and reads the whole answer.
    pub async fn send(&self, request: Request<'_>) -> Result<Answered> {
        let doing = format!("{} {}", request.method, request.url);
        let (status, headers, body) = self.exchange(&doing, request, LONGEST).await?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answered { status, headers, body })
    }

    /// Downloads what is at an address that nobody may see, because it carries its own signature.
    pub async fn download(&self, doing: &str, url: &str, longest: usize) -> Result<Vec<u8>> {
        let request = Request { method: "GET", url, ..Request::default() };
        match self.exchange(doing, request, longest).await? {
            (200..300, _, body) => Ok(body),
            (status, ..) => Err(Error::failed(doing).cause(format!("the answer was {status}"))),
        }
    }

    async fn exchange(
        &self,
        doing: &str,
        request: Request<'_>,
        longest: usize,
    ) -> Result<(u16, Vec<(String, String)>, Vec<u8>)> {
        let failed = |cause: &dyn std::fmt::Display| Error::failed(doing).cause(cause);
        let wire = on_the_wire(&request).map_err(|error| failed(&error))?;
        let answer = self.connector.call(wire).await.map_err(|error| {
            let mut failure = Error { kind: Kind::Unanswered, ..failed(&innermost(&error)) };
            if network::is_unresolved(&error) {
                failure.code = Some(UNRESOLVED.into());
            }
            failure
        })?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let mut stream = ByteStream::new(answer.into_body());
        let mut body = Vec::new();
        while let Some(part) = stream.next().await {
            body.extend_from_slice(&part.map_err(|error| failed(&error))?);
            if body.len() > longest {
                return Err(failed(
                    &"the answer is longer than it may be, and was not read to its end",
                ));
            }
        }
        Ok((status, headers, body))
    }
}

/// Whether the failure of a request is that DNS does not know the host.
pub fn is_unresolved(error: &Error) -> bool {
    error.has_code(&[UNRESOLVED])
}

/// Sends one request over a connection of its own.
pub async fn send(request: Request<'_>) -> Result<Answered> {
    Session::new().send(request).await
}

fn on_the_wire(
    request: &Request<'_>,
) -> std::result::Result<HttpRequest, aws_smithy_runtime_api::http::HttpError> {
    let mut wire = HttpRequest::new(request.body.map_or_else(SdkBody::empty, SdkBody::from));
    wire.set_method(request.method)?;
    wire.set_uri(request.url)?;
    for (name, value) in request.headers {
        wire.headers_mut().try_insert((*name).to_owned(), (*value).to_owned())?;
    }
    Ok(wire)
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}
