//! `[site]`: the files of a frontend, and how they are served.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::Names;
use engine::error::{Error, Result};

/// A bucket's name has at most 63 characters, and the account and the longest region's name take 31 of them:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html>
const LONGEST_NAME: usize = 32;

/// `[site]` as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct SiteKeys {
    pub directory: String,
    pub build: String,
    pub fallback: String,
    pub api: Option<String>,
    pub keep_releases: i32,
    pub regions: String,
    pub headers: bool,
    pub cache: BTreeMap<String, String>,
}

impl Default for SiteKeys {
    fn default() -> Self {
        Self {
            directory: "web/dist".to_owned(),
            build: String::new(),
            fallback: "spa".to_owned(),
            api: None,
            keep_releases: 5,
            regions: "all".to_owned(),
            headers: true,
            cache: BTreeMap::new(),
        }
    }
}

/// What a path without a file of its own is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// The entry page, which knows the path.
    Spa,
    /// The `index.html` of the folder, else `404.html`.
    Pages,
    /// 404.
    None,
}

/// The site of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// What its resources are called, account and region aside.
    pub name: String,
    /// What is uploaded, from the folder of `stack.toml`.
    pub directory: PathBuf,
    /// The command that makes it, if one does.
    pub build: Option<String>,
    pub fallback: Fallback,
    /// Where the API is on the site's own host; `None`: nowhere.
    pub api: Option<String>,
    /// Releases that `rollback --site` can go back to, the live one among them.
    pub keep_releases: usize,
    pub price_class: &'static str,
    /// Whether CloudFront adds its managed security headers.
    pub headers: bool,
    /// `Cache-Control` by patterns of paths; the longest pattern decides.
    pub cache: BTreeMap<String, String>,
}

impl Site {
    pub fn of(names: &Names, keys: SiteKeys) -> Result<Self> {
        let name = names.site();
        if name.len() > LONGEST_NAME {
            return Err(Error::usage(format!(
                "`{name}` is too long for the name of the site's bucket: {} characters",
                name.len()
            ))
            .hint(format!("choose a `name` or a stage so that it has at most {LONGEST_NAME}")));
        }
        let fallback = fallback(&keys.fallback)?;
        // Unless the file says where it is: pages of the site's own leave no room for it.
        let unsaid = if fallback == Fallback::Pages { "" } else { "/api" };
        let api = api(keys.api.as_deref().unwrap_or(unsaid))?;
        if fallback == Fallback::Pages && api.is_some() {
            return Err(Error::usage(
                "`site.fallback = \"pages\"` and `site.api` exclude each other",
            )
            .cause(
                "CloudFront answers an error page for the whole host, also where the API says 404",
            )
            .hint(
                "set `api = \"\"` in `[site]`, and let the pages call the API by its own address",
            ));
        }
        let keep_releases =
            usize::try_from(keys.keep_releases).ok().filter(|one| (1..=100).contains(one));
        let keep_releases = keep_releases.ok_or_else(|| {
            Error::usage(format!(
                "`site.keep_releases` is {}, and takes 1 to 100",
                keys.keep_releases
            ))
        })?;
        Ok(Self {
            name,
            directory: directory(&keys.directory)?,
            build: Some(keys.build).filter(|command| !command.trim().is_empty()),
            fallback,
            api,
            keep_releases,
            price_class: price_class(&keys.regions)?,
            headers: keys.headers,
            cache: keys.cache.into_iter().map(header).collect::<Result<_>>()?,
        })
    }
}

fn one_of<T: Copy>(key: &str, said: &str, known: &[(&str, T)]) -> Result<T> {
    let found = known.iter().find(|(name, _)| *name == said).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<String> = known.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        Error::usage(format!("`site.{key}` is \"{said}\", and takes {}", names.join(", ")))
    })
}

fn fallback(said: &str) -> Result<Fallback> {
    let known = [("spa", Fallback::Spa), ("pages", Fallback::Pages), ("none", Fallback::None)];
    one_of("fallback", said, &known)
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/PriceClass.html>
fn price_class(said: &str) -> Result<&'static str> {
    let known = [
        ("all", "PriceClass_All"),
        ("no-south-america", "PriceClass_200"),
        ("europe-america", "PriceClass_100"),
    ];
    one_of("regions", said, &known)
}

