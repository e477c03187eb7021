//! CloudFront: a distribution, and what belongs to it.
//!
//! <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Operations.html>

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::SdkConfig;

use crate::client::{Answer, Client};
use crate::rest::{self, Rest, accepted, header, nothing};
use crate::xml::Element;
use crate::{Failure, Service};

pub static CLOUDFRONT: Service = Service {
    id: "CloudFront",
    prefix: "cloudfront",
    target: "",
    plain_is_fips_in_gov: false,
    global: Some("cloudfront.amazonaws.com"),
};

const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";
/// What every path begins with.
const VERSION: &str = "/2020-05-31";

#[derive(Debug, Clone)]
pub struct CloudFront {
    client: Client,
}

/// Something with the `ETag` that changes of it must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged<T> {
    pub etag: String,
    pub value: T,
}

/// A distribution, and its configuration as CloudFront writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distribution {
    pub id: String,
    pub arn: String,
    /// `Deployed`, or `InProgress`.
    pub status: String,
    /// `d111111abcdef8.cloudfront.net`
    pub domain: String,
    pub config: Element,
}

/// A distribution as a listing shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub id: String,
    pub arn: String,
    pub domain: String,
    pub comment: String,
    /// The domains that it gets things from.
    pub origins: Vec<String>,
    /// The names that it answers to, besides its own.
    pub aliases: Vec<String>,
    /// The ARN of its certificate; empty for CloudFront's own.
    pub certificate: String,
    /// The oldest protocol of viewers, as CloudFront's security policies are called.
    pub protocol: String,
}

/// What lets distributions read a private bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessControl {
    pub id: String,
    pub name: String,
    pub description: String,
    /// `always`, `never` or `no-override`.
    pub behavior: String,
    pub protocol: String,
    pub origin: String,
}

/// A page of a listing, and where the next one begins.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// A function at the edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeFunction {
    pub arn: String,
    pub comment: String,
    pub runtime: String,
}

impl CloudFront {
    pub fn new(sdk: &SdkConfig) -> Self {
        Self { client: Client::new(sdk, &CLOUDFRONT) }
    }

    pub async fn list_distributions(&self, after: Option<&str>) -> Answer<Page<Summary>> {
        self.client.rest(listed("ListDistributions", "distribution", after), summaries).await
    }

    pub async fn get_distribution(&self, id: &str) -> Answer<Tagged<Distribution>> {
        let rest = about("GetDistribution", "GET", &format!("distribution/{id}"));
        self.client.rest(rest, distribution).await
    }

    pub async fn create_distribution_with_tags(
        &self,
        config: &Element,
        tags: &[(String, String)],
    ) -> Answer<Tagged<Distribution>> {
        let rest = about("CreateDistributionWithTags", "POST", "distribution");
        let document = with_tags(config, tags);
        let rest = rest.query("WithTags", "").xml(&document, NAMESPACE);
        self.client.rest(rest, distribution).await
    }

    /// Replaces the whole configuration.
    pub async fn update_distribution(
        &self,
        id: &str,
        etag: &str,
        config: &Element,
    ) -> Answer<Tagged<Distribution>> {
        let rest = about("UpdateDistribution", "PUT", &format!("distribution/{id}/config"));
        let rest = rest.header("if-match", etag).xml(config, NAMESPACE);
        self.client.rest(rest, distribution).await
    }

    pub async fn delete_distribution(&self, id: &str, etag: &str) -> Answer<()> {
        let rest = about("DeleteDistribution", "DELETE", &format!("distribution/{id}"));
        self.client.rest(rest.header("if-match", etag), nothing).await
    }

    /// Makes every edge forget these paths. A second call with the same reference and the same paths does nothing.
    pub async fn create_invalidation(
        &self,
        id: &str,
        reference: &str,
        paths: &[String],
    ) -> Answer<()> {
        let path = format!("distribution/{id}/invalidation");
        let rest = about("CreateInvalidation", "POST", &path);
        self.client.rest(rest.xml(&invalidation(reference, paths), NAMESPACE), nothing).await
    }

    pub async fn list_tags_for_resource(&self, arn: &str) -> Answer<Vec<(String, String)>> {
        let rest = about("ListTagsForResource", "GET", "tagging").query("Resource", arn);
        self.client.rest(rest, tags).await
    }

    pub async fn tag_resource(&self, arn: &str, tags: &[(String, String)]) -> Answer<()> {
        let rest = about("TagResource", "POST", "tagging").query("Operation", "Tag");
        let rest = rest.query("Resource", arn).xml(&tag_items(tags), NAMESPACE);
        self.client.rest(rest, nothing).await
    }

