//! Makes the edges forget what they keep of files that have changed: those with a rule of `[site.cache]`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Remote, SiteFiles, Work};
use crate::site::{Files, cache_control, is_page, lasts};
use engine::Progress;

/// So many paths are named one by one. AWS takes money for each, from a thousand a month on, and `/*` is one.
const NAMED: usize = 50;

/// What RFC 3986 leaves as it is in a path.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// What every edge is to forget after this upload.
pub(super) fn stale(work: &Work, files: &Files, remote: &Remote) -> Vec<String> {
    let changed = work.put.iter().chain(&work.headers);
    let there = changed.filter(|path| remote.served.contains_key(*path));
    let stays =
        |path: &&String| remote.lasting.contains(*path) || lasts(&files.all[*path].cache_control);
    there.filter(stays).cloned().collect()
}

/// The paths as `CloudFront` takes them. Pages are kept under every address that leads to them.
fn named(paths: &[String]) -> Vec<String> {
    if paths.len() > NAMED || paths.iter().any(|path| is_page(path)) {
        return vec!["/*".to_owned()];
    }
    paths.iter().map(|path| format!("/{}", utf8_percent_encode(path, PATH))).collect()
}

impl SiteFiles {
    /// Files that are gone are forgotten like those that have changed.
    pub(super) fn lasting_by_rule(&self, paths: &[String]) -> Vec<String> {
        let stays = |path: &&String| lasts(&cache_control(path, false, &self.site.cache));
        paths.iter().filter(stays).cloned().collect()
    }

    /// The new release is served already, so an edge that keeps an old file is no failure.
    pub(super) async fn forget(&self, paths: &[String], progress: &Progress) {
        if paths.is_empty() {
            return;
        }
        let named = named(paths);
        progress.note(format!("invalidating {}", named.join(", ")));
        if let Err(error) = self.front.forget(&named, progress).await {
            progress.output(format!(
                "note: edges keep {} as long as `[site.cache]` says ({error})",
                named.join(", ")
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_named_as_a_viewer_asks_for_them() {
        let of = |paths: &[&str]| named(&paths.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(of(&["a b/é.pdf", "x*.pdf"]), ["/a%20b/%C3%A9.pdf", "/x%2A.pdf"]);
        assert_eq!(of(&["a.pdf", "docs/index.html"]), ["/*"]);
        assert_eq!(of(&["x.pdf"; 51]), ["/*"]);
    }
}
