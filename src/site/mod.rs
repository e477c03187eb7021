//! The files of a frontend: which there are, how each is served, and what has to be uploaded of them. No network here.

mod content;
mod release;
mod routing;
mod walk;

pub use content::{cache_control, is_hashed, is_page, lasts};
pub use release::{Kept, Release, manifest_id, manifest_key};
pub use routing::function;
pub use walk::{Found, survey};

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use sha2::Sha256;

use crate::config::Site;
use engine::error::{Doing as _, Error, Result};

/// The page that everything begins with, and whose replacement is the switch.
pub const ENTRY: &str = "index.html";

/// What is served lies below this in the bucket; the rest of the bucket is never served.
pub const SERVED: &str = "site/";

/// A file of the site, with all that S3 is to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    pub place: PathBuf,
    pub size: u64,
    /// S3's name for the content.
    pub md5: String,
    pub sha256: String,
    pub content_type: &'static str,
    pub cache_control: String,
    /// Whether its name changes with its content.
    pub hashed: bool,
}

/// The files of a folder, by their paths in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    pub all: BTreeMap<String, Local>,
    /// The release that these files are.
    pub id: String,
}

/// Reads every file once. The memory that this takes does not grow with the files.
pub fn read(root: &Path, site: &Site) -> Result<Files> {
    let found = survey(root, site)?;
    let listed = bundled(&root.join(&site.directory));
    let mut all = BTreeMap::new();
    for (path, one) in found {
        let (md5, sha256) = digests(&one.place).doing(format!("read `{}`", one.place.display()))?;
        let hashed = listed.contains(&path) || is_hashed(&path);
        let cache_control = content::cache_control(&path, hashed, &site.cache);
        let hashed = hashed && cache_control == content::IMMUTABLE;
        let content_type = content::content_type(&path);
        let size = one.size;
        let local =
            Local { place: one.place, size, md5, sha256, content_type, cache_control, hashed };
        all.insert(path, local);
    }
    let id = release::id(&all);
    Ok(Files { all, id })
}

/// Notes about what is allowed and seldom meant.
pub fn notes(site: &Site, files: &BTreeMap<String, Found>) -> Vec<String> {
    let unknown = files.keys().filter(|path| content::content_type(path) == content::UNKNOWN);
    let unknown: Vec<&str> = unknown.map(String::as_str).collect();
    let mut notes = Vec::new();
    if let [first, rest @ ..] = unknown.as_slice() {
        let others =
            if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        notes.push(format!(
            "note: `{first}`{others} has an ending without a known content type: browsers download it"
        ));
    }
    if let Some(api) = &site.api {
        let below = format!("{}/", &api[1..]);
        let mut hidden = files.keys().filter(|path| path.starts_with(&below));
        notes.extend(hidden.next().map(|path| {
            format!("note: `{path}` is served to nobody: CloudFront sends `{api}/*` to the API")
        }));
    }
    notes
}

/// Vite writes some hundred bytes a file.
const LARGEST_MANIFEST: u64 = 16 << 20;

/// What Vite says that it named by content.
fn bundled(folder: &Path) -> BTreeSet<String> {
    let manifest = machine::read(&folder.join(".vite/manifest.json"), LARGEST_MANIFEST);
    let manifest = manifest.unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap_or_default();
    let chunks = manifest.as_object().into_iter().flatten();
    let files = chunks.flat_map(|(_, chunk)| {
        let several =
            ["css", "assets"].map(|key| chunk[key].as_array().cloned().unwrap_or_default());
        several.concat().into_iter().chain([chunk["file"].clone()])
    });
    // A page is one of its entries, and keeps its name.
    let names = files.filter_map(|file| file.as_str().map(str::to_owned));
    names.filter(|name| !is_page(name)).collect()
}

fn digests(place: &Path) -> std::io::Result<(String, String)> {
    let mut file = File::open(place)?;
    let (mut md5, mut sha256) = (Md5::new(), Sha256::new());
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((hex(&md5.finalize()), hex(&sha256.finalize())));
        }
        md5.update(&buffer[..read]);
        sha256.update(&buffer[..read]);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digests of a text that is in memory.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Where there is nothing to upload.
pub fn no_files(site: &Site, why: &str) -> Error {
    let hint = match &site.build {
        Some(build) => format!("`{build}` is to make it: does it write there?"),
        None => {
            "run the bundler first, or name its command: `build = \"npm run build\"` in `[site]`"
                .to_owned()
        }
    };
    Error::usage(format!("`{}` {why}", site.directory.display())).hint(hint)
}

#[cfg(test)]
mod tests;
