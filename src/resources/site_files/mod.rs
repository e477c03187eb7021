//! The files of a site in its bucket: what is served, and the releases that it can go back to.

mod forget;
mod prune;
mod read;
mod restore;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::distribution::FORGETTING;
use super::{BucketPolicy, Distribution, SiteBucket};
use crate::cloud::{Cloud, sites};
use crate::config::{Config, Site};
use crate::site::{ENTRY, Files};
use engine::error::Result;
use engine::{Calls, Difference, Handle, Id, Inputs, Progress, Resource};
use wire::s3::{Bucket, Listed};

pub use restore::{Past, RESTORING};

/// So many files are on their way at once.
const AT_ONCE: usize = 16;
/// So many differences are shown one by one.
const SHOWN: usize = 20;

pub struct SiteFiles {
    cloud: Cloud,
    root: PathBuf,
    site: Site,
    bucket: Handle<SiteBucket>,
    policy: Handle<BucketPolicy>,
    /// What keeps files at the edges.
    front: Distribution,
    /// Whether the headers of what is there are left unread.
    contents_alone: Arc<AtomicBool>,
}

/// The files here, and those in the bucket.
#[derive(Debug, Clone)]
pub struct LiveSiteFiles {
    /// `None` where the folder is not there.
    local: Option<Arc<Files>>,
    remote: Remote,
}

/// What is in the bucket.
#[derive(Debug, Clone, Default)]
struct Remote {
    /// What is served, by paths.
    served: BTreeMap<String, Listed>,
    /// Copies and manifests of releases, by keys.
    kept: BTreeMap<String, Listed>,
    /// Paths whose headers are not those that they shall have.
    headers: Vec<(String, String)>,
    /// Paths that the edges may keep for longer than a moment, as far as headers were read.
    lasting: BTreeSet<String>,
}

impl LiveSiteFiles {
    /// The release that these files are.
    pub fn release(&self) -> Option<&str> {
        self.local.as_ref().map(|files| files.id.as_str())
    }

    /// What S3 calls the content of the entry page.
    pub fn entry(&self) -> Option<&str> {
        Some(&self.local.as_ref()?.all.get(ENTRY)?.md5)
    }
}

impl SiteFiles {
    pub fn new(
        cloud: &Cloud,
        config: &Config,
        site: &Site,
        bucket: Handle<SiteBucket>,
        policy: Handle<BucketPolicy>,
        front: Distribution,
        contents_alone: Arc<AtomicBool>,
    ) -> Self {
        let (cloud, site, root) = (cloud.clone(), site.clone(), config.root.clone());
        Self { cloud, root, site, bucket, policy, front, contents_alone }
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} the files of `{}`", self.site.name)
    }

    async fn s3(&self) -> Result<Bucket> {
        sites::bucket(&self.cloud, &self.site.name).await
    }
}

/// What is to be done with each path.
#[derive(Debug, Default)]
struct Work {
    /// New or with another content.
    put: Vec<String>,
    /// With other headers alone.
    headers: Vec<String>,
    /// Not in the folder any more, and named by no content.
    remove: Vec<String>,
    /// Named by content, with another content.
    clash: Vec<String>,
}

impl Work {
    fn of(files: &Files, remote: &Remote) -> Self {
        let mut work = Self::default();
        for (path, file) in &files.all {
            match remote.served.get(path) {
                Some(there) if there.etag == file.md5 => {}
                Some(_) if file.hashed => work.clash.push(path.clone()),
                _ => work.put.push(path.clone()),
            }
        }
        work.headers = remote.headers.iter().map(|(path, _)| path.clone()).collect();
        let gone = remote.served.keys().filter(|path| !files.all.contains_key(*path));
        // Pages that are open somewhere still ask for what older ones were made of.
        work.remove = gone.filter(|path| !crate::site::is_hashed(path)).cloned().collect();
        work
    }

    fn is_empty(&self) -> bool {
        [&self.put, &self.headers, &self.remove, &self.clash].iter().all(|list| list.is_empty())
    }

    fn differences(&self, files: &Files, remote: &Remote) -> Vec<Difference> {
        let mut shown = Vec::new();
        for path in &self.clash {
            let difference = Difference::new(path, "another content", "this one");
            shown.push(difference.refused(
                "browsers keep this name for a year: let the bundler name it by its content, or give it a rule in `[site.cache]`",
            ));
        }
        for path in &self.put {
            let size = |bytes: u64| format!("{bytes} bytes");
            let now = remote.served.get(path).map_or("absent".to_owned(), |one| size(one.size));
            shown.push(Difference::new(path, now, size(files.all[path].size)));
        }
        for (path, now) in &remote.headers {
            let file = &files.all[path];
            let wanted = format!("{}, {}", file.content_type, file.cache_control);
            shown.push(Difference::new(format!("{path} headers"), now, wanted));
        }
        for path in &self.remove {
            shown.push(Difference::new(path, "served", "absent"));
        }
        let more = shown.len().saturating_sub(SHOWN);
        if more > 0 && self.clash.is_empty() {
            shown.truncate(SHOWN);
            let bytes: u64 = self.put.iter().map(|path| files.all[path].size).sum();
            let all = format!("{bytes} bytes in {} files to upload", self.put.len());
            shown.push(Difference::new(format!("{more} more files"), "as above", all));
        }
        shown
    }
}

impl Resource for SiteFiles {
    type Live = LiveSiteFiles;

    fn kind(&self) -> &'static str {
        "site"
    }

    fn name(&self) -> String {
        self.site.directory.display().to_string()
    }

    fn calls(&self) -> Calls {
        let objects = ["s3:PutObject", "s3:CopyObject", "s3:GetObject", "s3:DeleteObjects"];
        let reading = ["s3:ListObjectsV2", "s3:HeadObject"];
        Calls::default().reading(&reading).making(&objects).making(FORGETTING)
    }

    fn needs(&self) -> Vec<Id> {
        vec![self.bucket.id, self.policy.id]
    }

    fn contained_in(&self) -> Option<Id> {
        Some(self.bucket.id)
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveSiteFiles>> {
        self.find().await
    }

    fn diff(&self, _: &Inputs, live: &LiveSiteFiles) -> Vec<Difference> {
        let Some(files) = &live.local else { return Vec::new() };
        Work::of(files, &live.remote).differences(files, &live.remote)
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<LiveSiteFiles> {
        let live = LiveSiteFiles { local: self.local().await?, remote: Remote::default() };
        self.upload(live, progress).await
    }

    async fn update(
        &self,
        _: &Inputs,
        live: &LiveSiteFiles,
        progress: &Progress,
    ) -> Result<LiveSiteFiles> {
        self.upload(live.clone(), progress).await
    }

    /// It goes with the bucket.
    async fn delete(&self, _: &LiveSiteFiles, _: &Progress) -> Result<()> {
        Ok(())
    }

    async fn finish(&self, _: &Inputs, live: &LiveSiteFiles, progress: &Progress) -> Result<()> {
        self.prune(live, progress).await
    }
}

#[cfg(test)]
mod tests;
