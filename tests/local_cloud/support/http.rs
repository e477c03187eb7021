//! An HTTP client for this machine: one request, one connection.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// Longer than the slowest cold start.
const PATIENCE: Duration = Duration::from_mins(1);

/// An answer, whole.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// In the order in which they came, with lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    /// The values of one header: a browser refuses some that come twice.
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The document in the body.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Sends a request to an `http://` address and waits for the whole answer.
#[track_caller]
pub fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Response {
    try_request(method, url, headers, body)
        .unwrap_or_else(|error| panic!("{method} {url}: {error}"))
}

/// The same, when perhaps nobody listens.
pub fn try_request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> io::Result<Response> {
    let body = body.as_ref();
    let address = url.strip_prefix("http://").expect("a local address");
    let (host, path) = address.split_at(address.find('/').unwrap_or(address.len()));
    let path = if path.is_empty() { "/" } else { path };
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n"
    );
    for (name, value) in headers {
        text = text + name + ": " + value + "\r\n";
    }
    text += "\r\n";
    stream.write_all(&[text.as_bytes(), body].concat())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(parse(&answer))
}

fn parse(answer: &[u8]) -> Response {
    let end =
        answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("the head of an answer");
    let head = str::from_utf8(&answer[..end]).expect("the head is text");
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers =
        headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
    let mut response = Response { status, headers, body: String::new() };
    let body = &answer[end + 4..];
    let body = if response.header("transfer-encoding") == ["chunked"] {
        joined(body)
    } else {
        body.to_vec()
    };
    response.body = String::from_utf8_lossy(&body).into_owned();
    response
}

/// The body without the length that stands before each of its chunks.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|bytes| bytes == b"\r\n").expect("a chunk's length");
        let length = str::from_utf8(&chunks[..end]).expect("the length is text");
        let length = usize::from_str_radix(length.split(';').next().unwrap_or_default(), 16)
            .expect("a number");
        if length == 0 {
            return body;
        }
        let start = end + 2;
        body.extend_from_slice(&chunks[start..start + length]);
        chunks = &chunks[start + length + 2..];
    }
}

#[test]
fn an_answer_in_chunks_is_put_together() {
    let response = parse(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\n\r\n");
    assert_eq!((response.status, response.body.as_str()), (201, "Wikipedia"));
    let response = parse(b"HTTP/1.1 204 No Content\r\nvary: a\r\nVary: b\r\n\r\n");
    assert_eq!((response.header("vary"), response.body.as_str()), (vec!["a", "b"], ""));
}
