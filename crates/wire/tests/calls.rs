//! Calls as they leave this machine, and what their answers become.

use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use stackctl_wire::ssm::{DeleteParameter, GetParameter, SSM};
use stackctl_wire::{Answer, Client};

/// Answers that come one after another, and the requests that they answered.
#[derive(Debug, Clone, Default)]
struct Answers {
    left: Arc<Mutex<Vec<(u16, &'static str)>>>,
    seen: Arc<Mutex<Vec<HttpRequest>>>,
}

impl HttpConnector for Answers {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.seen.lock().expect("one test").push(request);
        let (status, body) = self.left.lock().expect("one test").remove(0);
        let mut response =
            HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body));
        response.headers_mut().insert("x-amzn-requestid", "r-1");
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn client(answers: &[(u16, &'static str)]) -> (Client, Answers) {
    let all = Answers { left: Arc::new(Mutex::new(answers.to_vec())), ..Answers::default() };
    let connector = SharedHttpConnector::new(all.clone());
    let keys = Credentials::new("AKID", "secret", Some("session".into()), None, "test");
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(http_client_fn(move |_, _| connector.clone()));
    (Client::new(&sdk.build(), &SSM), all)
}

async fn delete(client: &Client) -> Answer<()> {
    client.call(DeleteParameter { name: "/a/b".into() }).await.map(|_| ())
}

#[tokio::test]
async fn a_request_is_signed_for_its_service_and_region() {
    let (client, answers) = client(&[(200, "")]);
    delete(&client).await.expect("an empty answer is one");
    let seen = answers.seen.lock().expect("it is over");
    let header = |name: &str| seen[0].headers().get(name).unwrap_or_default().to_owned();
    assert_eq!((seen[0].method(), seen[0].uri()), ("POST", "https://ssm.eu-west-1.amazonaws.com/"));
    assert_eq!(header("x-amz-target"), "AmazonSSM.DeleteParameter");
    assert_eq!(header("content-type"), "application/x-amz-json-1.1");
    assert_eq!(header("x-amz-security-token"), "session");
    let authorization = header("authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"), "{authorization}");
    assert!(authorization.contains("/eu-west-1/ssm/aws4_request"), "{authorization}");
    let agent = header("x-amz-user-agent");
    assert!(agent.contains("api/ssm/"), "{agent}");
    assert_eq!(seen[0].body().bytes(), Some(br#"{"Name":"/a/b"}"#.as_slice()));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_repeated_by_the_sdks_own_rules() {
    let throttled = (400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#);
    let (patient, answers) = client(&[throttled, (500, "{}"), (200, "{}")]);
    delete(&patient).await.expect("the third answer counts");
    assert_eq!(answers.seen.lock().expect("it is over").len(), 3);

    let (unlucky, _) = client(&[throttled, throttled, throttled]);
    let error = delete(&unlucky).await.expect_err("three are all");
    assert_eq!(error.code(), Some("ThrottlingException"));
}

#[tokio::test]
async fn a_refusal_has_its_code_reason_and_request() {
    use aws_types::request_id::RequestId;
    let body = r#"{"__type":"com.amazonaws.ssm#ParameterNotFound","Message":"no such"}"#;
    let (client, answers) = client(&[(400, body)]);
    let error = delete(&client).await.expect_err("it is refused");
    assert_eq!((error.code(), error.message()), (Some("ParameterNotFound"), Some("no such")));
    assert_eq!(error.request_id(), Some("r-1"));
    assert_eq!(answers.seen.lock().expect("it is over").len(), 1, "no second try");
}

#[tokio::test]
async fn a_value_is_in_no_text_of_a_client() {
    let body = r#"{"Parameter":{"Value":"canary","Version":3}}"#;
    let (client, _) = client(&[(200, body), (200, r#"{"Parameter":{"Version":"canary"}}"#)]);
    let ask = || client.call(GetParameter { name: "/a".into(), with_decryption: true });
    let answer = ask().await.expect("it is read");
    assert_eq!(answer.parameter.value.reveal(), "canary");
    assert!(!format!("{answer:?}").contains("canary"));
    let error = ask().await.expect_err("a version is a number");
    assert!(!error.into_source().expect("a reason").to_string().contains("canary"));
}
