//! What is in the folder and in the bucket.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::{JoinSet, spawn_blocking};

use super::{AT_ONCE, LiveSiteFiles, Remote, SiteFiles};
use crate::cloud::pages::Pages;
use crate::cloud::{Answer as _, Doing as _};
use crate::site::{self, Files, SERVED};
use engine::error::{Error, Result};
use wire::s3::{Bucket, Head};

const ABSENT: [&str; 2] = ["NoSuchBucket", "NotFound"];

impl SiteFiles {
    pub(super) async fn find(&self) -> Result<Option<LiveSiteFiles>> {
        let s3 = self.s3().await?;
        let (local, remote) = tokio::join!(self.local_if_there(), self.remote(&s3));
        let Some(mut remote) = remote? else { return Ok(None) };
        if remote.served.is_empty() && remote.kept.is_empty() {
            return Ok(None);
        }
        let local = local?;
        let looks = !self.contents_alone.load(Ordering::Relaxed);
        if let Some(files) = local.as_ref().filter(|_| looks) {
            self.headers(&s3, files, &mut remote).await?;
        }
        Ok(Some(LiveSiteFiles { local, remote }))
    }

    /// The files of the folder.
    pub(super) async fn local(&self) -> Result<Option<Arc<Files>>> {
        let (root, site) = (self.root.clone(), self.site.clone());
        let read = spawn_blocking(move || site::read(&root, &site)).await;
        let read = read.map_err(|error| Error::failed(self.doing("read")).cause(error))?;
        read.map(|files| Some(Arc::new(files)))
    }

    /// A site can be looked at and torn down where nothing has built it.
    async fn local_if_there(&self) -> Result<Option<Arc<Files>>> {
        if self.root.join(&self.site.directory).is_dir() { self.local().await } else { Ok(None) }
    }

    pub(super) async fn remote(&self, s3: &Bucket) -> Result<Option<Remote>> {
        let (mut remote, mut pages) = (Remote::default(), Pages::default());
        loop {
            let page = s3.list_objects_v2(pages.token().as_deref()).await.doing(self.doing("list"));
            let Some(page) = page.absent_if(&ABSENT)? else { return Ok(None) };
            for one in page.items {
                match one.key.strip_prefix(SERVED).map(str::to_owned) {
                    Some(path) => remote.served.insert(path, one),
                    None => remote.kept.insert(one.key.clone(), one),
                };
            }
            if !pages.turn(page.next)? {
                return Ok(Some(remote));
            }
        }
    }

    /// Which files have the right content and other headers, and which ones the edges may keep.
    async fn headers(&self, s3: &Bucket, files: &Arc<Files>, remote: &mut Remote) -> Result<()> {
        let there = files.all.keys().filter(|path| remote.served.contains_key(*path));
        let mut left = there.cloned().collect::<Vec<_>>().into_iter();
        let (mut looks, mut wrong) = (JoinSet::new(), Vec::new());
        loop {
            while looks.len() < AT_ONCE {
                let Some(path) = left.next() else { break };
                let (s3, key) = (s3.clone(), format!("{SERVED}{path}"));
                looks.spawn(async move { (path, s3.head_object(&key).await) });
            }
            let Some(looked) = looks.join_next().await else { break };
            let (path, head) =
                looked.map_err(|error| Error::failed(self.doing("look at")).cause(error))?;
            let head = head.doing(self.doing("look at")).absent_if(&["NoSuchKey", "NotFound"])?;
            let Some(Head { content_type, cache_control, .. }) = head else { continue };
            let file = &files.all[&path];
            if site::lasts(&cache_control) {
                remote.lasting.insert(path.clone());
            }
            let differs = content_type != file.content_type || cache_control != file.cache_control;
            if differs && remote.served[&path].etag == file.md5 {
                wrong.push((path, format!("{content_type}, {cache_control}")));
            }
        }
        wrong.sort();
        remote.headers = wrong;
        Ok(())
    }
}
