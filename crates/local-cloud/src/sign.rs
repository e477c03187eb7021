//! Signature Version 4 of a request without query and body:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::REGION;
use super::key::{Key, hex};

/// The service in whose name requests to the local cloud's own paths are signed.
const SERVICE: &str = "stackctl";

/// The headers that sign a request; `host` is the one that it is sent with.
pub fn headers(key: &Key, method: &str, host: &str, path: &str) -> String {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    signed(key, method, host, path, &stamp(since_1970.as_secs()))
}

fn signed(key: &Key, method: &str, host: &str, path: &str, time: &str) -> String {
    let day = time.split('T').next().unwrap_or_default();
    let scope = format!("{day}/{REGION}/{SERVICE}/aws4_request");
    let empty = hex(&Sha256::digest(""));
    let request =
        format!("{method}\n{path}\n\nhost:{host}\nx-amz-date:{time}\n\nhost;x-amz-date\n{empty}");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let root = format!("AWS4{}", key.secret).into_bytes();
    let signing =
        [day, REGION, SERVICE, "aws4_request"].iter().fold(root, |key, part| code(&key, part));
    let signature = hex(&code(&signing, &text));
    format!(
        "x-amz-date: {time}\r\nauthorization: AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=host;x-amz-date, Signature={signature}\r\n",
        key.id
    )
}

/// The authentication code of a text.
fn code(key: &[u8], text: &str) -> Vec<u8> {
    // A key of any length is fine: <https://www.rfc-editor.org/rfc/rfc2104#section-2>
    let Ok(mut code) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    code.update(text.as_bytes());
    code.finalize().into_bytes().to_vec()
}

/// `20260830T120304Z`, from seconds since 1970, in the Gregorian calendar.
fn stamp(seconds: u64) -> String {
    let (mut days, within) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    while days >= days_of(year) {
        days -= days_of(year);
        year += 1;
    }
    let february = days_of(year) - 337;
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (within / 3600, within / 60 % 60, within % 60);
    format!("{year}{month:02}{:02}T{hour:02}{minute:02}{second:02}Z", days + 1)
}

fn days_of(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    if leap { 366 } else { 365 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_aws_wants_it() {
        assert_eq!(stamp(0), "19700101T000000Z");
        assert_eq!(stamp(1_788_091_384), "20260830T120304Z");
        assert_eq!(stamp(951_782_400), "20000229T000000Z");
        assert_eq!(stamp(1_798_761_599), "20261231T235959Z");
    }

    /// The expected value is the answer of botocore 1.43.106 (`SigV4Auth`) to the same request.
    #[test]
    fn a_request_is_signed_as_the_sdk_signs_it() {
        let key = Key { id: "LOCAL1".into(), secret: "secret".into() };
        let path = "/_ministack/health";
        let headers = signed(&key, "GET", "127.0.0.1:4599", path, "20260830T120304Z");
        let signature = headers.trim_end().rsplit('=').next();
        assert_eq!(
            signature,
            Some("aac2f86d06fe3f8b75da8fcfe91be7ba97782e063722d510b0421e5b47204045")
        );
    }
}
