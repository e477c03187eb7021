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
        let input = call.input();
        let role = input["Role"].as_str()?;
        let user = user(call).filter(|user| !may(call, user, "iam:PassRole"))?;
        let text = format!(
            "User: arn:aws:iam::123456789012:user/{user} is not authorized to perform: iam:PassRole on resource: {role} because no identity-based policy allows the iam:PassRole action"
        );
        call.refused(403, "AccessDeniedException", &text)
    }
}

/// The user who calls; none when it is the account's root.
pub fn user(call: &Incoming) -> Option<String> {
    let authorization = call.request.header("authorization");
    owner(call, authorization.split_once("Credential=")?.1.split('/').next()?)
}

/// Whether a policy of the user names an action.
pub fn may(call: &Incoming, user: &str, action: &str) -> bool {
    let names = call.aws.iam("ListUserPolicies", &[("UserName", user)])["PolicyNames"].take();
    names.as_array().into_iter().flatten().filter_map(|name| name.as_str()).any(|name| {
        let fields = [("UserName", user), ("PolicyName", name)];
        let policy = call.aws.iam("GetUserPolicy", &fields)["PolicyDocument"].take();
        let encoded = action.replace(':', "%3A");
        policy.as_str().is_some_and(|text| text.contains(&encoded) || text.contains(action))
    })
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