    pub async fn list_origin_access_controls(
        &self,
        after: Option<&str>,
    ) -> Answer<Page<AccessControl>> {
        let rest = listed("ListOriginAccessControls", "origin-access-control", after);
        self.client.rest(rest, access_controls).await
    }

    pub async fn create_origin_access_control(&self, wanted: &AccessControl) -> Answer<()> {
        let rest = about("CreateOriginAccessControl", "POST", "origin-access-control");
        self.client.rest(rest.xml(&control_config(wanted), NAMESPACE), nothing).await
    }

    /// The `ETag` of one.
    pub async fn get_origin_access_control(&self, id: &str) -> Answer<String> {
        let path = format!("origin-access-control/{id}");
        let rest = about("GetOriginAccessControl", "GET", &path);
        self.client.rest(rest, |response| nothing(response).map(|()| etag(response))).await
    }

    pub async fn update_origin_access_control(
        &self,
        etag: &str,
        wanted: &AccessControl,
    ) -> Answer<()> {
        let path = format!("origin-access-control/{}/config", wanted.id);
        let rest = about("UpdateOriginAccessControl", "PUT", &path).header("if-match", etag);
        self.client.rest(rest.xml(&control_config(wanted), NAMESPACE), nothing).await
    }

    pub async fn delete_origin_access_control(&self, id: &str, etag: &str) -> Answer<()> {
        let path = format!("origin-access-control/{id}");
        let rest = about("DeleteOriginAccessControl", "DELETE", &path).header("if-match", etag);
        self.client.rest(rest, nothing).await
    }

    /// A function in one of its two stages: `DEVELOPMENT`, or `LIVE`.
    pub async fn describe_function(&self, name: &str, stage: &str) -> Answer<Tagged<EdgeFunction>> {
        let rest = about("DescribeFunction", "GET", &format!("function/{name}/describe"));
        self.client.rest(rest.query("Stage", stage), function).await
    }

    /// Its code.
    pub async fn get_function(&self, name: &str, stage: &str) -> Answer<String> {
        let rest = about("GetFunction", "GET", &format!("function/{name}"));
        let read =
            |response: &HttpResponse| Ok(String::from_utf8_lossy(accepted(response)?).into_owned());
        self.client.rest(rest.query("Stage", stage), read).await
    }

    /// Makes it, in stage `DEVELOPMENT`; returns its `ETag`.
    pub async fn create_function(&self, name: &str, comment: &str, code: &str) -> Answer<String> {
        let rest = about("CreateFunction", "POST", "function");
        let document = function_document("CreateFunctionRequest", Some(name), comment, code);
        let rest = rest.xml(&document, NAMESPACE);
        self.client.rest(rest, |response| nothing(response).map(|()| etag(response))).await
    }

    /// Changes it in stage `DEVELOPMENT`; returns its `ETag`.
    pub async fn update_function(
        &self,
        name: &str,
        etag: &str,
        comment: &str,
        code: &str,
    ) -> Answer<String> {
        let rest = about("UpdateFunction", "PUT", &format!("function/{name}"));
        let document = function_document("UpdateFunctionRequest", None, comment, code);
        let rest = rest.header("if-match", etag).xml(&document, NAMESPACE);
        // The header of this answer has a name of its own.
        let read = |response: &HttpResponse| {
            nothing(response)?;
            let own = header(response, "ettag");
            Ok(if own.is_empty() { self::etag(response) } else { own })
        };
        self.client.rest(rest, read).await
    }

    /// Makes what is in stage `DEVELOPMENT` the one that viewers meet.
    pub async fn publish_function(&self, name: &str, etag: &str) -> Answer<()> {
        let rest = about("PublishFunction", "POST", &format!("function/{name}/publish"));
        self.client.rest(rest.header("if-match", etag), nothing).await
    }

    pub async fn delete_function(&self, name: &str, etag: &str) -> Answer<()> {
        let rest = about("DeleteFunction", "DELETE", &format!("function/{name}"));
        self.client.rest(rest.header("if-match", etag), nothing).await
    }
}

fn about(operation: &'static str, method: &'static str, path: &str) -> Rest {
    Rest::new(operation, method, &format!("{VERSION}/{path}"))
}

fn listed(operation: &'static str, path: &str, after: Option<&str>) -> Rest {
    let rest = about(operation, "GET", path);
    after.map_or_else(|| about(operation, "GET", path), |marker| rest.query("Marker", marker))
}

fn etag(response: &HttpResponse) -> String {
    header(response, "etag")
}

fn tag_items(tags: &[(String, String)]) -> Element {
    let tag =
        |(key, value): &(String, String)| Element::new("Tag").and("Key", key).and("Value", value);
    let items = Element { children: tags.iter().map(tag).collect(), ..Element::new("Items") };
    Element::new("Tags").with(items)
}

