//! Who may invoke a function, and which code it runs, as Lambda has it.

use aws_sdk_lambda::Client;

use super::error::Doing;
use super::{Answer, Cloud};
use crate::config::ALIAS;
use engine::error::{Error, Result};
use iam::json::Json;

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["lambda:GetFunctionConfiguration", "lambda:GetPolicy"];

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];

/// What `live` runs, as whom, and for whom.
pub struct Live {
    pub role_arn: String,
    /// Base64 SHA-256 of the zip.
    pub code_sha256: String,
    /// The statements on the alias and on the function itself, each once; `Null` when there are none.
    pub policy: Json,
}

pub async fn read(cloud: &Cloud, function: &str) -> Result<Live> {
    let client = Client::new(&cloud.sdk);
    let configuration = async {
        let call = client.get_function_configuration().function_name(function).qualifier(ALIAS);
        call.send().await.doing(format!("read function `{function}`")).absent_if(&ABSENT)
    };
    let (configuration, alias, unqualified) = tokio::try_join!(
        configuration,
        policy(&client, function, Some(ALIAS)),
        policy(&client, function, None)
    )?;
    let configuration = configuration.ok_or_else(|| {
        Error::environment(format!("there is no function `{function}` with an alias `{ALIAS}`"))
            .hint("run `stackctl up` first")
    })?;
    Ok(Live {
        role_arn: configuration.role.unwrap_or_default(),
        code_sha256: configuration.code_sha256.unwrap_or_default(),
        policy: together(alias, unqualified),
    })
}

async fn policy(client: &Client, function: &str, alias: Option<&str>) -> Result<Option<Json>> {
    let call = client.get_policy().function_name(function);
    let answer = call.set_qualifier(alias.map(str::to_owned)).send().await;
    let answer = answer.doing(format!("read who may invoke `{function}`")).absent_if(&ABSENT)?;
    let text = answer.and_then(|answer| answer.policy);
    Ok(text.map(|text| Json::parse(&text).unwrap_or(Json::String(text))))
}

/// Both policies as one: whoever either lets in may invoke.
fn together(alias: Option<Json>, unqualified: Option<Json>) -> Json {
    let (Some(mut all), Some(more)) = (alias.clone(), unqualified.clone()) else {
        return alias.or(unqualified).unwrap_or(Json::Null);
    };
    let more = match more.get("Statement") {
        Some(Json::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => return Json::String("the function's policy has no statements".into()),
    };
    if let Json::Object(members) = &mut all {
        for (name, value) in members {
            if let (true, Json::Array(statements)) = (name == "Statement", value) {
                let new = more.iter().filter(|one| !statements.contains(one)).cloned();
                let new: Vec<Json> = new.collect();
                statements.extend(new);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Option<Json> {
        Json::parse(text).ok()
    }

    #[test]
    fn a_statement_of_alias_and_function_counts_once() {
        let one = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "a"}]}"#;
        let two = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "a"}, {"Sid": "b"}]}"#;
        assert_eq!(Some(together(json(one), json(two))), json(two));
        assert_eq!(Some(together(json(one), None)), json(one));
        assert_eq!(together(None, None), Json::Null);
    }
}
