//! The server's process: begun so that it outlives us, waited for, and ended so that it saves its state.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::folder::Folder;
use super::gate;
use super::key::Key;
use super::os::{self, Signal};
use super::record::Record;
use super::wait::Looks;
use super::{ACCOUNT, DEFAULT_PORT, REGION, VERSION, http};
use engine::error::{Doing, Error, Result};

/// A start takes one second; the first one also compiles, and other compilers may be busy.
const UNTIL_READY: Duration = Duration::from_mins(1);

/// An answer takes two milliseconds, or more when all processors compile.
const UNTIL_ANSWERED: Duration = Duration::from_secs(3);

/// A stop takes a third of a second.
const UNTIL_STOPPED: Duration = Duration::from_secs(10);

/// Waits for a line before it turns into the server: if we die before we have written down who it is, it ends too.
/// Closing the terminal must not end it.
const BEGIN: &str = r#"trap '' HUP; read -r go && exec "$@" </dev/null"#;

/// Starts the server and writes down who it is. The caller holds the folder and knows that nobody runs in it.
pub async fn start(
    folder: &Folder,
    python: &Path,
    node: Option<&Path>,
    port: u16,
) -> Result<Record> {
    check_free(port)?;
    let doing = "start the local cloud";
    // One left behind by a crash would pass for the new server's.
    let _ = fs::remove_file(folder.mark(port));
    let log = folder.new_log()?;
    Key::ensure(&folder.key_file())?;
    let gate = gate::write(folder)?;
    let mut child = command(folder, python, node, &gate, port)
        .stdin(Stdio::piped())
        .stdout(log.try_clone().doing(doing)?)
        .stderr(log)
        .spawn()
        .doing(doing)?;
    let gone = || Error::failed(doing).cause("its process ended at once");
    let pid = child.id().ok_or_else(gone)?;
    let birth = os::birth(pid).await.ok_or_else(gone)?;
    let record = Record::new(pid, birth, port, VERSION);
    record.write(&folder.record())?;
    let mut stdin = child.stdin.take().ok_or_else(gone)?;
    stdin.write_all(b"go\n").await.doing(doing)?;
    Ok(record)
}

/// The server as a command, in an environment of its own: nothing of the user's AWS settings reaches it.
fn command(folder: &Folder, python: &Path, node: Option<&Path>, gate: &Path, port: u16) -> Command {
    let mut command = Command::new("/bin/sh");
    // Run by the interpreter, since the scripts of a virtual environment fail under long paths and in moved folders.
    command.args(["-c", BEGIN, "sh"]).arg(python).arg("-I").arg(gate);
    // The key itself would be in everybody's list of processes.
    command.arg(folder.key_file());
    command.process_group(0).current_dir(folder.path()).env_clear();
    // The functions of distributions run in Node.js.
    let node = node.and_then(Path::parent).map(|folder| format!(":{}", folder.display()));
    command
        .env("PATH", format!("/usr/bin:/bin{}", node.unwrap_or_default()))
        .env("HOME", folder.path())
        .env("TMPDIR", folder.temporary());
    command.env("GATEWAY_PORT", port.to_string()).env("BIND_HOST", "127.0.0.1");
    // Functions get this one; without it they would call AWS.
    command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
    command.env("MINISTACK_ACCOUNT_ID", ACCOUNT).env("MINISTACK_REGION", REGION);
    // With authorization, a function has its role's rights and no more.
    command.env("AUTH", "true");
    // Else it opens a port to the whole network.
    command.env("IOT_MTLS_ENABLED", "0");
    // Objects are written one by one, and kept apart from the rest.
    command.env("S3_PERSIST", "1").env("S3_DATA_DIR", folder.state().join("objects"));
    command.env("PERSIST_STATE", "1").env("STATE_DIR", folder.state()).env("LOG_LEVEL", "INFO");
    command
}

/// Waits until the server answers, as long as its process lives.
pub async fn until_ready(folder: &Folder, record: &Record) -> Result<Key> {
    let mut looks = Looks::within(UNTIL_READY);
    while looks.next().await {
        if let Some(key) = ready(folder, record).await {
            return Ok(key);
        }
        if !is_alive(record).await {
            return Err(ended_at_start(folder, record.port));
        }
    }
    let error = Error::failed("start the local cloud");
    let cause = format!("process {} runs, and {} does not answer", record.pid, record.endpoint);
    Err(error
        .cause(cause)
        .hint(format!("`stackctl local stop` ends it; its log is `{}`", folder.log().display())))
}

/// The key of the server when it is ours that answers: it notes its id once it has found its port free.
pub async fn ready(folder: &Folder, record: &Record) -> Option<Key> {
    let mark = fs::read_to_string(folder.mark(record.port)).ok()?;
    let key = folder.key().filter(|_| mark.trim() == record.pid.to_string())?;
    let answer =
        http::status("GET", record.port, "/_ministack/health", &key, UNTIL_ANSWERED).await.ok()?;
    (answer == 200 && is_alive(record).await).then_some(key)
}

async fn is_alive(record: &Record) -> bool {
    os::birth(record.pid).await.as_ref() == Some(&record.birth)
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself when asked to, with its state saved.
    Saved,
    /// By force, since it did not end when asked to.
    Forced,
}