fn with_tags(config: &Element, tags: &[(String, String)]) -> Element {
    Element::new("DistributionConfigWithTags").with(config.clone()).with(tag_items(tags))
}

fn invalidation(reference: &str, paths: &[String]) -> Element {
    let items = paths.iter().map(|path| Element::text("Path", path.as_str())).collect();
    let items = Element { children: items, ..Element::new("Items") };
    let paths = Element::new("Paths").and("Quantity", paths.len().to_string()).with(items);
    Element::new("InvalidationBatch").with(paths).and("CallerReference", reference)
}

fn control_config(control: &AccessControl) -> Element {
    Element::new("OriginAccessControlConfig")
        .and("Name", &control.name)
        .and("Description", &control.description)
        .and("SigningProtocol", &control.protocol)
        .and("SigningBehavior", &control.behavior)
        .and("OriginAccessControlOriginType", &control.origin)
}

fn function_document(root: &str, name: Option<&str>, comment: &str, code: &str) -> Element {
    let config =
        Element::new("FunctionConfig").and("Comment", comment).and("Runtime", "cloudfront-js-2.0");
    let document = Element::new(root);
    let document = match name {
        Some(name) => document.and("Name", name),
        None => document,
    };
    document.with(config).and("FunctionCode", aws_smithy_types::base64::encode(code))
}

fn summaries(response: &HttpResponse) -> Result<Page<Summary>, Failure> {
    let one = |one: &Element| {
        let origins = one.child("Origins").and_then(|origins| origins.child("Items"));
        let origins = origins.into_iter().flat_map(|items| items.all("Origin"));
        let aliases = one.child("Aliases").and_then(|aliases| aliases.child("Items"));
        let aliases = aliases.into_iter().flat_map(|items| items.all("CNAME"));
        Summary {
            id: one.at("Id").to_owned(),
            arn: one.at("ARN").to_owned(),
            domain: one.at("DomainName").to_owned(),
            comment: one.at("Comment").to_owned(),
            origins: origins.map(|origin| origin.at("DomainName").to_owned()).collect(),
            aliases: aliases.map(|alias| alias.text.clone()).collect(),
            certificate: one.at("ViewerCertificate/ACMCertificateArn").to_owned(),
            protocol: one.at("ViewerCertificate/MinimumProtocolVersion").to_owned(),
        }
    };
    page(response, "DistributionSummary", one)
}

fn access_controls(response: &HttpResponse) -> Result<Page<AccessControl>, Failure> {
    let one = |one: &Element| AccessControl {
        id: one.at("Id").to_owned(),
        name: one.at("Name").to_owned(),
        description: one.at("Description").to_owned(),
        behavior: one.at("SigningBehavior").to_owned(),
        protocol: one.at("SigningProtocol").to_owned(),
        origin: one.at("OriginAccessControlOriginType").to_owned(),
    };
    page(response, "OriginAccessControlSummary", one)
}

fn page<T>(
    response: &HttpResponse,
    name: &str,
    read: impl Fn(&Element) -> T,
) -> Result<Page<T>, Failure> {
    let document = rest::document(response)?;
    let items = document.child("Items").into_iter().flat_map(|items| items.all(name));
    let next = document.at("NextMarker");
    let next = (document.at("IsTruncated") == "true" && !next.is_empty()).then(|| next.to_owned());
    Ok(Page { items: items.map(read).collect(), next })
}

fn distribution(response: &HttpResponse) -> Result<Tagged<Distribution>, Failure> {
    let document = rest::document(response)?;
    let value = Distribution {
        id: document.at("Id").to_owned(),
        arn: document.at("ARN").to_owned(),
        status: document.at("Status").to_owned(),
        domain: document.at("DomainName").to_owned(),
        config: document.child("DistributionConfig").cloned().unwrap_or_default(),
    };
    Ok(Tagged { etag: etag(response), value })
}

fn function(response: &HttpResponse) -> Result<Tagged<EdgeFunction>, Failure> {
    let document = rest::document(response)?;
    let value = EdgeFunction {
        arn: document.at("FunctionMetadata/FunctionARN").to_owned(),
        comment: document.at("FunctionConfig/Comment").to_owned(),
        runtime: document.at("FunctionConfig/Runtime").to_owned(),
    };
    Ok(Tagged { etag: etag(response), value })
}

fn tags(response: &HttpResponse) -> Result<Vec<(String, String)>, Failure> {
    let document = rest::document(response)?;
    let items = document.child("Items").into_iter().flat_map(|items| items.all("Tag"));
    Ok(items.map(|tag| (tag.at("Key").to_owned(), tag.at("Value").to_owned())).collect())
}
