//! Which operation of AWS a request is.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::rest_xml;
use crate::wire::{Answer, Request};

/// An operation by its service's name in signatures and its own: `lambda:CreateFunction`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Operation {
    pub service: String,
    pub name: String,
}

/// The operations of REST services: method, and path with `*` for one segment.
const REST: [(&str, &str, &str); 65] = [
    ("GET", "2015-03-31/functions", "ListFunctions"),
    ("POST", "2015-03-31/functions", "CreateFunction"),
    ("GET", "2015-03-31/functions/*", "GetFunction"),
    ("DELETE", "2015-03-31/functions/*", "DeleteFunction"),
    ("GET", "2015-03-31/functions/*/configuration", "GetFunctionConfiguration"),
    ("PUT", "2015-03-31/functions/*/configuration", "UpdateFunctionConfiguration"),
    ("PUT", "2015-03-31/functions/*/code", "UpdateFunctionCode"),
    ("GET", "2015-03-31/functions/*/versions", "ListVersionsByFunction"),
    ("POST", "2015-03-31/functions/*/versions", "PublishVersion"),
    ("GET", "2015-03-31/functions/*/aliases", "ListAliases"),
    ("POST", "2015-03-31/functions/*/aliases", "CreateAlias"),
    ("GET", "2015-03-31/functions/*/aliases/*", "GetAlias"),
    ("PUT", "2015-03-31/functions/*/aliases/*", "UpdateAlias"),
    ("DELETE", "2015-03-31/functions/*/aliases/*", "DeleteAlias"),
    ("GET", "2015-03-31/functions/*/policy", "GetPolicy"),
    ("POST", "2015-03-31/functions/*/policy", "AddPermission"),
    ("DELETE", "2015-03-31/functions/*/policy/*", "RemovePermission"),
    ("POST", "2015-03-31/functions/*/invocations", "Invoke"),
    ("GET", "2017-03-31/tags/*", "ListTags"),
    ("POST", "2017-03-31/tags/*", "TagResource"),
    ("DELETE", "2017-03-31/tags/*", "UntagResource"),
    ("GET", "2015-03-31/event-source-mappings", "ListEventSourceMappings"),
    ("POST", "2015-03-31/event-source-mappings", "CreateEventSourceMapping"),
    ("GET", "2015-03-31/event-source-mappings/*", "GetEventSourceMapping"),
    ("PUT", "2015-03-31/event-source-mappings/*", "UpdateEventSourceMapping"),
    ("DELETE", "2015-03-31/event-source-mappings/*", "DeleteEventSourceMapping"),
    ("GET", "schedules", "ListSchedules"),
    ("GET", "schedules/*", "GetSchedule"),
    ("POST", "schedules/*", "CreateSchedule"),
    ("PUT", "schedules/*", "UpdateSchedule"),
    ("DELETE", "schedules/*", "DeleteSchedule"),
    ("GET", "schedule-groups/*", "GetScheduleGroup"),
    ("POST", "schedule-groups/*", "CreateScheduleGroup"),
    ("DELETE", "schedule-groups/*", "DeleteScheduleGroup"),
    ("GET", "tags/*", "ListTagsForResource"),
    ("POST", "tags/*", "TagResource"),
    ("GET", "v2/apis", "GetApis"),
    ("POST", "v2/apis", "CreateApi"),
    ("GET", "v2/apis/*", "GetApi"),
    ("PATCH", "v2/apis/*", "UpdateApi"),
    ("DELETE", "v2/apis/*", "DeleteApi"),
    ("DELETE", "v2/apis/*/cors", "DeleteCorsConfiguration"),
    ("GET", "v2/apis/*/integrations", "GetIntegrations"),
    ("POST", "v2/apis/*/integrations", "CreateIntegration"),
    ("GET", "v2/apis/*/integrations/*", "GetIntegration"),
    ("PATCH", "v2/apis/*/integrations/*", "UpdateIntegration"),
    ("DELETE", "v2/apis/*/integrations/*", "DeleteIntegration"),
    ("GET", "v2/apis/*/routes", "GetRoutes"),
    ("POST", "v2/apis/*/routes", "CreateRoute"),
    ("GET", "v2/apis/*/routes/*", "GetRoute"),
    ("PATCH", "v2/apis/*/routes/*", "UpdateRoute"),
    ("DELETE", "v2/apis/*/routes/*", "DeleteRoute"),
    ("GET", "v2/apis/*/authorizers", "GetAuthorizers"),
    ("POST", "v2/apis/*/authorizers", "CreateAuthorizer"),
    ("PATCH", "v2/apis/*/authorizers/*", "UpdateAuthorizer"),
    ("DELETE", "v2/apis/*/authorizers/*", "DeleteAuthorizer"),
    ("GET", "v2/apis/*/stages", "GetStages"),
    ("POST", "v2/apis/*/stages", "CreateStage"),
    ("GET", "v2/apis/*/stages/*", "GetStage"),
    ("PATCH", "v2/apis/*/stages/*", "UpdateStage"),
    ("DELETE", "v2/apis/*/stages/*", "DeleteStage"),
    ("GET", "v2/tags/*", "GetTags"),
    ("POST", "v2/tags/*", "TagResource"),
    ("DELETE", "v2/tags/*", "UntagResource"),
    ("POST", "v2/apis/*/deployments", "CreateDeployment"),
];

