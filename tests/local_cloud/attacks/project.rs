//! A project that was fetched from somewhere, and a machine that is shared.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::support::{Cloud, Project, Stack};

const SECRET: &str = "top-secret = 'hunter2' !";

#[test]
fn a_cache_of_another_user_is_not_used() {
    let project = Project::new("their-cache");
    let cache = project.folder().join("cache");
    let python = cache.join("stackctl/venv-58cb5aec732b/bin/python");
    fs::create_dir_all(python.parent().expect("a folder")).expect("a folder");
    let mark = project.folder().join("mark");
    fs::write(&python, format!("#!/bin/sh\ntouch '{}'\n", mark.display())).expect("a file");
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).expect("it is ours");
    // Only root can give a folder away; everybody can open one to all.
    if chown(cache.join("stackctl"), Some(65534), None).is_err() {
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).expect("it is ours");
    }
    let mut command = Cloud::nowhere(project.folder());
    command.env_remove("STACKCTL_CACHE_DIR").env("XDG_CACHE_HOME", &cache);
    let output = command.args(["local", "start"]).output().expect("the binary was built");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not safe to use"), "{output:?}");
    assert!(!mark.exists());
}

#[test]
fn a_relative_cache_is_ignored() {
    let project = Project::new("relative-cache");
    let mut command = Cloud::nowhere(project.folder());
    command.env_remove("STACKCTL_CACHE_DIR").env("XDG_CACHE_HOME", "cache");
    command.env("HOME", project.folder().join("home"));
    let output = command.args(["local", "status"]).output().expect("the binary was built");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("/home/"), "{output:?}");
}

#[test]
fn a_client_replaces_nothing_that_is_not_one() {
    let project = Project::new("client-link");
    fs::create_dir(project.folder().join("web")).expect("a folder");
    let elsewhere = Project::new("client-elsewhere");
    elsewhere.write("rc", "mine");
    symlink(elsewhere.folder().join("rc"), project.folder().join("web/client.ts")).expect("a link");
    project.write("web/mine.ts", "mine");
    for (file, yes, code) in
        [("web/client.ts", true, 1), ("web/mine.ts", false, 2), ("web/mine.ts", true, 0)]
    {
        let mut words = vec!["api", "client", "--write", file];
        words.extend(yes.then_some("--yes"));
        let output = Cloud::nowhere(project.folder()).args(words).output();
        let output = output.expect("the binary was built");
        assert_eq!(output.status.code(), Some(code), "{file}: {output:?}");
        assert_eq!(project.read("web/mine.ts") == "mine", code != 0);
    }
    assert_eq!(elsewhere.read("rc"), "mine");
}

#[test]
fn cargo_sees_no_credentials() {
    let project = Project::new("no-credentials");
    let seen = project.folder().join("seen");
    let programs = project.folder().join("bin");
    fs::create_dir(&programs).expect("a folder");
    for name in ["cargo", "rustc", "git"] {
        let script = format!("#!/bin/sh\nenv >> '{}'\nexit 1\n", seen.display());
        fs::write(programs.join(name), script).expect("a file");
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(programs.join(name), executable).expect("it is ours");
    }
    let mut command = Cloud::nowhere(project.folder());
    command.env("PATH", format!("{}:/usr/bin:/bin", programs.display()));
    let names = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "GITHUB_TOKEN",
    ];
    command.envs(names.map(|name| (name, "hunter2"))).env("HARMLESS", "here");
    let output = command.arg("build").output().expect("the binary was built");
    assert!(!output.status.success());
    let seen = fs::read_to_string(seen).expect("a program was started");
    assert!(seen.contains("HARMLESS=here") && !seen.contains("hunter2"), "{seen}");
}

#[test]
fn the_build_of_a_site_sees_no_credentials_and_does_not_run_beside_a_zip() {
    let stack = Stack::new("site-secrets").with("GITHUB_TOKEN", "hunter2").with("HARMLESS", "here");
    let build = "env > seen; mkdir -p dist; touch dist/index.html";
    stack.configure(&format!("[site]\ndirectory = \"dist\"\nbuild = \"{build}\"\n"));
    let refused = stack.ship(&["up"]).failed(2).error().to_string();
    assert!(refused.contains("no program of the project is run"), "{refused}");
    let seen = stack.project.folder().join("seen");
    assert!(!seen.exists());
    // There is no stack yet: it fails after the build.
    stack.run(&["deploy", "--site"]).failed(1);
    let seen = fs::read_to_string(seen).expect("it was run");
    assert!(seen.contains("HARMLESS=here") && !seen.contains("hunter2"), "{seen}");
}

