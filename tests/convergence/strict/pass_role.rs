//! Whoever gives a function its role needs `iam:PassRole` on it.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

pub struct PassRole;

impl Layer for PassRole {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        if !call.is(&["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"]) {
            return None;
        }
        let authorization = call.request.header("authorization");
        let key = authorization.split_once("Credential=")?.1.split('/').next()?;
        let input = call.input();
        let role = input["Role"].as_str()?;
        let user = owner(call, key)?;
        let names = call.aws.iam("ListUserPolicies", &[("UserName", &user)])["PolicyNames"].take();
        let may = names.as_array()?.iter().filter_map(|name| name.as_str()).any(|name| {
            let fields = [("UserName", user.as_str()), ("PolicyName", name)];
            let policy = call.aws.iam("GetUserPolicy", &fields)["PolicyDocument"].take();
            policy.as_str().is_some_and(|text| {
                text.contains("iam%3APassRole") || text.contains("iam:PassRole")
            })
        });
        if may {
            return None;
        }
        let text = format!(
            "User: arn:aws:iam::123456789012:user/{user} is not authorized to perform: iam:PassRole on resource: {role} because no identity-based policy allows the iam:PassRole action"
        );
        call.refused(403, "AccessDeniedException", &text)
    }
}

/// The user with an access key; the account's root has none.
fn owner(call: &Incoming, key: &str) -> Option<String> {
    let users = call.aws.iam("ListUsers", &[])["Users"].take();
    let names = users.as_array()?.iter().filter_map(|user| user["UserName"].as_str());
    names.map(str::to_owned).find(|user| {
        let keys = call.aws.iam("ListAccessKeys", &[("UserName", user)]);
        keys["AccessKeyMetadata"]
            .as_array()
            .is_some_and(|keys| keys.iter().any(|one| one["AccessKeyId"] == key))
    })
}
