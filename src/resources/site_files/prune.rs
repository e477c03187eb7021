//! Takes away what no release to go back to needs, once a new one is served.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use aws_smithy_types::date_time::{DateTime, Format};

use super::{LiveSiteFiles, Remote, SiteFiles, Work};
use crate::cloud::{Answer as _, Doing as _};
use crate::site::{ENTRY, Release, SERVED, manifest_id, manifest_key};
use engine::Progress;
use engine::error::{Error, Result};
use wire::s3::{BATCH, Bucket, Version};

/// So long may a page be open that asks for files of a release before it.
const OPEN: Duration = Duration::from_hours(24);

impl SiteFiles {
    pub(super) async fn prune(&self, live: &LiveSiteFiles, progress: &Progress) -> Result<()> {
        let Some(files) = &live.local else { return Ok(()) };
        let s3 = self.s3().await?;
        let work = Work::of(files, &live.remote);
        let mut gone: Vec<String> =
            work.remove.iter().map(|path| format!("{SERVED}{path}")).collect();
        gone.extend(self.outlived(&s3, live, &files.id).await?);
        for batch in gone.chunks(BATCH) {
            let batch: Vec<Version> =
                batch.iter().map(|key| Version { key: key.clone(), id: String::new() }).collect();
            let doing = self.doing("take away");
            let refused = s3.delete_objects(&batch).await.doing(&doing)?;
            if let Some(first) = refused.first() {
                return Err(Error::failed(doing).cause(format!("S3 keeps {first}")));
            }
        }
        self.forget(&self.lasting_by_rule(&work.remove), progress).await;
        if !gone.is_empty() {
            progress.note(format!("{} old objects deleted", gone.len()));
        }
        Ok(())
    }

    /// What belongs to releases that are too many. Nothing is read while they are not.
    async fn outlived(&self, s3: &Bucket, live: &LiveSiteFiles, now: &str) -> Result<Vec<String>> {
        let remote = &live.remote;
        let mut others: Vec<(&str, &str)> = remote
            .kept
            .values()
            .filter_map(|one| Some((one.modified.as_str(), manifest_id(&one.key)?)))
            .filter(|(_, id)| *id != now)
            .collect();
        others.sort_unstable();
        let surplus = (others.len() + 1).saturating_sub(self.site.keep_releases);
        if surplus == 0 {
            return Ok(Vec::new());
        }
        let (old, kept) = others.split_at(surplus);
        let mut needed: BTreeSet<String> = BTreeSet::new();
        for id in kept.iter().map(|(_, id)| *id).chain([now]) {
            let Some(release) = self.release(s3, id).await? else { continue };
            needed.extend(release.files.iter().flat_map(|(path, kept)| {
                [Some(format!("{SERVED}{path}")), kept.copy()].into_iter().flatten()
            }));
        }
        let mut gone: Vec<String> = old.iter().map(|(_, id)| manifest_key(id)).collect();
        gone.extend(unneeded(remote, &needed, SystemTime::now()));
        Ok(gone)
    }

    pub(super) async fn release(&self, s3: &Bucket, id: &str) -> Result<Option<Release>> {
        let found = s3.get_object(&manifest_key(id)).await.doing(format!("read release {id}"));
        Ok(found.absent_if(&["NoSuchKey", "NotFound"])?.and_then(|text| Release::read(&text)))
    }
}

/// Files of old releases, and copies of theirs, that no kept release has.
fn unneeded(remote: &Remote, needed: &BTreeSet<String>, now: SystemTime) -> Vec<String> {
    let is_old = |modified: &str| {
        let at = DateTime::from_str(modified, Format::DateTime).ok();
        let at = at.and_then(|at| SystemTime::try_from(at).ok());
        at.and_then(|at| now.duration_since(at).ok()).is_some_and(|age| age > OPEN)
    };
    let copies = remote.kept.values().filter(|one| one.key.starts_with("releases/files/"));
    let all = remote.served.values().filter(|one| one.key != format!("{SERVED}{ENTRY}"));
    let gone = all.chain(copies).filter(|one| !needed.contains(&one.key) && is_old(&one.modified));
    gone.map(|one| one.key.clone()).collect()
}
