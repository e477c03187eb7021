use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use super::*;
use crate::config::tests::config;

fn site(keys: &str) -> Site {
    let config = config(&format!("name = \"app\"\n[site]\ndirectory = \"dist\"\n{keys}"));
    config.expect("valid").site.expect("it has one")
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let place = root.path().join("dist").join(path);
        fs::create_dir_all(place.parent().expect("a folder above")).expect("it can be made");
        fs::write(place, text).expect("it can be written");
    }
    root
}

const PAGE: (&str, &str) = ("index.html", "<!doctype html>");

#[test]
fn the_files_of_a_bundler_are_served_each_in_its_way() {
    let script = ("assets/index-BxK3f9aZ.js", "1");
    let root =
        folder(&[PAGE, script, ("robots.txt", ""), (".DS_Store", ""), (".well-known/x", "")]);
    let files = read(root.path(), &site("")).expect("a site");
    let told: Vec<_> = files
        .all
        .iter()
        .map(|(path, one)| {
            (path.as_str(), one.content_type, one.cache_control.as_str(), one.hashed)
        })
        .collect();
    assert_eq!(
        told,
        [
            (".well-known/x", "application/octet-stream", "no-cache", false),
            (
                "assets/index-BxK3f9aZ.js",
                "text/javascript; charset=utf-8",
                content::IMMUTABLE,
                true
            ),
            ("index.html", "text/html; charset=utf-8", "no-cache", false),
            ("robots.txt", "text/plain; charset=utf-8", "no-cache", false),
        ]
    );
    assert_eq!(files.all["robots.txt"].md5, "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(files.id.len(), 12);
}

#[test]
fn a_name_that_says_its_content_is_told_from_one_that_does_not() {
    for path in [
        "assets/index-BxK3f9aZ.js",
        "assets/index-BxK3f9aZ.js.map",
        "assets/a-b-DiwrgTda.css",
        "static/js/main.3f2a9c1b.js",
        "_next/static/chunks/app-1a2b3c4d5e.js",
    ] {
        assert!(is_hashed(path), "{path}");
    }
    for path in
        ["assets/my-document.pdf", "assets/logo.png", "index-BxK3f9aZ.js", "assets/x-BxK3f9aZ.html"]
    {
        assert!(!is_hashed(path), "{path}");
    }
}

#[test]
fn what_vite_lists_is_named_by_content_wherever_it_is() {
    let manifest = r#"{"index.html": {"file": "js/main.js", "css": ["js/main.css"]}}"#;
    let root = folder(&[PAGE, ("js/main.js", ""), ("js/main.css", ""), ("js/own.js", "")]);
    fs::create_dir(root.path().join("dist/.vite")).expect("new");
    fs::write(root.path().join("dist/.vite/manifest.json"), manifest).expect("written");
    let files = read(root.path(), &site("")).expect("a site").all;
    let hashed = ["js/main.js", "js/main.css", "js/own.js"].map(|path| files[path].hashed);
    assert_eq!(hashed, [true, true, false]);
}

#[test]
fn the_longest_rule_that_fits_decides() {
    let rules = "cache = { \"*\" = \"public, max-age=60\", \"docs/*.pdf\" = \"no-store\" }";
    let root = folder(&[PAGE, ("docs/a/b.pdf", ""), ("assets/index-BxK3f9aZ.js", "")]);
    let files = read(root.path(), &site(rules)).expect("a site").all;
    assert_eq!(files["docs/a/b.pdf"].cache_control, "no-store");
    assert_eq!(files["index.html"].cache_control, "public, max-age=60");
    assert!(!files["assets/index-BxK3f9aZ.js"].hashed, "it is not kept for ever any more");
}

#[test]
fn cloudfront_keeps_a_file_as_long_as_its_header_says() {
    for kept in ["", "public", "public, max-age=3600", "max-age=0, s-maxage=60", "Max-Age=2"] {
        assert!(lasts(kept), "{kept}");
    }
    for asked in [
        "no-cache",
        "public, no-store",
        "private, max-age=60",
        "max-age=0",
        "s-maxage=1, max-age=60",
    ] {
        assert!(!lasts(asked), "{asked}");
    }
}

#[test]
fn a_file_that_the_api_hides_is_told() {
    let root = folder(&[PAGE, ("api/items.json", ""), ("apis/items.json", "")]);
    let notes = |keys| {
        let site = site(keys);
        super::notes(&site, &survey(root.path(), &site).expect("a site"))
    };
    assert!(notes("")[0].contains("`api/items.json` is served to nobody"), "{:?}", notes(""));
    assert_eq!(notes("").len(), 1);
    assert_eq!(notes("api = \"\""), [""; 0]);
}

#[test]
fn what_cannot_be_served_is_refused_before_the_first_call() {
    let refusal = |root: &tempfile::TempDir| survey(root.path(), &site("")).expect_err("refused");
    assert!(refusal(&folder(&[])).message.contains("does not exist"));
    assert!(refusal(&folder(&[("a.txt", "")])).message.contains("has no `index.html`"));
    for name in ["a?b.txt", "a#b.txt", "100%.txt", "a\nb.txt", "a\\b.txt"] {
        let error = refusal(&folder(&[PAGE, (name, "")]));
        assert!(error.cause.is_some_and(|why| why.contains("URL")), "{name:?}");
    }
    let root = folder(&[PAGE]);
    symlink("/etc/passwd", root.path().join("dist/passwd")).expect("a link");
    assert!(refusal(&root).cause.is_some_and(|why| why.contains("leads out")));
    let root = folder(&[PAGE]);
    symlink("index.html", root.path().join("dist/home.html")).expect("a link");
    assert_eq!(survey(root.path(), &site("")).expect("inside").len(), 2);
    symlink(".", root.path().join("dist/again")).expect("a link");
    assert!(refusal(&root).cause.is_some_and(|why| why.contains("link to a folder")));
    let deep = format!("{}/x", ["d".repeat(250).as_str(); 5].join("/"));
    let root = folder(&[PAGE, (&deep, "")]);
    assert!(refusal(&root).cause.is_some_and(|why| why.contains("1024")));
}

#[test]
fn a_file_over_the_limit_of_s3_is_refused() {
    let root = folder(&[PAGE]);
    let large = fs::File::create(root.path().join("dist/large.mp4")).expect("a file");
    large.set_len((5 << 30) + 1).expect("a hole takes no room");
    let error = survey(root.path(), &site("")).expect_err("too large");
    assert!(error.cause.is_some_and(|why| why.contains("5 GB")));
}

#[test]
fn the_same_files_are_the_same_release_and_others_are_not() {
    let read = |root: &tempfile::TempDir, keys| read(root.path(), &site(keys)).expect("a site").id;
    let (one, other) = (folder(&[PAGE]), folder(&[("index.html", "other")]));
    assert_eq!(read(&one, ""), read(&folder(&[PAGE]), ""));
    assert_ne!(read(&one, ""), read(&other, ""));
    assert_ne!(read(&one, ""), read(&one, "cache = { \"*\" = \"no-store\" }"));
}

#[test]
fn a_release_holds_what_later_ones_may_replace() {
    let large = "x".repeat(300 << 10);
    let root = folder(&[PAGE, ("large.txt", &large), ("assets/index-BxK3f9aZ.js", "1")]);
    let files = read(root.path(), &site("")).expect("a site");
    let release = Release::of(&files).expect("readable");
    let written = serde_json::to_vec(&release).expect("JSON");
    assert_eq!(Release::read(&written), Some(release.clone()));
    assert_eq!(release.files["index.html"].bytes().expect("held"), PAGE.1.as_bytes());
    let copy = release.files["large.txt"].copy().expect("beside it");
    assert_eq!(copy, format!("releases/files/{}", files.all["large.txt"].sha256));
    assert_eq!(release.files["assets/index-BxK3f9aZ.js"].copy(), None);
    assert_eq!(manifest_id(&manifest_key(&files.id)), Some(files.id.as_str()));
    assert_eq!(manifest_id(&copy), None);
}

/// What the function makes of each path, by Node.
fn routed(keys: &str, paths: &[&str]) -> Vec<String> {
    let calls = serde_json::to_string(paths).expect("JSON");
    let source = function(&site(keys), None);
    let program = format!(
        "{source}\nconsole.log(JSON.stringify({calls}.map(uri => handler({{request: {{uri}}}}).uri)))"
    );
    let output = Command::new("node").args(["-e", &program]).stderr(Stdio::inherit()).output();
    serde_json::from_slice(&output.expect("there is Node").stdout).expect("JSON")
}

#[test]
fn a_request_is_about_a_file_a_route_of_the_page_or_the_api() {
    let paths = [
        "/",
        "/a/b",
        "/users/john.doe",
        "/assets/x.js",
        "/gone.PNG",
        "/api/items",
        "/api",
        "/.well-known/x",
    ];
    let spa = ["/index.html"; 3].into_iter();
    let rest = ["/assets/x.js", "/gone.PNG", "/items", "/index.html", "/.well-known/x"];
    assert_eq!(routed("", &paths), spa.chain(rest).collect::<Vec<_>>());
    let pages =
        routed("fallback = \"pages\"\napi = \"\"", &["/", "/docs/", "/docs", "/api/x", "/a.css"]);
    assert_eq!(
        pages,
        ["/index.html", "/docs/index.html", "/docs/index.html", "/api/x/index.html", "/a.css"]
    );
    assert_eq!(routed("fallback = \"none\"", &["/a", "/api/a/b"]), ["/a", "/a/b"]);
    assert!(function(&site(""), None).len() < 10 << 10, "CloudFront takes 10 KB");
}

#[test]
fn a_further_name_of_the_site_leads_to_the_main_one_with_path_and_parameters() {
    let text = "name = \"app\"\n[site]\n[domain]\nname = \"example.com\"\nredirects = [\"www.example.com\"]";
    let domain = crate::config::tests::config(text).expect("valid").domain.expect("one");
    let source = function(&site(""), domain.site.as_ref());
    let program = format!(
        r"{source}
const ask = (host, method) => handler({{request: {{method, uri: '/a%20b', headers: {{host: {{value: host}}}},
  querystring: {{q: {{value: 'x%26', multiValue: [{{value: 'x%26'}}, {{value: 'y'}}]}}, flag: {{value: ''}}}}}}}});
const told = one => one.statusCode ? [one.statusCode, one.headers.location.value] : [0, one.uri];
console.log(JSON.stringify([ask('WWW.example.com', 'GET'), ask('www.example.com', 'POST'), ask('example.com', 'GET')].map(told)))"
    );
    let output = Command::new("node").args(["-e", &program]).stderr(Stdio::inherit()).output();
    let told: Vec<(u16, String)> =
        serde_json::from_slice(&output.expect("there is Node").stdout).expect("JSON");
    let there = "https://example.com/a%20b?q=x%26&q=y&flag".to_owned();
    assert_eq!(told, [(301, there.clone()), (308, there), (0, "/index.html".to_owned())]);
    assert!(source.len() < 10 << 10, "CloudFront takes 10 KB");
}
