//! `stackctl dev`: what is saved is live within seconds, what is broken is told once, and Ctrl-C ends it well.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Behaviour, Outcome, Stack, eventually, only, small_crate};

/// A build of the small crate takes a second, on a machine that does nothing else.
const PATIENCE: Duration = Duration::from_mins(2);

/// `stackctl dev` at work.
struct Dev {
    running: Child,
    lines: Receiver<String>,
}

impl Dev {
    fn start(stack: &Stack) -> Self {
        let mut command = stack.cloud.prepared(stack.project.folder());
        command.args(["dev"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn().expect("the binary was built");
        let (sender, lines) = channel();
        let (out, err) = (running.stdout.take(), running.stderr.take());
        let (out, err) = out.zip(err).expect("both are piped");
        let also = sender.clone();
        let pass = move |line: String| drop(also.send(line));
        thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).for_each(pass));
        let pass = move |line: String| drop(sender.send(line));
        thread::spawn(move || BufReader::new(err).lines().map_while(Result::ok).for_each(pass));
        Self { running, lines }
    }

    /// The lines up to the first that contains this.
    #[track_caller]
    fn until(&self, sign: &str) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => told.push(line),
                Err(error) => panic!("{error}: no `{sign}` in {told:#?}"),
            }
            if told.last().is_some_and(|line| line.contains(sign)) {
                return told;
            }
        }
    }

    fn ctrl_c(&mut self) -> Outcome {
        let kill = format!("kill -INT {}", self.running.id());
        let killed = Command::new("/bin/sh").args(["-c", &kill]).status();
        assert!(killed.expect("there is a shell").success());
        let code = self.running.wait().expect("it ends").code();
        let stderr = self.lines.iter().collect::<Vec<_>>().join("\n");
        Outcome { code, stdout: String::new(), stderr }
    }
}

impl Drop for Dev {
    /// A test that fails leaves nobody behind.
    fn drop(&mut self) {
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}

fn count(lines: &[String], sign: &str) -> usize {
    lines.iter().filter(|line| line.contains(sign)).count()
}

#[test]
fn a_save_is_live_a_mistake_is_told_once_and_ctrl_c_ends_it_well() {
    let stack = Stack::new("saved");
    let folder = stack.project.folder().join("handler");
    fs::remove_file(&folder).expect("the real handler is a link");
    small_crate(&folder, Behaviour::Good(1));
    let source = stack.project.read("handler/src/main.rs");
    let save = |text: &str| stack.project.write("handler/src/main.rs", text);

    let mut dev = Dev::start(&stack);
    let url = dev.until("  http://").pop().unwrap_or_default();
    let outputs = json!({"api_url": url.trim().trim_end_matches('/')});
    assert_eq!(mark(&outputs), "good1");

    save(&source.replace("good1", "good2"));
    eventually("the new version answers", || (mark(&outputs) == "good2").then_some(()));
    let told = dev.until(" after saving handler/src/main.rs").pop().unwrap_or_default();
    assert!(told.contains(" live     version 2, "), "{told}");
    let told = dev.until("build ").pop().unwrap_or_default();
    assert!(told.contains(", upload ") && told.contains(", proof "), "{told}");

    let broken = source.replace("fn main() {", "const BROKEN: u32 = \"no\";\nfn main() {");
    save(&broken);
    let told = dev.until("version 2 still answers");
    assert_eq!(count(&told, "error[E0308]"), 1, "{told:#?}");
    assert_eq!(count(&told, "const BROKEN: u32 = \"no\";"), 1, "{told:#?}");
    save(&format!("{broken}// still\n"));
    let told = dev.until("version 2 still answers");
    assert_eq!(count(&told, "BROKEN"), 0, "{told:#?}");
    assert_eq!(mark(&outputs), "good2");

    save(&source.replace("good1", "good3"));
    dev.until("live     version 3, ");
    assert_eq!(mark(&outputs), "good3");
    stack.configure("function.memory = 512\n");
    dev.until("; changed: function saved-api");

    let ended = dev.ctrl_c().succeeded();
    assert!(ended.stderr.contains("the local cloud is still running"), "{ended:#?}");
    assert_eq!(mark(&outputs), "good3");

    // What was quick to link is not taken for what is shipped.
    let up = stack.run(&["up"]).succeeded().json();
    assert_eq!(only(&up), ["alias update"], "{up:#}");
    stack.teardown();
}

#[test]
fn a_save_of_a_package_beside_the_handler_is_a_save() {
    let stack = Stack::new("beside");
    let folder = stack.project.folder().join("handler");
    fs::remove_file(&folder).expect("the real handler is a link");
    small_crate(&folder, Behaviour::Good(1));
    let manifest = stack.project.read("handler/Cargo.toml");
    let manifest = format!("{manifest}[dependencies]\nshared = {{ path = '../shared' }}\n");
    stack.project.write("handler/Cargo.toml", &manifest);
    let shared = "[package]\nname = 'shared'\nversion = '0.1.0'\nedition = '2024'\n";
    fs::create_dir_all(stack.project.folder().join("shared/src")).expect("a folder");
    stack.project.write("shared/Cargo.toml", shared);
    stack.project.write("shared/src/lib.rs", "pub const GREETING: &str = \"one\";\n");

    let mut dev = Dev::start(&stack);
    dev.until("  http://");
    stack.project.write("shared/src/lib.rs", "pub const GREETING: &str = \"other\";\n");
    dev.until("code shared/src/lib.rs: ");
    dev.ctrl_c().succeeded();
    stack.teardown();
}

#[track_caller]
fn mark(outputs: &Value) -> String {
    let answer = Stack::ask(outputs, "GET", "", "");
    answer.json()["mark"].as_str().unwrap_or_default().to_owned()
}
