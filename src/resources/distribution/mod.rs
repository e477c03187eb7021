//! The distribution: the one address of the site and of the API behind it.

mod config;
mod name;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{AccessControl, Api, EdgeFunction, SiteBucket};
use crate::cloud::pages::Pages;
use crate::cloud::tags::{self, Tags};
use crate::cloud::wait::{self, Poll};
use crate::cloud::{Answer, Cloud, Doing, sites};
use crate::config::{Config, Fallback, Site};
use config::Parts;
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Handle, Id, Inputs, Progress, Resource};
pub use name::{CertificateOf, LiveSiteName, SiteName};
use wire::Element;
use wire::cloudfront::{self, CloudFront, Summary};

const ABSENT: [&str; 1] = ["NoSuchDistribution"];
/// Minutes as a rule; what AWS's own waiter allows is more.
const DISABLED: Duration = Duration::from_mins(30);
/// Until there is room for one more invalidation.
const FORGOTTEN: Duration = Duration::from_mins(5);
/// So often may a reference be used up by distributions that are gone.
const REFERENCES: usize = 9;

/// What finds the distribution of a stack, and no more.
pub const FINDING: &[&str] = &["cloudfront:ListDistributions"];
/// What makes the edges forget files.
pub const FORGETTING: &[&str] = &["cloudfront:ListDistributions", "cloudfront:CreateInvalidation"];

pub struct Distribution {
    cloud: Cloud,
    cdn: CloudFront,
    site: Site,
    stack: String,
    comment: String,
    tags: Tags,
    bucket: Handle<SiteBucket>,
    access_control: Handle<AccessControl>,
    function: Handle<EdgeFunction>,
    api: Option<Handle<Api>>,
}

/// What the distribution is put together from.
#[derive(Clone, Copy)]
pub struct Beside {
    pub bucket: Handle<SiteBucket>,
    pub access_control: Handle<AccessControl>,
    pub function: Handle<EdgeFunction>,
    pub api: Option<Handle<Api>>,
}

/// Where a site is, by the name that CloudFront has given it, and its other names.
#[derive(Debug, Clone)]
pub struct Address {
    pub url: String,
    pub aliases: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct LiveDistribution {
    pub id: String,
    pub arn: String,
    /// Where the site is, without a slash at the end.
    pub url: String,
    /// The name that CloudFront has given it.
    pub domain: String,
    /// Whether every edge has the newest configuration.
    pub deployed: bool,
    config: Element,
    tags: Tags,
}

impl Distribution {
    pub fn new(cloud: &Cloud, config: &Config, site: &Site, beside: Beside) -> Self {
        let Beside { bucket, access_control, function, api } = beside;
        Self {
            cdn: CloudFront::new(&cloud.sdk),
            cloud: cloud.clone(),
            site: site.clone(),
            stack: format!("{}/{}", config.name, config.stage),
            comment: sites::marker(cloud, config),
            tags: tags::ours(config),
            bucket,
            access_control,
            function,
            api: api.filter(|_| site.api.is_some()),
        }
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} the distribution of `{}`", self.site.name)
    }

    /// Every distribution in front of the bucket of this site, whoever made it.
    async fn candidates(&self) -> Result<Vec<Summary>> {
        let bucket = sites::bucket(&self.cloud, &self.site.name).await?;
        let origin = sites::origin(&self.cloud, &bucket.name);
        let (mut found, mut pages) = (Vec::new(), Pages::default());
        loop {
            let page = self.cdn.list_distributions(pages.token().as_deref()).await;
            let page = page.doing(self.doing("find"))?;
            found.extend(page.items.into_iter().filter(|one| one.origins.contains(&origin)));
            if !pages.turn(page.next)? {
                return Ok(found);
            }
        }
    }

    /// The distribution of this stack as a listing shows it, found with one call.
    pub(super) async fn own(&self) -> Result<Option<Summary>> {
        let mut all = self.candidates().await?.into_iter();
        Ok(all.find(|one| one.comment == self.comment))
    }

    /// The address by which viewers reach the site of this stack, found with one call.
    pub async fn address(&self) -> Result<Option<Address>> {
        let Some(own) = self.own().await? else { return Ok(None) };
        let url = sites::url(&self.cloud, &own.id, &own.domain).await?;
        Ok(Some(Address { url, aliases: own.aliases }))
    }

    /// Makes every edge forget paths that it may keep. Nobody waits until the last one has.
    pub async fn forget(&self, paths: &[String], progress: &Progress) -> Result<()> {
        let Some(own) = self.own().await? else { return Ok(()) };
        // The same paths of the same release may have to be forgotten a second time.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let reference = format!("stackctl-{}", now.as_nanos());
        let busy = |error: &Error| error.has_code(&["TooManyInvalidationsInProgress"]);
        let what = "CloudFront has ended earlier invalidations";
        wait::while_refused(progress, what, FORGOTTEN, busy, || async {
            let answer = self.cdn.create_invalidation(&own.id, &reference, paths).await;
            answer.doing(self.doing("invalidate files of"))
        })
        .await
    }

