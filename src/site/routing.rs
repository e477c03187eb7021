//! The function at the edge: which object or which route of the API a request is about.

use super::content::endings;
use crate::config::{Fallback, Site};

const SOURCE: &str = include_str!("../../templates/site.js");

/// The source of the function for a site.
pub fn function(site: &Site) -> String {
    let fallback = match site.fallback {
        Fallback::Spa => "spa",
        Fallback::Pages => "pages",
        Fallback::None => "none",
    };
    let endings: Vec<&str> = endings().collect();
    SOURCE
        .replace("'{api}'", &format!("'{}'", site.api.as_deref().unwrap_or_default()))
        .replace("'{fallback}'", &format!("'{fallback}'"))
        .replace("{endings}", &endings.join("|"))
}
