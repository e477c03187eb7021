//! The function at the edge, which says what a request is about before CloudFront looks for it.

use crate::cloud::{Answer, Cloud, Doing, sites, wait};
use crate::config::{Config, Site};
use crate::site;
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Inputs, Progress, Resource};
use wire::cloudfront::CloudFront;

const ABSENT: [&str; 1] = ["NoSuchFunctionExists"];

/// What viewers meet, and what can be changed.
const LIVE: &str = "LIVE";
const DEVELOPMENT: &str = "DEVELOPMENT";

pub struct EdgeFunction {
    cloud: Cloud,
    cdn: CloudFront,
    name: String,
    comment: String,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveEdgeFunction {
    pub arn: String,
    comment: String,
    runtime: String,
    /// `None` until it is published.
    code: Option<String>,
}

impl EdgeFunction {
    pub fn new(cloud: &Cloud, config: &Config, site: &Site) -> Self {
        let names = config.domain.as_ref().and_then(|domain| domain.site.as_ref());
        Self {
            cloud: cloud.clone(),
            cdn: CloudFront::new(&cloud.sdk),
            name: format!("{}-{}-edge", site.name, cloud.region()),
            comment: sites::marker(cloud, config),
            code: site::function(site, names),
        }
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} edge function `{}`", self.name)
    }

    async fn find(&self) -> Result<Option<LiveEdgeFunction>> {
        let doing = self.doing("read");
        let (found, code) = tokio::join!(
            self.cdn.describe_function(&self.name, LIVE),
            self.cdn.get_function(&self.name, LIVE)
        );
        let mut found = found.doing(&doing).absent_if(&ABSENT)?;
        let code = code.doing(&doing).absent_if(&ABSENT)?;
        if found.is_none() {
            // A run that ended before it was published.
            let unpublished = self.cdn.describe_function(&self.name, DEVELOPMENT).await;
            found = unpublished.doing(&doing).absent_if(&ABSENT)?;
        }
        Ok(found.map(|found| LiveEdgeFunction {
            arn: found.value.arn,
            comment: found.value.comment,
            runtime: found.value.runtime,
            code,
        }))
    }

    async fn publish(&self, etag: &str) -> Result<()> {
        self.cdn.publish_function(&self.name, etag).await.doing(self.doing("publish"))
    }

    async fn etag(&self) -> Result<Option<String>> {
        let found = self.cdn.describe_function(&self.name, DEVELOPMENT).await;
        let found = found.doing(self.doing("read")).absent_if(&ABSENT)?;
        Ok(found.map(|found| found.etag))
    }
}

impl Resource for EdgeFunction {
    type Live = LiveEdgeFunction;

    fn kind(&self) -> &'static str {
        "edge function"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["cloudfront:DescribeFunction", "cloudfront:GetFunction"])
            .making(&[
                "cloudfront:CreateFunction",
                "cloudfront:UpdateFunction",
                "cloudfront:PublishFunction",
            ])
            .deleting(&["cloudfront:DeleteFunction"])
    }

    fn arns(&self) -> Vec<Arn> {
        let name = format!("function/{}", self.name);
        vec![Arn::new("function", self.cloud.known_identity().global("cloudfront", &name))]
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveEdgeFunction>> {
        self.find().await
    }

    fn is_ours(&self, live: &LiveEdgeFunction) -> bool {
        live.comment == self.comment
    }

    fn owner(&self, live: &LiveEdgeFunction) -> Option<String> {
        sites::owner(&live.comment).filter(|_| !self.is_ours(live))
    }

    fn diff(&self, _: &Inputs, live: &LiveEdgeFunction) -> Vec<Difference> {
        let mut differences = Vec::new();
        differences.extend(Difference::unless_equal("comment", &live.comment, &self.comment));
        if live.code.as_ref() != Some(&self.code) {
            let now = if live.code.is_some() { "other code" } else { "not published" };
            differences.push(Difference::new("code", now, "the rules of `[site]`"));
        }
        if live.runtime != "cloudfront-js-2.0" {
            differences.push(Difference::new("runtime", &live.runtime, "cloudfront-js-2.0"));
        }
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveEdgeFunction> {
        let made = self.cdn.create_function(&self.name, &self.comment, &self.code).await;
        let etag = made.doing(self.doing("create")).exists_if(&["FunctionAlreadyExists"])?;
        self.publish(&etag).await?;
        wait::until_read(progress, sites::SPREADING, || self.find()).await
    }

    async fn update(
        &self,
        _: &Inputs,
        live: &LiveEdgeFunction,
        _: &Progress,
    ) -> Result<LiveEdgeFunction> {
        let etag = self.etag().await?.unwrap_or_default();
        let changed = self.cdn.update_function(&self.name, &etag, &self.comment, &self.code).await;
        self.publish(&changed.doing(self.doing("change"))?).await?;
        Ok(LiveEdgeFunction { code: Some(self.code.clone()), ..live.clone() })
    }

    async fn delete(&self, _: &LiveEdgeFunction, progress: &Progress) -> Result<()> {
        let used = |error: &Error| error.has_code(&["FunctionInUse"]);
        let what = "CloudFront lets go of it";
        wait::while_refused(progress, what, sites::LET_GO, used, || async {
            let Some(etag) = self.etag().await? else { return Ok(()) };
            let answer = self.cdn.delete_function(&self.name, &etag).await;
            answer.doing(self.doing("delete")).absent_if(&ABSENT).map(drop)
        })
        .await
    }
}
