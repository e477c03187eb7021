//! The JWT authorizer: whose tokens the gateway takes. Which routes ask for one is the business of `routes/`.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{Authorizer as SdkAuthorizer, AuthorizerType, JwtConfiguration};

use super::{Api, UserPool};
use crate::cloud::apis;
use crate::cloud::pages::Pages;
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, Doing, wait};
use crate::config::Config;
use engine::error::{Error, Kind, Result};
use engine::{Calls, Difference, Handle, Id, Inputs, Progress, Resource};

const ABSENT: [&str; 1] = ["NotFoundException"];

/// Where the gateway looks for the token.
const SOURCE: &str = "$request.header.Authorization";

/// Until the gateway can read the keys of an issuer that was made a moment ago.
const DISCOVERED: Duration = Duration::from_mins(1);

pub struct Authorizer {
    cloud: Cloud,
    client: Client,
    api_name: String,
    tags: Tags,
    name: String,
    trust: Trust,
    api: Handle<Api>,
}

/// Where it is known from whose tokens are taken.
pub enum Trust {
    Given { issuer: String, audience: Vec<String> },
    Pool(Handle<UserPool>),
}

/// Whose tokens, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trusted {
    issuer: String,
    audience: Vec<String>,
}

/// The authorizer as it is.
#[derive(Debug, Clone)]
pub struct LiveAuthorizer {
    pub id: String,
    kind: String,
    source: Vec<String>,
    trusted: Trusted,
}

#[cfg(test)]
impl LiveAuthorizer {
    /// One of which only the id matters.
    pub(super) fn at(id: &str) -> Self {
        let trusted = Trusted { issuer: String::new(), audience: Vec::new() };
        Self { id: id.to_owned(), kind: "JWT".into(), source: Vec::new(), trusted }
    }
}

impl Authorizer {
    pub fn new(cloud: &Cloud, config: &Config, trust: Trust, api: Handle<Api>) -> Self {
        Self {
            client: Client::new(&cloud.sdk),
            cloud: cloud.clone(),
            api_name: config.names.api.clone(),
            tags: tags::ours(config),
            name: config.names.users(),
            trust,
            api,
        }
    }

    async fn look(&self, api: &str) -> Result<Option<LiveAuthorizer>> {
        let mut pages = Pages::default();
        loop {
            let page = self
                .client
                .get_authorizers()
                .api_id(api)
                .set_next_token(pages.token())
                .send()
                .await;
            let page = page.doing("list the authorizers of the API").absent_if(&ABSENT)?;
            let Some(page) = page else { return Ok(None) };
            let mut found = page.items.unwrap_or_default().into_iter();
            if let Some(ours) = found.find(|one| one.name.as_deref() == Some(&self.name)) {
                return Ok(Some(live(ours)));
            }
            if !pages.turn(page.next_token)? {
                return Ok(None);
            }
        }
    }

    /// Whose tokens are to be taken; `None` while the pool is not there yet.
    fn trusted(&self, inputs: &Inputs) -> Option<Trusted> {
        match &self.trust {
            Trust::Given { issuer, audience } => {
                Some(Trusted { issuer: issuer.clone(), audience: audience.clone() })
            }
            Trust::Pool(pool) => {
                let pool = inputs.find(*pool)?;
                let audience = vec![pool.client_id()?.to_owned()];
                Some(Trusted { issuer: pool.issuer.clone(), audience })
            }
        }
    }

    /// The same when everything that it needs is there.
    fn known(&self, inputs: &Inputs) -> Result<Trusted> {
        self.trusted(inputs).ok_or_else(|| {
            Error::failed(format!("read the issuer of authorizer `{}`", self.name))
                .hint("run the same command again: it continues")
        })
    }

    fn jwt(trusted: &Trusted) -> JwtConfiguration {
        let Trusted { issuer, audience } = trusted;
        JwtConfiguration::builder().issuer(issuer).set_audience(Some(audience.clone())).build()
    }

    /// Of what the gateway says to an issuer whose keys it cannot read.
    fn is_undiscovered(error: &Error) -> bool {
        error.has_code(&["BadRequestException"]) && error.says("invalid issuer")
    }

    fn made(id: &str, trusted: Trusted) -> LiveAuthorizer {
        LiveAuthorizer {
            id: id.to_owned(),
            kind: AuthorizerType::Jwt.as_str().to_owned(),
            source: vec![SOURCE.to_owned()],
            trusted,
        }
    }
}

