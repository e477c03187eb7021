//! The bucket of a site: private, with a name that no other account can take.

use std::time::Duration;

use crate::cloud::tags::{self, Tags};
use crate::cloud::wait;
use crate::cloud::{Answer, Cloud, Doing, sites};
use crate::config::{Config, Site};
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Inputs, Progress, Resource};
use wire::s3::{BATCH, Bucket, Version};

const ABSENT: [&str; 2] = ["NoSuchBucket", "NotFound"];
/// Another change of a bucket of this name is on its way.
const BUSY: Duration = Duration::from_mins(2);
/// So often is a bucket emptied of what others put in meanwhile.
const ROUNDS: usize = 5;

pub struct SiteBucket {
    cloud: Cloud,
    name: String,
    tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSiteBucket {
    /// Its whole name.
    pub name: String,
    tags: Tags,
    /// Whether nothing in it can be made public.
    blocked: bool,
}

impl SiteBucket {
    pub fn new(cloud: &Cloud, config: &Config, site: &Site) -> Self {
        Self { cloud: cloud.clone(), name: site.name.clone(), tags: tags::ours(config) }
    }

    async fn s3(&self) -> Result<Bucket> {
        sites::bucket(&self.cloud, &self.name).await
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} bucket `{}`", self.name)
    }

    async fn find(&self, s3: &Bucket) -> Result<Option<LiveSiteBucket>> {
        let (tags, blocked) = tokio::join!(s3.get_bucket_tagging(), s3.get_public_access_block());
        let tags = match tags.doing(self.doing("read the tags of")) {
            Err(error) if error.has_code(&["NoSuchTagSet"]) => Vec::new(),
            other => match other.absent_if(&ABSENT)? {
                Some(tags) => tags,
                None => return Ok(None),
            },
        };
        let open = ["NoSuchPublicAccessBlockConfiguration", ABSENT[0], ABSENT[1]];
        let blocked = blocked.doing(self.doing("read the access of")).absent_if(&open)?;
        let tags = tags.into_iter().collect();
        let blocked = blocked.unwrap_or(false);
        Ok(Some(LiveSiteBucket { name: s3.name.clone(), tags, blocked }))
    }

    /// A second creation of an own bucket is a success in us-east-1, so whose it is has to be read.
    async fn make(&self, s3: &Bucket, progress: &Progress) -> Result<()> {
        let busy = |error: &Error| error.has_code(&["OperationAborted"]);
        let tags = sites::pairs(&self.tags);
        wait::while_refused(progress, "S3 gives the name away", BUSY, busy, || async {
            let made = s3.create_bucket(&tags).await.doing(self.doing("create"));
            made.exists_if(&["BucketAlreadyOwnedByYou"])
        })
        .await
    }

    /// Deletes every version of every object, and uploads that never ended.
    async fn empty(&self, s3: &Bucket, progress: &Progress) -> Result<()> {
        let (doing, mut gone) = (self.doing("empty"), 0);
        let mut last = Vec::new();
        loop {
            let Some(page) = s3.list_object_versions().await.doing(&doing).absent_if(&ABSENT)?
            else {
                return Ok(());
            };
            if page.items.is_empty() {
                break;
            }
            if page.items == last {
                let cause = format!("S3 keeps {} objects without a reason", last.len());
                return Err(Error::failed(&doing).cause(cause));
            }
            last.clone_from(&page.items);
            for batch in page.items.chunks(BATCH) {
                let refused = s3.delete_objects(&named(batch)).await.doing(&doing)?;
                if let Some(first) = refused.first() {
                    let cause = format!("S3 keeps {} objects, such as {first}", refused.len());
                    return Err(Error::failed(&doing).cause(cause));
                }
                gone += batch.len();
                progress.note(format!("{gone} objects deleted"));
            }
        }
        let uploads = s3.list_multipart_uploads().await.doing(&doing).absent_if(&ABSENT)?;
        for upload in uploads.into_iter().flat_map(|page| page.items) {
            let answer = s3.abort_multipart_upload(&upload).await.doing(&doing);
            answer.absent_if(&["NoSuchUpload"])?;
        }
        Ok(())
    }
}

/// The versions, by their ids where they have some: the bucket keeps none, unless somebody has switched that on.
fn named(batch: &[Version]) -> Vec<Version> {
    let is_versioned = batch.iter().any(|one| one.id != "null");
    let id = |one: &Version| if is_versioned { one.id.clone() } else { String::new() };
    batch.iter().map(|one| Version { key: one.key.clone(), id: id(one) }).collect()
}

impl Resource for SiteBucket {
    type Live = LiveSiteBucket;

    fn kind(&self) -> &'static str {
        "bucket"
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["s3:GetBucketTagging", "s3:GetPublicAccessBlock"])
            .making(&["s3:CreateBucket", "s3:PutBucketTagging", "s3:PutPublicAccessBlock"])
            .deleting(&[
                "s3:ListObjectVersions",
                "s3:DeleteObjects",
                "s3:ListMultipartUploads",
                "s3:AbortMultipartUpload",
                "s3:DeleteBucket",
            ])
    }

    fn arns(&self) -> Vec<Arn> {
        let identity = self.cloud.known_identity();
        let name = sites::bucket_name(identity, &self.name);
        let arn = format!("arn:{}:s3:::{name}", identity.partition);
        vec![Arn::new("object", format!("{arn}/*")), Arn::new("bucket", arn)]
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveSiteBucket>> {
        self.find(&self.s3().await?).await
    }

    fn is_ours(&self, live: &LiveSiteBucket) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn owner(&self, live: &LiveSiteBucket) -> Option<String> {
        tags::other_stack(&self.tags, &live.tags, &self.name)
    }

    fn diff(&self, _: &Inputs, live: &LiveSiteBucket) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        if !live.blocked {
            differences.push(Difference::new("public access", "possible", "blocked"));
        }
        differences
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveSiteBucket> {
        let s3 = self.s3().await?;
        self.make(&s3, progress).await?;
        let live = wait::until_read(progress, sites::SPREADING, || self.find(&s3)).await?;
        if live.blocked && tags::are_set(&self.tags, &live.tags) {
            return Ok(live);
        }
        self.amend(&s3, &live).await
    }

    async fn update(
        &self,
        _: &Inputs,
        live: &LiveSiteBucket,
        _: &Progress,
    ) -> Result<LiveSiteBucket> {
        self.amend(&self.s3().await?, live).await
    }

    async fn delete(&self, _: &LiveSiteBucket, progress: &Progress) -> Result<()> {
        let s3 = self.s3().await?;
        for _ in 0..ROUNDS {
            self.empty(&s3, progress).await?;
            let gone = s3.delete_bucket().await.doing(self.doing("delete"));
            match gone.absent_if(&ABSENT) {
                Err(error) if error.has_code(&["BucketNotEmpty"]) => {}
                ended => return ended.map(drop),
            }
        }
        Err(Error::failed(self.doing("delete")).cause("something else writes to it all the time"))
    }
}

impl SiteBucket {
    /// Sets what is ours, tags of others aside.
    async fn amend(&self, s3: &Bucket, live: &LiveSiteBucket) -> Result<LiveSiteBucket> {
        let mut now = live.clone();
        if !tags::are_set(&self.tags, &live.tags) {
            now.tags = tags::set(&self.tags, &live.tags);
            let answer = s3.put_bucket_tagging(&sites::pairs(&now.tags)).await;
            answer.doing(self.doing("tag"))?;
        }
        if !live.blocked {
            s3.put_public_access_block().await.doing(self.doing("close"))?;
            now.blocked = true;
        }
        Ok(now)
    }
}
