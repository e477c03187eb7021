//! The HTTP API and its CORS rules. What it does with a request is the business of `routes.rs`.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{Api as SdkApi, Cors as SdkCors, IpAddressType, ProtocolType};

use crate::cloud::Doing;
use crate::cloud::apis::{self, Found};
use crate::cloud::tags::{self, Tags};
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud, partition};
use crate::config::{Config, Cors};
use engine::error::{Error, Kind, Result};
use engine::{Calls, Difference, Inputs, Progress, Resource};

const ABSENT: [&str; 1] = ["NotFoundException"];
/// Until another run has seen that it made a second API, and has taken it back.
const HEEDED: Duration = Duration::from_secs(5);

pub struct Api {
    cloud: Cloud,
    client: Client,
    name: String,
    cors: Cors,
    tags: Tags,
}

/// The API as it is.
#[derive(Debug, Clone, Default)]
pub struct LiveApi {
    pub id: String,
    /// Where requests go, without a slash at the end.
    pub url: String,
    /// `None` when nothing is configured: then no browser of another origin gets an answer.
    cors: Option<Cors>,
    /// Whether its own address answers nobody: custom domains alone lead to it then.
    disabled: bool,
    /// `ipv4` or `dualstack`, where the answer says it.
    addresses: Option<String>,
    tags: Tags,
    /// Ids of all APIs of this name, when there are several and none is ours.
    namesakes: Vec<String>,
}

#[cfg(test)]
impl LiveApi {
    /// One of which only the id matters.
    pub(super) fn at(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }
}

