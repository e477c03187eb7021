//! A frontend on the local cloud: what a browser gets from its listener, release by release.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::support::{Artifact, Stack, try_request};

/// What the listener answers: the status, the content type and the body; no status when nobody listens.
fn get(url: &str) -> (u16, String, String) {
    let Ok(answer) = try_request("GET", url, &[], "") else { return Default::default() };
    let kind = answer.header("content-type").concat();
    (answer.status, kind, answer.body)
}

/// Writes a release: a page, and the script that it names.
fn release(stack: &Stack, title: &str, hash: &str) {
    let folder: PathBuf = stack.project.folder().join("dist");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("assets")).expect("a new folder");
    let page = format!("<!doctype html><title>{title}</title><script src=\"/assets/i-{hash}.js\">");
    fs::write(folder.join("index.html"), page).expect("written");
    fs::write(folder.join(format!("assets/i-{hash}.js")), format!("// {title}")).expect("written");
}

fn url(document: &Value, path: &str) -> String {
    format!("{}{path}", document["site_url"].as_str().expect("the address of the site"))
}

#[test]
fn a_site_is_served_with_its_api_released_rolled_back_and_taken_away() {
    let stack = Stack::new("site");
    stack.configure("[site]\ndirectory = \"dist\"\n");
    release(&stack, "one", "AbCd1234");
    let up = stack.up();

    let page = |path: &str| get(&url(&up, path));
    for path in ["/", "/deep/link", "/users/john.doe"] {
        let (status, kind, body) = page(path);
        assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"), "{path}");
        assert!(body.contains("<title>one"), "{path}: {body}");
    }
    assert_eq!(page("/assets/i-AbCd1234.js").1, "text/javascript; charset=utf-8");
    let (status, kind, _) = page("/assets/gone-AbCd1234.js");
    assert!([403, 404].contains(&status) && kind != "text/html; charset=utf-8");
    assert_ne!(page("/releases/x.json").0, 200, "releases are served to nobody");
    assert_eq!(page("/api/?userId=u1").2, r#"{"items":[]}"#);
    let (status, kind, _) = page("/api/nope");
    assert_eq!((status, kind.as_str()), (404, "application/json"), "no page for the API");

    let artifact = Artifact::handler().path();
    stack.run(&["plan", "--exit-code", "--artifact", artifact]).succeeded();
    release(&stack, "two", "XyZw9876");
    let shipped = stack.run(&["deploy", "--site"]).succeeded().json();
    assert_eq!(shipped["site_url"], up["site_url"]);
    assert!(page("/").2.contains("<title>two"));
    assert_eq!(page("/assets/i-AbCd1234.js").0, 200, "a page that is open still asks for it");

    let back = stack.run(&["rollback", "--site"]).succeeded().json();
    assert_eq!(back["before"], shipped["release"]);
    assert!(page("/").2.contains("<title>one"));
    let list = stack.run(&["rollback", "--site", "--list"]).succeeded().json();
    let live = list["releases"].as_array().expect("releases").iter();
    let live: Vec<_> = live.filter(|one| one["live"] == json!(true)).collect();
    assert_eq!(live.len(), 1, "{list:#}");
    assert_eq!(live[0]["release"], back["release"]);

    let status = stack.run(&["status"]).succeeded().json();
    let files = status["resources"].as_array().expect("resources").iter();
    let files: Vec<_> = files.filter(|one| one["resource"] == "site").collect();
    assert_eq!(files[0]["state"], "drifted", "the folder holds the later release");
    stack.teardown();
    assert_eq!(page("/").0, 0, "its port is closed");
}

#[test]
fn a_folder_that_cannot_be_served_is_refused_before_the_first_call() {
    let stack = Stack::new("site-refused");
    stack.configure("[site]\ndirectory = \"dist\"\n");
    let artifact = Artifact::handler().path();
    let refused = stack.run(&["plan", "--artifact", artifact]).failed(2).error().to_string();
    assert!(refused.contains("`dist` does not exist"), "{refused}");
}

/// What no deploy may break for those who read meanwhile.
const READS: usize = 1000;
const DEPLOYS: usize = 10;

#[test]
fn no_reader_meets_a_failure_while_releases_are_shipped() {
    let stack = Stack::new("site-readers");
    stack.configure("[site]\ndirectory = \"dist\"\n");
    release(&stack, "r0", "AbCd1230");
    let up = stack.up();
    let (page, site) = (url(&up, "/"), up["site_url"].as_str().expect("an address").to_owned());
    let (read, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let one = || {
        let (status, kind, body) = get(&page);
        assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"), "{body}");
        let script = body.split("src=\"").nth(1).and_then(|rest| rest.split('"').next());
        let script = script.unwrap_or_else(|| panic!("a page without its script: {body}"));
        let (status, kind, text) = get(&format!("{site}{script}"));
        assert_eq!((status, kind.as_str()), (200, "text/javascript; charset=utf-8"), "{script}");
        let title = text.trim_start_matches("// ");
        assert!(body.contains(&format!("<title>{title}<")), "{body} with the script of {title}");
        read.fetch_add(2, Ordering::Relaxed);
    };
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                one();
            }
        });
        // Whatever becomes of the deploys, the reader ends.
        let _over = Over(&over);
        let mut shipped = 0;
        let goes_on = |shipped| shipped < DEPLOYS || read.load(Ordering::Relaxed) < READS;
        while goes_on(shipped) && !reader.is_finished() {
            shipped += 1;
            release(&stack, &format!("r{shipped}"), &format!("AbCd123{shipped}"));
            stack.run(&["deploy", "--site"]).succeeded();
        }
    });
    stack.teardown();
}

/// Says so when it is dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_page_is_told_the_api_by_its_own_host_and_a_bundler_of_this_machine_by_its_address() {
    let stack = Stack::new("site-env");
    let keys = "[site]\ndirectory = \"dist\"\nbuild = \"mkdir -p dist && echo $VITE_API_URL > dist/index.html\"\n";
    stack.configure(keys);
    fs::create_dir(stack.project.folder().join("dist")).expect("a new folder");
    stack.project.write("dist/index.html", "built before");
    let up = stack.ship(&["up", "--yes", "--write-env", ".env.local"]).succeeded().json();
    assert_eq!(get(&url(&up, "/")).2.trim(), "built before", "nothing is run beside a zip");
    stack.run(&["deploy", "--site"]).succeeded();
    assert_eq!(get(&url(&up, "/")).2.trim(), "/api");
    let env = stack.project.read(".env.local");
    let api = up["api_url"].as_str().expect("an address").replace('$', "%24");
    assert!(env.contains(&format!("VITE_API_URL={api}")), "{env}");
    stack.teardown();
}
