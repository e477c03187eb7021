//! Requests of the REST services as they leave this machine, against AWS's published models.

#[path = "model/rest.rs"]
mod shapes;

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
use aws_types::SdkConfig;
use aws_types::region::Region;
use serde_json::Value;
use stackctl_wire::Element;
use stackctl_wire::cloudfront::{AccessControl, CloudFront};
use stackctl_wire::route53::{Change, RecordSet, Route53};
use stackctl_wire::s3::{Bucket, Put, Version};

/// The same answer each time, and the requests that it answered.
#[derive(Debug, Clone)]
struct Answers {
    answer: (u16, &'static str),
    seen: Arc<Mutex<Vec<HttpRequest>>>,
}

impl HttpConnector for Answers {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.seen.lock().expect("one test").push(request);
        let (status, body) = self.answer;
        let status = status.try_into().expect("a status");
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        response.headers_mut().insert("etag", "\"e-1\"");
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl Answers {
    fn always(status: u16, body: &'static str) -> (SdkConfig, Self) {
        let all = Self { answer: (status, body), seen: Arc::default() };
        let connector = SharedHttpConnector::new(all.clone());
        let keys = Credentials::new("AKID", "secret", None, None, "test");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(http_client_fn(move |_, _| connector.clone()));
        (sdk.build(), all)
    }

    /// What of the document of the last request the model does not have.
    fn wrong(&self, model: &Value, operation: &str) -> Vec<String> {
        let seen = self.seen.lock().expect("one test");
        let body = seen.last().expect("a call").body().bytes().unwrap_or_default();
        let document = Element::read(body).expect("XML");
        shapes::compare(model, &document.name.clone(), &document, operation)
    }

    /// Compares the last request with an operation of the model.
    fn fits(&self, model: &Value, operation: &str) {
        let seen = self.seen.lock().expect("one test");
        let (request, known) = (seen.last().expect("a call"), &model["operations"][operation]);
        assert_eq!(request.method(), known["method"].as_str().expect(operation), "{operation}");
        let uri = known["uri"].as_str().expect("an address");
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let wanted: Vec<&str> = path.split('/').filter(|part| *part != "{Bucket}").collect();
        let (_, sent) = request.uri().split_once("amazonaws.com").expect("a host of AWS");
        let (sent, asked) = sent.split_once('?').unwrap_or((sent, ""));
        let fixed = |part: &&&str| !part.starts_with('{') && !part.is_empty();
        for part in wanted.iter().filter(fixed) {
            assert!(sent.split('/').any(|one| one == *part), "{operation}: {sent}");
        }
        for name in query.split('&').filter(|name| !name.is_empty()) {
            assert!(asked.split('&').any(|one| one == name), "{operation}: {asked}");
        }
        let body = request.body().bytes().unwrap_or_default();
        let input = known["input"].as_str().expect("a shape");
        if !model["shapes"][input].is_null()
            || known["payload"].is_string() && body.starts_with(b"<")
        {
            let document = Element::read(body).expect("XML");
            let shape = known["payload"].as_str().map_or(input, |_| document.name.as_str());
            let shape = if model["shapes"][shape].is_null() { input } else { shape };
            let wrong = shapes::compare(model, shape, &document, operation);
            assert!(wrong.is_empty(), "{wrong:#?}");
        }
        assert!(request.headers().get("authorization").is_some(), "{operation} is signed");
    }
}

fn tags() -> Vec<(String, String)> {
    vec![("stackctl:stack".into(), "app".into())]
}

#[tokio::test]
async fn what_is_asked_of_s3_is_in_its_model() {
    let model: Value = serde_json::from_str(include_str!("../models/s3.json")).expect("JSON");
    let (sdk, answers) = Answers::always(200, "<Answer/>");
    let s3 = Bucket::new(&sdk, "app-site-1-eu-west-1-an", true);
    macro_rules! each {
        ($($call:expr => $operation:literal),* $(,)?) => {$(
            $call.await.expect($operation);
            answers.fits(&model, $operation);
        )*};
    }
    let one = Version { key: "site/a b.txt".into(), id: "v1".into() };
    let put = Put { key: "site/é.txt", content_type: "text/plain", ..Put::default() };
    each! {
        s3.create_bucket(&tags()) => "CreateBucket",
        s3.get_bucket_tagging() => "GetBucketTagging",
        s3.put_bucket_tagging(&tags()) => "PutBucketTagging",
        s3.get_public_access_block() => "GetPublicAccessBlock",
        s3.put_public_access_block() => "PutPublicAccessBlock",
        s3.get_bucket_policy() => "GetBucketPolicy",
        s3.put_bucket_policy("{}".into()) => "PutBucketPolicy",
        s3.list_objects_v2(Some("token")) => "ListObjectsV2",
        s3.list_object_versions() => "ListObjectVersions",
        s3.delete_objects(std::slice::from_ref(&one)) => "DeleteObjects",
        s3.list_multipart_uploads() => "ListMultipartUploads",
        s3.abort_multipart_upload(&one) => "AbortMultipartUpload",
        s3.put_object(&put, SdkBody::from("x"), "0") => "PutObject",
        s3.copy_object("site/a b.txt", &put) => "CopyObject",
        s3.head_object("site/x") => "HeadObject",
        s3.get_object("site/x") => "GetObject",
        s3.delete_bucket() => "DeleteBucket",
    }
    let seen = answers.seen.lock().expect("it is over");
    let host = "https://app-site-1-eu-west-1-an.s3.eu-west-1.amazonaws.com/";
    assert!(
        seen.iter().all(|request| request.uri().starts_with(host)),
        "the bucket is in the host"
    );
    assert_eq!(seen[0].headers().get("x-amz-bucket-namespace"), Some("account-regional"));
    let digest = |request: &HttpRequest| request.headers().get("content-md5").is_some();
    assert!(digest(&seen[2]) && digest(&seen[9]), "S3 asks for a digest of these");
    let put = &seen[12];
    assert!(put.uri().ends_with("/site/%C3%A9.txt"), "{}", put.uri());
    assert_eq!(put.headers().get("x-amz-content-sha256"), Some("0"), "it was hashed before");
    assert_eq!(
        seen[13].headers().get("x-amz-copy-source"),
        Some("app-site-1-eu-west-1-an/site/a%20b.txt")
    );
}

#[tokio::test]
async fn what_is_asked_of_cloudfront_is_in_its_model() {
    let model: Value =
        serde_json::from_str(include_str!("../models/cloudfront.json")).expect("JSON");
    let (sdk, answers) = Answers::always(200, "<Answer/>");
    let cdn = CloudFront::new(&sdk);
    macro_rules! each {
        ($($call:expr => $operation:literal),* $(,)?) => {$(
            $call.await.expect($operation);
            answers.fits(&model, $operation);
        )*};
    }
    let control = AccessControl {
        id: "E1".into(),
        name: "app".into(),
        description: "stackctl app/default us-east-1".into(),
        behavior: "always".into(),
        protocol: "sigv4".into(),
        origin: "s3".into(),
    };
    each! {
        cdn.list_distributions(Some("m")) => "ListDistributions",
        cdn.get_distribution("E1") => "GetDistribution",
        cdn.delete_distribution("E1", "e") => "DeleteDistribution",
        cdn.create_invalidation("E1", "r", &["/a.pdf".into()]) => "CreateInvalidation",
        cdn.list_tags_for_resource("arn:aws:cloudfront::1:distribution/E1") => "ListTagsForResource",
        cdn.list_origin_access_controls(None) => "ListOriginAccessControls",
        cdn.create_origin_access_control(&control) => "CreateOriginAccessControl",
        cdn.get_origin_access_control("E1") => "GetOriginAccessControl",
        cdn.update_origin_access_control("e", &control) => "UpdateOriginAccessControl",
        cdn.delete_origin_access_control("E1", "e") => "DeleteOriginAccessControl",
        cdn.describe_function("app-edge", "LIVE") => "DescribeFunction",
        cdn.get_function("app-edge", "LIVE") => "GetFunction",
        cdn.create_function("app-edge", "marker", "code") => "CreateFunction",
        cdn.update_function("app-edge", "e", "marker", "code") => "UpdateFunction",
        cdn.publish_function("app-edge", "e") => "PublishFunction",
        cdn.delete_function("app-edge", "e") => "DeleteFunction",
        cdn.tag_resource("arn:aws:cloudfront::1:distribution/E1", &tags()) => "TagResource",
    }
    // The configuration itself is compared with the model beside the code that writes it.
    let config =
        || Element::new("DistributionConfig").and("CallerReference", "r").and("Comment", "");
    for (call, operation) in [
        (cdn.create_distribution_with_tags(&config(), &tags()).await, "CreateDistributionWithTags"),
        (cdn.update_distribution("E1", "e", &config()).await, "UpdateDistribution"),
    ] {
        call.expect(operation);
        let of_config = |wrong: &String| {
            ["Origins", "DefaultCacheBehavior", "Enabled"]
                .iter()
                .any(|name| wrong.ends_with(&format!("/{name} is missing")))
        };
        let wrong = answers.wrong(&model, operation);
        assert!(wrong.iter().all(of_config), "{operation}: {wrong:#?}");
    }
    {
        let seen = answers.seen.lock().expect("it is over");
        let [.., create, update] = seen.as_slice() else { panic!("two calls") };
        assert_eq!(create.method(), "POST");
        assert!(create.uri().ends_with("/2020-05-31/distribution?WithTags"), "{}", create.uri());
        assert_eq!((update.method(), update.headers().get("if-match")), ("PUT", Some("e")));
        assert!(update.uri().ends_with("/2020-05-31/distribution/E1/config"), "{}", update.uri());
    }
    let seen = answers.seen.lock().expect("it is over");
    for request in seen.iter() {
        assert!(request.uri().starts_with("https://cloudfront.amazonaws.com/2020-05-31/"));
        let signed = request.headers().get("authorization").unwrap_or_default();
        assert!(signed.contains("/us-east-1/cloudfront/aws4_request"), "{signed}");
    }
}

#[tokio::test]
async fn what_is_asked_of_route_53_is_in_its_model() {
    let model: Value = serde_json::from_str(include_str!("../models/route53.json")).expect("JSON");
    let (sdk, answers) = Answers::always(200, "<Answer/>");
    let dns = Route53::new(&sdk);
    macro_rules! each {
        ($($call:expr => $operation:literal),* $(,)?) => {$(
            $call.await.expect($operation);
            answers.fits(&model, $operation);
        )*};
    }
    let alias = RecordSet::alias("app.example.com.", "A", "Z2FDTNDATAQYW2", "d1.cloudfront.net.");
    let old = RecordSet::of("app.example.com.", "CNAME", 300, "other.example.net.");
    let changes = [Change::Delete(old), Change::Create(alias)];
    each! {
        dns.list_hosted_zones(Some("Z1")) => "ListHostedZones",
        dns.get_hosted_zone("Z1") => "GetHostedZone",
        dns.list_resource_record_sets("Z1", "app.example.com.") => "ListResourceRecordSets",
        dns.change_resource_record_sets("Z1", "stackctl app", &changes) => "ChangeResourceRecordSets",
    }
    let seen = answers.seen.lock().expect("it is over");
    for request in seen.iter() {
        assert!(request.uri().starts_with("https://route53.amazonaws.com/2013-04-01/hostedzone"));
        let signed = request.headers().get("authorization").unwrap_or_default();
        assert!(signed.contains("/us-east-1/route53/aws4_request"), "{signed}");
    }
    assert!(seen[0].uri().ends_with("?marker=Z1"), "{}", seen[0].uri());
}

#[tokio::test]
async fn zones_and_records_are_read_as_route_53_writes_them() {
    let (sdk, _) = Answers::always(
        200,
        "<ListHostedZonesResponse><HostedZones><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name><Config><PrivateZone>true</PrivateZone></Config></HostedZone></HostedZones><IsTruncated>true</IsTruncated><NextMarker>Z2</NextMarker></ListHostedZonesResponse>",
    );
    let page = Route53::new(&sdk).list_hosted_zones(None).await.expect("a page");
    assert_eq!((page.items[0].id.as_str(), page.items[0].is_private), ("Z1", true));
    assert_eq!(page.next.as_deref(), Some("Z2"));
    let (sdk, _) = Answers::always(
        200,
        "<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name></HostedZone><DelegationSet><NameServers><NameServer>ns-1.awsdns-1.com</NameServer></NameServers></DelegationSet></GetHostedZoneResponse>",
    );
    let zone = Route53::new(&sdk).get_hosted_zone("Z1").await.expect("a zone");
    assert_eq!(zone.servers, ["ns-1.awsdns-1.com"]);
    let (sdk, _) = Answers::always(
        200,
        "<ListResourceRecordSetsResponse><ResourceRecordSets><ResourceRecordSet><Name>a.example.com.</Name><Type>A</Type><AliasTarget><HostedZoneId>Z2</HostedZoneId><DNSName>d1.cloudfront.net.</DNSName></AliasTarget></ResourceRecordSet><ResourceRecordSet><Name>a.example.com.</Name><Type>TXT</Type><SetIdentifier>w</SetIdentifier><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>\"x\"</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></ResourceRecordSets></ListResourceRecordSetsResponse>",
    );
    let found = Route53::new(&sdk).list_resource_record_sets("Z1", "a").await.expect("records");
    assert_eq!(found.items[0].target(), Some(("Z2", "d1.cloudfront.net.")));
    assert_eq!((found.items[1].identifier(), found.items[1].values()), ("w", vec!["\"x\""]));
}

#[tokio::test]
async fn a_refusal_has_the_code_of_the_service() {
    let body = "<InvalidChangeBatch><Messages><Message>it already exists</Message></Messages></InvalidChangeBatch>";
    let (sdk, _) = Answers::always(400, body);
    let error = Route53::new(&sdk).change_resource_record_sets("Z1", "", &[]).await;
    let error = error.expect_err("refused");
    assert_eq!(
        (error.code(), error.message()),
        (Some("InvalidChangeBatch"), Some("it already exists"))
    );
    let body = "<Error><Code>NoSuchBucket</Code><Message>It does not exist</Message></Error>";
    let (sdk, _) = Answers::always(404, body);
    let error = Bucket::new(&sdk, "b", true).get_bucket_policy().await.expect_err("refused");
    assert_eq!(error.code(), Some("NoSuchBucket"));
    let body = "<ErrorResponse><Error><Code>NoSuchDistribution</Code></Error></ErrorResponse>";
    let (sdk, _) = Answers::always(404, body);
    let error = CloudFront::new(&sdk).get_distribution("E1").await.expect_err("refused");
    assert_eq!(error.code(), Some("NoSuchDistribution"));
    let (sdk, _) = Answers::always(412, "");
    let error = Bucket::new(&sdk, "b", true).head_object("x").await.expect_err("refused");
    assert_eq!(error.code(), Some("PreconditionFailed"));
}
