//! Brings the files up: what pages name before the pages, and the entry page last, in one write.

use std::sync::Arc;

use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::task::{JoinSet, spawn_blocking};

use super::forget::stale;
use super::{AT_ONCE, LiveSiteFiles, Remote, SiteFiles, Work};
use crate::cloud::{Doing as _, sites};
use crate::site::{ENTRY, Files, Release, SERVED, is_page, manifest_key, no_files, sha256};
use engine::Progress;
use engine::error::{Error, Result};
use wire::s3::{Bucket, Listed, Put};

/// What is done with one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Put,
    /// Its headers alone are wrong.
    Headers,
    /// A copy for releases to come.
    Keep,
}

impl SiteFiles {
    pub(super) async fn upload(
        &self,
        mut live: LiveSiteFiles,
        progress: &Progress,
    ) -> Result<LiveSiteFiles> {
        let Some(files) = live.local.clone() else {
            return Err(no_files(&self.site, "does not exist"));
        };
        let work = Work::of(&files, &live.remote);
        if work.is_empty() && live.remote.kept.contains_key(&manifest_key(&files.id)) {
            return Ok(live);
        }
        if let Some(path) = work.clash.first() {
            let cause =
                format!("`{path}` is there with another content, and browsers keep it for a year");
            return Err(Error::failed(self.doing("upload")).cause(cause));
        }
        let s3 = self.s3().await?;
        let manifest = self.manifest(&files).await?;
        let [first, pages] = stages(&work, &manifest, &live.remote);
        let total = first.len() + pages.len() + 1;
        let mut done = 0;
        // The release can be gone back to only when all of it is there, so its manifest goes along with the first files.
        let written = self.write_down(&s3, &files, &manifest, progress);
        let sent = self.send(&s3, &files, first, total, &mut done, progress);
        tokio::try_join!(written, sent)?;
        self.send(&s3, &files, pages, total, &mut done, progress).await?;
        self.switch(&s3, &files, &work, &live.remote, progress).await?;
        self.forget(&stale(&work, &files, &live.remote), progress).await;
        for (path, file) in &files.all {
            let key = format!("{SERVED}{path}");
            let (etag, size) = (file.md5.clone(), file.size);
            let modified = live.remote.served.get(path).map(|one| one.modified.clone());
            let there = Listed { key, etag, size, modified: modified.unwrap_or_default() };
            live.remote.served.insert(path.clone(), there);
        }
        live.remote.headers.clear();
        live.remote.lasting.clear();
        Ok(live)
    }

    async fn manifest(&self, files: &Arc<Files>) -> Result<Release> {
        let files = files.clone();
        let made = spawn_blocking(move || Release::of(&files)).await;
        made.map_err(|error| Error::failed(self.doing("read")).cause(error))?
    }

    /// Several at once, read from the disk while they are sent.
    async fn send(
        &self,
        s3: &Bucket,
        files: &Arc<Files>,
        work: Vec<(String, Way)>,
        total: usize,
        done: &mut usize,
        progress: &Progress,
    ) -> Result<()> {
        let (mut left, mut sent) = (work.into_iter(), JoinSet::new());
        loop {
            while sent.len() < AT_ONCE {
                let Some((path, way)) = left.next() else { break };
                let (s3, files, progress) = (s3.clone(), files.clone(), progress.clone());
                sent.spawn(async move { one(&s3, &files, &path, way, &progress).await });
            }
            let Some(ended) = sent.join_next().await else { return Ok(()) };
            ended.map_err(|error| Error::failed(self.doing("upload")).cause(error))??;
            *done += 1;
            progress.note(format!("{done} of {total} files"));
        }
    }

    async fn write_down(
        &self,
        s3: &Bucket,
        files: &Files,
        manifest: &Release,
        progress: &Progress,
    ) -> Result<()> {
        let doing = self.doing("write down");
        let text = serde_json::to_vec(manifest);
        let text = text.map_err(|error| Error::failed(&doing).cause(error))?;
        let (key, digest) = (manifest_key(&files.id), sha256(&text));
        let put = Put { key: &key, content_type: "application/json", ..Put::default() };
        sites::once_known(progress, || async {
            let body = SdkBody::from(text.as_slice());
            s3.put_object(&put, body, &digest).await.doing(&doing).map(drop)
        })
        .await
    }

