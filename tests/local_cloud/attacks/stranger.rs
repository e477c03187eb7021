//! Another user of the same machine.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::Stack;

/// What it can try: the cloud with keys it guesses, its files, and the ports from which functions get their events.
/// It prints what worked.
const ATTEMPTS: &str = r"
import os, sys, urllib.request
port, folder, api, runtimes = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
def ask(name, url, headers={}, data=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=3) as answer:
            print(name, answer.status)
    except OSError:
        pass
scope = '/20260830/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00'
for key in ['test', '123456789012']:
    ask(key, f'http://127.0.0.1:{port}/', {'Authorization': 'AWS4-HMAC-SHA256 Credential=' + key + scope,
        'X-Amz-Target': 'DynamoDB_20120810.ListTables'}, b'{}')
for path in ['/', '/_ministack/health', '/_ministack/lambda-code/stranger-api']:
    ask(path, f'http://127.0.0.1:{port}{path}')
for path in ['key.json', 'server.json', 'server.log', 'gate.py', 'state', 'tmp', '.']:
    path = os.path.join(folder, path)
    try:
        print(path, os.listdir(path) if os.path.isdir(path) else open(path).read())
    except OSError:
        pass
for runtime in runtimes:
    for host in ['127.0.0.1', 'localhost']:
        ask('runtime', f'http://{host}:{runtime}/2018-06-01/runtime/invocation/next')
        ask('runtime', f'http://{host}:{runtime}/2018-06-01/runtime/init/error', data=b'{}')
print('user', os.getuid())
ask('api', api)
";

#[test]
fn another_user_reaches_nothing_but_the_apis() {
    let stack = Stack::new("stranger");
    let up = stack.up();
    let url = up["api_url"].as_str().expect("the address of the API").to_owned() + "/?userId=u1";
    let server = stack.cloud.local("status").succeeded().json()["pid"].as_u64().expect("it runs");
    let runtimes = listeners(server);
    if cfg!(target_os = "linux") {
        assert!(runtimes.len() > 1, "its own port, and one of the function: {runtimes:?}");
    }
    let mut python = Command::new("setpriv");
    python.args([
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "/usr/bin/python3",
        "-I",
        "-c",
    ]);
    python.args([ATTEMPTS, &stack.cloud.port.to_string()]).arg(&stack.cloud.folder).arg(&url);
    python.args(runtimes.iter().filter(|port| **port != stack.cloud.port).map(u16::to_string));
    let output = match python.current_dir("/").env_clear().output() {
        Ok(output) if output.status.success() => output,
        failed => {
            #[expect(clippy::print_stderr, reason = "why nothing was tried")]
            {
                eprintln!("skipped: only root on Linux can become another user: {failed:?}");
            }
            return;
        }
    };
    let worked = String::from_utf8_lossy(&output.stdout);
    assert_eq!(worked.lines().collect::<Vec<_>>(), ["user 65534", "api 200"]);
    // And the user's own function goes on.
    assert_eq!(
        Stack::ask(&up, "GET", "userId=u1", "").json(),
        serde_json::json!({"items": Value::Array(vec![])})
    );
    stack.teardown();
}

/// The TCP ports of this machine on which a process listens: its open sockets are links to numbers that the table of
/// the kernel has (<https://man7.org/linux/man-pages/man5/proc_pid_net.5.html>).
fn listeners(pid: u64) -> BTreeSet<u16> {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return BTreeSet::new() };
    let links = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
    let sockets: BTreeSet<String> = links.map(|link| link.display().to_string()).collect();
    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let port = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_its =
            *fields.get(3)? == "0A" && sockets.contains(&format!("socket:[{}]", fields.get(9)?));
        u16::from_str_radix(fields[1].split(':').nth(1)?, 16).ok().filter(|_| is_its)
    };
    table.lines().filter_map(port).collect()
}