const READS: [&str; 9] =
    ["Get", "List", "Describe", "Head", "Filter", "Simulate", "StartLiveTail", "GET", "HEAD"];

/// The content of a call of a service that speaks the query protocol: IAM, STS, `CloudFormation`.
const FORM: &str = "application/x-www-form-urlencoded";

impl Operation {
    /// Every request is one: where no operation is known, the method is its name, and an unsigned one is to an API.
    pub fn of_any(request: &Request) -> Self {
        let scope = request.header("authorization").split_once("Credential=");
        let service = scope.and_then(|(_, scope)| scope.split('/').nth(3)).unwrap_or("execute-api");
        Self::of(request)
            .unwrap_or_else(|| Self { service: service.into(), name: request.method.clone() })
    }

    /// `None` when the request is not one to AWS but to an API that runs there.
    pub fn of(request: &Request) -> Option<Self> {
        let scope = request.header("authorization").split_once("Credential=")?.1;
        let service = scope.split('/').nth(3)?.to_owned();
        let target = request.header("x-amz-target").rsplit('.').next().unwrap_or_default();
        let form = form_field(&request.body, "Action");
        let name = match (target, form) {
            _ if service == "s3" => rest_xml::s3(request)?,
            _ if service == "cloudfront" => rest_xml::cloudfront(request)?,
            ("", Some(action)) if request.header("content-type").starts_with(FORM) => action,
            ("", _) => rest(request)?,
            (target, _) => target.to_owned(),
        };
        Some(Self { service, name })
    }

    /// Whether its answer ends when the client goes.
    pub fn is_endless(&self) -> bool {
        self.name == "StartLiveTail"
    }

    pub fn is_write(&self) -> bool {
        !READS.iter().any(|verb| self.name.starts_with(verb))
    }

    /// A refusal as the service writes it.
    pub fn refusal(&self, status: u16, code: &str, message: &str) -> Answer {
        if self.service == "s3" {
            let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
            return Answer::new(status, "application/xml", body);
        }
        if ["iam", "sts", "cloudfront"].contains(&self.service.as_str()) {
            let body = format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
            );
            return Answer::new(status, "text/xml", body);
        }
        let body = serde_json::json!({"__type": code, "message": message}).to_string();
        let mut answer = Answer::new(status, "application/json", body);
        answer.headers.set("x-amzn-errortype", code);
        answer
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.service, self.name)
    }
}

/// The segments of a path, decoded.
pub fn segments(request: &Request) -> Vec<String> {
    let path = request.target.split('?').next().unwrap_or_default();
    let decode = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    path.trim_matches('/').split('/').map(decode).collect()
}

/// A parameter of the query, decoded.
pub fn query(request: &Request, name: &str) -> Option<String> {
    form_field(request.target.split_once('?')?.1.as_bytes(), name)
}

/// A field of a form, decoded.
pub fn form_field(body: &[u8], field: &str) -> Option<String> {
    let text = str::from_utf8(body).ok()?;
    let value = text.split('&').find_map(|pair| pair.strip_prefix(field)?.strip_prefix('='))?;
    Some(percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
}

fn rest(request: &Request) -> Option<String> {
    let path = segments(request);
    let fits = |pattern: &str| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        pattern.len() == path.len()
            && pattern.iter().zip(&path).all(|(want, part)| *want == "*" || want == part)
    };
    let (.., name) =
        REST.iter().find(|(method, pattern, _)| *method == request.method && fits(pattern))?;
    Some((*name).to_owned())
}

#[test]
fn what_has_no_name_here_is_called_by_its_method() {
    let any = |text: &str| {
        let request = Request::read(&mut text.as_bytes(), &mut Vec::new());
        let operation = Operation::of_any(&request.expect("it is whole").expect("there is one"));
        (operation.to_string(), operation.is_write())
    };
    let signed = |service: &str| {
        format!(
            "authorization: AWS4-HMAC-SHA256 Credential=k/20250101/r/{service}/aws4_request\r\n"
        )
    };
    let put = format!("PUT /some/path HTTP/1.1\r\n{}\r\n", signed("other"));
    assert_eq!(any(&put), ("other:PUT".to_owned(), true));
    assert_eq!(any("GET /?userId=u HTTP/1.1\r\n\r\n"), ("execute-api:GET".to_owned(), false));
    let head =
        "POST / HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded; charset=utf-8\r\n";
    let form = "content-length: 21\r\n\r\nAction=DescribeStacks";
    let query = format!("{head}{}{form}", signed("cloudformation"));
    assert_eq!(any(&query), ("cloudformation:DescribeStacks".to_owned(), false));
}
