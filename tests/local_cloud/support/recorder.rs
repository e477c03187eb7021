//! A proxy that notes every call: the evidence of what was asked of the cloud, and of what was not.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::Cloud;

/// Stands before a cloud. Its threads end with the test process.
pub struct Recorder {
    port: u16,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    /// One that passes everything on to `cloud`, unchanged.
    pub fn before(cloud: &Cloud) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let calls = Arc::default();
        let (notes, behind) = (Arc::clone(&calls), cloud.port);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let notes = Arc::clone(&notes);
                thread::spawn(move || pass_on(client, behind, &notes));
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
fn pass_on(mut client: TcpStream, behind: u16, notes: &Mutex<Vec<String>>) -> Option<()> {
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
    let call = target.or_else(|| action(&body)).unwrap_or_else(|| {
        head.split(" HTTP/").next().unwrap_or_default().split('?').next().unwrap_or("").to_owned()
    });
    notes.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, behind)).ok()?;
    server.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    std::io::copy(&mut server, &mut client).ok()?;
    Some(())
}

/// `Action=CreateRole&…`
fn action(body: &[u8]) -> Option<String> {
    let form = str::from_utf8(body).ok()?;
    let action = form.split('&').find_map(|field| field.strip_prefix("Action="))?;
    Some(action.to_owned())
}