/// Asks the server to end, and waits; ends it by force when it does not.
pub async fn stop(record: &Record) -> Result<End> {
    for (signal, end) in [(Signal::Terminate, End::Saved), (Signal::Kill, End::Forced)] {
        // Whoever has the id after it has ended gets no signal.
        if is_alive(record).await {
            os::send(signal, record.pid).await.doing("stop the local cloud")?;
        }
        let mut looks = Looks::within(UNTIL_STOPPED);
        while looks.next().await {
            if !is_alive(record).await {
                return Ok(end);
            }
        }
    }
    Err(Error::failed("stop the local cloud").cause(format!("process {} does not end", record.pid)))
}

/// Says beforehand, and in plain words, that the port is somebody else's.
fn check_free(port: u16) -> Result<()> {
    match is_free(port) {
        Ok(true) => Ok(()),
        Ok(false) => Err(taken(port)),
        Err(error) => Err(refused(port).cause(error)),
    }
}

fn is_free(port: u16) -> std::io::Result<bool> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // On macOS the bind below succeeds beside a listener on all addresses.
    let answered = TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok();
    match TcpListener::bind(address) {
        Ok(_) => Ok(!answered),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(false),
        Err(error) => Err(error),
    }
}

fn taken(port: u16) -> Error {
    Error { message: format!("port {port} is already in use"), ..refused(port) }
        .cause(format!("another program listens on 127.0.0.1:{port}"))
}

fn refused(port: u16) -> Error {
    let mut others = (DEFAULT_PORT..DEFAULT_PORT + 100).filter(|other| *other != port);
    let error = Error::environment(format!("the local cloud cannot use port {port}"));
    match others.find(|other| matches!(is_free(*other), Ok(true))) {
        Some(free) => error.hint(format!(
            "stop that program, or use a free port: `stackctl local start --port {free}`"
        )),
        None => error.hint("end that program, or choose another port with `--port`"),
    }
}

fn ended_at_start(folder: &Folder, port: u16) -> Error {
    let last_words = folder.last_words(5);
    if last_words.iter().any(|line| line.contains("already in use")) {
        return taken(port);
    }
    let hint = format!("the whole log is `{}`", folder.log().display());
    Error::failed("start the local cloud").cause(last_words.join("\n")).hint(hint)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::super::scratch::Scratch;
    use super::*;
    use engine::Progress;
    use engine::error::Kind;

    #[test]
    fn a_taken_port_has_a_message_that_names_the_way_out() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let error = check_free(port).expect_err("it is taken");
        assert_eq!(error.kind, Kind::Environment);
        assert_eq!(error.message, format!("port {port} is already in use"));
        assert_eq!(error.cause, Some(format!("another program listens on 127.0.0.1:{port}")));
        assert!(error.hint.expect("there is a way out").contains("stackctl local start --port"));
        drop(listener);
        assert_eq!(check_free(port), Ok(()));
    }

    #[test]
    fn the_port_in_the_hint_is_another_one_and_free() {
        // Others may take or leave ports of this range at any time, but hardly while this looks.
        let listeners =
            [0, 1].map(|above| TcpListener::bind((Ipv4Addr::LOCALHOST, DEFAULT_PORT + above)));
        let hint = taken(DEFAULT_PORT).hint.expect("there is a way out");
        for port in [DEFAULT_PORT, DEFAULT_PORT + 1] {
            assert!(!hint.ends_with(&format!("--port {port}`")), "{hint}");
        }
        drop(listeners);
    }

    #[tokio::test]
    async fn a_server_that_ends_at_its_start_is_quoted() {
        let scratch = Scratch::new("ended");
        let folder = Folder::at(&scratch.path("cloud")).expect("an absolute path");
        let _lock = folder.hold(&Progress::silent()).await.expect("it can be made");
        fs::write(folder.log(), "Traceback\nNo module named ministack\n")
            .expect("it can be written");
        let gone = Record::new(u32::MAX, String::new(), 1, VERSION);
        let error = until_ready(&folder, &gone).await.expect_err("there is no such process");
        assert_eq!(error.cause.as_deref(), Some("Traceback\nNo module named ministack"));

        fs::write(folder.log(), "ERROR: 127.0.0.1:1 is already in use. Is it?\n")
            .expect("it can be written");
        assert_eq!(until_ready(&folder, &gone).await, Err(taken(1)));
    }

    #[tokio::test]
    async fn a_process_that_ignores_the_first_signal_is_ended_by_the_second() {
        let mut child = Command::new("/bin/sh")
            .args(["-c", "trap '' TERM; echo deaf; sleep 60"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut said = [0; 4];
        child.stdout.take().expect("it is piped").read_exact(&mut said).await.expect("it speaks");
        let pid = child.id().expect("it was not waited for");
        let record = Record::new(pid, os::birth(pid).await.expect("it lives"), 1, VERSION);
        // The clock is paused only now, so that the ten seconds pass at once.
        tokio::time::pause();
        assert_eq!(stop(&record).await, Ok(End::Forced));
        child.wait().await.expect("it is our child");
    }
}
