//! Which files a folder has, and which of them a bucket or a browser would not take.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{ENTRY, SERVED, no_files};
use crate::config::Site;
use engine::error::{Doing as _, Error, Result};

/// S3 takes no more in one request: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html>
const LARGEST: u64 = 5 << 30;
/// The bytes of a key: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
const LONGEST_KEY: usize = 1024;

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub place: PathBuf,
    pub size: u64,
}

/// Every file that is to be served, by its path in the folder. Hidden files are left out, `.well-known` aside.
pub fn survey(root: &Path, site: &Site) -> Result<BTreeMap<String, Found>> {
    let folder = root.join(&site.directory);
    let real = match folder.canonicalize() {
        Ok(real) if real.is_dir() => real,
        Ok(_) => return Err(no_files(site, "is no folder")),
        Err(_) => return Err(no_files(site, "does not exist")),
    };
    let above = root.canonicalize().doing(format!("find `{}`", root.display()))?;
    if !real.starts_with(&above) {
        return Err(no_files(site, "is a link that leads out of the project"));
    }
    let mut files = BTreeMap::new();
    walk(&folder, "", &real, &mut files)?;
    if !files.contains_key(ENTRY) {
        return Err(no_files(site, "has no `index.html`"));
    }
    Ok(files)
}

fn walk(
    folder: &Path,
    path: &str,
    inside: &Path,
    files: &mut BTreeMap<String, Found>,
) -> Result<()> {
    let doing = || format!("read `{}`", folder.display());
    for entry in fs::read_dir(folder).doing(doing())? {
        let entry = entry.doing(doing())?;
        let name = entry.file_name();
        let place = entry.path();
        let Some(name) = name.to_str() else {
            return Err(refused(&place, "its name is no UTF-8", "rename it"));
        };
        if name.starts_with('.') && name != ".well-known" {
            continue;
        }
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        if entry.file_type().doing(doing())?.is_symlink() {
            let leads_out = place.canonicalize().map_or(true, |real| !real.starts_with(inside));
            if leads_out {
                let why = "it is a link that leads out of the folder, or nowhere";
                return Err(refused(&place, why, "copy the file itself there"));
            }
        }
        let known = fs::metadata(&place).doing(format!("read `{}`", place.display()))?;
        if known.is_dir() {
            // A link to a folder above would be walked for ever.
            if entry.file_type().doing(doing())?.is_symlink() {
                let why = "it is a link to a folder";
                return Err(refused(&place, why, "copy the folder itself there"));
            }
            walk(&place, &path, inside, files)?;
        } else if known.is_file() {
            check(&place, &path, known.len())?;
            files.insert(path, Found { place, size: known.len() });
        } else {
            return Err(refused(&place, "it is neither a file nor a folder", "remove it"));
        }
    }
    Ok(())
}

fn check(place: &Path, path: &str, size: u64) -> Result<()> {
    if size > LARGEST {
        let why = "it has more than 5 GB, the most that one upload to S3 takes";
        return Err(refused(place, why, "serve it from elsewhere"));
    }
    if SERVED.len() + path.len() > LONGEST_KEY {
        let why = format!("its path has {} bytes, and S3 takes {LONGEST_KEY}", path.len());
        return Err(refused(place, &why, "shorten it"));
    }
    // A browser reads these as the end of the path, or never sends them.
    if let Some(bad) = path.chars().find(|c| c.is_control() || "?#%\\".contains(*c)) {
        let why = format!("its name holds {bad:?}, which a URL cannot name plainly");
        return Err(refused(place, &why, "rename it"));
    }
    Ok(())
}

fn refused(place: &Path, why: &str, hint: &str) -> Error {
    Error::usage(format!("`{}` cannot be served", place.display())).cause(why).hint(hint)
}
