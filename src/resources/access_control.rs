//! The origin access control: with it, CloudFront signs what it asks of the bucket.

use crate::cloud::pages::Pages;
use crate::cloud::{Answer, Cloud, Doing, sites, wait};
use crate::config::{Config, Site};
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Inputs, Progress, Resource};
use wire::cloudfront::{self, CloudFront};

const ABSENT: [&str; 1] = ["NoSuchOriginAccessControl"];

pub struct AccessControl {
    cloud: Cloud,
    cdn: CloudFront,
    wanted: cloudfront::AccessControl,
}

impl AccessControl {
    pub fn new(cloud: &Cloud, config: &Config, site: &Site) -> Self {
        let wanted = cloudfront::AccessControl {
            id: String::new(),
            name: format!("{}-{}", site.name, cloud.region()),
            description: sites::marker(cloud, config),
            behavior: "always".to_owned(),
            protocol: "sigv4".to_owned(),
            origin: "s3".to_owned(),
        };
        Self { cloud: cloud.clone(), cdn: CloudFront::new(&cloud.sdk), wanted }
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} origin access control `{}`", self.wanted.name)
    }

    async fn find(&self) -> Result<Option<cloudfront::AccessControl>> {
        let mut pages = Pages::default();
        loop {
            let page = self.cdn.list_origin_access_controls(pages.token().as_deref()).await;
            let page = page.doing(self.doing("find"))?;
            let found = page.items.into_iter().find(|one| one.name == self.wanted.name);
            if found.is_some() || !pages.turn(page.next)? {
                return Ok(found);
            }
        }
    }
}

impl Resource for AccessControl {
    type Live = cloudfront::AccessControl;

    fn kind(&self) -> &'static str {
        "origin access"
    }

    fn name(&self) -> String {
        self.wanted.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["cloudfront:ListOriginAccessControls"])
            .making(&[
                "cloudfront:CreateOriginAccessControl",
                "cloudfront:GetOriginAccessControl",
                "cloudfront:UpdateOriginAccessControl",
            ])
            .deleting(&[
                "cloudfront:GetOriginAccessControl",
                "cloudfront:DeleteOriginAccessControl",
            ])
    }

    fn arns(&self) -> Vec<Arn> {
        // CloudFront gives each a name of its own.
        let any = self.cloud.known_identity().global("cloudfront", "origin-access-control/*");
        vec![Arn::new("origin-access-control", any)]
    }

    async fn read(&self, _: &Progress) -> Result<Option<Self::Live>> {
        self.find().await
    }

    fn is_ours(&self, live: &Self::Live) -> bool {
        live.description == self.wanted.description
    }

    fn owner(&self, live: &Self::Live) -> Option<String> {
        sites::owner(&live.description).filter(|_| !self.is_ours(live))
    }

    fn diff(&self, _: &Inputs, live: &Self::Live) -> Vec<Difference> {
        let wanted = &self.wanted;
        let pairs = [
            ("description", &live.description, &wanted.description),
            ("signing", &live.behavior, &wanted.behavior),
            ("protocol", &live.protocol, &wanted.protocol),
            ("origin type", &live.origin, &wanted.origin),
        ];
        let each = pairs.into_iter();
        each.filter_map(|(name, now, wanted)| Difference::unless_equal(name, now, wanted)).collect()
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<Self::Live> {
        let made = self.cdn.create_origin_access_control(&self.wanted).await;
        made.doing(self.doing("create")).exists_if(&["OriginAccessControlAlreadyExists"])?;
        wait::until_read(progress, sites::SPREADING, || self.find()).await
    }

    async fn update(&self, _: &Inputs, live: &Self::Live, _: &Progress) -> Result<Self::Live> {
        let etag = self.cdn.get_origin_access_control(&live.id).await.doing(self.doing("read"))?;
        let wanted = cloudfront::AccessControl { id: live.id.clone(), ..self.wanted.clone() };
        let answer = self.cdn.update_origin_access_control(&etag, &wanted).await;
        answer.doing(self.doing("change"))?;
        Ok(wanted)
    }

    async fn delete(&self, live: &Self::Live, progress: &Progress) -> Result<()> {
        let used = |error: &Error| error.has_code(&["OriginAccessControlInUse"]);
        let what = "CloudFront lets go of it";
        wait::while_refused(progress, what, sites::LET_GO, used, || async {
            let etag = self.cdn.get_origin_access_control(&live.id).await;
            let etag = etag.doing(self.doing("read")).absent_if(&ABSENT)?;
            let Some(etag) = etag else { return Ok(()) };
            let answer = self.cdn.delete_origin_access_control(&live.id, &etag).await;
            answer.doing(self.doing("delete")).absent_if(&ABSENT).map(drop)
        })
        .await
    }
}