impl Api {
    pub fn new(cloud: &Cloud, config: &Config) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            name: config.names.api.clone(),
            cors: config.cors.clone(),
            tags: tags::ours(config),
        }
    }

    fn sdk_cors(&self) -> SdkCors {
        SdkCors::builder()
            .set_allow_origins(Some(self.cors.allow_origins.clone()))
            .set_allow_methods(Some(self.cors.allow_methods.clone()))
            .set_allow_headers(Some(self.cors.allow_headers.clone()))
            .set_expose_headers(Some(self.cors.expose_headers.clone()))
            .allow_credentials(self.cors.allow_credentials)
            .max_age(self.cors.max_age)
            .build()
    }

    /// On a loopback endpoint the API is a path of it, because `*.localhost` does not resolve everywhere.
    fn url(&self, id: &str, endpoint: &str) -> String {
        match self.cloud.loopback() {
            Some(base) => format!("{}/_aws/execute-api/{id}/$default", base.trim_end_matches('/')),
            None => endpoint.trim_end_matches('/').to_owned(),
        }
    }

    fn live(&self, api: &SdkApi, tags: Tags, namesakes: Vec<String>) -> LiveApi {
        let id = api.api_id().unwrap_or_default();
        LiveApi {
            id: id.to_owned(),
            url: self.url(id, api.api_endpoint().unwrap_or_default()),
            cors: api.cors_configuration().map(from_sdk),
            disabled: api.disable_execute_api_endpoint().unwrap_or(false),
            addresses: api.ip_address_type().map(|kind| kind.as_str().to_owned()),
            tags,
            namesakes,
        }
    }

    /// Nothing to allow means no CORS at all.
    fn wants_cors(&self) -> bool {
        !self.cors.allow_origins.is_empty()
    }

    fn cors_differences(&self, live: &LiveApi) -> Vec<Difference> {
        let wanted = self.wants_cors().then_some(&self.cors);
        cors_differences(live.cors.as_ref(), wanted)
    }

    /// Clients with IPv6 alone reach what has both kinds of addresses. Where AWS does not offer it, its default stays.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-ip-address-type.html>
    fn addresses(&self) -> Option<IpAddressType> {
        let offered = ["aws", "aws-us-gov"].contains(&partition(self.cloud.region()));
        offered.then_some(IpAddressType::Dualstack)
    }

    fn endpoint_differences(&self, live: &LiveApi) -> Vec<Difference> {
        let state = |disabled: bool| if disabled { "disabled" } else { "enabled" };
        let endpoint =
            Difference::unless_equal("execute-api endpoint", &state(live.disabled), &state(false));
        let wanted = self.addresses().map(|kind| kind.as_str().to_owned());
        let both = live.addresses.as_ref().zip(wanted.as_ref());
        let addresses =
            both.and_then(|(now, wanted)| Difference::unless_equal("addresses", now, wanted));
        [endpoint, addresses].into_iter().flatten().collect()
    }

    async fn set_endpoint(&self, id: &str, progress: &Progress) -> Result<()> {
        apis::when_free(progress, || async {
            let call = self.client.update_api().api_id(id).disable_execute_api_endpoint(false);
            let answer = call.set_ip_address_type(self.addresses()).send().await;
            answer.doing(format!("change the endpoint of API `{}`", self.name)).map(|_| ())
        })
        .await
    }

    async fn tag(&self, id: &str, progress: &Progress) -> Result<()> {
        let arn = apis::arn(&self.cloud.identity().await?, id);
        apis::when_free(progress, || async {
            let call = self.client.tag_resource().resource_arn(&arn);
            let answer = call.set_tags(Some(self.tags.clone().into_iter().collect())).send().await;
            answer.doing(format!("tag API `{}`", self.name)).map(|_| ())
        })
        .await
    }

    /// Sends the whole block, because what is left out of it stays as it is.
    async fn set_cors(&self, id: &str, progress: &Progress) -> Result<()> {
        let doing = format!("change the CORS rules of API `{}`", self.name);
        apis::when_free(progress, || async {
            if self.wants_cors() {
                let call = self.client.update_api().api_id(id).cors_configuration(self.sdk_cors());
                return call.send().await.doing(&doing).map(|_| ());
            }
            let call = self.client.delete_cors_configuration().api_id(id);
            call.send().await.doing(&doing).absent_if(&ABSENT).map(|_| ())
        })
        .await
    }

    async fn delete_one(&self, id: &str, progress: &Progress) -> Result<()> {
        apis::when_free(progress, || async {
            let answer = self.client.delete_api().api_id(id).send().await;
            answer.doing(format!("delete API `{}`", self.name)).absent_if(&ABSENT).map(|_| ())
        })
        .await
    }

    /// Two runs at once both make an API, since AWS refuses no second one of a name. The one with the
    /// greater id goes; the other stays, unless it is not heeded by a run that has looked before it was made.
    async fn stay_alone(&self, id: &str, progress: &Progress) -> Result<()> {
        let others =
            || apis::when_free(progress, || apis::others(&self.client, &self.name, &self.tags, id));
        let first = others().await?;
        if first.is_empty() {
            return Ok(());
        }
        if first.iter().all(|other| id < other.as_str()) {
            let gone = wait::until(progress, "the other run deletes its API", HEEDED, || async {
                let left = others().await?;
                Ok(if left.is_empty() { Poll::Ready(()) } else { Poll::Pending(left.join(", ")) })
            });
            if gone.await.is_ok() {
                return Ok(());
            }
        }
        self.delete_one(id, progress).await?;
        let error = Error::failed(format!("create API `{}`", self.name));
        let error = error.cause("another run has made it at the same moment");
        Err(Error { kind: Kind::Exists, ..error.hint("run the same command again: it continues") })
    }
}

fn from_sdk(cors: &SdkCors) -> Cors {
    Cors {
        allow_origins: cors.allow_origins().to_vec(),
        allow_methods: cors.allow_methods().to_vec(),
        allow_headers: cors.allow_headers().to_vec(),
        expose_headers: cors.expose_headers().to_vec(),
        allow_credentials: cors.allow_credentials.unwrap_or(false),
        max_age: cors.max_age.unwrap_or(0),
    }
}

type List = fn(&Cors) -> &Vec<String>;

