//! What API Gateway's operations take: its actions are the methods of HTTP, and its ARNs paths without an account or a name.

/// Method and path of each operation.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html>
const OPERATIONS: [(&str, &str, &str); 29] = [
    ("GetApis", "GET", "/apis"),
    ("CreateApi", "POST", "/apis"),
    ("UpdateApi", "PATCH", "/apis/*"),
    ("DeleteApi", "DELETE", "/apis/*"),
    ("DeleteCorsConfiguration", "DELETE", "/apis/*/cors"),
    ("GetIntegrations", "GET", "/apis/*/integrations"),
    ("CreateIntegration", "POST", "/apis/*/integrations"),
    ("UpdateIntegration", "PATCH", "/apis/*/integrations/*"),
    ("DeleteIntegration", "DELETE", "/apis/*/integrations/*"),
    ("GetRoutes", "GET", "/apis/*/routes"),
    ("CreateRoute", "POST", "/apis/*/routes"),
    ("UpdateRoute", "PATCH", "/apis/*/routes/*"),
    ("DeleteRoute", "DELETE", "/apis/*/routes/*"),
    ("GetAuthorizers", "GET", "/apis/*/authorizers"),
    ("CreateAuthorizer", "POST", "/apis/*/authorizers"),
    ("UpdateAuthorizer", "PATCH", "/apis/*/authorizers/*"),
    ("DeleteAuthorizer", "DELETE", "/apis/*/authorizers/*"),
    ("GetStages", "GET", "/apis/*/stages"),
    ("CreateStage", "POST", "/apis/*/stages"),
    ("UpdateStage", "PATCH", "/apis/*/stages/*"),
    ("GetTags", "GET", TAGS),
    ("GetDomainName", "GET", "/domainnames/*"),
    ("CreateDomainName", "POST", "/domainnames"),
    ("UpdateDomainName", "PATCH", "/domainnames/*"),
    ("DeleteDomainName", "DELETE", "/domainnames/*"),
    ("GetApiMappings", "GET", "/domainnames/*/apimappings"),
    ("CreateApiMapping", "POST", "/domainnames/*/apimappings"),
    ("UpdateApiMapping", "PATCH", "/domainnames/*/apimappings/*"),
    ("DeleteApiMapping", "DELETE", "/domainnames/*/apimappings/*"),
];
const TAGS: &str = "/tags/*";

/// The actions that an operation takes, each with the path that it is on; `None` when it is not known.
pub(super) fn needs(name: &str) -> Option<Vec<(&'static str, &'static str)>> {
    match name {
        "TagResource" => return Some(vec![("POST", TAGS)]),
        "TagResource/stage" => return Some(tagged_stage()),
        _ => {}
    }
    let (_, method, path) = OPERATIONS.iter().find(|(known, ..)| *known == name)?;
    let tagged = ["CreateApi", "CreateDomainName"].contains(&name).then_some(("POST", TAGS));
    Some([(*method, *path)].into_iter().chain(tagged).collect())
}

/// A stage with tags takes an action that is called like no method and that AWS's reference does not have:
/// <https://github.com/hashicorp/terraform-provider-aws/issues/20634>. `PUT` has been seen to be asked for, too.
fn tagged_stage() -> Vec<(&'static str, &'static str)> {
    let own = ["/apis/*/stages", "/apis/*/stages/*"].map(|path| ("TagResource", path));
    let tags = ["POST", "PUT"].map(|method| (method, TAGS));
    own.into_iter().chain(tags).collect()
}

/// The word for an action in the `Sid` of its statement.
pub(super) fn word(method: &str) -> String {
    let method = if method == "TagResource" { "TagStage" } else { method };
    format!("Api{}{}", &method[..1], method[1..].to_lowercase())
}
