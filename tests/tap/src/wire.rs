//! HTTP/1.1 messages, read whole and written again.

use std::io::{self, BufRead, Write};

use serde_json::Value;

/// A request exactly as it came: signatures cover its bytes.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub body: Vec<u8>,
    head: Vec<u8>,
    headers: Headers,
}

/// An answer, which may be changed on its way.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Headers,
    pub body: Vec<u8>,
}

/// Names are lower-case.
#[derive(Debug, Clone, Default)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(other, _)| other != name);
        self.0.push((name.to_owned(), value.to_owned()));
    }
}

impl Request {
    /// The next request of a connection; `None` when there is none. A client that wants to be told to send its body
    /// (<https://www.rfc-editor.org/rfc/rfc9110#name-expect>) is told so through `to`.
    pub fn read(from: &mut impl BufRead, to: &mut impl Write) -> io::Result<Option<Self>> {
        let Some((head, line, headers)) = head(from)? else { return Ok(None) };
        if headers.get("expect").is_some_and(|wish| wish.eq_ignore_ascii_case("100-continue")) {
            to.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut words = line.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let body = body(from, &headers, false)?;
        Ok(Some(Self { method, target, body, head, headers }))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_default()
    }

    /// How many bytes it has, its head included.
    pub fn size(&self) -> usize {
        self.head.len() + self.body.len()
    }

    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(&self.head)?;
        if self.header("transfer-encoding") == "chunked" {
            write!(to, "{:x}\r\n", self.body.len())?;
            to.write_all(&self.body)?;
            to.write_all(if self.body.is_empty() { b"\r\n" } else { b"\r\n0\r\n\r\n" })?;
        } else {
            to.write_all(&self.body)?;
        }
        to.flush()
    }
}

impl Answer {
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = Headers(vec![("content-type".to_owned(), kind.to_owned())]);
        Self { status, headers, body: body.into() }
    }

    pub fn is_success(&self) -> bool {
        self.status < 300
    }

    /// The body, when it is JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn set_json(&mut self, body: &Value) {
        self.body = body.to_string().into_bytes();
    }

    /// The whole answer to a request of this method: to `HEAD` only the length of a body is said.
    pub fn read(from: &mut impl BufRead, method: &str) -> io::Result<Self> {
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        loop {
            let (_, line, headers) = head(from)?.ok_or_else(cut)?;
            let status =
                line.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(cut)?;
            let empty = method == "HEAD" || status < 200 || status == 204 || status == 304;
            let body = if empty { Vec::new() } else { body(from, &headers, true)? };
            // The last answer is the one that counts.
            if status >= 200 {
                return Ok(Self { status, headers, body });
            }
        }
    }

    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut text = format!("HTTP/1.1 {} -\r\n", self.status);
        let framing = ["content-length", "transfer-encoding", "connection"];
        for (name, value) in self.headers.0.iter().filter(|(name, _)| !framing.contains(&&**name)) {
            text = text + name + ": " + value + "\r\n";
        }
        if self.status != 204 {
            let told = self.headers.get("content-length").filter(|_| self.body.is_empty());
            let length = told.map_or_else(|| self.body.len().to_string(), str::to_owned);
            text = text + "content-length: " + &length + "\r\n";
        }
        to.write_all((text + "\r\n").as_bytes())?;
        to.write_all(&self.body)?;
        to.flush()
    }
}

type Head = (Vec<u8>, String, Headers);

fn head(from: &mut impl BufRead) -> io::Result<Option<Head>> {
    let mut bytes = Vec::new();
    let mut lines = Vec::new();
    loop {
        let start = bytes.len();
        if from.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&bytes[start..]).trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let pairs = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
    let headers =
        pairs.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
    Ok(lines.first().cloned().map(|line| (bytes, line, Headers(headers))))
}

fn body(from: &mut impl BufRead, headers: &Headers, until_the_end: bool) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if headers.get("transfer-encoding") == Some("chunked") {
        while let Some(chunk) = chunk(from)? {
            body.extend(chunk);
        }
    } else if let Some(length) = headers.get("content-length").and_then(|text| text.parse().ok()) {
        body.resize(length, 0);
        from.read_exact(&mut body)?;
    } else if until_the_end {
        from.read_to_end(&mut body)?;
    }
    Ok(body)
}

fn chunk(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let length = line.trim().split(';').next().unwrap_or_default();
    let length = usize::from_str_radix(length, 16).map_err(io::Error::other)?;
    let mut chunk = vec![0; length + 2];
    from.read_exact(&mut chunk)?;
    chunk.truncate(length);
    Ok((length > 0).then_some(chunk))
}

#[test]
fn a_request_is_passed_on_byte_for_byte() {
    let text =
        b"PUT /a%2Fb?c=%20 HTTP/1.1\r\nHost: here\r\ncontent-length: 3\r\nX-B:  odd \r\n\r\nabc";
    let mut from: &[u8] = text;
    let request =
        Request::read(&mut from, &mut Vec::new()).expect("it is whole").expect("there is one");
    let mut written = Vec::new();
    request.write(&mut written).expect("memory takes it");
    assert_eq!((written.as_slice(), request.header("x-b")), (&text[..], "odd"));
    assert!(Request::read(&mut from, &mut Vec::new()).expect("it ended well").is_none());
}

#[test]
fn an_answer_in_chunks_is_passed_on_in_one_piece() {
    let mut from: &[u8] =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let answer = Answer::read(&mut from, "GET").expect("it is whole");
    let mut written = Vec::new();
    answer.write(&mut written).expect("memory takes it");
    assert_eq!(written, b"HTTP/1.1 200 -\r\na: b\r\ncontent-length: 2\r\n\r\nhi");
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on_and_hears_one_answer() {
    let mut from: &[u8] = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\ncontent-length: 1\r\n\r\na";
    let mut told = Vec::new();
    let request = Request::read(&mut from, &mut told).expect("it is whole").expect("there is one");
    assert_eq!((told.as_slice(), request.size()), (&b"HTTP/1.1 100 Continue\r\n\r\n"[..], 60));
    let mut from: &[u8] =
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(Answer::read(&mut from, "PUT").expect("it is whole").status, 200);
}

#[test]
fn the_length_told_to_head_is_passed_on_without_a_body() {
    let mut from: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n";
    let mut written = Vec::new();
    Answer::read(&mut from, "HEAD").expect("it is whole").write(&mut written).expect("memory");
    assert_eq!(written, b"HTTP/1.1 200 -\r\ncontent-length: 7\r\n\r\n");
}

#[test]
fn a_request_in_chunks_stays_one() {
    let text = b"PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let mut from: &[u8] = text;
    let request = Request::read(&mut from, &mut Vec::new()).expect("it is whole");
    let mut written = Vec::new();
    request.expect("there is one").write(&mut written).expect("memory takes it");
    assert_eq!(written, text);
}