    /// The one write that viewers notice. It fails when another run has switched since this one has looked.
    async fn switch(
        &self,
        s3: &Bucket,
        files: &Files,
        work: &Work,
        remote: &Remote,
        progress: &Progress,
    ) -> Result<()> {
        let file = &files.all[ENTRY];
        let before = remote.served.get(ENTRY).map_or("", |there| &there.etag);
        let unchanged = before == file.md5 && !work.headers.iter().any(|path| path == ENTRY);
        if unchanged {
            return Ok(());
        }
        let doing = format!("switch `{}` to release {}", self.site.name, files.id);
        let put = Put {
            key: &format!("{SERVED}{ENTRY}"),
            content_type: file.content_type,
            cache_control: &file.cache_control,
            metadata: &[("release", &files.id)],
            only_if: Some(before),
        };
        let answer = sites::once_known(progress, || async {
            let body = body(file).await.doing(&doing)?;
            s3.put_object(&put, body, &file.sha256).await.doing(&doing).map(drop)
        });
        unless_done(s3, &files.id, answer.await).await
    }
}

/// A switch whose answer was lost is refused when it is sent again: then the page says which release it is of.
pub(super) async fn unless_done(s3: &Bucket, release: &str, ended: Result<()>) -> Result<()> {
    let codes = ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"];
    let Err(refused) = ended else { return Ok(()) };
    if !refused.has_code(&codes) {
        return Err(refused);
    }
    let now = s3.head_object(&format!("{SERVED}{ENTRY}")).await;
    if now.is_ok_and(|now| now.release == release) {
        return Ok(());
    }
    Err(refused.hint("another run has shipped the site at the same moment: look at it, then run the same command again"))
}

/// All files but the entry page: those that pages name, and then the pages.
fn stages(work: &Work, manifest: &Release, remote: &Remote) -> [Vec<(String, Way)>; 2] {
    let put = work.put.iter().map(|path| (path.clone(), Way::Put));
    let headers = work.headers.iter().map(|path| (path.clone(), Way::Headers));
    let all = put.chain(headers).filter(|(path, _)| path != ENTRY);
    let (pages, mut first): (Vec<_>, Vec<_>) = all.partition(|(path, _)| is_page(path));
    let copies = manifest.files.iter().filter_map(|(path, kept)| Some((path, kept.copy()?)));
    let missing = copies.filter(|(_, copy)| !remote.kept.contains_key(copy));
    first.extend(missing.map(|(path, _)| (path.clone(), Way::Keep)));
    [first, pages]
}

async fn body(file: &crate::site::Local) -> std::io::Result<SdkBody> {
    let stream = ByteStream::from_path(&file.place).await.map_err(std::io::Error::other)?;
    Ok(stream.into_inner())
}

async fn one(s3: &Bucket, files: &Files, path: &str, way: Way, progress: &Progress) -> Result<()> {
    let file = &files.all[path];
    let doing = format!("upload `{path}`");
    let served = format!("{SERVED}{path}");
    let kept = format!("releases/files/{}", file.sha256);
    let put = Put {
        key: if way == Way::Keep { &kept } else { &served },
        content_type: file.content_type,
        cache_control: &file.cache_control,
        ..Put::default()
    };
    if way == Way::Headers {
        return s3.copy_object(&served, &put).await.doing(doing);
    }
    let etag = sites::once_known(progress, || async {
        let body = body(file).await.doing(&doing)?;
        s3.put_object(&put, body, &file.sha256).await.doing(&doing)
    });
    let etag = etag.await?;
    if etag == file.md5 {
        return Ok(());
    }
    Err(Error::failed(doing)
        .cause("S3 keeps it under another digest than that of its content")
        .hint("the bucket is not to encrypt with a key of its own: see the default encryption of the account"))
}
