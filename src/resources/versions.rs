//! The published versions of the function: what `live` can point at.

use aws_sdk_lambda::Client;
use aws_smithy_types::base64;
use aws_smithy_types::date_time::{DateTime, Format};

use crate::cloud::Doing;
use crate::cloud::pages::Pages;
use crate::cloud::{Answer, Cloud, Session};
use crate::config::auth;
use engine::error::{Error, Result};
use package::Digest;

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["lambda:ListVersionsByFunction"];

/// What reading the code of a version asks of AWS.
pub const CODE_CALLS: &[&str] = &["lambda:GetFunction"];

/// The largest zip that Lambda runs: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LONGEST: usize = 250 << 20;

/// One published version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// Lambda's own number.
    pub number: u64,
    /// RFC 3339, in UTC; empty when AWS does not say.
    pub published_at: String,
    /// Of the zip.
    pub bytes: i64,
    /// Base64 SHA-256 of the zip.
    pub code_sha256: String,
    /// How its handler knows the caller, as its environment says it; empty where that says nothing.
    pub auth: String,
}

impl Version {
    /// The digest of the zip as `stackctl build` tells it.
    pub fn sha256(&self) -> String {
        let bytes = base64::decode(&self.code_sha256).unwrap_or_default();
        bytes.iter().fold(String::new(), |told, byte| format!("{told}{byte:02x}"))
    }
}

/// Every version of `function`, newest first; none when there is no such function.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html>
pub async fn versions(cloud: &Cloud, function: &str) -> Result<Vec<Version>> {
    let client = Client::new(&cloud.sdk);
    let (mut found, mut pages) = (Vec::new(), Pages::default());
    loop {
        let call =
            client.list_versions_by_function().function_name(function).set_marker(pages.token());
        let page = call.send().await.doing(format!("list the versions of function `{function}`"));
        let Some(page) = page.absent_if(&["ResourceNotFoundException"])? else {
            return Ok(Vec::new());
        };
        found.extend(page.versions.unwrap_or_default().into_iter().filter_map(|version| {
            Some(Version {
                // `$LATEST` is no number: it is what the next version is made of.
                number: version.version?.parse().ok()?,
                published_at: in_utc(&version.last_modified.unwrap_or_default()),
                bytes: version.code_size,
                code_sha256: version.code_sha256.unwrap_or_default(),
                auth: version
                    .environment
                    .and_then(|environment| environment.variables?.remove(auth::VARIABLE))
                    .unwrap_or_default(),
            })
        }));
        if !pages.turn(page.next_marker)? {
            break;
        }
    }
    found.sort_by_key(|version| std::cmp::Reverse(version.number));
    Ok(found)
}

/// The zip of a published version, as it was published.
pub async fn published_code(cloud: &Cloud, function: &str, version: &Version) -> Result<Vec<u8>> {
    let number = version.number;
    let doing = format!("download the code of version {number}");
    let client = Client::new(&cloud.sdk);
    let call = client.get_function().function_name(function).qualifier(number.to_string());
    let answer = call.send().await.doing(&doing)?;
    let place = answer.code.and_then(|code| code.location).unwrap_or_default();
    let zip = Session::new().download(&doing, &place, LONGEST).await?;
    if Digest::of(&zip).base64() == version.code_sha256 {
        return Ok(zip);
    }
    Err(Error::failed(doing).cause("what was downloaded is not the code of that version"))
}

/// Lambda writes `2026-08-30T12:00:00.000+0000`, which is not quite RFC 3339.
fn in_utc(text: &str) -> String {
    let text = match text.split_at_checked(text.len().saturating_sub(2)) {
        Some((front, minutes)) if front.len() > 3 && is_offset(&front[front.len() - 3..]) => {
            format!("{front}:{minutes}")
        }
        _ => text.to_owned(),
    };
    let time = DateTime::from_str(&text, Format::DateTimeWithOffset).ok();
    let time = time.map(|time| DateTime::from_secs(time.secs()));
    time.and_then(|time| time.fmt(Format::DateTime).ok()).unwrap_or_default()
}

/// `+00` or `-05`.
fn is_offset(text: &str) -> bool {
    text.starts_with(['+', '-']) && text[1..].bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Replay, ok, refused};

    #[test]
    fn lambdas_times_are_told_in_utc() {
        assert_eq!(in_utc("2026-08-30T12:00:00.123+0000"), "2026-08-30T12:00:00Z");
        assert_eq!(in_utc("2026-08-30T12:00:00.000-0500"), "2026-08-30T17:00:00Z");
        assert_eq!(in_utc("2026-08-30T12:00:00Z"), "2026-08-30T12:00:00Z");
        assert_eq!(in_utc("soon"), "");
    }

    #[tokio::test]
    async fn all_pages_are_read_and_the_unpublished_code_is_left_out() {
        let page = |versions: &str, marker: &str| {
            format!("{{\"Versions\":[{versions}],\"NextMarker\":{marker}}}")
        };
        let version = |number: &str| {
            format!(
                "{{\"Version\":\"{number}\",\"CodeSize\":9,\"CodeSha256\":\"x\",\"LastModified\":\"2026-08-30T12:00:00.000+0000\"}}"
            )
        };
        let first = [version("$LATEST"), version("1"), version("2")].join(",");
        let replay = Replay::new([
            ok("GET /2015-03-31/functions/app-api/versions", page(&first, "\"next\"")),
            ok("Marker=next", page(&version("10"), "null")),
        ]);
        let found = versions(&replay.cloud(), "app-api").await.expect("read");
        let numbers: Vec<u64> = found.iter().map(|version| version.number).collect();
        assert_eq!(numbers, [10, 2, 1]);
        assert_eq!(found[0].published_at, "2026-08-30T12:00:00Z");
        replay.is_over();
    }

    #[tokio::test]
    async fn no_function_has_no_versions() {
        let replay = Replay::new([refused("GET", 404, "ResourceNotFoundException", "none")]);
        assert_eq!(versions(&replay.cloud(), "app-api").await, Ok(Vec::new()));
    }
}
