//! Ctrl-C on a terminal, in verbs that work on this machine: while they wait for a program, a lock or themselves.
//! `tests/convergence/interrupt.rs` does the same to those that wait for AWS.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::support::{CTRL_C, Cloud, Outcome, Project, Terminal, eventually};

/// A program that says it was started, and then does nothing for long.
fn hanging(project: &Project, name: &str) -> (PathBuf, PathBuf) {
    let (folder, mark) = (project.folder().join("bin"), project.folder().join("started"));
    fs::create_dir_all(&folder).expect("a folder");
    let script = format!(
        "#!/bin/sh\necho $$ > '{0}.new'\nmv '{0}.new' '{0}'\nexec sleep 600\n",
        mark.display()
    );
    fs::write(folder.join(name), script).expect("a file");
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).expect("it is ours");
    (folder, mark)
}

fn began(mark: &PathBuf) -> String {
    eventually("the program is started", || fs::read_to_string(mark).ok()).trim().to_owned()
}

fn stopped(ended: &Outcome) {
    assert_eq!(ended.code, Some(130), "{ended:#?}");
    assert!(ended.stdout.contains("stopped"), "{ended:#?}");
}

#[test]
fn a_verb_that_compiles_ends_with_its_compiler() {
    let cloud = Cloud::shared();
    for (verb, keys, code) in [
        (&["build"][..], CTRL_C.to_owned(), 130),
        (&["build"], CTRL_C.repeat(2), 130),
        (&["plan"], CTRL_C.to_owned(), 130),
        (&["up", "--yes"], CTRL_C.to_owned(), 130),
        // Ctrl-C is how it ends.
        (&["dev"], CTRL_C.to_owned(), 0),
        (&["dev"], CTRL_C.repeat(2), 0),
    ] {
        let project = Project::new("ctrl-c-cargo");
        let (programs, mark) = hanging(&project, "cargo");
        let mut command = cloud.prepared(project.folder());
        let path = std::env::var("PATH").unwrap_or_default();
        command.args(verb).env("PATH", format!("{}:{path}", programs.display()));
        let mut terminal = Terminal::of(&command);
        let compiler = began(&mark);
        terminal.press(&keys);
        let ended = terminal.ended();
        assert_eq!(ended.code, Some(code), "{verb:?}: {ended:#?}");
        let is_gone = || (!PathBuf::from(format!("/proc/{compiler}")).exists()).then_some(());
        eventually("the compiler has ended, too", is_gone);
    }
}

#[test]
fn a_verb_of_the_local_cloud_that_waits_for_another_one_ends() {
    let project = Project::new("ctrl-c-local");
    let folder = project.folder().join("cloud");
    fs::create_dir(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("it is ours");
    let lock = File::create(folder.join("stackctl.lock")).expect("a file");
    lock.lock().expect("nobody else has it");
    for verb in ["start", "stop", "env", "list", "reset"] {
        for keys in [CTRL_C.to_owned(), CTRL_C.repeat(2)] {
            let mut command = Cloud::nowhere(project.folder());
            command.args(["local", verb]).env("STACKCTL_LOCAL_DIR", &folder);
            if verb == "reset" {
                command.arg("--yes");
            }
            let mut terminal = Terminal::of(&command);
            terminal.shows("waiting");
            terminal.press(&keys);
            stopped(&terminal.ended());
        }
    }
}

/// A program in `large` that takes long to read.
fn large(project: &Project) {
    fs::create_dir_all(project.folder().join("large/src")).expect("a folder");
    let manifest = "[package]\nname = 'large'\nedition = '2024'\n[dependencies]\nlambda_runtime = '1'\naws-sdk-dynamodb = '1'\n";
    project.write("large/Cargo.toml", manifest);
    let mut main = "use lambda_runtime::{Error, LambdaEvent, run, service_fn};
#[tokio::main]
async fn main() -> Result<(), Error> { run(service_fn(handler)).await }
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    m0::f(&client).await;
    Ok(())
}
mod m0;
"
    .to_owned();
    for number in 0..1500 {
        main += &format!("mod m{};\n", number + 1);
        let calls: String = (0..40)
            .map(|call| {
                format!("    let _ = client.get_item().table_name(\"t{call}\").send().await;\n")
            })
            .collect();
        let text = format!(
            "pub async fn f(client: &aws_sdk_dynamodb::Client) {{\n{calls}    crate::m{}::f(client).await;\n}}\n",
            number + 1
        );
        project.write(&format!("large/src/m{number}.rs"), &text);
    }
    project.write("large/src/m1500.rs", "pub async fn f(_: &aws_sdk_dynamodb::Client) {}\n");
    project.write("large/src/main.rs", &main);
}

/// Presses Ctrl-C as soon as the program listens for it: before that, it ends as every program does.
fn pressed_at_once(project: &Project, words: &[&str]) {
    let mut command = Cloud::nowhere(project.folder());
    command.args(words);
    let mut terminal = Terminal::of(&command);
    eventually("the program listens for Ctrl-C", || terminal.catches_ctrl_c().then_some(()));
    terminal.press(CTRL_C);
    stopped(&terminal.ended());
}

#[test]
fn a_verb_that_reads_a_large_program_ends() {
    let project = Project::new("ctrl-c-audit");
    large(&project);
    let stack = "name = \"ctrl-c-audit\"\n[function]\ncrate = \"large\"\n";
    project.write("stack.toml", stack);
    for verb in [
        &["audit", "large"][..],
        &["plan"],
        &["status"],
        &["cors", "http://localhost:1"],
        &["verify-policy"],
        &["verify-policy", "--save-snapshot", "snapshot.json"],
        &["simulate", "GetItem"],
        &["api", "openapi"],
        &["build"],
    ] {
        pressed_at_once(&project, verb);
    }
}

#[test]
fn a_verb_that_waits_for_standard_input_ends() {
    let project = Project::new("ctrl-c-event");
    pressed_at_once(&project, &["invoke", "-"]);
}

/// Accepts and never answers, and says when somebody has come.
fn silent() -> (u16, Receiver<TcpStream>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let (sender, came) = channel();
    thread::spawn(move || listener.incoming().flatten().try_for_each(|one| sender.send(one)));
    (port, came)
}

#[test]
fn a_verb_that_looks_for_credentials_ends() {
    let project = Project::new("ctrl-c-keys");
    project.write("stack.toml", "name = \"ctrl-c-keys\"\nregion = \"us-east-1\"\n");
    for words in [
        &["doctor"][..],
        &["invoke", "{}"],
        &["logs"],
        &["smoke"],
        &["rollback", "--list"],
        &["teardown", "--yes"],
    ] {
        for keys in [CTRL_C.to_owned(), CTRL_C.repeat(2)] {
            // The service from which a machine on EC2 gets its keys.
            let (port, came) = silent();
            let mut command = Cloud::nowhere(project.folder());
            command.args(words).env_remove("AWS_EC2_METADATA_DISABLED");
            let endpoint = format!("http://127.0.0.1:{port}");
            command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint);
            let mut terminal = Terminal::of(&command);
            let open = came.recv_timeout(Duration::from_secs(90)).expect("it asks");
            terminal.press(&keys);
            let ended = terminal.ended();
            drop(open);
            stopped(&ended);
        }
    }
}
