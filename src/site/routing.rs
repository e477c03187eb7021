//! The function at the edge: which object or which route of the API a request is about.

use super::content::endings;
use crate::config::{Fallback, Site, SiteNames};

const SOURCE: &str = include_str!("../../templates/site.js");

/// The source of the function for a site, which sends viewers of its further names to the main one.
pub fn function(site: &Site, names: Option<&SiteNames>) -> String {
    let fallback = match site.fallback {
        Fallback::Spa => "spa",
        Fallback::Pages => "pages",
        Fallback::None => "none",
    };
    let endings: Vec<&str> = endings().collect();
    let redirects = names.map(|names| names.redirects.as_slice()).unwrap_or_default();
    let redirects: Vec<String> = redirects.iter().map(|name| format!("'{name}'")).collect();
    let name = names.filter(|_| !redirects.is_empty()).map_or("", |names| names.name.as_str());
    SOURCE
        .replace("'{name}'", &format!("'{name}'"))
        .replace("'{redirects}'", &redirects.join(", "))
        .replace("'{api}'", &format!("'{}'", site.api.as_deref().unwrap_or_default()))
        .replace("'{fallback}'", &format!("'{fallback}'"))
        .replace("{endings}", &endings.join("|"))
}
