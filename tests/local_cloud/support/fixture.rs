//! Handlers that are compiled in a second: as much of Lambda's Runtime API as a test needs, and one way to misbehave.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// How a handler behaves.
#[derive(Debug, Clone, Copy)]
pub enum Behaviour {
    /// Answers 200 with its mark.
    Good(u32),
    /// Ends before it asks for a first event.
    Crashing,
    /// Answers every event with a 500.
    Wrong,
    /// Answers its first event, and every later one with a 500.
    Tiring,
    /// Writes each event into its log, and says that all of a batch went well.
    Telling,
    /// Sleeps two seconds before each answer.
    Slow,
}

/// Compiles one to `program`.
pub fn compile(program: &Path, behaviour: Behaviour) {
    let source = source(behaviour);
    let mut compiler = Command::new("rustc");
    compiler.args(["--edition", "2024", "-C", "strip=symbols", "-o"]).arg(program).arg("-");
    let mut compiler = compiler.stdin(Stdio::piped()).spawn().expect("there is a compiler");
    let mut input = compiler.stdin.take().expect("it is piped");
    input.write_all(source.as_bytes()).expect("it is read");
    drop(input);
    assert!(compiler.wait().expect("it was started").success());
}

/// Writes one as a crate that `stackctl` can build: it declares what it would call, and calls nothing.
pub fn small_crate(folder: &Path, behaviour: Behaviour) {
    fs::create_dir_all(folder.join("src")).expect("the folder can be written");
    let files =
        [("Cargo.toml", MANIFEST), ("src/main.rs", &(DECLARED.to_owned() + &source(behaviour)))];
    for (path, text) in files {
        fs::write(folder.join(path), text).expect("the folder can be written");
    }
}

fn source(behaviour: Behaviour) -> String {
    let (what, mark) = match behaviour {
        Behaviour::Good(mark) => ("good", mark),
        Behaviour::Crashing => ("crashing", 0),
        Behaviour::Wrong => ("wrong", 0),
        Behaviour::Tiring => ("tiring", 0),
        Behaviour::Telling => ("telling", 0),
        Behaviour::Slow => ("slow", 0),
    };
    SOURCE.replace("{what}", what).replace("{mark}", &mark.to_string())
}

const MANIFEST: &str = "[workspace]\n[package]\nname = 'small'\nedition = '2024'\n[[bin]]\nname = 'bootstrap'\npath = 'src/main.rs'\n";

const DECLARED: &str = "macro_rules! operations { ($($any:tt)*) => {} }
macro_rules! routes { ($($any:tt)*) => {} }
operations! { get: GetItem }
routes! { GET \"/\" => get [GetItem] }
";

const SOURCE: &str = r###"
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// Sends one request and returns the value of the header that has the id of the event, and the event.
fn call(method: &str, path: &str, body: &str) -> std::io::Result<(String, String)> {
    let host = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    // Whoever is left behind by a cloud that was killed would ask for ever.
    let mut stream = TcpStream::connect(&host).unwrap_or_else(|_| std::process::exit(0));
    write!(stream, "{method} /2018-06-01/runtime/invocation/{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    let (mut id, mut length) = (String::new(), 0);
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':').or((!line.trim().is_empty()).then_some(("", ""))) else { break };
        match name.to_ascii_lowercase().as_str() {
            "lambda-runtime-aws-request-id" => id = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((id, String::from_utf8_lossy(&body).into_owned()))
}

fn main() {
    let version = std::env::var("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or_default();
    if "{what}" == "crashing" {
        std::process::exit(1);
    }
    let mut status = if "{what}" == "wrong" { 500 } else { 200 };
    loop {
        let Ok((id, event)) = call("GET", "next", "") else { continue };
        if "{what}" == "slow" {
            std::thread::sleep(std::time::Duration::from_secs(2));
        }
        let answer = format!(r##"{{"statusCode":{status},"headers":{{"content-type":"application/json","x-function-version":"{version}"}},"body":"{{\"mark\":\"{what}{mark}\"}}"}}"##);
        let answer = if "{what}" == "telling" {
            println!("{event}");
            "{\"batchItemFailures\":[]}".to_owned()
        } else {
            answer
        };
        if "{what}" == "tiring" {
            status = 500;
        }
        let _ = call("POST", &format!("{id}/response"), &answer);
    }
}
"###;
