//! A client of one service: what it shares with the SDK's own clients, and one call through the SDK's orchestrator.
//!
//! It is put together as the constructor of a generated client does it, from the same parts.

use std::fmt::Debug;

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{ServiceClockSkewClassifier, ServiceClockSkewInterceptor};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::defaults::{DefaultPluginParams, default_plugins};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::endpoints::StaticUriEndpointResolver;
use aws_smithy_runtime::client::orchestrator::{self, AuthSchemeAndEndpointOrchestrationV2};
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime::client::stalled_stream_protection::StalledStreamProtectionInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::endpoint::{
    EndpointPrefix, EndpointResolverParams, SharedEndpointResolver,
};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Input, Output};
use aws_smithy_runtime_api::client::orchestrator::{
    HttpRequest, HttpResponse, Metadata, OrchestratorError, SensitiveOutput,
};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{RuntimePlugins, StaticRuntimePlugin};
use aws_smithy_runtime_api::client::ser_de::{
    DeserializeResponse, SerializeRequest, SharedRequestSerializer, SharedResponseDeserializer,
};
use aws_smithy_types::config_bag::{ConfigBag, Layer};
use aws_types::region::{Region, SigningRegion};
use aws_types::{SdkConfig, SigningName};

use crate::{Failure, Service, endpoint};

/// What a call gives back: the errors are those of the SDK's own clients.
pub type Answer<O> = Result<O, SdkError<Failure, HttpResponse>>;

/// A client of one service.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) service: &'static Service,
    shared: RuntimePlugins,
}

/// One call, as its protocol has written it.
pub(crate) struct Call<O> {
    pub operation: &'static str,
    pub request: HttpRequest,
    pub signing: SigningOptions,
    /// What comes before the service's host.
    pub prefix: Option<String>,
    /// Reads an answer, be it a result or a refusal.
    pub read: fn(&HttpResponse) -> Result<O, Failure>,
}

impl Client {
    /// A client of `service` with the credentials, region, endpoints, HTTP, retries and timeouts of `sdk`.
    pub fn new(sdk: &SdkConfig, service: &'static Service) -> Self {
        let region = match service.global {
            Some(_) => "us-east-1",
            None => sdk.region().map_or("us-east-1", Region::as_ref),
        };
        let mut defaults = DefaultPluginParams::new()
            .with_is_aws_sdk(true)
            .with_retry_partition_name(format!("{}-{region}", service.prefix));
        if let Some(version) = sdk.behavior_version() {
            defaults = defaults.with_behavior_version(version);
        }
        let own = StaticRuntimePlugin::new()
            .with_config(settings(sdk, service, region).freeze())
            .with_runtime_components(components(sdk, service));
        let shared = RuntimePlugins::new()
            .with_client_plugins(default_plugins(defaults))
            .with_client_plugin(own);
        Self { service, shared }
    }

    /// Sends `call`: signed, and again when the SDK's rules say so.
    pub(crate) async fn invoke<O: Debug + Send + Sync + 'static>(
        &self,
        call: Call<O>,
    ) -> Answer<O> {
        let Call { operation, request, signing, prefix, read } = call;
        let mut layer = Layer::new(operation);
        layer.store_put(SharedRequestSerializer::new(AsWritten));
        layer.store_put(SharedResponseDeserializer::new(Reader(read)));
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(Metadata::new(operation, self.service.id));
        // An answer may hold a secret: the runtime traces none of them.
        layer.store_put(SensitiveOutput);
        layer.store_put(SigV4OperationSigningConfig {
            signing_options: signing,
            ..Default::default()
        });
        if let Some(prefix) = prefix {
            let prefix = EndpointPrefix::new(prefix).map_err(SdkError::construction_failure)?;
            layer.store_put(prefix);
        }
        let plugin = StaticRuntimePlugin::new().with_config(layer.freeze());
        let plugins = self.shared.clone().with_operation_plugin(plugin);
        let input = Input::erase(Written(request));
        let output = orchestrator::invoke(self.service.id, operation, input, &plugins).await;
        let output = output.map_err(|error| error.map_service_error(typed))?;
        Ok(output.downcast().expect("`Reader` reads this type"))
    }
}

