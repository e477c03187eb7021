//! AWS's REST protocol with XML: <https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html>

use std::fmt::Debug;

use aws_runtime::auth::SigningOptions;
use aws_sigv4::http_request::SignableBody;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use md5::{Digest as _, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Failure;
use crate::client::{Answer, Call, Client};
use crate::xml::Element;

/// What RFC 3986 leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same in a path.
const PATH: &AsciiSet = &PLAIN.remove(b'/');

/// A request that is being put together.
#[derive(Debug)]
pub(crate) struct Rest {
    operation: &'static str,
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: SdkBody,
    /// The SHA-256 of a body that is not in memory.
    digest: Option<String>,
    /// What comes before the host.
    prefix: Option<String>,
    /// S3 signs a path as it is sent, and says the digest of the body.
    of_s3: bool,
}

impl Rest {
    /// `path` is not yet encoded.
    pub fn new(operation: &'static str, method: &'static str, path: &str) -> Self {
        Self {
            operation,
            method,
            target: utf8_percent_encode(path, PATH).to_string(),
            headers: Vec::new(),
            body: SdkBody::empty(),
            digest: None,
            prefix: None,
            of_s3: false,
        }
    }

    /// A path in a header.
    pub fn encoded(path: &str) -> String {
        utf8_percent_encode(path, PATH).to_string()
    }

    pub fn of_s3(mut self, prefix: Option<String>) -> Self {
        self.of_s3 = true;
        self.prefix = prefix;
        self
    }

    /// Adds a parameter; one without a value is its name alone.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.target.push(if self.target.contains('?') { '&' } else { '?' });
        self.target.push_str(name);
        if !value.is_empty() {
            self.target.push('=');
            self.target.extend(utf8_percent_encode(value, PLAIN));
        }
        self
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// A body in memory. S3 asks for its MD5 where a wrong byte would do harm.
    pub fn text(mut self, kind: &str, text: String) -> Self {
        if self.of_s3 {
            let digest = aws_smithy_types::base64::encode(Md5::digest(text.as_bytes()));
            self = self.header("content-md5", digest);
        }
        self.body = SdkBody::from(text);
        self.header("content-type", kind)
    }

    pub fn xml(self, document: &Element, namespace: &str) -> Self {
        self.text("application/xml", document.written(namespace))
    }

    /// A body that comes from a file, of which the digest is known.
    pub fn file(mut self, body: SdkBody, sha256: &str) -> Self {
        self.body = body;
        self.digest = Some(sha256.to_owned());
        self
    }

    fn signing(&self) -> SigningOptions {
        let mut signing = SigningOptions::default();
        if self.of_s3 {
            signing.double_uri_encode = false;
            signing.normalize_uri_path = false;
            signing.content_sha256_header = true;
        }
        signing.payload_override = self.digest.clone().map(SignableBody::Precomputed);
        signing
    }

    fn request(self) -> Result<HttpRequest, Box<dyn std::error::Error + Send + Sync>> {
        let mut request = HttpRequest::new(self.body);
        request.set_method(self.method)?;
        request.set_uri(self.target)?;
        for (name, value) in self.headers {
            request.headers_mut().try_insert(name, value)?;
        }
        Ok(request)
    }
}

impl Client {
    pub(crate) async fn rest<O: Debug + Send + Sync + 'static>(
        &self,
        rest: Rest,
        read: fn(&HttpResponse) -> Result<O, Failure>,
    ) -> Answer<O> {
        let (operation, signing, prefix) = (rest.operation, rest.signing(), rest.prefix.clone());
        let request = rest.request().map_err(SdkError::construction_failure)?;
        self.invoke(Call { operation, request, signing, prefix, read }).await
    }
}

/// An answer of which nothing is read.
pub(crate) fn nothing(response: &HttpResponse) -> Result<(), Failure> {
    accepted(response).map(|_| ())
}

/// The document of an answer.
pub(crate) fn document(response: &HttpResponse) -> Result<Element, Failure> {
    Element::read(accepted(response)?).map_err(Failure::unread)
}

/// A header; empty where there is none.
pub(crate) fn header(response: &HttpResponse, name: &str) -> String {
    response.headers().get(name).unwrap_or_default().to_owned()
}

/// The body, unless the answer is a refusal.
pub(crate) fn accepted(response: &HttpResponse) -> Result<&[u8], Failure> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return Ok(body);
    }
    Err(refusal(response, body))
}

/// S3 answers `<Error>`, the others `<ErrorResponse><Error>`; an answer to `HEAD` has no body. Route 53 refuses a batch of
/// changes with an element of the error's own name:
/// <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html>
fn refusal(response: &HttpResponse, body: &[u8]) -> Failure {
    let document = Element::read(body).unwrap_or_default();
    if let Some(messages) = document.child("Messages") {
        let said: Vec<&str> = messages.all("Message").map(|one| one.text.as_str()).collect();
        let metadata = ErrorMetadata::builder().code(&document.name).message(said.join("; "));
        return Failure::refused(metadata.build());
    }
    let error = document.child("Error").unwrap_or(&document);
    let mut metadata = ErrorMetadata::builder();
    let status = response.status().as_u16();
    metadata = match (error.at("Code"), status) {
        ("", 404) => metadata.code("NotFound"),
        ("", 403) => metadata.code("AccessDenied"),
        ("", 301) => metadata.code("PermanentRedirect"),
        ("", 412) => metadata.code("PreconditionFailed"),
        ("", other) => metadata.code(format!("{other}")),
        (code, _) => metadata.code(code),
    };
    match (error.at("Message"), header(response, "x-amz-bucket-region")) {
        ("", region) if status == 301 => {
            metadata = metadata.message(format!("the bucket is in region {region}"));
        }
        ("", _) => {}
        (message, _) => metadata = metadata.message(message),
    }
    Failure::refused(metadata.build())
}