/// Both as AWS may give them back: in any order, header names in any case.
fn cors_differences(now: Option<&Cors>, wanted: Option<&Cors>) -> Vec<Difference> {
    let list = |cors: Option<&Cors>, list: List| -> Vec<String> {
        cors.map(|cors| list(cors).clone()).unwrap_or_default()
    };
    let set = |values: &[String]| -> BTreeSet<String> {
        values.iter().map(|value| value.to_lowercase()).collect()
    };
    let told = |values: &[String]| {
        if values.is_empty() { "none".to_owned() } else { values.join(", ") }
    };
    let lists: [(&str, List); 4] = [
        ("cors allow_origins", |cors| &cors.allow_origins),
        ("cors allow_methods", |cors| &cors.allow_methods),
        ("cors allow_headers", |cors| &cors.allow_headers),
        ("cors expose_headers", |cors| &cors.expose_headers),
    ];
    let mut differences: Vec<Difference> = lists
        .into_iter()
        .map(|(name, of)| (name, list(now, of), list(wanted, of)))
        .filter(|(_, now, wanted)| set(now) != set(wanted))
        .map(|(name, now, wanted)| Difference::new(name, told(&now), told(&wanted)))
        .collect();
    if let (Some(now), Some(wanted)) = (now, wanted) {
        let (before, after) = (now.allow_credentials, wanted.allow_credentials);
        differences.extend(Difference::unless_equal("cors max_age", &now.max_age, &wanted.max_age));
        differences.extend(Difference::unless_equal("cors allow_credentials", &before, &after));
    }
    differences
}

impl Resource for Api {
    type Live = LiveApi;

    fn kind(&self) -> &'static str {
        "api"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(apis::CALLS)
            .making(&["apigateway:CreateApi", "apigateway:TagResource", "apigateway:UpdateApi"])
            .making(&["apigateway:DeleteCorsConfiguration", "apigateway:DeleteApi"])
            .deleting(&["apigateway:DeleteApi"])
    }

    async fn read(&self, progress: &Progress) -> Result<Option<LiveApi>> {
        let found = apis::find(&self.cloud, &self.client, &self.name, &self.tags, progress).await?;
        Ok(found.map(|Found { api, tags, namesakes }| self.live(&api, tags, namesakes)))
    }

    fn is_ours(&self, live: &LiveApi) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn owner(&self, live: &LiveApi) -> Option<String> {
        tags::other_stack(&self.tags, &live.tags, &self.name)
    }

    fn diff(&self, _: &Inputs, live: &LiveApi) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        if !live.namesakes.is_empty() {
            let now = format!("of several APIs: {}", live.namesakes.join(", "));
            differences.push(Difference::new("name", now, "of one").refused(
                "add to the one that you want to adopt the tags `stackctl:stack` and `stackctl:stage`",
            ));
        }
        differences.extend(self.endpoint_differences(live));
        differences.extend(self.cors_differences(live));
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveApi> {
        let answer = apis::when_free(progress, || async {
            let call = self
                .client
                .create_api()
                .name(&self.name)
                .protocol_type(ProtocolType::Http)
                .set_ip_address_type(self.addresses())
                .set_cors_configuration(self.wants_cors().then(|| self.sdk_cors()))
                .set_tags(Some(self.tags.clone().into_iter().collect()));
            let answer = call.customize().config_override(apis::sent_once()).send().await;
            answer.doing(format!("create API `{}`", self.name))
        });
        let answer = answer.await?;
        let id = answer.api_id.unwrap_or_default();
        self.stay_alone(&id, progress).await?;
        Ok(LiveApi {
            url: self.url(&id, &answer.api_endpoint.unwrap_or_default()),
            id,
            cors: self.wants_cors().then(|| self.cors.clone()),
            tags: self.tags.clone(),
            ..LiveApi::default()
        })
    }

    async fn update(&self, _: &Inputs, live: &LiveApi, progress: &Progress) -> Result<LiveApi> {
        if !tags::are_set(&self.tags, &live.tags) {
            self.tag(&live.id, progress).await?;
        }
        if !self.endpoint_differences(live).is_empty() {
            self.set_endpoint(&live.id, progress).await?;
        }
        if !self.cors_differences(live).is_empty() {
            self.set_cors(&live.id, progress).await?;
        }
        Ok(LiveApi {
            cors: self.wants_cors().then(|| self.cors.clone()),
            tags: self.tags.clone(),
            ..live.clone()
        })
    }

    async fn delete(&self, live: &LiveApi, progress: &Progress) -> Result<()> {
        self.delete_one(&live.id, progress).await
    }
}

#[cfg(test)]
mod tests;
