//! Goes back to an earlier release: what later ones have replaced is put back, and the entry page last.

use aws_smithy_types::body::SdkBody;

use super::upload::unless_done;
use super::{Remote, SiteFiles};
use crate::cloud::Doing as _;
use crate::site::{ENTRY, Kept, Release, SERVED, is_page, lasts, manifest_id, sha256};
use engine::Progress;
use engine::error::{Error, Result};
use wire::s3::{Bucket, Put};

/// What going back takes.
pub const RESTORING: &[&str] =
    &["s3:ListObjectsV2", "s3:HeadObject", "s3:GetObject", "s3:PutObject", "s3:CopyObject"];

/// A release that is in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    pub id: String,
    /// When it was uploaded, as S3 writes it.
    pub at: String,
    pub is_live: bool,
}

impl SiteFiles {
    /// Every release that is written down, the newest first.
    pub async fn releases(&self) -> Result<Vec<Past>> {
        let s3 = self.s3().await?;
        let remote = self.there(&s3).await?;
        let live =
            s3.head_object(&format!("{SERVED}{ENTRY}")).await.doing(self.doing("look at"))?;
        let past = remote.kept.values().filter_map(|one| {
            let id = manifest_id(&one.key)?.to_owned();
            Some(Past { is_live: id == live.release, at: one.modified.clone(), id })
        });
        let mut past: Vec<Past> = past.collect();
        past.sort_by(|one, other| other.at.cmp(&one.at));
        Ok(past)
    }

    /// Serves a release again; returns what S3 calls the content of its entry page.
    pub async fn restore(&self, id: &str, progress: &Progress) -> Result<String> {
        let s3 = self.s3().await?;
        let remote = self.there(&s3).await?;
        let doing = format!("go back to release {id}");
        let release = self.release(&s3, id).await?.ok_or_else(|| {
            Error::failed(&doing).cause("it is not in the bucket, or cannot be read")
        })?;
        complete(&release, &remote).map_err(|missing| {
            let cause = format!("`{missing}` of it is not in the bucket any more");
            Error::failed(&doing)
                .cause(cause)
                .hint("`stackctl rollback --site --list` shows the others")
        })?;
        let mut files: Vec<(&String, &Kept)> = release.files.iter().collect();
        files.retain(|(path, kept)| {
            remote.served.get(*path).is_none_or(|there| there.etag != kept.md5)
        });
        // Pages after what they name, and the entry last.
        files.sort_by_key(|(path, _)| (*path == ENTRY, is_page(path), (*path).clone()));
        for (path, kept) in &files {
            let before = remote.served.get(*path).map_or("", |there| &there.etag);
            put_back(&s3, id, path, kept, before).await.map_err(|error| {
                error.hint("run the same command again: it continues; `stackctl deploy --site` ships what is in this folder")
            })?;
        }
        let there = files.iter().filter(|(path, _)| remote.served.contains_key(*path));
        let stays = there.filter(|(_, kept)| lasts(&kept.cache_control));
        let stale: Vec<String> = stays.map(|(path, _)| (*path).clone()).collect();
        self.forget(&stale, progress).await;
        Ok(release.files.get(ENTRY).map(|kept| kept.md5.clone()).unwrap_or_default())
    }

    async fn there(&self, s3: &Bucket) -> Result<Remote> {
        let remote = self.remote(s3).await?;
        remote.filter(|remote| !remote.served.is_empty()).ok_or_else(|| {
            Error::failed("roll the site back")
                .cause(format!("`{}` is not up", self.site.name))
                .hint("run `stackctl up` first")
        })
    }
}

/// Whether every file of a release can be served again; else one that cannot.
fn complete(release: &Release, remote: &Remote) -> std::result::Result<(), String> {
    for (path, kept) in &release.files {
        let served = remote.served.get(path).is_some_and(|there| there.etag == kept.md5);
        let copied = kept.copy().is_some_and(|copy| remote.kept.contains_key(&copy));
        if !served && !copied && kept.content.is_none() {
            return Err(path.clone());
        }
    }
    Ok(())
}

async fn put_back(s3: &Bucket, id: &str, path: &str, kept: &Kept, before: &str) -> Result<()> {
    let (doing, key) = (format!("put `{path}` back"), format!("{SERVED}{path}"));
    let metadata = [("release", id)];
    let put = Put {
        key: &key,
        content_type: &kept.content_type,
        cache_control: &kept.cache_control,
        metadata: if path == ENTRY { &metadata } else { &[] },
        only_if: (path == ENTRY).then_some(before),
    };
    let ended = match (kept.bytes(), kept.copy()) {
        (Some(bytes), _) => {
            let digest = sha256(&bytes);
            s3.put_object(&put, SdkBody::from(bytes), &digest).await.doing(doing).map(drop)
        }
        (None, Some(copy)) => s3.copy_object(&copy, &put).await.doing(doing),
        (None, None) => Err(Error::failed(doing).cause("nothing of it is kept")),
    };
    if path == ENTRY { unless_done(s3, id, ended).await } else { ended }
}
