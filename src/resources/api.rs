//! The HTTP API and its CORS rules. What it does with a request is the business of `routes.rs`.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{Api as Found, Cors as SdkCors, ProtocolType};

use crate::cloud::tags::{self, Tags};
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud, apis};
use crate::config::{Config, Cors};
use crate::engine::{Difference, Inputs, Progress, Resource};
use crate::error::{Doing, Error, Kind, Result};

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
#[derive(Debug, Clone)]
pub struct LiveApi {
    pub id: String,
    /// Where requests go, without a slash at the end.
    pub url: String,
    /// `None` when nothing is configured: then no browser of another origin gets an answer.
    cors: Option<Cors>,
    tags: Tags,
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

    /// Two runs at once both make an API, since AWS refuses no second one of a name. The one with the
    /// greater id goes; the other stays, unless it is not heeded by a run that has looked before it was made.
    async fn stay_alone(&self, id: &str, progress: &Progress) -> Result<()> {
        let others = || apis::others(&self.client, &self.name, &self.tags, id);
        let first = others().await?;
        if first.is_empty() {
            return Ok(());
        }
        if first.iter().all(|other| id < other.as_str()) {
            let gone =
                wait::until(progress, "the other run takes its API back", HEEDED, || async {
                    let left = others().await?;
                    Ok(if left.is_empty() {
                        Poll::Ready(())
                    } else {
                        Poll::Pending(left.join(", "))
                    })
                });
            if gone.await.is_ok() {
                return Ok(());
            }
        }
        let answer = self.client.delete_api().api_id(id).send().await;
        answer.doing(format!("delete API `{id}`, of which there are two")).absent_if(&ABSENT)?;
        let error = Error::failed(format!("create API `{}`", self.name));
        let error = error.cause("another run has made it at the same moment");
        Err(Error { kind: Kind::Exists, ..error.hint("run the same command again: it continues") })
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

    fn live(&self, found: &Found) -> LiveApi {
        let id = found.api_id().unwrap_or_default();
        LiveApi {
            id: id.to_owned(),
            url: self.url(id, found.api_endpoint().unwrap_or_default()),
            cors: found.cors_configuration().map(from_sdk),
            tags: apis::tags_of(found),
        }
    }

    /// Nothing to allow means no CORS at all.
    fn wants_cors(&self) -> bool {
        !self.cors.allow_origins.is_empty()
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

/// Both as AWS may give them back: in any order, header names in any case.
fn cors_differences(now: &Cors, wanted: &Cors) -> Vec<Difference> {
    let set = |values: &[String]| {
        let sorted: BTreeSet<String> = values.iter().map(|value| value.to_lowercase()).collect();
        sorted.into_iter().collect::<Vec<_>>().join(", ")
    };
    let lists = [
        ("cors allow_origins", &now.allow_origins, &wanted.allow_origins),
        ("cors allow_methods", &now.allow_methods, &wanted.allow_methods),
        ("cors allow_headers", &now.allow_headers, &wanted.allow_headers),
        ("cors expose_headers", &now.expose_headers, &wanted.expose_headers),
    ];
    let mut differences: Vec<Difference> = lists
        .into_iter()
        .filter(|(_, now, wanted)| set(now) != set(wanted))
        .map(|(name, now, wanted)| Difference::new(name, now.join(", "), wanted.join(", ")))
        .collect();
    differences.extend(Difference::unless_equal("cors max_age", &now.max_age, &wanted.max_age));
    differences.extend(Difference::unless_equal(
        "cors allow_credentials",
        &now.allow_credentials,
        &wanted.allow_credentials,
    ));
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

    async fn read(&self, _: &Progress) -> Result<Option<LiveApi>> {
        Ok(apis::find(&self.client, &self.name, &self.tags).await?.map(|found| self.live(&found)))
    }

    fn is_ours(&self, live: &LiveApi) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn diff(&self, _: &Inputs, live: &LiveApi) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        match (&live.cors, self.wants_cors()) {
            (Some(now), true) => differences.extend(cors_differences(now, &self.cors)),
            (Some(_), false) => differences.push(Difference::new("cors", "configured", "none")),
            (None, true) => differences.push(Difference::new("cors", "none", "configured")),
            (None, false) => {}
        }
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveApi> {
        let answer = apis::when_free(progress, || async {
            let call = self
                .client
                .create_api()
                .name(&self.name)
                .protocol_type(ProtocolType::Http)
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
        })
    }

    async fn update(&self, _: &Inputs, live: &LiveApi, progress: &Progress) -> Result<LiveApi> {
        if !self.is_ours(live) {
            let identity = self.cloud.identity().await?;
            let arn = format!(
                "arn:{}:apigateway:{}::/apis/{}",
                identity.partition, identity.region, live.id
            );
            let call = self.client.tag_resource().resource_arn(arn);
            let answer = call.set_tags(Some(self.tags.clone().into_iter().collect())).send().await;
            answer.doing(format!("tag API `{}`", self.name))?;
        }
        apis::when_free(progress, || async {
            let doing = format!("change the CORS rules of API `{}`", self.name);
            match (&live.cors, self.wants_cors()) {
                (_, true) => {
                    let call = self
                        .client
                        .update_api()
                        .api_id(&live.id)
                        .cors_configuration(self.sdk_cors());
                    call.send().await.doing(doing).map(|_| ())
                }
                (Some(_), false) => self
                    .client
                    .delete_cors_configuration()
                    .api_id(&live.id)
                    .send()
                    .await
                    .doing(doing)
                    .map(|_| ()),
                (None, false) => Ok(()),
            }
        })
        .await?;
        Ok(LiveApi {
            cors: self.wants_cors().then(|| self.cors.clone()),
            tags: self.tags.clone(),
            ..live.clone()
        })
    }

    async fn delete(&self, live: &LiveApi, progress: &Progress) -> Result<()> {
        apis::when_free(progress, || async {
            let answer = self.client.delete_api().api_id(&live.id).send().await;
            answer.doing(format!("delete API `{}`", self.name)).absent_if(&ABSENT).map(|_| ())
        })
        .await
    }
}
