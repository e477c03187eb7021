//! What a file is served as: its content type, and how long it may be kept.

use std::collections::BTreeMap;

/// For files whose names change with their content: a year, and no question whether they changed.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// For everything else: kept, and asked about each time.
const ASKED: &str = "no-cache";

/// What browsers download instead of showing.
pub const UNKNOWN: &str = "application/octet-stream";

/// By the ends of names: <https://www.iana.org/assignments/media-types>
const TYPES: [(&str, &str); 38] = [
    ("aac", "audio/aac"),
    ("apk", "application/vnd.android.package-archive"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("eot", "application/vnd.ms-fontobject"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("ogg", "audio/ogg"),
    ("otf", "font/otf"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("rss", "application/rss+xml"),
    ("svg", "image/svg+xml"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// Every ending that is a file's and never a route's.
pub fn endings() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|(ending, _)| *ending)
}

pub fn content_type(path: &str) -> &'static str {
    if path == ".well-known/apple-app-site-association" {
        return "application/json";
    }
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
    let ending = ending.map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    TYPES.iter().find(|(known, _)| *known == ending).map_or(UNKNOWN, |(_, kind)| kind)
}

/// Whether it is a page, which goes up after all that it may name.
pub fn is_page(path: &str) -> bool {
    content_type(path).starts_with("text/html")
}

/// Where bundlers put what they name by content.
const FOLDERS: [&str; 7] = [
    "assets/",
    "_app/immutable/",
    "static/js/",
    "static/css/",
    "static/media/",
    "_astro/",
    "_next/static/",
];

/// Whether a name changes with the content: `assets/index-BxK3f9aZ.js`, and not `assets/my-document.pdf`.
pub fn is_hashed(path: &str) -> bool {
    let in_folder = FOLDERS.iter().any(|folder| path.starts_with(folder));
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or("", |(stem, _)| stem);
    // `index-BxK3f9aZ.js.map` is named after its file.
    let stem = stem.strip_suffix(".js").or_else(|| stem.strip_suffix(".css")).unwrap_or(stem);
    let of_hash = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_hash = |text: &str| {
        let digit = text.chars().any(|c| c.is_ascii_digit());
        let mixed = text.chars().any(|c| c.is_ascii_lowercase())
            && text.chars().any(|c| c.is_ascii_uppercase());
        text.len() >= 8 && text.chars().all(of_hash) && (digit || mixed)
    };
    // A hash may hold hyphens itself, so every place where one can begin is tried.
    let begins = stem.char_indices().filter(|(_, c)| *c == '-' || *c == '.');
    in_folder && !is_page(path) && begins.map(|(at, _)| &stem[at + 1..]).any(is_hash)
}

/// The rule of the longest pattern that fits, else by whether the name says the content.
pub fn cache_control(path: &str, hashed: bool, rules: &BTreeMap<String, String>) -> String {
    let fits = rules.iter().filter(|(pattern, _)| matches(pattern, path));
    match fits.max_by_key(|(pattern, _)| pattern.len()) {
        Some((_, value)) => value.clone(),
        None if hashed => IMMUTABLE.to_owned(),
        None => ASKED.to_owned(),
    }
}

/// Whether CloudFront keeps a file with this header for longer than a moment:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html>
pub fn lasts(cache_control: &str) -> bool {
    let said = cache_control.to_ascii_lowercase();
    let said: Vec<&str> = said.split(',').map(str::trim).collect();
    if ["no-cache", "no-store", "private"].iter().any(|word| said.contains(word)) {
        return false;
    }
    let seconds = |name: &str| {
        said.iter().find_map(|one| one.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok())
    };
    // Without either, CloudFront keeps it for a day.
    seconds("s-maxage").or_else(|| seconds("max-age")).is_none_or(|seconds| seconds > 1)
}

/// `*` is any text, slashes included.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((start, rest)) => path.strip_prefix(start).is_some_and(|path| {
            rest.is_empty() || path.char_indices().any(|(at, _)| matches(rest, &path[at..]))
        }),
    }
}