/// What AWS fills in for authorizers of other types is of no meaning here.
fn live(found: SdkAuthorizer) -> LiveAuthorizer {
    let jwt = found.jwt_configuration;
    LiveAuthorizer {
        id: found.authorizer_id.unwrap_or_default(),
        kind: found.authorizer_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        source: found.identity_source.unwrap_or_default(),
        trusted: Trusted {
            issuer: jwt.as_ref().and_then(|jwt| jwt.issuer.clone()).unwrap_or_default(),
            audience: jwt.and_then(|jwt| jwt.audience).unwrap_or_default(),
        },
    }
}

impl Resource for Authorizer {
    type Live = LiveAuthorizer;

    fn kind(&self) -> &'static str {
        "authorizer"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(apis::CALLS)
            .reading(&["apigateway:GetAuthorizers"])
            .making(&["apigateway:CreateAuthorizer", "apigateway:UpdateAuthorizer"])
    }

    fn needs(&self) -> Vec<Id> {
        let pool = match &self.trust {
            Trust::Given { .. } => None,
            Trust::Pool(pool) => Some(pool.id),
        };
        [self.api.id].into_iter().chain(pool).collect()
    }

    fn contained_in(&self) -> Option<Id> {
        Some(self.api.id)
    }

    async fn read(&self, progress: &Progress) -> Result<Option<LiveAuthorizer>> {
        let found = apis::find(&self.cloud, &self.client, &self.api_name, &self.tags, progress);
        match found.await?.and_then(|found| found.api.api_id) {
            Some(api) => apis::when_free(progress, || self.look(&api)).await,
            None => Ok(None),
        }
    }

    fn diff(&self, inputs: &Inputs, live: &LiveAuthorizer) -> Vec<Difference> {
        let jwt = AuthorizerType::Jwt.as_str();
        if live.kind != jwt {
            return vec![Difference::new("type", &live.kind, jwt).exposing().refused(
                "API Gateway does not change the type of an authorizer: delete it in the console, then run the same command again",
            )];
        }
        let mut differences = Vec::new();
        let Some(wanted) = self.trusted(inputs) else { return differences };
        if live.trusted.issuer != wanted.issuer {
            let change = Difference::new("issuer", &live.trusted.issuer, &wanted.issuer);
            // Its users have other keys: what the users of the old one have stays in the table, and belongs to none.
            differences.push(change.losing().exposing());
        }
        let set = |list: &[String]| list.iter().cloned().collect::<BTreeSet<String>>();
        for (what, now, wanted) in [
            ("audience", &live.trusted.audience, &wanted.audience),
            ("identity source", &live.source, &vec![SOURCE.to_owned()]),
        ] {
            if set(now) != set(wanted) {
                let told = |list: &[String]| list.join(", ");
                differences.push(Difference::new(what, told(now), told(wanted)).exposing());
            }
        }
        differences
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveAuthorizer> {
        let (api, trusted) = (&inputs.get(self.api).id, self.known(inputs)?);
        let doing = format!("create authorizer `{}`", self.name);
        let attempt = || async {
            let call = self
                .client
                .create_authorizer()
                .api_id(api)
                .name(&self.name)
                .authorizer_type(AuthorizerType::Jwt)
                .identity_source(SOURCE)
                .jwt_configuration(Self::jwt(&trusted));
            let answer = call.customize().config_override(apis::sent_once()).send().await;
            answer.doing(&doing)
        };
        let made = wait::while_refused(
            progress,
            "API Gateway reads the issuer's keys",
            DISCOVERED,
            Self::is_undiscovered,
            || apis::when_free(progress, attempt),
        );
        match made.await {
            Ok(answer) => Ok(Self::made(&answer.authorizer_id.unwrap_or_default(), trusted)),
            // Another run has made it at the same moment.
            Err(error) if error.says("must be unique") => {
                Err(Error { kind: Kind::Exists, ..error })
            }
            Err(error) => Err(error),
        }
    }

    /// Issuer and audience are one value: what is left out of it may be lost.
    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveAuthorizer,
        progress: &Progress,
    ) -> Result<LiveAuthorizer> {
        let (api, trusted) = (&inputs.get(self.api).id, self.known(inputs)?);
        apis::when_free(progress, || async {
            let call = self
                .client
                .update_authorizer()
                .api_id(api)
                .authorizer_id(&live.id)
                .identity_source(SOURCE)
                .jwt_configuration(Self::jwt(&trusted));
            call.send().await.doing(format!("change authorizer `{}`", self.name)).map(|_| ())
        })
        .await?;
        Ok(Self::made(&live.id, trusted))
    }

    /// Goes with the API.
    async fn delete(&self, _: &LiveAuthorizer, _: &Progress) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
