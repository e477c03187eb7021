//! S3: a bucket and the objects in it.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html>

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::client::{Answer, Client};
use crate::rest::{self, Rest, accepted, header, nothing};
use crate::xml::Element;
use crate::{Failure, Service};

pub static S3: Service =
    Service { id: "S3", prefix: "s3", target: "", plain_is_fips_in_gov: false, global: None };

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// The most objects that one call deletes.
pub const BATCH: usize = 1000;

/// A client of one bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    pub name: String,
    region: String,
    /// Whether the bucket is a part of the host: on AWS it is, and an endpoint of this machine has no such hosts.
    of_host: bool,
}

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub key: String,
    /// Without quotes.
    pub etag: String,
    pub size: u64,
    /// As S3 writes it: later ones are greater.
    pub modified: String,
}

/// A page of a listing, and where the next one begins.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// One version of an object, or the mark of its deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub key: String,
    pub id: String,
}

/// What is to be kept with an object.
#[derive(Debug, Clone, Default)]
pub struct Put<'a> {
    pub key: &'a str,
    pub content_type: &'a str,
    pub cache_control: &'a str,
    /// Own data, by names without `x-amz-meta-`.
    pub metadata: &'a [(&'a str, &'a str)],
    /// The object is replaced only while its `ETag` is this one; empty: only while there is none.
    pub only_if: Option<&'a str>,
}

/// What is known of an object without its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    pub etag: String,
    pub content_type: String,
    pub cache_control: String,
    /// Which release it is the entry of, if it says so.
    pub release: String,
}

impl Bucket {
    pub fn new(sdk: &SdkConfig, name: &str, of_host: bool) -> Self {
        let region = sdk.region().map_or("us-east-1", Region::as_ref).to_owned();
        Self { client: Client::new(sdk, &S3), name: name.to_owned(), region, of_host }
    }

    /// A request about the bucket, or about an object in it.
    fn about(&self, operation: &'static str, method: &'static str, key: &str) -> Rest {
        let path = match self.of_host {
            true => format!("/{key}"),
            false if key.is_empty() => format!("/{}", self.name),
            false => format!("/{}/{key}", self.name),
        };
        let prefix = self.of_host.then(|| format!("{}.", self.name));
        Rest::new(operation, method, &path).of_s3(prefix)
    }

    /// Makes the bucket, in the names of this account and region alone where its name ends with `-an`.
    pub async fn create_bucket(&self, tags: &[(String, String)]) -> Answer<()> {
        let mut rest = self.about("CreateBucket", "PUT", "");
        rest = rest.header("x-amz-object-ownership", "BucketOwnerEnforced");
        if self.name.ends_with("-an") {
            rest = rest.header("x-amz-bucket-namespace", "account-regional");
        }
        let document = self.bucket_configuration(tags);
        self.client.rest(rest.xml(&document, NAMESPACE), nothing).await
    }

    /// The region of us-east-1 goes unsaid.
    fn bucket_configuration(&self, tags: &[(String, String)]) -> Element {
        let mut document = Element::new("CreateBucketConfiguration");
        if self.region != "us-east-1" {
            document = document.and("LocationConstraint", &self.region);
        }
        document.with(tag_set("Tags", tags))
    }

    pub async fn delete_bucket(&self) -> Answer<()> {
        self.client.rest(self.about("DeleteBucket", "DELETE", ""), nothing).await
    }

    pub async fn get_bucket_tagging(&self) -> Answer<Vec<(String, String)>> {
        let rest = self.about("GetBucketTagging", "GET", "").query("tagging", "");
        self.client.rest(rest, tags).await
    }

    /// Replaces all tags.
    pub async fn put_bucket_tagging(&self, tags: &[(String, String)]) -> Answer<()> {
        let rest = self.about("PutBucketTagging", "PUT", "").query("tagging", "");
        self.client.rest(rest.xml(&tagging(tags), NAMESPACE), nothing).await
    }

    /// Whether each of the four blocks of public access is on.
    pub async fn get_public_access_block(&self) -> Answer<bool> {
        let rest = self.about("GetPublicAccessBlock", "GET", "").query("publicAccessBlock", "");
        self.client.rest(rest, is_blocked).await
    }