    async fn find(&self) -> Result<Option<LiveDistribution>> {
        let mut lives = Vec::new();
        for one in self.candidates().await? {
            lives.extend(self.live(&one.id, &one.arn).await?);
        }
        let ours: Vec<&str> =
            lives.iter().filter(|one| self.is_ours(one)).map(|one| one.id.as_str()).collect();
        if ours.len() > 1 {
            return Err(Error::failed(self.doing("find"))
                .cause(format!("there are {}: {}", ours.len(), ours.join(", ")))
                .hint("disable and delete those that no name leads to, then run the same command again"));
        }
        let place = lives.iter().position(|one| self.is_ours(one)).unwrap_or(0);
        Ok((!lives.is_empty()).then(|| lives.swap_remove(place)))
    }

    async fn live(&self, id: &str, arn: &str) -> Result<Option<LiveDistribution>> {
        let (found, tags) =
            tokio::join!(self.cdn.get_distribution(id), self.cdn.list_tags_for_resource(arn));
        let found = found.doing(self.doing("read")).absent_if(&ABSENT)?;
        let gone = [ABSENT[0], "NoSuchResource"];
        let tags = tags.doing(self.doing("read the tags of")).absent_if(&gone)?;
        let Some((found, tags)) = found.zip(tags) else { return Ok(None) };
        self.read_back(found.value, tags.into_iter().collect()).await.map(Some)
    }

    async fn read_back(
        &self,
        found: cloudfront::Distribution,
        tags: Tags,
    ) -> Result<LiveDistribution> {
        Ok(LiveDistribution {
            url: sites::url(&self.cloud, &found.id, &found.domain).await?,
            deployed: found.status == "Deployed",
            id: found.id,
            arn: found.arn,
            domain: found.domain,
            config: found.config,
            tags,
        })
    }

    /// The configuration; while planning, what is not there yet is as `live` has it.
    fn wanted(&self, inputs: &Inputs, bucket: &str, reference: &str) -> Element {
        let found = |handle| inputs.find(handle);
        let access_control = found(self.access_control).map(|one| one.id.clone());
        let function = inputs.find(self.function).map(|one| one.arn.clone());
        let api = self.api.zip(self.site.api.clone()).map(|(handle, path)| {
            let url = inputs.find(handle).map(|api| api.url.clone()).unwrap_or_default();
            (path, url)
        });
        let parts = Parts {
            reference: reference.to_owned(),
            comment: self.comment.clone(),
            bucket: sites::origin(&self.cloud, bucket),
            access_control: access_control.unwrap_or_default(),
            function: function.unwrap_or_default(),
            price_class: self.site.price_class,
            headers: self.site.headers,
            api,
            not_found_page: self.site.fallback == Fallback::Pages,
        };
        parts.config()
    }

    /// The same for the same stack, so that a second creation is refused, whatever became of the first.
    fn reference(&self, account: &str, count: usize) -> String {
        let region = self.cloud.region();
        let again = if count == 1 { String::new() } else { format!("/{count}") };
        format!("stackctl/{account}/{region}/{}{again}", self.stack)
    }

    /// Changes the configuration as it is at this moment; reads it again when somebody else has changed it meanwhile.
    async fn change(
        &self,
        id: &str,
        change: impl Fn(&Element) -> Element,
    ) -> Result<Option<cloudfront::Distribution>> {
        let mut again = true;
        loop {
            let now = self.cdn.get_distribution(id).await.doing(self.doing("read"));
            let Some(now) = now.absent_if(&ABSENT)? else { return Ok(None) };
            let config = change(&now.value.config);
            if config == now.value.config {
                return Ok(Some(now.value));
            }
            let changed = self.cdn.update_distribution(id, &now.etag, &config).await;
            match changed.doing(self.doing("change")) {
                Err(error)
                    if again
                        && error.has_code(&["PreconditionFailed", "InvalidIfMatchVersion"]) =>
                {
                    again = false;
                }
                ended => return ended.map(|changed| Some(changed.value)),
            }
        }
    }

