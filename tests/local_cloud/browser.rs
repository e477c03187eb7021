//! A frontend in a real browser, which enforces what no client of ours does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Project, Stack};

const PAGE: &str = include_str!("page.html");

/// The origin of the default configuration: where Vite serves.
const FRONTEND: u16 = 5173;

/// A browser starts slowly on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

#[test]
#[ignore = "needs a Chromium (Debian: `apt-get install chromium`) and port 5173"]
fn a_page_from_localhost_5173_creates_lists_changes_and_deletes_items() {
    let stack = Stack::new("browser");
    let report = visit(&stack.up(), FRONTEND);
    let status = |step: &str| report[step]["status"].clone();
    assert_eq!(status("created"), 201, "{report:#}");
    let mut item = report["created"]["body"].clone();
    assert_eq!(item["title"], "made in a browser – é", "{report:#}");
    item["status"] = json!("done");
    assert_eq!(report["changed"], json!({"status": 200, "body": item}), "{report:#}");
    assert_eq!(report["listed"], json!({"status": 200, "body": {"items": [item]}}), "{report:#}");
    assert_eq!(status("missing"), 404, "an error is for the page to read, too: {report:#}");
    assert_eq!(report["deleted"]["body"], json!({"deleted": true}), "{report:#}");
    assert_eq!(report["empty"]["body"], json!({"items": []}), "{report:#}");
    stack.teardown();
}

#[test]
#[ignore = "needs a Chromium (Debian: `apt-get install chromium`)"]
fn a_page_from_another_origin_is_refused_by_the_browser() {
    let stack = Stack::new("browser-stranger");
    let up = stack.up();
    let report = visit(&up, 0);
    let refused = report["refused"].as_str().unwrap_or_default();
    assert!(refused.contains("Failed to fetch"), "{report:#}");
    // The preflight was refused, so the request was never sent.
    assert_eq!(Stack::ask(&up, "GET", "userId=browser", "").json(), json!({"items": []}));
    stack.teardown();
}

/// Opens the page of a frontend in a browser and waits for what it reports.
fn visit(outputs: &Value, port: u16) -> Value {
    let page =
        PAGE.replace("API_URL", outputs["api_url"].as_str().expect("the address of the API"));
    visit_page(&page, port, |_| ())
}

/// Opens a page in a browser, waits for what it reports, and keeps the browser open for `and_then`. The page is served
/// from `http://localhost:<port>`.
pub fn visit_page(page: &str, port: u16, and_then: impl FnOnce(&Value)) -> Value {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .unwrap_or_else(|error| panic!("port {port}, where the page is served: {error}"));
    let port = listener.local_addr().expect("it is bound").port();
    let page = page.to_owned();
    let (sender, report) = channel();
    thread::spawn(move || {
        for visitor in listener.incoming().map_while(Result::ok) {
            let (page, sender) = (page.clone(), sender.clone());
            thread::spawn(move || serve(visitor, &page, &sender));
        }
    });
    // Its profile goes with the project.
    let project = Project::new(&format!("browser-profile-{port}"));
    let _browser = Browser::open(&format!("http://localhost:{port}/"), &project);
    let report = report.recv_timeout(PATIENCE).expect("the page reports");
    and_then(&report);
    report
}

struct Browser(Child);

impl Browser {
    fn open(url: &str, project: &Project) -> Self {
        let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
        let profile = project.folder().join("profile");
        let open = |name: &&str| {
            let mut browser = Command::new(name);
            browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"]);
            browser.args(["--no-first-run", "--disable-background-networking"]);
            browser.args(["--disable-component-update", "--disable-sync"]);
            browser.arg(format!("--user-data-dir={}", profile.display())).arg(url);
            browser.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            browser.spawn().ok()
        };
        let browser = names.iter().find_map(open);
        Self(browser.unwrap_or_else(|| {
            panic!("there is no browser: none of {names:?} can be started; on Debian, `apt-get install chromium`")
        }))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to end, it ends its other processes too; killed, it would leave them.
        let _ =
            Command::new("/bin/sh").args(["-c", &format!("kill -TERM {}", self.0.id())]).status();
        let _ = self.0.wait();
    }
}

/// The page, and the report that it sends back to where it came from.
fn serve(mut visitor: TcpStream, page: &str, report: &Sender<Value>) -> Option<()> {
    let mut reader = BufReader::new(visitor.try_clone().ok()?);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if let Some(value) = head[start..].to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (status, text) = match head.split(' ').take(2).collect::<Vec<_>>()[..] {
        ["GET", "/"] => ("200 OK", page),
        ["POST", "/report"] => {
            report.send(serde_json::from_slice(&body).ok()?).ok()?;
            ("200 OK", "")
        }
        _ => ("404 Not Found", ""),
    };
    write!(
        visitor,
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    )
    .ok()
}