    /// Turns all four on.
    pub async fn put_public_access_block(&self) -> Answer<()> {
        let rest = self.about("PutPublicAccessBlock", "PUT", "").query("publicAccessBlock", "");
        self.client.rest(rest.xml(&public_access_block(), NAMESPACE), nothing).await
    }

    pub async fn get_bucket_policy(&self) -> Answer<String> {
        let rest = self.about("GetBucketPolicy", "GET", "").query("policy", "");
        self.client.rest(rest, |response| Ok(lossy(accepted(response)?))).await
    }

    pub async fn put_bucket_policy(&self, policy: String) -> Answer<()> {
        let rest = self.about("PutBucketPolicy", "PUT", "").query("policy", "");
        self.client.rest(rest.text("application/json", policy), nothing).await
    }

    /// Up to 1,000 objects, in the order of their keys.
    pub async fn list_objects_v2(&self, after: Option<&str>) -> Answer<Page<Listed>> {
        let mut rest = self.about("ListObjectsV2", "GET", "").query("list-type", "2");
        if let Some(token) = after {
            rest = rest.query("continuation-token", token);
        }
        self.client.rest(rest, listing).await
    }

    /// Up to 1,000 versions and marks of deletion.
    pub async fn list_object_versions(&self) -> Answer<Page<Version>> {
        let rest = self.about("ListObjectVersions", "GET", "").query("versions", "");
        self.client.rest(rest, versions).await
    }

    /// Deletes up to [`BATCH`] objects; returns what S3 refused to delete, with why.
    pub async fn delete_objects(&self, objects: &[Version]) -> Answer<Vec<String>> {
        let rest = self.about("DeleteObjects", "POST", "").query("delete", "");
        self.client.rest(rest.xml(&deletion(objects), NAMESPACE), refused).await
    }

    /// Uploads that were begun and never ended: they hold a bucket, too.
    pub async fn list_multipart_uploads(&self) -> Answer<Page<Version>> {
        let rest = self.about("ListMultipartUploads", "GET", "").query("uploads", "");
        self.client.rest(rest, uploads).await
    }

    pub async fn abort_multipart_upload(&self, upload: &Version) -> Answer<()> {
        let rest = self.about("AbortMultipartUpload", "DELETE", &upload.key);
        self.client.rest(rest.query("uploadId", &upload.id), nothing).await
    }

    /// Uploads an object whose SHA-256 is known; returns its `ETag`.
    pub async fn put_object(&self, put: &Put<'_>, body: SdkBody, sha256: &str) -> Answer<String> {
        let mut rest = self.about("PutObject", "PUT", put.key).file(body, sha256);
        // Then the `ETag` is the MD5 of the content, whatever the account's default is.
        rest = rest.header("x-amz-server-side-encryption", "AES256");
        rest = kept_with(rest, put);
        self.client.rest(rest, |response| nothing(response).map(|()| etag(response))).await
    }

    /// Makes an object of another one of the bucket, with the headers of `put`.
    pub async fn copy_object(&self, from: &str, put: &Put<'_>) -> Answer<()> {
        let source = Rest::encoded(&format!("{}/{from}", self.name));
        let mut rest = self.about("CopyObject", "PUT", put.key);
        rest = rest.header("x-amz-copy-source", source);
        rest = rest.header("x-amz-metadata-directive", "REPLACE");
        rest = rest.header("x-amz-server-side-encryption", "AES256");
        // An answer of 200 may hold an error.
        let read = |response: &HttpResponse| match rest::document(response)? {
            error if error.name == "Error" => Err(Failure::unread(error.at("Message").to_owned())),
            _ => Ok(()),
        };
        self.client.rest(kept_with(rest, put), read).await
    }

    pub async fn head_object(&self, key: &str) -> Answer<Head> {
        let read = |response: &HttpResponse| {
            nothing(response)?;
            Ok(Head {
                etag: etag(response),
                content_type: header(response, "content-type"),
                cache_control: header(response, "cache-control"),
                release: header(response, "x-amz-meta-release"),
            })
        };
        self.client.rest(self.about("HeadObject", "HEAD", key), read).await
    }

