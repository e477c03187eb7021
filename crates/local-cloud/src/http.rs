//! The two requests that the local cloud's own paths need, signed with its key.

use std::io::{Error, ErrorKind, Result};
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::key::Key;
use super::sign;

/// More than the head of any answer.
const HEAD: u64 = 4096;

/// The status of the answer to a request without a body, from this machine alone.
pub async fn status(
    method: &str,
    port: u16,
    path: &str,
    key: &Key,
    patience: Duration,
) -> Result<u16> {
    timeout(patience, exchange(method, port, path, key)).await?
}

async fn exchange(method: &str, port: u16, path: &str, key: &Key) -> Result<u16> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let host = format!("127.0.0.1:{port}");
    let signature = sign::headers(key, method, &host, path);
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\n{signature}content-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(HEAD).read_to_end(&mut answer).await?;
    status_of(&answer).ok_or_else(|| Error::new(ErrorKind::InvalidData, "the answer is not HTTP"))
}

fn status_of(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let line = str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    line.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_from_the_first_line() {
        assert_eq!(status_of(b"HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n"), Some(200));
        assert_eq!(status_of(b"HTTP/1.0 404 Not Found\r\n\r\n"), Some(404));
        assert_eq!(status_of(b"SSH-2.0-OpenSSH_9.2\r\n"), None);
        assert_eq!(status_of(b""), None);
    }
}
