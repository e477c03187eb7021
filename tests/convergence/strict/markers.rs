//! Listings of S3 and `CloudFront` come in pages, here of one or two.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>,
//! <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ListDistributions.html>

use crate::proxy::operation::query;
use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

pub struct Markers;

/// Listings that the emulator gives whole, and their items.
const WHOLE: [(&str, &str); 2] = [
    ("cloudfront:ListDistributions", "DistributionSummary"),
    ("cloudfront:ListOriginAccessControls", "OriginAccessControlSummary"),
];
/// Listings that it cuts where the caller wants it.
const CUT: [&str; 2] = ["s3:ListObjectsV2", "s3:ListObjectVersions"];

impl Layer for Markers {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        if !call.is(&CUT) || query(call.request, "max-keys").is_some() {
            return None;
        }
        let path = format!("{}&max-keys=2", call.request.target);
        let (status, text) = call.aws.send("s3", "GET", &path, &[], "");
        Some(Answer::new(status, "application/xml", text))
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        let Some((_, item)) = WHOLE.iter().find(|(name, _)| call.is(&[name])) else { return };
        let start = query(call.request, "Marker").and_then(|text| text.parse().ok()).unwrap_or(0);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let (open, close) = (format!("<{item}>"), format!("</{item}>"));
        let (Some(first), Some(last)) = (text.find(&open), text.rfind(&close)) else { return };
        let items: Vec<&str> = text[first..last].split(&*close).collect();
        let page = items.get(start).map(|one| format!("{one}{close}")).unwrap_or_default();
        let mut cut = text[..first].to_owned() + &page + &text[last + close.len()..];
        if items.len() > start + 1 {
            let more =
                format!("<IsTruncated>true</IsTruncated><NextMarker>{}</NextMarker>", start + 1);
            cut = cut.replace("<IsTruncated>false</IsTruncated>", &more);
        }
        answer.body = cut.into_bytes();
    }
}