    /// Reads an object that is small.
    pub async fn get_object(&self, key: &str) -> Answer<Vec<u8>> {
        let read = |response: &HttpResponse| accepted(response).map(<[u8]>::to_vec);
        self.client.rest(self.about("GetObject", "GET", key), read).await
    }
}

fn kept_with(mut rest: Rest, put: &Put<'_>) -> Rest {
    rest = rest.header("content-type", put.content_type);
    if !put.cache_control.is_empty() {
        rest = rest.header("cache-control", put.cache_control);
    }
    for (name, value) in put.metadata {
        rest = rest.header(&format!("x-amz-meta-{name}"), *value);
    }
    match put.only_if {
        Some("") => rest.header("if-none-match", "*"),
        Some(etag) => rest.header("if-match", format!("\"{etag}\"")),
        None => rest,
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn etag(response: &HttpResponse) -> String {
    unquoted(&header(response, "etag"))
}

fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

fn tag_set(name: &str, tags: &[(String, String)]) -> Element {
    let tag =
        |(key, value): &(String, String)| Element::new("Tag").and("Key", key).and("Value", value);
    Element { children: tags.iter().map(tag).collect(), ..Element::new(name) }
}

fn tagging(tags: &[(String, String)]) -> Element {
    Element::new("Tagging").with(tag_set("TagSet", tags))
}

/// The four blocks.
const BLOCKS: [&str; 4] =
    ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

fn public_access_block() -> Element {
    let all = Element::new("PublicAccessBlockConfiguration");
    BLOCKS.iter().fold(all, |all, name| all.and(name, "true"))
}

fn deletion(objects: &[Version]) -> Element {
    let delete = Element::new("Delete").and("Quiet", "true");
    objects.iter().fold(delete, |delete, object| {
        let one = Element::new("Object").and("Key", &object.key);
        let of_version = !object.id.is_empty();
        delete.with(if of_version { one.and("VersionId", &object.id) } else { one })
    })
}

fn is_blocked(response: &HttpResponse) -> Result<bool, Failure> {
    let document = rest::document(response)?;
    Ok(BLOCKS.iter().all(|name| document.at(name) == "true"))
}

fn tags(response: &HttpResponse) -> Result<Vec<(String, String)>, Failure> {
    let document = rest::document(response)?;
    let set = document.child("TagSet").into_iter().flat_map(|set| set.all("Tag"));
    Ok(set.map(|tag| (tag.at("Key").to_owned(), tag.at("Value").to_owned())).collect())
}

fn listing(response: &HttpResponse) -> Result<Page<Listed>, Failure> {
    let document = rest::document(response)?;
    let listed = |one: &Element| Listed {
        key: one.at("Key").to_owned(),
        etag: unquoted(one.at("ETag")),
        size: one.at("Size").parse().unwrap_or(0),
        modified: one.at("LastModified").to_owned(),
    };
    let next = document.at("NextContinuationToken");
    Ok(Page {
        items: document.all("Contents").map(listed).collect(),
        next: (!next.is_empty()).then(|| next.to_owned()),
    })
}

fn versions(response: &HttpResponse) -> Result<Page<Version>, Failure> {
    let document = rest::document(response)?;
    let both = document.all("Version").chain(document.all("DeleteMarker"));
    Ok(page_of(&document, both, "VersionId"))
}

fn uploads(response: &HttpResponse) -> Result<Page<Version>, Failure> {
    let document = rest::document(response)?;
    Ok(page_of(&document, document.all("Upload"), "UploadId"))
}

fn page_of<'a>(
    document: &Element,
    items: impl Iterator<Item = &'a Element>,
    id: &str,
) -> Page<Version> {
    let one = |one: &Element| Version { key: one.at("Key").to_owned(), id: one.at(id).to_owned() };
    let next = (document.at("IsTruncated") == "true").then(String::new);
    Page { items: items.map(one).collect(), next }
}

fn refused(response: &HttpResponse) -> Result<Vec<String>, Failure> {
    let document = rest::document(response)?;
    let told = |error: &Element| {
        format!("{}: {} ({})", error.at("Key"), error.at("Message"), error.at("Code"))
    };
    Ok(document.all("Error").map(told).collect())
}
