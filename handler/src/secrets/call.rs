//! One call of Systems Manager: <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>.

use std::{
    error::Error,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_sdk_dynamodb::config::{Credentials, retry::RetryConfig};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::context::InterceptorContext,
        orchestrator::{HttpRequest, HttpResponse, OrchestratorError, SensitiveOutput},
        result::SdkError,
        retries::classifiers::{ClassifyRetry, RetryAction},
        runtime_plugin::StaticRuntimePlugin,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::Layer, error::display::DisplayErrorContext};
use serde_json::Value;

use crate::environment::{self, Missing};

/// What passes by itself, besides failures of the server.
const PASSING: [&str; 4] =
    ["ThrottlingException", "Throttling", "TooManyUpdates", "InternalServerError"];

/// Systems Manager, as this function reaches it.
#[derive(Clone)]
pub struct Service {
    operation: Operation<Asked, Answer, Refused>,
}

/// An operation, and what goes with it.
struct Asked(&'static str, String);

/// What came back. It holds values.
struct Answer(Value);

impl fmt::Debug for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

/// What Systems Manager refused, in its own words.
#[derive(Debug, Clone)]
pub struct Refused {
    code: String,
    message: String,
}

impl Refused {
    pub(super) fn is_denied(&self) -> bool {
        self.code == "AccessDeniedException"
    }

    fn passes(&self) -> bool {
        PASSING.contains(&self.code.as_str())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl Error for Refused {}

impl Service {
    /// From Lambda's environment. `AWS_ENDPOINT_URL_SSM` and `AWS_ENDPOINT_URL` point it elsewhere, as in every SDK.
    pub fn from_environment() -> Result<Self, Missing> {
        let region = environment::required("AWS_REGION")?;
        let endpoint = environment::endpoint("AWS_ENDPOINT_URL_SSM");
        let endpoint = endpoint.unwrap_or_else(|| of_aws(&region));
        Ok(Self::new(&endpoint, region, environment::credentials()?))
    }

    pub(super) fn new(endpoint: &str, region: String, credentials: Credentials) -> Self {
        let signer = Arc::new(Signer { host: host(endpoint).to_owned(), region, credentials });
        let operation = Operation::builder()
            .service_name("SSM")
            .operation_name("GetParameters")
            .http_client(environment::http_client(Some(endpoint)))
            .endpoint_url(endpoint)
            .no_auth()
            .standard_retry(
                // Many environments that start at once share 40 calls a second: better late than not at all.
                &RetryConfig::standard()
                    .with_max_attempts(8)
                    .with_initial_backoff(Duration::from_millis(50))
                    .with_max_backoff(Duration::from_secs(2)),
            )
            .retry_classifier(Passing)
            .runtime_plugin(unseen())
            .timeout_config(environment::timeouts())
            .serializer(move |asked: Asked| signer.signed(&asked))
            .deserializer(answer)
            .build();
        Self { operation }
    }

    pub(super) async fn call(
        &self,
        operation: &'static str,
        input: &Value,
    ) -> Result<Value, Refused> {
        match self.operation.invoke(Asked(operation, input.to_string())).await {
            Ok(Answer(value)) => Ok(value),
            Err(SdkError::ServiceError(refused)) => Err(refused.into_err()),
            Err(error) => {
                // What was sent has no value in it, and an answer that cannot be read is not quoted.
                let message = DisplayErrorContext(&error).to_string();
                Err(Refused { code: operation.to_owned(), message })
            }
        }
    }
}

/// An answer holds values: nothing traces it.
fn unseen() -> StaticRuntimePlugin {
    let mut layer = Layer::new("secrets");
    layer.store_put(SensitiveOutput);
    StaticRuntimePlugin::new().with_config(layer.freeze())
}

fn of_aws(region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://ssm.{region}.{domain}")
}

/// `http://127.0.0.1:4566/` → `127.0.0.1:4566`
fn host(endpoint: &str) -> &str {
    let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// Signs requests as the function's role.
struct Signer {
    host: String,
    region: String,
    credentials: Credentials,
}

impl Signer {
    fn signed(&self, Asked(operation, body): &Asked) -> Result<HttpRequest, BoxError> {
        let target = format!("AmazonSSM.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("host", self.host.as_str()),
            ("x-amz-target", target.as_str()),
        ];
        let identity = self.credentials.clone().into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("ssm")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?;
        let bytes = SignableBody::Bytes(body.as_bytes());
        let uri = format!("https://{}/", self.host);
        let signable = SignableRequest::new("POST", uri, headers.into_iter(), bytes)?;
        let (instructions, _) = sign(signable, &parameters.into())?.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(body.as_str()));
        request.set_method("POST")?;
        request.set_uri("/")?;
        let to = request.headers_mut();
        for (name, value) in headers.into_iter().filter(|(name, _)| *name != "host") {
            to.try_insert(name, value.to_owned())?;
        }
        let (signature, _) = instructions.into_parts();
        for header in signature {
            to.try_insert(header.name(), header.value().to_owned())?;
        }
        Ok(request)
    }
}

fn answer(response: &HttpResponse) -> Result<Answer, OrchestratorError<Refused>> {
    let body = response.body().bytes().unwrap_or_default();
    let read: Option<Value> = serde_json::from_slice(body).ok();
    let status = response.status();
    match read {
        Some(value) if status.is_success() => Ok(Answer(value)),
        read => {
            Err(OrchestratorError::operation(refusal(status.as_u16(), &read.unwrap_or_default())))
        }
    }
}

/// The code is in `__type`, with or without the name of the model before it.
fn refusal(status: u16, body: &Value) -> Refused {
    let word = |names: [&str; 2]| names.iter().find_map(|name| body[name].as_str());
    let code = word(["__type", "code"]).and_then(|code| code.rsplit('#').next());
    let code = code.map_or_else(|| format!("HTTP {status}"), str::to_owned);
    let message = word(["message", "Message"]).unwrap_or("no reason was given").to_owned();
    Refused { code, message }
}

/// Tries again what Systems Manager refuses for a moment.
#[derive(Debug)]
struct Passing;

impl ClassifyRetry for Passing {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let refused = context.output_or_error().and_then(Result::err);
        let refused = refused.and_then(OrchestratorError::as_operation_error);
        let refused = refused.and_then(|error| error.downcast_ref::<Refused>());
        let failed = context.response().is_some_and(|response| response.status().is_server_error());
        match failed || refused.is_some_and(Refused::passes) {
            true => RetryAction::throttling_error(),
            false => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "what Systems Manager refuses for a moment"
    }
}