/// `/api`, or `/backend/v1`; nothing that a pattern or a URL reads otherwise.
fn api(said: &str) -> Result<Option<String>> {
    if said.is_empty() {
        return Ok(None);
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let parts = said.strip_prefix('/').map(|rest| rest.split('/').collect::<Vec<_>>());
    let good = parts
        .is_some_and(|parts| parts.iter().all(|part| !part.is_empty() && part.chars().all(fits)));
    if good && said.len() <= 64 {
        return Ok(Some(said.to_owned()));
    }
    Err(Error::usage(format!("`site.api` is \"{said}\", and takes a path such as \"/api\"")).hint(
        "begin with `/`, end without it, and use letters, digits, `-` and `_`; \"\" leaves the API on its own address",
    ))
}

fn directory(said: &str) -> Result<PathBuf> {
    let path = Path::new(said);
    let inside = |part: Component| matches!(part, Component::Normal(_) | Component::CurDir);
    if !said.is_empty() && path.components().all(inside) && path != Path::new(".") {
        return Ok(path.to_owned());
    }
    Err(Error::usage(format!(
        "`site.directory` is \"{said}\", which is no folder below `stack.toml`"
    ))
    .hint("name the folder that the bundler writes, such as \"web/dist\""))
}

fn header((pattern, value): (String, String)) -> Result<(String, String)> {
    let fits = |c: char| c.is_ascii_graphic() || c == ' ';
    if !value.is_empty() && value.chars().all(fits) && value.trim() == value {
        return Ok((pattern, value));
    }
    Err(Error::usage(format!("`site.cache.\"{pattern}\"` is no value of `Cache-Control`"))
        .hint("such as \"public, max-age=3600\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{config, of_stage};

    fn site(keys: &str) -> Result<Site> {
        config(&format!("name = \"app\"\n[site]\n{keys}"))
            .map(|config| config.site.expect("the file has one"))
    }

    #[test]
    fn a_stack_has_a_site_when_its_file_says_so() {
        assert_eq!(config("name = \"app\"").expect("valid").site, None);
        let site = site("").expect("defaults");
        assert_eq!(site.name, "app-site");
        assert_eq!(
            (site.directory.as_path(), site.api.as_deref()),
            (Path::new("web/dist"), Some("/api"))
        );
        assert_eq!((site.fallback, site.keep_releases), (Fallback::Spa, 5));
        let dev = of_stage("name = \"app\"\n[site]", "dev").expect("valid").site.expect("one");
        assert_eq!(dev.name, "app-site-dev");
    }

    #[test]
    fn what_cannot_be_served_so_is_refused() {
        for (keys, words) in [
            ("directory = \"\"", "no folder below"),
            ("directory = \"../dist\"", "no folder below"),
            ("directory = \"/srv/dist\"", "no folder below"),
            ("directory = \".\"", "no folder below"),
            ("fallback = \"index\"", "\"spa\", \"pages\", \"none\""),
            ("fallback = \"pages\"\napi = \"/api\"", "exclude each other"),
            ("api = \"api\"", "takes a path"),
            ("api = \"/\"", "takes a path"),
            ("api = \"/api/\"", "takes a path"),
            ("api = \"/a*\"", "takes a path"),
            ("keep_releases = 0", "1 to 100"),
            ("regions = \"moon\"", "\"europe-america\""),
            ("cache = { \"*.pdf\" = \"a\\nb\" }", "no value of `Cache-Control`"),
        ] {
            let error = site(keys).expect_err(keys);
            assert!(error.message.contains(words), "{keys}: {error}");
        }
        let long = config("name = \"a-name-that-is-much-longer-than-it\"\n[site]");
        assert!(long.expect_err("too long").message.contains("too long"));
        let pages = site("fallback = \"pages\"").expect("the API has its own address");
        assert_eq!(pages.api, None);
    }
}
