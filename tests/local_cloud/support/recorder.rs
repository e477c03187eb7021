//! A proxy that notes every call: the evidence of what was asked of the cloud, and of what was not.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{Aws, Cloud};

/// Answers for an API of that id with the version of its function, where the cloud behind runs no code.
type Gateway = fn(&Aws, &str) -> Option<String>;

/// Stands before a cloud. Its threads end with the test process.
pub struct Recorder {
    port: u16,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    /// One that passes everything on to `cloud`, unchanged.
    pub fn before(cloud: &Cloud) -> Self {
        Self::start(cloud.front(), None)
    }

    /// One before a port where the requests to APIs find nobody.
    pub fn with_gateway(behind: u16, gateway: Gateway) -> Self {
        Self::start(behind, Some(gateway))
    }

    fn start(behind: u16, gateway: Option<Gateway>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let calls = Arc::default();
        let notes = Arc::clone(&calls);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let notes = Arc::clone(&notes);
                thread::spawn(move || serve(client, behind, gateway, &notes));
            }
        });
        Self { port, calls }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The calls since the last time they were taken, such as `CreateTable`, `POST /v2/apis`.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a call changes nothing.
pub fn is_read(call: &str) -> bool {
    ["Describe", "List", "Get", "Query", "Scan", "GET "].iter().any(|verb| call.starts_with(verb))
}

/// One request, one connection: the answer is asked to close it.
fn serve(
    mut client: TcpStream,
    behind: u16,
    gateway: Option<Gateway>,
    notes: &Mutex<Vec<String>>,
) -> Option<()> {
    let Request { head, call, body } = read(&client)?;
    notes.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone());
    let api = call.strip_prefix("GET /_aws/execute-api/").and_then(|path| path.split('/').next());
    if let Some((gateway, api)) = gateway.zip(api) {
        let (status, version) = match gateway(&Aws::at(behind), api) {
            Some(version) => ("400 Bad Request", version),
            None => ("404 Not Found", "none".to_owned()),
        };
        let answer = format!("HTTP/1.1 {status}\r\nx-function-version: {version}\r\n");
        let end = "content-length: 2\r\nconnection: close\r\n\r\n{}";
        return client.write_all((answer + end).as_bytes()).ok();
    }
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, behind)).ok()?;
    server.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    std::io::copy(&mut server, &mut client).ok()?;
    Some(())
}

struct Request {
    /// Without what it says of the connection, and without the empty line.
    head: String,
    /// The name of the operation.
    call: String,
    body: Vec<u8>,
}

fn read(client: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let (mut head, mut length, mut target) = (String::new(), 0, None);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        match name.to_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "x-amz-target" => target = value.trim().rsplit('.').next().map(str::to_owned),
            "connection" => continue,
            _ => {}
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let line = head.split([' ', '?']).take(2).collect::<Vec<_>>().join(" ");
    let call = target.or_else(|| action(&body)).unwrap_or(line);
    Some(Request { head, call, body })
}

/// `Action=CreateRole&…`
fn action(body: &[u8]) -> Option<String> {
    let form = str::from_utf8(body).ok()?;
    let action = form.split('&').find_map(|field| field.strip_prefix("Action="))?;
    Some(action.to_owned())
}
