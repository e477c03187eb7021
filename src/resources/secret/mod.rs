//! A secret: a parameter of Systems Manager of type `SecureString`, with a value that is written and read by
//! `stackctl secret` and by the function alone. What is read here has no value.

pub mod further;
#[cfg(test)]
mod tests;
pub mod values;

use wire::ssm::{
    AddTagsToResource, DeleteParameter, DescribeParameters, ListTagsForResource, ParameterMetadata,
    ParameterStringFilter, SSM, Tag,
};

use crate::cloud::pages::Pages;
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, Doing};
use crate::config::Config;
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Holding, Inputs, Progress, Resource};

const ABSENT: [&str; 2] = ["ParameterNotFound", "InvalidResourceId"];

/// The type of a parameter that is encrypted.
const ENCRYPTED: &str = "SecureString";

/// How the service calls parameters where it takes things of several kinds.
const KIND: &str = "Parameter";

/// The most of a page.
const PAGE: i32 = 50;

pub struct Secret {
    cloud: Cloud,
    client: wire::Client,
    key: String,
    name: String,
    tags: Tags,
}

/// The secret as it is, without its value.
#[derive(Debug, Clone)]
pub struct LiveSecret {
    pub version: i64,
    kind: String,
    tags: Tags,
}

impl Secret {
    /// The secret that `stack.toml` calls `key`.
    pub fn new(cloud: &Cloud, config: &Config, key: &str) -> Self {
        Self {
            cloud: cloud.clone(),
            client: wire::Client::new(&cloud.sdk, &SSM),
            key: key.to_owned(),
            name: config.parameter(key),
            tags: tags::ours(config),
        }
    }

    async fn described(&self) -> Result<Option<ParameterMetadata>> {
        let filter = filter("Name", "Equals", &self.name);
        let found = described(&self.client, filter).await?;
        Ok(found.into_iter().find(|one| one.name == self.name))
    }

    async fn tags(&self) -> Result<Option<Tags>> {
        let (client, resource_id) = (&self.client, self.name.clone());
        let answer = client.call(ListTagsForResource { resource_type: KIND, resource_id }).await;
        let doing = format!("read the tags of secret `{}`", self.key);
        let answer = answer.doing(doing).absent_if(&ABSENT)?;
        Ok(answer.map(|answer| read_tags(answer.tag_list)))
    }
}

fn read_tags(list: Vec<Tag>) -> Tags {
    list.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

fn written(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| Tag { key: key.clone(), value: value.clone() };
    tags.iter().map(tag).collect()
}

fn filter(key: &str, option: &'static str, value: &str) -> ParameterStringFilter {
    let (key, values) = (key.to_owned(), vec![value.to_owned()]);
    ParameterStringFilter { key, option: Some(option), values }
}

/// The parameters that `filter` lets through, without their values.
async fn described(
    client: &wire::Client,
    filter: ParameterStringFilter,
) -> Result<Vec<ParameterMetadata>> {
    let (mut found, mut pages) = (Vec::new(), Pages::default());
    loop {
        let (parameter_filters, next_token) = (vec![filter.clone()], pages.token());
        let max_results = Some(PAGE);
        let page =
            client.call(DescribeParameters { parameter_filters, max_results, next_token }).await;
        let page = page.doing("list the secrets")?;
        found.extend(page.parameters);
        if !pages.turn(page.next_token)? {
            return Ok(found);
        }
    }
}

impl Resource for Secret {
    type Live = LiveSecret;

    fn kind(&self) -> &'static str {
        "secret"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn made_by(&self) -> Option<String> {
        Some(format!("stackctl secret set {}", self.key))
    }

    fn is_data(&self) -> bool {
        true
    }

    fn holds(&self, live: &LiveSecret) -> Option<Holding> {
        let amount = format!("version {}", live.version);
        Some(Holding { amount, is_protected: false })
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["ssm:DescribeParameters", "ssm:ListTagsForResource"])
            .making(&["ssm:AddTagsToResource"])
            .deleting(&["ssm:DeleteParameter"])
    }

    fn arns(&self) -> Vec<Arn> {
        let name = format!("parameter{}", self.name);
        vec![Arn::new("parameter", self.cloud.known_identity().arn("ssm", &name))]
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveSecret>> {
        let (found, tags) = tokio::try_join!(self.described(), self.tags())?;
        // One that somebody deletes at this moment may be seen by one call and not by the other.
        Ok(found.zip(tags).map(|(found, tags)| LiveSecret {
            version: found.version,
            kind: found.r#type.unwrap_or_default(),
            tags,
        }))
    }

    fn is_ours(&self, live: &LiveSecret) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn diff(&self, _: &Inputs, live: &LiveSecret) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        if live.kind != ENCRYPTED {
            let difference = Difference::new("type", &live.kind, ENCRYPTED).exposing();
            let way_out = format!("encrypt it with `stackctl secret set {}`", self.key);
            differences.push(difference.left(way_out));
        }
        differences
    }

    /// No plan gets here: its value is not known.
    async fn create(&self, _: &Inputs, _: &Progress) -> Result<LiveSecret> {
        Err(Error::usage(format!("secret `{}` is missing", self.name))
            .hint(format!("run `stackctl secret set {}`", self.key)))
    }

    async fn update(&self, _: &Inputs, live: &LiveSecret, _: &Progress) -> Result<LiveSecret> {
        let (client, tags) = (&self.client, written(&self.tags));
        let (resource_type, resource_id) = (KIND, self.name.clone());
        let answer = client.call(AddTagsToResource { resource_type, resource_id, tags }).await;
        answer.doing(format!("tag secret `{}`", self.key))?;
        let tags = tags::set(&self.tags, &live.tags);
        Ok(LiveSecret { tags, ..live.clone() })
    }

    async fn delete(&self, _: &LiveSecret, _: &Progress) -> Result<()> {
        let (client, name) = (&self.client, self.name.clone());
        let answer = client.call(DeleteParameter { name }).await;
        answer.doing(format!("delete secret `{}`", self.key)).absent_if(&ABSENT).map(|_| ())
    }
}
