//! Signatures by AWS's own signer: the gate of a local cloud lets nothing else through.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;

const REGION: &str = "us-east-1";

/// What requests are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub id: String,
    pub secret: String,
}

impl Key {
    /// The key in a file of `stackctl local`.
    ///
    /// # Panics
    /// When it is not one.
    #[must_use]
    pub fn of_json(text: &[u8]) -> Self {
        let key: serde_json::Value = serde_json::from_slice(text).expect("it is JSON");
        let member = |name: &str| key[name].as_str().expect("a text").to_owned();
        Self { id: member("id"), secret: member("secret") }
    }

    /// The headers that sign a request: `url` with its path and query, `headers` all that are signed besides the host.
    ///
    /// # Panics
    /// When the request is not one.
    #[must_use]
    pub fn sign(
        &self,
        service: &str,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Vec<(String, String)> {
        let identity = Credentials::new(&self.id, &self.secret, None, None, "test").into();
        let mut settings = SigningSettings::default();
        if service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .expect("all is said");
        let body = SignableBody::Bytes(body);
        let request = SignableRequest::new(method, url, headers.iter().copied(), body);
        let signed = sign(request.expect("a request"), &parameters.into()).expect("it can be");
        let (instructions, _) = signed.into_parts();
        let pairs = instructions.headers();
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

#[test]
fn what_is_signed_names_the_key_the_scope_and_the_headers() {
    let key = Key::of_json(br#"{"id": "LOCAL1", "secret": "secret"}"#);
    let url = "http://127.0.0.1:1/2017-03-31/tags/arn%3Aaws?tagKeys=a%2Fb";
    let signed = key.sign("lambda", "DELETE", url, &[("x-a", "b")], b"");
    let names: Vec<&str> = signed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x-amz-date", "authorization"]);
    assert!(signed[1].1.starts_with("AWS4-HMAC-SHA256 Credential=LOCAL1/"), "{signed:?}");
    assert!(
        signed[1].1.contains("/us-east-1/lambda/aws4_request, SignedHeaders=host;x-a;x-amz-date")
    );
}
