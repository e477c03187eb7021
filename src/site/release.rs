//! A release: which files it has, and what is needed to go back to it.

use std::collections::BTreeMap;

use aws_smithy_types::base64;
use serde::{Deserialize, Serialize};

use super::{Files, Local, sha256};
use engine::error::{Doing as _, Result};

/// Where the releases are, which nobody is served.
const RELEASES: &str = "releases/";

/// What one manifest holds of contents, before they are kept beside it.
const WITHIN: u64 = 256 << 10;

/// What is written down of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub files: BTreeMap<String, Kept>,
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub md5: String,
    pub sha256: String,
    pub size: u64,
    pub content_type: String,
    pub cache_control: String,
    /// Whether its name changes with its content: then it is in the bucket under that name.
    pub hashed: bool,
    /// The content, where it is small and another release may have another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

impl Kept {
    /// Where the content of a file is that later releases may replace, unless the manifest itself holds it.
    pub fn copy(&self) -> Option<String> {
        (!self.hashed && self.content.is_none()).then(|| format!("{RELEASES}files/{}", self.sha256))
    }

    pub fn bytes(&self) -> Option<Vec<u8>> {
        base64::decode(self.content.as_deref()?).ok()
    }
}

pub fn manifest_key(id: &str) -> String {
    format!("{RELEASES}{id}.json")
}

/// The release whose manifest is called so.
pub fn manifest_id(key: &str) -> Option<&str> {
    key.strip_prefix(RELEASES)?.strip_suffix(".json").filter(|id| !id.contains('/'))
}

/// The same files with the same headers are the same release, whenever they were uploaded.
pub fn id(files: &BTreeMap<String, Local>) -> String {
    let lines = files.iter().map(|(path, file)| {
        format!("{path}\0{}\0{}\0{}\n", file.sha256, file.content_type, file.cache_control)
    });
    sha256(lines.collect::<String>().as_bytes())[..12].to_owned()
}

impl Release {
    /// What is to be written down of these files: contents are in it as long as they are small.
    pub fn of(files: &Files) -> Result<Self> {
        let mut left = WITHIN;
        let mut kept = BTreeMap::new();
        for (path, file) in &files.all {
            let mut content = None;
            if !file.hashed && file.size <= left {
                let doing = format!("read `{}`", file.place.display());
                let bytes = machine::read(&file.place, file.size).doing(doing)?;
                if sha256(&bytes) == file.sha256 {
                    left -= file.size;
                    content = Some(base64::encode(bytes));
                }
            }
            kept.insert(
                path.clone(),
                Kept {
                    md5: file.md5.clone(),
                    sha256: file.sha256.clone(),
                    size: file.size,
                    content_type: file.content_type.to_owned(),
                    cache_control: file.cache_control.clone(),
                    hashed: file.hashed,
                    content,
                },
            );
        }
        Ok(Self { files: kept })
    }

    pub fn read(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }
}
