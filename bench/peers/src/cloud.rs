//! A plain client of the emulator, as the account's root: for the floor, and for looking at what the peers have made.

use std::io::{self, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tap::sign::Key;
use tap::wire::Answer;

use crate::Result;

pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "us-east-1";

const PATIENCE: Duration = Duration::from_mins(2);

/// One call, ready to be sent.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who is asked; an API that runs there takes no signature.
    service: Option<&'static str>,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Call {
    /// Of a service that speaks JSON: `Call::json("DynamoDB_20120810.CreateTable", …)`.
    pub fn json(target: &str, input: &Value) -> Self {
        let service = if target.starts_with("Dynamo") { "dynamodb" } else { "logs" };
        let kind = "application/x-amz-json-1.1".to_owned();
        let call = Self::signed(service, "POST", "/", input.to_string());
        call.with("x-amz-target", target.to_owned()).with("content-type", kind)
    }

    /// Of IAM or `CloudFormation`.
    pub fn form(service: &'static str, action: &str, fields: &[(&str, &str)]) -> Self {
        let version = if service == "iam" { "2010-05-08" } else { "2010-05-15" };
        let mut form = format!("Action={action}&Version={version}");
        for (name, value) in fields {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            form = format!("{form}&{name}={value}");
        }
        let kind = "application/x-www-form-urlencoded".to_owned();
        Self::signed(service, "POST", "/", form).with("content-type", kind)
    }

    /// Of a service with paths; no body when `input` is null.
    pub fn rest(service: &'static str, method: &'static str, path: &str, input: &Value) -> Self {
        let body = if input.is_null() { String::new() } else { input.to_string() };
        Self::signed(service, method, path, body).with("content-type", "application/json".into())
    }

    pub fn get(service: &'static str, path: &str) -> Self {
        Self::rest(service, "GET", path, &Value::Null)
    }

    /// To an API that runs in the cloud.
    pub fn plain(method: &'static str, path: &str) -> Self {
        let (path, headers, body) = (path.to_owned(), Vec::new(), String::new());
        Self { service: None, method, path, headers, body }
    }

    /// To the emulator itself.
    pub fn control(method: &'static str, path: &str) -> Self {
        Self::signed("stackctl", method, path, String::new())
    }

    fn signed(service: &'static str, method: &'static str, path: &str, body: String) -> Self {
        let (path, headers) = (path.to_owned(), Vec::new());
        Self { service: Some(service), method, path, headers, body }
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// The endpoint, and connections to it that are free.
pub struct Cloud {
    address: String,
    key: Key,
    idle: Mutex<Vec<TcpStream>>,
}

impl Cloud {
    /// `endpoint` is an `http://` address without a path.
    pub fn at(endpoint: &str, key: Key) -> Self {
        let address = endpoint.trim_start_matches("http://").to_owned();
        Self { address, key, idle: Mutex::default() }
    }

    /// Sends the call over a warm connection where there is one; whatever is answered is fine.
    pub fn send(&self, call: &Call) -> io::Result<Answer> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(answer) = idle.and_then(|stream| self.send_over(stream, call).ok()) {
            return Ok(answer);
        }
        // The server has closed the warm one, or there was none.
        self.send_over(self.connect()?, call)
    }

    fn send_over(&self, stream: TcpStream, call: &Call) -> io::Result<Answer> {
        let Call { service, method, path, headers, body } = call;
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            head = head + name + ": " + value + "\r\n";
        }
        if let Some(service) = service {
            let url = format!("http://{}{path}", self.address);
            for (name, value) in self.key.sign(service, method, &url, &[], body.as_bytes()) {
                head = head + &name + ": " + &value + "\r\n";
            }
        }
        let bytes = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        (&stream).write_all(bytes.as_bytes())?;
        let answer = Answer::read(&mut BufReader::new(&stream), method)?;
        if answer.headers.get("connection") != Some("close") {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
        }
        Ok(answer)
    }

    /// Sends the call; an answer other than success is an error.
    pub fn call(&self, call: &Call) -> Result<Answer> {
        let answer = self.send(call)?;
        if answer.is_success() {
            return Ok(answer);
        }
        let text = String::from_utf8_lossy(&answer.body);
        Err(format!("{} {}: {} {text}", call.method, call.path, answer.status).into())
    }

    /// What a call answers; null when it is refused, as for what is not there.
    pub fn look(&self, call: &Call) -> Result<Value> {
        let answer = self.send(call)?;
        Ok(if answer.is_success() { answer.json() } else { Value::Null })
    }

    /// Sends all calls at once, each over a connection of its own; the answers in the same order.
    pub fn at_once(&self, calls: &[Call]) -> Result<Vec<Answer>> {
        thread::scope(|scope| {
            let sent: Vec<_> = calls.iter().map(|call| scope.spawn(|| self.call(call))).collect();
            sent.into_iter().map(|one| one.join().map_err(|_| "a call panicked")?).collect()
        })
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }
}
