//! The code of a version can be downloaded as it was published; the emulator hands out the newest of the function.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCodeLocation.html>

use std::collections::HashMap;

use aws_smithy_types::base64;
use serde_json::json;

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

/// Zips by their `CodeSha256`.
#[derive(Default)]
pub struct Code(HashMap<String, Vec<u8>>);

/// Where a zip can be downloaded, before its digest.
const PLACE: &str = "/downloads/";

impl Layer for Code {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let digest = call.request.target.strip_prefix(PLACE)?;
        let zip = self.0.iter().find(|(sha256, _)| named(sha256) == digest)?.1;
        Some(Answer::new(200, "application/zip", zip.clone()))
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        if !answer.is_success() {
            return;
        }
        let mut body = answer.json();
        if call.is(&["lambda:CreateFunction", "lambda:UpdateFunctionCode"]) {
            let input = call.input();
            let zip = [&input["Code"]["ZipFile"], &input["ZipFile"]];
            let zip = zip.into_iter().find_map(|zip| base64::decode(zip.as_str()?).ok());
            if let Some((sha256, zip)) = body["CodeSha256"].as_str().zip(zip) {
                self.0.insert(sha256.to_owned(), zip);
            }
        } else if call.is(&["lambda:GetFunction"])
            && let Some(sha256) = body["Configuration"]["CodeSha256"].as_str()
        {
            let place = format!("http://{}{PLACE}{}", call.request.header("host"), named(sha256));
            body["Code"]["Location"] = json!(place);
            answer.set_json(&body);
        }
    }
}

/// A digest as a part of a path.
fn named(sha256: &str) -> String {
    sha256.chars().filter(char::is_ascii_alphanumeric).collect()
}
