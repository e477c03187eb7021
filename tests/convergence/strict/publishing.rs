//! What has not changed since the last version was published is not published again.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html>

use aws_smithy_types::base64;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

pub struct Publishing;

impl Layer for Publishing {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let input = call.input();
        let latest = || call.aws.get("lambda", &format!("/2015-03-31/functions/{}", call.part(2)));
        if call.is(&["lambda:PublishVersion"]) {
            let latest = latest()["Configuration"].take();
            if input["CodeSha256"].is_string() && input["CodeSha256"] != latest["CodeSha256"] {
                let text = "CodeSHA256 is different from the code of the function";
                return call.refused(400, "InvalidParameterValueException", text);
            }
            return last(call, &latest).map(|version| told(201, &version));
        }
        if call.is(&["lambda:UpdateFunctionCode"]) && input["Publish"] == true {
            let latest = latest()["Configuration"].take();
            let zip = base64::decode(input["ZipFile"].as_str()?).ok()?;
            let is_stale =
                input["RevisionId"].is_string() && input["RevisionId"] != latest["RevisionId"];
            if is_stale || latest["CodeSha256"] != base64::encode(Sha256::digest(zip)) {
                return None;
            }
            return last(call, &latest).map(|version| told(200, &version));
        }
        let is_alias = call.is(&["lambda:CreateAlias", "lambda:UpdateAlias"]);
        let wanted = input["FunctionVersion"].as_str().filter(|_| is_alias)?;
        if versions(call).iter().any(|version| version["Version"] == wanted) {
            return None;
        }
        call.refused(404, "ResourceNotFoundException", &format!("Function not found: {wanted}"))
    }
}

/// The last version, when the function as it is would make the same.
fn last(call: &Incoming, latest: &Value) -> Option<Value> {
    let number =
        |version: &Value| version["Version"].as_str().and_then(|text| text.parse::<u32>().ok());
    let version =
        versions(call).into_iter().filter(|one| number(one).is_some()).max_by_key(number)?;
    let members =
        ["CodeSha256", "MemorySize", "Timeout", "Role", "Environment", "Handler", "Runtime"];
    members.iter().all(|member| version[*member] == latest[*member]).then_some(version)
}

fn versions(call: &Incoming) -> Vec<Value> {
    let path = format!("/2015-03-31/functions/{}/versions", call.part(2));
    call.aws.get("lambda", &path)["Versions"].as_array().cloned().unwrap_or_default()
}

fn told(status: u16, body: &Value) -> Answer {
    Answer::new(status, "application/json", body.to_string())
}