/// What the SDK's configuration and the service say.
fn settings(sdk: &SdkConfig, service: &'static Service, region: &str) -> Layer {
    let mut layer = Layer::new(service.id);
    let region = Region::new(region.to_owned());
    layer.store_put(SigningRegion::from(region.clone()));
    layer.store_put(region);
    layer.store_put(SigningName::from_static(service.prefix));
    layer.store_put(ApiMetadata::new(service.prefix, env!("CARGO_PKG_VERSION")));
    layer.store_put(AuthSchemeAndEndpointOrchestrationV2);
    if let Some(retries) = sdk.retry_config() {
        layer.store_put(retries.clone());
    }
    if let Some(timeouts) = sdk.timeout_config() {
        layer.store_put(timeouts.clone());
    }
    if let Some(name) = sdk.app_name() {
        layer.store_put(name.clone());
    }
    if let Some(protection) = sdk.stalled_stream_protection() {
        layer.store_put(protection);
    }
    layer
}

fn components(sdk: &SdkConfig, service: &'static Service) -> RuntimeComponentsBuilder {
    let resolver = StaticUriEndpointResolver::uri(endpoint::of(service, sdk));
    let schemes = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
    let mut components = RuntimeComponentsBuilder::new(service.id)
        .with_http_client(sdk.http_client())
        .with_time_source(Some(sdk.time_source().unwrap_or_default()))
        .with_endpoint_resolver(Some(SharedEndpointResolver::new(resolver)))
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(schemes)))
        .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
        .with_interceptor(SharedInterceptor::permanent(ConnectionPoisoningInterceptor::new()))
        .with_interceptor(SharedInterceptor::permanent(
            StalledStreamProtectionInterceptor::default(),
        ))
        .with_interceptor(ServiceClockSkewInterceptor::new())
        .with_interceptor(RequestInfoInterceptor::new())
        .with_interceptor(UserAgentInterceptor::new())
        .with_interceptor(InvocationIdInterceptor::new())
        .with_interceptor(SharedInterceptor::permanent(RecursionDetectionInterceptor::new()))
        .with_retry_classifier(TransientErrorClassifier::<Failure>::new())
        .with_retry_classifier(HttpStatusCodeClassifier::default())
        .with_retry_classifier(AwsErrorCodeClassifier::<Failure>::new())
        .with_retry_classifier(ServiceClockSkewClassifier::<Failure>::new());
    if let Some(sleep) = sdk.sleep_impl() {
        components.set_sleep_impl(Some(sleep));
    }
    if let Some(cache) = sdk.identity_cache() {
        components.set_identity_cache(Some(cache));
    }
    if let Some(credentials) = sdk.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    components
}

fn typed(error: Error) -> Failure {
    error.downcast().unwrap_or_else(|_| Failure::unread("another service's error"))
}

/// A request that is ready; its body is not for logs.
struct Written(HttpRequest);

impl Debug for Written {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Written(…)")
    }
}

#[derive(Debug)]
struct AsWritten;

impl SerializeRequest for AsWritten {
    fn serialize_input(&self, input: Input, bag: &mut ConfigBag) -> Result<HttpRequest, BoxError> {
        // The orchestrator looks for them here alone, also when the resolver needs none.
        bag.interceptor_state().store_put(EndpointResolverParams::new(()));
        let Written(request) = input.downcast().map_err(|_| "not a request")?;
        Ok(request)
    }
}

struct Reader<O>(fn(&HttpResponse) -> Result<O, Failure>);

impl<O> Debug for Reader<O> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Reader")
    }
}

impl<O: Debug + Send + Sync + 'static> DeserializeResponse for Reader<O> {
    fn deserialize_nonstreaming(
        &self,
        response: &HttpResponse,
    ) -> Result<Output, OrchestratorError<Error>> {
        let failed = |failure| OrchestratorError::operation(Error::erase(failure));
        self.0(response).map(Output::erase).map_err(failed)
    }
}
