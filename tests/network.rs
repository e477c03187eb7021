//! Whose credentials a call is signed with, and which way it takes: profiles, proxies, certificates. The binary against
//! servers of the test's own, without a cloud.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

const EXPIRED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>it has expired</Message></Error></ErrorResponse>";
const DENIED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>";

/// A server that refuses everything, and keeps the head of each request.
struct Server {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(status: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = heads.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let seen = seen.clone();
                thread::spawn(move || {
                    // A client that hangs up is none of the test's business.
                    let _ = answer(&client, status, body, &seen);
                });
            }
        });
        Self { port, heads }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("nobody panics here").clone()
    }
}

fn answer(
    client: &TcpStream,
    status: &str,
    body: &str,
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut head = String::new();
    for line in BufReader::new(client).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        head += &line;
        head.push('\n');
    }
    seen.lock().expect("nobody panics here").push(head);
    let length = body.len();
    let mut to = client;
    write!(
        to,
        "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// A folder with a `stack.toml` and the files of `aws configure`, and nothing of the environment but the path.
struct Place(PathBuf);

impl Place {
    fn new(name: &str, config: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("network-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join(".aws")).expect("a folder");
        fs::write(folder.join("stack.toml"), "name = \"my-app\"\n").expect("written");
        fs::write(folder.join(".aws/config"), config).expect("written");
        Self(folder)
    }

    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stackctl"));
        command.args(arguments).current_dir(&self.0).env_clear();
        command.env("HOME", &self.0).env("AWS_REGION", "us-east-1");
        command.env("AWS_EC2_METADATA_DISABLED", "true").envs(environment.iter().copied());
        command.output().expect("the binary was built")
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const PROD: &str = "[profile prod]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n";
const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"), ("AWS_SECRET_ACCESS_KEY", "s")];

#[test]
fn a_profile_that_is_named_wins_over_keys_in_the_environment() {
    let (place, aws) = (Place::new("profile", PROD), Server::start("403 Forbidden", EXPIRED));
    let url = aws.url();
    let environment = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL", url.as_str())];
    for verb in
        [&["rollback", "--list"][..], &["teardown", "--yes"], &["invoke", "--method", "GET"]]
    {
        place.run(&[verb, &["--profile", "prod"]].concat(), &environment);
    }
    let heads = aws.heads();
    assert!(!heads.is_empty());
    for head in heads {
        assert!(head.contains("Credential=AKIAPROFILE/"), "{head}");
    }
}

#[test]
fn without_one_the_environment_is_asked_first() {
    let (place, aws) = (Place::new("environment", PROD), Server::start("403 Forbidden", EXPIRED));
    let url = aws.url();
    let environment =
        [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL", url.as_str()), ("AWS_PROFILE", "prod")];
    place.run(&["rollback", "--list"], &environment);
    let heads = aws.heads();
    assert!(!heads.is_empty());
    assert!(heads.iter().all(|head| head.contains("Credential=AKIAENVIRONMENT/")), "{heads:#?}");
}

#[test]
fn a_profile_that_is_not_there_is_refused_before_the_first_call() {
    let (place, aws) = (Place::new("unknown", PROD), Server::start("403 Forbidden", EXPIRED));
    let url = aws.url();
    let environment = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL", url.as_str())];
    let output = place.run(&["rollback", "--list", "--profile", "nope"], &environment);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("there is no profile `nope`"), "{}", said(&output));
    assert!(said(&output).contains("there is: prod"), "{}", said(&output));
    assert!(aws.heads().is_empty());
}

#[test]
fn a_role_that_wants_a_code_says_how_to_get_its_credentials() {
    let config = "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n[profile admin]\nrole_arn = arn:aws:iam::123456789012:role/admin\nsource_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n";
    let (place, aws) = (Place::new("mfa", config), Server::start("403 Forbidden", DENIED));
    let url = aws.url();
    for arguments in [&["rollback", "--list", "--profile", "admin"][..], &["rollback", "--list"]] {
        let environment = [("AWS_ENDPOINT_URL", url.as_str()), ("AWS_PROFILE", "admin")];
        let output = place.run(arguments, &environment);
        assert!(said(&output).contains("export-credentials --profile admin"), "{}", said(&output));
        assert!(!said(&output).contains("sso login"), "{}", said(&output));
    }
}

#[test]
fn a_session_of_aws_login_is_looked_for() {
    let config = "[profile console]\nlogin_session = arn:aws:iam::123456789012:user/me\n";
    let place = Place::new("login", config);
    let output = place.run(&["rollback", "--list", "--profile", "console"], &[]);
    assert!(!said(&output).contains("cargo feature"), "{}", said(&output));
    assert!(said(&output).contains("aws login"), "{}", said(&output));
}

#[test]
fn calls_go_through_the_proxy_that_the_environment_names() {
    let (place, proxy) = (Place::new("proxy", ""), Server::start("502 Bad Gateway", ""));
    let url = proxy.url();
    let environment = [KEYS[0], KEYS[1], ("HTTPS_PROXY", url.as_str()), ("AWS_MAX_ATTEMPTS", "1")];
    place.run(&["rollback", "--list"], &environment);
    let heads = proxy.heads();
    let sts = "CONNECT sts.us-east-1.amazonaws.com:443";
    assert!(heads.iter().any(|head| head.starts_with(sts)), "{heads:#?}");
    let calls = heads.iter().filter(|head| head.starts_with(sts)).count();
    assert_eq!(calls, 1, "AWS_MAX_ATTEMPTS says how often: {heads:#?}");
    let output = place.run(&["rollback", "--list"], &environment);
    assert!(said(&output).contains("check `HTTPS_PROXY`"), "{}", said(&output));
}

#[test]
fn what_is_on_this_machine_needs_no_proxy() {
    let (place, aws) = (Place::new("loopback", ""), Server::start("403 Forbidden", EXPIRED));
    let proxy = Server::start("502 Bad Gateway", "");
    let (url, proxy_url) = (aws.url(), proxy.url());
    let environment = [
        KEYS[0],
        KEYS[1],
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("HTTP_PROXY", proxy_url.as_str()),
        ("HTTPS_PROXY", proxy_url.as_str()),
    ];
    place.run(&["rollback", "--list"], &environment);
    assert!(!aws.heads().is_empty() && proxy.heads().is_empty(), "{:#?}", proxy.heads());
}

/// A certificate authority of a company, and a certificate by it for the hosts of one region.
const CERTIFICATES: &str = "set -e
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=Company
openssl req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=proxy
printf 'subjectAltName=DNS:*.us-east-1.amazonaws.com\\nbasicConstraints=CA:FALSE\\n' > leaf.ext
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem -days 2 -extfile leaf.ext";

/// The proxy, which ends with the test.
struct Inspecting {
    child: Child,
    said: BufReader<ChildStdout>,
    port: u16,
}

impl Inspecting {
    fn start(place: &Place) -> Self {
        let made = Command::new("sh").args(["-c", CERTIFICATES]).current_dir(&place.0).output();
        let made = made.expect("there is a shell");
        assert!(made.status.success(), "{}", said(&made));
        let mut python = Command::new("python3");
        python.arg("tests/network/inspecting_proxy.py").arg(&place.0).stdout(Stdio::piped());
        python.current_dir(env!("CARGO_MANIFEST_DIR"));
        let mut child = python.spawn().expect("there is Python");
        let mut said = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut port = String::new();
        said.read_line(&mut port).expect("it says its port");
        Self { child, said, port: port.trim().parse().expect("it is a port") }
    }

    /// The first request that it could read.
    fn read(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("it says what it read");
        line
    }
}

impl Drop for Inspecting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_proxy_with_certificates_of_its_own_is_trusted_when_its_authority_is_named() {
    let place = Place::new("inspecting", "");
    fs::write(place.0.join("stack.toml"), "name = \"my-app\"\naccount = \"111111111111\"\n")
        .expect("written");
    let mut proxy = Inspecting::start(&place);
    let url = format!("http://127.0.0.1:{}", proxy.port);
    let bundle = place.0.join("ca.pem").display().to_string();
    let config = format!("[profile corporate]\nca_bundle = {bundle}\n");
    fs::write(place.0.join(".aws/config"), config).expect("written");
    let common = [KEYS[0], KEYS[1], ("HTTPS_PROXY", url.as_str()), ("AWS_MAX_ATTEMPTS", "1")];

    let refused = place.run(&["rollback", "--list"], &common);
    assert_ne!(refused.status.code(), Some(0));
    for part in ["UnknownIssuer", "AWS_CA_BUNDLE"] {
        assert!(said(&refused).contains(part), "{}", said(&refused));
    }
    for trusted in [("AWS_CA_BUNDLE", bundle.as_str()), ("AWS_PROFILE", "corporate")] {
        let environment = [&common[..], &[trusted]].concat();
        let output = place.run(&["rollback", "--list"], &environment);
        // AWS has answered who it is, and that is somebody else.
        assert!(said(&output).contains("999999999999"), "{trusted:?}: {}", said(&output));
        assert_eq!(
            proxy.read(),
            "CONNECT sts.us-east-1.amazonaws.com:443 HTTP/1.1 then POST / HTTP/1.1\n"
        );
    }
}
