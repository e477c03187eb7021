//! The example page and its client against a running stack. These need what the other tests do not: Node.js, npm and
//! Chromium (`CHROMIUM` says where it is, when it is not `/usr/bin/chromium`).

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{Cloud, Project};

/// An example, as it stands in the repository, with its packages.
fn example(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    if !folder.join("node_modules").is_dir() {
        run(&folder, &["npm", "ci"]);
    }
    folder
}

/// A copy of the example in a project, so that its `.env.local` is of that project alone.
fn copy(example: &Path, project: &Project) -> PathBuf {
    let web = project.folder().join("web");
    run(project.folder(), &["mkdir", "web"]);
    for name in ["index.html", "package.json", "tsconfig.json", "vite.config.ts", "src", "test"] {
        let from = example.join(name).display().to_string();
        run(&web, &["cp", "-r", &from, "."]);
    }
    symlink(example.join("node_modules"), web.join("node_modules")).expect("it is a new folder");
    web
}

#[track_caller]
fn run(folder: &Path, words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", words[0]));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{words:?}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

#[test]
#[ignore = "needs Node.js, npm and Chromium"]
fn the_page_works_in_a_browser_and_its_client_in_node() {
    let (cloud, project) = (Cloud::shared(), Project::new("frontend"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let port = listener.local_addr().expect("it is bound").port().to_string();
    drop(listener);
    let origin = format!("http://localhost:{port}");
    let text = format!("name = \"frontend\"\n[api.cors]\nallow_origins = [\"{origin}\"]\n");
    project.write("stack.toml", &text);
    let web = copy(&example("web"), &project);

    let words = ["up", "--local", "--yes", "--output", "json", "--write-env", "web/.env.local"];
    let up = cloud.stackctl(project.folder(), &words).succeeded().json();
    let environment = fs::read_to_string(web.join(".env.local")).expect("`up` wrote it");
    assert!(environment.starts_with("VITE_API_URL=http://127.0.0.1:"), "{environment}");

    let url = up["api_url"].as_str().expect("the address of the API");
    assert!(run(&web, &["node", "test/client.mjs", url]).contains("failures are values"));
    run(&web, &["npm", "run", "build"]);
    assert!(
        run(&web, &["node", "test/browser.mjs", &port]).contains("a foreign origin was refused")
    );
    cloud.stackctl(project.folder(), &["teardown", "--local", "--yes"]).succeeded();
}

#[test]
#[ignore = "needs Node.js, npm and Chromium"]
fn a_page_that_is_open_goes_on_working_while_the_next_release_ships() {
    let (cloud, project) = (Cloud::shared(), Project::new("page-site"));
    project.write(
        "stack.toml",
        "name = \"page-site\"\n[site]\ndirectory = \"web/dist\"\nbuild = \"npm run build\"\n",
    );
    let web = copy(&example("web"), &project);
    let shipped = ["up", "--local", "--yes", "--output", "json"];
    let up = cloud.stackctl(project.folder(), &shipped).succeeded().json();
    let site = up["site_url"].as_str().expect("the address of the site");

    let mut browser = Command::new("node")
        .args(["test/site.mjs", site])
        .current_dir(&web)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("there is node");
    let mut said = BufReader::new(browser.stdout.take().expect("a pipe"));
    let mut line = String::new();
    said.read_line(&mut line).expect("it is text");
    assert_eq!(line, "open\n");

    let replace = |file: &str, from: &str, to: &str| {
        let text = fs::read_to_string(web.join(file)).expect("it is a file of the example");
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(web.join(file), text.replace(from, to)).expect("it is ours");
    };
    replace("index.html", "<title>", "<title>New: ");
    replace("src/App.tsx", "Nothing here yet", "Nothing at all");
    cloud.stackctl(project.folder(), &["deploy", "--local", "--site", "--yes"]).succeeded();
    browser.stdin.take().expect("a pipe").write_all(b"shipped\n").expect("it waits for it");
    said.read_to_string(&mut line).expect("it is text");
    assert!(browser.wait().expect("it ends").success(), "{line}");
    assert!(line.contains("the old page went on working"), "{line}");

    cloud.stackctl(project.folder(), &["rollback", "--local", "--site", "--yes"]).succeeded();
    assert!(!crate::support::request("GET", site, &[], "").body.contains("New: "));
    cloud.stackctl(project.folder(), &["teardown", "--local", "--yes"]).succeeded();
}

#[test]
#[ignore = "needs Node.js and npm"]
fn the_client_of_an_api_with_users_renews_its_token_once() {
    let (cloud, project) = (Cloud::shared(), Project::new("client-users"));
    let auth = "[auth]\nissuer = \"https://tenant.example/\"\naudience = [\"api\"]\n";
    project.write("stack.toml", &format!("name = \"client-users\"\n{auth}"));
    let web = copy(&example("web"), &project);
    let shipped = ["up", "--local", "--yes", "--output", "json", "--write-env", "web/.env.local"];
    let up = cloud.stackctl(project.folder(), &shipped).succeeded().json();
    let environment = fs::read_to_string(web.join(".env.local")).expect("`up` wrote it");
    for key in ["VITE_AUTH_AUTHORITY", "VITE_AUTH_METADATA_URL", "VITE_AUTH_CLIENT_ID"] {
        assert!(environment.contains(&format!("\n{key}=")), "{environment}");
    }
    let client = ["api", "client", "--write", "web/src/client.ts", "--yes"];
    cloud.stackctl(project.folder(), &client).succeeded();
    let token = |user: &str| {
        let words = ["token", "--local", "--as", user, "--output", "json"];
        let token = cloud.stackctl(project.folder(), &words).succeeded().json();
        token["token"].as_str().expect("a token").to_owned()
    };
    let url = up["api_url"].as_str().expect("the address of the API");
    let said = run(&web, &["node", "test/users.mjs", url, &token("alice"), &token("bob")]);
    assert!(said.contains("tokens are renewed once"), "{said}");
    cloud.stackctl(project.folder(), &["teardown", "--local", "--yes"]).succeeded();
}

#[test]
#[ignore = "needs Node.js, npm and Chromium"]
fn two_users_sign_in_to_a_page_and_each_sees_their_own() {
    let (cloud, project) = (Cloud::shared(), Project::new("page-users"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let port = listener.local_addr().expect("it is bound").port().to_string();
    drop(listener);
    let cors = format!("[api.cors]\nallow_origins = [\"http://localhost:{port}\"]\n");
    let auth = "[auth]\nissuer = \"https://tenant.example/\"\naudience = [\"api\"]\n";
    project.write("stack.toml", &format!("name = \"page-users\"\n{auth}{cors}"));
    let web = copy(&example("users"), &project);
    let shipped = ["up", "--local", "--yes", "--write-env", "web/.env.local"];
    cloud.stackctl(project.folder(), &shipped).succeeded();
    let client = ["api", "client", "--write", "web/src/client.ts", "--yes"];
    cloud.stackctl(project.folder(), &client).succeeded();
    run(&web, &["npm", "run", "build"]);
    let said = run(&web, &["node", "test/browser.mjs", &port, "local-password"]);
    assert!(said.contains("each user sees their own items"), "{said}");
    cloud.stackctl(project.folder(), &["teardown", "--local", "--yes"]).succeeded();
}