#[test]
fn an_answer_that_does_not_end_is_a_failure() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let _ = client.read(&mut [0; 65536]);
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
                let mut sent = client.write_all(head.as_bytes());
                while sent.is_ok() {
                    sent = client.write_all(&[b' '; 65536]);
                }
            });
        }
    });
    let project = Project::new("endless");
    // No more memory than that: a program that reads all of it would be ended by a signal.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "ulimit -v 4000000; exec \"$@\"", "sh"]);
    command.arg(env!("CARGO_BIN_EXE_stackctl")).args(["status", "--output", "json"]);
    command
        .current_dir(project.folder())
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
    command.env("AWS_REGION", "us-east-1").env("AWS_ACCESS_KEY_ID", "k");
    command.env("AWS_SECRET_ACCESS_KEY", "s").env("AWS_EC2_METADATA_DISABLED", "true");
    let output = command.output().expect("there is a shell");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn only_files_of_a_sane_size_are_read() {
    let project = Project::new("sizes");
    let path = |name: &str| project.folder().join(name);
    let made = Command::new("mkfifo").arg(path("pipe")).status();
    assert!(made.is_ok_and(|status| status.success()));
    symlink("/dev/zero", path("endless")).expect("a link");
    File::create(path("sparse")).and_then(|file| file.set_len(1 << 30)).expect("a file");
    for file in ["pipe", "endless", "sparse"] {
        for words in [
            &["status", "--config", file][..],
            &["verify-policy", "--snapshot", file],
            &["simulate", "--cases", file],
            &["up", "--yes", "--plan", file],
        ] {
            let output = Cloud::nowhere(project.folder()).args(words).output();
            let output = output.expect("the binary was built");
            assert!(matches!(output.status.code(), Some(1 | 2)), "{words:?}: {output:?}");
            assert!(output.stderr.len() < 4096, "{words:?}");
        }
    }
}

#[test]
fn init_follows_no_link_and_leaves_nothing_behind() {
    let project = Project::new("init-links");
    let (new, elsewhere) = (project.folder().join("new"), project.folder().join("elsewhere"));
    for folder in [&new, &elsewhere] {
        fs::create_dir(folder).expect("a folder");
    }
    symlink(&elsewhere, new.join("handler")).expect("a link");
    let entries = |folder: &Path| fs::read_dir(folder).expect("a folder").count();
    let init = || Cloud::offline(&new, &["init", "--name", "shop", "--yes"]);
    init().failed(2);
    assert_eq!((entries(&new), entries(&elsewhere)), (1, 0));

    fs::remove_file(new.join("handler")).expect("it is there");
    symlink(elsewhere.join("nowhere"), new.join("README.md")).expect("a link");
    init().succeeded();
    assert_eq!(entries(&elsewhere), 0);
}

#[test]
fn a_link_out_of_the_project_is_not_read_as_its_file() {
    let project = Project::new("secret-link");
    let elsewhere = Project::new("secret-elsewhere");
    elsewhere.write("secret", SECRET);
    fs::remove_file(project.folder().join("stack.toml")).expect("it is there");
    symlink(elsewhere.folder().join("secret"), project.folder().join("stack.toml"))
        .expect("a link");
    let output = Cloud::offline(project.folder(), &["status"]).failed(2);
    assert!(!output.stderr.contains("hunter2"), "{output:?}");
    // Neither is it quoted as one of the files of the handler.
    fs::remove_file(project.folder().join("stack.toml")).expect("it is ours");
    project.write("stack.toml", "name = \"secret-link\"\n");
    fs::remove_file(project.folder().join("handler")).expect("it is there");
    fs::create_dir_all(project.folder().join("handler/src")).expect("a folder");
    let secret = elsewhere.folder().join("secret");
    for file in ["handler/Cargo.toml", "handler/src/main.rs", "handler/openapi.json"] {
        project.write("handler/Cargo.toml", "[package]\nname = \"handler\"\n");
        let link = project.folder().join(file);
        let _ = fs::remove_file(&link);
        symlink(&secret, &link).expect("a link");
        for words in
            [&["status"][..], &["verify-policy"], &["api", "openapi"], &["audit", "handler"]]
        {
            let output = Cloud::nowhere(project.folder()).args(words).output();
            let output = output.expect("the binary was built");
            let told = [output.stdout, output.stderr].concat();
            let told = String::from_utf8_lossy(&told);
            assert!(!told.contains("hunter2"), "{file} {words:?}: {told}");
        }
        fs::remove_file(&link).expect("it is ours");
    }
}

#[test]
fn a_manual_is_not_written_through_a_link() {
    let project = Project::new("manual");
    project.write("mine", "mine");
    fs::create_dir(project.folder().join("man")).expect("a folder");
    let link = project.folder().join("man/stackctl.1");
    symlink(project.folder().join("mine"), &link).expect("a link");
    Cloud::offline(project.folder(), &["man", "man"]).succeeded();
    assert_eq!(project.read("mine"), "mine");
    assert!(!link.is_symlink());

    let elsewhere = Project::new("manual-elsewhere");
    symlink(elsewhere.folder(), project.folder().join("docs")).expect("a link");
    let before = fs::read_dir(elsewhere.folder()).expect("a folder").count();
    for folder in ["docs", "docs/man"] {
        Cloud::offline(project.folder(), &["man", folder]).failed(1);
    }
    assert_eq!(fs::read_dir(elsewhere.folder()).expect("a folder").count(), before);
}
