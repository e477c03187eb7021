//! The fingerprint by which Lambda and we tell one zip from another.

use sha2::{Digest as _, Sha256};
use std::fmt::{self, Write as _};

/// A SHA-256. Shown as Lambda shows it in `CodeSha256`: base64
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// As in Lambda's `CodeSha256`.
    pub fn base64(&self) -> String {
        self.0.chunks(3).flat_map(base64_group).collect()
    }

    /// As `sha256sum` prints it.
    pub fn hex(&self) -> String {
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.base64())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Digest({self})")
    }
}

/// One to three bytes as four characters (RFC 4648, section 4).
fn base64_group(bytes: &[u8]) -> [char; 4] {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let byte = |index: usize| usize::from(bytes.get(index).copied().unwrap_or(0));
    let word = byte(0) << 16 | byte(1) << 8 | byte(2);
    let character = |index: usize| {
        if index > bytes.len() { '=' } else { char::from(ALPHABET[word >> (18 - 6 * index) & 63]) }
    };
    [character(0), character(1), character(2), character(3)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_sha256sum_and_base64_say() {
        let digest = Digest::of(b"abc");
        assert_eq!(
            digest.hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(digest.base64(), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn base64_fills_up_short_groups() {
        let encoded: Vec<String> =
            [&b"M"[..], b"Ma", b"Man"].map(|bytes| base64_group(bytes).iter().collect()).into();
        assert_eq!(encoded, ["TQ==", "TWE=", "TWFu"]);
    }
}