    /// CloudFront deletes what is disabled at every edge. Its names are free at once: a distribution that is disabled would
    /// still keep them from another one.
    async fn disable(&self, id: &str, progress: &Progress) -> Result<Option<String>> {
        let off = |config: &Element| {
            let mut config = name::unnamed(config);
            let enabled = config.children.iter_mut().find(|one| one.name == "Enabled");
            if let Some(enabled) = enabled {
                "false".clone_into(&mut enabled.text);
            }
            config
        };
        if self.change(id, off).await?.is_none() {
            return Ok(None);
        }
        let what = "every edge has switched the distribution off, which takes minutes";
        wait::until(progress, what, DISABLED, || async {
            let now = self.cdn.get_distribution(id).await.doing(self.doing("read"));
            let Some(now) = now.absent_if(&ABSENT)? else { return Ok(Poll::Ready(None)) };
            let is_off = now.value.config.at("Enabled") == "false";
            Ok(match is_off && now.value.status == "Deployed" {
                true => Poll::Ready(Some(now.etag)),
                false => Poll::Pending(now.value.status),
            })
        })
        .await
    }
}

impl Resource for Distribution {
    type Live = LiveDistribution;

    fn kind(&self) -> &'static str {
        "distribution"
    }

    fn name(&self) -> String {
        self.site.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&[
                "cloudfront:ListDistributions",
                "cloudfront:GetDistribution",
                "cloudfront:ListTagsForResource",
            ])
            .making(&[
                "cloudfront:CreateDistributionWithTags",
                "cloudfront:UpdateDistribution",
                "cloudfront:TagResource",
            ])
            .deleting(&["cloudfront:UpdateDistribution", "cloudfront:DeleteDistribution"])
    }

    fn arns(&self) -> Vec<Arn> {
        // CloudFront gives each a name of its own.
        let any = self.cloud.known_identity().global("cloudfront", "distribution/*");
        vec![Arn::new("distribution", any)]
    }

    fn needs(&self) -> Vec<Id> {
        let own = [self.bucket.id, self.access_control.id, self.function.id];
        own.into_iter().chain(self.api.map(|api| api.id)).collect()
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveDistribution>> {
        self.find().await
    }

    fn is_ours(&self, live: &LiveDistribution) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn owner(&self, live: &LiveDistribution) -> Option<String> {
        tags::other_stack(&self.tags, &live.tags, &self.site.name)
    }

    fn diff(&self, inputs: &Inputs, live: &LiveDistribution) -> Vec<Difference> {
        let bucket = inputs.find(self.bucket).map(|bucket| bucket.name.clone());
        let wanted = self.wanted(inputs, &bucket.unwrap_or_default(), "");
        let mut differences = tags::diff(&self.tags, &live.tags);
        differences.extend(config::differences(&live.config, &wanted));
        differences
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<LiveDistribution> {
        let account = self.cloud.identity().await?.account;
        let bucket = &inputs.get(self.bucket).name;
        for count in 1..=REFERENCES {
            let wanted = self.wanted(inputs, bucket, &self.reference(&account, count));
            let tags = sites::pairs(&self.tags);
            let made = self.cdn.create_distribution_with_tags(&wanted, &tags).await;
            match made.doing(self.doing("create")) {
                Ok(made) => return self.read_back(made.value, self.tags.clone()).await,
                Err(error) if error.has_code(&["DistributionAlreadyExists"]) => {}
                Err(error) => return Err(error),
            }
            // Another run has made it, or one that was deleted has used the reference up.
            let seen = wait::until_read(progress, sites::SPREADING, || self.find()).await;
            if let Ok(live) = seen {
                return Ok(live);
            }
        }
        Err(Error::failed(self.doing("create")).cause("every reference is used up"))
    }

    async fn update(
        &self,
        inputs: &Inputs,
        live: &LiveDistribution,
        _: &Progress,
    ) -> Result<LiveDistribution> {
        if !tags::are_set(&self.tags, &live.tags) {
            let answer = self.cdn.tag_resource(&live.arn, &sites::pairs(&self.tags)).await;
            answer.doing(self.doing("tag"))?;
        }
        let wanted = self.wanted(inputs, &inputs.get(self.bucket).name, "");
        let changed = self.change(&live.id, |now| {
            let same = config::differences(now, &wanted).is_empty();
            if same { now.clone() } else { config::merged(now, &wanted) }
        });
        let changed = changed
            .await?
            .ok_or_else(|| Error::failed(self.doing("change")).cause("it was deleted meanwhile"))?;
        self.read_back(changed, tags::set(&self.tags, &live.tags)).await
    }

    async fn delete(&self, live: &LiveDistribution, progress: &Progress) -> Result<()> {
        let Some(etag) = self.disable(&live.id, progress).await? else { return Ok(()) };
        // The edges have let go of it a little later than they say.
        let busy = |error: &Error| error.has_code(&["DistributionNotDisabled"]);
        let what = "CloudFront takes the deletion";
        wait::while_refused(progress, what, DISABLED, busy, || async {
            let deleted = self.cdn.delete_distribution(&live.id, &etag).await;
            deleted.doing(self.doing("delete")).absent_if(&ABSENT).map(drop)
        })
        .await
    }
}

#[cfg(test)]
mod tests;
